"""The work as one writes it today with Keras, TensorFlow and imbalanced-learn; prints one line of JSON.

python keras_side.py DATA_ROOT EPOCHS
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from imblearn.over_sampling import SMOTE
from keras import layers
from PIL import Image
from sklearn.model_selection import train_test_split

CLASSES = ("NORMAL", "PNEUMONIA")


def load(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    images, labels = [], []
    for label, name in enumerate(CLASSES):
        for path in sorted((folder / name).iterdir()):
            with Image.open(path) as image:
                images.append(np.asarray(image.convert("L").resize((150, 150)), dtype="float32") / 255)
            labels.append(label)
    return np.array(images), np.array(labels)


def network() -> keras.Model:
    model = keras.Sequential(
        [
            layers.Input((150, 150, 1)),
            layers.Reshape((150, 150)),
            layers.SimpleRNN(128),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Clock(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.started)


def main(root: Path, epochs: int) -> None:
    keras.utils.set_random_seed(0)
    X, y = load(root / "chest_xray" / "train")
    X_test, y_test = load(root / "chest_xray" / "test")
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
    X, y = SMOTE(random_state=0).fit_resample(X.reshape(len(X), -1), y)
    clock = Clock()
    model = network()
    data = X.reshape(-1, 150, 150, 1), y
    held_out = X_val[..., None], y_val
    model.fit(*data, validation_data=held_out, epochs=epochs, batch_size=16, callbacks=[clock], verbose=0)
    accuracy = float((model.predict(X_test[..., None], verbose=0).argmax(1) == y_test).mean())
    print(json.dumps({"rows": len(X), "validation": len(X_val), "epochs": clock.seconds, "accuracy": accuracy}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""The kidney network as one writes it today with Keras and TensorFlow; prints one line of JSON.

python keras_cnn_side.py DATA_ROOT EPOCHS
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers
from keras_side import Clock
from PIL import Image
from sklearn.model_selection import train_test_split

SIDE = 128


def load(root: Path) -> tuple[np.ndarray, np.ndarray]:
    images, labels = [], []
    for label, name in enumerate(("Normal", "Stone")):
        for path in sorted((root / "kidney_ct" / name).iterdir()):
            with Image.open(path) as image:
                images.append(np.asarray(image.convert("L").resize((SIDE, SIDE)), dtype="float32") / 255)
            labels.append(label)
    return np.array(images)[..., None], np.array(labels)


def normalised() -> layers.Layer:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)


def network() -> keras.Model:
    parts = [layers.Input((SIDE, SIDE, 1)), normalised()]
    for stage in range(4):
        for _ in range(2 if stage else 1):
            kernel, step = (3, 1) if stage else (5, 2)
            parts.append(layers.Conv2D(8 * 2**stage, kernel, step, padding="same", use_bias=False))
            parts += [normalised(), layers.ReLU()]
        parts += [layers.AveragePooling2D(2), layers.Dropout(0.1)]
    parts += [layers.Flatten(), layers.Dense(128, use_bias=False), normalised(), layers.ReLU(), layers.Dropout(0.5)]
    model = keras.Sequential([*parts, layers.Dense(2, activation="softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(root: Path, epochs: int) -> None:
    keras.utils.set_random_seed(0)
    X, X_test, y, y_test = train_test_split(*load(root), test_size=0.1, random_state=0)
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.1, random_state=0)
    clock, model = Clock(), network()
    model.fit(X, y, validation_data=(X_val, y_val), epochs=epochs, batch_size=16, callbacks=[clock], verbose=0)
    accuracy = float((model.predict(X_test, verbose=0).argmax(1) == y_test).mean())
    weights = sum(int(np.prod(one.shape)) for one in model.trainable_weights)
    facts = {"rows": len(X), "validation": len(X_val), "weights": weights}
    print(json.dumps({**facts, "epochs": clock.seconds, "accuracy": accuracy}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""ResNet-50 as one uses it today with Keras and TensorFlow; prints one line of JSON.

python keras_resnet50_side.py train|features DATA_ROOT IMAGES EPOCHS
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from brain_images import BATCH, FROZEN, SIDE, load
from keras_side import Clock


def train(X: np.ndarray, epochs: int) -> list[float]:
    body = keras.applications.ResNet50(weights=None, include_top=False, pooling="avg", input_shape=(SIDE, SIDE, 3))
    for layer in body.layers[:FROZEN]:
        layer.trainable = False
    out = keras.layers.Dense(3, activation="softmax")(keras.layers.Dropout(0.2)(body.output))
    model, clock = keras.Model(body.input, out), Clock()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    X = keras.applications.resnet50.preprocess_input(X.astype(np.float32))
    model.fit(X, np.arange(len(X)) % 3, epochs=epochs, batch_size=BATCH, callbacks=[clock], verbose=0)
    return clock.seconds


def features(X: np.ndarray, passes: int) -> list[float]:
    body, seconds = keras.applications.ResNet50(weights=None, include_top=False, pooling="avg"), []
    for _ in range(passes):
        started = time.perf_counter()
        body.predict(keras.applications.resnet50.preprocess_input(X.astype(np.float32)), verbose=0)
        seconds.append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    what, root, count, times = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    images = load(root, count)
    print(json.dumps({"seconds": {"train": train, "features": features}[what](images, times), "images": len(images)}))

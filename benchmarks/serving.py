"""Serving by onnxruntime against torch eager: latency of one image, and throughput of 16, in one process.

Both take turns, so that whatever else the machine does slows both; the shortest of all rounds counts.
Run: .venv/bin/python benchmarks/serving.py [--rounds 15] [--threads 1]
"""

import argparse
import time

import numpy as np
import torch

from seimbang.serving.onnx.graphs import graph
from seimbang.serving.onnx.session import OnnxClassifier
from seimbang.study.models import make
from seimbang.threads import limited
from seimbang.training.base import to_tensor
from seimbang.training.device import mean_probabilities
from seimbang.training.learner import OneByOne

WANTED = 1.5
MODELS = {
    "rnn": ({"name": "rnn"}, (150, 150, 1)),
    "gru": ({"name": "gru"}, (150, 150, 1)),
    "cnn": ({"name": "cnn"}, (150, 150, 1)),
    "kidney_cnn": ({"name": "kidney_cnn"}, (150, 150, 1)),
    "efficientnet_lite0": ({"name": "efficientnet_lite0", "weights": "random"}, (160, 160, 3)),
    "resnet50": ({"name": "resnet50", "weights": "random"}, (224, 224, 3)),
}


def seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(settings, shape, batch, rounds):
    """Return the seconds that torch eager and onnxruntime take for ``batch`` images, and how far they differ."""
    torch.manual_seed(0)
    network = make(settings).build(shape, 2).eval()
    exported = OnnxClassifier.of(graph([OneByOne(network, False)], shape, 2).SerializeToString())
    X = np.random.default_rng(0).integers(0, 256, (batch, *shape), dtype=np.uint8)

    def eager():
        with torch.inference_mode():
            return mean_probabilities(network, to_tensor(X)).numpy()

    def onnx():
        return exported.probabilities(X)

    difference = float(np.abs(eager() - onnx()).max())
    times = [(seconds(eager), seconds(onnx)) for _ in range(rounds)]
    return *map(min, zip(*times, strict=True)), difference


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    options = parser.parse_args()
    print(f"{options.threads} thread(s), best of {options.rounds} rounds")
    print("model               batch  torch ms   onnx ms  images/s torch  onnx   times as fast  difference")
    with limited(options.threads):
        for name in options.models:
            for batch in (1, 16):
                eager, onnx, difference = compare(*MODELS[name], batch, options.rounds)
                mark = "" if eager / onnx >= WANTED else f"  below {WANTED}"
                numbers = f"{1000 * eager:9.1f} {1000 * onnx:9.1f} {batch / eager:15.1f} {batch / onnx:6.1f}"
                print(f"{name:<20}{batch:>4} {numbers} {eager / onnx:15.2f} {difference:11.1e}{mark}", flush=True)


if __name__ == "__main__":
    main()

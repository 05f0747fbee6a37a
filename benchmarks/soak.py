"""A soak test of the REST service: many requests, several at a time; memory, latency and errors.

Run: .venv/bin/python benchmarks/soak.py RUN [--requests 500] [--at-once 4]
"""

import argparse
import io
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import requests
from PIL import Image

GROWTH = 100  # MB
WARM = 40  # requests before memory is measured: allocators and libraries fill their pools first


def film(seed):
    """Return a PNG or a JPEG of noise, up to 1200 pixels wide; each tenth is damaged."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (rng.integers(60, 1200), rng.integers(60, 1200)), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG" if seed % 2 else "JPEG")
    return file.getvalue()[: 400 if seed % 10 == 0 else None]


def memory(pid):
    """Return the resident memory of a process and its children in MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024
    return own + sum(memory(child) for child in children)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args()
    command = [sys.executable, "-m", "seimbang.cli", "serve", options.run, "--api", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    try:
        address = process.stdout.readline().split(" is at ")[1].split()[0]

        def ask(seed):
            data, started = film(seed), time.perf_counter()
            answer = requests.post(f"{address}/v1/predict", files={"files": data}, timeout=120)
            return answer.status_code, time.perf_counter() - started

        with ThreadPoolExecutor(options.at_once) as pool:
            first = list(pool.map(ask, range(WARM)))
            before = memory(process.pid)
            answers = first + list(pool.map(ask, range(WARM, options.requests)))
        grown = memory(process.pid) - before
    finally:
        process.terminate()
        process.wait()
    codes = [code for code, _ in answers]
    p50, p99 = np.percentile([1000 * taken for _, taken in answers], [50, 99])
    counts = {code: codes.count(code) for code in sorted(set(codes))}
    print(f"{len(answers)} requests, {options.at_once} at a time: statuses {counts}")
    print(f"p50 {p50:.0f} ms, p99 {p99:.0f} ms; memory {before:.0f} MB after {WARM} requests, then {grown:+.0f} MB")
    failed = [code for code in codes if code >= 500]
    sys.exit(f"{len(failed)} x 5xx" if failed else f"memory grew by {grown:.0f} MB" if grown > GROWTH else 0)


if __name__ == "__main__":
    main()

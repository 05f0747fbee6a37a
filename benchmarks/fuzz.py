"""Fuzz the door for pictures: mutated files go through the decoding process, with the limits it really has.

Each is one of the project's own pictures in every format, or a file of pydicom's test set, damaged in a few places; of
half of the PNG files the checksums are made right again. It ends in pixels or in an ``ImageError``: anything else is a
crash. Run: .venv/bin/python benchmarks/fuzz.py [--minutes 10] [--seed 0]
"""

import argparse
import gzip
import io
import resource
import struct
import sys
import time
import traceback
import zlib
from collections import Counter
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from PIL import Image

from seimbang.errors import ImageError
from seimbang.imaging import worker
from seimbang.imaging.base import ImageSettings

LARGEST = 200_000  # bytes of a file that is mutated
MEMORY = 1 << 30
READ = ("decoded", "IMG_MULTIFRAME", "IMG_FRAME")
CRASH, ENDED = "crash", "IMG_UNSAFE"  # an error that is no ImageError; the decoding process ended, which is one
ENDS = (0, 1, 0x7F, 0x80, 0xFF)
KINDS = {
    "L": {"PNG": {}, "JPEG": {}, "TIFF": {}, "BMP": {}, "GIF": {}},
    "RGB": {
        "PNG": {},
        "JPEG": {"progressive": True},
        "TIFF": {"compression": "tiff_lzw"},
        "WebP": {"lossless": True},
        "BMP": {},
    },
    "P": {"PNG": {}, "GIF": {}, "TIFF": {"compression": "packbits"}},
    "1": {"PNG": {}, "TIFF": {"compression": "group4"}},
    "RGBA": {"PNG": {}, "WebP": {}},
    "I;16": {"PNG": {}, "TIFF": {"compression": "tiff_adobe_deflate"}},
    "F": {"TIFF": {}},
    "CMYK": {"JPEG": {}},
}


def pictures(rng):
    """Yield small pictures in every format and mode that is read."""
    noise = Image.fromarray(rng.integers(0, 256, (48, 40), dtype=np.uint8))
    for mode, formats in KINDS.items():
        for kind, options in formats.items():
            file = io.BytesIO()
            deep = Image.fromarray(np.asarray(noise).astype(np.uint16) * 200)
            (deep if mode == "I;16" else noise.convert(mode)).save(file, kind, **options)
            yield f"{mode} {kind}", file.getvalue()
    volume = nibabel.Nifti1Image(rng.integers(0, 256, (20, 24, 3), dtype=np.uint8), np.eye(4)).to_bytes()
    yield from {"NIfTI": volume, "packed NIfTI": gzip.compress(volume)}.items()


def corpus(rng):
    """Return the files that are mutated, by their names."""
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.dcm"))}
    small = {name: data for name, data in files.items() if len(data) <= LARGEST}
    return dict(pictures(rng)) | {name: data for name, data in small.items() if outcome(data, rng) in READ}


def spot(data, rng):
    """Return a place in a file, half of the time in its first bytes, where the header is."""
    return int(rng.integers(min(len(data), 400) if rng.random() < 0.5 else len(data)))


def one_byte(data, rng):
    at = spot(data, rng)
    return data[:at] + bytes([rng.integers(256)]) + data[at + 1 :]


def extreme(data, rng):
    """Overwrite 1, 2, 4 or 8 bytes with the ends of what they can hold."""
    at, size = spot(data, rng), 2 ** int(rng.integers(4))
    return data[:at] + bytes([ENDS[rng.integers(len(ENDS))]]) * size + data[at + size :]


def cut(data, rng):
    at = spot(data, rng)
    return data[:at] + data[at + 2 ** int(rng.integers(10)) :]


def repeat(data, rng):
    at, size = spot(data, rng), 2 ** int(rng.integers(10))
    return data[:at] + data[at : at + size] * int(rng.integers(2, 20)) + data[at + size :]


def end(data, rng):
    return data[: spot(data, rng) + 1]


MUTATIONS = (one_byte, one_byte, one_byte, extreme, extreme, cut, repeat, end)


def mutated(files, rng):
    """Return a damaged file and its name."""
    names = list(files)
    name = names[rng.integers(len(names))]
    data = files[name]
    for _ in range(int(rng.integers(1, 6))):
        data = MUTATIONS[rng.integers(len(MUTATIONS))](data, rng) or b"\0"
    if rng.random() < 0.1:  # the head of one and the tail of another
        other = files[names[rng.integers(len(names))]]
        data = data[: spot(data, rng)] + other[spot(other, rng) :]
    return name, with_checksums(data) if rng.random() < 0.5 else data


def with_checksums(data):
    """Return a PNG with the checksums that its chunks should have; another file as it is."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    made, at = [data[:8]], 8
    while at + 12 <= len(data):
        size = min(int.from_bytes(data[at : at + 4]), len(data) - at - 12)
        body = data[at + 4 : at + 8 + size]
        made.append(struct.pack(">I", size) + body + struct.pack(">I", zlib.crc32(body)))
        at += 12 + size
    return b"".join(made)


def living(process):
    """Return the largest resident memory so far of a process that is alive, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def largest_memory():
    """Return the largest resident memory of all decoding processes, those that died included, in bytes."""
    dead = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max([dead, *(living(each._process) for each in worker._idle)])


def outcome(data, rng):
    """Return the code that a file ends in, or ``decoded``."""
    settings = ImageSettings(size=(40, 40), channels=1 + 2 * int(rng.integers(2)), frame=int(rng.integers(2)))
    ask = (worker.decode_apart, worker.open_apart)[rng.integers(2)]
    try:
        ask(data, settings, "a file")
    except ImageError as error:
        return error.code
    return "decoded"


def fuzz(seconds, seed=0):
    """Return how often each outcome came, the longest time in seconds and its file, and by code the worst inputs."""
    rng = np.random.default_rng(seed)
    files, counts, longest, worst = corpus(rng), Counter(), (0.0, ""), {CRASH: [], ENDED: []}
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        name, data = mutated(files, rng)
        before = time.monotonic()
        try:
            code = outcome(data, rng)
        except Exception:
            code = CRASH
            traceback.print_exc()
        counts[code] += 1
        worst.get(code, []).append(data)
        longest = max(longest, (time.monotonic() - before, name))
    return counts, longest, worst


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the inputs that crash or end the process")
    options = parser.parse_args()
    counts, (longest, name), worst = fuzz(60 * options.minutes, options.seed)
    memory = largest_memory()
    print(f"{counts.total():,} files in {options.minutes:g} minutes, seed {options.seed}")
    print(", ".join(f"{count:,} {code}" for code, count in counts.most_common()))
    print(f"{counts[CRASH]} crashes; longest {longest:.1f} s ({name}); memory {memory >> 20:,} MB")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for code, inputs in worst.items():
            for k, data in enumerate(inputs):
                (options.keep / f"{code}-{k}").write_bytes(data)
    sys.exit(counts[CRASH] > 0 or memory > MEMORY)


if __name__ == "__main__":
    main()

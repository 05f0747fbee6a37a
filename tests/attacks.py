"""Files made to harm the decoder, sent through its process with the limits it really has.

As a program it prints, for each by its name, the code that it ends in, the seconds it takes, and the largest memory of
any decoding process so far in bytes.
"""

import json
import resource
import struct
import time
import zlib
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from openjpeg.utils import encode_array
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import (
    MPEG4HP41,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from dicom_files import compressed, dataset, dicom, saved
from seimbang.errors import ImageError
from seimbang.imaging import worker
from seimbang.imaging.base import ImageSettings

SMALL = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
ROWS = b"\x28\0\x02\0US"  # the first element of the pixels' description
ANY, UNDEFINED = b"\xfe\xff\0\xe0", b"\xff\xff\xff\xff"


def jpeg_2000(side, tile, blocks=0):
    """Return 5 KB of JPEG 2000 that say they are ``side`` x ``side``, in blocks of ``4 * 2**blocks`` pixels."""
    frame = bytearray(encode_array(SMALL, photometric_interpretation=2))
    struct.pack_into(">8I", frame, frame.index(b"\xff\x51") + 6, side, side, 0, 0, tile, tile, 0, 0)
    at = frame.index(b"\xff\x52")
    frame[at + 10] = frame[at + 11] = blocks
    return of_side(bytes(frame), JPEG2000Lossless, side)


def of_side(frame, syntax, side):
    """Return a file whose compressed frame is said to have so many rows and columns."""
    made = dataset(SMALL, Rows=side, Columns=side)
    made.file_meta.TransferSyntaxUID = syntax
    made.PixelData = encapsulate([frame])
    made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    return saved(made)


def run_lengths(runs, side):
    """Return a file whose frame is one segment of these runs."""
    return of_side(struct.pack("<16I", 1, 64, *[0] * 14) + runs, RLELossless, side)


def deflated():
    """Return 1 MB that becomes 1 GB when it is inflated."""
    made = dataset(SMALL)
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    whole, packer = saved(made), zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return whole[: whole.index(b"1.2.840.10008.1.2.1.99") + 22] + block * 1024 + packer.flush()


def jpeg(width, height):
    """Return a JPEG of 64 x 64 that says it has another size."""
    file = BytesIO()
    Image.fromarray(SMALL).save(file, "JPEG")
    return file.getvalue().replace(struct.pack(">BHH", 8, 64, 64), struct.pack(">BHH", 8, height, width))


def nested(depth):
    """Return a file with sequences in sequences."""
    whole, at = dicom(SMALL), dicom(SMALL).index(ROWS)
    opened = b"\x08\0\x15\x11SQ\0\0" + UNDEFINED + ANY + UNDEFINED
    closed = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    return whole[:at] + opened * depth + closed * depth + whole[at:]


def inserted(element):
    """Return a file with these bytes before the description of its pixels."""
    whole, at = dicom(SMALL), dicom(SMALL).index(ROWS)
    return whole[:at] + element + whole[at:]


def video():
    """Return a file that says it is MPEG-4."""
    return of_side(b"\0\0\0\x18ftypmp42", MPEG4HP41, 64)


def png(width, height, *chunks):
    """Return a PNG of this size with these chunks and no pixels."""
    header = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (header, *chunks, (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def packed(megabytes):
    """Return zeros as zlib packs them."""
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


SIGNED = dicom(
    SMALL.astype(np.int16) - 128, RescaleSlope=2, RescaleIntercept=-1024, WindowCenter="-1023.5", WindowWidth=511
)

ATTACKS = {
    "JPEG 2000 of 5 KB that costs gigabytes": (partial(jpeg_2000, 9000, 9000), "IMG_CORRUPT"),
    "JPEG 2000 of 5 KB that costs minutes": (partial(jpeg_2000, 9000, 9000, 4), "IMG_TOO_LARGE"),
    "JPEG 2000 in 20,000 tiles": (partial(jpeg_2000, 9000, 64), "IMG_TOO_LARGE"),
    "JPEG 2000 in a billion tiles": (partial(jpeg_2000, 9000, 1), "IMG_CORRUPT"),
    "RLE of 9000 x 9000": (partial(run_lengths, b"\x81\0", 9000), "IMG_CORRUPT"),
    "RLE that ends inside a run": (partial(run_lengths, b"\x81\0" * 30 + b"\x7f\1", 64), "IMG_CORRUPT"),
    "deflated gigabyte": (deflated, "IMG_FORMAT"),
    "JPEG of 40000 x 30000 inside Rows = 64": (
        partial(compressed, jpeg(40000, 30000), JPEGBaseline8Bit, SMALL), "IMG_CORRUPT"),
    "JPEG of 40000 x 30000": (partial(jpeg, 40000, 30000), "IMG_TOO_LARGE"),
    "sequences 300 deep": (partial(nested, 300), "IMG_CORRUPT"),
    "sequences 100,000 deep": (partial(nested, 100_000), "IMG_CORRUPT"),
    "length past the end": (partial(inserted, b"\x08\0\x20\x10UN\0\0\xf0\xff\xff\x7f"), "IMG_TRUNCATED"),
    "length of a number past the end": (partial(inserted, b"\x28\0\x50\x10DS\xfe\xff"), "IMG_TRUNCATED"),
    "a million frames": (partial(dicom, SMALL, NumberOfFrames=10**6), "IMG_TOO_LARGE"),
    "65535 x 65535": (partial(dicom, SMALL, Rows=65535, Columns=65535), "IMG_TOO_LARGE"),
    "slope 0": (partial(dicom, SMALL, RescaleSlope=0, RescaleIntercept=0), "IMG_WINDOW"),
    "window of width 0": (partial(dicom, SMALL, WindowCenter=0, WindowWidth=0), "IMG_WINDOW"),
    "signed with an intercept": (lambda: SIGNED, "decoded"),
    "Rows 0": (partial(dicom, SMALL, Rows=0), "IMG_CORRUPT"),
    "MPEG-4": (video, "IMG_FORMAT"),
    "no preamble": (lambda: saved(dataset(SMALL, Modality="CR"), whole=False), "IMG_NO_PREAMBLE"),
    "PNG of 60000 x 60000": (partial(png, 60000, 60000, (b"IDAT", packed(4))), "IMG_TOO_LARGE"),
    "PNG of more pixels than it says": (partial(png, 64, 64, (b"IDAT", packed(200))), "decoded"),
    "PNG with 200 MB of text": (partial(png, 64, 64, (b"zTXt", b"a\0\0" + packed(200))), "IMG_CORRUPT"),
}  # fmt: skip
"""What each is, and the code that it ends in; ``decoded``, or that of a note, for those that give pixels."""


def outcome(data):
    """Return the code that a file ends in."""
    try:
        note = worker.open_apart(data, ImageSettings(), "a file")[1]
    except ImageError as error:
        return error.code
    return note.code if note else "decoded"


def memory():
    """Return the largest resident memory so far of the decoding processes, dead and alive, in bytes."""
    dead = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    status = [Path(f"/proc/{each._process.pid}/status").read_text() for each in worker._idle]
    return max([dead, *(1024 * int(text.split("VmHWM:")[1].split()[0]) for text in status)])


def main():
    good, results = dicom(SMALL), {}
    for name, (make, _) in ATTACKS.items():
        data, started = make(), time.monotonic()
        code, seconds = outcome(data), time.monotonic() - started
        assert outcome(good) == "decoded", name  # where it died, it was started anew
        results[name] = (code, seconds, memory())
    print(json.dumps(results))


if __name__ == "__main__":
    main()

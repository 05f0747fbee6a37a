"""Half an image is never classified: 600 damaged files, 120 for each of five seeds, and none gives pixels."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFilter

from seimbang.errors import ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode

ASKED = ImageSettings(size=(60, 60))
SECTOR, END = 4096, b"\xff\xd9"
WAYS = (
    {"quality": 95},
    {"quality": 92, "progressive": True},
    {"quality": 95, "optimize": True},
    {"quality": 95, "restart_marker_blocks": 7},
)


def film(rng):
    """Return a picture with soft shapes, fine grain and, half of the time, a black border; 320 x 288."""
    coarse = Image.fromarray(rng.integers(0, 256, (9, 8, 3), dtype=np.uint8)).resize(
        (288, 320), Image.Resampling.BICUBIC
    )
    grain = rng.normal(0, 6, (320, 288, 3))
    pixels = (np.asarray(coarse.filter(ImageFilter.GaussianBlur(3))) + grain).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        pixels[:40] = pixels[:, -50:] = 0
    image = Image.fromarray(pixels)
    return image if rng.random() < 0.5 else image.convert("L")


def jpeg(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def png(image, interlaced, rng, cut):
    """Return a PNG with right checksums whose pixel data hold half of the rows, or whose stream ends early."""
    pixels = np.asarray(image.convert("L"))
    rows = pixels if cut else pixels[: len(pixels) // 2]
    stream = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    stream = stream[: rng.integers(10, len(stream) - 8)] if cut else stream
    header = struct.pack(">IIBBBBB", image.width, image.height, 8, 0, 0, 0, interlaced)
    chunks = [(b"IHDR", header), (b"IDAT", stream), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def lost_sector(data, rng):
    """Zero 4,096 bytes of the picture data, or all of a smaller one's."""
    first = data.rindex(b"\xff\xda") + 20 if data.count(b"\xff\xda") == 1 else len(data) // 8
    at = rng.integers(first, max(first + 1, len(data) - SECTOR - 2))
    return data[:at] + bytes(min(SECTOR, len(data) - 2 - at)) + data[at + SECTOR : -2] + END


def damaged(rng):
    """Yield files of each kind of damage."""
    image = film(rng)
    for options in WAYS:
        whole = jpeg(image, **options)
        yield whole[: rng.integers(len(whole) // 4, len(whole) - 60)].rstrip(b"\xff") + END
        yield lost_sector(whole, rng)
        tail = whole[: -rng.integers(3, 41)]
        yield from (tail, tail.rstrip(b"\xff") + END)
        yield whole[: -rng.integers(4, 41)] + bytes(700)  # the last byte may be a zero: lost, and put back
    yield from (png(image, interlaced, rng, cut) for interlaced in (0, 1) for cut in (False, True))


@pytest.mark.parametrize("seed", range(5))
def test_no_damaged_file_gives_pixels(seed):
    rng = np.random.default_rng(seed)
    codes = [code_of(data) for _ in range(5) for data in damaged(rng)]
    assert len(codes) == 120
    assert set(codes) == {"IMG_TRUNCATED", "IMG_CORRUPT"}


def code_of(data):
    try:
        decode(data, ASKED, "a")
    except ImageError as error:
        return error.code
    return ""


@pytest.mark.parametrize("options", WAYS)
def test_whole_ones_do(options):
    for seed in range(5):
        assert decode(jpeg(film(np.random.default_rng(seed)), **options), ASKED, "a").any()


def test_black_areas_are_no_lost_sectors():
    """Their codes are zeros in thousands: of an even area, optimised Huffman tables make them so."""
    picture = Image.fromarray(np.zeros((1500, 1500), np.uint8))
    picture.paste(film(np.random.default_rng(0)).convert("L"), (500, 700))
    files = [jpeg(picture, **options) for options in (*WAYS, {"quality": 75, "optimize": True})]
    assert any(bytes(64) in data for data in files)
    assert all(decode(data, ASKED, "a").any() for data in files)


def test_a_camera_that_says_nothing_of_coefficients_is_believed():
    """A sequential scan that claims to hold none holds them all: libjpeg warns, and reads it rightly."""
    whole = jpeg(film(np.random.default_rng(0)), quality=90)
    at = whole.rindex(b"\xff\xda")
    end = at + 2 + int.from_bytes(whole[at + 2 : at + 4])
    assert whole[end - 3 : end] == bytes((0, 63, 0))
    assert np.array_equal(decode(whole[: end - 3] + bytes(3) + whole[end:], ASKED, "a"), decode(whole, ASKED, "a"))


def test_uncommon_subsampling_cannot_be_checked_and_is_refused():
    assert code_of(jpeg(Image.new("CMYK", (60, 40)), subsampling=1)) == "IMG_FORMAT"

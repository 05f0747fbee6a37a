"""Whatever the bytes are, the decoder returns pixels of the requested size or raises an ImageError with its code."""

import contextlib
import io
import random
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from seimbang.errors import ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode, open_native

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (40, 60), dtype=np.uint8)
SAME = ImageSettings(size=(40, 60))


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def refused(data, asked=SAME):
    with pytest.raises(ImageError) as caught:
        decode(data, asked, "x-ray.png")
    assert "x-ray.png" in caught.value.found
    return caught.value.code


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png(width, height):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


PNG, JPEG = encoded(Image.fromarray(NOISE)), encoded(Image.fromarray(NOISE), "JPEG")
PROGRESSIVE = encoded(Image.fromarray(NOISE), "JPEG", progressive=True)
OTHERS = [encoded(Image.fromarray(NOISE), kind) for kind in ("TIFF", "BMP", "WEBP", "GIF")]
OTHERS.append(encoded(Image.fromarray(NOISE), "TIFF", compression="tiff_lzw", big_tiff=True))


def test_png_keeps_every_pixel():
    assert np.array_equal(decode(PNG, SAME, "a")[..., 0], NOISE)
    assert decode(PNG, ImageSettings(size=(8, 9), channels=3), "a").shape == (8, 9, 3)
    assert open_native(PNG, ImageSettings(size=(8, 9)), "a").shape == (40, 60, 1)


def test_sixteen_bits_are_scaled_by_their_own_range():
    wide = np.linspace(1000, 5000, 2400).reshape(40, 60).astype(np.uint16)
    grey = decode(encoded(Image.fromarray(wide)), SAME, "a")[..., 0]
    assert np.array_equal(grey, np.rint((wide - 1000.0) / 4000 * 255))
    assert decode(encoded(Image.fromarray(np.full((40, 60), 700, np.uint16))), SAME, "a").max() == 0


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    corners = np.zeros((40, 40), np.uint8)
    corners[:20, :20] = 255  # where the first corner must end up is what the EXIF standard says
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = decode(encoded(Image.fromarray(corners), exif=exif), ImageSettings(size=(2, 2)), "a")[..., 0]
    bright = {1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}[orientation]
    assert np.unravel_index(out.argmax(), (2, 2)) == bright


def test_orientation_swaps_height_and_width():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert open_native(encoded(Image.fromarray(NOISE), exif=exif), SAME, "a").shape == (60, 40, 1)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparent_is_black(mode):
    image = Image.fromarray(np.full((40, 60), 200, np.uint8)).convert(mode)
    image.putalpha(0)
    assert decode(encoded(image), SAME, "a").max() == 0
    image.putalpha(255)
    assert decode(encoded(image), SAME, "a").min() == 200


def test_palette_and_its_transparency():
    image = Image.fromarray(np.repeat([[0, 1, 2]], 3, 0).astype(np.uint8)).convert("P")
    image.putpalette([10, 10, 10, 90, 90, 90, 250, 250, 250])
    data = encoded(image, transparency=2)
    assert decode(data, ImageSettings(size=(3, 3)), "a")[0, :, 0].tolist() == [10, 90, 0]


def test_one_bit_and_cmyk():
    assert set(np.unique(decode(encoded(Image.fromarray(NOISE > 128)), SAME, "a"))) == {0, 255}
    white = encoded(Image.new("CMYK", (60, 40), (0, 0, 0, 0)), "JPEG")
    ink = encoded(Image.new("CMYK", (60, 40), (0, 0, 0, 255)), "JPEG")
    assert decode(white, SAME, "a").min() > 250
    assert decode(ink, SAME, "a").max() < 5


def test_grey_is_the_rounded_luma():
    colour = RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    luma = colour @ np.array([0.299, 0.587, 0.114])
    assert np.abs(decode(encoded(Image.fromarray(colour)), SAME, "a")[..., 0] - luma).max() <= 0.51


def test_a_large_jpeg_decoded_small_is_nearly_the_same():
    smooth = Image.fromarray(NOISE).resize((1200, 800), Image.Resampling.BICUBIC)
    exact = np.asarray(smooth.resize((60, 40), Image.Resampling.BILINEAR)).astype(float)
    small = decode(encoded(smooth, "JPEG", quality=95), SAME, "a")[..., 0]
    assert np.abs(small - exact).mean() < 4


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "IMG_EMPTY"),
        (b"text renamed to .jpg", "IMG_NOT_IMAGE"),
        (b"GIF89a....;", "IMG_CORRUPT"),
        (b"%PDF-1.7" + b"." * 400, "IMG_FORMAT"),
        (b"\0" * 128 + b"DICM" + b"\0" * 99, "IMG_NO_PIXELS"),
        (huge_png(20_000, 20_000), "IMG_TOO_LARGE"),
        (huge_png(40, 60), "IMG_TRUNCATED"),
        (huge_png(0, 60), "IMG_CORRUPT"),
        (PNG.replace(b"IEND", b"IENX"), "IMG_CORRUPT"),
    ],
)
def test_refuses(data, code):
    assert refused(data) == code


def test_the_pixel_limit_is_exact():
    assert refused(PNG, ImageSettings(size=(40, 60), max_pixels=2399)) == "IMG_TOO_LARGE"
    assert decode(PNG, ImageSettings(size=(40, 60), max_pixels=2400), "a").any()


def test_refuses_several_frames():
    frames = [Image.fromarray(NOISE), Image.fromarray(255 - NOISE)]
    assert refused(encoded(frames[0], save_all=True, append_images=frames[1:])) == "IMG_MULTIFRAME"
    for kind in ("TIFF", "GIF", "WEBP"):
        assert refused(encoded(frames[0], kind, save_all=True, append_images=frames[1:])) == "IMG_MULTIFRAME"


@pytest.mark.parametrize("whole", [PNG, JPEG, PROGRESSIVE], ids=["png", "jpeg", "progressive"])
def test_a_cut_at_any_place_is_noticed(whole):
    end = len(whole) - (2 if whole[:2] == b"\xff\xd8" else 0)  # a JPEG may lack its end marker
    for length in range(1, end):
        assert refused(whole[:length]) in {"IMG_TRUNCATED", "IMG_CORRUPT"}, length
    assert refused(whole[: end - 1]) == refused(whole[: len(whole) // 2]) == "IMG_TRUNCATED"


def test_a_changed_byte_in_the_pixels_of_a_png_is_noticed():
    at = PNG.index(b"IDAT") + 50
    assert refused(PNG[:at] + bytes([PNG[at] ^ 1]) + PNG[at + 1 :]) == "IMG_CORRUPT"


def repaired(data):
    """Make the check sums of a PNG right again, so that mutations get past them."""
    out, at = data[:8], 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        out += chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length])
        at += 12 + length
    return out


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(whole=st.sampled_from([PNG, JPEG, PROGRESSIVE, *OTHERS]), seed=st.integers(0, 10**9), changes=st.integers(1, 12))
def test_nothing_but_pixels_or_an_image_error_comes_out(whole, seed, changes):
    dice, data = random.Random(seed), bytearray(whole)
    for _ in range(changes):
        data[dice.randrange(min(len(data), 400) if dice.random() < 0.7 else len(data))] = dice.randrange(256)
    mutant = bytes(data)
    for candidate in {mutant, repaired(mutant) if mutant[:4] == PNG[:4] else mutant}:
        with contextlib.suppress(ImageError):
            assert decode(candidate, ImageSettings(size=(20, 20), max_pixels=10**6), "a").shape == (20, 20, 1)

"""Formats besides PNG and JPEG, phones' files, and files that end early although nothing in them says so."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from seimbang.errors import ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode, decode_noted
from seimbang.imaging.formats import image_format
from seimbang.imaging.notes import FIRST_FRAME, NO_END
from seimbang.imaging.other_formats import HEAD

RNG = np.random.default_rng(3)
NOISE = RNG.integers(0, 256, (40, 60), dtype=np.uint8)
DEEP = RNG.integers(500, 4000, (40, 60)).astype(np.uint16)
DEEP[0, :2] = 500, 4000
SCALED = np.rint((DEEP - 500.0) / 3500 * 255)
SAME = ImageSettings(size=(40, 60))
END = b"\xff\xd9"


def encoded(image, kind, **options):
    file = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, kind, **options)
    return file.getvalue()


def tiff(array, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, array, **options)
    return file.getvalue()


def grey(data):
    return decode(data, SAME, "a")[..., 0]


def code_of(data, asked=SAME):
    with pytest.raises(ImageError) as caught:
        decode(data, asked, "a")
    return caught.value.code


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("big", [False, True])
def test_tiff_keeps_every_pixel(compression, big):
    assert np.array_equal(grey(encoded(NOISE, "TIFF", compression=compression, big_tiff=big)), NOISE)


@pytest.mark.parametrize("kind", ["BMP", "WEBP", "GIF"])
def test_other_formats_keep_every_pixel(kind):
    data = encoded(NOISE, kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert np.array_equal(grey(data), NOISE)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"byteorder": ">"},
        {"byteorder": ">", "compression": "deflate"},
        {"bigtiff": True},
        {"compression": "deflate", "predictor": True},
    ],
)
def test_sixteen_bit_tiff_is_scaled_by_its_own_range(options):
    assert np.array_equal(grey(tiff(DEEP, **options)), SCALED)
    assert np.array_equal(grey(tiff(DEEP.astype(np.int16) - 2000, **options)), SCALED)


def test_tiles():
    wide = np.tile(DEEP, (2, 2))
    tiled = tiff(wide, tile=(32, 32), compression="deflate")
    assert np.array_equal(decode(tiled, ImageSettings(size=wide.shape), "a")[..., 0], np.tile(SCALED, (2, 2)))


def test_float_tiff_of_any_range():
    for values in (DEEP / 4000, DEEP / 40000, DEEP * 10.0 - 7000):
        assert np.abs(grey(tiff(values.astype(np.float32))) - SCALED).max() <= 1
    gaps = (DEEP / 4000).astype(np.float32)
    gaps[5, 5:8] = np.nan, np.inf, -np.inf
    pixels = grey(tiff(gaps))
    assert pixels[5, 5:8].tolist() == [0, 0, 0]
    assert pixels[0, :2].tolist() == [0, 255]
    assert code_of(tiff(np.full((40, 60), np.nan, np.float32))) == "IMG_CORRUPT"


@pytest.mark.parametrize("values", [NOISE, DEEP])
def test_white_is_zero_is_turned_round(values):
    """A 16-bit film of this kind came out as its own negative."""
    direct, turned = grey(tiff(values)), grey(tiff(values, photometric="miniswhite"))
    assert np.abs(turned.astype(int) - (255 - direct.astype(int))).max() <= 1


def test_whole_numbers_of_32_bits():
    values = DEEP.astype(np.uint32)
    values[0, 1] = 2**32 - 1
    assert grey(tiff(values))[0, :3].tolist() == [0, 255, 0]


@pytest.mark.parametrize("kind", [np.int16, np.uint32, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_deep_samples_in_either_order(kind, order, compression):
    """Compressed ones of the other order came out as noise."""
    data = tiff(DEEP.astype(kind), byteorder=order, compression=compression)
    assert np.abs(grey(data).astype(int) - SCALED).max() <= 1


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ((DEEP / 4000).astype(np.float16), {}),
        (NOISE.astype(np.int8), {}),
        (NOISE, {"byteorder": ">", "bigtiff": True}),
    ],
)
def test_a_tiff_that_would_be_misread_is_refused(values, options):
    assert code_of(tiff(values, **options)) == "IMG_FORMAT"


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "WEBP", "GIF"])
def test_a_cut_of_other_formats_is_noticed(kind):
    whole = encoded(NOISE, kind)
    for length in [*range(1, 60), *range(60, len(whole) - 1, 37), len(whole) - 1]:
        assert code_of(whole[:length]) in {"IMG_TRUNCATED", "IMG_CORRUPT", "IMG_NOT_IMAGE"}, length


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_a_cut_of_a_compressed_tiff_is_noticed(compression):
    whole = encoded(NOISE, "TIFF", compression=compression)
    assert {code_of(whole[:length]) for length in range(20, len(whole), 97)} == {"IMG_TRUNCATED"}
    assert code_of(whole[:-1]) == "IMG_TRUNCATED"


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "WEBP", "GIF"])
def test_the_pixel_limit_holds_for_every_format(kind):
    assert code_of(encoded(NOISE, kind), ImageSettings(size=(40, 60), max_pixels=2399)) == "IMG_TOO_LARGE"


def test_a_huge_webp_is_refused_before_it_is_opened():
    header = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0" * 4 + (16000).to_bytes(3, "little") * 2
    assert code_of(b"RIFF" + struct.pack("<I", len(header)) + header) == "IMG_TOO_LARGE"


@pytest.mark.parametrize("data", [b"BMI;weight;label\n1;2;3\n" * 9, b"II, a roman numeral", b"RIFF....WAVEfmt"])
def test_text_that_begins_like_an_image_is_none(data):
    assert image_format(data[:HEAD]) == ""
    assert code_of(data) == "IMG_NOT_IMAGE"


def test_a_phones_file_gives_its_first_picture_and_says_so():
    frames = [Image.fromarray(NOISE), Image.fromarray(255 - NOISE)]
    pixels, note = decode_noted(encoded(frames[0], "MPO", save_all=True, append_images=frames[1:]), SAME, "a")
    assert note == FIRST_FRAME
    assert np.array_equal(pixels, decode(encoded(frames[0], "JPEG"), SAME, "a"))


def png_of(rows, height, tail=b"", interlaced=False, cut=None):
    """Return a PNG of a header for ``height`` rows whose pixel data hold ``rows``; all its checksums are right."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", rows.shape[1], height, 8, 0, 0, 0, interlaced)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows) + tail)[:cut]
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("rows", [1, 20, 39])
def test_a_png_whose_pixel_data_end_early_is_truncated(rows):
    """The missing rows came out black, and no checksum is wrong."""
    assert np.array_equal(grey(png_of(NOISE, 40)), NOISE)
    assert code_of(png_of(NOISE[:rows], 40)) == "IMG_TRUNCATED"  # the stream ends in order, early
    whole = len(zlib.compress(b"".join(b"\0" + row.tobytes() for row in NOISE)))
    assert code_of(png_of(NOISE, 40, cut=whole * rows // 40)) == "IMG_TRUNCATED"  # the stream is cut
    assert code_of(png_of(NOISE[:rows], 40, interlaced=True)) in {"IMG_TRUNCATED", "IMG_CORRUPT"}


def test_pngs_of_every_kind_are_whole():
    for mode in ("1", "L", "P", "LA", "RGB", "RGBA"):
        assert decode(encoded(Image.fromarray(NOISE).convert(mode), "PNG"), SAME, "a").any()
    assert np.array_equal(grey(png_of(NOISE, 40, tail=b"\0" * 50)), NOISE)


PICTURES = {
    "noise": NOISE,
    "smooth": np.add.outer(np.arange(40) * 3, np.arange(60) * 2).astype(np.uint8),
    "black": np.zeros((40, 60), np.uint8),
    "black at the end": np.where(np.arange(40)[:, None] < 20, NOISE, 0).astype(np.uint8),
    "grey": np.full((40, 60), 128, np.uint8),
    "colour": RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8),
}
WAYS = {
    "plain": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 2},
    "low": {"quality": 20},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("tail", [b"", b"\0" * 700, b"\r\n"], ids=["missing", "padded", "line end"])
def test_a_whole_jpeg_without_its_end_marker_is_used_with_a_note(name, way, tail):
    """They dropped a whole class: the exporter had left the marker out."""
    whole = encoded(PICTURES[name], "JPEG", **WAYS[way])
    pixels, note = decode_noted(whole[:-2] + tail, SAME, "a")
    assert np.array_equal(pixels, decode(whole, SAME, "a"))
    assert note == NO_END


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PICTURES)
def test_a_cut_jpeg_never_passes_for_a_whole_one(name, way):
    """Wherever it is cut, it is refused, or what is cut off changes no pixel, but for one block before padding."""
    whole = encoded(PICTURES[name], "JPEG", **WAYS[way])
    pixels = decode(whole, SAME, "a")
    for length in {*range(len(whole) - 30, len(whole) - 2), *range(len(whole) // 3, len(whole), 61)}:
        for tail, most in ((b"", 0), (b"\0" * 3000, 256)):
            with contextlib.suppress(ImageError):
                wrong = (decode(whole[:length] + tail, SAME, "a") != pixels).sum()
                assert wrong <= (most if length > len(whole) - 31 else 0), (length, tail[:1])


@pytest.mark.parametrize("way", ["plain", "progressive"])
def test_a_cut_jpeg_whose_end_marker_was_put_back_is_truncated(way):
    whole = encoded(PICTURES["noise"], "JPEG", **WAYS[way])
    assert {code_of(whole[:length] + END) for length in range(len(whole) // 3, len(whole) - 400, 53)} == {
        "IMG_TRUNCATED"
    }


def test_bytes_after_the_end_marker_change_nothing():
    whole = encoded(NOISE, "JPEG")
    pixels, note = decode_noted(whole + b"SEFT made by a phone" * 50, SAME, "a")
    assert (np.array_equal(pixels, decode(whole, SAME, "a")), note) == (True, None)

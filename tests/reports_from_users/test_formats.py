"""Formats are called by their names, with what to do; folders are predicted; of two pictures the first is used."""

import gzip
import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from seimbang import commands
from seimbang.cli import app
from seimbang.datasets import load, make
from seimbang.datasets.intake import understand
from seimbang.errors import DataError, ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode, decode_noted
from seimbang.imaging.notes import FIRST_FRAME
from seimbang.record.refusal import Refusal
from seimbang.serving.advice import Adviser
from seimbang.serving.predictor import Predictor

SAME = ImageSettings(size=(8, 8))
NOISE = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)


def encoded(kind, pixels=NOISE, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def packed():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.png", encoded("PNG"))
    return file.getvalue()


def boxes(brand, *more):
    body = b"ftyp" + brand + bytes(4) + b"".join(more)
    return struct.pack(">I", 4 + len(body)) + body + bytes(600)


def nifti(magic=b"n+1\0", at=344, size=348):
    head = bytearray(struct.pack("<i", size) + bytes(600))
    head[at : at + 4] = magic
    return bytes(head)


def jpeg_of(code):
    """Return the start of a JPEG whose first frame is of another kind."""
    return b"\xff\xd8" + b"\xff\xe0\x00\x04ab" + bytes([0xFF, code]) + struct.pack(">HBHHB", 11, 8, 8, 8, 1) + bytes(99)


KINDS = [
    ("a.bmp", b"BM" + struct.pack("<IIII", 999, 0, 99, 77) + bytes(99), "BMP", "as PNG"),
    ("a.jp2", encoded("JPEG2000"), "JPEG 2000", "convert it to PNG"),
    ("a.png", encoded("JPEG2000"), "JPEG 2000", "magick"),
    ("a.j2k", b"\xff\x4f\xff\x51" + bytes(99), "JPEG 2000", "convert it to PNG"),
    ("a.jxl", b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL", "convert it to PNG"),
    ("a.jpg", jpeg_of(0xF7), "JPEG-LS", "convert it to PNG"),
    ("a.jpg", jpeg_of(0xC3), "lossless JPEG", "convert it to PNG"),
    ("a.heic", boxes(b"heic"), "HEIC", "Most Compatible"),
    ("photo.jpg", boxes(b"mif1", b"mif1", b"heic"), "HEIC", "export it as JPEG or PNG"),
    ("a.avif", boxes(b"avif", b"avif", b"mif1"), "AVIF", "export it as JPEG or PNG"),
    ("a.png", boxes(b"mif1", b"mif1", b"avif"), "AVIF", "export it as JPEG or PNG"),
    ("a.mp4", boxes(b"isom", b"mp42"), "video", "save the frames"),
    ("a.hdr", nifti(b"ni1\0"), "NIfTI of two files", "save it as one file"),
    ("a.hdr", nifti(b"ni2\0", 4, 540), "NIfTI of two files", "save it as one file"),
    ("a.nrrd", b"NRRD0004\n" + bytes(99), "NRRD", "write its slices as PNG"),
    ("a.zip", packed(), "zip", "unpack it"),
    ("a.png", packed(), "zip", "unpack it"),
    ("a.tar.gz", gzip.compress(b"data" * 99), "gzip", "unpack it"),
    ("a.pdf", b"%PDF-1.7" + bytes(99), "PDF", "export its pictures"),
]
NAMES = [f"{name}, {kind}" for name, _, kind, _ in KINDS]


@pytest.mark.parametrize(("name", "content", "kind", "advice"), KINDS, ids=NAMES)
def test_a_format_is_called_by_its_name_with_what_to_do(name, content, kind, advice):
    with pytest.raises(ImageError) as caught:
        decode(content, SAME, name)
    assert (caught.value.code, caught.value.found) == ("IMG_FORMAT", f"{kind} content in {name}")
    assert advice in caught.value.fix
    assert "remove" not in caught.value.fix


@pytest.mark.parametrize(("name", "content", "kind", "advice"), KINDS, ids=NAMES)
def test_it_is_called_so_among_the_files_of_a_folder(name, content, kind, advice, tmp_path):
    for number in range(60):
        path = tmp_path / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encoded("PNG", np.roll(NOISE, number)))
    (tmp_path / "a" / name).write_bytes(content)
    (note,) = load(make({"path": "."}), SAME, tmp_path).left_out
    assert note.path == f"a/{name}"
    assert kind in note.message
    assert advice in note.message
    readable = name.endswith((".png", ".jpg", ".bmp"))
    other = kind in ("video", "zip", "gzip", "PDF") and not readable
    assert note.code == ("FILE_OTHER" if other else "IMG_FORMAT")


@pytest.mark.parametrize("kind", ["NRRD", "HEIC"])
def test_a_folder_of_nothing_else_says_what_to_do(kind, tmp_path):
    name, content, _, advice = next(row for row in KINDS if row[2] == kind)
    for label in "ab":
        (tmp_path / label).mkdir()
        (tmp_path / label / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        load(make({"path": "."}), SAME, tmp_path)
    assert caught.value.code == "DATA_EMPTY"
    assert kind in caught.value.fix
    assert advice in caught.value.fix


@pytest.mark.parametrize("kind", ["NRRD", "HEIC", "JPEG 2000", "PDF"])
def test_one_such_file_where_data_are_wanted(kind, tmp_path):
    name, content, _, advice = next(row for row in KINDS if row[2] == kind)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        understand(tmp_path / name)
    assert (caught.value.code, caught.value.found) == ("DATA_FORMAT", f"{kind} content in {name}")
    assert advice in caught.value.fix


@pytest.mark.parametrize("bits", [8, 24, 1])
def test_bitmaps_are_read(bits):
    image = Image.fromarray(NOISE).convert({8: "L", 24: "RGB", 1: "1"}[bits])
    file = io.BytesIO()
    image.save(file, "BMP")
    assert decode(file.getvalue(), SAME, "a.bmp").shape == (8, 8, 1)


def phone(way):
    first, second = encoded("JPEG"), encoded("JPEG", 255 - NOISE)
    if way == "index":
        frames = [Image.fromarray(NOISE), Image.fromarray(255 - NOISE)]
        return encoded("MPO", save_all=True, append_images=frames[1:])
    return first + {"behind": b"", "padded": bytes(64)}[way] + second


@pytest.mark.parametrize("way", ["index", "behind", "padded"])
def test_of_two_pictures_the_first_is_used_and_that_is_said(way, tmp_path):
    pixels, note = decode_noted(phone(way), SAME, "a.jpg")
    assert note == FIRST_FRAME
    assert np.array_equal(pixels, decode(encoded("JPEG"), SAME, "a.jpg"))
    assert decode_noted(encoded("JPEG") + bytes(64), SAME, "a.jpg")[1] is None


class Half:
    """A model that finds both classes equally likely."""

    network = None

    def probabilities(self, X, rows=None):
        return np.full((len(X), 2), 0.5)


@pytest.fixture
def predicted(monkeypatch):
    refusal = Refusal(kind=None, level=0.95, least={}, patients={}, at_chance={}, sets={}, changed={})
    adviser = Adviser(refusal, None, np.zeros(2), ("a", "b"))
    predictor = Predictor((Half(),), ("a", "b"), SAME, None, None, False, adviser)
    monkeypatch.setattr(commands, "find_arm", lambda run, arm: "none")
    monkeypatch.setattr(commands.Predictor, "load", lambda folder, profile: predictor)

    def call(*paths):
        done = CliRunner().invoke(app, ["predict", "run", *map(str, paths)])
        return done.exit_code, done.stdout + done.stderr, done.exception

    return call


def test_a_folder_is_predicted_and_what_is_no_image_is_said(predicted, tmp_path):
    (tmp_path / "new" / "below").mkdir(parents=True)
    (tmp_path / "new" / "1.png").write_bytes(encoded("PNG"))
    (tmp_path / "new" / "below" / "2.jfif").write_bytes(phone("behind"))
    (tmp_path / "new" / "list.csv").write_text("path,label\n")
    code, said, _ = predicted(tmp_path / "new")
    assert code == 0
    assert "1.png" in said
    assert "2.jfif" in said
    assert "list.csv" not in said
    assert FIRST_FRAME.message in said
    (tmp_path / "new" / "3.jpg").write_bytes(boxes(b"heic"))
    code, said, _ = predicted(tmp_path / "new")
    assert code == 4
    assert "HEIC content in 3.jpg" in said
    assert "1.png" in said


def test_a_folder_without_an_image_is_refused(predicted, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    code, _, error = predicted(tmp_path)
    assert code == 1
    assert isinstance(error, DataError)
    assert error.code == "DATA_EMPTY"

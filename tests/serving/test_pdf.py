"""The result as a PDF: one page, in both languages, made in memory, with nothing that names a person."""

import re
import tempfile
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from run_folder import fake_run
from seimbang.record.contents import read
from seimbang.serving import pdf
from seimbang.serving.predictor import Predictor
from seimbang.serving.sentences import by_threshold
from seimbang.serving.words import load
from seimbang.text import LANGUAGES

PICTURE = Image.fromarray(np.random.default_rng(5).integers(0, 255, (40, 60), dtype=np.uint8))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("fake"), arms=2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_the_page_says(run, language, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    contents, words = read(run, "none"), load(language)
    data = png()
    prediction = Predictor.load(run / "arms/none").predict(data, "CANARY.png")
    said = pdf._said(contents, prediction, data, words)
    assert said[0].startswith(words.text("refusal.chance_external", name="NIH", figure="").split("(")[0])
    label, share = prediction.label, words.percent(prediction.confidence)
    assert words.text("upload.says", name=label, confidence=share) in said
    assert any(f" {label}. " in sentence and "100" in sentence for sentence in said)
    assert by_threshold(contents, prediction, words, words.text) in said
    made = pdf.as_pdf(contents, prediction, data, [("picture", PICTURE), ("map", PICTURE.convert("RGB"))], words)
    assert made.startswith(b"%PDF")
    assert made.count(b"/Type /Page\n") + made.count(b"/Type /Page ") == 1
    assert made.count(b"/Subtype /Image") == 2
    parts = [zlib.decompress(part) for part in re.findall(rb"FlateDecode.*?stream\n(.*?)\nendstream", made, re.DOTALL)]
    assert b"CANARY" not in made + b"".join(parts)
    assert not list(tmp_path.iterdir())
    assert pdf.as_pdf(contents, prediction, data, [], words) == pdf.as_pdf(contents, prediction, data, [], words)


def test_a_model_that_saw_the_test_images_says_so_on_paper_too(run, monkeypatch):
    contents, words, written = read(run, "as-published"), load("en"), []
    monkeypatch.setattr(pdf, "_write", lambda figure, paragraphs, top, weight="": written.extend(paragraphs) or top)
    prediction = Predictor.load(run / "arms/as-published").predict(png(), "x")
    pdf.as_pdf(contents, prediction, png(), [], words)
    assert words.text("page.leaky") in written
    assert words.text("page.statement") in written


def png():
    content = BytesIO()
    PICTURE.save(content, "PNG")
    return content.getvalue()

"""Images of 8 and of 16 bits in one study: how the program reads them must not tell the classes."""

import numpy as np
import pytest
from PIL import Image

from seimbang.checks import audit
from seimbang.datasets import load, make
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings
from seimbang.runs.run import run
from seimbang.study.draft import draft, image_for
from seimbang.study.schema import parse

SIDE, EACH = 24, 16
RNG = np.random.default_rng(0)
PICTURES = RNG.normal(0.4, 0.08, (2 * EACH, SIDE, SIDE)).clip(0.1, 0.7)


def write(folder, deep, suffix="png"):
    """Write the same kind of picture for both classes, some of them with 12 of 16 bits."""
    for k, picture in enumerate(PICTURES):
        label = "sick" if k < EACH else "well"
        path = folder / "x" / label / f"{k}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = (picture * 4095).astype(np.uint16) if deep(k, label) else (picture * 255).astype(np.uint8)
        Image.fromarray(pixels).save(path)
    return folder


def by_class(k, label):
    return label == "sick"


def alternating(k, label):
    return bool(k % 2)


def loaded(root, **image):
    data = load(make({"source": "folder", "path": "x"}), ImageSettings(size=(SIDE, SIDE), **image), root)
    return data, {finding.code: finding for finding in audit(data)}


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_depth_by_class_is_a_leak_that_says_how_to_read_all_alike(tmp_path, suffix):
    data, findings = loaded(write(tmp_path, by_class, suffix))
    leak = findings["DEPTH_SHORTCUT"]
    assert (leak.severity, leak.count) == ("leak", EACH)
    assert "sick 16 of 16" in leak.sentence
    assert "well 0 of 16" in leak.sentence
    sick = data.cases.frame.label == "sick"
    assert data.X[sick].max() == 255
    assert data.X[~sick].max() < 190  # what the program itself would make


@pytest.mark.parametrize("normalise", ["minmax", "zscore"])
def test_normalised_images_look_alike_whatever_their_depth(tmp_path, normalise):
    data, findings = loaded(write(tmp_path, by_class), normalise=normalise)
    assert "DEPTH_SHORTCUT" not in findings
    assert data.noted == ()
    eight, _ = loaded(write(tmp_path / "8", lambda k, label: False), normalise=normalise)
    np.testing.assert_allclose(data.X.astype(int), eight.X.astype(int), atol=2)


@pytest.mark.parametrize(
    ("deep", "noted"), [(alternating, EACH), (lambda k, label: True, 0), (lambda k, label: False, 0)]
)
def test_depths_that_tell_no_class_are_noted_only(tmp_path, deep, noted):
    data, findings = loaded(write(tmp_path, deep))
    assert "DEPTH_SHORTCUT" not in findings
    assert [note.code for note in data.noted] == ["IMG_STRETCHED"] * noted


def test_init_writes_how_to_read_them_alike_and_a_study_without_it_stops(tmp_path):
    write(tmp_path, by_class)
    made = draft(tmp_path / "x")
    assert 'normalise = "minmax"' in made.text
    assert image_for(made.understanding).normalise == "minmax"
    write(tmp_path / "8", lambda k, label: False)
    assert "normalise" not in draft(tmp_path / "8" / "x").text
    study = {
        "title": "t",
        "question": "?",
        "data": {"source": "folder", "path": "x"},
        "image": {"size": [SIDE, SIDE]},
        "split": {"test": 0.25, "validation": 0.25},
        "model": {"name": "cnn"},
        "arm": [{"name": "none"}],
    }
    with pytest.raises(DataError, match=r'AUDIT_LEAK: .*read alike.*set normalise = "minmax" in \[image\]'):
        run(parse(study), tmp_path, tmp_path / "run")

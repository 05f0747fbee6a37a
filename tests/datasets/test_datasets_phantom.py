"""The phantom is the same everywhere, unbalanced as asked, and its hospitals differ."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from seimbang.datasets import load
from seimbang.datasets.phantom import Phantom, Population
from seimbang.imaging.base import ImageSettings

SMALL = ImageSettings(size=(48, 48))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path))


def phantom(image=SMALL, **asked):
    return load(Phantom(phantom=Population(**asked)), image, Path())


def test_is_called_synthetic_and_has_patients():
    data = phantom(patients=100)
    assert data.synthetic
    assert "synthetic" in data.name
    assert data.cases.classes == ("NORMAL", "PNEUMONIA")
    frame = data.cases.frame
    assert set(frame.split) == {""}
    assert frame.group.nunique() == 100
    assert set(frame.groupby("group").label.nunique()) == {1}
    assert set(frame.groupby("group").size()) == {1, 2, 3}


@pytest.mark.parametrize("prevalence", [0.05, 0.2, 0.6])
def test_prevalence_is_exact_over_patients(prevalence):
    frame = phantom(patients=60, prevalence=prevalence).cases.frame
    sick = frame[frame.label == "PNEUMONIA"].group.nunique()
    assert sick == round(60 * prevalence)


def test_is_the_same_in_another_process(tmp_path):
    code = (
        "import hashlib; from pathlib import Path; from seimbang.datasets import load;"
        "from seimbang.datasets.phantom import Phantom, Population; from seimbang.imaging.base import ImageSettings;"
        "d = load(Phantom(phantom=Population(patients=12)), ImageSettings(size=(48, 48)), Path());"
        "print(hashlib.sha256(d.X.tobytes()).hexdigest())"
    )
    environment = os.environ | {"SEIMBANG_CACHE": str(tmp_path / "other"), "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(phantom(patients=12).X.tobytes()).hexdigest()


def test_seeds_and_hospitals_differ():
    a, b, other = phantom(patients=30), phantom(patients=30, hospital="B"), phantom(patients=30, seed=1)
    assert set(b.cases.frame.site) == {"B"}
    assert not set(a.cases.groups) & set(b.cases.groups)
    assert not np.array_equal(a.X[:20], other.X[:20])
    assert b.X.mean() > a.X.mean() + 10  # brighter


def test_the_opacities_make_lungs_brighter_but_classes_overlap():
    data = phantom(patients=200)
    lung = data.X[:, 13:34, 6:42, 0].mean((1, 2))
    sick, well = lung[data.cases.y == 1], lung[data.cases.y == 0]
    assert sick.mean() > well.mean() + 3
    assert np.mean(sick[:, None] > well[None]) < 0.97


def test_colour_and_shape():
    assert phantom(ImageSettings(size=(40, 60), channels=3), patients=10).X.shape[1:] == (40, 60, 3)

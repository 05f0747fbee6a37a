"""Pseudo-patients: planted neighbours found, strangers kept apart, and the kidney CT slices as anyone can see them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seimbang.datasets import load
from seimbang.datasets.base import CaseTable, Dataset
from seimbang.datasets.folder import Folder
from seimbang.datasets.phantom import Phantom, Population
from seimbang.datasets.pseudo_patients import pseudo_patients, strip, with_pseudo_patients
from seimbang.errors import DataError
from seimbang.imaging import copies
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.pseudo_patients import find_pseudo_patients
from seimbang.imaging.series import Links, group_linked
from seimbang.splits import split
from seimbang.splits.base import SplitSettings

ROOT = Path(__file__).parents[3] / "shared" / "data"
SLICES, PATIENTS = 12, 10


@pytest.fixture
def blocks_are_no_copies(monkeypatch):
    """Slices of ``volumes`` are the same few blocks of pixels: one tells the grey values of another, as of a copy."""
    none = copies.Copies(*[np.empty(0, np.int64)] * 2, *[np.empty(0, np.float32)] * 4, np.empty(0, np.bool_))
    monkeypatch.setattr("seimbang.imaging.pseudo_patients.known_copies", lambda *_: none)


def volumes(turn):
    """Return ``SLICES`` slices of each of ``PATIENTS`` patients; slices k apart correlate as ``cos(k * turn)``."""
    rng = np.random.default_rng(0)
    angle = turn * np.arange(SLICES)[:, None, None]
    slices = []
    for _ in range(PATIENTS):
        _, *across = np.linalg.qr(np.column_stack([np.ones(64), rng.normal(size=(64, 2))]))[0].T  # of mean 0
        one, other = (np.kron(240 * axis.reshape(8, 8), np.ones((8, 8))) for axis in across)
        slices.append(128 + np.cos(angle) * one + np.sin(angle) * other)
    X = np.concatenate(slices)
    return np.clip(X + rng.normal(0, 1, X.shape), 0, 255).astype(np.uint8)[..., None]


def dataset(X, names=None, **columns):
    names = [f"{'ab'[row % 2]}/x{row:04}q{hash_of(row)}z.png" for row in range(len(X))] if names is None else names
    labels = [("sick", "well")[row // SLICES % 2] for row in range(len(X))]
    rows = pd.DataFrame({"case_id": [f"c{row:04}" for row in range(len(X))], "path": names, "label": labels, **columns})
    return Dataset(CaseTable.build(rows), X, "made up")


def hash_of(row):
    return "".join(chr(97 + int(digit)) for digit in str(row * 7919))


def numbered(count):
    """Return names as of two folders whose files are numbered in the order of the slices."""
    return [f"{'Sick' if row // SLICES % 2 == 0 else 'Well'}/slice ({row}).jpg" for row in range(count)]


def truth(count):
    return np.arange(count) // SLICES


def test_near_identical_images_are_one_group_and_others_are_not():
    X = volumes(turn=0)
    found = pseudo_patients(dataset(X))
    assert np.array_equal(found.group, truth(len(X)))
    assert found.sizes.tolist() == [SLICES] * PATIENTS
    assert found.names[0] == "pseudo:0001"
    assert found.names[-1] == "pseudo:0010"
    assert found.ordered == ()


def test_slices_chain_from_neighbour_to_neighbour():
    X = volumes(turn=0.1)
    assert np.corrcoef(X[0].ravel(), X[SLICES - 1].ravel())[0, 1] < 0.7
    assert np.array_equal(pseudo_patients(dataset(X)).group, truth(len(X)))


@pytest.mark.usefixtures("blocks_are_no_copies")
def test_runs_of_numbers_join_slices_that_likeness_alone_does_not():
    X = volumes(turn=0.4)
    found = pseudo_patients(dataset(X, numbered(len(X))))
    assert found.ordered == ("Sick/slice (*).jpg", "Well/slice (*).jpg")
    assert "follow the order of the slices in Sick, Well." in found.sentence
    assert np.array_equal(found.group, truth(len(X)))
    assert len(pseudo_patients(dataset(X)).sizes) == len(X)


@pytest.mark.usefixtures("blocks_are_no_copies")
def test_numbers_without_order_join_nothing():
    X = volumes(turn=0.4)
    order = np.random.default_rng(1).permutation(len(X))
    found = pseudo_patients(dataset(X[order], numbered(len(X))))
    assert found.ordered == ()
    assert len(found.sizes) == len(X)


@pytest.mark.usefixtures("blocks_are_no_copies")
def test_number_of_groups_falls_as_the_radius_grows():
    X = volumes(turn=0.3)  # neighbours are 0.045 apart, next ones 0.17
    found = find_pseudo_patients(X, dataset(X).cases.frame, 0.001)
    n = len(X)
    assert found.by_radius == {0.001: n, 0.01: n, 0.02: n, 0.03: n, 0.05: PATIENTS}
    assert len(found.sizes) == n
    assert f"0.03 would give {n}, 0.05 would give {PATIENTS}" in found.sentence
    assert len(find_pseudo_patients(X, dataset(X).cases.frame, 0.2).sizes) == PATIENTS


def test_one_picture_twice_though_it_was_mirrored_is_one_patient():
    data = Phantom(phantom=Population(patients=60)).load(ImageSettings(size=(96, 96)), Path())
    X = np.concatenate([data.X, data.X[:1, :, ::-1]])
    names = [f"{row:04}.png" for row in np.random.default_rng(1).permutation(len(X))]
    frame = pd.DataFrame({"case_id": names, "path": names, "label": "x", "group": ""})
    group = find_pseudo_patients(X, frame).group
    assert group[0] == group[-1]
    assert find_pseudo_patients(data.X, frame[:-1]).group.max() == group.max()


def test_chain_cannot_swallow_a_class():
    n = 60
    y = np.array([0] * 30 + [1] * 30)
    chain = Links(np.arange(n - 1), np.arange(1, n), np.full(n - 1, 0.02, np.float32))
    group = group_linked([chain], y)
    for label in (0, 1):
        assert np.bincount(group[y == label]).max() <= 10
    assert np.bincount(group).max() > 5


def test_more_alike_images_are_joined_first():
    links = Links(np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([0.03, 0.01, 0.02], np.float32))
    assert group_linked([links], np.zeros(6, np.int64)).tolist() == [0, 1, 1, 2, 3, 4]  # two of six are a third


def test_known_patients_stay_and_facts_tell():
    X = volumes(turn=0)
    known = [f"p{row % 5}" if row < 24 else "" for row in range(len(X))]
    data = with_pseudo_patients(dataset(X, group=known))
    group = data.cases.frame.group.to_numpy()
    assert group[:24].tolist() == known[:24]
    assert set(group[24:36]) == {"pseudo:0001"}
    assert data.cases.has_groups
    assert data.facts["pseudo_patients"].startswith("96 images without a patient identifier form 8 groups")
    everyone = dataset(X, group=["p"] * len(X))
    assert with_pseudo_patients(everyone) is everyone
    assert pseudo_patients(everyone) is None


def test_table_has_no_pseudo_patients():
    cases = dataset(volumes(turn=0.1)).cases
    table = Dataset(cases, np.zeros((len(cases), 3), np.float32), "districts", "table")
    with pytest.raises(DataError) as caught:
        with_pseudo_patients(table)
    assert caught.value.code == "PSEUDO_TABLE"


@pytest.mark.parametrize("folds", [0, 3])
def test_split_keeps_pseudo_patients_together(folds):
    cases = with_pseudo_patients(dataset(volumes(turn=0.1))).cases
    for fold in split(cases, SplitSettings(group="auto", folds=folds)):
        parts = [set(cases.groups[rows]) for rows in fold.parts().values()]
        assert sum(map(len, parts)) == PATIENTS


@pytest.mark.usefixtures("blocks_are_no_copies")
def test_strip_shows_one_group_a_row():
    X = volumes(turn=0)
    X = np.concatenate([X, X[:4]])  # one larger group
    picture = strip(with_pseudo_patients(dataset(X)), groups=3, shown=4, side=64)
    assert picture.shape == (3 * 64, 4 * 64, 1)
    assert np.array_equal(picture[:64, :64], X[0])
    assert len(strip(with_pseudo_patients(dataset(volumes(turn=0.4))))) == 0


@pytest.mark.skipif(not (ROOT / "kidney_ct").is_dir(), reason="real data absent: no ../shared/data/kidney_ct")
def test_kidney_slices_are_few_patients(tmp_path, monkeypatch):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path))
    settings = Folder(path="kidney_ct", leave_out=("Cyst", "Tumor"))
    data = with_pseudo_patients(load(settings, ImageSettings(size=(64, 64)), ROOT))
    frame = data.cases.frame
    sizes = frame.groupby("label").group.agg(lambda group: group.value_counts().tolist())
    assert 15 <= len(sizes.Normal) <= 25
    assert 12 <= len(sizes.Stone) <= 25
    assert max(sizes.Stone) < 0.3 * sum(sizes.Stone)
    assert frame.groupby("group").label.nunique().max() == 1
    patient = dict(zip(frame.path, frame.group, strict=True))
    # seen on the pictures: 1020 to 1089 is one examination, 1122 begins another
    assert (
        patient["Stone/Stone- (1020).jpg"] == patient["Stone/Stone- (1089).jpg"] != patient["Stone/Stone- (1122).jpg"]
    )

"""Whether a small model separates external from internal images: of the phantom's hospitals, noise, real films."""

import re
from pathlib import Path

import numpy as np
import pytest
from audit_cases import dataset, finding_of, images

from seimbang.checks.source import auc_interval
from seimbang.datasets import load
from seimbang.datasets.folder import Folder
from seimbang.datasets.groups import ByName
from seimbang.datasets.phantom import Phantom, Population
from seimbang.imaging.base import ImageSettings

ROOT = Path(__file__).parents[3] / "shared" / "data"
SMALL = ImageSettings(size=(64, 64))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path))


def phantom(hospital, seed=0, classes=None):
    settings = Phantom(phantom=Population(hospital=hospital, patients=150, seed=seed))
    return load(settings, SMALL, Path(), classes)


def areas(finding):
    """Return the AUC of whole images and that of borders."""
    return [float(text) for text in re.findall(r"(\d\.\d\d) \(", finding.sentence)]


def test_another_hospital_is_distinguishable_and_the_same_one_is_not():
    data = phantom("A")
    external = {name: phantom(name[0], 1, data.cases.classes) for name in ("A again", "B")}
    same, other = re.findall(
        r"A logistic regression.*?\.(?= |$)", finding_of("SOURCE_PROBE", data, [], external).sentence
    )
    assert "the external set A again" in same
    assert same.endswith("the sets are hardly distinguishable.")
    assert "the external set B" in other
    assert "the sets differ" in other


def test_mark_on_the_border_is_found_there():
    X = images(90, seed=1)
    X[:, 0, :8] = 255
    finding = finding_of("SOURCE_PROBE", dataset(), external={"B": dataset(X, prefix="e")})
    assert finding.severity == "info"
    assert areas(finding)[1] > 0.95
    assert finding.sentence.endswith("whatever the disease, even where there is no anatomy of interest.")


def test_disease_cannot_separate_the_sets():
    X, other = images(), images(seed=1)
    X[::2, 10:30, 10:30] //= 3  # the sick half; of the external set all but five are well
    other[1::2, 10:30, 10:30] //= 3
    label = ["sick" if k % 2 and k < 40 else "well" for k in range(90)]
    external = {
        "B": dataset(np.where(np.array(label)[:, None, None, None] == "sick", other, images(seed=2)), label=label)
    }
    finding = finding_of("SOURCE_PROBE", dataset(X), external=external)
    assert areas(finding)[0] < 0.75
    assert finding.count == 2 * (20 + 45)


def test_silent_without_external_set_with_few_patients_and_for_tables():
    assert finding_of("SOURCE_PROBE", dataset()) is None
    few = dataset(images(seed=1), prefix="e", group=[f"p{k % 9}" for k in range(90)])
    assert finding_of("SOURCE_PROBE", dataset(), external={"B": few}) is None
    table = dataset(np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32), kind="table")
    assert finding_of("SOURCE_PROBE", table, external={"B": table}) is None


def test_interval_is_newcombes_score_interval():
    for auc, n in ((0.5, 20), (0.8, 50), (0.97, 200)):
        low, high = auc_interval(auc, n)
        assert low < auc < high
        for limit in (low, high):
            q1, q2 = limit / (2 - limit), 2 * limit**2 / (1 + limit)
            variance = (limit * (1 - limit) + (n - 1) * (q1 + q2 - 2 * limit**2)) / n**2  # Hanley and McNeil 1982
            assert abs(auc - limit) == pytest.approx(1.96 * variance**0.5, rel=1e-4)
    low, high = auc_interval(1.0, 50)
    assert 0.9 < low < 1
    assert high == 1
    assert auc_interval(0.0, 50) == pytest.approx((1 - high, 1 - low), abs=0.05)


@pytest.mark.skipif(not (ROOT / "chest_xray").is_dir(), reason="real data absent: no ../shared/data/chest_xray")
def test_films_of_two_continents_differ_up_to_their_borders():
    child = ByName(pattern=r"(person\d+_(?:bacteria|virus)|(?:NORMAL2-)?IM-\d+)")
    settings = Folder(path="chest_xray", positive="PNEUMONIA", group=child, leave_out=("train", "val"))
    data = load(settings, SMALL, ROOT)
    nih = ByName(pattern="(.*)_")
    external = load(Folder(path="chest_xray_external", group=nih), SMALL, ROOT, data.cases.classes)
    finding = finding_of("SOURCE_PROBE", data, [], {"NIH": external})
    whole, border = areas(finding)
    assert whole > 0.97
    assert border > 0.9

"""The audit of the real chest X-rays: what is known about them, nothing else."""

from pathlib import Path

import numpy as np
import pytest

from seimbang.checks import audit, leaks
from seimbang.datasets import load
from seimbang.datasets.folder import Folder
from seimbang.datasets.groups import ByName
from seimbang.imaging.base import ImageSettings
from seimbang.splits import split
from seimbang.splits.base import SplitSettings

ROOT = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(
    not (ROOT / "chest_xray").is_dir(), reason="real data absent: no ../shared/data/chest_xray beside the repository"
)
PATIENT = ByName(pattern=r"(person\d+_(?:bacteria|virus)|(?:NORMAL2-)?IM-\d+)")
NIH = ByName(pattern="(.*)_")


@pytest.fixture(scope="module")
def chest(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    settings = Folder(path="chest_xray", positive="PNEUMONIA", group=PATIENT, leave_out=("val",))
    data = load(settings, ImageSettings(), ROOT)
    external = load(Folder(path="chest_xray_external", group=NIH), ImageSettings(), ROOT, data.cases.classes)
    yield data, external
    patch.undo()


def test_provided_split_of_the_chest_x_rays(chest):
    data, external = chest
    folds = split(data.cases, SplitSettings(test="provided"))
    findings = {finding.code: finding for finding in audit(data, folds, {"NIH": external})}
    always = {"FILES_LEFT_OUT", "CLASS_COUNTS", "QUALITY_OUTLIERS", "KNOWN_DATA"}
    assert set(findings) == always | {"DUPLICATE_WITHIN", "QUALITY_SHORTCUT", "SOURCE_PROBE"}
    assert findings["DUPLICATE_WITHIN"].count == 30
    assert findings["QUALITY_OUTLIERS"].count == 14  # films nearly white, or with hardly any grey
    assert findings["CLASS_COUNTS"].sentence.endswith(
        "PNEUMONIA 4,265, NORMAL 1,575: the imbalance ratio (PNEUMONIA to NORMAL) is 2.7."
    )


def test_no_near_duplicates_between_the_parts_of_the_source(chest):
    assert leaks(audit(chest[0])) == []


@pytest.mark.parametrize("seed", [0, 1])
def test_own_splits_keep_fractions_classes_and_patients(chest, seed):
    cases = chest[0].cases
    (fold,) = split(cases, SplitSettings(test=0.15, validation=0.1, seed=seed))
    for part, share in (("train", 0.765), ("validation", 0.085), ("test", 0.15)):
        rows = fold.parts()[part]
        assert len(rows) / len(cases) == pytest.approx(share, abs=0.01)
        assert cases.y[rows].mean() == pytest.approx(cases.y.mean(), abs=0.01)
    assert not set(cases.groups[np.r_[fold.train, fold.validation]]) & set(cases.groups[fold.test])


def test_ignoring_patients_is_a_leak(chest):
    folds = split(chest[0].cases, SplitSettings(group="none"))
    assert "PATIENT_TEST" in {finding.code for finding in leaks(audit(chest[0], folds))}

"""Class counts, classes too small, conflicting labels, unreadable files."""

import numpy as np
import pandas as pd
import pytest
from audit_cases import dataset, finding_of, images

from seimbang.datasets.base import CaseTable, Dataset, FileNote
from seimbang.splits import split
from seimbang.splits.base import Fold, SplitSettings


def labelled(labels, **columns):
    rows = pd.DataFrame({"case_id": [f"c{k:03}" for k in range(len(labels))], "label": labels, **columns})
    return Dataset(CaseTable.build(rows), images(len(labels)), "made up")


def test_class_counts_and_their_ratio():
    finding = finding_of("CLASS_COUNTS", labelled(["well"] * 75 + ["sick"] * 30), folds=[])
    assert (finding.severity, finding.count) == ("info", 105)
    assert finding.sentence == "well 75, sick 30: the imbalance ratio (well to sick) is 2.5."
    assert finding_of("CLASS_COUNTS", dataset()).sentence == "well 45, sick 45: the classes are balanced."


@pytest.mark.parametrize("code", ["CLASS_TOO_SMALL", "CLASS_FEW", "LABEL_CONFLICT", "UNREADABLE"])
def test_silent_on_sound_data(code):
    assert finding_of(code, dataset()) is None


def test_fewer_patients_than_sets_is_an_error():
    two = labelled(["well"] * 20 + ["sick"] * 4, group=[f"p{k}" for k in range(20)] + ["q1", "q1", "q2", "q2"])
    finding = finding_of("CLASS_TOO_SMALL", two, folds=[])
    assert finding.severity == "error"
    assert finding.sentence == "sick has 4 cases of 2 patients, too few for 3 sets."
    alone = labelled(["well"] * 20 + ["sick"])
    assert finding_of("CLASS_TOO_SMALL", alone, folds=[]).sentence == "sick has 1 case, too few for 3 sets."


def test_fewer_patients_than_sets_is_none_where_the_plan_divides_patients():
    group = [f"p{k}" for k in range(60)] + ["q1"] * 20 + ["q2"] * 10
    data = labelled(["well"] * 60 + ["sick"] * 30, group=group)
    assert finding_of("CLASS_TOO_SMALL", data, split(data.cases, SplitSettings(group="none"))) is None


def test_a_class_that_a_set_lacks_is_an_error():
    data = labelled(["well"] * 50 + ["sick"] * 40)
    plan = Fold("", np.arange(20, 90), np.arange(10, 20), np.arange(10))
    assert finding_of("CLASS_TOO_SMALL", data, [plan]).sentence == "sick has no case in validation and test."


def test_fewer_than_ten_cases_in_a_set_is_a_warning():
    finding = finding_of("CLASS_FEW", labelled(["well"] * 69 + ["sick"] * 21))
    assert (finding.severity, finding.count) == ("warning", 1)
    where = "7 cases in train, 7 cases in validation and 7 cases in test"
    assert finding.sentence == f"sick has {where}: estimates for it will be imprecise."


def test_identical_images_with_different_labels():
    X = images()
    X[3] = X[0]  # sick and well
    finding = finding_of("LABEL_CONFLICT", dataset(X))
    assert (finding.severity, finding.count, finding.cases) == ("warning", 1, ("c000", "c003"))
    assert finding.sentence == "1 image has copies with different labels (sick, well); at most one label can be right."
    X[6] = X[4]  # both sick
    assert finding_of("LABEL_CONFLICT", dataset(X)).count == 1
    X[7] = X[4]
    assert finding_of("LABEL_CONFLICT", dataset(X)).sentence.startswith("2 images have copies with")


def test_unreadable_files_by_reason_and_set():
    bad = [FileNote("a.jpg", "sick", "IMG_TRUNCATED", ""), FileNote("b.jpg", "sick", "IMG_FORMAT", "")]
    other = dataset(images(30, seed=1), n=30, left_out=bad[:1])
    finding = finding_of("UNREADABLE", dataset(left_out=bad), external={"B": other})
    assert (finding.severity, finding.count, finding.cases) == ("warning", 3, ("a.jpg", "b.jpg", "a.jpg"))
    assert finding.sentence == (
        "2 files could not be read and are excluded. "
        "sick: 1 IMG_FORMAT (image in a format that is not read), 1 IMG_TRUNCATED (cut off). "
        "1 file of the external set B could not be read and is excluded. sick: 1 IMG_TRUNCATED (cut off)."
    )

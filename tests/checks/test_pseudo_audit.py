"""What the audit says about patients where nobody names them."""

import numpy as np
from audit_cases import dataset, found, images

from seimbang.checks import audit, leaks
from seimbang.datasets.pseudo_patients import with_pseudo_patients
from seimbang.splits import split
from seimbang.splits.base import SplitSettings


def slices():
    """Return 30 examinations of three nearly equal images, k, k + 30 and k + 60, all of one class."""
    X = np.tile(images(30) // 2 + 20, (3, 1, 1, 1))
    X[:, 0, 0] += np.arange(90, dtype=np.uint8)[:, None]
    return dataset(X, label=[("sick", "well")[k % 2] for k in range(90)])


def test_images_and_groups_are_counted():
    finding = found("PSEUDO_PATIENTS", slices(), folds=[])
    assert (finding.severity, finding.count, finding.cases) == ("info", 30, ("c000", "c030", "c060"))
    assert finding.sentence.startswith("90 images without a known patient form 30 groups that may be one patient each")
    assert "the groups are as many at any radius from 0.01 to 0.05" in finding.sentence


def test_silent_where_no_image_is_like_another_or_patients_are_known_or_there_are_no_images():
    assert found("PSEUDO_PATIENTS", dataset()) is None
    assert found("PSEUDO_PATIENTS", dataset(slices().X, group=["p"] * 90)) is None
    table = dataset(np.zeros((90, 4), np.float32), kind="table")
    assert found("PSEUDO_PATIENTS", table) is None


def test_said_again_once_cases_carry_them():
    plain = slices()
    carried = with_pseudo_patients(plain)
    assert found("PSEUDO_PATIENTS", carried) == found("PSEUDO_PATIENTS", plain)
    assert found("PATIENT_UNKNOWN", carried) is None


def test_random_split_leaks_and_grouped_split_does_not():
    data = with_pseudo_patients(slices())
    random = leaks(audit(data, split(data.cases, SplitSettings(group="none"))))
    assert {finding.code for finding in random} == {"NEAR_TEST", "PATIENT_TEST"}
    assert "pseudo-patients are in both the training and the test part" in random[1].sentence
    assert leaks(audit(data, split(data.cases, SplitSettings(group="auto")))) == []
    plain = slices()
    unaware = leaks(audit(plain, split(plain.cases, SplitSettings(group="none"))))
    assert [finding.code for finding in unaware] == ["NEAR_TEST"]

"""The audit's finding on patients where they are not identified."""

from dataclasses import replace

import numpy as np
from audit_cases import dataset, finding_of, images

from seimbang.checks import audit, leaks
from seimbang.datasets.pseudo_patients import with_pseudo_patients
from seimbang.splits import split
from seimbang.splits.base import Fold, SplitSettings


def slices():
    """Return 30 examinations of three nearly equal images, k, k + 30 and k + 60, all of one class."""
    X = np.tile(images(30) // 2 + 20, (3, 1, 1, 1))
    X[:, 0, 0] += np.arange(90, dtype=np.uint8)[:, None]
    return dataset(X, label=[("sick", "well")[k % 2] for k in range(90)])


def test_images_and_groups_are_counted():
    finding = finding_of("PSEUDO_PATIENTS", slices(), folds=[])
    assert (finding.severity, finding.count, finding.cases) == ("info", 30, ("c000", "c030", "c060"))
    assert finding.sentence.startswith(
        "90 images without a patient identifier form 30 groups, each possibly one patient"
    )
    assert "any distance from 0.01 to 0.05 gives as many groups" in finding.sentence


def test_silent_where_no_image_is_like_another_or_patients_are_known_or_there_are_no_images():
    assert finding_of("PSEUDO_PATIENTS", dataset()) is None
    assert finding_of("PSEUDO_PATIENTS", dataset(slices().X, group=["p"] * 90)) is None
    table = dataset(np.zeros((90, 4), np.float32), kind="table")
    assert finding_of("PSEUDO_PATIENTS", table) is None


def test_copies_and_patients_are_searched_in_the_images_before_a_quick_run_made_them_smaller():
    plain = slices()
    small = replace(plain, X=np.zeros_like(plain.X[:, ::2, ::2]))
    codes = ("PSEUDO_PATIENTS", "CHANGED_WITHIN")
    of_small = [finding for finding in audit(small, larger=plain.X) if finding.code in codes]
    assert of_small == [finding for finding in audit(plain) if finding.code in codes]
    assert "PSEUDO_PATIENTS" in {finding.code for finding in of_small}


def test_the_finding_is_the_same_once_cases_carry_pseudo_patients():
    plain = slices()
    carried = with_pseudo_patients(plain)
    assert finding_of("PSEUDO_PATIENTS", carried) == finding_of("PSEUDO_PATIENTS", plain)
    assert finding_of("PATIENT_UNKNOWN", carried) is None


def test_random_split_leaks_and_grouped_split_does_not():
    data = with_pseudo_patients(slices())
    random = leaks(audit(data, split(data.cases, SplitSettings(group="none"))))
    assert {finding.code for finding in random} == {"NEAR_TEST", "PATIENT_TEST"}
    assert "pseudo-patients are in both the training and the test set" in random[1].sentence
    assert leaks(audit(data, split(data.cases, SplitSettings(group="auto")))) == []
    plain = slices()
    unaware = leaks(audit(plain, split(plain.cases, SplitSettings(group="none"))))
    assert [finding.code for finding in unaware] == ["NEAR_TEST"]


def test_neighbours_on_both_sides_of_a_division_that_knows_no_patients_are_named():
    rng = np.random.default_rng(0)  # alike at large, each with fine structure of its own, as slices of MRI are
    blocks = np.kron(rng.permuted(np.tile([50, 206], (30, 8)), axis=1).reshape(30, 4, 4), np.ones((1, 10, 9)))
    X = np.clip(np.tile(blocks, (3, 1, 1)) + rng.normal(0, 10, (90, 40, 36)), 0, 255).astype(np.uint8)[..., None]
    data = dataset(X, label=[("sick", "well")[k % 2] for k in range(90)])
    parted = [Fold("", np.arange(60), np.arange(0), np.arange(60, 90))]
    finding = finding_of("NEIGHBOUR_TEST", data, parted)
    assert finding_of("NEAR_TEST", data, parted) is None
    assert (finding.severity, finding.count) == ("warning", 30)
    assert finding.sentence.startswith("30 test images have very similar neighbours in the train")
    together = [
        Fold("", np.flatnonzero(np.arange(90) % 30 < 20), np.arange(0), np.flatnonzero(np.arange(90) % 30 >= 20))
    ]
    assert finding_of("NEIGHBOUR_TEST", data, together) is None
    assert finding_of("NEIGHBOUR_TEST", with_pseudo_patients(data), parted) is None

"""Identical and nearly identical images: within a set, across sets, in an external set."""

import numpy as np
import pytest
from audit_cases import dataset, finding_of, fold, images

from seimbang.imaging.digests import digests

CODES = ["DUPLICATE_WITHIN", "DUPLICATE_TEST", "DUPLICATE_VALIDATION", "NEAR_TEST", "NEAR_VALIDATION"]
EXTERNAL = ["EXTERNAL_DUPLICATE", "EXTERNAL_NEAR"]


def copied(pairs, change=0):
    """Return images where ``pairs[k][1]`` is a copy of ``pairs[k][0]``, ``change`` grey values off in one corner."""
    X = images() // 2 + 20
    for source, target in pairs:
        X[target] = X[source]
        X[target, :4, :4] += change
    return X


@pytest.mark.parametrize("code", CODES + EXTERNAL)
def test_silent_when_all_images_differ(code):
    external = {"B": dataset(images(30, seed=1), n=30, prefix="e")}
    assert finding_of(code, dataset(), external=external) is None


def test_identical_images_across_sets_are_a_leak_in_singular_and_plural():
    finding = finding_of("DUPLICATE_TEST", dataset(copied([(0, 2)])))
    assert (finding.severity, finding.count, finding.cases) == ("leak", 1, ("c000", "c002"))
    assert finding.sentence == "1 training image is also in the test set."
    finding = finding_of("DUPLICATE_TEST", dataset(copied([(0, 2), (3, 5), (1, 8)])))
    assert finding.sentence == "2 training images are also in the test set. 1 validation image is also in the test set."
    assert finding.count == 3


def test_identical_images_that_only_reach_validation_are_a_warning():
    data = dataset(copied([(0, 1)]))
    warning = finding_of("DUPLICATE_VALIDATION", data)
    assert (warning.severity, warning.cases) == ("warning", ("c000", "c001"))
    assert finding_of("DUPLICATE_TEST", data) is None


def test_identical_images_within_a_set_are_listed_side_by_side():
    finding = finding_of("DUPLICATE_WITHIN", dataset(copied([(0, 3), (0, 6), (2, 5)])))
    assert finding.sentence == "2 groups of identical images are within one set (5 images in all)."
    assert finding.cases in (("c000", "c003", "c006", "c002", "c005"), ("c002", "c005", "c000", "c003", "c006"))
    assert finding_of("DUPLICATE_WITHIN", dataset(copied([(0, 2)]))) is None


def test_without_a_split_identical_images_are_counted_in_the_whole():
    finding = finding_of("DUPLICATE_WITHIN", dataset(copied([(0, 2)])), folds=[])
    assert finding.sentence == "1 group of identical images is in the data (2 images in all)."


def test_the_split_of_the_source_is_used_where_there_is_no_plan():
    data = dataset(copied([(0, 2)]), split=["train", "validation", "test"] * 30)
    assert finding_of("DUPLICATE_TEST", data, folds=[]).count == 1


def test_folds_are_counted():
    folds = [fold("1"), fold("2", shift=1), fold("3", shift=2)]
    finding = finding_of("DUPLICATE_TEST", dataset(copied([(0, 2)])), folds)
    assert "1 training image is also in the test set (in 1 of 3 folds)." in finding.sentence


def test_nearly_identical_images_are_found_once_and_not_as_identical():
    data = dataset(copied([(0, 2), (3, 4)], change=3))
    leak, warning = finding_of("NEAR_TEST", data), finding_of("NEAR_VALIDATION", data)
    assert leak.sentence == "1 training image is nearly identical to images of the test set."
    assert (leak.severity, leak.cases) == ("leak", ("c000", "c002"))
    assert (warning.severity, warning.cases) == ("warning", ("c003", "c004"))
    assert finding_of("DUPLICATE_TEST", data) is None
    assert finding_of("NEAR_TEST", dataset(copied([(0, 2)]))) is None


def test_tables_have_no_nearly_identical_images_but_identical_cases():
    X = np.random.default_rng(0).normal(size=(90, 5)).astype(np.float32)
    X[2] = X[0]
    data = dataset(X, kind="table")
    assert finding_of("DUPLICATE_TEST", data).sentence == "1 training case is also in the test set."
    assert finding_of("NEAR_TEST", data, external={"B": data}) is None


def test_external_images_also_in_training_are_a_leak():
    data, X = dataset(), images(30, seed=1)
    X[4], X[5], X[6] = data.X[0], data.X[1], data.X[2]  # of training, validation, test
    leak = finding_of("EXTERNAL_DUPLICATE", data, external={"B": dataset(X, n=30, prefix="e")})
    assert (leak.severity, leak.cases) == ("leak", ("e004", "e005"))
    assert leak.sentence == "2 images of the external set B are also in the training or validation set."


def test_external_images_nearly_identical_to_training_ones_are_a_leak():
    data, X = dataset(images() // 2), images(30, seed=1)
    X[4], X[5] = data.X[0], data.X[1]
    X[4, :4, :4] += 3
    leak = finding_of("EXTERNAL_NEAR", data, external={"B": dataset(X, n=30, prefix="e")})
    assert (leak.severity, leak.cases) == ("leak", ("e004",))
    assert "nearly identical to images of the training" in leak.sentence


def test_digests_are_equal_only_for_equal_pixels():
    X = images(3)
    X[2] = X[0]
    first, second, third = digests(X)
    assert first == third != second

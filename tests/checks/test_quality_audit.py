"""Outliers in image quality, and a class predictable from image quality."""

import re

import numpy as np
import pytest
from audit_cases import dataset, finding_of
from scipy import ndimage

from seimbang.splits.base import Fold

NAME, SHORTCUT = "QUALITY_OUTLIERS", "QUALITY_SHORTCUT"


def scans(seed=0):
    """Return 90 images of patches, of about the same brightness, noise and sharpness."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 30, (90, 6, 6))
    smooth = ndimage.zoom(coarse, (1, 40 / 6, 36 / 6), order=1) + rng.normal(120, 4, (90, 1, 1))
    noise = rng.normal(0, 1, smooth.shape) * rng.uniform(3, 5, (90, 1, 1))
    return np.rint(smooth + noise).clip(1, 254).astype(np.uint8)[..., None]


def test_silent_where_all_are_similar():
    assert finding_of(NAME, dataset(scans())) is None


def test_dark_noisy_and_blurred_images_are_named():
    X = scans()
    X[4] = X[4] // 6
    X[7] = (X[7] + np.random.default_rng(1).normal(0, 40, X[7].shape)).clip(1, 254)
    finding = finding_of(NAME, dataset(X))
    assert (finding.severity, finding.count, finding.cases) == ("info", 2, ("c004", "c007"))
    assert finding.sentence.startswith("2 images have outlying quality: low brightness 1, low contrast 1")
    assert "high noise 1" in finding.sentence


def test_only_images_have_a_quality():
    assert finding_of(NAME, dataset(np.zeros((90, 5), np.float32), kind="table")) is None
    assert finding_of(SHORTCUT, dataset(np.zeros((90, 5), np.float32), kind="table")) is None


def area(finding):
    return float(re.search(r"AUC of (\d\.\d\d)", finding.sentence).group(1))


@pytest.mark.parametrize("change", ["noise", "blur", "clipping"])
def test_a_class_that_was_acquired_otherwise_is_found(change):
    X = scans().astype(np.float64)
    sick = X[::2]
    if change == "noise":
        sick += np.random.default_rng(1).normal(0, 5, sick.shape)
    elif change == "blur":
        sick[:] = ndimage.gaussian_filter(sick, (0, 1, 1, 0))
    else:
        sick[:, :2] = 0
    finding = finding_of(SHORTCUT, dataset(X.clip(0, 255).astype(np.uint8), label=["sick", "well"] * 45))
    assert (finding.severity, finding.count) == ("info", 60)  # without the 30 of the test set
    assert area(finding) > 0.95


def test_what_only_test_images_show_is_not_reported():
    X = scans().astype(np.float64)
    X[:60:2] += np.random.default_rng(1).normal(0, 20, X[:60:2].shape)
    X[1:60:2] = ndimage.gaussian_filter(X[1:60:2], (0, 1, 1, 0))
    data = dataset(X.clip(0, 255).astype(np.uint8), label=["sick", "well"] * 45)
    marked, unmarked = np.arange(60), np.arange(60, 90)
    assert finding_of(SHORTCUT, data, [Fold("", unmarked[:20], unmarked[20:], marked)]) is None
    assert area(finding_of(SHORTCUT, data, [Fold("", marked[:40], marked[40:], unmarked)])) > 0.95


def test_silent_where_classes_are_acquired_alike_whatever_they_show():
    X = scans()
    X[::2, 10:20, 10:20] = X[::2, 10:20, 10:20][:, ::-1] // 2 + X[::2, 20:30, 10:20] // 2
    assert finding_of(SHORTCUT, dataset(X, label=["sick", "well"] * 45)) is None


def test_patients_are_kept_together():
    rng = np.random.default_rng(3)
    patient = np.arange(90) // 3  # each has noise of its own, which says nothing of the disease
    own = rng.uniform(1, 20, 30)[patient][:, None, None, None]
    X = (scans() + rng.normal(0, 1, scans().shape) * own).clip(0, 255).astype(np.uint8)
    sick = rng.permutation(30)[patient] < 15
    label = ["sick" if positive else "well" for positive in sick]
    assert finding_of(SHORTCUT, dataset(X, label=label, group=[f"p{k}" for k in patient])) is None


def test_few_patients_of_a_class_say_nothing():
    X = scans().astype(np.float64)
    X[::2] += np.random.default_rng(1).normal(0, 9, X[::2].shape)
    group = [f"p{k // 2 % 9}" if k % 2 == 0 else f"q{k}" for k in range(90)]
    few = dataset(X.clip(0, 255).astype(np.uint8), label=["sick", "well"] * 45, group=group)
    assert finding_of(SHORTCUT, few) is None

"""Images unlike the others in quality are named."""

import numpy as np
from audit_cases import dataset, found
from scipy import ndimage

NAME = "QUALITY_OUTLIERS"


def scans(seed=0):
    """Return 90 images of patches, of about the same brightness, noise and sharpness."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 30, (90, 6, 6))
    smooth = ndimage.zoom(coarse, (1, 40 / 6, 36 / 6), order=1) + rng.normal(120, 4, (90, 1, 1))
    noise = rng.normal(0, 1, smooth.shape) * rng.uniform(3, 5, (90, 1, 1))
    return np.rint(smooth + noise).clip(1, 254).astype(np.uint8)[..., None]


def test_silent_where_all_are_alike():
    assert found(NAME, dataset(scans())) is None


def test_dark_noisy_and_blurred_images_are_named():
    X = scans()
    X[4] = X[4] // 6
    X[7] = (X[7] + np.random.default_rng(1).normal(0, 40, X[7].shape)).clip(1, 254)
    finding = found(NAME, dataset(X))
    assert (finding.severity, finding.count, finding.cases) == ("info", 2, ("c004", "c007"))
    assert finding.sentence.startswith("2 images are far from the others in quality: low brightness 1, low contrast 1")
    assert "high noise 1" in finding.sentence


def test_only_images_have_a_quality():
    assert found(NAME, dataset(np.zeros((90, 5), np.float32), kind="table")) is None

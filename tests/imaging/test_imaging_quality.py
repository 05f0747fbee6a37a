"""Measures of image quality on images whose quality is known."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from seimbang.imaging import quality
from seimbang.imaging.quality import measure, outlier_signs

RNG = np.random.default_rng(0)
Y, X_ = np.mgrid[:96, :120]
SMOOTH = 120 + 40 * np.sin(Y / 15) + 30 * np.cos(X_ / 11)
EDGES = np.where((Y // 24 + X_ // 30) % 2, 60.0, 190.0)


def of(pixels):
    """Return the measures of one image in floats or bytes."""
    pixels = np.rint(pixels).clip(0, 255).astype(np.uint8)
    return measure(pixels.reshape(1, *pixels.shape[:2], -1)).iloc[0]


def noisy(pixels, sigma):
    return pixels + RNG.normal(0, sigma, pixels.shape)


def test_brightness_contrast_and_clipped_share_by_numpy():
    X = RNG.integers(0, 256, (5, 20, 30, 1), dtype=np.uint8)
    measures = measure(X)
    assert measures.brightness.to_numpy() == pytest.approx(X.mean(axis=(1, 2, 3)))
    assert measures.contrast.to_numpy() == pytest.approx(X.std(axis=(1, 2, 3)))
    assert measures.clipped.to_numpy() == pytest.approx(np.isin(X, [0, 255]).mean(axis=(1, 2, 3)))


def test_entropy_of_known_histograms():
    assert of(np.arange(256).reshape(16, 16)).entropy == pytest.approx(8)
    assert of(np.tile([10, 200], (8, 4))).entropy == pytest.approx(1)
    assert of(np.full((8, 8), 9)).entropy == 0


def test_sharpness_is_the_variance_of_the_laplacian():
    grey = np.rint(EDGES)
    assert of(grey).sharpness == pytest.approx(ndimage.laplace(grey)[1:-1, 1:-1].var())
    blurred = [of(ndimage.gaussian_filter(noisy(EDGES, 3), sigma)).sharpness for sigma in (0, 1, 2, 4)]
    assert blurred == sorted(blurred, reverse=True)
    assert blurred[0] > 10 * blurred[2]


@pytest.mark.parametrize("sigma", [1, 2, 5, 10, 20])
@pytest.mark.parametrize("scene", [SMOOTH, EDGES, np.full(SMOOTH.shape, 120.0)], ids=["smooth", "edges", "flat"])
def test_noise_is_estimated_within_a_fifth(scene, sigma):
    assert of(noisy(scene, sigma)).noise == pytest.approx(sigma, rel=0.2)


def test_noise_is_not_taken_from_a_black_background():
    lesion = (Y - 48) ** 2 + (X_ - 60) ** 2 < 40**2  # less than half of the image
    assert of(np.where(lesion, noisy(SMOOTH, 6), 0)).noise == pytest.approx(6, rel=0.2)


def test_edges_and_slopes_are_no_noise():
    for scene in (SMOOTH, EDGES, X_ + Y / 2):
        assert of(scene).noise < 0.5


def test_median_of_counts():
    values = np.repeat([[0, 0, 1, 2, 2, 2, 5]], 3, axis=0).astype(np.int16)[:, None]
    counts = quality._counts(values, 7)
    assert counts[0].tolist() == [2, 1, 3, 0, 0, 1, 0]
    assert quality._median(counts)[0] == pytest.approx(1.5 + 0.5 / 3)  # half a case into the three twos
    assert quality._median(np.zeros((1, 7), np.int64)).tolist() == [0]


def test_colour_is_measured_on_its_luma():
    colour = RNG.integers(1, 255, (30, 40, 3)).astype(np.uint8)
    luma = np.asarray(Image.fromarray(colour).convert("L"))
    columns = ["brightness", "contrast", "entropy", "sharpness", "noise"]
    assert of(colour)[columns].to_numpy() == pytest.approx(of(luma)[columns].to_numpy())
    assert of(np.dstack([np.full((4, 4), 255), *[np.full((4, 4), 90)] * 2])).clipped == pytest.approx(1 / 3)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 2), (7, 2), (3, 3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiny_and_constant_images_give_numbers(size, channels):
    measures = measure(np.full((4, *size, channels), 77, np.uint8))
    assert len(measures) == 4
    assert measures.iloc[0].drop("noise").tolist() == [77, 0, 0, 0, 0]
    assert measures.noise.max() < 0.07
    assert np.isfinite(measure(RNG.integers(0, 256, (4, *size, channels), dtype=np.uint8))).all(axis=None)


def test_blocks_change_nothing(monkeypatch):
    X = RNG.integers(0, 256, (23, 12, 10, 3), dtype=np.uint8)
    whole = measure(X)
    monkeypatch.setattr(quality, "_BLOCK_BYTES", 5 * 8 * quality._MAX_RESPONSE)
    pd.testing.assert_frame_equal(measure(X), whole, rtol=1e-12)
    assert measure(X[:0]).empty
    assert list(measure(X[:0]).columns) == list(whole.columns)


def test_outliers_on_both_sides_and_on_skewed_measures():
    values = pd.DataFrame({"a": RNG.normal(10, 1, 999), "b": RNG.exponential(1, 999) ** 2, "c": np.zeros(999)})
    values.loc[3, "a"], values.loc[5, "a"] = 25, -5
    signs = outlier_signs(values)
    assert (signs.a[3], signs.a[5], signs.a.abs().sum()) == (1, -1, 2)
    assert (signs.b >= 0).all()
    assert not signs.c.any()
    assert outlier_signs(values[:1]).eq(0).all(axis=None)

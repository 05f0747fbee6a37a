"""Thumbnails, close pairs and the correlation of whole images, each against a plain computation."""

import numpy as np
import pytest

from seimbang.imaging.similarity import close_pairs, near_identical, similarity, thumbnails


def noise(n, shape=(40, 36, 1)):
    return np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(150, 150, 1), (33, 70, 3), (20, 8, 1)])
def test_thumbnails_are_standardised_and_blank_ones_correlate_with_nothing(shape):
    X = np.random.default_rng(0).integers(0, 256, (4, *shape), dtype=np.uint8)
    X[3] = 255
    small = thumbnails(X)
    assert small.shape == (4, min(shape[0], 32) * min(shape[1], 32))
    np.testing.assert_allclose(small.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose((small**2).sum(axis=1), [1, 1, 1, 0], atol=1e-5)


def test_thumbnail_pixels_are_means_of_the_pixels_they_cover():
    X = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 1), dtype=np.uint8)
    means = X[0, :, :, 0].reshape(32, 2, 32, 3).mean(axis=(1, 3)).ravel()
    means -= means.mean()
    np.testing.assert_allclose(thumbnails(X)[0], means / np.linalg.norm(means), atol=1e-6)


def test_near_identical_equals_a_plain_comparison_over_several_blocks():
    small = thumbnails(noise(1500))
    small[1400] = small[3]
    first, second = near_identical(small[:1100], small[1100:])
    assert np.flatnonzero(first).tolist() == [3]
    assert np.flatnonzero(second).tolist() == [300]


def test_colour_counts_as_its_mean():
    X = noise(3, (50, 45, 3))
    grey = X.mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(thumbnails(X), thumbnails(grey), atol=1e-6)


@pytest.mark.parametrize("block_bytes", [1 << 24, 1 << 13])
def test_close_pairs_equal_a_plain_comparison(block_bytes, monkeypatch):
    monkeypatch.setattr("seimbang.imaging.similarity._BLOCK_BYTES", block_bytes)
    small = thumbnails(noise(120))
    small[[7, 50, 119]] = small[3]
    first, second, value = close_pairs(small, 0.5, max_pairs=2)
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    assert pairs == sorted(pairs)
    assert {(7, 50), (7, 119), (50, 119)} < set(pairs)
    assert len([pair for pair in pairs if pair[0] == 3]) == 2
    np.testing.assert_allclose(value, 1, atol=1e-5)
    assert len(close_pairs(small, 1.1, max_pairs=2)[0]) == 0


def test_any_number_of_equal_images_stays_connected():
    small = np.repeat(thumbnails(noise(1)), 40, axis=0)
    first, _, _ = close_pairs(small, 0.9, max_pairs=1)
    assert set(first) == set(range(39))


def test_similarity_is_the_correlation_of_all_pixels():
    X = noise(6)
    X[5] = 90
    X[4] = X[0] // 2 + 20
    first, second = np.array([0, 0, 1]), np.array([1, 4, 5])
    flat = X.reshape(6, -1).astype(float)
    expected = [np.corrcoef(flat[0], flat[1])[0, 1], np.corrcoef(flat[0], flat[4])[0, 1], 0]
    np.testing.assert_allclose(similarity(X, first, second), expected, atol=1e-5)

"""Balancing by augmentation: changed copies of real images, described and not stored."""

from pathlib import Path

import numpy as np
import pytest

from seimbang.balance import make
from seimbang.imaging.augment import Augmentation, augment_rows
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode

KIDNEY = Path(__file__).parents[3] / "shared" / "data" / "kidney_ct"

NOTHING = {"method": "augment", "rotation": 0, "flip_left_right": False, "flip_top_bottom": False}


def data(counts=(60, 12, 25), low=0, high=256):
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.int64)
    return rng.integers(low, high, (len(y), 9, 8, 1), dtype=np.uint8), y


@pytest.mark.parametrize(("ratio", "after"), [(1.0, [60, 60, 60]), (0.4, [60, 24, 25])])
def test_each_class_comes_up_to_the_ratio_and_none_goes_down(ratio, after):
    X, y = data()
    recipe = make({"method": "augment", "ratio": ratio}).recipe(X, y, 0)
    assert np.bincount(recipe.y).tolist() == after
    np.testing.assert_array_equal(recipe.real, np.arange(len(y)))
    assert len(recipe.seeds) == len(recipe.i) == len(np.unique(recipe.seeds))


def test_a_new_row_is_its_one_parent_changed_by_its_seed():
    X, y = data()
    recipe = make({"method": "augment", "zoom": 0.2}).recipe(X, y, 3)
    np.testing.assert_array_equal(recipe.i, recipe.j)
    settings = Augmentation(rotation=10, flip_left_right=True, flip_top_bottom=True, zoom=0.2)
    expected = augment_rows(X[recipe.i].astype(np.float32), recipe.seeds, settings)
    np.testing.assert_array_equal(recipe.materialize(X)[0][len(y) :], expected)
    np.testing.assert_array_equal(recipe.materialize(X)[0][: len(y)], X)


def test_other_seeds_give_other_rows():
    X, y = data()
    first, second = (make({"method": "augment"}).recipe(X, y, seed).materialize(X)[0] for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_with_nothing_on_it_is_oversampling():
    X, y = data()
    rows = make(NOTHING).recipe(X, y, 0).materialize(X)[0]
    np.testing.assert_array_equal(rows, make({"method": "oversample"}).recipe(X, y, 0).materialize(X)[0])


def test_close_bytes_never_wrap_around():
    X, y = data(low=150, high=160)
    rows, _ = make({"method": "augment", "shift": 0.2, "crop": 0.2}).recipe(X, y, 0).materialize(X)
    assert rows.min() >= 150 - 1e-4
    assert rows.max() <= 159 + 1e-4


def test_a_balanced_class_gets_nothing_new():
    X, y = data((20, 20))
    assert len(make({"method": "augment"}).recipe(X, y, 0).i) == 0


@pytest.mark.skipif(not KIDNEY.is_dir(), reason="real data absent: no ../shared/data/kidney_ct beside the repository")
def test_real_slices_stay_like_their_parents_and_are_counted():
    files = [file for name, n in (("Normal", 60), ("Stone", 15)) for file in sorted((KIDNEY / name).iterdir())[:n]]
    X = np.stack([decode(file.read_bytes(), ImageSettings(size=(64, 64)), file.name) for file in files])
    y = (np.arange(75) >= 60).astype(np.int64)
    recipe = make({"method": "augment", "flip_left_right": False, "flip_top_bottom": False}).recipe(X, y, 0)
    assert np.bincount(recipe.y).tolist() == [60, 60]
    assert len(recipe.i) == 45
    synthetic, parents = recipe.materialize(X)[0][75:].reshape(45, -1), X[recipe.i].reshape(45, -1)
    similarity = [np.corrcoef(case, parent)[0, 1] for case, parent in zip(synthetic, parents, strict=True)]
    assert min(similarity) > 0.6
    assert max(similarity) < 1 - 1e-6

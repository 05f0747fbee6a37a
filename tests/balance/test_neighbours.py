"""The neighbour search: exact, in the order of distance then position, in memory that does not grow with the images."""

import tracemalloc

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from seimbang.balance.adasyn import Adasyn
from seimbang.balance.kmeans_smote import KmeansSmote
from seimbang.balance.neighbours import neighbours
from seimbang.balance.smote import Smote
from seimbang.balance.svm_smote import SvmSmote


def by_definition(X, rows, k):
    values = X[rows].reshape(len(rows), -1).astype(np.int64 if X.dtype.kind in "iu" else np.float64)
    distances = ((values[:, None] - values[None]) ** 2).sum(-1).astype(float)
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("memory", [1, 24 * 41 * 7, 2**20])
@pytest.mark.parametrize("shape", [(60, 3), (60, 45, 50, 1), (60, 7, 5, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_neighbours_are_those_of_the_definition(memory, shape, dtype):
    X = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    rows = np.random.default_rng(1).permutation(60)[:41]
    np.testing.assert_array_equal(neighbours(X, rows, 4, memory), by_definition(X, rows, 4))


def test_distances_of_large_images_are_exact_to_the_last_unit():
    X = np.full((4, 224, 224, 3), 255, np.uint8)
    X[1], X[2], X[3] = 0, 0, 0
    X[2].flat[0] = 1  # nearer to row 0 by 509 in 9.8e9, which float32 cannot see
    X[3].flat[:2] = 1
    assert neighbours(X, np.arange(4), 3)[0].tolist() == [3, 2, 1]


def test_equal_distances_come_in_the_order_of_the_rows():
    X = np.array([[0], [1], [1], [0], [1]], np.uint8)
    assert neighbours(X, np.arange(5), 4)[0].tolist() == [3, 1, 2, 4]


def peak(side, count, tmp_path):
    path = tmp_path / f"{side}_{count}.npy"
    X = np.lib.format.open_memmap(path, "w+", np.uint8, (count, side, side, 3))
    X[:] = np.random.default_rng(0).integers(0, 256, X.shape, dtype=np.uint8)
    tracemalloc.start()
    neighbours(np.load(path, mmap_mode="r"), np.arange(count), 5, 2**20)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return used


def test_memory_does_not_grow_with_the_images(tmp_path):
    assert peak(120, 200, tmp_path) < 1.05 * peak(40, 200, tmp_path)


def test_memory_grows_no_faster_than_their_number(tmp_path):
    assert peak(20, 1600, tmp_path) < 2.2 * peak(20, 800, tmp_path)


@pytest.mark.parametrize(
    "balance", [Smote(k=5), Adasyn(k=5), KmeansSmote(k=2), SvmSmote(k=5)], ids=lambda one: one.title
)
def test_the_number_of_threads_changes_nothing_where_distances_are_equal(balance):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [1100, 500])
    X = (rng.integers(0, 3, (1600, 40)) + y[:, None]) / 7  # a table of scores: many distances are equal
    recipes = []
    for number in (1, 2, 3):
        with threadpool_limits(number):
            recipes.append(balance.recipe(X, y, 0))
    for other in recipes[1:]:
        np.testing.assert_array_equal(other.j, recipes[0].j)
        np.testing.assert_array_equal(other.delta, recipes[0].delta)

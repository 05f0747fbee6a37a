"""A recipe makes its rows in float, whatever the type of the pixels."""

import numpy as np

from seimbang.balance.base import Recipe


def recipe():
    return Recipe(np.array([0, 1, 1]), np.array([0]), np.array([1]), np.array([0.25]), np.array([0, 1, 1, 1]))


def test_uint8_differences_do_not_wrap_around():
    X = np.stack([np.full((2, 2, 1), 159, np.uint8), np.full((2, 2, 1), 150, np.uint8)])
    rows, y = recipe().materialize(X)
    np.testing.assert_allclose(rows[3], 159 - 0.25 * 9)
    assert rows.dtype == np.float32
    assert y.tolist() == [0, 1, 1, 1]


def test_draw_gives_the_rows_asked_for_in_order():
    X = np.arange(6, dtype=np.float32).reshape(2, 3)
    rows = recipe().draw(X, np.array([3, 0]))
    np.testing.assert_allclose(rows, [[0.75, 1.75, 2.75], [0, 1, 2]])

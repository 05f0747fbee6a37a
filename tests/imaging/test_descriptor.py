"""What tells kinds of pictures apart: edges by place and direction, and colours."""

import numpy as np
import pytest

from seimbang.imaging.descriptor import CHANGES, describe


def ramp(direction, size=64):
    down, right = np.mgrid[:size, :size] * 3
    return {"right": right, "left": 190 - right, "down": down, "up": 190 - down}[direction].astype(np.uint8)[
        None, ..., None
    ]


@pytest.mark.parametrize(("direction", "bin"), [("right", 0), ("down", 2), ("left", 4), ("up", 6)])
def test_a_ramp_has_its_own_direction_in_every_cell(direction, bin):
    cells = describe(ramp(direction)).reshape(8, 16)
    assert (cells[bin] > 1.5).all()
    assert (np.delete(cells, bin, 0) == 0).all()


def test_an_inverted_picture_is_another_and_a_brighter_one_is_not():
    X = np.random.default_rng(0).integers(0, 200, (3, 40, 50, 1), dtype=np.uint8)
    assert np.abs(describe(X + 40) - describe(X)).max() < 1e-5
    assert np.abs(describe(255 - X) - describe(X)).max() > 0.1


@pytest.mark.parametrize("size", [(64, 64), (150, 150), (512, 512)])
def test_the_descriptor_of_a_picture_hardly_depends_on_its_size(size):
    down, right = np.meshgrid(*(np.linspace(0, 3, side) for side in size), indexing="ij")
    X = (120 + 100 * np.sin(down**2 + right)).astype(np.uint8)[None, ..., None]
    small = describe(X)
    assert small.shape == (1, 128)
    down, right = np.meshgrid(*[np.linspace(0, 3, 96)] * 2, indexing="ij")
    other = describe((120 + 100 * np.sin(down**2 + right)).astype(np.uint8)[None, ..., None])
    assert np.abs(small - other).mean() < 0.1


def test_a_colour_picture_has_its_colours_too():
    grey = np.full((1, 20, 20, 3), 90, np.uint8)
    red = grey.copy()
    red[..., 0] = 190
    assert describe(grey).shape == (1, 160)
    assert (describe(red)[0, 128:144] == 100).all()
    assert not describe(grey).any()


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (3, 70)])
def test_pictures_of_any_size_have_one(shape):
    described = describe(np.random.default_rng(0).integers(0, 255, (2, *shape, 1), dtype=np.uint8))
    assert np.isfinite(described).all()


def test_each_change_is_undone_by_one_of_them():
    X = np.random.default_rng(0).integers(0, 255, (2, 5, 7, 1), dtype=np.uint8)
    for change in CHANGES.values():
        assert any(np.array_equal(back(change(X)), X) for back in CHANGES.values())
        assert not np.array_equal(change(X), X)

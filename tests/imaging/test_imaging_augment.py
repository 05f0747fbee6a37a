"""Augmentation: each image by its own seed, within the range, and geometry that numpy agrees with."""

import numpy as np
import pytest
from pydantic import ValidationError

from seimbang.imaging import augment as module
from seimbang.imaging.augment import DRAWS, Augmentation
from seimbang.imaging.augment import augment_rows as augment
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.cache import stored

SETTINGS = {
    "rotation": 30.0,
    "flip_left_right": True,
    "flip_top_bottom": True,
    "shift": 0.2,
    "zoom": 0.3,
    "crop": 0.4,
    "brightness": 0.3,
    "contrast": 0.4,
    "noise": 0.1,
    "gamma": 0.5,
    "erase": 0.3,
    "stretch": 0.3,
    "blur": 2.0,
}
ALL = Augmentation(**SETTINGS)


def images(n=9, shape=(20, 27, 1), low=0, high=256):
    return np.random.default_rng(0).integers(low, high, (n, *shape)).astype(np.float32)


def drawn(monkeypatch, **values):
    """Let every image draw these numbers in [-1, 1] by name, and 0 for the others."""

    def draw(seeds):
        numbers = {name: np.full(len(seeds), values.pop(name, 0.0), np.float32) for name in DRAWS}
        assert not values
        return numbers, np.zeros(len(seeds), np.int32)

    monkeypatch.setattr(module, "_draw", draw)


@pytest.mark.parametrize("shape", [(20, 27, 1), (33, 16, 3)])
@pytest.mark.parametrize("name", [*SETTINGS, "all"])
def test_an_image_is_changed_by_its_own_seed_whatever_its_batch_and_place(name, shape):
    settings = ALL if name == "all" else Augmentation(**{name: SETTINGS[name]})
    X, seeds = images(shape=shape), np.arange(9) + 2**62
    made = augment(X, seeds, settings)
    assert made.shape == X.shape
    assert made.dtype == np.float32
    order = np.array([7, 2, 5])
    np.testing.assert_array_equal(augment(X[order], seeds[order], settings), made[order])
    np.testing.assert_array_equal(augment(X[4:5], seeds[4:5], settings), made[4:5])
    assert not np.array_equal(augment(X, seeds + 9, settings), made)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_changes_one_image_differently_by_the_seed(name):
    made = augment(np.repeat(images(1), 9, axis=0), np.arange(9), Augmentation(**{name: SETTINGS[name]}))
    assert len(np.unique(made.reshape(9, -1), axis=0)) >= 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("flip_top_bottom",), ("rotation", "shift")),
        (("flip_left_right", "flip_top_bottom"), ("blur", "erase")),
        (("rotation", "zoom", "crop", "stretch"), ("gamma",)),
        (("gamma",), ("brightness", "contrast")),
        (("blur",), ("noise",)),
        (("brightness",), ("erase",)),
    ],
)
def test_what_a_setting_draws_does_not_depend_on_the_others(first, second):
    X, seeds = images(low=60, high=190), np.arange(9)
    settings = SETTINGS | {"brightness": 0.1, "contrast": 0.1, "noise": 0.02, "gamma": 0.1}
    one, two = (Augmentation(**{name: settings[name] for name in names}) for names in (first, second))
    both = Augmentation(**{name: settings[name] for name in first + second})
    np.testing.assert_allclose(augment(augment(X, seeds, one), seeds, two), augment(X, seeds, both), atol=5e-3)


def test_nothing_on_is_the_identity():
    X = images()
    np.testing.assert_array_equal(augment(X, np.arange(9), Augmentation()), X)


def test_a_turn_by_0_degrees_and_no_shift_are_the_identity(monkeypatch):
    X = images()
    drawn(monkeypatch)
    np.testing.assert_allclose(augment(X, np.arange(9), Augmentation(rotation=90, shift=0.5, zoom=0.5)), X, atol=2e-3)


@pytest.mark.parametrize(("share", "quarters"), [(1 / 2, 1), (-1 / 2, -1), (1.0, 2)])
def test_turns_by_right_angles_are_numpy_s(monkeypatch, share, quarters):
    X = images(shape=(21, 21, 3))
    drawn(monkeypatch, turn=share)
    expected = np.rot90(X, quarters, axes=(1, 2))
    np.testing.assert_allclose(augment(X, np.arange(9), Augmentation(rotation=180)), expected, atol=5e-3)


def test_a_turn_keeps_the_shape_of_things_on_oblong_images(monkeypatch):
    X = images(shape=(20, 30, 1))
    drawn(monkeypatch, turn=1 / 2)
    made = augment(X, np.arange(9), Augmentation(rotation=180))
    np.testing.assert_allclose(made[:, :, 5:25], np.rot90(X[:, :, 5:25], axes=(1, 2)), atol=5e-3)


def test_flips_are_numpy_s_and_half_of_the_images_are_flipped():
    X, seeds = images(400, (6, 5, 1)), np.arange(400)
    made = augment(X, seeds, Augmentation(flip_left_right=True))
    flipped = np.array([not np.array_equal(a, b) for a, b in zip(X, made, strict=True)])
    np.testing.assert_array_equal(made[flipped], X[flipped, :, ::-1])
    assert 160 < flipped.sum() < 240
    made = augment(X, seeds, Augmentation(flip_top_bottom=True))
    flipped = np.array([not np.array_equal(a, b) for a, b in zip(X, made, strict=True)])
    np.testing.assert_array_equal(made[flipped], X[flipped, ::-1])


def test_a_shift_repeats_the_border(monkeypatch):
    X = images(shape=(20, 20, 1))
    drawn(monkeypatch, shift_y=1.0, shift_x=-0.5)
    made = augment(X, np.arange(9), Augmentation(shift=0.2))
    expected = np.pad(X, ((0, 0), (0, 4), (2, 0), (0, 0)), "edge")[:, 4:, :20]
    np.testing.assert_allclose(made, expected, atol=2e-3)


def test_a_crop_enlarges_a_window_of_the_image(monkeypatch):
    X = np.kron(images(shape=(4, 4, 1)), np.ones((1, 16, 16, 1), np.float32))
    drawn(monkeypatch, crop=1.0, crop_y=-1.0, crop_x=-1.0)  # half of each side, at the top left
    made = augment(X, np.arange(9), Augmentation(crop=0.5))
    expected = np.kron(X[:, :32, :32], np.ones((1, 2, 2, 1)))
    inside = np.s_[:, 4:-4:16, 4:-4:16]
    np.testing.assert_allclose(made[inside], expected[inside], atol=2e-3)


def test_brightness_and_contrast_are_those_of_the_definition(monkeypatch):
    X = images(low=100, high=130)
    drawn(monkeypatch, brightness=1.0, contrast=-1.0)
    made = augment(X, np.arange(9), Augmentation(brightness=0.1, contrast=0.2))
    mean = X.mean((1, 2, 3), keepdims=True)
    np.testing.assert_allclose(made, mean + 0.8 * (X - mean) + 25.5, rtol=1e-5)


def test_a_stretch_widens_as_much_as_it_flattens(monkeypatch):
    X = np.zeros((9, 41, 41, 1), np.float32)
    X[:, 10:31, 10:31] = 255  # a square of 21
    drawn(monkeypatch, stretch=1.0)
    made = augment(X, np.arange(9), Augmentation(stretch=np.log(1.5))) > 127
    assert set(made[:, 20].sum((1, 2))) <= {31, 32}
    assert set(made[:, :, 20].sum((1, 2))) <= {13, 14, 15}


@pytest.mark.parametrize("u", [1.0, -0.5])
def test_a_blur_spreads_a_point_as_a_gaussian_does(monkeypatch, u):
    X = np.zeros((9, 41, 41, 1), np.float32)
    X[:, 20, 20] = 255
    drawn(monkeypatch, blur=u)
    made = augment(X, np.arange(9), Augmentation(blur=3)).astype(np.float64)
    places = np.arange(41) - 20
    np.testing.assert_allclose(made.sum((1, 2, 3)), 255, rtol=1e-4)
    for axis in (1, 2):
        variance = (made.sum((3 - axis, 3)) * places**2).sum(1) / 255
        np.testing.assert_allclose(variance, (3 * u) ** 2, rtol=0.02)


@pytest.mark.parametrize("u", [1.0, -0.5])
def test_gamma_is_the_power_of_the_definition(monkeypatch, u):
    X = images()
    drawn(monkeypatch, gamma=u)
    made = augment(X, np.arange(9), Augmentation(gamma=0.4))
    np.testing.assert_allclose(made, 255 * (X / 255) ** np.exp(0.4 * u), rtol=1e-4)


@pytest.mark.parametrize(
    ("u", "rows", "columns"),
    [
        ((1.0, 0.0, -1.0, 1.0), slice(0, 10), slice(20, 40)),  # a quarter of the area, top right
        ((-0.25, 0.0, 1.0, -1.0), slice(15, 20), slice(0, 10)),  # a sixteenth, bottom left
        ((1.0, 1.0, 0.0, -1.0), slice(7, 13), slice(0, 37)),  # as flat as it may be, in the middle
    ],
)
def test_what_is_erased_is_a_rectangle_with_the_mean_of_the_image(monkeypatch, u, rows, columns):
    X = images(shape=(20, 40, 3))
    drawn(monkeypatch, **dict(zip(("area", "sides", "place_y", "place_x"), u, strict=True)))
    expected = X.copy()
    expected[:, rows, columns] = X.mean((1, 2), keepdims=True)
    np.testing.assert_allclose(augment(X, np.arange(9), Augmentation(erase=0.25)), expected, rtol=1e-5)


def test_no_more_is_erased_than_asked_for_and_everywhere():
    X = images(300, (30, 30, 1))
    hidden = augment(X, np.arange(300), Augmentation(erase=0.3)) != X
    shares = hidden.mean((1, 2, 3))
    assert shares.max() < 0.33  # sides are whole pixels
    assert shares.mean() == pytest.approx(0.15, abs=0.02)
    assert hidden.any(0).mean() > 0.97  # a corner is hardly ever reached


def test_a_share_of_the_images_is_left_as_it_is_and_the_rest_changes_as_without():
    X, seeds = images(300), np.arange(300)
    made, every = augment(X, seeds, Augmentation(**SETTINGS, share=0.7)), augment(X, seeds, ALL)
    kept = (made == X).all((1, 2, 3))
    assert 60 <= kept.sum() <= 120
    np.testing.assert_array_equal(made[~kept], every[~kept])
    np.testing.assert_array_equal(augment(X[7:9], seeds[7:9], Augmentation(**SETTINGS, share=0.7)), made[7:9])


def test_a_batch_of_which_none_changes_stays_as_it_is():
    X, seeds, rarely = images(), np.arange(9), Augmentation(**SETTINGS, share=1e-6)
    np.testing.assert_array_equal(augment(X, seeds, rarely), X)


def test_noise_has_the_standard_deviation_asked_for():
    X = np.full((4, 100, 100, 1), 128, np.float32)
    noise = augment(X, np.arange(4), Augmentation(noise=0.05)) - X
    assert noise.std() == pytest.approx(0.05 * 255, rel=0.02)
    assert abs(noise.mean()) < 0.1
    assert np.abs(np.corrcoef(noise.reshape(4, -1)) - np.eye(4)).max() < 0.05
    for axis in (1, 2):
        near = np.corrcoef(noise.take(range(99), axis).ravel(), noise.take(range(1, 100), axis).ravel())[0, 1]
        assert abs(near) < 0.02


def test_noise_is_normally_distributed():
    from scipy.stats import kstest

    noise = augment(np.full((1, 150, 151, 1), 128, np.float32), np.array([5]), Augmentation(noise=0.05)) - 128
    assert kstest(noise.ravel() / (0.05 * 255), "norm").pvalue > 0.01


def test_draws_are_uniform_and_unrelated_also_for_seeds_in_a_row():
    draws, keys = module._draw(np.arange(4000) + 2**62)
    numbers = np.stack([draws[name] for name in DRAWS])
    assert numbers.min() >= -1
    assert numbers.max() < 1
    assert np.abs(numbers.mean(1)).max() < 0.05
    np.testing.assert_allclose(numbers.std(1), 3**-0.5, atol=0.02)
    assert np.abs(np.corrcoef(numbers) - np.eye(len(DRAWS))).max() < 0.08
    assert max(abs(np.corrcoef(row[:-1], row[1:])[0, 1]) for row in numbers) < 0.08
    assert len(np.unique(keys)) > 3990


@pytest.mark.parametrize("threads", [1, 2])
def test_a_large_image_is_the_same_alone_and_in_a_batch_with_any_number_of_threads(threads):
    import torch

    X, seeds, before = images(3, (210, 211, 1)), np.arange(3), torch.get_num_threads()
    expected = augment(X, seeds, ALL)
    torch.set_num_threads(threads)
    try:
        np.testing.assert_array_equal(augment(X, seeds, ALL), expected)
        np.testing.assert_array_equal(augment(X[1:2], seeds[1:2], ALL), expected[1:2])
    finally:
        torch.set_num_threads(before)


def test_values_stay_in_the_range_and_the_input_is_left_alone():
    X = images(64)
    before = X.copy()
    made = augment(X, np.arange(64), Augmentation(**SETTINGS | {"brightness": 0.9, "noise": 0.9}))
    assert made.min() == 0
    assert made.max() == 255
    np.testing.assert_array_equal(X, before)


def test_geometry_invents_no_value():
    X = images(64, low=150, high=160)
    off = {"brightness": 0.0, "contrast": 0.0, "noise": 0.0, "gamma": 0.0}
    made = augment(X, np.arange(64), ALL.model_copy(update=off))
    assert made.min() >= 150 - 1e-4
    assert made.max() <= 159 + 1e-4


@pytest.mark.parametrize(
    "wrong",
    [{"zoom": 2}, {"shift": -0.1}, {"crop": 1}, {"noise": float("nan")}, {"flip_left_right": 1}, {"x": 1}],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        Augmentation(**wrong)


def test_augmentation_is_no_part_of_what_is_decoded(tmp_path):
    plain, changing = ImageSettings(size=(4, 5)), ImageSettings(size=(4, 5), augment=ALL, flip_test=True)
    X = np.arange(20, dtype=np.uint8).reshape(1, 4, 5, 1)
    stored(["a"], plain, lambda: X, tmp_path)
    np.testing.assert_array_equal(stored(["a"], changing, lambda: pytest.fail("made again"), tmp_path)[0], X)

"""Each step of preparing an image against what it should be, their order, and images on which a step could stumble."""

import io

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError
from scipy import ndimage
from skimage.exposure import equalize_adapthist, equalize_hist

from seimbang.imaging import prepare
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.cache import stored
from seimbang.imaging.decode import decode, open_native, to_pixels

RNG = np.random.default_rng(0)
WAVES = 100 + 40 * np.sin(np.add.outer(np.arange(64), 2 * np.arange(80)) / 9)
GREY = np.rint(WAVES + RNG.normal(0, 8, WAVES.shape)).astype(np.uint8)
COLOUR = np.stack([GREY, 255 - GREY, GREY // 2], axis=2)
ON = [
    {"border": 0.2},
    {"filter": "median"},
    {"filter": "gaussian"},
    {"contrast": "equalise"},
    {"contrast": "clahe"},
    {"normalise": "minmax"},
    {"normalise": "zscore"},
]


def prepared(pixels, channels=1, **steps):
    settings = ImageSettings(size=pixels.shape[:2], channels=channels, **steps)
    result = to_pixels(Image.fromarray(pixels), settings)
    assert result.dtype == np.uint8
    assert result.shape == (*pixels.shape[:2], channels)
    return result[..., 0] if channels == 1 else result


def test_by_default_no_step_changes_a_pixel():
    assert np.array_equal(prepared(GREY), GREY)
    assert np.array_equal(prepared(COLOUR, 3), COLOUR)


@pytest.mark.parametrize("step", ON, ids=str)
def test_each_step_has_a_cache_entry_of_its_own_and_comes_back(step, tmp_path):
    asked = ImageSettings(size=GREY.shape, **step)
    assert ImageSettings.model_validate(asked.model_dump(mode="json")) == asked
    for settings in (asked, ImageSettings(size=GREY.shape)):
        X, _ = stored(
            ["test"], settings, lambda settings=settings: [to_pixels(Image.fromarray(GREY), settings)], tmp_path
        )
        assert np.array_equal(X[0], to_pixels(Image.fromarray(GREY), settings))
    assert len(list(tmp_path.glob("*.npy"))) == 2


def test_the_order():
    names = [step.__name__ for step in prepare.STEPS]
    assert names == ["crop", "resize", "recolour", "smooth", "contrast", "normalise"]
    result = prepared(GREY, filter="median", contrast="equalise", normalise="zscore")
    step_by_step = prepared(prepared(prepared(GREY, filter="median"), contrast="equalise"), normalise="zscore")
    assert np.array_equal(result, step_by_step)
    assert not np.array_equal(
        result, prepared(prepared(GREY, normalise="zscore"), filter="median", contrast="equalise")
    )


def test_border_is_cut_off_before_resizing():
    framed = np.full((40, 60), 200, np.uint8)
    framed[8:-8, 12:-12] = 50
    assert (prepared(framed, border=0.2) == 50).all()
    assert (prepared(framed, border=0.19) != 50).any()
    assert np.array_equal(
        to_pixels(Image.fromarray(GREY), ImageSettings(size=(32, 40), border=0.25)), GREY[16:48, 20:60, None]
    )


def test_a_large_jpeg_is_not_decoded_smaller_than_what_the_border_leaves():
    file = io.BytesIO()
    sharp = Image.fromarray(np.kron(RNG.integers(0, 2, (200, 200)), np.ones((4, 4))).astype(np.uint8) * 255)
    sharp.save(file, "JPEG", quality=95)
    asked = ImageSettings(size=(50, 50), border=0.45)
    exact = np.asarray(sharp.crop((360, 360, 440, 440)).resize((50, 50), Image.Resampling.BILINEAR)).astype(float)
    assert np.abs(decode(file.getvalue(), asked, "a")[..., 0] - exact).mean() < 6


def test_filters_against_scipy():
    assert np.array_equal(prepared(GREY, filter="median"), ndimage.median_filter(GREY, 3, mode="nearest"))
    exact = ndimage.gaussian_filter(GREY.astype(float), 1, mode="nearest")
    assert np.abs(prepared(GREY, filter="gaussian") - exact).max() < 3  # Pillow's is made of boxes
    red = prepared(COLOUR, 3, filter="median")[..., 0]
    assert np.array_equal(red, ndimage.median_filter(COLOUR[..., 0], 3, mode="nearest"))


def test_equalise_against_scikit_image():
    result = prepared(GREY, contrast="equalise")
    share = equalize_hist(GREY, nbins=256)
    exact = 255 * (share - share.min()) / (1 - share.min())
    assert np.abs(result - exact).max() < 1.5
    assert (result.min(), result.max()) == (0, 255)
    assert prepared(np.array([[10, 20, 20, 30]], np.uint8), contrast="equalise").tolist() == [[0, 170, 170, 255]]
    flat = RNG.permutation(np.arange(39 * 39) % 256).astype(np.uint8).reshape(39, 39)
    assert (prepared(flat, contrast="equalise") == 255).mean() < 0.01


def test_clahe_is_scikit_images_and_raises_local_contrast():
    result = prepared(GREY, contrast="clahe")
    assert np.array_equal(result, np.rint(255 * equalize_adapthist(GREY)))
    dark = np.where(np.arange(80) < 40, GREY // 8, GREY)
    assert prepared(dark, contrast="clahe")[:, :30].std() > 2 * dark[:, :30].std()


@pytest.mark.parametrize("contrast", ["equalise", "clahe"])
def test_contrast_of_a_colour_image_keeps_its_hues(contrast):
    pastel = np.rint(110 + (COLOUR.astype(float) - 110) / 8).astype(np.uint8)
    result = prepared(pastel, 3, contrast=contrast)
    before, after = (np.asarray(Image.fromarray(one).convert("YCbCr")).astype(int) for one in (pastel, result))
    assert after[..., 0].std() > 2 * before[..., 0].std()
    inside = ((result > 0) & (result < 255)).all(axis=2)  # where a channel is cut off, hue is not kept
    assert inside.mean() > 0.5
    assert np.abs(after - before)[inside][:, 1:].max() <= 3


def test_minmax_and_zscore():
    assert np.array_equal(prepared(np.array([[100, 101, 110]], np.uint8), normalise="minmax"), [[0, 26, 255]])
    values = GREY.astype(float)
    z = (values - values.mean()) / values.std()
    assert np.array_equal(prepared(GREY, normalise="zscore"), np.rint(128 + 40 * z))
    spike = np.zeros((20, 20), np.uint8)
    spike[0, 0] = 255
    assert prepared(spike, normalise="zscore").max() == 255
    brighter = (GREY + 30).astype(np.uint8)
    for normalise in ("minmax", "zscore"):
        assert np.array_equal(prepared(GREY, normalise=normalise), prepared(brighter, normalise=normalise))


@pytest.mark.parametrize("normalise", ["minmax", "zscore"])
def test_channels_are_normalised_together(normalise):
    result = prepared(np.array([[[10, 60, 110], [60, 60, 60]]], np.uint8), 3, normalise=normalise)
    assert result[0, 0, 0] < result[0, 0, 1] < result[0, 0, 2]
    assert len(set(result[0, 1].tolist())) == 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2), (9, 9)])
@pytest.mark.parametrize("step", ON, ids=str)
def test_tiny_and_constant_images(step, size, channels):
    plain = np.full((*size, 3)[: 2 if channels == 1 else 3], 77, np.uint8)
    constant = {"minmax": 0, "zscore": 128}.get(step.get("normalise"), 77)
    assert (prepared(plain, channels, **step) == constant).all()
    assert prepared(RNG.integers(0, 256, plain.shape, dtype=np.uint8), channels, **step).shape[:2] == size


def test_what_people_look_at_is_not_prepared():
    file = io.BytesIO()
    Image.fromarray(GREY).save(file, "PNG")
    asked = ImageSettings(size=(8, 8), border=0.3, filter="median", contrast="clahe", normalise="zscore")
    assert np.array_equal(open_native(file.getvalue(), asked, "a")[..., 0], GREY)


@pytest.mark.parametrize("wrong", [{"border": 0.5}, {"border": -0.1}, {"filter": "mean"}, {"contrast": "CLAHE"}])
def test_refuses(wrong):
    with pytest.raises(ValidationError):
        ImageSettings(**wrong)


@pytest.mark.parametrize("how", ["minmax", "zscore"])
def test_a_batch_of_tensors_is_brought_to_the_same_scale(how):
    import torch

    images = np.stack([COLOUR, COLOUR // 4 + 90, np.full_like(COLOUR, 7)]).astype(np.float32)
    scaled = prepare.rescale_batch(torch.from_numpy(images).permute(0, 3, 1, 2), how)
    np.testing.assert_allclose(scaled.permute(0, 2, 3, 1), prepare.rescale(images, how), atol=1e-2)

"""What changes the picture for the eye: windows of a modality, level, width and zoom."""

import numpy as np
import pytest

from seimbang.serving.view import CT, Look, cut, presets

RAMP = np.tile(np.arange(200, dtype=np.uint8), (100, 1))[..., None]


def test_an_ordinary_look_changes_nothing():
    np.testing.assert_array_equal(cut(RAMP, Look()), RAMP)


def test_level_and_width_spread_the_grey_values_between_them():
    shown = cut(RAMP, Look(centre=100, width=50))[0, :, 0]
    assert list(shown[[0, 75, 100, 125, 199]]) == [0, 0, 128, 255, 255]


@pytest.mark.parametrize(("across", "down", "first"), [(0, 0, 0), (100, 0, 150), (50, 50, 75)])
def test_zoom_shows_a_part_of_the_picture(across, down, first):
    shown = cut(RAMP, Look(zoom=4, across=across, down=down))
    assert shown.shape == (25, 50, 1)
    assert shown[0, 0, 0] == first


def test_the_smallest_picture_can_be_enlarged():
    assert cut(np.zeros((1, 1, 3), np.uint8), Look(zoom=8)).shape == (1, 1, 3)


def test_windows_are_those_of_the_modality_of_a_dicom_file():
    pytest.importorskip("pydicom", reason="the extra dicom is not installed")
    assert presets(b"no dicom", "percentile") == {"own": "percentile"}
    from dicom_files import dicom

    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8)
    film = presets(dicom(pixels, Modality="DX"), (40, 80))
    assert film == {"own": (40, 80), "dicom": "dicom", "percentile": "percentile"}
    assert presets(dicom(pixels, Modality="CT"), "dicom") == film | {"own": "dicom"} | CT

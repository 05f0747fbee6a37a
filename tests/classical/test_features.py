"""What classical models see of images."""

import numpy as np
import pytest
from skimage.feature import hog

from seimbang.classical.features import Hog
from seimbang.errors import StudyError
from seimbang.networks.network_features import NetworkFeatures
from seimbang.study.models import make
from seimbang.training.base import Pixels


def images(shape, count=3):
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(64, 48, 1), (33, 47, 3)])
def test_hog_is_that_of_each_image_alone(shape):
    X = images(shape)
    found = Hog().extract(X)
    assert found.dtype == np.float32
    assert found.shape == (3, Hog().width(shape))
    alone = hog(X[1], 9, (16, 16), (2, 2), channel_axis=-1)
    np.testing.assert_allclose(found[1], alone, rtol=1e-6)
    np.testing.assert_array_equal(found[1:2], Hog().extract(X[1:2]))


def test_hog_tells_directions_apart():
    stripes = np.zeros((2, 64, 64, 1), np.uint8)
    stripes[0, ::4], stripes[1, :, ::4] = 255, 255
    across, along = Hog().extract(stripes).reshape(2, -1, 9).mean(1)
    assert across.argmax() != along.argmax()


def test_images_smaller_than_a_block_are_an_error():
    with pytest.raises(StudyError, match="FEATURES_SIZE: found images of 31 x 64 pixels"):
        Hog().extract(images((31, 64, 1)))


def test_each_name_is_what_the_model_sees():
    assert make({"name": "knn"}).extractor == Pixels()
    assert make({"name": "knn", "features": "hog"}).extractor == Hog()
    settings = {"features": "resnet18", "backbone_weights": "random", "fetch": "never"}
    network = make({"name": "knn", **settings}).extractor
    assert network == NetworkFeatures(backbone="resnet18", weights="random", fetch="never")
    assert network.layer((64, 64, 1)).shape == (512,)


def test_features_of_a_network_are_those_of_each_image_alone():
    X = images((64, 64, 1))
    network = NetworkFeatures(backbone="resnet18", weights="random")
    found = network.extract(X)
    assert found.shape == (3, 512)
    np.testing.assert_allclose(found[1:2], network.extract(X[1:2]), rtol=1e-4, atol=1e-5)

"""The page's heat maps are those of the methods, and leave the network, which others may be using, alone."""

import numpy as np
import pytest
import torch

from seimbang.errors import StudyError
from seimbang.explain import METHODS
from seimbang.serving.heat import heat_map, methods
from seimbang.study.models import make

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 24, 1), np.uint8)


def network(name, **settings):
    torch.manual_seed(0)
    return make({"name": name, **settings}).build((20, 24, 1), 2).eval()


def test_a_network_with_convolutions_has_both_and_a_recurrent_one_has_occlusion():
    assert methods(network("cnn", widths=[4]), PIXELS) == list(METHODS)
    rnn = network("rnn", units=5)
    assert methods(rnn, PIXELS) == ["occlusion"]
    with pytest.raises(StudyError, match="EXPLAIN_LAYER"):
        heat_map(rnn, PIXELS, 0, "grad_cam")


@pytest.mark.parametrize("name", METHODS)
def test_the_map_is_the_methods_and_the_shared_network_is_never_run(name):
    module, run = network("cnn", widths=[4]), []
    module.register_forward_hook(lambda one, *_: run.append(one))
    found = heat_map(module, PIXELS, 1, name)
    assert run
    assert module not in run
    images = torch.from_numpy(PIXELS).permute(2, 0, 1)[None].float() / 255
    np.testing.assert_array_equal(found, METHODS[name](module, images, torch.tensor([1]))[0])
    assert found.any()

"""timm's networks. torchvision, which timm imports and they do not use, is a stub where it does not import."""

import importlib
import sys
from unittest import mock

import pytest
import torch

from seimbang.errors import ResourceError, StudyError
from seimbang.networks.timm_backbones import timm_backbone
from seimbang.study.models import make

SHAPE = (48, 40, 1)
NAME = "timm:resnet10t"


@pytest.fixture
def timm(monkeypatch):
    """The real timm; skips where it is not installed."""
    if importlib.util.find_spec("timm") is None:
        pytest.skip("timm is not installed (extra 'backbones')")
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError):
        for name in ("", ".transforms", ".transforms.functional", ".datasets", ".datasets.folder", ".ops", ".ops.misc"):
            monkeypatch.setitem(sys.modules, f"torchvision{name}", mock.MagicMock())
        for name in (".models", ".models.feature_extraction"):
            monkeypatch.setitem(sys.modules, f"torchvision{name}", None)
    timm_backbone.cache_clear()
    return importlib.import_module("timm")


def test_without_timm_the_error_names_the_extra(monkeypatch):
    timm_backbone.cache_clear()
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ResourceError, match=r"EXTRA_MISSING.*seimbang\[backbones\]"):
        make({"name": NAME, "weights": "random"}).build(SHAPE, 2)


def test_the_name_after_the_colon_is_the_network():
    assert make({"name": NAME, "freeze": 3}) == make({"name": "timm", "network": "resnet10t", "freeze": 3})
    with pytest.raises(StudyError, match=r"model\.network is not a known key"):
        make({"name": "cnn:resnet10t"})


def test_its_logits_are_those_of_timm_s_features(timm):
    model = make({"name": NAME, "weights": "random", "freeze": "stage2"})
    module = model.build(SHAPE, 3).eval()
    body = timm.create_model("resnet10t", num_classes=0).eval()
    body.load_state_dict(module.body.state_dict())
    images = torch.rand(2, 1, 48, 40)
    mean, deviation = (torch.tensor(one).view(1, 3, 1, 1) for one in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        expected = module.out(body((images - mean) / deviation))
        torch.testing.assert_close(module(images), expected, rtol=1e-4, atol=1e-5)


def test_its_stages_are_frozen_and_described(timm):
    model = make({"name": NAME, "weights": "random", "freeze": "stage2"})
    module = model.build(SHAPE, 3)
    frozen = {key.split(".")[1] for key, one in module.named_parameters() if not one.requires_grad}
    assert frozen == {"conv1", "bn1", "layer1", "layer2"}
    layers = model.describe(SHAPE, 3)
    assert sum(layer.parameters for layer in layers) == sum(p.numel() for p in module.parameters() if p.requires_grad)
    with pytest.raises(StudyError, match=r"FREEZE_BEYOND.*from 0 to"):
        make({"name": NAME, "weights": "random", "freeze": 999}).build(SHAPE, 3)


def test_weights_by_timm_s_names_are_loaded(timm, tmp_path):
    theirs = timm.create_model("resnet10t", num_classes=1000).state_dict()
    torch.save(theirs, tmp_path / "w.pth")
    found = make({"name": NAME, "weights": str(tmp_path / "w.pth")}).build(SHAPE, 2).state_dict()
    assert torch.equal(found["body.layer1.0.conv1.weight"], theirs["layer1.0.conv1.weight"])


def test_an_unknown_network_is_named_with_the_nearest(timm):
    with pytest.raises(StudyError, match=r"TIMM_UNKNOWN.*did you mean 'resnet50d'"):
        make({"name": "timm:resnet5od"}).build(SHAPE, 2)


def test_offline_the_error_names_the_file(timm, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(ResourceError, match=r"WEIGHTS_MISSING.*resnet10t.*safetensors"):
        make({"name": NAME, "fetch": "never"}).build(SHAPE, 2)

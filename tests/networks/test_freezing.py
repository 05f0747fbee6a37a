"""Freezing: what each of Keras's layers is, what stays as it was, and what learns when and how fast.

keras_resnet50_layers.txt was written by Keras 3.15: of each layer of keras.applications.ResNet50(include_top=False) its
name and the size of its first weight.
"""

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

from seimbang.errors import StudyError
from seimbang.networks.backbones import BACKBONES
from seimbang.networks.base import Layered
from seimbang.study.models import make

KERAS = [line.split() for line in (Path(__file__).parent / "keras_resnet50_layers.txt").read_text().splitlines()]
KINDS = {"conv": nn.Conv2d, "bn": nn.BatchNorm2d, "relu": nn.ReLU, "out": nn.ReLU, "pool": nn.MaxPool2d}
SHAPE = (64, 64, 1)


def network(name="efficientnet_lite0", **settings):
    torch.manual_seed(0)
    model = make({"name": name, "weights": "random", **settings})
    return model, model.skeleton(SHAPE, 2)


def trained(module):
    return {name for name, one in module.named_parameters() if one.requires_grad}


def test_each_of_the_175_layers_is_keras_s():
    with torch.device("meta"):
        body = BACKBONES["resnet50"].build()
    steps, parts = BACKBONES["resnet50"].steps(body), dict(body.named_modules())
    assert [step.name for step in steps] == [name for name, _ in KERAS]
    for step, (name, size) in zip(steps, KERAS, strict=True):
        kind = KINDS.get("pool" if name == "pool1_pool" else name.rpartition("_")[2])
        assert (type(parts[step.part]) if step.part else None) is kind, name
        weight = getattr(parts.get(step.part), "weight", None) if step.part else None
        assert int(size) == (0 if weight is None else weight.numel()), name
    weighted = [step.part for step in steps if step.part and list(parts[step.part].parameters())]
    assert sorted(weighted) == sorted(name for name, one in parts.items() if list(one.parameters(recurse=False)))


def test_thirty_frozen_layers_of_resnet50_end_within_the_third_block():
    _, module = network("resnet50", freeze=30)
    frozen = {name for name, one in module.body.named_parameters() if not one.requires_grad}
    blocks = [f"layer1.{n}.{part}" for n in range(2) for part in ("conv1", "bn1", "conv2", "bn2", "conv3", "bn3")]
    parts = ["conv1", "bn1", "layer1.0.downsample.0", "layer1.0.downsample.1", *blocks]
    assert {name.rpartition(".")[0] for name in frozen} == {*parts, "layer1.2.conv1"}
    assert KERAS[29][0] == "conv2_block3_1_conv"


@pytest.mark.parametrize("name", BACKBONES)
def test_the_table_s_count_and_stages_are_those_of_the_network(name):
    with torch.device("meta"):
        body = BACKBONES[name].build()
    steps = BACKBONES[name].steps(body)
    assert len(steps) == BACKBONES[name].layers
    stages = [step.stage for step in steps]
    assert stages == sorted(stages)
    assert set(stages) == set(range(len(BACKBONES[name].stages)))
    parts = dict(body.named_modules())
    assert sum(p.numel() for one in {s.part for s in steps if s.part} for p in parts[one].parameters()) == sum(
        p.numel() for p in body.parameters()
    )


@pytest.mark.parametrize("freeze", [1, 5, "stage0", "stage3", 157, "all"])
def test_frozen_layers_stay_as_they_were_and_the_rest_learns(freeze):
    _, module = network(freeze=freeze)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    module.train()
    for _ in range(2):
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(torch.rand(4, 1, 64, 64)), torch.arange(4) % 2).backward()
        optimizer.step()
    after, learning = module.state_dict(), trained(module)
    owners = {key.rpartition(".")[0] for key in learning}
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed == {key for key in before if key.rpartition(".")[0] in owners}
    assert {"out.weight", "out.bias"} <= learning


def test_freezing_by_stage_freezes_that_stage_and_those_below():
    _, module = network(freeze="stage2")
    numbers = {name.split(".")[2] for name in trained(module) if name.startswith("body._blocks.")}
    assert numbers == {str(number) for number in range(3, 16)}
    assert "body._conv_stem.weight" not in trained(module)


def test_gradual_unfreezing_opens_a_stage_at_a_time_down_to_the_frozen_ones():
    _, module = network(freeze="stage1", unfreeze_every=2)
    assert isinstance(module, Layered)
    everything, opened = trained(module), []
    for epoch in range(1, 30):
        module.begin_epoch(epoch)
        module.train()
        opened.append(trained(module))
    assert opened[0] == opened[1] == {"out.weight", "out.bias"}
    assert opened[2] - opened[1] == {"body._conv_head.weight", "body._bn1.weight", "body._bn1.bias"}
    assert all(one <= two for one, two in pairwise(opened))
    assert opened[-1] == everything
    module.begin_epoch(1)
    module.train()
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    assert not any(part.training for part in norms)


def test_lower_stages_learn_at_lower_rates():
    _, module = network(freeze="stage5", decay=0.5)
    groups = module.groups()
    assert [factor for factor, _ in groups] == [1.0, 0.5, 0.25, 0.125]
    assert {id(one) for _, weights in groups for one in weights} == {
        id(one) for one in module.parameters() if one.requires_grad
    }
    assert groups[1][1][0] is module.body._conv_head.weight


@pytest.mark.parametrize(
    ("name", "freeze", "words"),
    [
        ("resnet50", 176, "model.freeze = 176 should be from 0 to 175, the layers without the classifier"),
        ("resnet18", -1, "from 0 to 69"),
        ("resnet50", "stage5", "'stage0' to 'stage4'"),
        ("efficientnet_lite0", "stage9", "'stage0' to 'stage8'"),
        ("resnet50", "some", "'stage0' to 'stage4', or 'all'"),
    ],
)
def test_freezing_beyond_the_last_layer_is_refused(name, freeze, words):
    with pytest.raises(StudyError, match="STUDY_INVALID") as caught:
        make({"name": name, "freeze": freeze})
    assert words in str(caught.value)


@pytest.mark.parametrize("freeze", [0, 30, "stage2", "all"])
def test_description_counts_what_is_trained_and_says_what_is_not(freeze):
    model, module = network(freeze=freeze)
    layers = model.describe(SHAPE, 2)
    assert sum(layer.parameters for layer in layers) == sum(p.numel() for p in module.parameters() if p.requires_grad)
    kept = [layer for layer in layers if "as they were pretrained" in layer.purpose]
    assert len(kept) == {0: 0, 30: 3, "stage2": 3, "all": 9}[freeze]

"""Backbones of the library timm, by name: ``timm:resnet50d`` and some thousand others."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seimbang.errors import ResourceError, StudyError
from seimbang.networks.backbone import Backbone, Fetch, missing
from seimbang.networks.freezing import traced_steps
from seimbang.settings import nearest

if TYPE_CHECKING:
    from torch import nn

SPLIT = {"blocks", "stages", "layers"}
"""Children of a network that hold its stages; any other child with children is one stage."""


@cache
def timm_backbone(name: str) -> Backbone:
    """Return timm's network ``name``, whose stages are its children.

    Raises:
        StudyError: TIMM_UNKNOWN: timm has no such network.
        ResourceError: EXTRA_MISSING: timm, or torchvision, which it needs, does not import.
    """
    import torch

    try:
        import timm
    except (ImportError, RuntimeError) as error:
        raise missing("timm with torchvision", "backbones") from error
    if not timm.is_model(name):
        found = f"timm has no network {name!r}{nearest(name, timm.list_models())}"
        raise StudyError("TIMM_UNKNOWN", found, "one of timm.list_models()", "correct the name after 'timm:'")

    def build() -> nn.Module:
        module: nn.Module = timm.create_model(name, pretrained=False, num_classes=0)
        return module

    with torch.device("meta"):
        body: Any = build()
        stages = _stages(body)
        layers = len(traced_steps(body, stages, (64, 64)))
    settings: Any = timm.get_pretrained_cfg(name)

    def source(fetch: Fetch) -> Path:
        return _from_hub(settings.hf_hub_id, fetch)

    normal = (settings.mean, settings.std)
    return Backbone(build, body.num_features, layers, stages, "", settings.classifier, normal=normal, source=source)


def _stages(body: nn.Module) -> tuple[tuple[str, ...], ...]:
    """Return the names of the stem's modules and of each stage's; a layer between two belongs to the one before."""
    stages: list[list[str]] = [[]]
    for name, child in body.named_children():
        if name in SPLIT:
            stages += [[f"{name}.{part}."] for part, _ in child.named_children()]
        elif _is_stage(child):
            stages.append([f"{name}."])
        else:
            stages[-1].append(name)
    return tuple(tuple(names) for names in stages if names)


def _is_stage(child: nn.Module) -> bool:
    """Tell whether a module holds several layers, some with weights, rather than being one."""
    holds = any(True for _ in child.children()) and any(True for _ in child.parameters())
    return holds and not any(True for _ in child.parameters(recurse=False))


def _from_hub(repository: str | None, fetch: Fetch) -> Path:
    """Return the file of weights that timm's authors published on Hugging Face, from its cache or downloaded."""
    from huggingface_hub import hf_hub_download

    file = f"https://huggingface.co/{repository}/resolve/main/model.safetensors"
    try:
        never, only = fetch == "never", fetch == "only"
        return Path(hf_hub_download(repository, "model.safetensors", local_files_only=never, force_download=only))
    except (OSError, ValueError) as error:
        found = f"{file} not on this machine and not downloaded ({str(error).partition(chr(10))[0]})"
        fix = "allow the download, or fetch the file elsewhere and name it as 'weights'"
        raise ResourceError("WEIGHTS_MISSING", found, "the pretrained weights", fix) from error

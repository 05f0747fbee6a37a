"""Trained models -> an ONNX graph of what they predict together: the mean of the probabilities of all seeds."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from seimbang.classical.learner import Complete
from seimbang.errors import StudyError
from seimbang.networks.network_features import NetworkFeatures
from seimbang.serving.onnx.estimators import converted, exact, joined, opset_of
from seimbang.training.base import Classifier, Pixels
from seimbang.training.device import mean_probabilities
from seimbang.training.learner import OneByOne

if TYPE_CHECKING:
    from torch import Tensor, nn

PIXELS, ROWS, PROBABILITIES = "pixels", "rows", "probabilities"
"""Names of the inputs, one of which a graph has, and of its output."""
OPSET = 18


def graph(classifiers: Sequence[Classifier], shape: tuple[int, ...], classes: int) -> Any:
    """Return the ONNX model of what ``classifiers`` predict together.

    Args:
        classifiers: Of one kind, one per seed.
        shape: Of one case: ``(h, w, c)`` of images, ``(f,)`` of prepared rows of a table.
        classes: How many there are.

    Returns:
        A ``ModelProto``: ``pixels``, ``uint8[n, h, w, c]``, or ``rows``, ``float32[n, f]`` ->
        ``probabilities``, ``float64[n, classes]``.

    Raises:
        StudyError: EXPORT_MODEL: a part of the models has no ONNX form.
    """
    try:
        if isinstance(classifiers[0], OneByOne):
            return _traced(_together(classifiers), shape, [PROBABILITIES], OPSET)
        parts = [one for one in classifiers if isinstance(one, Complete)]
        pipelines = [part.fitted.pipeline for part in parts]
        models = [converted(pipeline, OPSET) for pipeline in pipelines]
        names = [f"{ROWS}{k}" for k in range(len(parts))]
        seen = _traced(_seen(parts), shape, names, opset_of(models[0]))
        return joined(seen, models, names, pipelines, classes)
    except (RuntimeError, ValueError, TypeError, AttributeError, NotImplementedError) as error:
        found = f"a model without an ONNX form ({type(error).__name__}: {str(error)[:200]})"
        raise _no_form(found) from error


def _no_form(found: str) -> StudyError:
    fix = "export another arm: seimbang export RUN --arm ARM"
    return StudyError("EXPORT_MODEL", found, "a model all of whose parts ONNX has", fix)


def _traced(module: nn.Module, shape: tuple[int, ...], outputs: list[str], opset: int) -> Any:
    """Return the graph of a module that takes a batch of cases of ``shape``.

    By the exporter that records what is computed: the newer one takes 10 to 300 times as long here, and unrolls
    recurrent networks step by step. It warns of being the older one.
    """
    import onnx
    import torch

    name, kind = (PIXELS, torch.uint8) if len(shape) == 3 else (ROWS, torch.float32)
    buffer, example = io.BytesIO(), torch.zeros((2, *shape), dtype=kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            (example,),
            buffer,  # type: ignore[arg-type]  # a file in memory, which the exporter asked for takes
            dynamo=False,
            opset_version=opset,
            input_names=[name],
            output_names=outputs,
            dynamic_axes={one: {0: "n"} for one in (name, *outputs)},
        )
    return onnx.load_from_string(buffer.getvalue())


def _together(classifiers: Sequence[Classifier]) -> nn.Module:
    """Return networks as one: images -> the mean of their probabilities."""
    import torch
    from torch import nn

    parts = [one for one in classifiers if isinstance(one, OneByOne)]

    class Together(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.networks = nn.ModuleList([part.network for part in parts])

        def forward(self, pixels: Tensor) -> Tensor:
            images = pixels.float().div(255).permute(0, 3, 1, 2)
            return torch.stack([mean_probabilities(part.network, images, part.mirrored) for part in parts]).mean(0)

    return Together()


def _seen(parts: Sequence[Complete]) -> nn.Module:
    """Return what classical models see of a case: for each model the features, scaled as it was fitted."""
    import torch
    from torch import nn

    extract = _extract(parts[0])

    class Seen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.extract = extract

        def forward(self, given: Tensor) -> tuple[Tensor, ...]:
            features = self.extract(given)
            return tuple(scaled(features, part.fitted.pipeline) for part in parts)

    def scaled(features: Tensor, pipeline: Any) -> Tensor:
        """Scale in float32, as scikit-learn does: trees ask about the last bit."""
        scaler = dict(pipeline.steps).get("scale", "passthrough")
        if scaler != "passthrough":
            mean, scale = (torch.from_numpy(values).float() for values in (scaler.mean_, scaler.scale_))
            features = (features - mean) / scale
        return features.double() if exact(pipeline) else features + 0  # each model's rows have a name of their own

    return Seen()


def _extract(part: Complete) -> nn.Module:
    """Return what makes features of images; prepared rows of a table stay as they are."""
    from torch import nn

    network = part.extractor.network() if isinstance(part.extractor, NetworkFeatures) else None
    if network is None and not isinstance(part.extractor, Pixels):
        raise _no_form(f"{type(part.extractor).__name__} features, which ONNX cannot compute")

    class Extract(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, given: Tensor) -> Tensor:
            if given.dim() == 2:
                return given
            pixels = given.float().div(255)
            return pixels.flatten(1) if network is None else network.features(pixels.permute(0, 3, 1, 2))

    return Extract()

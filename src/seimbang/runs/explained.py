"""What moved the answer: heat maps of a few test images of an arm, and whether they depend on what was learned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seimbang.datasets.base import Dataset
from seimbang.errors import StudyError
from seimbang.explain import MAX_SIMILARITY, METHODS, overlay, sanity
from seimbang.imaging.base import ImageSettings
from seimbang.record.base import dump
from seimbang.record.cases import ExampleRow, Heat, HeatRow, Sanity
from seimbang.record.folder import Files
from seimbang.runs.pictures import png
from seimbang.runs.stages import Result
from seimbang.study.schema import Plan
from seimbang.training.base import Shape
from seimbang.training.device import Device, to_batch

if TYPE_CHECKING:
    from torch import nn

CASES = 2
"""So many test images that were predicted right, and as many that were predicted wrong: the most confident."""

OPACITY = 0.5


def heat_files(
    plan: Plan,
    cases: Dataset,
    image: ImageSettings,
    shape: Shape,
    examples: Sequence[ExampleRow],
    quick: bool,
    results: Sequence[Result],
) -> Files:
    """Return maps of answers that a network gave, each also at random weights; other models have none.

    An image is explained by the first network that was tested on it. A quick run has the maps of one method only, the
    fastest that works.
    """
    if plan.model.kind != "network":
        return {}
    chosen, pictures = _chosen(examples), dict[str, bytes]()
    similarity: dict[str, list[float]] = defaultdict(list)
    for result, own in _by_result(cases, results, chosen):
        network = result.classifier(shape, len(cases.cases.classes), image).network
        assert network is not None
        for name, values in islice(_explain(cases, network, own, pictures), 1 if quick else None):
            similarity[name] += values
    mean = {name: float(np.mean(values)) for name, values in similarity.items()}
    checked = {name: Sanity(similarity=value, passed=value < MAX_SIMILARITY) for name, value in mean.items()}
    return {"heat.json": dump(Heat(cases=chosen, sanity=checked)), **pictures}


def _chosen(examples: Sequence[ExampleRow]) -> list[HeatRow]:
    """Return the examples to explain, each with room for its maps."""
    sides = [[row for row in examples if row.right == right][:CASES] for right in (True, False)]
    return [HeatRow(**row.model_dump(), maps={}, random={}) for side in sides for row in side]


def _by_result(
    cases: Dataset, results: Sequence[Result], chosen: list[HeatRow]
) -> Iterator[tuple[Result, list[HeatRow]]]:
    """Yield each result with the cases that are tested in it first."""
    left = dict(zip(cases.cases.rows([case.case_id for case in chosen]).tolist(), chosen, strict=True))
    for result in results:
        own = [left.pop(row) for row in list(left) if row in result.job.fold.test]
        if own:
            yield result, own


def _explain(
    cases: Dataset, network: nn.Module, own: list[HeatRow], pictures: dict[str, bytes]
) -> Iterator[tuple[str, list[float]]]:
    """Draw the maps of some cases; yield each method that works for the network, and how similar they are to random."""
    import torch

    pixels = cases.X[cases.cases.rows([case.case_id for case in own])]
    images = to_batch(pixels.astype(np.float32), Device("cpu", reduced=False))
    targets = torch.tensor([cases.cases.classes.index(case.predicted) for case in own])
    which = list(range(len(own)))
    for name, method in METHODS.items():
        try:
            check = sanity(method, network, images[which], targets[which])
        except StudyError:  # Grad-CAM, where there is no convolution
            continue
        for kind, maps in (("maps", check.maps), ("random", check.random)):
            for k, heat in zip(which, maps, strict=True):
                file = f"heat/{Path(own[k].file).stem}_{name}_{kind}.png"
                pictures[file] = png(overlay(pixels[k], heat, OPACITY))
                getattr(own[k], kind)[name] = file
        yield name, check.similarity.tolist()
        which = which[::CASES]  # a second opinion costs some 100 predictions a map: of one right and one wrong answer

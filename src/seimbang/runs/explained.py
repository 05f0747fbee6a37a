"""What moved the answer: heat maps of a few test images of an arm, and whether they depend on what was learned."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seimbang.errors import StudyError
from seimbang.explain import ALIKE, METHODS, overlay, sanity
from seimbang.imaging.files import write_atomic
from seimbang.networks.base import Network
from seimbang.runs.context import Context
from seimbang.runs.networks import learned
from seimbang.runs.pictures import png
from seimbang.splits.base import Fold
from seimbang.study.schema import Plan

if TYPE_CHECKING:
    from torch import nn

CASES = 2
"""So many test images that were predicted right, and as many that were predicted wrong: the surest."""

OPACITY = 0.5
Case = dict[str, Any]


def explain(run: Context, plan: Plan) -> None:
    """Write ``heat.json`` of an arm whose model is a network: maps of the answers it gave, each also at random weights.

    An image is explained by the network of the fold in which it is tested.
    """
    if not isinstance(plan.model, Network):
        return
    step, inputs, folder = f"{plan.slug}.explain", run.inputs(plan), run.arm_folder(plan)
    if run.folder.done(step, inputs):
        return
    cases = _cases(folder / "examples.json")
    similarity: dict[str, list[float]] = defaultdict(list)
    for fold, own in _by_fold(run, plan, cases):
        for name, alike in _explain(run, folder, _network(run, plan, plan.model, fold), own):
            similarity[name] += alike
    mean = {name: float(np.mean(found)) for name, found in similarity.items()}
    checked = {name: {"similarity": value, "passed": value < ALIKE} for name, value in mean.items()}
    run.folder.json(f"arms/{plan.slug}/heat.json", {"cases": cases, "sanity": checked})
    pictures = [folder / file for case in cases for files in (case["maps"], case["random"]) for file in files.values()]
    run.folder.finish(step, inputs, [folder / "heat.json", *pictures])


def _cases(examples: Path) -> list[Case]:
    """Return the examples to explain, each with its number and room for its maps."""
    rows = json.loads(examples.read_text(encoding="utf-8"))
    chosen = [one for right in (True, False) for one in [row for row in rows if row["right"] == right][:CASES]]
    return [{**one, "maps": {}, "random": {}} for one in chosen]


def _by_fold(run: Context, plan: Plan, cases: list[Case]) -> Iterator[tuple[Fold, list[Case]]]:
    """Yield each fold with the cases that are tested in it first."""
    left = dict(zip(run.data.cases.rows([case["case_id"] for case in cases]).tolist(), cases, strict=True))
    for fold in run.folds_of(plan):
        own = [left.pop(row) for row in list(left) if row in fold.test]
        if own:
            yield fold, own


def _network(run: Context, plan: Plan, model: Network, fold: Fold) -> nn.Module:
    module = model.skeleton(run.shape, len(run.data.cases.classes))
    learned(run, plan, model, fold, module)
    return module


def _explain(run: Context, folder: Path, network: nn.Module, cases: list[Case]) -> Iterator[tuple[str, list[float]]]:
    """Save the maps of some cases; yield each method that works for the network, and how alike they are to random."""
    import torch

    classes, pixels = run.data.cases.classes, run.data.X[run.data.cases.rows([case["case_id"] for case in cases])]
    device = next(network.parameters()).device
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(device).float() / 255
    targets = torch.tensor([classes.index(case["predicted"]) for case in cases], device=device)
    some = list(range(len(cases)))
    for name, method in METHODS.items():
        try:
            found = sanity(method, network, images[some], targets[some])
        except StudyError:  # Grad-CAM, where there is no convolution
            continue
        yield name, found.similarity.tolist()
        for kind, maps in (("maps", found.maps), ("random", found.random)):
            for k, heat in zip(some, maps, strict=True):
                file = f"heat/{Path(cases[k]['file']).stem}_{name}_{kind}.png"
                write_atomic(folder / file, png(overlay(pixels[k], heat, OPACITY)))
                cases[k][kind][name] = file
        some = some[::CASES]  # a second opinion costs some 100 predictions a map: of one right and one wrong answer

"""What each step of ``[image]`` is worth: an arm trained again with that step alone switched off."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seimbang import progress
from seimbang.errors import StudyError
from seimbang.evaluation import compare, read
from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.figures import exchanged
from seimbang.evaluation.predictions import checked
from seimbang.evaluation.units import of_unit
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.files import write_atomic
from seimbang.record.base import dump
from seimbang.reports.words import p_text
from seimbang.runs.executors import Options
from seimbang.runs.prepare import cut_of
from seimbang.runs.run import ALONE, choose, run
from seimbang.study.schema import Plan, Study

STEPS = ("border", "filter", "contrast", "normalise", "augment", "flip_test")
FULL, FILE = "every step", "ablation.json"
Row = dict[str, Any]


def ablate(study: Study, root: Path, out: Path, arm: str, quick: bool = False, options: Options = ALONE) -> list[Row]:
    """Run an arm as it is and with each step that is on switched off alone, all else equal, on the same folds.

    The arm as it is belongs to the run folder ``out``; without a step, to ``out/ablation/<step>``. Whatever of these
    is finished is not done again.

    Args:
        study: The study.
        root: Folder that its data paths are relative to.
        out: The run folder.
        arm: Name of the arm; under several protocols, of all of them.
        quick: Cut everything down to a rough answer.
        options: Who does the jobs.

    Returns:
        What ``ablation.json`` holds: one row for each protocol, set and step, with the arm's figures and their
        intervals; without a step also the difference, with every step minus without this one, and its paired test,
        whose interval and corrected p hold for all steps at once.

    Raises:
        StudyError: ARM_UNKNOWN. ABLATION_NOTHING: no step is on.
    """
    plans = choose(study.plans(), (arm,))
    without = {step: out / "ablation" / step for step in _on(study)}
    run(study, root, out, (arm,), quick, options=options)
    for step, folder in without.items():
        progress.note(f"Without {step}")
        run(_without(study, step, plans), root, folder, (arm,), cut_of(out) or quick, alike=study, options=options)
    rows = [row for plan in plans for row in _rows(plan, {FULL: out, **without}, study.evaluation)]
    write_atomic(out / FILE, dump({"rows": rows}))
    return rows


def _on(study: Study) -> list[str]:
    fields = ImageSettings.model_fields
    steps = [step for step in STEPS if getattr(study.image, step) != fields[step].default]
    if not steps:
        fix = f"switch one of {', '.join(STEPS)} on in [image]"
        raise StudyError("ABLATION_NOTHING", "no step of [image] that is on", "at least one", fix)
    return steps


def _without(study: Study, step: str, plans: list[Plan]) -> Study:
    """Return the study of these arms alone with a step switched off; published figures are not of that."""
    image = study.image.model_copy(update={step: ImageSettings.model_fields[step].default})
    named = {plan.arm.name for plan in plans}
    arms = tuple(arm for arm in study.arm if arm.name in named)
    changes = {"title": f"{study.title}, without {step}", "image": image, "arm": arms, "published": ()}
    return study.model_copy(update=changes)


def _rows(plan: Plan, folders: Mapping[str, Path], settings: EvaluationSettings) -> Iterator[Row]:
    arms = {step: folder / "arms" / plan.slug for step, folder in folders.items()}
    metrics = {step: json.loads((arm / "metrics.json").read_text(encoding="utf-8")) for step, arm in arms.items()}
    tests = _tests(plan, arms, metrics[FULL]["classes"], settings)
    tested = [metric.key for metric in exchanged(len(metrics[FULL]["classes"]))]
    for name, of_step in tests.items():
        for step, found in metrics.items():
            figures = found["sets"][name]["default"]["metrics"]
            own = {metric: figures[metric] for metric in tested}
            lost = {f"{metric}_lost": of_step[step][metric] for metric in tested} if step != FULL else {}
            yield {"arm": plan.name, "set": name, "without": "" if step == FULL else step, **own, **lost}


def _tests(
    plan: Plan, arms: Mapping[str, Path], classes: list[str], settings: EvaluationSettings
) -> dict[str, dict[str, Any]]:
    """Return, by set and step, the outcomes of the tests of the arm as it is against that without the step."""
    tables = {step: of_unit(checked(read(arm), classes), classes, settings) for step, arm in arms.items()}
    tuned = list(tables) if plan.balance.decides == "tuned" else []
    sets = compare(tables, classes, tuned=tuned, against=FULL)["sets"]
    return {name: {pair["second"]: pair for pair in found["pairs"]} for name, found in sets.items()}


def lines(rows: list[Row]) -> list[tuple[str, ...]]:
    """Return the rows as a table in words: arm, set, step left out, balanced accuracy, what is lost, and p."""
    return [(row["arm"], row["set"], row["without"] or FULL, *_figures(row)) for row in rows]


def _figures(row: Row) -> tuple[str, str, str]:
    own, lost = row["balanced_accuracy"], row.get("balanced_accuracy_lost", {})
    p = lost.get("corrected")
    return (
        _interval(own, ""),
        _interval(lost, "+") if lost else "",
        lost.get("why", "") if p is None else p_text(p).removeprefix("= "),
    )


def _interval(found: Mapping[str, Any], sign: str) -> str:
    value = found.get("value", found.get("difference"))
    if value is None:
        return "–"
    edges = "" if found["low"] is None else f" ({found['low']:{sign}.3f} to {found['high']:{sign}.3f})"
    return f"{value:{sign}.3f}{edges}"

"""Which arm of a run predicts."""

import csv
from pathlib import Path
from typing import Any

from seimbang.errors import StudyError
from seimbang.record.contents import read_json
from seimbang.record.package import missing
from seimbang.settings import nearest


def best_arm(run: Path) -> str:
    """Return the folder name of the arm with the highest balanced accuracy on the validation set.

    Without a validation set counts what the chosen candidate reached in the search inside the training part. An arm
    without either figure comes last, and of equal arms the first in the study is taken. An arm that leaks is chosen
    only where no other is there: its figures flatter it.

    Raises:
        IntegrityError: ``MODEL_MISSING``: no arm of ``run`` has a model.
    """
    arms = [read_json(folder / "arm.json") for folder in _finished(run)]
    if not arms:
        raise missing(run / "arms", "model.json")
    order = [arm["name"] for arm in read_json(run / "study.json")["arm"]]
    candidates = sorted((arm for arm in arms if not arm["leaky"]), key=lambda arm: order.index(arm["arm"])) or arms
    return str(max(candidates, key=lambda arm: _score(run / "arms" / arm["slug"]))["slug"])


def find_arm(run: Path, arm: str | None) -> str:
    """Return the folder name of the arm called ``arm`` (its name or its folder's), or of the best one for None.

    Raises:
        StudyError: ``ARM_UNKNOWN``: no trained arm is called so.
        IntegrityError: ``MODEL_MISSING``: no arm of ``run`` has a model.
    """
    if arm is None:
        return best_arm(run)
    names: dict[str, str] = {}
    for folder in _finished(run):
        names |= {str(read_json(folder / "arm.json")["name"]): folder.name, folder.name: folder.name}
    if arm not in names:
        known = f"one of {', '.join(sorted(set(names.values())))}" + nearest(arm, names)
        raise StudyError("ARM_UNKNOWN", f"no trained arm {arm!r} in {run}", known, "name an arm that was trained")
    return names[arm]


def _finished(run: Path) -> list[Path]:
    needed = ("arm.json", "metrics.json", "model.json")
    return sorted(path for path in run.glob("arms/*") if all((path / name).is_file() for name in needed))


def _score(folder: Path) -> float:
    """Return what an arm is chosen by; one without any figure comes after all others."""
    sets: dict[str, Any] = read_json(folder / "metrics.json")["sets"]
    if "validation" not in sets:
        return _searched(folder / "search.csv")
    value = sets["validation"]["default"]["metrics"]["balanced_accuracy"]["value"]
    return -1.0 if value is None else float(value)


def _searched(file: Path) -> float:
    """Return the mean score of the candidate that most folds chose."""
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines())) if file.is_file() else []
    chosen = max(rows, key=lambda row: int(row["chosen"]), default={})
    return float(chosen.get("mean") or -1)

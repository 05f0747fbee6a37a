"""What the page shows, read from the run folder alone."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from seimbang.errors import IntegrityError


@dataclass(frozen=True)
class Contents:
    """A finished run as seen from one of its arms; the dictionaries are the run folder's JSON files.

    Attributes:
        run: The run folder.
        folder: The folder of the arm that predicts.
        study: ``study.json``.
        data: ``data.json``.
        arm: ``arm.json`` of the arm that predicts.
        metrics: Its ``metrics.json``.
        examples: Its ``examples.json``.
        provenance: ``provenance.json``.
    """

    run: Path
    folder: Path
    study: dict[str, Any]
    data: dict[str, Any]
    arm: dict[str, Any]
    metrics: dict[str, Any]
    examples: list[dict[str, Any]]
    provenance: dict[str, Any]

    @property
    def quick(self) -> bool:
        """Whether the figures are rough ones."""
        return bool(self.provenance["quick"] or self.arm["quick"])

    @property
    def networked(self) -> bool:
        """Whether the arm that predicts is a network."""
        return bool(self.arm.get("model_kind", "network") == "network")

    @property
    def tabular(self) -> bool:
        """Whether the cases are rows of a table, not images."""
        return bool(self.data.get("kind", "image") == "table")

    @cached_property
    def protocol(self) -> dict[str, Any]:
        """How the cases were divided for the arm that predicts, from ``data.json``: its split, folds and counts."""
        protocols: list[dict[str, Any]] = self.data["protocols"]
        return next(one for one in protocols if one["name"] == self.arm["protocol"])

    @property
    def externals(self) -> list[str]:
        """Names of the external sets that were measured."""
        return [name.removeprefix("external:") for name in self.metrics["sets"] if name.startswith("external:")]

    def arms(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Yield ``arm.json`` and ``metrics.json`` of every measured arm, by folder name."""
        for folder in sorted(self.run.glob("arms/*")):
            if (folder / "metrics.json").is_file():
                yield read_json(folder / "arm.json"), read_json(folder / "metrics.json")

    def experience(self, name: str, confidence: float) -> tuple[int, int]:
        """Return how many cases of a set were predicted with a confidence like this one, and how many of these right.

        Args:
            name: ``test`` or ``external:<name>``.
            confidence: In [0, 1]; alike is what lies in the same tenth.
        """
        alike = [right for like, right in self._outcomes.get(name, []) if tenth(like) == tenth(confidence)]
        return len(alike), sum(alike)

    @cached_property
    def _outcomes(self) -> dict[str, list[tuple[float, bool]]]:
        """Confidence and correctness for every case, by set; of one predicted in several folds, in the first."""
        outcomes: dict[str, list[tuple[float, bool]]] = {}
        classes, rule = self.metrics["classes"], self.metrics["threshold"]
        cuts = rule["folds"] if rule["decides"] else {}
        seen = set()
        for row in csv.DictReader(_text(self.folder / "predictions.csv").splitlines()):
            case = row["set"], row["case_id"]
            if case in seen:
                continue
            seen.add(case)
            values = {name: float(row[f"p_{name}"]) for name in classes}
            answer = called(values, cuts.get(row["fold"]))
            outcomes.setdefault(row["set"], []).append((values[answer], answer == row["label"]))
        return outcomes


def read(run: Path, slug: str) -> Contents:
    """Read the run folder ``run`` from its arm ``slug``.

    Raises:
        IntegrityError: ``RUN_INCOMPLETE``: a file is missing or no JSON.
    """
    folder = run / "arms" / slug
    return Contents(
        run,
        folder,
        study=read_json(run / "study.json"),
        data=read_json(run / "data.json"),
        arm=read_json(folder / "arm.json"),
        metrics=read_json(folder / "metrics.json"),
        examples=read_json(folder / "examples.json"),
        provenance=read_json(run / "provenance.json"),
    )


def called(probabilities: Mapping[str, float], threshold: float | None) -> str:
    """Return the likeliest class, or, of two, the last from ``threshold`` on."""
    if threshold is None:
        return max(probabilities, key=probabilities.__getitem__)
    first, *_, last = probabilities
    return last if probabilities[last] >= threshold else first


def tenth(confidence: float) -> int:
    """Return in which tenth of [0, 1] a confidence lies: 9 for 0.93 and for 1."""
    return min(int(confidence * 10), 9)


def read_json(file: Path) -> Any:
    """Return the content of a JSON file of the run folder.

    Raises:
        IntegrityError: ``RUN_INCOMPLETE``: it is missing or no JSON.
    """
    try:
        return json.loads(_text(file))
    except ValueError as error:
        raise incomplete(file) from error


def incomplete(file: Path) -> IntegrityError:
    """Return the error for a file that the run folder should hold."""
    found = f"no readable {file.name} in {file.parent}"
    return IntegrityError("RUN_INCOMPLETE", found, "a finished run", "finish the run: seimbang run STUDY")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise incomplete(file) from error

"""For Python and notebooks: what ``cli.py`` does, with objects that show themselves."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seimbang.checks.base import Finding
from seimbang.record.choice import find_arm
from seimbang.record.read import Run as Contents
from seimbang.record.read import read, read_predictions
from seimbang.reports import card
from seimbang.reports.answer import answer
from seimbang.runs.executors import Options
from seimbang.runs.inspect import inspect
from seimbang.runs.review import review as review
from seimbang.runs.run import run as run_study
from seimbang.serving import many
from seimbang.serving.predictor import Predictor
from seimbang.study.draft import study_for
from seimbang.study.load import is_data, shipped
from seimbang.study.load import load as load_study
from seimbang.study.schema import Study, slug

if TYPE_CHECKING:
    import pandas as pd


class Findings(list[Finding]):
    """What an audit found: prints as sentences, and is a table in a notebook."""

    def __str__(self) -> str:
        lines = [f"{finding.severity}: {finding.sentence} [{finding.code}]" for finding in self]
        return "\n".join(lines) or "Nothing was found."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return card.findings(self)


@dataclass(frozen=True)
class Run:
    """A run, finished or with some of its arms; it is a card in a notebook.

    Attributes:
        folder: The run folder.
        contents: All that is in it, typed.
    """

    folder: Path
    contents: Contents

    @property
    def answer(self) -> list[str]:
        """What was found, in sentences, the most important one first."""
        return [sentence.text for sentence in answer(self.contents)]

    @property
    def table(self) -> pd.DataFrame:
        """One row an arm and test: the figures of the card, each with the ends of its 95 % interval; NaN where none."""
        return card.table(self.contents)

    @property
    def report(self) -> Path:
        """The page with everything."""
        return self.folder / "report.html"

    def predictions(self, arm: str | None = None) -> pd.DataFrame:
        """Return ``predictions.csv`` of the arm of that name, or of the best one on validation.

        Raises:
            StudyError: ARM_UNKNOWN.
        """
        return read_predictions(self._arm(arm))

    def predictor(self, arm: str | None = None, profile: str | Path = "") -> Predictor:
        """Return the trained model of the arm of that name, or of the best one on validation.

        Args:
            arm: Its name.
            profile: File of a local profile.

        Raises:
            StudyError: ARM_UNKNOWN.
            IntegrityError: PROFILE_DAMAGED or PROFILE_MODEL.
        """
        return Predictor.load(self._arm(arm), profile=profile)

    def predict(self, path: str | Path, arm: str | None = None, profile: str | Path = "") -> pd.DataFrame:
        """Return what the arm of that name, or the best one, says of an image, a folder of images or a table.

        Returns:
            One row a case: ``case``, ``predicted``, ``confidence`` and ``p_<class>`` of each class; where a threshold
            was tuned ``predicted_at_tuned_threshold``, and ``error`` for images of a folder that cannot be read.

        Raises:
            SeimbangError: ARM_UNKNOWN, or the image or the table cannot be read.
        """
        return many.predict(self.predictor(arm, profile), Path(path))

    def _arm(self, arm: str | None) -> Path:
        return self.folder / "arms" / find_arm(self.folder, arm)

    def __repr__(self) -> str:
        lines = [self.contents.study.title, *card.warnings(self.contents), *card.sentences(self.contents)]
        return "\n".join([*lines, f"Report: {self.report}"])

    def _repr_html_(self) -> str:
        return card.card(self.contents)


def audit(what: str | Path | Study, data: str | Path | None = None) -> Findings:
    """Look for leaks and faults in data, or in data as a study divides them.

    Args:
        what: A folder, CSV, npz or Excel table; or a study: its name, its file, or itself.
        data: Folder that the data paths of a study start from; by default ``$SEIMBANG_DATA``, else ``data``.

    Raises:
        SeimbangError: The study or the data cannot be used; the message says how to fix it.
    """
    return Findings(inspect(what, _root(data)))


def run(
    study: str | Path | Study,
    data: str | Path | None = None,
    out: str | Path | None = None,
    arm: str | Sequence[str] = (),
    quick: bool = False,
    workers: int | None = None,
    without_test: bool = False,
) -> Run:
    """Run a study, or what is left of it after an interruption, and write its report.

    Studies that it names in ``then`` are not run.

    Args:
        study: Its name, its file, or itself; or data: a folder of images, a CSV, Excel, npz or zip file, which are run
            as `seimbang init` would write their study.
        data: Folder that its data paths start from; by default ``$SEIMBANG_DATA``, else ``data``.
        out: The run folder; by default ``runs/<study>``.
        arm: Name of the one arm to run, or names of several; by default all.
        quick: A rough answer in about a minute.
        workers: Jobs at once; by default what fits processors and memory.
        without_test: Train and validate only; the same call without it tests what was trained.

    Raises:
        SeimbangError: What went wrong and how to fix it; what is finished is kept.
    """
    loaded, root = _study(study, data)
    name = slug(study.title) if isinstance(study, Study) else Path(study).stem
    folder = Path(out or Path("runs") / f"{name}{'-quick' if quick else ''}")
    only = (arm,) if isinstance(arm, str) else tuple(arm)
    run_study(loaded, root, folder, only, quick, options=Options(workers, without_test=without_test))
    return load(folder)


def _study(study: str | Path | Study, data: str | Path | None) -> tuple[Study, Path]:
    """Return a study and the folder that its paths start from; of data a first study."""
    if isinstance(study, Study):
        return study, _root(data)
    path = Path(study)
    if is_data(path) and str(study) not in shipped():
        return study_for(path), path.resolve().parent
    return load_study(str(study)), _root(data)


def load(run: str | Path) -> Run:
    """Return what is in a run folder.

    Raises:
        IntegrityError: RUN_MISSING, RUN_DAMAGED or RUN_UNFINISHED.
    """
    return Run(Path(run), read(Path(run)))


def _root(data: str | Path | None) -> Path:
    return Path(data or os.environ.get("SEIMBANG_DATA") or "data")

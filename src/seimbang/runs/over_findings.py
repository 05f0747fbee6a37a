"""A study over findings: a run of each finding against the rest, then one table over all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seimbang.errors import DataError
from seimbang.evaluation.macro import AVERAGED, Averages, FindingCases
from seimbang.evaluation.predictions import aligned, checked, scored
from seimbang.evaluation.units import of_unit
from seimbang.imaging.files import write_atomic
from seimbang.progress import complain, say
from seimbang.record.comparison import TUNED, Difference
from seimbang.record.folder import RunFolder, digest
from seimbang.record.metrics import Value
from seimbang.record.over_findings import BELOW, TABLE, FindingRow, FindingRun, OverFindings
from seimbang.record.read import Arm, Run, read, read_predictions
from seimbang.reports.over_findings import files
from seimbang.runs.executors import Options
from seimbang.runs.run import ALONE, coordinated
from seimbang.runs.run import run as run_study
from seimbang.settings import invalid
from seimbang.study.schema import Study, slug

STEP = "findings"
WRITES = (TABLE, "findings.csv", "findings.html")


@dataclass(frozen=True)
class Reading:
    """An arm under one decision rule.

    Attributes:
        arm: The arm.
        tuned: Whether it decides by its threshold chosen on validation.
        beside: Whether this is the second reading of an arm that has one of its own.
    """

    arm: Arm
    tuned: bool
    beside: bool = False

    @property
    def name(self) -> str:
        """Name of the arm, and of the rule where it is the second one."""
        return f"{self.arm.name}{TUNED}" if self.beside else self.arm.name

    @property
    def facts(self) -> dict[str, Any]:
        """What a row says of it."""
        return {"protocol": self.arm.facts.protocol, "arm": self.name, "leaky": self.arm.facts.leaky}

    @property
    def values(self) -> dict[str, Value]:
        """The figures on the test set."""
        test = self.arm.test
        assert test is not None
        measures = test.tuned if self.beside and test.tuned else test.default
        return {metric: measures.metrics[metric] for metric in AVERAGED}


def studies(study: Study, root: Path) -> dict[str, Study]:
    """Return the study of each finding by its name; nothing where the study does not ask for findings.

    Raises:
        DataError: The findings cannot be read from the data.
        StudyError: STUDY_INVALID: two findings have the same folder.
    """
    names = study.data.findings_in(root)
    alike = [name for k, name in enumerate(names) if slug(name) in map(slug, names[:k])]
    if alike:
        raise invalid([f"data.findings has two names whose folder is {slug(alike[0])!r}, such as {alike[0]!r}"])
    return {name: _study(study, name) for name in names}


def _study(study: Study, name: str) -> Study:
    external = tuple(
        hospital.model_copy(update={"data": hospital.data.of_finding(name)}) for hospital in study.external
    )
    own = {"title": f"{study.title}: {name}", "data": study.data.of_finding(name), "external": external, "then": ()}
    return study.model_copy(update=own)


def run(
    study: Study, root: Path, out: Path, only: tuple[str, ...] = (), quick: bool = False, options: Options = ALONE
) -> Path:
    """Run the study of each finding, or what is left of it, and write the table over all, with what cannot be studied.

    Args:
        study: One whose data ask for findings.
        root: Folder that its data paths are relative to.
        out: The run folder; that of a finding is ``findings/<finding>`` below it.
        only: Names of the arms to run; all of them where none is named.
        quick: Cut everything down to a rough answer.
        options: Who does the jobs.

    Returns:
        The path of the table; of the run folder where the runs were only prepared, or made without their
        test parts.

    Raises:
        SeimbangError: What `runs.run.run` raises; a DataError only where no finding can be studied.
    """
    every = studies(study, root)
    folders = {name: out / BELOW / slug(name) for name in every}
    failed: dict[str, DataError] = {}
    with coordinated(RunFolder(out)):
        RunFolder(out).forget(STEP)
        RunFolder(out).remove("", WRITES)
        for number, (name, of_finding) in enumerate(every.items(), 1):
            say(f"Finding {number} of {len(every)}: {name}")
            try:
                run_study(of_finding, root, folders[name], only, quick, options=options)
            except DataError as error:
                failed[name] = error
                complain(f"{name} is left out. {error}")
        if len(failed) == len(every):
            raise next(iter(failed.values()))
        if options.workers == 0 or options.without_test:
            return out
        _write(out, files(_over(study, out, folders, failed), options.language))
    return out / "findings.html"


def _write(out: Path, written: dict[str, str]) -> None:
    """Write the table; a report of it is written again from ``findings.json``, which is therefore recorded."""
    RunFolder(out).publish(STEP, digest(written), "", (TABLE,), {TABLE: written.pop(TABLE)})
    for file, content in written.items():
        write_atomic(out / file, content)


def _over(study: Study, out: Path, folders: Mapping[str, Path], failed: Mapping[str, DataError]) -> OverFindings:
    runs = {name: read(folder) for name, folder in folders.items() if name not in failed}
    first = next(iter(runs.values()))
    of_protocols = [_protocol(protocol, runs, study.training.seed) for protocol in first.protocols]
    return OverFindings(
        title=study.title,
        quick=any(run.quick for run in runs.values()),
        synthetic=first.data.synthetic,
        metrics=list(AVERAGED),
        runs=[
            FindingRun(finding=name, folder=folder.relative_to(out).as_posix(), why=str(failed[name]))
            if name in failed
            else _finding_run(name, folder.relative_to(out).as_posix(), runs[name])
            for name, folder in folders.items()
        ],
        rows=[row for rows, _ in of_protocols for row in rows],
        averages=[row for _, rows in of_protocols for row in rows],
    )


def _finding_run(name: str, folder: str, run: Run) -> FindingRun:
    test = run.arms[0].test
    matrix = test.default.confusion if test else []
    return FindingRun(
        finding=name, folder=folder, cases=test.n if test else 0, positives=sum(matrix[-1]) if matrix else 0
    )


def _protocol(protocol: str, runs: Mapping[str, Run], seed: int) -> tuple[list[FindingRow], list[FindingRow]]:
    """Return the rows of each finding, and those of the averages, of what every run has finished."""
    by_name = {name: _readings(run, protocol) for name, run in runs.items()}
    arms = [arm for arm in next(iter(by_name.values())) if all(arm in of for of in by_name.values())]
    if not arms:
        return [], []
    averages = Averages({name: _tested([of[arm] for arm in arms], runs[name]) for name, of in by_name.items()}, seed)
    against = {(arm, metric): averages.against(arm, metric) for arm in arms[1:] for metric in AVERAGED}
    rows = []
    for k, (name, of) in enumerate(by_name.items()):
        for arm in arms:
            tests = {metric: Difference(**against[arm, metric][k]) for metric in AVERAGED if arm != arms[0]}
            rows.append(FindingRow(finding=name, **of[arm].facts, values=of[arm].values, against=tests))
    return rows, _averages(averages, next(iter(by_name.values())))


def _readings(run: Run, protocol: str) -> dict[str, Reading]:
    """Return the arms by name; one without balancing a second time, by its threshold chosen on validation."""
    readings = []
    for arm in run.protocols[protocol]:
        if arm.test is not None:
            readings.append(Reading(arm, arm.metrics.threshold.decides))
        if arm.test is not None and arm.test.tuned is not None and arm.method == "none":
            readings.append(Reading(arm, True, beside=True))
    return {reading.name: reading for reading in readings}


def _tested(readings: Sequence[Reading], run: Run) -> FindingCases:
    """Return the test set of a finding, as each reading decides on it."""
    of_cases = {reading.name: checked(read_predictions(reading.arm.folder), run.classes) for reading in readings}
    tables = {name: of_unit(table, run.classes, run.study.evaluation) for name, table in of_cases.items()}
    sets = aligned({name: scored(table, run.classes)["test"] for name, table in tables.items()})
    first, rows = next(iter(sets.values())), next(iter(tables.values()))
    group = rows[rows.set == "test"].groupby("case_id", sort=True).group.first()
    patients = np.where(group != "", group, "case:" + group.index.astype(str)).astype(str)
    return FindingCases(
        np.tile(patients, first.seeds),
        first.y,
        {name: cases.p for name, cases in sets.items()},
        {reading.name: sets[reading.name].decisions(reading.tuned) for reading in readings},
        first.seeds,
    )


def _averages(averages: Averages, readings: Mapping[str, Reading]) -> list[FindingRow]:
    """Return the macro average of each arm, and its tests against the first."""
    tests = {metric: averages.macro_against(metric) for metric in AVERAGED}
    return [
        FindingRow(
            finding="",
            **readings[arm].facts,
            values={metric: Value.model_validate(averages.macro(arm, metric)) for metric in AVERAGED},
            against={metric: Difference(**of[k - 1]) for metric, of in tests.items() if k},
        )
        for k, arm in enumerate(averages.arms)
    ]

"""The tables of the paper and its supplement, each as rows of text: for CSV, LaTeX and Word alike."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from seimbang.evaluation.figures import figures, headline
from seimbang.evaluation.table import PRIMARY
from seimbang.record.comparison import Pair
from seimbang.record.read import Arm
from seimbang.reports.html import setting
from seimbang.reports.paper.draft import Draft
from seimbang.reports.paper.numbers import Key
from seimbang.reports.tables import Row, compared, title


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: That of its files.
        caption: What it shows.
        header: Head of each column.
        rows: As many cells each.
        note: Below it.
    """

    name: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    @property
    def csv(self) -> str:
        """The table as CSV."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return text.getvalue()


def main_tables(draft: Draft) -> list[Table]:
    """Return the tables of the paper."""
    run = draft.run
    tests = [
        _figures(draft, protocol, run.shown, f"figures-{k}" if k else "figures")
        for k, protocol in enumerate(run.protocols)
    ]
    outside = [_figures(draft, None, f"external:{name}", f"external-{k}") for k, name in enumerate(run.external)]
    return [table for table in (_cases(draft), *tests, *outside, *_comparisons(draft)) if table.rows]


def supplement(draft: Draft) -> list[Table]:
    """Return the tables of the supplement."""
    made = (_settings(draft), *_layers(draft), *_searches(draft), _software(draft), _audit(draft))
    return [table for table in made if table.rows]


def _cases(draft: Draft) -> Table:
    run, number = draft.run, draft.numbers
    rows = []
    for k, protocol in enumerate(run.data.protocols):
        for part in protocol.counts:
            path = ("data.json", "protocols", k, "counts", part)
            name = f"{part} ({protocol.name})" if protocol.name else part
            rows.append(
                [
                    name,
                    *(number(*path, klass) for klass in run.classes),
                    number(*path),
                    _patients(draft, protocol.name, part),
                ]
            )
    for name in run.external:
        outside = ("data.json", "external", name)
        counts = (number(*outside, klass) for klass in run.classes)
        rows.append([name, *counts, number(*outside), _patients(draft, None, f"external:{name}")])
    first = " Of folds, the parts are those of the first." if any(each.folds > 1 for each in run.data.protocols) else ""
    note = "Patients, or pseudo-patients, as far as they are known." + first
    return Table("cases", "Cases of each class in each part.", ["Part", *run.classes, "All", "Patients"], rows, note)


def _patients(draft: Draft, protocol: str | None, part: str) -> str:
    """Return how many patients a set has; of folds only the tested ones are all counted once."""
    arms = [
        arm
        for arm in draft.run.arms
        if protocol in (None, arm.facts.protocol) and part in arm.metrics.sets and not arm.facts.leaky
    ]
    folded = any(each.folds > 1 for each in draft.run.data.protocols if each.name == protocol)
    return "–" if not arms or folded or not draft.run.data.groups else draft.metrics(arms[0], part, "groups")


def place(draft: Draft, key: str) -> tuple[str, ...]:
    """Return where in the figures of a rule ``metrics.json`` holds a figure, such as ``sensitivity``."""
    figure = figures()[key]
    if figure.average:
        return figure.average, figure.metric.key
    if figure.metric.needs.per == "set":
        return "metrics", figure.metric.key
    return "per_class", draft.run.positive, figure.metric.key


def _figures(draft: Draft, protocol: str | None, part: str, name: str) -> Table:
    rows = compared(draft.run, part, protocol=protocol)
    keys = list(headline(len(draft.run.classes)))
    cells = [[_label(row), *(_figure(draft, row, part, key) for key in keys)] for row in rows]
    dagger = " † leaks test information." if any(row.arm.facts.leaky for row in rows) else ""
    where = {"test": "the internal test part", "validation": "the validation part"}
    on = where.get(part, f"the external set “{part.removeprefix('external:')}”")
    under = f" under “{protocol}”" if protocol else ""
    note = f"95 % confidence intervals in parentheses.{dagger}"
    return Table(name, f"Figures of each arm on {on}{under}.", ["Arm", *map(title, keys)], cells, note)


def _figure(draft: Draft, row: Row, part: str, key: str) -> str:
    return draft.metrics(row.arm, part, "tuned" if row.tuned else "default", *place(draft, key))


def _label(row: Row) -> str:
    return row.label + " †" * row.arm.facts.leaky


def _comparisons(draft: Draft) -> Iterator[Table]:
    for i, (protocol, comparison) in enumerate(draft.run.comparisons.items()):
        for j, (part, of_part) in enumerate(comparison.sets.items()):
            prefix = "folds_" if of_part.by_folds else ""
            keys = [
                key for key in (PRIMARY, "accuracy", "auc") if of_part.pairs and _tested(of_part.pairs[0], prefix, key)
            ]
            path: tuple[Key, ...] = (protocol, "sets", part, "pairs")
            rows = [
                [
                    f"{pair.first} − {pair.second}",
                    *(draft.numbers("comparisons.json", *path, k, _tested(pair, prefix, key)) for key in keys),
                ]
                for k, pair in enumerate(of_part.pairs)
            ]
            under = f" under “{protocol}”" if protocol else ""
            caption = f"Differences between arms on {part.removeprefix('external:')}{under}."
            note = "Intervals and p-values are corrected for the number of pairs."
            yield Table(f"comparisons-{i}-{j}", caption, ["Pair", *map(title, keys)], rows, note)


def _tested(pair: Pair, prefix: str, key: str) -> str:
    """Return the name of the test of a figure, ``""`` where there is none."""
    return next((name for name in (prefix + key, key) if name in pair.tests), "")


def _settings(draft: Draft) -> Table:
    """One line a setting where all arms share it, else one an arm."""
    by_arm = {arm.facts.arm: dict(_flat(arm)) for arm in draft.run.arms}
    rows: list[list[str]] = []
    for name in dict.fromkeys(name for settings in by_arm.values() for name in settings):
        values = {arm: settings.get(name, "–") for arm, settings in by_arm.items()}
        same = len(set(values.values())) == 1
        rows += (
            [[name, "all", next(iter(values.values()))]]
            if same
            else [[name, *pair] for pair in values.items() if pair[1] != "–"]
        )
    return Table("hyperparameters", "Hyper-parameters of each arm.", ["Setting", "Arm", "Value"], rows)


def _flat(arm: Arm) -> Iterator[tuple[str, str]]:
    tables: dict[str, dict[str, Any]] = {
        "balance": arm.facts.balance,
        "model": arm.facts.model,
        "training": arm.facts.training.model_dump() if arm.networked else {},
    }
    for table, settings in tables.items():
        for key, value in settings.items():
            yield f"{table}.{key}", setting(value)


def _layers(draft: Draft) -> Iterator[Table]:
    seen: list[str] = []
    for arm in draft.run.arms:
        if arm.facts.layers and arm.facts.model_title not in seen:
            seen.append(arm.facts.model_title)
            rows = [
                [layer.name, " × ".join(map(str, layer.shape)), f"{layer.parameters:,}", layer.purpose]
                for layer in arm.facts.layers
            ]
            header = ["Layer", "Output", "Parameters", "Purpose"]
            yield Table(
                f"layers-{len(seen)}", f"Layers of the {arm.facts.model_title} (arm “{arm.name}”).", header, rows
            )


def _searches(draft: Draft) -> Iterator[Table]:
    for arm in draft.run.arms:
        if len(arm.search) > 1:
            names = list(arm.search[0].settings)
            rows = [
                [
                    *candidate.settings.values(),
                    f"{candidate.mean:.3f}",
                    "–" if candidate.sd is None else f"{candidate.sd:.3f}",
                    str(candidate.chosen),
                ]
                for candidate in arm.search
            ]
            header = [*names, "Mean", "SD", "Chosen in folds"]
            caption = f"Candidates of arm “{arm.name}”, by {arm.search[0].by} in inner folds."
            yield Table(f"search-{arm.facts.slug}", caption, header, rows)


def _software(draft: Draft) -> Table:
    made = draft.run.provenance
    whole = {
        "seimbang": made.seimbang,
        "Python": made.python,
        **made.libraries,
        "Platform": made.platform,
        "Processor": made.cpu,
    }
    run = {"Device": made.device, "Threads a job": str(made.threads), "Seed": str(made.seed), "Command": made.command}
    times = {"Started": made.started, "Finished": made.finished, "Seconds": f"{made.seconds:,.0f}"}
    rows = [[key, value] for key, value in (whole | run | times | {"Digest of the data": made.data_digest}).items()]
    return Table("software", "Software, hardware and provenance.", ["What", "Which"], rows)


def _audit(draft: Draft) -> Table:
    findings = draft.run.audit.findings
    rows = [[each.severity, each.title, each.arm or each.protocol or "all", each.sentence] for each in findings]
    return Table(
        "audit", "What the audit of data, division and arms found.", ["Severity", "Check", "Arm", "Finding"], rows
    )

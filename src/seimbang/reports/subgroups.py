"""The figures by the columns of the data that a study names: for the page, and as rows of ``metrics.csv``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from seimbang.record.metrics import Gap, Subgroups, Value, fixed
from seimbang.record.read import Arm, Run
from seimbang.text import recorded, tr


@dataclass(frozen=True)
class ByColumn:
    """One column on one set, of every arm of a protocol that was measured there."""

    column: str
    protocol: str
    set: str
    bands: bool
    arms: list[tuple[Arm, Subgroups]] = field(default_factory=list)


def by_subgroup(run: Run) -> list[ByColumn]:
    """Return the tables of all columns, protocols and sets; none where the study names no column."""
    tables: dict[tuple[str, str, str], ByColumn] = {}
    for arm in run.arms:
        for part, measured in arm.metrics.sets.items():
            for by in measured.subgroups:
                key = by.column, arm.facts.protocol, part
                tables.setdefault(key, ByColumn(*key, by.bands)).arms.append((arm, by))
    return list(tables.values())


def without_column(run: Run) -> list[tuple[str, str]]:
    """Return each external set and column of which there are no figures: the set lacks the column, or its values."""
    named = dict.fromkeys(run.study.evaluation.subgroups)
    known = {(by.set, by.column) for by in by_subgroup(run)}
    return [(name, column) for name in run.external for column in named if (f"external:{name}", column) not in known]


def gap_in_words(gap: Gap) -> str:
    """Return the largest gap between two values of a column, or why there is none."""
    if gap.difference is None or gap.corrected is None:
        return tr("no gap: {why}", why=recorded(gap.why))
    sure = gap.corrected < 0.05
    small, p = gap.corrected < 0.001, f"= {fixed(gap.corrected, 3)}".replace(" 0.", " .")
    return tr(
        "largest gap of balanced accuracy {gap}, “{highest}” over “{lowest}”; corrected p {p}: {verdict}",
        gap=fixed(gap.difference),
        highest=gap.highest,
        lowest=gap.lowest,
        p=tr("< .001") if small else p,
        verdict=tr("more than chance") if sure else tr("not shown to be more than chance"),
    )


def rows(arm: Arm) -> Iterator[tuple[str, str, str, Value]]:
    """Yield set, subgroup, metric and value of every figure of an arm's subgroups that is shown."""
    for part, measured in arm.metrics.sets.items():
        for by in measured.subgroups:
            for level in by.levels:
                yield part, f"{by.column}: {level.name}", "n", Value(value=level.n)
                for metric, value in level.values.items():
                    yield part, f"{by.column}: {level.name}", metric, value

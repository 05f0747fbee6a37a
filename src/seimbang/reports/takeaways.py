"""The three numbers that a reader takes home: how good at home, how good elsewhere, and what balancing did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from seimbang.evaluation.table import PRIMARY
from seimbang.record.metrics import Value
from seimbang.record.read import Arm, Run
from seimbang.reports.answer import outside, ranking

SHOWN = 3


@dataclass(frozen=True)
class Takeaway:
    """A number of the first screen, and what it is of.

    Attributes:
        kind: ``internal``, ``external``, ``change`` or ``recall``; the page has a phrase for each.
        value: The number.
        arm: Name of the row it is of.
        beside: The external set, the row without balancing, or the class; ``""`` for none.
        cases: How many it was measured on.
        moved: The change that ``external`` is, with its interval.
        side: 1 where ``moved`` or ``change`` is shown to be above 0, -1 below; 0 where neither is shown.
    """

    kind: str
    value: Value
    arm: str
    beside: str = ""
    cases: int = 0
    moved: Value | None = None
    side: int = 0


def takeaways(run: Run) -> list[Takeaway]:
    """Return three numbers of the best arm without a known leak; none where every arm leaks or none is tested."""
    first = next(ranking.firsts(run), None)
    return list(islice(_in_order(run, first), SHOWN)) if first else []


def shown_first(run: Run) -> list[Arm]:
    """Return the two arms that the page opens with: the best without a known leak where there are such."""
    best = [row.arm for first in islice(ranking.firsts(run), 1) for row in first.rows]
    ranked = {arm.facts.slug: arm for arm in (*best, *run.arms)}
    return list(ranked.values())[:2]


def _in_order(run: Run, first: ranking.Ranked) -> Iterator[Takeaway]:
    name = first.row.label
    yield Takeaway("internal", first.row.values[PRIMARY], name, cases=first.cases)
    for found in islice(outside.externals(run), 1):
        value, side = found.measures.metrics[PRIMARY], found.falls or 0
        yield Takeaway("external", value, found.row.label, found.set_name, found.cases, found.gap, side)
    yield from _changes(run)
    for klass, of_class in first.measures.per_class.items():
        yield Takeaway("recall", of_class.metrics["recall"], name, klass, of_class.support)


def _changes(run: Run) -> Iterator[Takeaway]:
    """Yield what the best balancing arm adds to the arm like it without balancing."""
    changes = [change for change in ranking.balanced(run) if change.test is not None]
    if changes:
        best = max(changes, key=lambda change: change.balanced.value or 0)
        assert best.test is not None
        yield Takeaway("change", best.test.value, best.row.label, best.before, side=best.test.sign)

"""A row on one set, beside guessing and always answering the largest class; and two rows beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from seimbang.evaluation.table import PRIMARY
from seimbang.record.comparison import PairedTest
from seimbang.record.metrics import Measures, Value
from seimbang.record.read import Run
from seimbang.reports.answer.rules import Rule, rule
from seimbang.reports.tables import Row, chance, largest, supports_of
from seimbang.reports.words import listed, named
from seimbang.text import marked, tr

SAME = 1e-9
"""Figures that differ by less are equal."""


def under(protocol: str) -> str:
    """Return of which protocol a sentence is, where there are several."""
    return tr(" under the protocol “{protocol}”", protocol=protocol) if protocol else ""


def here(run: Run) -> str:
    """Return what limits a claim about two arms: one training each says nothing of their methods."""
    return "" if all(arm.repeated for arm in run.arms) else tr(" in these trainings")


def paired(run: Run, first: Row, second: Row, part: str = "test") -> PairedTest | None:
    """Return how two rows of a protocol differ in balanced accuracy, first minus second; None without a test."""
    sets = run.comparisons[first.arm.facts.protocol].sets
    test = sets[part].between(first.label, second.label) if part in sets else None
    return test if test is None or test.difference is not None else None


MAJORITY: tuple[Rule, ...] = (
    rule(
        "Its accuracy, {accuracy}, is below the {share} of always answering “{largest}”: on these cases, more of its "
        "answers are wrong.",
        majority="below",
    ),
    rule(
        "Its accuracy, {accuracy}, is lower than the {share} of always answering “{largest}”, if not clearly so.",
        majority="lower",
    ),
    rule(
        "Its accuracy, {accuracy}, is not shown to be above the {share} of always answering “{largest}”.",
        majority="level",
    ),
)
"""Of ``Judged``: an arm whose accuracy a constant answer reaches as well."""

CHANCE: tuple[Rule, ...] = (
    rule("The whole interval lies below {guess}, which is chance: it is worse than guessing.", decisions=-1),
    rule("The interval is not above {guess}, which is chance.", decisions=0),
)
"""Of ``Judged``: an arm that may be guessing."""


@dataclass(frozen=True)
class Judged:
    """A row on one set, beside what needs no model: guessing, and always answering the largest class."""

    run: Run
    row: Row
    part: str

    @property
    def name(self) -> str:
        """Name of the row."""
        return named(self.row.label)

    @property
    def units(self) -> str:
        """What its figures are of."""
        return tr(self.run.units)

    @property
    def here(self) -> str:
        """What limits a claim that one row is better than another; ``""`` where it is about methods."""
        return here(self.run)

    @cached_property
    def measures(self) -> Measures:
        """Its figures."""
        measures = self.row.on(self.part)
        assert measures is not None
        return measures

    @property
    def balanced(self) -> Value:
        """Its balanced accuracy."""
        return self.measures.metrics[PRIMARY]

    @property
    def level(self) -> float:
        """The balanced accuracy of guessing."""
        return chance(self.run, PRIMARY, self.part) or 1 / len(self.run.classes)

    @property
    def decisions(self) -> int | None:
        """On which side of chance the interval of its balanced accuracy lies; None where there is none."""
        return None if self.balanced.withheld else self.balanced.side_of(self.level)

    @property
    def value(self) -> str:
        """Its balanced accuracy with the interval."""
        return self.balanced.beside(self.level)[0]

    @property
    def guess(self) -> str:
        """What guessing reaches."""
        return self.balanced.beside(self.level)[1]

    @property
    def majority(self) -> str:
        """How its accuracy stands to that of the largest class: ``below``, ``lower``, ``level`` or ``above``."""
        own, share = self.measures.metrics["accuracy"], self._largest[1]
        side, lower = own.side_of(share), own.value is not None and own.value < share - SAME
        return {-1: "below", 0: "lower" if lower else "level", 1: "above"}[side]

    @property
    def accuracy(self) -> str:
        """Its accuracy with the interval."""
        return self.measures.metrics["accuracy"].beside(self._largest[1])[0]

    @property
    def share(self) -> str:
        """The accuracy of always answering the largest class."""
        return self.measures.metrics["accuracy"].beside(self._largest[1])[1]

    @property
    def largest(self) -> str:
        """Name of the largest class."""
        return self._largest[0]

    @cached_property
    def _largest(self) -> tuple[str, float]:
        found = largest(supports_of(self.measures))
        assert found is not None
        return found

    @property
    def recalls(self) -> str:
        """The recall of each class, and how many cases it has."""
        classes = self.measures.per_class.items()
        text = marked("{recall} of {support} {name}")
        return listed([tr(text, recall=one.metrics["recall"], support=one.support, name=name) for name, one in classes])

    @property
    def _recall(self) -> dict[str, float]:
        known = {name: of_class.metrics["recall"].value for name, of_class in self.measures.per_class.items()}
        return {name: value for name, value in known.items() if value is not None}

    @property
    def lost(self) -> str:
        """Whether of some class ``none`` of the cases is found, in others ``fewer`` than half, or ``no`` such class."""
        return "none" if 0.0 in self._recall.values() else "fewer" if min(self._recall.values()) < 0.5 else "no"

    @property
    def never(self) -> str:
        """The classes of which no case is found."""
        return listed([name for name, value in self._recall.items() if value == 0])

    @property
    def weak(self) -> str:
        """The classes of which fewer than half of the cases are found."""
        return listed([name for name, value in self._recall.items() if value < 0.5])

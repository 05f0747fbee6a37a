"""What there is to say of the arms on the internal test: who is first, what balancing did, what a threshold does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from seimbang.evaluation.figures import title as figure_title
from seimbang.evaluation.table import PRIMARY
from seimbang.record.comparison import PairedTest
from seimbang.record.metrics import Value
from seimbang.record.read import Arm, Run
from seimbang.reports.answer.judged import SAME, Judged, here, paired, under
from seimbang.reports.tables import Row, compared, headline, ranked, supports_of
from seimbang.reports.words import difference, named, quoted
from seimbang.text import tr

SIGNS = {1: "raised", -1: "lowered", 0: "neither"}


@dataclass(frozen=True)
class Ranked(Judged):
    """The leak-free rows of one protocol on the test set, the highest first."""

    protocol: str
    rows: Sequence[Row]

    @property
    def under(self) -> str:
        """Which protocol it is."""
        return under(self.protocol)

    @property
    def cases(self) -> int:
        """Number of test cases."""
        return sum(supports_of(self.measures).values())

    @cached_property
    def _leaders(self) -> list[str]:
        highest = self.balanced.value or 0
        return [row.label for row in self.rows if abs((row.values[PRIMARY].value or 0) - highest) < SAME]

    @property
    def tie(self) -> bool:
        """Whether several rows have the highest figure."""
        return len(self._leaders) > 1

    @property
    def leaders(self) -> str:
        """The rows that have the highest figure."""
        return quoted(self._leaders)

    @cached_property
    def _below(self) -> list[str]:
        tests = {row.label: paired(self.run, self.row, row) for row in self.rows[1:]}
        return [label for label, test in tests.items() if test is not None and test.sign > 0]

    @cached_property
    def _level(self) -> list[str]:
        return [row.label for row in self.rows[1:] if row.label not in self._below]

    @property
    def better(self) -> str:
        """Than which others the first is shown to be better: ``alone``, ``all``, ``none`` or ``some``."""
        if not self.rows[1:]:
            return "alone"
        return "all" if not self._level else "some" if self._below else "none"

    @property
    def below(self) -> str:
        """The rows that it is better than."""
        return quoted(self._below)

    @property
    def alike(self) -> str:
        """The rows that it is not shown to differ from."""
        return quoted(self._level)


@dataclass(frozen=True)
class Unranked:
    """A run without any row to rank; ``honest`` where at least one arm does not leak."""

    honest: bool


def firsts(run: Run) -> Iterator[Ranked]:
    """Yield the ranking of each protocol that has one."""
    for protocol in run.protocols:
        rows = ranked(run, protocol)
        if rows:
            yield Ranked(run, rows[0], "test", protocol, rows)


def unranked(run: Run) -> Iterator[Unranked]:
    """Yield where there is nothing to rank."""
    if not run.openings.closed and not any(firsts(run)):
        yield Unranked(any(not arm.facts.leaky for arm in run.arms))


@dataclass(frozen=True)
class Kinds:
    """The best network of a protocol beside each row with a classical model."""

    run: Run
    network: Row
    classical: Sequence[Row]

    @property
    def name(self) -> str:
        """Name of the network's row."""
        return named(self.network.label)

    @property
    def under(self) -> str:
        """Which protocol it is."""
        return under(self.network.arm.facts.protocol)

    @property
    def value(self) -> Value:
        """Its balanced accuracy."""
        return self.network.values[PRIMARY]

    @property
    def here(self) -> str:
        """What limits a claim."""
        return here(self.run)

    def _against(self, sign: int) -> list[str]:
        tests = [(row.label, paired(self.run, self.network, row)) for row in self.classical]
        known = [(label, difference(test)) for label, test in tests if test and test.sign == sign]
        return [tr("“{name}” (difference {difference})", name=named(label), difference=by) for label, by in known]

    @property
    def wins(self) -> bool:
        """Whether it is shown to be better than some."""
        return bool(self._against(1))

    @property
    def draws(self) -> bool:
        """Whether it is not shown to differ from some."""
        return bool(self._against(0))

    @property
    def loses(self) -> bool:
        """Whether it is shown to be worse than some."""
        return bool(self._against(-1))

    @property
    def better(self) -> str:
        """The rows that it is better than."""
        return ", ".join(self._against(1))

    @property
    def alike(self) -> str:
        """The rows that it is not shown to differ from."""
        return ", ".join(self._against(0))

    @property
    def worse(self) -> str:
        """The rows that it is worse than."""
        return ", ".join(self._against(-1))


def kinds(run: Run) -> Iterator[Kinds]:
    """Yield each protocol that has both kinds of model."""
    for one in firsts(run):
        networks = [row for row in one.rows if row.arm.networked]
        classical = [row for row in one.rows if not row.arm.networked]
        if networks and classical:
            yield Kinds(run, networks[0], classical)


@dataclass(frozen=True)
class Changed(Judged):
    """A row beside the one that it is a change of, on the same cases."""

    base: Row

    @property
    def before(self) -> str:
        """Name of the other row."""
        return named(self.base.label)

    @property
    def earlier(self) -> Value:
        """Balanced accuracy of the other row."""
        return self.base.values[PRIMARY]

    @cached_property
    def test(self) -> PairedTest | None:
        """How the two differ."""
        return paired(self.run, self.row, self.base, self.part)

    @property
    def verdict(self) -> str:
        """What the change is shown to do: ``raised``, ``lowered`` or ``neither``; ``alike`` where nothing changed."""
        if self.test is None or self.test.corrected is None:
            return "alike"
        return SIGNS[self.test.sign]

    @property
    def difference(self) -> str:
        """The difference, its interval and p."""
        return difference(self.test) if self.test else tr("not estimable")

    @property
    def known(self) -> bool:
        """Whether further figures of both are known."""
        return bool(self._moved)

    @property
    def moved(self) -> str:
        """How the two kinds of error and the probabilities moved."""
        return ", ".join(self._moved)

    @cached_property
    def _moved(self) -> list[str]:
        base = self.base.on(self.part)
        assert base is not None
        now, before = (headline(measures, self.run.positive) for measures in (self.measures, base))
        kept = [key for key in ("sensitivity", "specificity", "calibration_error") if key in now]
        known = [key for key in kept if now[key].value is not None and before[key].value is not None]
        return [f"{figure_title(key)} {before[key].number} → {now[key].number}" for key in known]


def balanced(run: Run) -> Iterator[Changed]:
    """Yield each leak-free arm with balancing beside the arm like it without."""
    for protocol in run.protocols:
        rows = _in_order(run, protocol)
        for row in rows:
            base = _unbalanced(rows, row)
            if base is not None and row.arm.method != "none":
                yield Changed(run, row, "test", base)


def _in_order(run: Run, protocol: str) -> list[Row]:
    """Return the rows that are ranked, in the order of the study."""
    known = {row.label for row in ranked(run, protocol)}
    return [row for row in compared(run, protocol=protocol) if row.label in known]


def _unbalanced(rows: Sequence[Row], like: Row) -> Row | None:
    """Return the row by its own rule of the arm with the same model and no balancing."""
    same = (row for row in rows if row.arm.method == "none" and not row.tuned)
    return next((row for row in same if _same_model(row.arm, like.arm)), None)


def _same_model(first: Arm, second: Arm) -> bool:
    return first.facts.model == second.facts.model


@dataclass(frozen=True)
class Moved(Changed):
    """An arm without balancing by its tuned threshold, beside its own rule and the best balancing arm like it."""

    best: Row | None

    @property
    def cut(self) -> str:
        """The threshold."""
        return self.row.arm.metrics.threshold.text

    @property
    def arm(self) -> str:
        """Name of the arm."""
        return self.row.arm.name

    @property
    def rival(self) -> str:
        """Name of the best balancing arm."""
        return named(self.best.label) if self.best else ""

    @property
    def rival_value(self) -> str:
        """Its balanced accuracy."""
        return str(self.best.values[PRIMARY]) if self.best else ""

    @cached_property
    def _against(self) -> PairedTest | None:
        return paired(self.run, self.best, self.row) if self.best else None

    @property
    def balancing(self) -> str:
        """What the best balancing arm is beside it: ``alone`` for none, ``more``, ``less``, ``level`` or ``alike``."""
        if self.best is None or self._against is None:
            return "alone"
        return "alike" if self._against.corrected is None else {1: "more", -1: "less", 0: "level"}[self._against.sign]

    @property
    def beyond(self) -> str:
        """Balancing minus threshold, its interval and p."""
        return difference(self._against) if self._against else ""


def moved(run: Run) -> Iterator[Moved]:
    """Yield each leak-free arm without balancing that has a threshold chosen on validation."""
    for protocol in run.protocols:
        rows = _in_order(run, protocol)
        balancing = [row for row in ranked(run, protocol) if row.arm.method not in ("none", "threshold")]
        for row in rows:
            base = next((one for one in rows if one.arm is row.arm and not one.tuned), None)
            if row.tuned and base is not None:
                best = next((rival for rival in balancing if _same_model(rival.arm, row.arm)), None)
                yield Moved(run, row, "test", base, best)

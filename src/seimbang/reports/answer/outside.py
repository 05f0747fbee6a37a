"""What there is to say beyond the internal test: other hospitals, other split protocols, the publication."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from seimbang.evaluation.predictions import is_tested
from seimbang.evaluation.table import PRIMARY
from seimbang.record.metrics import Local, Measures, Value
from seimbang.record.read import Arm, Run
from seimbang.reports.answer.judged import SAME, Judged
from seimbang.reports.answer.ranking import firsts
from seimbang.reports.tables import Published, headline, published
from seimbang.text import marked, tr

UNKNOWN = Value(value=None)


@dataclass(frozen=True)
class External(Judged):
    """The first row of the internal test on an external set."""

    @property
    def set_name(self) -> str:
        """Name of the set."""
        return self.part.removeprefix("external:")

    @property
    def cases(self) -> int:
        """How many it has."""
        return self.row.arm.metrics.sets[self.part].n

    @property
    def people(self) -> str:
        """What its cases are of."""
        return tr("patients") if self.run.data.kind == "image" else tr("cases")

    @property
    def internal(self) -> Value:
        """Balanced accuracy on the internal test."""
        return self.row.values[PRIMARY]

    @property
    def gap(self) -> Value:
        """External minus internal balanced accuracy."""
        return self.row.arm.metrics.gap(self.part, PRIMARY, self.row.tuned)

    @property
    def change(self) -> str:
        """That difference and its interval."""
        return self.gap.beside(0)[0]

    @property
    def falls(self) -> int | None:
        """On which side of no change its interval lies; None where there is none."""
        return None if self.gap.value is None or self.gap.withheld else self.gap.side_of(0)

    @property
    def auc(self) -> str:
        """The AUC there with the interval."""
        return self.measures.metrics["auc"].beside(0.5)[0]

    @property
    def ranking(self) -> int | None:
        """On which side of chance the interval of the AUC lies; None where there is none."""
        auc = self.measures.metrics["auc"]
        return None if auc.value is None or auc.withheld else auc.side_of(0.5)

    @property
    def errors(self) -> str:
        """Sensitivity and specificity there; of more than two classes the recall of each."""
        return self._errors(self.measures)

    def _errors(self, measures: Measures) -> str:
        if len(self.run.classes) > 2:
            return "; ".join(f"{name} {one.metrics['recall']}" for name, one in measures.per_class.items())
        shown = headline(measures, self.run.positive)
        text = marked("sensitivity {sensitivity}, specificity {specificity}")
        return tr(text, sensitivity=shown["sensitivity"], specificity=shown["specificity"])

    @property
    def _local(self) -> Local | None:
        return self.row.arm.metrics.sets[self.part].local

    @cached_property
    def _gain(self) -> Value:
        return self._local.gain["tuned" if self.row.tuned else "default"] if self._local else UNKNOWN

    @property
    def threshold(self) -> str:
        """What a threshold set anew there says of the one in use, where it is known.

        ``stays`` behind: it is shown to be better where the model still ranks, and what held at home is lost with the
        old one. ``unsuited``: it is shown to be better. ``blameless``: balanced accuracy fell, or is not above chance,
        and it is not shown to be better.
        """
        if self._gain.value is None or self._gain.withheld:
            return ""
        lost = self.falls == -1 or self.decisions in (-1, 0)
        if self._gain.side_of(0) > 0:
            held = self.ranking == 1 and self.internal.side_of(self.level) > 0
            return "stays" if lost and held else "unsuited"
        return "blameless" if lost else ""

    @property
    def gain(self) -> str:
        """By how much it does."""
        return self._gain.beside(0)[0]

    @property
    def local(self) -> str:
        """Balanced accuracy with it."""
        return str(self._local.measures.metrics[PRIMARY]) if self._local else ""

    @property
    def local_errors(self) -> str:
        """Sensitivity and specificity with it."""
        return self._errors(self._local.measures) if self._local else ""

    @cached_property
    def _gaps(self) -> list[Value]:
        gaps = [arm.metrics.gap(self.part, PRIMARY, tuned=False) for arm in self.run.arms]
        return [gap for gap in gaps if gap.value is not None]

    @property
    def several(self) -> bool:
        """Whether more than one arm was measured there and at home."""
        return len(self._gaps) > 1

    @property
    def arms(self) -> int:
        """How many arms were."""
        return len(self._gaps)

    @property
    def fallen(self) -> int:
        """How many of them fell with an interval wholly below zero."""
        return sum(gap.side_of(0) < 0 for gap in self._gaps)


@dataclass(frozen=True)
class Nowhere:
    """A run without an external set; ``place`` is where else it might be used."""

    place: str


def nowhere(run: Run) -> Iterator[Nowhere]:
    """Yield where there is no external set."""
    if not run.external and not run.openings.closed:
        yield Nowhere(tr("in another hospital") if run.data.kind == "image" else tr("elsewhere"))


def externals(run: Run) -> Iterator[External]:
    """Yield, for each external set, the first row of the first protocol that was measured on it."""
    for name in run.external:
        rows = (one.row for one in firsts(run))
        part = f"external:{name}"
        row = next((row for row in rows if row.on(part)), None)
        if row is not None:
            yield External(run, row, part)


@dataclass(frozen=True)
class Protocols:
    """An arm under the first split protocol and under another."""

    name: str
    first: str
    other: str
    value: Value
    other_value: Value

    @cached_property
    def _change(self) -> Value:
        return self.other_value.minus(self.value)

    @property
    def change(self) -> str:
        """The second minus the first, with the interval that both make."""
        return self._change.beside(0)[0]

    @property
    def falls(self) -> int:
        """On which side of no change it lies."""
        return 0 if abs(self._change.value or 0) < SAME else self._change.side_of(0)


@dataclass(frozen=True)
class Memory:
    """How many arms fall from a first protocol that leaks to one that does not."""

    first: str
    other: str
    fallen: int
    arms: int


def protocols(run: Run) -> Iterator[Protocols]:
    """Yield what each other split protocol makes of the arms of the first."""
    for _, _, change in _changes(run):
        yield change


def memories(run: Run) -> Iterator[Memory]:
    """Yield each other protocol without a leak, where every arm of the first has one and some arms fall."""
    of_other: dict[str, list[tuple[Arm, Arm, Protocols]]] = {}
    for known in _changes(run):
        of_other.setdefault(known[2].other, []).append(known)
    for other, pairs in of_other.items():
        fallen = sum(change.falls < 0 for *_, change in pairs)
        if fallen and all(a.facts.leaky and not b.facts.leaky for a, b, _ in pairs):
            yield Memory(pairs[0][2].first, other, fallen, len(pairs))


def _changes(run: Run) -> Iterator[tuple[Arm, Arm, Protocols]]:
    first, *others = run.protocols
    for other in others:
        for a in run.protocols[first]:
            b = next((one for one in run.protocols[other] if one.facts.arm == a.facts.arm), None)
            if b is not None and _value(a).value is not None and _value(b).value is not None:
                yield a, b, Protocols(a.facts.arm, first, other, _value(a), _value(b))


def _value(arm: Arm) -> Value:
    return arm.test.default.metrics[PRIMARY] if arm.test else UNKNOWN


@dataclass(frozen=True)
class Reported:
    """A published figure beside ours."""

    row: Published
    ours: Value

    @property
    def figure(self) -> str:
        """What it is a figure of."""
        return self.row.figure

    @property
    def published(self) -> str:
        """The publication's."""
        return self.ours.beside(self.row.published)[1]

    @property
    def value(self) -> str:
        """Ours, with the interval."""
        return self.ours.beside(self.row.published)[0]

    @property
    def set_name(self) -> str:
        """The set."""
        return tr(self.row.set)

    @property
    def name(self) -> str:
        """The arm."""
        return self.row.arm

    @property
    def side(self) -> int:
        """On which side of the published figure our interval lies."""
        return self.ours.side_of(self.row.published)


@dataclass(frozen=True)
class Reports:
    """All published figures that were measured here."""

    sides: Sequence[int]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.sides)

    @property
    def inside(self) -> int:
        """How many lie inside our interval."""
        return self.sides.count(0)

    @property
    def above(self) -> int:
        """How many lie above it."""
        return self.sides.count(-1)

    @property
    def below(self) -> int:
        """How many lie below it."""
        return self.sides.count(1)


def reported(run: Run) -> Iterator[Reported]:
    """Yield each published accuracy on a test that was measured here."""
    for one in _reported(run):
        if one.row.metric == "accuracy" and is_tested(one.row.set):
            yield one


def reports(run: Run) -> Iterator[Reports]:
    """Yield all published figures together, where there are several."""
    sides = [one.side for one in _reported(run)]
    if len(sides) > 1:
        yield Reports(sides)


def _reported(run: Run) -> Iterator[Reported]:
    for row in published(run):
        if row.ours is not None and row.ours.value is not None and not row.ours.withheld:
            yield Reported(row, row.ours)

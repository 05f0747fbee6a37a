"""What there is to say of how far the figures can be trusted: leaks, rare classes, seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from seimbang.evaluation.table import PRIMARY
from seimbang.record.read import Arm, Run
from seimbang.reports.answer.apart import place
from seimbang.reports.tables import supports_of
from seimbang.reports.words import quoted
from seimbang.text import marked, ntr, number, recorded, tr

FEW = 20
"""Cases of a class: with fewer, an interval of its recall is some 0.4 wide or wider."""


@dataclass(frozen=True)
class Few:
    """The smallest class of a set of cases."""

    name: str
    count: int
    cases: int
    units: str
    unit: str
    where: str

    @property
    def size(self) -> Literal["absent", "few", "enough"]:
        """Whether it has so few cases that hardly a difference can be shown."""
        return "absent" if not self.count else "few" if self.count < FEW else "enough"

    @property
    def step(self) -> str:
        """By how much one case moves the recall."""
        return number(1 / self.count)

    @property
    def are(self) -> str:
        """The verb."""
        return tr("is") if self.count == 1 else tr("are")


def few(run: Run) -> Iterator[Few]:
    """Yield the smallest class of the test set of each protocol, and of each external set."""
    for protocol, arms in run.protocols.items():
        for part in ("test", *(f"external:{name}" for name in run.external)):
            measured = next((arm.metrics.sets[part] for arm in arms if part in arm.metrics.sets), None)
            if measured and (part == "test" or protocol == next(iter(run.protocols))):
                supports = supports_of(measured.default)
                name = min(supports, key=lambda klass: supports[klass])
                where = place(part, protocol if part == "test" else "")
                units, unit = tr(run.units), tr(run.units.removesuffix("s"))
                yield Few(name, supports[name], measured.n, units, unit, where)


@dataclass(frozen=True)
class Leaks:
    """Arms that leak for one reason."""

    arms: Sequence[Arm]
    reason: str

    @property
    def names(self) -> str:
        """Their names."""
        return quoted([arm.name for arm in self.arms])

    @property
    def verb(self) -> str:
        """What they do."""
        return tr("leaks") if len(self.arms) == 1 else tr("leak")

    @property
    def reached(self) -> str:
        """Their figures."""
        return "; ".join(tr("“{name}” reaches {figures}", name=arm.name, figures=_both(arm)) for arm in self.arms)


def leaks(run: Run) -> Iterator[Leaks]:
    """Yield the arms that leak, by the reason."""
    reasons: dict[str, list[Arm]] = {}
    for arm in run.arms:
        if arm.facts.leaky:
            reason = " ".join(map(recorded, arm.facts.leaks)) or tr("Test cases took part in training.")
            reasons.setdefault(reason, []).append(arm)
    for reason, arms in reasons.items():
        yield Leaks(arms, reason)


def _both(arm: Arm) -> str:
    if arm.test is None:
        return tr("no figure on the test set")
    metrics = arm.test.default.metrics
    text = marked("accuracy {accuracy} and balanced accuracy {balanced}")
    return tr(text, accuracy=metrics["accuracy"], balanced=metrics[PRIMARY])


@dataclass(frozen=True)
class Trained:
    """With how many seeds the arms were trained."""

    run: Run

    @property
    def seeds(self) -> int:
        """How many a fold."""
        return max(len(arm.facts.served) for arm in self.run.arms)

    @property
    def how(self) -> Literal["once", "folds", "seeds"]:
        """Whether some ``once``, or all with several seeds, or with one in each of several folds."""
        if self._single:
            return "once"
        return "seeds" if self.seeds > 1 else "folds"

    @property
    def _single(self) -> list[str]:
        return [arm.name for arm in self.run.arms if not arm.repeated]

    @property
    def were(self) -> str:
        """The arms that were trained once, with the verb."""
        if len(self._single) == len(self.run.arms):
            return tr("each arm was")
        return ntr("{names} was", "{names} were", len(self._single), names=quoted(self._single))

    @property
    def seed(self) -> int:
        """The first."""
        return self.run.provenance.seed

    @property
    def part(self) -> str:
        """Whose choice the intervals are about."""
        return tr(self.run.shown)

    @property
    def people(self) -> str:
        """What the cases are of."""
        return tr("patients") if self.run.data.kind == "image" else tr("cases")

    @property
    def place(self) -> str:
        """Where other cases would come from."""
        return tr("hospital") if self.run.data.kind == "image" else tr("place")


def trained(run: Run) -> Iterator[Trained]:
    """Yield how the arms were trained."""
    yield Trained(run)

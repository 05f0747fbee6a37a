"""``comparisons.json``: every two arms tested on the same cases."""

from __future__ import annotations

from pydantic import ConfigDict

from seimbang.record.base import Record
from seimbang.record.metrics import Value
from seimbang.text import marked

TUNED = marked(" + tuned threshold")
"""What the name of an arm ends with where it is read by its threshold chosen on validation, beside its own rule."""


class Difference(Record):
    """A difference that was tested among others, and what holds for all of them at once.

    Attributes:
        difference: None where there is none.
        low: Lower end of its interval.
        high: Its upper end; 0 lies outside exactly where ``corrected`` is below .05.
        p: Before correction.
        corrected: p corrected for the number of tests.
        why: Why there is no p.
    """

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    corrected: float | None
    why: str

    @property
    def significant(self) -> bool:
        """Whether it is not 0 at the 5 % level, all tests together."""
        return self.corrected is not None and self.corrected < 0.05

    @property
    def doubt(self) -> float | None:
        """Probability that the difference has the other sign, where nothing was known of it before.

        Half the two-sided p, before correction: the posterior of a flat prior (Benavoli et al. 2017, of folds).
        """
        return None if self.p is None else self.p / 2

    @property
    def sign(self) -> int:
        """Which side is shown to be higher: 1 the first, -1 the second, 0 neither."""
        return (1 if (self.difference or 0) > 0 else -1) if self.significant else 0

    @property
    def value(self) -> Value:
        """The difference with its interval."""
        return Value(
            value=self.difference, low=self.low, high=self.high, why=self.why if self.difference is None else ""
        )

    def __str__(self) -> str:
        return self.value.beside(0)[0]


class PairedTest(Difference):
    """What one test says of a pair of arms, first minus second."""

    method: str

    def turned(self) -> PairedTest:
        """Return it as second minus first."""
        difference, low, high = (None if x is None else -x for x in (self.difference, self.high, self.low))
        return self.model_copy(update={"difference": difference, "low": low, "high": high})


class Pair(Record):
    """Two arms on the same cases, and what each test says.

    Attributes:
        first: Name of the first arm.
        second: Name of the second.
        only_first: Cases that only the first has right; of several seeds the mean.
        only_second: Those that only the second has right.
        outperformance: Probability that one training of the first has a higher balanced accuracy than one of the
            second; None where one of them has a single seed.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, PairedTest]
    first: str
    second: str
    only_first: float
    only_second: float
    outperformance: Value | None = None

    @property
    def tests(self) -> dict[str, PairedTest]:
        """What the tests say, by their names."""
        return self.__pydantic_extra__


class Compared(Record):
    """Every pair on one set; ``by_folds``: the tests over folds lead, since the others do not know of the folds."""

    n: int
    groups: int
    by_folds: bool
    pairs: list[Pair]

    def leading(self, pair: Pair, metric: str) -> PairedTest:
        """Return the test of a metric by which two arms are judged."""
        return pair.tests[f"folds_{metric}" if self.by_folds else metric]

    def between(self, first: str, second: str, metric: str = "balanced_accuracy") -> PairedTest:
        """Return what the leading test of a metric says of two different arms, first minus second."""
        pair = next(pair for pair in self.pairs if {pair.first, pair.second} == {first, second})
        result = self.leading(pair, metric)
        return result if pair.first == first else result.turned()


class Comparison(Record):
    """One protocol of ``comparisons.json``.

    Attributes:
        arms: Their names; an arm without balancing is there a second time, with ``TUNED``, where it has a threshold.
        sets: By name.
    """

    arms: list[str]
    sets: dict[str, Compared]

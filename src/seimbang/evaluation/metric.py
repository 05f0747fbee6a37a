"""What a metric is: its function, and how it is read, tested and shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.predictions import Floats, Ints

Flags = npt.NDArray[np.bool_]
Share = Callable[[Ints, Ints, int], tuple[Flags, Flags]]


@dataclass(frozen=True)
class Needs:
    """What a metric needs.

    Attributes:
        of: ``decisions`` (predicted classes) or ``probabilities``.
        per: Whether it is one number of a ``set``, or one of each ``class`` against the rest.
        classes: ``any`` number of classes, or ``two`` only.
    """

    of: Literal["decisions", "probabilities"]
    per: Literal["set", "class"] = "set"
    classes: Literal["any", "two"] = "any"


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        key: Its key in ``metrics.json``.
        title: Its name inside a sentence.
        function: Its value for each weighting, shape ``(r,)``, or ``(r, classes)`` where it is one of each class.
        interval: How the 95 % interval is made, each a function in ``measured``: ``proportion``; of other functions of
            predicted classes ``posterior``; of probabilities ``delong``, ``jackknife``, or ``bins`` of the calibration
            error.
        better: Whether ``higher`` or ``lower`` is better; the best value is 1 or 0.
        chance: The best value that is to be expected of predictions that know nothing of a case, only how frequent the
            classes are: a number, or a function of the classes' shares, shape ``(classes,)``, which returns one number
            or one a class. None where such predictions can have the best value.
        needs: What it needs.
        share: Of the interval ``proportion``: from true and predicted classes and a class's position, which cases count
            and which of all cases are hits.
        undefined: Why it may be undefined for class ``{name}``; without it the reason is a class without cases.
        averaged: Whether its macro and weighted averages over the classes are given too.
        positive: Its name where it is of the positive class of two, such as sensitivity.
        headline: Of how many classes reports show it beside the arms: ``two``, ``more`` or ``any``; one of each class
            for the positive class of two, and as macro average of more.
        main: Whether it has a forest plot, an interval for its change on external sets, and a row on the page.
        over_folds: Whether it is given fold by fold; one of each class as macro average.
        paired: Test of two arms on the same cases: of the share that is right, of all ``cases`` or as mean over the
            ``classes``, by exchanging the arms' answers, and over folds too; or ``delong``.
        limits: Lowest and highest value that there can be.
    """

    key: str
    title: str
    function: Callable[[Weighted], Floats]
    interval: Literal["proportion", "posterior", "delong", "jackknife", "bins"]
    better: Literal["higher", "lower"]
    chance: float | Callable[[Floats], float | Floats] | None
    needs: Needs
    share: Share | None = None
    undefined: str = ""
    averaged: bool = False
    positive: str = ""
    headline: Literal["", "two", "more", "any"] = ""
    main: bool = False
    over_folds: bool = False
    paired: Literal["", "cases", "classes", "delong"] = ""
    limits: tuple[float, float] = (0.0, 1.0)

    @property
    def sign(self) -> float:
        """1 where it is the share that is right, -1 where it is the share that is wrong."""
        return 1.0 if self.better == "higher" else -1.0

    def part(self, y: Ints) -> Ints:
        """Return the part in which each case counts where two arms are compared: its class, or 0 for all cases."""
        return np.zeros_like(y) if self.paired == "cases" else y

    @property
    def best(self) -> float:
        """The value of perfect predictions."""
        return 1.0 if self.better == "higher" else 0.0

    def of(self, cases: Weighted) -> Floats:
        """Return its values; NaN where it is undefined."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.function(cases)

    def at_chance(self, shares: Floats) -> float | Floats | None:
        """Return ``chance`` in a set whose classes have these shares, shape ``(classes,)``."""
        return self.chance(shares) if callable(self.chance) else self.chance

    def suits(self, classes: int) -> bool:
        """Whether it exists for this number of classes."""
        return self.needs.classes == "any" or classes == 2

    def __str__(self) -> str:
        return self.key

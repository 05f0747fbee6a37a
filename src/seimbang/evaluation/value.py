"""A number as the files hold it: with its 95 % interval, or the reason why there is none."""

from collections.abc import Sequence

import numpy as np

from seimbang.evaluation import intervals, seeds
from seimbang.evaluation.predictions import Floats, Scored

Value = dict[str, float | str | None]


def number_of(
    value: float, interval: intervals.Interval, of_seeds: Floats, limits: tuple[float, float] = (0.0, 1.0)
) -> Value:
    """Return a number with its interval over patients, widened where there are several seeds."""
    low, high, way = interval
    if len(of_seeds) == 1:
        return {"value": value, "low": low, "high": high, "interval": way}
    low, high, share = seeds.widened(value, low, high, seeds.spread(of_seeds), limits)
    return {"value": value, "low": low, "high": high, "interval": f"{way}, and seeds", "of_seeds": share}


def undefined(why: str, value: float | None = None) -> Value:
    """Return a number without an interval, or none at all, and why."""
    return {"value": value, "low": None, "high": None, "interval": "", "why": why}


def too_few(cases: Scored, classes: Sequence[str]) -> str:
    """Return why there is no interval of anything but shares of cases, ``""`` where there is."""
    patients = [len(np.unique(cases.group[cases.y == k])) for k in range(len(classes))]
    few = [name for name, count in zip(classes, patients, strict=True) if 0 < count < intervals.FEWEST]
    people = "patients" if cases.groups < cases.n else "cases"
    return f"no interval: fewer than {intervals.FEWEST} {people} of {', '.join(few)}" if few else ""


def absent(cases: Scored, classes: Sequence[str]) -> str:
    """Return which classes have no case in the set, ``""`` where all have."""
    names = [name for k, name in enumerate(classes) if not (cases.y == k).any()]
    return f"the set has no case of {', '.join(names)}" if names else ""

"""How many patients it would take to tell the two best arms apart, in words."""

from __future__ import annotations

from seimbang.evaluation.sample_size import MOST_SEEDS
from seimbang.record.metrics import Value
from seimbang.record.sample_size import SampleSize


def sentence(size: SampleSize, units: str) -> str:
    """Return what is known of a protocol.

    Args:
        size: Its two best arms.
        units: ``patients``, or ``cases`` where no patients are known.
    """
    where = f"{size.protocol}: " if size.protocol else ""
    pair = f"“{size.first}” and “{size.second}”, the two best on validation"
    if size.why or size.power is None:
        return f"{where}How many {units} would tell {pair}, apart cannot be said: {size.why}."
    difference = Value(value=size.difference, low=size.low, high=size.high)
    what = "models" if size.seeds == 1 else "methods"
    now = f"with the {size.patients:,} here, the chance is {100 * size.power:.0f} %"
    return (
        f"{where}{pair}, differ by {difference} on the test part. A study that tells these {what} apart with a "
        f"power of 80 % {_needed(size, units)}; {now}. {_range(size, units)}"
    )


def _needed(size: SampleSize, units: str) -> str:
    if size.needed:
        return f"needs about {size.needed:,} {units}"
    if size.more_seeds:
        return (
            f"is not to be had by more {units} ({size.most:,} were tried), because trainings differ too much: it needs "
            f"{size.more_seeds} seeds instead of {size.seeds}, and then about {size.needed_with_more_seeds:,} {units}"
        )
    seeds = f", also with {MOST_SEEDS} seeds" if size.seeds > 1 else ""
    return f"needs more than {size.most:,} {units}{seeds}, the most that were tried"


def _range(size: SampleSize, units: str) -> str:
    far, near = (
        f"{number:,}" if number else f"more than {size.most:,}" for number in (size.needed_far, size.needed_near)
    )
    if (size.low or 0) * (size.high or 0) <= 0:
        return f"If the difference is as large as its interval allows: {far}; there may as well be none to be found."
    ends = far if far == near else f"{far} and {near}"
    return f"At the ends of the interval of the difference it is {ends} {units}."

"""How many patients it would take to tell the two best arms apart, in words."""

from __future__ import annotations

from seimbang.evaluation.sample_size import MOST_SEEDS
from seimbang.record.metrics import Value
from seimbang.record.sample_size import SampleSize
from seimbang.text import marked, number, recorded, tr


def sentence(size: SampleSize, units: str) -> str:
    """Return what is known of a protocol.

    Args:
        size: Its two best arms.
        units: ``patients``, or ``cases`` where no patients are known.
    """
    where = f"{size.protocol}: " if size.protocol else ""
    pair = tr("“{first}” and “{second}”, the two best on validation", first=size.first, second=size.second)
    if size.why or size.power is None:
        text = marked("How many {units} would tell {pair}, apart cannot be said: {why}.")
        return where + tr(text, units=units, pair=pair, why=recorded(size.why))
    text = marked(
        "{pair}, differ by {difference} on the test part. A study that tells these {what} apart with a power of 80 % "
        "{needed}; with the {patients} here, the chance is {chance} %. {range}"
    )
    return where + tr(
        text,
        pair=pair,
        difference=Value(value=size.difference, low=size.low, high=size.high),
        what=tr("models") if size.seeds == 1 else tr("methods"),
        needed=_needed(size, units),
        patients=number(size.patients, ","),
        chance=number(100 * size.power, ".0f"),
        range=_range(size, units),
    )


def _needed(size: SampleSize, units: str) -> str:
    most = number(size.most, ",")
    if size.needed:
        return tr("needs about {needed} {units}", needed=number(size.needed, ","), units=units)
    if size.more_seeds:
        text = marked(
            "is not to be had by more {units} ({most} were tried), because trainings differ too much: it needs "
            "{more} seeds instead of {seeds}, and then about {needed} {units}"
        )
        needed = number(size.needed_with_more_seeds or 0, ",")
        return tr(text, units=units, most=most, more=size.more_seeds, seeds=size.seeds, needed=needed)
    if size.seeds > 1:
        text = marked("needs more than {most} {units}, also with {seeds} seeds, the most that were tried")
        return tr(text, most=most, units=units, seeds=MOST_SEEDS)
    return tr("needs more than {most} {units}, the most that were tried", most=most, units=units)


def _range(size: SampleSize, units: str) -> str:
    far, near = (
        number(needed, ",") if needed else tr("more than {most}", most=number(size.most, ","))
        for needed in (size.needed_far, size.needed_near)
    )
    if (size.low or 0) * (size.high or 0) <= 0:
        text = marked(
            "If the difference is as large as its interval allows: {far}; there may as well be none to be found."
        )
        return tr(text, far=far)
    ends = far if far == near else tr("{first} and {last}", first=far, last=near)
    return tr("At the ends of the interval of the difference it is {ends} {units}.", ends=ends, units=units)

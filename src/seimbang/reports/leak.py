"""What a leak was worth: an arm that leaks beside the one that is like it in everything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from seimbang.record.metrics import Value, decimals_beside
from seimbang.record.read import Arm, Run
from seimbang.reports.words import signed
from seimbang.text import tr


@dataclass(frozen=True)
class Worth:
    """By how much each leak raised the accuracy, in words."""

    parts: str


def worth(run: Run) -> Iterator[Worth]:
    """Yield what the leaks were worth; nothing where no leak-free arm is like one that leaks."""
    pairs = [(arm, _counterpart(run, arm)) for arm in run.arms if arm.facts.leaky]
    parts = [_part(run, leaky, honest) for leaky, honest in pairs if honest is not None]
    if parts:
        yield Worth("; ".join(parts))


def _part(run: Run, leaky: Arm, honest: Arm) -> str:
    return tr(
        "{raised}: {first} for “{leaky}” against {second} for “{honest}”",
        raised=_raised(_difference(run, leaky, honest)),
        first=_accuracy(leaky).number,
        leaky=leaky.name,
        second=_accuracy(honest).number,
        honest=honest.name,
    )


def _raised(difference: Value) -> str:
    value, low, high = difference.value or 0.0, difference.low, difference.high
    if low is None or high is None:
        return signed(value)
    decimals = decimals_beside(0, (value, low, high))
    ends = tr("{low} to {high}", low=signed(low, decimals), high=signed(high, decimals))
    maybe = "" if difference.side_of(0) else tr(", so perhaps nothing")
    return f"{signed(value, decimals)} ({ends}{maybe})"


def _difference(run: Run, leaky: Arm, honest: Arm) -> Value:
    """Return leaky minus honest: paired where both are tested on the same cases and can be, else as if independent."""
    if leaky.facts.protocol != honest.facts.protocol:
        return _accuracy(leaky).minus(_accuracy(honest))
    test = run.comparisons[leaky.facts.protocol].sets["test"].between(leaky.name, honest.name, "accuracy")
    if test.difference is None:
        return _accuracy(leaky).minus(_accuracy(honest))
    return Value(value=test.difference, low=test.low, high=test.high)


def _counterpart(run: Run, leaky: Arm) -> Arm | None:
    """Return the leak-free arm that is like a leaky one.

    One of the same protocol goes before others, then one with the same settings of the method: inside a fold a rare
    class may have too few cases for the number of neighbours that it has before the split.
    """
    alike = [arm for arm in run.arms if not arm.facts.leaky and _alike(run, arm, leaky)]
    known = [arm for arm in alike if None not in (_accuracy(arm).value, _accuracy(leaky).value)]

    def distance(arm: Arm) -> tuple[bool, int]:
        first, second = _balance(run, arm), _balance(run, leaky)
        differ = sum(first[key] != second[key] for key in first.keys() & second.keys() - {"scope"})
        return arm.facts.protocol != leaky.facts.protocol, differ

    return min(known, key=distance, default=None)


def _alike(run: Run, first: Arm, second: Arm) -> bool:
    """Whether both train the same model in the same way, on rows balanced by the same method."""
    method = _balance(run, first)["method"] == _balance(run, second)["method"]
    return method and first.facts.model == second.facts.model and first.facts.training == second.facts.training


def _balance(run: Run, arm: Arm) -> dict[str, Any]:
    """Return how an arm's rows are balanced: by its protocol before they are divided, or else by itself."""
    of_protocol = {protocol.name: protocol.balance for protocol in run.study.protocol}
    return of_protocol.get(arm.facts.protocol) or arm.facts.balance


def _accuracy(arm: Arm) -> Value:
    return arm.test.default.metrics["accuracy"] if arm.test else Value(value=None)

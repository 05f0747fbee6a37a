"""Between which leak-free rows there is a significant difference in balanced accuracy, on each set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from seimbang.record.comparison import TUNED, Compared, PairedTest
from seimbang.record.read import Run
from seimbang.reports.answer.judged import here
from seimbang.reports.words import p_text, quoted
from seimbang.text import number, recorded, tr

Tests = Mapping[tuple[str, str], PairedTest]


@dataclass(frozen=True)
class Apart:
    """Some rows on one set.

    Attributes:
        state: ``unknown`` where they cannot be compared, ``higher`` where the first is shown to be higher than the
            others, ``level`` where no two of them differ significantly, ``alike`` where they decide alike.
        names: The rows; of ``higher`` the first alone.
        others: Of ``higher`` those that it is higher than.
        where: The set.
        detail: Why they cannot be compared, or by how much they differ, and p.
        here: What limits a claim, as ``judged.here`` says.
    """

    state: Literal["unknown", "higher", "level", "alike"]
    names: str
    others: str
    where: str
    detail: str
    here: str = ""


def place(part: str, protocol: str) -> str:
    """Return a set in words."""
    external = part.removeprefix("external:")
    name = tr("the test set") if part == "test" else tr("the external set “{name}”", name=external)
    return tr("{name} under the protocol “{protocol}”", name=name, protocol=protocol) if protocol else name


def apart(run: Run) -> Iterator[Apart]:
    """Yield what there is to say of each protocol and set."""
    honest = {name for arm in run.arms if not arm.facts.leaky for name in (arm.name, arm.name + TUNED)}
    for protocol, comparison in run.comparisons.items():
        names = [name for name in comparison.arms if name in honest]
        for part, compared in comparison.sets.items():
            if len(names) > 1:
                yield from _of_set(compared, names, place(part, protocol), here(run))


def _of_set(compared: Compared, names: Sequence[str], where: str, here: str) -> Iterator[Apart]:
    tests = {(a, b): compared.between(a, b) for a in names for b in names if a != b}
    unknown = [test.why for test in tests.values() if test.difference is None]
    if unknown:
        yield Apart("unknown", quoted(names), "", where, recorded(unknown[0]))
        return
    for name in names:
        below = {other: test for (first, other), test in tests.items() if first == name and test.sign > 0}
        if below:
            yield Apart("higher", quoted([name]), quoted(list(below)), where, _by(list(below.values())), here)
    for group in _level(names, tests):
        p = [test.corrected for pair in combinations(group, 2) if (test := tests[pair]).corrected is not None]
        state: Literal["level", "alike"] = "level" if p else "alike"
        yield Apart(state, quoted(group), "", where, _p(min, p) if p else "")


def _by(tests: Sequence[PairedTest]) -> str:
    known = [test.difference or 0 for test in tests]
    low, high = (number(edge) for edge in (min(known), max(known)))
    size = low if low == high else tr("{low} to {high}", low=low, high=high)
    return tr("by {size}; {p}", size=size, p=_p(max, [test.corrected for test in tests]))


def _p(extreme: Callable[[list[float]], float], p: Sequence[float | None]) -> str:
    """Return the smallest or the largest p in words."""
    known = [one for one in p if one is not None]
    text = p_text(extreme(known))
    if len(known) == 1:
        return tr("corrected p {p}", p=text)
    return tr("largest corrected p {p}", p=text) if extreme is max else tr("smallest corrected p {p}", p=text)


def _level(names: Sequence[str], tests: Tests) -> list[list[str]]:
    """Return the largest groups of rows with no significant difference inside (insert and absorb, Piepho 2004)."""
    groups = [list(names)]
    for pair in combinations(names, 2):
        if tests[pair].significant:
            split = [[name for name in group if name != out] for group in groups for out in pair]
            groups = [group for group in split if not any(set(group) < set(other) for other in split)]
            groups = [group for number, group in enumerate(groups) if group not in groups[:number]]
    return [group for group in groups if len(group) > 1]

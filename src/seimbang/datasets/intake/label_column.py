"""Which column of a list of images is its class, or which of the labels in it stands against the rest."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from seimbang.datasets.columns import MISSING
from seimbang.datasets.diseases import diseases
from seimbang.datasets.intake.base import Guess, Hints
from seimbang.datasets.intake.role import Role, choice, quoted, require
from seimbang.datasets.labels import NO, UNSURE, YES, counts, splitter
from seimbang.datasets.roles import LABELS, OTHERS, PARTS, PATIENTS, known_as, plain
from seimbang.errors import DataError

CLASSES = 60
"""A column with more different labels is no label."""
ALL = "all"
"""What a user says to have every finding studied."""
OFFERED = 20
"""At most so many other findings are offered."""
UNCERTAIN = 'A case whose label is -1 (uncertain) is left out; uncertain = "positive" or "negative" in label counts it.'
"""What is said where such labels are."""


def label_role(table: pd.DataFrame, image: str, hints: Hints, path: Path) -> Role:
    """Return what is the class: the column that the user names, one known for it, columns of 0 and 1, or any other.

    Args:
        table: The rows, as texts.
        image: Column with the names of the images.
        hints: What the user says.
        path: The file, for errors.

    Raises:
        DataError: ``DATA_COLUMN`` or ``DATA_LABEL_UNKNOWN``.
    """
    if hints.label:
        require(table, path, "label", hints.label)
        return _of_column(table, path, hints, (hints.label,))
    known = [name for name in known_as(table.columns, LABELS) if name != image and _is_label(table[name])]
    hot = _hot(table, [image, *known])
    if known:
        return _of_column(table, path, hints, known)
    if hot:
        return _of_hot(table, path, hints, hot)
    rest = [name for name in table.columns if name != image and plain(name) not in OTHERS and _is_label(table[name])]
    rest = [name for name in rest if name not in known_as(table.columns, (*PATIENTS, *PARTS))]
    if not rest:
        different = [name for name in table.columns if name != image and len(set(table[name])) > 1]
        rest = sorted(different, key=lambda name: len(set(table[name])))
    if not rest:
        found, fix = (
            f"the columns {', '.join(table.columns)}",
            f"add one, then: seimbang init {path.name} --label COLUMN",
        )
        raise DataError("DATA_COLUMN", found, "a column with the class of each image", fix)
    return _of_column(table, path, hints, rest)


def _is_label(column: "pd.Series[str]") -> bool:
    full = column[~column.isin(MISSING)]
    number = len(counts(full) if _several(full) else full.unique())
    return 2 <= number <= min(CLASSES, max(2, len(full) // 2))


def _several(cells: "pd.Series[str]") -> bool:
    """Whether cells hold several labels, and not names with a comma: then parts of them stand alone elsewhere."""
    split, known = splitter(cells), set(cells.unique())
    many = [split(cell) for cell in known if len(split(cell)) > 1]
    if not many or any("|" in cell or ";" in cell for cell in known):
        return bool(many)
    return len(counts(cells)) <= len(known) and all(known.intersection(parts) for parts in many)


def _of_column(table: pd.DataFrame, path: Path, hints: Hints, columns: Sequence[str]) -> Role:
    """Return the first of the columns as the label, the others as alternatives."""
    name, *others = columns
    cells = table[name]
    if cells.isin((*UNSURE, "")).any() and _hot(table[[name]], ()):
        return _of_hot(table, path, hints, [name])
    which = choice(
        "label", "Which column has the class?", name, {other: f"label_column = {quoted(other)}" for other in others}
    )
    if not _several(cells):
        said = f"The class is in the column {name!r}: {_numbers(dict(Counter(cells).most_common()))}."
        return Role({"label_column": name}, (name,), (said,), which)
    number = dict(counts(cells).most_common())

    def line(finding: str) -> str:
        if finding == ALL:
            return f'label_column = {quoted(name)}\nfindings = "{ALL}"  # each against the rest, in place of label'
        return f"label = {{ column = {quoted(name)}, contains = {quoted(finding)} }}"

    chosen, guess = _finding(number, path, hints, line)
    said = f"The column {name!r} has several labels in a cell: {_numbers(number)}. {_studied(chosen)}"
    how = {"findings": ALL} if chosen == ALL else {"label": {"column": name, "contains": chosen}}
    keys = {"label_column": name, **how}
    return Role(keys, (name,), (said,), (*which, *guess))


def _hot(table: pd.DataFrame, taken: Iterable[str]) -> list[str]:
    """Return the columns of 0 and 1; those that are known for something else are none."""
    texts = {*YES, *NO, *UNSURE}
    free = [name for name in table.columns if name not in taken and plain(name) not in {*OTHERS, *PARTS, *PATIENTS}]
    hot = [
        name for name in free if table[name].str.casefold().isin(texts).all() and table[name].isin(YES + NO[:2]).any()
    ]
    return hot if any(table[name].str.casefold().isin(YES).any() for name in hot) else []


def _of_hot(table: pd.DataFrame, path: Path, hints: Hints, hot: list[str]) -> Role:
    ones = table[hot].apply(lambda column: column.str.casefold().isin(YES))
    number = ones.sum().sort_values(ascending=False, kind="stable").to_dict()
    if len(hot) > 1 and (ones.sum(axis=1) == 1).all():
        said = f"The class is the one of the columns {', '.join(hot)} that is 1: {_numbers(number)}."
        return Role({"label": {"columns": hot}}, tuple(hot), (said,))
    columns = f"columns = [{', '.join(map(quoted, hot))}]"
    policy = {"uncertain": "drop"} if table[hot].isin(UNSURE).any(axis=None) else {}
    more = "".join(f", {key} = {quoted(value)}" for key, value in policy.items())

    def line(finding: str) -> str:
        if finding == ALL:
            return f'label = {{ {columns}{more} }}\nfindings = "{ALL}"  # each against the rest'
        return f"label = {{ {columns}, contains = {quoted(finding)}{more} }}"

    chosen, guess = _finding(number, path, hints, line)
    said = f"The columns {', '.join(hot)} are 0 or 1: {_numbers(number)}. {_studied(chosen)}"
    counted = (UNCERTAIN,) if policy else ()
    everything = {"label": {"columns": hot, **policy}, "findings": ALL}
    keys = everything if chosen == ALL else {"label": {"columns": hot, "contains": chosen, **policy}}
    return Role(keys, tuple(hot), (said, *counted), guess)


def _finding(
    number: dict[str, int], path: Path, hints: Hints, line: Callable[[str], str]
) -> tuple[str, tuple[Guess, ...]]:
    """Return the finding that is studied, the most frequent disease unless the user names one, and the others."""
    if hints.positive:
        if hints.positive not in (*number, ALL):
            near = get_close_matches(hints.positive, list(number), 1, 0.5) or list(number)
            fix = f"seimbang init {path.name} --positive {shlex.quote(near[0])}"
            raise DataError("DATA_LABEL_UNKNOWN", f"the labels {_numbers(number)}", f"one {hints.positive!r}", fix)
        return hints.positive, (Guess("positive", "", "" if hints.positive == ALL else hints.positive),)
    sick = diseases(name for name, _ in sorted(number.items(), key=lambda item: -item[1])) or tuple(number)
    others = sick[1 : 1 + OFFERED]
    question = f"Which finding is to be told from the rest? {_numbers(number)}"
    lines = tuple(f"{line(name)}  # {number[name]:,} images\npositive = {quoted(name)}" for name in others)
    return sick[0], (Guess("positive", question, sick[0], (*others, ALL), (*lines, line(ALL))),)


def _studied(finding: str) -> str:
    return "Each is studied against the rest." if finding == ALL else f"Studied: {finding!r} against the rest."


def _numbers(number: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in list(number.items())[:OFFERED])

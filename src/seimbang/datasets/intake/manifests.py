"""What is understood of a table that lists images: which columns say what, where the files are, what is not sure."""

import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from seimbang.datasets import make
from seimbang.datasets.base import REASONS, tally
from seimbang.datasets.columns import MISSING
from seimbang.datasets.csv import Cases, Csv, ExcelManifest, Manifest
from seimbang.datasets.findings import diseases
from seimbang.datasets.intake.base import Guess, Hints, Understanding
from seimbang.datasets.labels import NO, UNSURE, YES, counts, splitter
from seimbang.datasets.names import part_of
from seimbang.datasets.paths import NAMED, Index, is_image, posix
from seimbang.datasets.roles import IMAGES, LABELS, OTHERS, PARTS, PATIENTS, known_as, plain
from seimbang.datasets.sheets import blocks, read, whole
from seimbang.errors import DataError

ROWS = 50
"""Cells of a column that are looked at to tell whether it names images."""
LOOKED_AT = 8
"""Images that are looked at to tell whether they are in colour."""
CLASSES = 60
"""A column with more different labels is no label."""
OF_IMAGES = re.compile(r"(images?|imgs?|pictures?|photos?|png|jpe?g|raw|citra|gambar|foto)(?![a-z])", re.IGNORECASE)
PATIENT_FOLDER = re.compile(r"(patient|pat|subject|subj|sub|case|pasien|p)[-_ ]?\d+", re.IGNORECASE)
FRONT = "^(.*?[0-9]+)"
"""What is taken for the patient in a file's name where the user says that it is there."""
ALL = "all"
"""What a user says to have every finding studied."""
OFFERED = 20
"""At most so many other findings are offered."""


def lists_images(path: Path) -> bool:
    """Whether a CSV or workbook has a column that names images; any other is a table of features.

    Raises:
        DataError: It cannot be read as a table.
    """
    first = next(iter(blocks(path)), None)
    return first is not None and bool(_image_column(first, _folder(path, first, Hints())))


def understand(path: Path, hints: Hints) -> Understanding:
    """Return what the rows of a manifest say, and where its images are.

    Args:
        path: A CSV or an Excel workbook; the study's paths start from the folder that holds it.
        hints: What the user says.

    Raises:
        DataError: ``DATA_COLUMN``: no column names images, or none can be the class, or there is none as the user
            says; ``DATA_MISSING``: there is no folder as the user says; and what `blocks` raises.
    """
    path = path.resolve()
    reading = read(path)
    table = whole(reading.rows, path.name)
    folder = _folder(path, table, hints)
    image = _image_column(table, folder)
    if not image:
        found, fix = f"the columns {', '.join(table.columns)}", "call the column of the images image_path"
        raise DataError("DATA_COLUMN", found, "a column whose cells are names of images", fix)
    label = _label(table, image, hints, path)
    parts = _parts(table, label.columns)
    images = PurePosixPath(os.path.relpath(folder, path.parent)).as_posix()
    data = {
        "source": "excel" if reading.dialect.sheet else "csv",
        "path": path.name,
        **({"sheet": reading.dialect.sheet} if reading.dialect.others else {}),
        **({"images": images} if images != "." else {}),
        "image_column": image,
        **label.keys,
        **_split_keys(table, parts),
        **({"positive": hints.positive} if hints.positive not in ("", ALL) else {}),
    }
    cases = _cases(data, path)
    group = _group(table, path, [image, *label.columns], hints, cases)
    said = (*reading.dialect.sentences(), *_said(image, cases), *label.said, *group.said, *_parts_said(table, parts))
    return Understanding(data | group.keys, _image(cases), said, (*label.guesses, *group.guesses), _sample(table))


def _cases(data: dict[str, Any], path: Path) -> Cases | None:
    """Return the rows, None where they are not in order: who loads the data will say why."""
    settings = make(data)
    assert isinstance(settings, Csv | ExcelManifest)
    try:
        return settings.cases(path.parent)
    except DataError:
        return None


def _image(cases: Cases | None) -> dict[str, Any]:
    """Return the keys of ``[image]``: three channels where one of a few images is in colour."""
    names = cases.rows.path.iloc[:: max(1, len(cases.rows) // LOOKED_AT)] if cases else ()
    return {"channels": 3} if cases and any(_coloured(cases.folder / name) for name in names) else {}


def _said(column: str, cases: Cases | None) -> list[str]:
    """Say where the images are, and how many rows of each class are left out for each reason."""
    if cases is None:
        return [f"The column {column!r} names the images."]
    tops = list(dict.fromkeys(path.split("/")[0] if "/" in path else "" for path in cases.rows.path))
    where = ", ".join(top for top in tops[:NAMED] if top) + (" and others" if len(tops) > NAMED else "")
    left_out = [
        f"Left out of {name or 'no class'}: {count:,} ({REASONS[code]})." for name, code, count in tally(cases.gone)
    ]
    return [f"The column {column!r} names the images" + (f"; they are in {where}." if where else "."), *left_out]


@dataclass(frozen=True)
class _Role:
    """What is understood of one role: keys of ``[data]``, its columns, sentences and guesses."""

    keys: dict[str, Any]
    columns: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()


def _folder(path: Path, table: pd.DataFrame, hints: Hints) -> Path:
    """Return where the images are: the folder the user names, that of the manifest, or one called images beside it."""
    if hints.path:
        ways = (Path(hints.path), path.parent / hints.path)
        named = next((way for way in ways if way.is_dir()), None)
        if named is None:
            found, fix = f"no folder {hints.path}", f"correct it: seimbang init {path.name} --path FOLDER"
            raise DataError("DATA_MISSING", found, "the folder with the images", fix)
        return named.resolve()
    if _has_images(table, path.parent):
        return path.parent
    known = table[known_as(table.columns, IMAGES)]  # files of other data may be there: no other column is trusted
    beside = [folder for folder in _beside(path.parent) if any(_share(known[name], Index.of(folder)) for name in known)]
    if not beside:
        return path.parent
    return beside[0] if len(beside) == 1 else path.parent.parent


def _beside(folder: Path) -> list[Path]:
    """Return the folders beside this one that are called as folders of images are."""
    try:
        return sorted(place for place in folder.parent.iterdir() if OF_IMAGES.match(place.name) and place.is_dir())
    except OSError:
        return []


def _has_images(table: pd.DataFrame, folder: Path) -> bool:
    column = _image_column(table, folder)
    return bool(column) and _share(table[column], Index.of(folder)) > 0


def _image_column(table: pd.DataFrame, folder: Path) -> str:
    """Return the column whose cells end as names of images, or are those of images in the folder; ``""`` for none."""
    known = known_as(table.columns, IMAGES)
    order = [*known, *(name for name in table.columns if name not in known)]
    named = [name for name in order if sum(map(is_image, _first(table[name]))) > len(_first(table[name])) / 2]
    if named:
        return named[0]
    ids = [name for name in order if name in known or table[name].nunique() > len(table) / 2]
    index = Index.of(folder) if ids else None
    shares = {name: _share(table[name], index) for name in ids} if index else {}
    best = max(shares, key=lambda name: shares[name], default="")
    return best if best and shares[best] > 0.5 else ""


def _require(table: pd.DataFrame, path: Path, option: str, name: str) -> None:
    """Raise ``DATA_COLUMN``, with the command that names the nearest column, unless there is one of this name."""
    if name not in table.columns:
        near = get_close_matches(name, list(table.columns), 1, 0.5)
        fix = f"seimbang init {path.name} --{option} {shlex.quote(near[0]) if near else 'COLUMN'}"
        raise DataError("DATA_COLUMN", f"the columns {', '.join(table.columns)}", f"a column {name!r}", fix)


def _first(column: "pd.Series[str]") -> list[str]:
    full = column[column != ""]
    return full.iloc[:: max(1, len(full) // ROWS)].tolist()[:ROWS]


def _share(column: "pd.Series[str]", index: Index) -> float:
    """Return the share of some cells for which there is an image."""
    cells = [posix(cell) for cell in _first(column)]
    there = [any(map(is_image, index.candidates(cell))) for cell in cells]
    return sum(there) / len(there) if there else 0.0


def _label(table: pd.DataFrame, image: str, hints: Hints, path: Path) -> _Role:
    if hints.label:
        _require(table, path, "label", hints.label)
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


def _of_column(table: pd.DataFrame, path: Path, hints: Hints, columns: Sequence[str]) -> _Role:
    """Return the first of the columns as the label, the others as alternatives."""
    name, *others = columns
    cells = table[name]
    if cells.isin((*UNSURE, "")).any() and _hot(table[[name]], ()):
        return _of_hot(table, path, hints, [name])
    which = _choice(
        "label", "Which column has the class?", name, {other: f"label_column = {_quoted(other)}" for other in others}
    )
    if not _several(cells):
        said = f"The class is in the column {name!r}: {_numbers(dict(Counter(cells).most_common()))}."
        return _Role({"label_column": name}, (name,), (said,), which)
    number = dict(counts(cells).most_common())

    def line(finding: str) -> str:
        if finding == ALL:
            return f'label_column = {_quoted(name)}\nfindings = "{ALL}"  # each against the rest, in place of label'
        return f"label = {{ column = {_quoted(name)}, contains = {_quoted(finding)} }}"

    chosen, guess = _finding(number, path, hints, line)
    said = (
        f"The column {name!r} has several labels in a cell: {_numbers(number)}. Studied: {chosen!r} against the rest."
    )
    how = {"findings": ALL} if chosen == ALL else {"label": {"column": name, "contains": chosen}}
    keys = {"label_column": name, **how}
    return _Role(keys, (name,), (said,), (*which, *guess))


def _hot(table: pd.DataFrame, taken: Iterable[str]) -> list[str]:
    """Return the columns of 0 and 1; those that are known for something else are none."""
    texts = {*YES, *NO, *UNSURE}
    free = [name for name in table.columns if name not in taken and plain(name) not in {*OTHERS, *PARTS, *PATIENTS}]
    hot = [
        name for name in free if table[name].str.casefold().isin(texts).all() and table[name].isin(YES + NO[:2]).any()
    ]
    return hot if any(table[name].str.casefold().isin(YES).any() for name in hot) else []


def _of_hot(table: pd.DataFrame, path: Path, hints: Hints, hot: list[str]) -> _Role:
    ones = table[hot].apply(lambda column: column.str.casefold().isin(YES))
    number = ones.sum().sort_values(ascending=False, kind="stable").to_dict()
    if len(hot) > 1 and (ones.sum(axis=1) == 1).all():
        said = f"The class is the one of the columns {', '.join(hot)} that is 1: {_numbers(number)}."
        return _Role({"label": {"columns": hot}}, tuple(hot), (said,))
    columns = f"columns = [{', '.join(map(_quoted, hot))}]"

    def line(finding: str) -> str:
        if finding == ALL:
            return f'label = {{ {columns} }}\nfindings = "{ALL}"  # each against the rest'
        return f"label = {{ {columns}, contains = {_quoted(finding)} }}"

    chosen, guess = _finding(number, path, hints, line)
    said = f"The columns {', '.join(hot)} are 0 or 1: {_numbers(number)}. Studied: {chosen!r} against the rest."
    everything = {"label": {"columns": hot}, "findings": ALL}
    keys = everything if chosen == ALL else {"label": {"columns": hot, "contains": chosen}}
    return _Role(keys, tuple(hot), (said,), guess)


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
    lines = tuple(f"{line(name)}  # {number[name]:,} images" for name in others)
    return sick[0], (Guess("positive", question, sick[0], (*others, ALL), (*lines, line(ALL))),)


def _numbers(number: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in list(number.items())[:OFFERED])


def _choice(key: str, question: str, chosen: str, lines: dict[str, str]) -> tuple[Guess, ...]:
    return (Guess(key, question, chosen, tuple(lines), tuple(lines.values())),) if lines else ()


def _group(table: pd.DataFrame, path: Path, taken: Sequence[str], hints: Hints, cases: Cases | None) -> _Role:
    """Return how the patient is known: as the user says, by a column known for it, or by a folder such as p7."""
    question = "Which images are of one patient?"
    if hints.group in ("folder", "name"):
        return _Role({"group": {"from": hints.group} | ({"pattern": FRONT} if hints.group == "name" else {})})
    if hints.group:
        _require(table, path, "group", hints.group)
    known = [name for name in known_as(table.columns, PATIENTS) if name not in taken and _names_patients(table[name])]
    columns = [hints.group] if hints.group else known
    if columns:
        said = (
            f"The patient is in the column {columns[0]!r}: {table[columns[0]].nunique():,} for {len(table):,} images."
        )
        ways = {other: f'group = {{ from = "column", column = {_quoted(other)} }}' for other in columns[1:]}
        guess = _choice("group", question, columns[0], ways)
        return _Role({"group": {"from": "column", "column": columns[0]}}, (columns[0],), (said,), guess)
    level = _patient_level(cases.rows.path if cases else ())
    if level:
        said = f"The patient is the folder {level} above the image."
        return _Role({"group": {"from": "folder", "level": level}}, (), (said,))
    ways = _ways([PurePosixPath(name) for name in cases.rows.path] if cases else [])
    return _Role({}, (), ("No column names the patient.",), _choice("group", question, "", ways))


def _ways(paths: Sequence[PurePosixPath]) -> dict[str, str]:
    """Return the ways in which the patient may be in the path of the image, with the lines that say so."""
    ways = {}
    if paths and all(len(path.parts) > 1 for path in paths):
        ways["folder"] = 'group = { from = "folder", level = 1 }'
    if paths and all(re.search("[0-9]", path.name) for path in paths):
        ways["name"] = f"group = {{ from = \"name\", pattern = '{FRONT}' }}"
    return ways


def _names_patients(column: "pd.Series[str]") -> bool:
    """Whether most cells are filled, and not all alike."""
    return bool(column.isin(MISSING).mean() < 0.5) and len(set(column)) > 1


def _patient_level(paths: Iterable[str]) -> int:
    """Return how many folders up every image has one that is called as a patient is, 0 where none has."""
    folders = [PurePosixPath(path).parts[-2::-1] for path in paths]
    deepest = min(map(len, folders), default=0)
    levels = (k + 1 for k in range(deepest) if all(PATIENT_FOLDER.fullmatch(above[k]) for above in folders))
    return next(levels, 0)


def _parts(table: pd.DataFrame, taken: Sequence[str]) -> list[str]:
    """Return the columns whose cells are names of parts, the likeliest first."""
    known = [name for name in known_as(table.columns, PARTS) if name not in taken]
    return [name for name in known if all(map(part_of, set(table[name]) - {""})) and any(table[name])][:1]


def _split_keys(table: pd.DataFrame, parts: Sequence[str]) -> dict[str, str]:
    """Return the key that names the column of the parts, or that says that there is none."""
    default = str(Manifest.model_fields["split_column"].default)
    if parts:
        return {} if parts[0] == default else {"split_column": parts[0]}
    return {"split_column": ""} if default in table.columns else {}


def _parts_said(table: pd.DataFrame, parts: Sequence[str]) -> list[str]:
    if parts:
        number = ", ".join(f"{name} {count:,}" for name, count in table[parts[0]].value_counts().items())
        return [f"The parts are in the column {parts[0]!r}: {number}."]
    others = known_as(table.columns, PARTS)
    return [f"The column {name!r} does not name parts and is not used for them." for name in others]


def _coloured(file: Path) -> bool:
    """Whether an image is one in colour, and not grey values in three channels."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(file) as image:
            image.thumbnail((64, 64))
            pixels = np.asarray(image.convert("RGB"), np.int16)
    except Exception:  # Pillow raises nearly every type there is on damaged files; decoding says what is wrong
        return False
    return bool((np.ptp(pixels, axis=2) > 24).mean() > 0.01)


def _sample(table: pd.DataFrame) -> tuple[str, ...]:
    rows = table.head(3).to_dict("records")
    return tuple("; ".join(f"{name}: {value}" for name, value in row.items()) for row in rows)


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)

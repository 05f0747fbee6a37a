"""Text with separators between the columns: its encoding, separator and names, then its rows, a block at a time."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pandas as pd

from seimbang.datasets.dialect import SEPARATORS
from seimbang.datasets.headers import ROWS, Header, find
from seimbang.datasets.notation import kind
from seimbang.errors import DataError

BLOCK = 20_000
"""Rows of a CSV that are held as texts at a time."""

Opener = Callable[[], BinaryIO]

_CHUNK, _HEAD, _SAMPLE = 1 << 20, 1 << 18, 1 << 16
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_BYTES = ["cp1252", "cp1250", "cp1251", "cp1254"]
"""Encodings of one byte a letter that hospital systems write."""
EXPECTED = "a table: the names of the columns in one row, then one row a case, with , ; | or a tab between the columns"


def no_table(name: str, found: str, fix: str = "export it again as CSV") -> DataError:
    """Return the error for a file that holds no table."""
    return DataError("DATA_CSV", f"{name} is no table: {found}", EXPECTED, fix)


def encoding_of(name: str, open_file: Opener) -> str:
    """Return the encoding of a file: by its mark, UTF-8, or the likeliest of those with one byte a letter.

    Raises:
        DataError: ``DATA_CSV``: it is no text; ``DATA_ENCODING``: two encodings in one file, or none that fits.
    """
    with open_file() as file:
        start = file.read(4)
    marked = next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), "")
    encoding = marked or "utf-8"
    try:
        with io.TextIOWrapper(open_file(), encoding) as file:
            nothing = any("\0" in chunk for chunk in iter(lambda: file.read(_CHUNK), ""))
    except UnicodeDecodeError:
        if marked:
            raise _undecodable(name, f"its first bytes say {encoding}, but not all of it is") from None
        return _one_byte(name, open_file)
    if nothing:
        raise no_table(name, "there are NUL bytes in it, so that it is no text")
    return encoding


def _undecodable(name: str, found: str) -> DataError:
    fix = "open it in a spreadsheet program or an editor and save it as UTF-8"
    return DataError("DATA_ENCODING", f"{name} is no text in one encoding: {found}", "UTF-8, or one other", fix)


def _one_byte(name: str, open_file: Opener) -> str:
    from charset_normalizer import from_bytes

    sample = b""
    with open_file() as file:
        for line in file:
            if b"\0" in line:
                raise no_table(name, "there are NUL bytes in it, so that it is no text")
            if not line.isascii() and len(sample) < _SAMPLE:
                sample += line[:_SAMPLE]
    letters = sample.decode("utf-8", "replace")
    wrong = letters.count("\ufffd")
    if sum(letter > "\x7f" for letter in letters) > 2 * wrong:  # other text is UTF-8 by chance hardly ever
        raise _undecodable(name, f"most of it is UTF-8, {wrong} letters are not")
    matches = list(from_bytes(sample, cp_isolation=_BYTES))
    fits = [match for match in matches if _BYTES[0] in match.could_be_from_charset]
    if not matches:
        raise _undecodable(name, f"neither UTF-8 nor {', '.join(_BYTES)}")
    best = matches[0]
    # short texts fit many encodings alike: then it is the commonest
    return _BYTES[0] if fits and fits[0].coherence >= best.coherence - 0.1 else best.encoding


def separator_of(name: str, open_file: Opener, encoding: str) -> tuple[str, Header]:
    """Return what stands between the columns, and where their names are.

    It is the separator by which most of the first rows have one and the same number of columns.

    Raises:
        DataError: ``DATA_CSV``: there is no such separator; ``DATA_EMPTY``: the file is empty.
    """
    with io.TextIOWrapper(open_file(), encoding, newline="") as file:
        head = file.read(_HEAD)
    if not head.strip():
        raise DataError("DATA_EMPTY", f"nothing in {name}", "names in row 1, then one row a case", "check the file")
    said = re.match("sep=(.)\r?\n", head)  # how spreadsheet programs are told
    tried = {mark: _records(head, mark) for mark in ([said[1]] if said and said[1] in SEPARATORS else SEPARATORS)}
    mark = max(tried, key=lambda mark: _agreement(tried[mark]))
    rows = tried[mark]
    if not _agreement(rows)[0] and not _is_column([row[0] for row in rows if row]):
        raise no_table(name, f"no separator divides its lines into columns; it begins with {_begin(head)!r}")
    return mark, find([["" for _ in row] if said and row is rows[0] else row for row in rows])


def _records(head: str, separator: str) -> list[list[str]]:
    rows = []
    try:
        for row in csv.reader(io.StringIO(head, newline=""), delimiter=separator):
            rows.append([cell.strip() for cell in row])
            if len(rows) > ROWS:
                return rows[:ROWS]
    except csv.Error:  # a quote without its end
        pass
    return rows[:-1] if len(head) == _HEAD and len(rows) > 1 else rows


def _agreement(rows: list[list[str]]) -> tuple[float, int]:
    """Return the share of rows with the usual number of columns, 0 where there is none, and that number."""
    widths = Counter(len(row) for row in rows if any(row))
    wide = Counter({width: count for width, count in widths.items() if width > 1})
    if not wide:
        return 0.0, 1
    width, count = max(wide.items(), key=lambda pair: (pair[1], pair[0]))
    agreed = 2 * count >= wide.total() and (count > 1 or widths.total() == 1)
    return (round(count / widths.total(), 2) if agreed else 0.0), width


def _is_column(cells: list[str]) -> bool:
    """Tell whether the lines of a text are a table of one column: a name without blanks, then mostly numbers."""
    numbers = [cell for cell in cells[1:] if kind(cell)]
    return bool(cells) and len(cells[0].split()) < 4 and 2 * len(numbers) >= len(cells[1:])


def _begin(text: str) -> str:
    line = next(line.strip() for line in text.splitlines() if line.strip())
    return line if len(line) <= 40 else f"{line[:40]}..."


def check_widths(name: str, open_file: Opener, encoding: str, separator: str, header: Header) -> None:
    """Check that each row has a field for each name.

    Raises:
        DataError: ``DATA_CSV``: a row has more or fewer fields, or a quote has no end.
    """
    fix, row = "correct that row, or export the table again", 0
    with io.TextIOWrapper(open_file(), encoding, newline="") as file:
        try:
            for row, cells in enumerate(csv.reader(file, delimiter=separator, strict=True), 1):
                if row < header.data or not any(cells):
                    continue
                if len(cells) < header.named or len(cells) > len(header.names) or any(cells[header.named :]):
                    found = f"there are {header.named} columns, but row {row} has {len(cells)} fields"
                    raise no_table(name, found, fix)
        except csv.Error as error:
            reason = "a quote has no end" if "end of data" in str(error) else str(error)
            raise no_table(name, f"{reason} (after row {row})", fix) from error


def rows(name: str, open_file: Opener, encoding: str, separator: str, header: Header) -> Iterator[pd.DataFrame]:
    """Yield blocks of rows as texts without blanks around them; the index is the row in the file.

    Raises:
        DataError: ``DATA_CSV``: pandas cannot read it.
    """
    with io.TextIOWrapper(open_file(), encoding, newline="") as file:
        lines = csv.reader(file, delimiter=separator)
        for _ in range(header.data - 1):
            next(lines, None)
        options: dict[str, Any] = {"header": None, "names": list(header.names), "dtype": str, "keep_default_na": False}
        try:
            with pd.read_csv(file, sep=separator, skip_blank_lines=False, chunksize=BLOCK, **options) as reader:
                for block in reader:
                    block.index += header.data
                    yield block.fillna("").apply(lambda column: column.str.strip())
        except pd.errors.EmptyDataError:
            yield pd.DataFrame(columns=list(header.names), dtype=str)
        except ValueError as error:  # pandas' parser errors are ValueErrors
            raise no_table(name, str(error)) from error

"""What a request to predict holds, read from its body alone: nothing in it names a path or an address."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
from starlette.datastructures import UploadFile
from starlette.requests import Request

from seimbang.datasets.images import require_columns
from seimbang.datasets.sheets import uploaded
from seimbang.serving.door import Refused
from seimbang.serving.predictor import Predictor
from seimbang.serving.rows import columns

MOST = 64
"""Images in a request at most."""
SECONDS = 60
"""A request must have come in after so long."""
FILES, JSON, CSV = "multipart/form-data", "application/json", "text/csv"
WORKBOOKS = (b"PK", b"\xd0\xcf\x11\xe0")


async def images(request: Request) -> list[bytes]:
    """Return the files of a form.

    Raises:
        Refused: HTTP_MEDIA, HTTP_FORM or HTTP_SLOW.
    """
    _media(request, FILES)
    try:
        async with asyncio.timeout(SECONDS), request.form(max_files=MOST, max_fields=MOST) as form:
            given = form.multi_items()
            files = [value for name, value in given if isinstance(value, UploadFile) and name == "files"]
            if not files or len(files) < len(given):
                raise bad_form("a form with other fields, or without files", "one or more files, each named 'files'")
            return [await file.read() for file in files]
    except TimeoutError as error:
        raise _slow() from error


async def rows(request: Request, predictor: Predictor) -> pd.DataFrame:
    """Return the rows of a table as texts; the index counts them.

    Raises:
        Refused: HTTP_MEDIA, HTTP_FORM or HTTP_SLOW.
        DataError: A column is missing, or the CSV cannot be read.
    """
    media = _media(request, JSON, CSV)
    try:
        async with asyncio.timeout(SECONDS):
            body = await request.body()
    except TimeoutError as error:
        raise _slow() from error
    if media == CSV:
        if body.startswith(WORKBOOKS):
            raise bad_form("a workbook", "CSV")
        return uploaded(body, "rows.csv")
    names = [column.name for column in columns(predictor)]
    return _table(_objects(body), names)


def _objects(body: bytes) -> list[dict[str, Any]]:
    try:
        content = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise bad_form("a body that is no JSON", 'JSON such as {"rows": [{"age": 61}]}') from error
    found = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(found, list) or not found or not all(isinstance(row, dict) for row in found):
        raise bad_form("JSON without rows", 'an object such as {"rows": [{"age": 61}]}')
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _table(objects: Sequence[dict[str, Any]], names: Sequence[str]) -> pd.DataFrame:
    for row in objects:
        require_columns(row, names)
    cells = [[_text(row[name]) for name in names] for row in objects]
    return pd.DataFrame(cells, pd.RangeIndex(1, len(cells) + 1), list(names), dtype=str)


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise bad_form("a cell that holds cells", "a number, a text, or null where the value is missing")
    return "" if value is None else str(value)


def _media(request: Request, *known: str) -> str:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in known:
        expected = " or ".join(known)
        fix = f"send the header Content-Type: {known[0]}" + (", as curl -F does" if known[0] == FILES else "")
        raise Refused(415, "HTTP_MEDIA", "another kind of content", expected, fix)
    return media


def bad_form(found: str, expected: str) -> Refused:
    """Return the answer to a body that is not what was asked for."""
    return Refused(400, "HTTP_FORM", found, expected, "see /openapi.json for an example")


def _slow() -> Refused:
    found = f"a request that had not come in after {SECONDS} seconds"
    return Refused(408, "HTTP_SLOW", found, "a faster one", "send fewer or smaller files at once")

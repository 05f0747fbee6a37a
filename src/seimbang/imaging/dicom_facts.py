"""What DICOM headers say of pictures, without decoding any: patient, study, series, scanner, view, frames."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import BinaryIO, cast

import pandas as pd

from seimbang.errors import ImageError
from seimbang.imaging.dicom_header import read_header
from seimbang.imaging.formats import image_format
from seimbang.imaging.other_formats import HEAD
from seimbang.imaging.store import Store
from seimbang.threads import cores

NO_DICOM, UNREAD = "FILE_OTHER", "error"
"""In the column ``code``: a file of another kind; the column that says why a header cannot be read."""

_MARKS = ("NumberOfFrames", "Rows")


def read_tags(store: Store, paths: Sequence[str], keywords: Sequence[str]) -> pd.DataFrame:
    """Return one row a file: the elements by keyword as texts, ``""`` where missing, and ``code`` and ``error``.

    Args:
        store: Where the files are.
        paths: Their paths in it; of each only the part before the pixels is read.
        keywords: Of the standard, such as ``Modality``.

    Returns:
        Columns ``keywords``, ``NumberOfFrames`` and ``Rows``; and ``code``, ``""`` where the header could be
        read, with ``error`` in words.

    Raises:
        ResourceError: ``EXTRA_MISSING``.
    """
    asked = list(dict.fromkeys([*keywords, *_MARKS]))
    with ThreadPoolExecutor(cores()) as pool:
        rows = list(pool.map(partial(_row, store, asked), paths))
    return pd.DataFrame(rows, columns=[*asked, "code", UNREAD]).fillna("")


def _row(store: Store, asked: list[str], path: str) -> dict[str, str]:
    from pydicom.datadict import tag_for_keyword

    if image_format(store.head(path)[:HEAD]) != "DICOM":
        return {"code": NO_DICOM, UNREAD: "not DICOM"}
    tags = {keyword: tag for keyword in asked if (tag := tag_for_keyword(keyword)) is not None}
    try:
        with store.open(path) as file:
            header = read_header(cast(BinaryIO, file), "a file", list(tags.values()))
        said = {keyword: _text(header.elements.get(keyword)) for keyword in tags}
    except ImageError as error:
        return {"code": error.code, UNREAD: str(error)}
    except Exception as error:  # an element that pydicom cannot read; what it says may quote a name
        return {"code": "IMG_CORRUPT", UNREAD: f"damaged DICOM header ({type(error).__name__})"}
    picture = header.pixels and said["Rows"] not in ("", "0")
    code, words = ("", "") if picture else (NO_DICOM, "DICOM without an image, such as a report or a DICOMDIR")
    return said | {"code": code, UNREAD: words}


def _text(value: object) -> str:
    """Return the value of an element as text; several values are separated by a backslash, as DICOM has them."""
    if value is None:
        return ""
    several = not isinstance(value, str) and hasattr(value, "append")
    return "\\".join(map(str, value)) if several else str(value).strip()  # type: ignore[call-overload]

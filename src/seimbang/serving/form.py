"""The part of the page where a table's model predicts: one row in a form, or a whole file."""

from pathlib import Path

import numpy as np
import streamlit as st

from seimbang.datasets.base import Column
from seimbang.datasets.sheets import uploaded
from seimbang.record.contents import Contents
from seimbang.serving.draw import digits, heading, load_predictor, result, table
from seimbang.serving.page_server import UPLOAD_MB
from seimbang.serving.predictor import Predictor
from seimbang.serving.rows import Rows, columns, neighbours, outside, read_rows, with_predictions
from seimbang.serving.words import Words, plain


def upload(contents: Contents, words: Words) -> None:
    """Draw the form and what the model says of what was filled in; then the same for a file."""
    heading(words("upload.title"))
    st.warning(words("upload.not_diagnosis"))
    with st.spinner(words("upload.wait")):  # the first visitor's model takes seconds to load
        predictor = load_predictor(str(contents.arm.folder), contents.seed, contents.profile)
    row = _form(predictor, words)
    if row is None:
        st.info(words("upload.waiting"))
    else:
        result(contents, predictor.predict_rows(row)[0], words)
        _alike(contents, predictor, row, words)
    heading(words("rows.title"), 2)
    _batch(predictor, words)


def _form(predictor: Predictor, words: Words) -> Rows | None:
    """Draw a field for each column; return what is in them, or None as long as all are empty."""
    st.markdown(words("upload.any_picture"))
    with st.form("row", enter_to_submit=False):
        values = [_field(column, words) for column in columns(predictor)]
        st.form_submit_button(words("rows.button"), type="primary")
    row = np.array([values], np.float32)
    return None if np.isnan(row).all() else row


def _field(column: Column, words: Words) -> float:
    """Draw the field of a column, and a warning at a value unlike any it learned from; NaN where it is empty."""
    key, empty = f"row_{column.name}", words("rows.empty")
    if column.kind == "category":
        positions = range(len(column.categories))
        position = st.selectbox(
            plain(column.name), positions, None, column.categories.__getitem__, key, placeholder=empty
        )
        return float("nan") if position is None else position
    low, high = (words.number(end, digits(end)) for end in (column.low, column.high))
    name = f"{column.name} ({column.unit})" if column.unit else column.name
    label = words("rows.number", name=name, low=low, high=high)
    value = st.number_input(label, value=None, format="%.7g", key=key, placeholder=empty)
    if value is None:
        return float("nan")
    if outside(np.array([[value]], np.float32), (column,)).any():
        st.warning(words("rows.outside", name=column.name, low=low, high=high))
    return value


def _alike(contents: Contents, predictor: Predictor, row: Rows, words: Words) -> None:
    heading(words("rows.alike"), 2)
    rows = neighbours(contents.arm.folder, predictor, row)
    cells = {
        "rows.case": [plain(neighbour.case_id) for neighbour in rows],
        "upload.class": [plain(neighbour.label) for neighbour in rows],
        "rows.distance": [words.number(neighbour.distance, 2) for neighbour in rows],
    }
    table({words(key): column for key, column in cells.items()})
    st.markdown(words("rows.alike_text"))


def _batch(predictor: Predictor, words: Words) -> None:
    """Draw the choice of a file, a summary of what the model says of its rows, and the download."""
    names = ", ".join(column.name for column in columns(predictor))
    st.markdown(words("rows.file_text", columns=names))
    file = st.file_uploader(words("rows.file", limit=UPLOAD_MB), key="rows", max_upload_size=UPLOAD_MB)
    if file is None:
        return
    texts = uploaded(file.getvalue(), file.name)
    X, predictions = read_rows(predictor, texts)
    labels = [prediction.label for prediction in predictions]
    counts = [words.number(labels.count(name)) for name in predictor.classes]
    table({words("upload.class"): [plain(name) for name in predictor.classes], words("rows.count"): counts})
    unlike = int(outside(X, columns(predictor)).any(axis=1).sum())
    if unlike:
        st.warning(words("rows.unlike", count=words.number(unlike), all=words.number(len(X))))
    name, content = f"{Path(file.name).stem}_predicted.csv", with_predictions([texts], predictions)
    st.download_button(words("rows.download"), content, name, "text/csv", on_click="ignore")

"""The part of the page where images are predicted, several at once, and each is looked at as a reader of films does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import streamlit as st
from PIL import Image

from seimbang.errors import SeimbangError
from seimbang.explain import overlay
from seimbang.imaging.worker import decode_apart, open_apart
from seimbang.record.contents import Contents
from seimbang.serving.draw import heading, load_predictor, result, table
from seimbang.serving.heat import heat_map, methods
from seimbang.serving.page_server import UPLOAD_MB
from seimbang.serving.pdf import as_pdf
from seimbang.serving.predictor import Prediction, Predictor
from seimbang.serving.sentences import in_short
from seimbang.serving.view import NORMAL, Look, cut, presets
from seimbang.serving.words import Words, plain

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile
    from torch import nn

PREVIEW = 260  # pixels; more would push the result off the screen of a phone
MOST = 20
"""Images at once: each is kept in memory, and takes up to seconds."""
Pixels = npt.NDArray[np.uint8]
Said = Prediction | SeimbangError


def upload(contents: Contents, words: Words) -> None:
    """Draw part 4: images are chosen, and the class and confidence of each appear."""
    heading(words("upload.title"))
    st.warning(words("upload.not_diagnosis"))
    files = st.file_uploader(
        words("upload.button", limit=UPLOAD_MB), key="upload", max_upload_size=UPLOAD_MB, accept_multiple_files=True
    )
    st.markdown(words("upload.any_picture"))
    if not files:
        st.info(words("upload.waiting"))
        return
    if len(files) > MOST:
        st.warning(words("upload.too_many", most=MOST))
    files = files[:MOST]
    with st.spinner(words("upload.wait")):  # the first answer loads the model, which takes seconds
        predictor = load_predictor(str(contents.arm.folder), contents.seed, contents.profile)
        said = _answers(files, predictor)
    shown = _several(files, said, words) if len(files) > 1 else 0
    _one(contents, files[shown], said[shown], predictor, words)


def _answers(files: Sequence[UploadedFile], predictor: Predictor) -> list[Said]:
    """Return what the model says of each upload; one that was answered before is not asked again."""
    before = st.session_state.get("answers", {})
    now = {file.file_id: before.get(file.file_id) or _answer(file, predictor) for file in files}
    st.session_state["answers"] = now
    return list(now.values())


def _answer(file: UploadedFile, predictor: Predictor) -> Said:
    try:
        return predictor.predict(file.getvalue(), file.name)
    except SeimbangError as error:
        return error


def _several(files: Sequence[UploadedFile], said: Sequence[Said], words: Words) -> int:
    """Draw a table of all answers, and return which image is to be looked at."""
    kinds = [one.advice.answer if isinstance(one, Prediction) else "failed" for one in said]
    counts = {name: words.number(kinds.count(name)) for name in ("refer", "refused", "failed")}
    sure = words.number(kinds.count("sure") + kinds.count("unknown"))
    st.markdown(words("upload.summary", n=words.number(len(said)), sure=sure, **counts))
    cells = [in_short(one, words) for one in said]
    table({words("upload.file"): [plain(file.name) for file in files], words("upload.answer"): cells})
    names = [f"{number}. {file.name}" for number, file in enumerate(files, 1)]
    return int(st.selectbox(words("upload.which"), range(len(files)), format_func=names.__getitem__, key="which"))


def _one(contents: Contents, file: UploadedFile, said: Said, predictor: Predictor, words: Words) -> None:
    """Draw one image and what is said of it."""
    if isinstance(said, SeimbangError):
        raise said
    height, width = contents.run.data.size
    picture = st.container()
    shown = looked_at(file, predictor, words)
    caption = words("upload.preview", name=file.name, width=width, height=height)
    picture.image(shown, caption, width=PREVIEW, alt=words.text("upload.preview_alt", name=file.name))
    result(contents, said, words)
    maps = []
    if not said.advice.refused:
        pixels = decode_apart(file.getvalue(), predictor.image, file.name)[0]
        maps = moved(pixels, file.file_id, predictor, said.label, words)
    st.download_button(
        words("pdf.button"),
        lambda: as_pdf(contents, said, file.getvalue(), [(words.text("pdf.image"), shown), *maps], words),
        "seimbang.pdf",
        "application/pdf",
        on_click="ignore",
    )
    st.caption(words("pdf.private"))


def looked_at(file: UploadedFile, predictor: Predictor, words: Words) -> Image.Image:
    """Draw what changes the picture for the eye, and return it: upright, no larger than the page needs."""
    with st.expander(words("view.title")):
        st.markdown(words("view.text"))
        windows = presets(file.getvalue(), predictor.image.window)
        name = "own"
        if len(windows) > 1:
            titles = {key: words(f"view.{key}") for key in windows}
            name = st.selectbox(words("view.preset"), list(windows), format_func=titles.__getitem__, key="view_preset")
        centre = st.slider(words("view.centre"), 0, 255, NORMAL.centre, key="view_centre")
        width = st.slider(words("view.width"), 1, 255, NORMAL.width, key="view_width")
        zoom = st.slider(words("view.zoom"), 1.0, 8.0, NORMAL.zoom, 0.5, key="view_zoom")
        across, down = NORMAL.across, NORMAL.down
        if zoom > 1:
            across = st.slider(words("view.across"), 0, 100, across, key="view_across")
            down = st.slider(words("view.down"), 0, 100, down, key="view_down")
    settings = predictor.image.model_copy(update={"window": windows[name]})
    wanted = (file.file_id, name)
    if st.session_state.get("native_of") != wanted:
        native = open_apart(file.getvalue(), settings, file.name)[0]
        st.session_state.update(native_of=wanted, native=native)
    picture = Image.fromarray(cut(st.session_state["native"], Look(centre, width, zoom, across, down)).squeeze())
    picture.thumbnail((2 * PREVIEW, 2 * PREVIEW), reducing_gap=2)  # for screens with two dots a pixel
    return picture


def moved(
    pixels: Pixels, file_id: str, predictor: Predictor, label: str, words: Words
) -> list[tuple[str, Image.Image]]:
    """Show beside the image what spoke for a network's answer, and return that with captions, for the PDF.

    What takes longer is drawn only when it is asked for.
    """
    network = predictor.network
    if network is None:
        return []
    heading(words("heat.title"), 2)
    choices = methods(network, pixels)
    first = "grad_cam" if "grad_cam" in choices else "none"
    names = {name: words(f"heat.{name}") for name in ("none", *choices)}
    at = list(names).index(first)
    method = st.radio(words("heat.method"), list(names), at, format_func=names.__getitem__, key="heat_method")
    if method == "none":
        return []
    heat = remembered(pixels, file_id, network, predictor.classes.index(label), method, words)
    opacity = st.slider(words("heat.opacity"), 0, 100, 50, key="heat_opacity")
    with st.container(horizontal=True, key="heat"):
        st.image(pixels.squeeze(), words("heat.original"), width=PREVIEW, alt=words.text("heat.original"))
        alt = words.text("heat.map_alt", name=label)
        drawn = overlay(pixels, heat, opacity / 100)
        st.image(drawn, words("heat.map", name=label), width=PREVIEW, alt=alt)
    st.warning(words("heat.warning"))
    st.markdown(words("heat.text" if heat.any() else "heat.flat", name=label))
    if len(choices) > 1:
        st.markdown(words("heat.both"))
    return [(words.text("heat.map", name=label), Image.fromarray(drawn))]


def remembered(
    pixels: Pixels, file_id: str, network: nn.Module, target: int, method: str, words: Words
) -> npt.NDArray[np.float32]:
    """Return the map of this upload; moving the slider does not recompute it."""
    wanted = (file_id, method, target)
    if st.session_state.get("heat_of") != wanted:
        with st.spinner(words("heat.wait")):
            heat = heat_map(network, pixels, target, method)
        st.session_state.update(heat_of=wanted, heat_map=heat)
    kept: npt.NDArray[np.float32] = st.session_state["heat_map"]
    return kept

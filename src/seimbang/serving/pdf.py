"""The result of one image as a PDF, made in memory."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from seimbang.record.contents import Contents
from seimbang.serving.advice import doubts, verdict
from seimbang.serving.predictor import Prediction
from seimbang.serving.sentences import by_threshold, cautions, trust
from seimbang.serving.words import Words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

A4 = (8.27, 11.69)
"""Inches."""
LINE, COLUMNS = 0.0175, 95
"""Height of a line as a share of the page, and its characters."""


def as_pdf(
    contents: Contents, prediction: Prediction, data: bytes, pictures: Sequence[tuple[str, Image.Image]], words: Words
) -> bytes:
    """Return a page with the image, the answer and what to make of it; nothing of it names a file or a person.

    Args:
        contents: Of the arm that predicts.
        prediction: What it says.
        data: The image file.
        pictures: What is shown, each with its caption.
        words: The language.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=A4)
    title = words.own(contents.run.study.title, contents.run.study.title_id)
    below = _write(figure, [words.text("page.statement")], 0.95, weight="bold")
    below = _write(figure, [title, *cautions(contents, words.text)], below) - LINE
    for position, (caption, picture) in enumerate(pictures):
        axes = figure.add_axes((0.08 + 0.44 * position, below - 0.29, 0.4, 0.27))
        axes.imshow(np.asarray(picture), cmap="gray", vmin=0, vmax=255)
        axes.set_title("\n".join(textwrap.wrap(caption, 44)), fontsize=9, parse_math=False)
        axes.axis("off")
    below -= 0.32
    if not prediction.advice.refused:
        below = _write(figure, [f"{prediction.label}: {words.percent(prediction.confidence)}"], below, weight="bold")
    _write(figure, _said(contents, prediction, data, words), below)
    content = BytesIO()
    figure.savefig(content, format="pdf", metadata={"Title": "seimbang", "CreationDate": None})
    return content.getvalue()


def _said(contents: Contents, prediction: Prediction, data: bytes, words: Words) -> list[str]:
    """Return the paragraphs of the page."""
    advice, say = prediction.advice, words.text
    said = [*doubts(advice, words, say), *verdict(advice, words, say)]
    if not advice.refused:
        share = words.percent(prediction.confidence)
        said += [say("upload.says", name=prediction.label, confidence=share)]
        if prediction.label_tuned is not None:
            said += [by_threshold(contents, prediction, words, say)]
        said += [] if contents.profile else trust(contents, prediction, words, say)
        said += [say(f"upload.next_{advice.answer}")]
    said += [say("upload.not_diagnosis")]
    facts = contents.arm.facts
    title = words.texts.get(f"network.{facts.model['name']}", facts.model_title)
    said += [say("pdf.model", title=title, arm=contents.arm.name)]
    return [*said, say("pdf.digest", digest=hashlib.sha256(data).hexdigest())]


def _write(figure: Figure, paragraphs: Sequence[str], top: float, weight: str = "normal") -> float:
    """Write paragraphs below each other and return where they end."""
    for paragraph in paragraphs:
        for line in textwrap.wrap(paragraph, COLUMNS) or [""]:
            figure.text(0.08, top, line, fontsize=9, weight=weight, va="top", parse_math=False)
            top -= LINE
        top -= LINE / 2
    return top

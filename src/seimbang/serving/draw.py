"""What more than one part of the page draws."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import streamlit as st

from seimbang.record.contents import Contents
from seimbang.record.files import missing
from seimbang.serving.advice import doubts, verdict
from seimbang.serving.predictor import Prediction, Predictor
from seimbang.serving.sentences import by_threshold, trust
from seimbang.serving.words import Words, plain


def heading(text: str, level: int = 1) -> None:
    """Draw a heading inside a part."""
    (st.header if level == 1 else st.subheader)(text, anchor=False)


def bullets(sentences: Sequence[str]) -> None:
    """Draw a list."""
    st.markdown("\n".join(f"- {sentence}" for sentence in sentences))


def table(columns: Mapping[str, Sequence[str]]) -> None:
    """Draw a table of Markdown cells."""
    st.table(dict(columns), hide_index=True)


def pictures(files: Sequence[tuple[Path, str]], alt: Sequence[str]) -> None:
    """Draw small images with captions side by side, as many in a row as the screen is wide.

    Args:
        files: Each with its caption, in Markdown.
        alt: What a screen reader says of each.
    """
    with st.container(horizontal=True):
        for (file, text), spoken in zip(files, alt, strict=True):
            if not file.is_file():
                raise missing(file)
            st.image(str(file), text, width=160, alt=spoken)


def digits(number: float) -> int:
    """Return how many digits after the point a number needs: 3 for 0.001."""
    return max(0, -int(Decimal(str(number)).normalize().as_tuple().exponent))


@st.cache_resource(show_spinner=False, max_entries=4)
def load_predictor(arm_folder: str, seed: str, profile: str) -> Predictor:
    """Load the model once for all visitors."""
    return Predictor.load(Path(arm_folder), seed, profile)


def result(contents: Contents, prediction: Prediction, words: Words) -> None:
    """Show what the model says of one case, whether it is sure, and how often such an answer was right."""
    with st.container(border=True, key="result"):
        heading(words("upload.result"), 2)
        for sentence in doubts(prediction.advice, words, words):
            st.warning(sentence)
        (st.warning if prediction.advice.answer in ("refused", "refer") else st.info)(
            "\n\n".join(verdict(prediction.advice, words, words))
        )
        if prediction.advice.refused:
            return
        _verdict(prediction, words)
        if prediction.label_tuned is not None:
            draw = st.markdown if prediction.label_tuned == prediction.label else st.warning
            draw(by_threshold(contents, prediction, words, words))
    heading(words("upload.next"), 2)
    st.markdown(words(f"upload.next_{prediction.advice.answer}"))
    if contents.profile:
        return  # what the run counted is of probabilities as they were
    heading(words("upload.how_sure"), 2)
    bullets(list(trust(contents, prediction, words, words)))


def _verdict(prediction: Prediction, words: Words) -> None:
    """Show class and confidence in words and as bars."""
    confidence = words.percent(prediction.confidence)
    facts = {"class": (words("upload.class"), prediction.label), "confidence": (words("upload.confidence"), confidence)}
    with st.container(horizontal=True, gap="large"):
        for name, (title, value) in facts.items():
            with st.container(key=f"verdict_{name}", width="content"):
                st.markdown(f"{title}\n### {plain(value)}", width="content")
    st.markdown(words("upload.says", name=prediction.label, confidence=confidence))
    for name, share in prediction.probabilities.items():
        st.progress(min(1.0, share), f"{plain(name)}: {plain(words.percent(share))}")

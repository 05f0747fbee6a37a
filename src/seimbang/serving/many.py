"""Many cases at once: images and folders of images, or the rows of tables."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from seimbang.datasets.images import missing
from seimbang.datasets.sheets import TABLES
from seimbang.errors import ImageError, SeimbangError
from seimbang.imaging.files import read_whole
from seimbang.serving.advice import doubts, verdict
from seimbang.serving.predictor import Prediction, Predictor
from seimbang.serving.rows import read_file, read_rows
from seimbang.serving.words import load

NO_IMAGE = ("IMG_NOT_IMAGE", "IMG_EMPTY")
"""What files beside the images of a folder are: they are left out."""


def predict_images(predictor: Predictor, paths: Sequence[Path]) -> Iterator[tuple[str, Prediction | SeimbangError]]:
    """Yield what a model says of each image, or why it says nothing.

    Args:
        predictor: Of images.
        paths: Images, and folders: all images below these, in the order of their names; other files are left out.
    """
    for path in paths:
        for file in _files(path) if path.is_dir() else [path]:
            try:
                yield str(file), predictor.predict(_bytes(file), file.name)
            except SeimbangError as error:
                if not (path.is_dir() and error.code in NO_IMAGE):
                    yield str(file), error


def predict(predictor: Predictor, path: Path) -> pd.DataFrame:
    """Return what a model says of an image, of all images below a folder, or of the rows of a table.

    Returns:
        Columns ``case``, ``predicted``, ``confidence``, where a threshold was tuned ``predicted_at_tuned_threshold``,
        ``p_<class>`` of each class, ``answer`` (``refused``, a class, several to be referred) and ``reason``, and
        ``error`` for images of a folder that cannot be read. A refused case has no class and no probabilities.

    Raises:
        SeimbangError: The image or the table cannot be read.
    """
    if predictor.table is not None:
        table = read_file(path)
        predictions = read_rows(predictor, table)[1]
        return pd.DataFrame([_row(f"row {row}", one) for row, one in zip(table.index, predictions, strict=True)])
    if not path.exists():
        missing(path)
    rows = []
    for name, said in predict_images(predictor, [path]):
        if isinstance(said, SeimbangError) and not path.is_dir():
            raise said
        rows.append(_row(name, said))
    return pd.DataFrame(rows)


def _row(case: str, said: Prediction | SeimbangError) -> dict[str, object]:
    if isinstance(said, SeimbangError):
        return {"case": case, "error": str(said)}
    told = said.advice.told
    tuned = {} if said.label_tuned is None else {"predicted_at_tuned_threshold": told(said.label_tuned)}
    chances = {f"p_{name}": told(value) for name, value in said.probabilities.items()}
    advice = {"answer": str(said.advice), "reason": remarks(said)}
    return {
        "case": case,
        "predicted": told(said.label),
        "confidence": told(said.confidence),
        **tuned,
        **chances,
        **advice,
    }


def reason(said: Prediction) -> str:
    """Return what to make of a prediction, in English."""
    words = load("en")
    return " ".join(verdict(said.advice, words, words.text))


def doubt(said: Prediction) -> str:
    """Return what is to be said before every answer of the model, in English; ``""`` for nothing."""
    words = load("en")
    return " ".join(doubts(said.advice, words, words.text))


def remarks(said: Prediction) -> str:
    """Return both, what is to be said before every answer first."""
    return " ".join(filter(None, (doubt(said), reason(said))))


def tables_in(paths: Sequence[Path]) -> list[Path]:
    """Return the tables among the files, and those in folders."""
    return [
        file
        for path in paths
        for file in ([one for one in _files(path) if one.suffix.lower() in TABLES] if path.is_dir() else [path])
    ]


def _files(folder: Path) -> list[Path]:
    hidden = (".", "__")
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(part.startswith(hidden) for part in file.relative_to(folder).parts)
    )


def _bytes(path: Path) -> bytes:
    try:
        return read_whole(path)
    except OSError as error:
        found = f"{path} cannot be read ({error.strerror})"
        raise ImageError("IMG_MISSING", found, "an image file", "check the path") from error

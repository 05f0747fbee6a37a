"""Names as people write them: of classes, one of which may be spelt in several ways, and of parts."""

import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

SPLITS = {
    **dict.fromkeys(("train", "training", "latih", "pelatihan", "latihan"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "validasi", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "uji", "pengujian", "ujian"), "test"),
}
"""Spellings of the three parts, in English and Indonesian, in lower case."""

Spellings = dict[str, dict[str, int]]
"""Of each class whose name is not always spelt alike: the spellings, and how many cases have each."""

_AROUND = re.compile(r"^(data|dataset|set|split|images|citra)(?=\w)|(data|dataset|set|images|imgs|citra)$")
_MINUS = re.compile(r"(^|\s)[-\u2212](?=\d)")
_BETWEEN = r"[\s_\-\u2010-\u2015.,;:'\u2019\"()\[\]]+"
_SEPARATORS = re.compile(rf"(?<=[^\W\d_]){_BETWEEN}(?=[^\W_])|(?<=\d){_BETWEEN}(?=[^\W\d_])")
_BLANKS = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
_EDGES = " _.,;:'\u2019\"()[]"


def part_of(name: str) -> str:
    """Return train, validation or test for a name such as ``Train``, ``data latih`` or ``test_set``, else ``""``."""
    word = re.sub(r"[\W_]+", "", name.casefold())
    return SPLITS.get(word) or SPLITS.get(_AROUND.sub("", word), "")


def class_key(name: str) -> str:
    """Return what the spellings of one class have in common.

    Spellings differ in case, blanks, the form of accents, or punctuation that separates words. What may mean something
    stays: ``ER+`` is not ``ER-``, ``1.5`` not ``15``, ``<5`` not ``>5``, and ``grade -1`` not ``grade 1``.
    """
    text = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    text = _BLANKS.sub("", _SEPARATORS.sub("", _MINUS.sub("\u2212", text))).strip(_EDGES)
    return text or name


def same_class(name: str, names: Iterable[str]) -> str | None:
    """Return which of ``names`` is ``name``, perhaps spelt otherwise, or None."""
    names = list(names)
    return name if name in names else next((other for other in names if class_key(other) == class_key(name)), None)


def one_spelling(labels: "pd.Series[str]", known: Iterable[str] = ()) -> tuple["pd.Series[str]", Spellings]:
    """Return the labels with each class under one name: that in ``known``, else its most frequent spelling.

    Args:
        labels: The class of each case, as the data have it.
        known: Names that classes have elsewhere.

    Returns:
        The labels, and the spellings of each class that had another name than it has now.
    """
    counts = labels.value_counts()
    names = {class_key(name): name for name in known}
    new: dict[str, str] = {}
    for name in sorted(counts.index, key=lambda name: (-counts[name], name)):
        clean = unicodedata.normalize("NFC", name).strip() or name
        new[name] = name if name in known else names.setdefault(class_key(name), clean)
    spellings: Spellings = {}
    for name, chosen in new.items():
        spellings.setdefault(chosen, {})[name] = int(counts[name])
    return labels.map(new), {chosen: of for chosen, of in spellings.items() if set(of) != {chosen}}

"""What is known of public data sets, recognised by their images; one file of ``known`` a data set.

An image is known by which of its neighbouring cells are brighter: that survives another size, another aspect and being
saved again. A quarter of these digests are kept, chosen by themselves, so that any part of a data set is recognised,
and what share of a study's images it makes up.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files

import numpy as np
from pydantic import BaseModel, ConfigDict

from seimbang.checks.base import CheckResult, merge
from seimbang.checks.evidence import Evidence
from seimbang.imaging.similarity import Floats, thumbnails

SIDE, CELLS = 32, 8
"""Thumbnails of so many pixels become so many cells on each side."""
KEPT = 4
"""One digest in so many is kept."""
FEWEST, LEAST = 5, 0.2
"""So many known images, and this share, are a known data set; of others' images at most .008 were known by chance."""


class Fact(BaseModel):
    """One fact, what it is about, and who says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    about: str
    text: str
    source: str


class TrainedWeights(BaseModel):
    """Published weights that were trained on a data set, its usual test part included or not.

    Attributes:
        name: Under which they are published.
        file: Name of the published file, without its ending; converted files often keep it. Empty where it tells
            nothing, such as ``model``.
        sha256: Of the published file; empty where no source tells it.
        source: Who says what they were trained on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    file: str = ""
    sha256: str = ""
    source: str

    def named(self, stem: str, sha256: str) -> bool:
        """Whether a file of that name and content is the published one, or a converted one that kept its name."""
        return stem == self.file or (sha256 != "" and sha256 == self.sha256)


class KnownData(BaseModel):
    """What is known of a data set: one file in the folder ``known``.

    Attributes:
        name: Of the data set, with its source.
        fact: What to know before it is used.
        weights: Published weights that were trained on it.
        digests: The kept digests, apart by blanks; ``benchmarks/known_digests.py`` writes them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    fact: tuple[Fact, ...]
    weights: tuple[TrainedWeights, ...] = ()
    digests: str


@dataclass(frozen=True)
class Recognised:
    """A known data set among some images.

    Attributes:
        known: The data set.
        share: Of the images about this share are from it, in (0, 1].
    """

    known: KnownData
    share: float

    @property
    def sentence(self) -> str:
        """All that is known of it."""
        facts = " ".join(f"{fact.about.capitalize()}: {fact.text} [{fact.source}]" for fact in self.known.fact)
        return f"About {self.share:.0%} of the images are of a known data set: {self.known.name}. {facts}"


@cache
def known_data() -> tuple[KnownData, ...]:
    """Return every known data set."""
    texts = (file.read_text(encoding="utf-8") for file in files(__package__).joinpath("known").iterdir())
    return tuple(sorted((KnownData(**tomllib.loads(text)) for text in texts), key=lambda known: known.name))


def kept_digests(small: Floats) -> list[str]:
    """Return the digests of the images whose digest is one that is kept, in their order.

    Args:
        small: What ``similarity.thumbnails`` returns, ``(n, 1024)``; of smaller images there are no digests.
    """
    n, pixels = small.shape
    if pixels != SIDE * SIDE:
        return []
    cells = small.reshape(n, CELLS, SIDE // CELLS, CELLS, SIDE // CELLS).mean((2, 4))
    bits = np.packbits((np.diff(cells, axis=2) > 0).reshape(n, -1), axis=1)
    plain = (small != 0).any(axis=1)
    rows = (row.tobytes() for row in bits[plain])
    return [row.hex() for row in rows if blake2b(row, digest_size=1).digest()[0] % KEPT == 0]


def recognise(small: Floats) -> Iterator[Recognised]:
    """Yield the known data sets that some images are from.

    Args:
        small: See ``kept_digests``.
    """
    own = kept_digests(small)
    for known in known_data():
        theirs = set(known.digests.split())
        count = sum(digest in theirs for digest in own)
        if count >= FEWEST and count >= LEAST * len(own):
            yield Recognised(known, count / len(own))


def facts(evidence: Evidence) -> CheckResult | None:
    """What is known of the data set and of external sets, where they are public ones."""
    if evidence.data.kind != "image":
        return None
    inside = [known.sentence for known in recognise(evidence.thumbnails)]
    outside = [
        f"External set {name}: {known.sentence[0].lower()}{known.sentence[1:]}"
        for name, data in evidence.external.items()
        for known in recognise(thumbnails(data.X))
    ]
    return merge(CheckResult(sentence, count=1) for sentence in inside + outside)

"""Weights that an arm begins with, and whether they were trained on what it is tested on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from seimbang.checks import known_data
from seimbang.checks.base import CheckResult, merge, plural
from seimbang.datasets.base import Dataset
from seimbang.imaging.files import file_digest
from seimbang.imaging.similarity import thumbnails
from seimbang.splits.base import Rows


@dataclass(frozen=True)
class WeightsEvidence:
    """A file of weights, and the sets that an arm which begins with them is tested on.

    Attributes:
        file: The weights.
        learned: Digests of the files they were trained on, or chosen by; empty where nobody knows.
        tested: The internal data with the rows of its test part, and each external set with all of its rows.
    """

    file: Path
    learned: frozenset[str]
    tested: Sequence[tuple[Dataset, Rows]]

    @cached_property
    def seen(self) -> list[str]:
        """Ids of the tested cases whose file they were trained on."""
        frames = [data.cases.frame.iloc[rows] for data, rows in self.tested]
        return [case for frame in frames for case in frame.case_id[frame.digest.isin(self.learned)]]


def trained_on_test(evidence: WeightsEvidence) -> CheckResult | None:
    """Whether the weights were trained on tested cases, as the run they are from or a publication says."""
    return merge((_own(evidence), *_published(evidence)))


def _own(evidence: WeightsEvidence) -> CheckResult | None:
    if not evidence.seen:
        return None
    total = sum(len(rows) for _, rows in evidence.tested)
    seen = f"on {len(evidence.seen):,} of {plural(total, 'tested image')}"
    sentence = f"{evidence.file.name} was trained {seen}, says the run folder it lies in."
    return CheckResult(sentence, evidence.seen, len(evidence.seen))


def _published(evidence: WeightsEvidence) -> list[CheckResult]:
    stem, sha256 = evidence.file.stem, file_digest(evidence.file)
    candidates = [
        (known, each) for known in known_data.known_data() for each in known.weights if each.named(stem, sha256)
    ]
    if not candidates:
        return []  # to recognise the tested images takes longer
    tested = {
        seen.known.name for data, rows in evidence.tested for seen in known_data.recognise(thumbnails(data.X[rows]))
    }
    return [
        CheckResult(
            f"{evidence.file.name} is {weights.name}, trained on images of the public data set that is tested on: "
            f"{known.name} [{weights.source}].",
            count=1,
        )
        for known, weights in candidates
        if known.name in tested
    ]

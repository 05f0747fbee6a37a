"""The paired tests of the arms of each protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from seimbang.checks.base import Finding
from seimbang.evaluation import against_none, compare, sample_size
from seimbang.evaluation.threshold import by_training
from seimbang.record.base import dump
from seimbang.record.clinical import AgainstNone
from seimbang.record.comparison import TUNED
from seimbang.record.folder import Files
from seimbang.record.sample_size import SampleSize
from seimbang.runs.auditing import leaks_of
from seimbang.study.schema import Plan


def comparison_files(
    predicted: Mapping[str, Mapping[str, pd.DataFrame]],
    classes: Sequence[str],
    tuned: Sequence[str],
    unbalanced: Sequence[str],
) -> Files:
    """Return the tests of every pair of finished arms, by protocol.

    An arm without balancing that has a threshold chosen on validation is compared twice: by its own rule and by that.
    """
    return {
        "comparisons.json": dump(
            {protocol: compared(tables, classes, tuned, unbalanced) for protocol, tables in predicted.items()}
        )
    }


def probability_files(
    predicted: Mapping[str, Mapping[str, pd.DataFrame]],
    classes: Sequence[str],
    positive: str,
    references: Mapping[str, str],
) -> Files:
    """Return what balancing did to the probabilities of each finished arm that balances."""
    return {
        "probabilities.json": dump(
            [
                AgainstNone(protocol=protocol, arm=arm, **against)
                for protocol, tables in predicted.items()
                for arm, against in against_none(tables, classes, positive, references).items()
            ]
        )
    }


def sample_size_files(
    predicted: Mapping[str, Mapping[str, pd.DataFrame]],
    classes: Sequence[str],
    tuned: Sequence[str],
    scores: Mapping[str, float],
    plans: Sequence[Plan],
    findings: Sequence[Finding],
) -> Files:
    """Return how many patients tell the two best arms without a leak apart, by protocol."""
    clean = {plan.name for plan in plans if not leaks_of(plan, findings)}
    sizes = []
    for protocol, tables in predicted.items():
        best = sorted(clean & set(tables), key=lambda arm: (-scores[arm], list(tables).index(arm)))[:2]
        size = sample_size({arm: tables[arm] for arm in best}, classes, tuned) if len(best) == 2 else None
        if size:
            sizes.append(SampleSize(protocol=protocol, first=best[0], second=best[1], **size))
    return {"sample_size.json": dump(sizes)}


def compared(
    tables: Mapping[str, pd.DataFrame], classes: Sequence[str], tuned: Sequence[str], unbalanced: Sequence[str]
) -> dict[str, Any]:
    """Return the tests of every pair of the arms of one protocol.

    Args:
        tables: Predictions by arm.
        classes: Class names; the positive one of two is the last.
        tuned: Arms whose own rule is their threshold.
        unbalanced: Arms without balancing.
    """
    if not tables:
        return {"arms": [], "sets": {}}
    twice = {name + TUNED: tables[name] for name in unbalanced if name in tables and by_training(tables[name], classes)}
    return compare({**tables, **twice}, classes, tuned=[*(name for name in tuned if name in tables), *twice])

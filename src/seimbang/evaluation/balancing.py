"""Predictions of all arms -> ``probabilities.json``: what balancing did to probabilities."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from seimbang.evaluation.predictions import checked, is_tested, scored
from seimbang.evaluation.probabilities import differences


def against_none(
    tables: Mapping[str, pd.DataFrame], classes: Sequence[str], positive: str, references: Mapping[str, str]
) -> dict[str, Any]:
    """Compare the probabilities of each arm with those of the arm that is like it but does not balance.

    Args:
        tables: Predictions by arm, of one protocol.
        classes: Class names; the positive one is the last.
        positive: The positive class, ``""`` where none of more than two is.
        references: By arm, the arm to compare it with.

    Returns:
        By arm: its ``reference`` and, by set, the differences of its figures to that arm's.
    """
    pairs = {arm: other for arm, other in references.items() if arm in tables and other in tables}
    sets = {arm: scored(checked(tables[arm], classes), classes) for arm in {*pairs, *pairs.values()}}
    return {
        arm: {
            "reference": other,
            "sets": {
                name: differences(cases, sets[other][name], classes, bool(positive))
                for name, cases in sets[arm].items()
                if is_tested(name)
            },
        }
        for arm, other in pairs.items()
    }

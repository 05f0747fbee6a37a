"""``predictions.csv`` -> ``clinical.json``: what somebody who decides by the probabilities has to know."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from seimbang.evaluation.predictions import checked, scored
from seimbang.evaluation.probabilities import against_rest, calibration, of_rest


def clinical(predictions: pd.DataFrame, classes: Sequence[str], positive: str) -> dict[str, Any]:
    """Compute the figures about the positive class against the rest, on the test part and the external sets.

    Args:
        predictions: What ``evaluate`` takes. With several seeds figures are the mean over them.
        classes: Class names; the positive one is the last.
        positive: The positive class, ``""`` where none of more than two is: then there are no figures.

    Returns:
        The content of ``clinical.json``.

    Raises:
        IntegrityError: The table is not what a run writes.
    """
    if not positive:
        return {"positive": "", "sets": {}}
    sets, names = scored(checked(predictions, classes), classes), of_rest(classes)
    return {
        "positive": positive,
        "sets": {
            name: {"calibration": calibration(against_rest(cases), names)}
            for name, cases in sets.items()
            if name not in ("train", "validation")
        },
    }

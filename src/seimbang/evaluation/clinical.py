"""``predictions.csv`` -> ``clinical.json``: what somebody who decides by the probabilities has to know."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from seimbang.evaluation.base import DEFAULT, EvaluationSettings
from seimbang.evaluation.decision import decision_curve
from seimbang.evaluation.operating import operating_points
from seimbang.evaluation.predictions import checked, is_tested, scored
from seimbang.evaluation.prior import shifts
from seimbang.evaluation.probabilities import against_rest, calibration, of_rest
from seimbang.evaluation.units import of_unit


def clinical(
    predictions: pd.DataFrame, classes: Sequence[str], positive: str, settings: EvaluationSettings = DEFAULT
) -> dict[str, Any]:
    """Compute the figures about the positive class against the rest, on the test part and the external sets.

    Args:
        predictions: What ``evaluate`` takes. With several seeds figures are the mean over them.
        classes: Class names; the positive one is the last.
        positive: The positive class, ``""`` where none of more than two is: then there are no figures.
        settings: The unit that is counted, how its probabilities are combined, and a prevalence.

    Returns:
        The content of ``clinical.json``.

    Raises:
        IntegrityError: The table is not what a run writes.
    """
    if not positive:
        return {"positive": "", "sets": {}}
    table = of_unit(checked(predictions, classes), classes, settings)
    sets, names = scored(table, classes), of_rest(classes)
    tested = {name: against_rest(cases) for name, cases in sets.items() if is_tested(name)}
    points, shifted = operating_points(table, tested, names, settings.prevalence), shifts(table, tested, names)
    return {
        "positive": positive,
        "sets": {
            name: {
                "calibration": calibration(cases, names),
                "decision": decision_curve(cases, names),
                "operating": points[name],
                "prior": shifted[name],
            }
            for name, cases in tested.items()
        },
    }

"""Decision curves: what deciding by a model is worth, beside treating everybody and treating nobody."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seimbang.evaluation.bands import pointwise
from seimbang.evaluation.metric import Flags
from seimbang.evaluation.predictions import Floats, Scored

DRAWS = 500
STEPS = 81
NEAR = 9.0
"""Thresholds have odds within so many times those of the share of the positive class, above and below."""


def net_benefit(w: Floats, positive: Flags, p: Floats, thresholds: Floats) -> Floats:
    """Return the net benefit at each threshold (Vickers and Elkin 2006), shape ``(r, k)``.

    ``TP / n - FP / n * t / (1 - t)``: true positives a case, less false ones at the price that who treats from a
    probability of ``t`` on puts on them.

    Args:
        w: Weights, shape ``(r, n)``.
        positive: Whether a case is of the positive class, shape ``(n,)``.
        p: Probabilities of it, shape ``(n,)``.
        thresholds: Between 0 and 1, shape ``(k,)``.
    """
    treated = (p[:, None] >= thresholds).astype(np.float64)
    price = thresholds / (1 - thresholds)
    gains = (w * positive) @ treated - ((w * ~positive) @ treated) * price
    return np.asarray(gains / w.sum(1, keepdims=True))


def thresholds(share: float) -> Floats:
    """Return the thresholds at which a decision is open where this share of the cases is positive.

    At a half they are from 10 to 90 %, at 5 % from 0.6 to 32 %: far below treating everybody is right, far above
    nobody.
    """
    low, high = (odds / (1 + odds) for odds in (share / (1 - share) / NEAR, share / (1 - share) * NEAR))
    return np.round(np.linspace(low, high, STEPS), 4)


def decision_curve(cases: Scored, names: Sequence[str], seed: int = 0) -> dict[str, Any] | None:
    """Return the net benefit of one set of two classes with its 95 % band; None where one is absent.

    Args:
        cases: The set; the last class is the positive one.
        names: Names of the two sides.
        seed: Of the draws of patients.

    Returns:
        What ``bands.pointwise`` does, at each threshold, with the net benefit of treating ``everybody``, and whether
        deciding by the model is ``better`` than that and than treating nobody by more than chance.
    """
    share = float(cases.y.mean())
    if not 0 < share < 1:
        return None
    at = thresholds(share)

    def value(w: Floats, positive: Flags, p: Floats) -> Floats:
        return net_benefit(w, positive, p, at)

    def gain(w: Floats, positive: Flags, p: Floats) -> Floats:
        own = net_benefit(w, positive, p, at)
        return own - np.maximum(net_benefit(w, positive, np.ones(len(p)), at), 0)

    curve, gained = (pointwise(cases, names, of, at, DRAWS, seed, (-np.inf, 1.0)) for of in (value, gain))
    better = [low > 0 for low in gained["low"]] or [False] * STEPS
    everybody = share - (1 - share) * at / (1 - at)
    return curve | {"everybody": everybody.round(6).tolist(), "better": better}

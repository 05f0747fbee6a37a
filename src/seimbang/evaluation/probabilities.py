"""How far predicted probabilities are from true ones: calibration slope and intercept, and how far seeds disagree."""

from collections.abc import Callable, Sequence

import numpy as np

from seimbang.evaluation import intervals, metrics, seeds
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.predictions import Floats, Scored
from seimbang.evaluation.value import Value, absent, number_of, too_few, undefined

SMALLEST = 5e-10
"""What a probability of 0 stands for: half of the last decimal that ``predictions.csv`` holds."""
STEPS = 100
LONGEST = 4.0
"""No step of Newton's method moves a log odds further, so that it does not overshoot."""
Of = Callable[[Weighted], Floats]
EVERYWHERE = (-np.inf, np.inf)
SEPARATED = "the probabilities separate the classes completely, so that any larger slope fits as well"


def against_rest(cases: Scored, k: int = -1) -> Scored:
    """Return a class, if not said otherwise the last, which is the positive one, against all others together."""
    k %= cases.p.shape[1]
    if cases.p.shape[1] == 2 and k == 1:
        return cases
    p = np.c_[1 - cases.p[:, k], cases.p[:, k]]
    return Scored((cases.y == k).astype(np.int64), p, cases.group, None, cases.seeds)


def log_odds(p: Floats) -> Floats:
    """Return the log odds of probabilities, those of 0 and 1 finite."""
    kept = np.clip(p, SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log(kept / (1 - kept)))


def expit(x: Floats) -> Floats:
    """Return the probability that log odds stand for."""
    return np.asarray((1 + np.tanh(x / 2)) / 2)


def logistic(w: Floats, target: Floats, design: Floats, offset: Floats | float = 0.0) -> Floats:
    """Fit a logistic regression without penalty for each weighting, by Newton's method.

    Args:
        w: Weights, shape ``(r, n)``.
        target: Outcomes, 0 to 1, shape ``(n,)``.
        design: Columns, shape ``(n, k)``.
        offset: What is added to the log odds, shape ``(n,)``.

    Returns:
        Coefficients, shape ``(r, k)``; NaN where the likelihood has no maximum.
    """
    count = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    beta, step = np.zeros((len(w), count)), np.full((len(w), count), np.inf)
    for _ in range(STEPS):
        p = expit(beta @ design.T + offset)
        curvature = ((w * p * (1 - p)) @ products).reshape(-1, count, count) + 1e-12 * np.eye(count)
        step = np.linalg.solve(curvature, ((w * (target - p)) @ design)[..., None])[..., 0]
        moved = np.abs(step @ design.T).max(1, keepdims=True)
        beta = beta + step * np.minimum(1, LONGEST / np.maximum(moved, LONGEST))
        if (moved < 1e-8).all():
            break
    return np.where(np.abs(step @ design.T).max(1, keepdims=True) < 1e-8, beta, np.nan)


def slope(cases: Weighted) -> Floats:
    """Return the calibration slope of each weighting: of the logistic regression of the outcome on the log odds.

    Below 1 probabilities are too extreme, above 1 too near to each other (Cox 1958). NaN where it has no value.
    """
    x, positive = log_odds(cases.p[:, 1]), cases.y == 1
    if x[positive].min() >= x[~positive].max() or x[positive].max() <= x[~positive].min():
        return np.full(len(cases.w), np.nan)
    return np.asarray(logistic(cases.w, positive.astype(np.float64), np.c_[np.ones(len(x)), x])[:, 1])


def intercept(cases: Weighted) -> Floats:
    """Return the calibration intercept of each weighting, with the slope held at 1 (calibration in the large).

    Above 0 probabilities are too low on the whole, below 0 too high.
    """
    ones = np.ones((len(cases.y), 1))
    return np.asarray(logistic(cases.w, cases.y.astype(np.float64), ones, log_odds(cases.p[:, 1]))[:, 0])


def instability(cases: Scored) -> float | None:
    """Return the mean over cases of the standard deviation of a case's probability over seeds; None of one seed."""
    if cases.seeds == 1:
        return None
    return float(cases.p[:, 1].reshape(cases.seeds, -1).std(0, ddof=1).mean())


def calibration(cases: Scored, classes: Sequence[str]) -> dict[str, Value]:
    """Return slope, intercept and instability of one set.

    Args:
        cases: The set, of two classes.
        classes: Their names; the positive one is the last.
    """
    of_one_seed = "one seed: how far another training would move a probability is not known"
    unstable = instability(cases)
    return {
        "slope": _fitted(cases, classes, slope),
        "intercept": _fitted(cases, classes, intercept),
        "instability": undefined(of_one_seed) if unstable is None else undefined("", unstable),
    }


def differences(cases: Scored, reference: Scored, classes: Sequence[str], binary: bool) -> dict[str, Value]:
    """Return the figures of probabilities of one arm minus those of another on the same cases.

    The interval is paired over patients, by the jackknife; seeds of the two arms are independent.

    Args:
        cases: A set as one arm predicts it.
        reference: The same as the other does.
        classes: Class names; the positive one is the last.
        binary: Whether slope and intercept have a meaning: of two classes, or where one of more is named positive.
    """
    whole: dict[str, Of] = {"brier": metrics.brier, "log_loss": metrics.log_loss}
    made = {key: _difference(cases, reference, classes, of) for key, of in whole.items()}
    if binary:
        names, pair = of_rest(classes), (against_rest(cases), against_rest(reference))
        fits: dict[str, Of] = {"slope": slope, "intercept": intercept}
        made |= {key: _difference(*pair, names, of) for key, of in fits.items()}
        first, second = map(instability, pair)
        known = None if first is None or second is None else first - second
        made["instability"] = undefined("" if known is not None else "one seed", known)
    return made


def of_rest(classes: Sequence[str]) -> list[str]:
    """Return the names of the two sides that ``against_rest`` makes."""
    return [classes[0] if len(classes) == 2 else f"other than {classes[-1]}", classes[-1]]


def _fitted(cases: Scored, classes: Sequence[str], of: Of) -> Value:
    why = absent(cases, classes)
    each = np.empty(0) if why else _of_seeds(cases, of)
    if why or not np.isfinite(each).all():
        return undefined(why or SEPARATED)
    value, spread = float(each.mean()), intervals.jackknife(cases, lambda w: {"": _mean(cases, of, w)})[""]
    why = _withheld(cases, classes, spread)
    return undefined(why, value) if why else number_of(value, _around(value, spread), each, EVERYWHERE)


def _difference(cases: Scored, reference: Scored, classes: Sequence[str], of: Of) -> Value:
    why = absent(cases, classes)
    first, second = (np.empty(0) if why else _of_seeds(arm, of) for arm in (cases, reference))
    if why or not np.isfinite(np.r_[first, second]).all():
        return undefined(why or SEPARATED)

    def statistics(w: Floats) -> dict[str, Floats]:
        return {"": _mean(cases, of, w) - _mean(reference, of, w)}

    value, spread = float(first.mean() - second.mean()), intervals.jackknife(cases, statistics)[""]
    if why := _withheld(cases, classes, spread):
        return undefined(why, value)
    low, high, way = _around(value, spread)
    between = seeds.difference(seeds.Trainings(first), seeds.Trainings(second))
    low, high, share = seeds.widened(value, low, high, between, EVERYWHERE)
    of_seeds = {"of_seeds": share} if max(cases.seeds, reference.seeds) > 1 else {}
    return {"value": value, "low": low, "high": high, "interval": f"{way}, and seeds" if of_seeds else way, **of_seeds}


def _withheld(cases: Scored, classes: Sequence[str], spread: intervals.Spread) -> str:
    """Return why a number has no interval, ``""`` where it has."""
    lone = "" if np.isfinite(spread.variance) else "no interval: without one patient it has no value"
    return too_few(cases, classes) or lone


def _around(value: float, spread: intervals.Spread) -> intervals.Interval:
    half = intervals.student(spread.freedom) * np.sqrt(spread.variance)
    return float(value - half), float(value + half), "jackknife"


def _mean(cases: Scored, of: Of, w: Floats) -> Floats:
    """Return the mean over the seeds of an arm, by weights of the cases, of whatever number of seeds they are."""
    w = w[:, : cases.n]
    blocks = np.split(np.arange(len(cases.y)), cases.seeds)
    return np.asarray(np.mean([of(Weighted(w, cases.y[rows], cases.p[rows], cases.y[rows])) for rows in blocks], 0))


def _of_seeds(cases: Scored, of: Of) -> Floats:
    weighted = Weighted(np.ones((1, len(cases.y))), cases.y, cases.p, cases.y, cases.seeds)
    return np.concatenate([of(each) for each in weighted.of_each_seed()])

"""How often the 95 % intervals hold the truth: simulated predictions whose population figures are known.

    python benchmarks/coverage.py --draws 300              # prints what lies outside 93 to 97 %
    python benchmarks/coverage.py --draws 2000 --write     # and writes the table of docs/statistics.md

The samples are those of ``populations.py``; truth is measured on 400,000 cases.
"""

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
from populations import FOUR, Setting, frame, two, write

from seimbang.evaluation import figures, ranking
from seimbang.evaluation.bands import bands
from seimbang.evaluation.compare import compare
from seimbang.evaluation.decision import decision_curve, net_benefit
from seimbang.evaluation.measured import Measured
from seimbang.evaluation.metrics import Weighted
from seimbang.evaluation.operating import predictive_values
from seimbang.evaluation.predictions import Floats, Ints, Scored
from seimbang.evaluation.probabilities import against_rest

LOW, HIGH = 0.93, 0.97
POPULATION = 400_000
EXTERNAL = "external minus internal"


SETTINGS = (
    Setting("50, 5 %", 50, two(0.05)),
    Setting("60, 20 %", 60, two(0.2)),
    Setting("60, 50 %", 60, two(0.5)),
    Setting("200, 5 %", 200, two(0.05)),
    Setting("200, 5 %, balanced", 200, two(0.05), balanced=True),
    Setting("200, 5 %, AUC .98", 200, two(0.05), area=0.98, balanced=True),
    Setting("200, 20 %", 200, two(0.2)),
    Setting("600, 5 %", 600, two(0.05)),
    Setting("600, 50 %, AUC .65", 600, two(0.5), area=0.65),
    Setting("30 patients × 20", 30, two(0.5), 20, 0.4),
    Setting("60 patients × 5, 20 %", 60, two(0.2), 5, 0.5),
    Setting("150 patients × 4, 10 %", 150, two(0.1), 4, 0.3, balanced=True),
    Setting("200, four classes, 3 %", 200, FOUR),
    Setting("200, four classes, 3 %, balanced", 200, FOUR, balanced=True),
    Setting("100 patients × 4, four classes, 3 %", 100, FOUR, 4, 0.4),
    Setting("200, 20 %, 3 seeds", 200, two(0.2), seeds=3, between=0.2),
    Setting("600, 20 %, 5 seeds", 600, two(0.2), balanced=True, seeds=5, between=0.2),
    Setting("60 patients × 5, 20 %, 3 seeds", 60, two(0.2), 5, 0.4, balanced=True, seeds=3, between=0.3),
)


def decided(cases: Scored) -> Ints:
    """Return the most probable class of each case."""
    return np.asarray(cases.p.argmax(1), np.int64)


@cache
def truth(setting: Setting) -> dict[str, float]:
    """Return the figures of the population."""
    whole = setting.population(POPULATION)
    numbers = figures.values(Weighted(np.ones((1, len(whole.y))), whole.y, whole.p, decided(whole), whole.seeds))
    return {name: float(value[0]) for name, value in numbers.items()}


def printed(measured: Measured) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every number with an interval that is printed of a set, by its name in ``figures.values``."""
    table = measured.table()
    yield from table["metrics"].items()
    for k, of_class in enumerate(table["per_class"].values()):
        yield from ((f"{k}.{name}", value) for name, value in of_class.items() if name != "support")
    for kind in figures.AVERAGES:
        yield from ((f"{kind}.{name}", value) for name, value in table[kind].items())


def holds(value: dict[str, Any], real: float) -> float:
    """Return whether an interval holds the truth; NaN where none is printed."""
    return float(value["low"] - 1e-9 <= real <= value["high"] + 1e-9) if value["low"] is not None else np.nan


def once(setting: Setting, resamples: int, seed: int) -> dict[str, float]:
    """Return which intervals of one sample hold the truth, also of the difference to a sample of another place."""
    rng, names = np.random.default_rng(seed), [str(k) for k in range(len(setting.shares))]
    sets = [Measured(cases, decided(cases), names, resamples, seed) for cases in (setting.draw(rng), setting.draw(rng))]
    real = truth(setting)
    held = {name: holds(value, real[name]) for name, value in printed(sets[0])}
    gaps = {f"{EXTERNAL}, {metric}": sets[1].minus(sets[0], metric) for metric in figures.main(len(names))}
    return held | {name: holds(gap, 0.0) for name, gap in gaps.items()}


def coverage(setting: Setting, draws: int, resamples: int, each: Callable[..., Any] = map) -> dict[str, Floats]:
    """Return of each figure which of its intervals hold the truth, shape ``(draws,)``; NaN where none is printed."""
    truth(setting)
    rows = list(each(partial(once, setting, resamples), range(draws)))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


APART = ("balanced_accuracy", "accuracy", "auc")
WORSE = 0.1


def read(setting: Setting, rng: np.random.Generator) -> list[Scored]:
    """Return the cases of one sample as an arm reads them, and one whose AUC is lower."""
    return setting.arms(rng, 2, (setting.area, setting.area - WORSE))


@cache
def true_differences(setting: Setting) -> dict[str, float]:
    """Return by how much the first arm is better in the population."""
    first, second = truth(setting), truth(replace(setting, area=setting.area - WORSE))
    return {name: first[name] - second[name] for name in APART if name in first}


def difference(setting: Setting, seed: int) -> dict[str, float]:
    """Return which intervals of the difference of two arms on one sample hold the truth."""
    sides, names = read(setting, np.random.default_rng(seed)), [str(k) for k in range(len(setting.shares))]
    tables = {str(k): frame(side.y, side.p, side.group, side.seeds) for k, side in enumerate(sides)}
    (pair,) = compare(tables, names, seed)["sets"]["test"]["pairs"]
    return {name: holds(pair[name], real) for name, real in true_differences(setting).items()}


def differences(setting: Setting, draws: int, each: Callable[..., Any] = map) -> str:
    """Return a row of the table of differences: coverage of each."""
    rows = list(each(partial(difference, setting), range(draws)))
    shares = [np.array([held[name] for held in rows]) for name in APART]
    cells = [f"{np.nanmean(hits):.3f}".lstrip("0") if np.isfinite(hits).any() else "–" for hits in shares]
    return f"| {setting.name} | {' | '.join(cells)} |"


PREVALENCE, SENSITIVITY, SPECIFICITY, RECALL = 0.02, 0.9, 0.9, 0.8
PERCENT = np.arange(1, 100) / 100
DRAWS = 500
PLACES = (20, 40, 60)
"""Of the thresholds of a decision curve."""
CLINICAL = ("ppv", "npv", "roc", "precision_recall", *(f"net_benefit_{k}" for k in PLACES))


@dataclass(frozen=True)
class Practice:
    """What is true of who decides by probabilities: the rare class, against the rest.

    Attributes:
        cut: Threshold at which the sensitivity is ``SENSITIVITY``.
        values: PPV and NPV by it at ``PREVALENCE``, and heights of both curves.
        net_benefit: At the thresholds 1 to 99 %.
    """

    cut: float
    values: dict[str, float]
    net_benefit: Floats


@cache
def practice(setting: Setting) -> Practice:
    """Return the truth of the population."""
    whole = against_rest(setting.population(POPULATION))
    sides = zip(np.split(whole.y == 1, whole.seeds), np.split(whole.p[:, 1], whole.seeds), strict=True)
    each = [(np.ones((1, len(p))), positive, p) for positive, p in sides]
    cut = float(np.quantile(whole.p[whole.y == 1, 1], 1 - SENSITIVITY))
    true, false = ((whole.p[whole.y == side, 1] >= cut).mean() for side in (1, 0))
    sick, well = PREVALENCE, 1 - PREVALENCE
    values = {
        "ppv": sick * true / (sick * true + well * false),
        "npv": well * (1 - false) / (well * (1 - false) + sick * (1 - true)),
        "roc": np.mean([ranking.sensitivity_at(*one, np.array([1 - SPECIFICITY])) for one in each]),
        "precision_recall": np.mean([ranking.precision_at(*one, np.array([RECALL])) for one in each]),
    }
    return Practice(cut, values, np.mean([net_benefit(*one, PERCENT)[0] for one in each], 0))


def decides(setting: Setting, seed: int) -> dict[str, float]:
    """Return which intervals for who decides by the probabilities of one sample hold the truth."""
    cases, real, names = against_rest(setting.draw(np.random.default_rng(seed))), practice(setting), ["rest", "rare"]
    if not 0 < cases.y.mean() < 1:
        return dict.fromkeys(CLINICAL, np.nan)
    values = predictive_values(cases, (cases.p[:, 1] >= real.cut).astype(np.int64), names, PREVALENCE)
    curves, decision = bands(cases, names, DRAWS, seed)["rare"], decision_curve(cases, names, seed) or {}
    held = {name: holds(value, real.values[name]) for name, value in values.items()}
    for name, x in (("roc", 1 - SPECIFICITY), ("precision_recall", RECALL)):
        place = int(np.abs(np.array(curves[name]["x"]) - x).argmin())
        held[name] = holds(height(curves[name], place), real.values[name])
    for k in PLACES:
        truth_there = float(np.interp(decision["x"][k], PERCENT, real.net_benefit))
        held[f"net_benefit_{k}"] = holds(height(decision, k), truth_there)
    return held


def height(band: dict[str, Any], k: int) -> dict[str, Any]:
    """Return the interval of one height of a curve."""
    return {end: band[end][k] if band[end] else None for end in ("low", "high")}


def clinical(setting: Setting, draws: int, each: Callable[..., Any] = map) -> dict[str, Floats]:
    """Return of each of ``CLINICAL`` which of its intervals hold the truth, shape ``(draws,)``."""
    rows = list(each(partial(decides, setting), range(draws)))
    return {name: np.array([held[name] for held in rows]) for name in CLINICAL}


def clinical_row(setting: Setting, held: dict[str, Floats]) -> str:
    """Return a setting as a row of the table of what is for who decides by probabilities."""
    return f"| {setting.name} | {' | '.join(map(share, held.values()))} |"


CLINICAL_HEADER = (
    "| Test set | PPV at 2 % | NPV at 2 % | sensitivity at 90 % specificity | precision at 80 % recall "
    "| net benefit, low threshold | net benefit, middle | net benefit, high |\n|---|---|---|---|---|---|---|---|"
)
COLUMNS = ("accuracy", "balanced_accuracy", "{rare}.recall", "{rare}.precision", "{rare}.f1", "macro.f1", "weighted.f1")
COLUMNS += ("kappa", "mcc", "g_mean", "auc", "average_precision", "log_loss", "brier", "calibration_error")
COLUMNS += (f"{EXTERNAL}, accuracy", f"{EXTERNAL}, balanced_accuracy", f"{EXTERNAL}, auc")


def row(setting: Setting, held: dict[str, Floats]) -> str:
    """Return a setting as a row of the table; in brackets where no interval is printed in more than half of samples."""
    cells = [share(held[column.format(rare=len(setting.shares) - 1)]) for column in COLUMNS]
    return f"| {setting.name} | {' | '.join(cells)} |"


def share(hits: Floats) -> str:
    """Return how many of the intervals that are printed hold the truth; in brackets where fewer than half are."""
    known = hits[np.isfinite(hits)]
    text = f"{known.mean():.3f}".lstrip("0") if len(known) else "–"
    return f"({text})" if len(known) < len(hits) / 2 else text


def header() -> str:
    """Return the head of the table."""
    names = [column.format(rare="rare").replace("_", " ").replace(".", " ") for column in COLUMNS]
    return f"| Test set | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}"


def outside(setting: Setting, held: dict[str, Floats]) -> Iterator[str]:
    """Yield what lies outside the goal by more than the simulation's error."""
    for name, hits in held.items():
        known = hits[np.isfinite(hits)]
        if len(known) < 20:
            continue
        share, error = known.mean(), 2 * np.sqrt(0.95 * 0.05 / len(known))
        if not LOW - error < share < HIGH + error:
            yield f"| {setting.name} | {name} | {share:.3f} | {len(known)} of {len(hits)} |"


def main() -> None:
    """Measure every setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=300, help="samples a setting")
    parser.add_argument("--resamples", type=int, default=1000, help="draws of an interval")
    parser.add_argument("--only", default="", help="settings whose name holds this")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write the table of docs/statistics.md")
    options = parser.parse_args()
    rows, decided_rows, far = [header()], [CLINICAL_HEADER], []
    with ProcessPoolExecutor(options.processes) as pool:
        each = partial(pool.map, chunksize=10)
        for setting in SETTINGS:
            if options.only in setting.name:
                held = coverage(setting, options.draws, options.resamples, each)
                rows.append(row(setting, held))
                deciding = clinical(setting, options.draws, each)
                decided_rows.append(clinical_row(setting, deciding))
                far += [*outside(setting, held), *outside(setting, deciding)]
                print(rows[-1], decided_rows[-1], sep="\n", flush=True)
        apart = ["| Test set | balanced accuracy | accuracy | AUC |\n|---|---|---|---|"]
        apart += [differences(one, options.draws, each) for one in SETTINGS if options.only in one.name]
    print("\nOutside 93 to 97 %:\n\n| Test set | figure | covered | printed |\n|---|---|---|---|", *far, sep="\n")
    print("\nDifferences of two arms:\n", *apart, sep="\n")
    print("\nDeciding by probabilities:\n", *decided_rows, sep="\n")
    if options.write:
        write("deciding", "\n".join([f"{options.draws} samples a row.", "", *decided_rows]))
        write("differences", "\n".join([f"{options.draws} samples a row.", "", *apart]))
        write("coverage", "\n".join([f"{options.draws} samples a row.", "", *rows]))


if __name__ == "__main__":
    main()

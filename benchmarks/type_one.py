"""How often arms that are equally good are called different, of all pairs at once.

    python benchmarks/type_one.py --draws 300              # prints the table
    python benchmarks/type_one.py --draws 2000 --write     # and writes that of docs/statistics.md

Without folds the arms are those of ``populations.py``. With folds they are nearest centroids of two sets of equally
telling columns, trained in each fold, so that a difference of the trained models is no difference of the methods.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from populations import FOUR, Setting, frame, two, write

from seimbang.evaluation.compare import compare, outcomes
from seimbang.evaluation.predictions import Floats, Ints


@dataclass(frozen=True)
class Arms:
    """Equally good arms on one test set."""

    setting: Setting
    count: int = 2

    @property
    def name(self) -> str:
        """What the table calls it."""
        return self.setting.name + (f", {self.count} arms" if self.count > 2 else "")

    def tables(self, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
        """Return predictions by arm."""
        read = self.setting.arms(rng, self.count)
        return {f"arm {k}": frame(cases.y, cases.p, cases.group, cases.seeds) for k, cases in enumerate(read)}


@dataclass(frozen=True)
class Folded:
    """Two equally good methods on ``n`` cases in ``repeats`` of ``k`` folds."""

    n: int
    k: int
    repeats: int = 1
    rare: float = 0.3
    columns: int = 10
    count: int = 2

    @property
    def name(self) -> str:
        """What the table calls it."""
        times = f"{self.repeats} × " if self.repeats > 1 else ""
        return f"{self.n} cases, {self.rare:.0%} positive, {times}{self.k} folds".replace("%", " %")

    def tables(self, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
        """Return predictions by arm, with training parts."""
        y = np.zeros(self.n, np.int64)
        y[: round(self.rare * self.n)] = 1
        x = rng.normal(0, 1, (self.count, self.n, self.columns)) + 0.35 * y[:, None]
        parts: dict[str, list[pd.DataFrame]] = {f"arm {k}": [] for k in range(self.count)}
        for repeat in range(self.repeats):
            part = np.empty(self.n, np.int64)
            for k in (0, 1):
                part[y == k] = rng.permutation((y == k).sum()) % self.k
            for fold in range(self.k):
                for own, rows in zip(x, parts.values(), strict=True):
                    p = centroids(own, y, part != fold)
                    whole = frame(y, np.c_[1 - p, p], np.arange(self.n)).assign(fold=f"{repeat + 1}.{fold + 1}")
                    rows += [whole[part == fold], whole[part != fold].assign(set="train")]
        return {arm: pd.concat(rows) for arm, rows in parts.items()}


def centroids(x: Floats, y: Ints, train: np.ndarray) -> Floats:
    """Return the probability of the positive class by the distances to the classes' means, equally frequent."""
    near = [((x - x[train & (y == k)].mean(0)) ** 2).sum(1) for k in (0, 1)]
    return np.asarray(1 / (1 + np.exp((near[1] - near[0]) / 2)))


SETTINGS = (
    Arms(Setting("50, 5 %", 50, two(0.05), balanced=True)),
    Arms(Setting("50, 50 %", 50, two(0.5))),
    Arms(Setting("200, 5 %", 200, two(0.05), balanced=True)),
    Arms(Setting("600, 20 %", 600, two(0.2), balanced=True)),
    Arms(Setting("200, 20 %", 200, two(0.2), balanced=True), 5),
    Arms(Setting("30 patients × 10", 30, two(0.5), 10, 0.4)),
    Arms(Setting("30 patients × 10, 20 %", 30, two(0.2), 10, 0.4, balanced=True), 4),
    Arms(Setting("200, four classes, 3 %", 200, FOUR, balanced=True)),
    Arms(Setting("50 patients × 4, four classes, 3 %", 50, FOUR, 4, 0.4, balanced=True)),
    Arms(Setting("200, 20 %, 3 seeds", 200, two(0.2), balanced=True, seeds=3, between=0.2)),
    Arms(Setting("60 patients × 5, 20 %, 3 seeds", 60, two(0.2), 5, 0.4, balanced=True, seeds=3, between=0.3), 4),
    Folded(100, 5),
    Folded(100, 10),
    Folded(100, 10, 10),
    Folded(100, 10, rare=0.08),
)


def once(setting: Any, seed: int) -> dict[str, float]:
    """Return of each test whether it calls any pair different; NaN where it cannot be made of any."""
    tables = setting.tables(np.random.default_rng(seed))
    wanted = [column.removeprefix("p_") for column in tables["arm 0"] if column.startswith("p_")]
    pairs = compare(tables, wanted, seed)["sets"]["test"]["pairs"]
    told = {}
    for test in outcomes(len(wanted)):
        known = [pair[test]["corrected"] for pair in pairs if pair[test]["corrected"] is not None]
        told[test] = float(min(known) < 0.05) if known else np.nan
    return told


def errors(setting: Any, draws: int, each: Callable[..., Any] = map) -> dict[str, Floats]:
    """Return of each test in which draws it called arms different that are not, shape ``(draws,)``."""
    rows = list(each(partial(once, setting), range(draws)))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


TESTS = {
    "balanced accuracy": "balanced_accuracy",
    "accuracy": "accuracy",
    "McNemar": "mcnemar",
    "AUC": "auc",
    "balanced accuracy over folds": "folds_balanced_accuracy",
    "accuracy over folds": "folds_accuracy",
}


def row(setting: Any, called: dict[str, Floats]) -> str:
    """Return a setting as a row of the table; a test that cannot be made calls nothing different."""
    cells = [called[test] for test in TESTS.values()]
    shown = ["–" if np.isnan(cell).mean() > 0.9 else f"{np.nan_to_num(cell).mean():.3f}".lstrip("0") for cell in cells]
    return f"| {setting.name} | {' | '.join(shown)} |"


def main() -> None:
    """Measure every setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=300, help="studies a setting")
    parser.add_argument("--only", default="", help="settings whose name holds this")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write the table of docs/statistics.md")
    options = parser.parse_args()
    rows = [f"| Test set | {' | '.join(TESTS)} |\n|{'---|' * (len(TESTS) + 1)}"]
    with ProcessPoolExecutor(options.processes) as pool:
        for setting in SETTINGS:
            if options.only in setting.name:
                called = errors(setting, options.draws, partial(pool.map, chunksize=5))
                rows.append(row(setting, called))
                print(rows[-1], flush=True)
    if options.write:
        write("type_one", "\n".join([f"{options.draws} studies a row.", "", *rows]))


if __name__ == "__main__":
    main()

"""How often an arm that is worse is called different, beside how often an equal one is: the power of the tests.

    python benchmarks/power.py --draws 300

The arms are those of ``populations.py``, the AUC of the second .10 lower.
"""

import argparse
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from populations import Setting, frame, two
from type_one import Arms, errors

WORSE = 0.1
COLUMNS = ("balanced_accuracy", "auc")
ONE = Setting("200 cases, 20 %", 200, two(0.2), balanced=True, between=0.2)
SETTINGS = [
    replace(ONE, name=f"{n} cases, 20 %, {s} seeds", patients=n, seeds=s) for n in (200, 600) for s in (2, 3, 5)
]


@dataclass(frozen=True)
class Apart(Arms):
    """Two arms of which the second is worse."""

    def tables(self, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
        """Return predictions by arm."""
        read = self.setting.arms(rng, 2, (self.setting.area, self.setting.area - WORSE))
        return {f"arm {k}": frame(cases.y, cases.p, cases.group, cases.seeds) for k, cases in enumerate(read)}


def main() -> None:
    """Measure every setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=300, help="studies a setting")
    parser.add_argument("--only", default="", help="settings whose name holds this")
    options = parser.parse_args()
    print("| Test set | equal: balanced accuracy | AUC | worse: balanced accuracy | AUC |\n|---|---|---|---|---|")
    for setting in (setting for setting in SETTINGS if options.only in setting.name):
        called = [errors(arms, options.draws) for arms in (Arms(setting), Apart(setting))]
        cells = [f"{np.nan_to_num(of_arms[test]).mean():.3f}" for of_arms in called for test in COLUMNS]
        print(f"| {setting.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

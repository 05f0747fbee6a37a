"""How many of the labels that look wrong are wrong: simulated cases, some of which get the label of the other class.

    python benchmarks/suspicious_labels.py            # prints the table
    python benchmarks/suspicious_labels.py --write    # and writes that of docs/statistics.md

The probabilities are calibrated on the true classes, see ``populations.py``.
"""

import argparse

import numpy as np
from populations import Setting, frame, two, write

from seimbang.evaluation.labels import suspicious

CASES, WRONG = 600, 0.05
AREAS, SHARES = (0.80, 0.90, 0.95, 0.99), (0.5, 0.1)


def listed(setting: Setting, share: float, rng: np.random.Generator) -> tuple[int, int, int]:
    """Return how many labels are wrong, how many are listed, and how many of these are wrong."""
    cases = setting.draw(rng)
    flipped = np.zeros(cases.n, bool)
    flipped[rng.choice(cases.n, round(share * cases.n), replace=False)] = True
    table = frame(np.where(flipped, 1 - cases.y, cases.y), cases.p, cases.group)
    found = suspicious({"arm": table}, ["0", "1"]).table.case_id.astype(int).to_numpy()
    return int(flipped.sum()), len(found), int(flipped[found].sum())


def cells(area: float, rare: float, draws: int) -> list[str]:
    """Return the share of wrong labels that are listed, of listed ones that are wrong, and of all where none is."""
    setting, rng = Setting("", CASES, two(rare), area=area), np.random.default_rng(0)
    wrong, count, hits = np.sum([listed(setting, WRONG, rng) for _ in range(draws)], 0)
    none = np.mean([listed(setting, 0.0, rng)[1] for _ in range(draws)]) / CASES
    return [f"{100 * hits / wrong:.0f} %", f"{100 * hits / count:.0f} %", f"{100 * none:.1f} %"]


def main() -> None:
    """Measure every setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100, help="samples a setting")
    parser.add_argument("--write", action="store_true", help="write the table of docs/statistics.md")
    options = parser.parse_args()
    heads = [
        f"{name}, {rare:.0%}" for rare in SHARES for name in ("wrong listed", "listed wrong", "listed where none is")
    ]
    rows = [f"| AUC | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}"]
    for area in AREAS:
        each = [cell for rare in SHARES for cell in cells(area, rare, options.draws)]
        rows.append(f"| {area:.2f} | {' | '.join(each)} |".replace("| 0.", "| ."))
        print(rows[-1], flush=True)
    if options.write:
        write("suspicious", "\n".join([f"{options.draws} samples a row.", "", *rows]))


if __name__ == "__main__":
    main()

"""The table of metrics in docs/statistics.md, made from METRICS.

python tests/docs/metric_table.py        # writes it anew
"""

import inspect
import re
from pathlib import Path

from seimbang.evaluation.table import METRICS

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
START, END = "<!-- metrics: made by tests/docs/metric_table.py -->", "<!-- end of metrics -->"
WAYS = {
    "proportion": "Wilson",
    "posterior": "Bayesian bootstrap",
    "delong": "DeLong; of more classes logit-jackknife",
    "jackknife": "{}-jackknife",
    "bins": "inverted test",
}


def page(text):
    """Return the page with the table between its marks made anew."""
    before, rest = text.split(START)
    return f"{before}{START}\n{table()}\n{END}{rest.split(END)[1]}"


def table():
    rows = ["| Key | Name | What it is | Interval | Better | Chance | Needs | Also |", f"|{'---|' * 8}"]
    for metric in METRICS:
        cells = (
            meaning(metric),
            WAYS[metric.interval].format(scale(metric)),
            metric.better,
            chance(metric),
            needs(metric),
            also(metric),
        )
        rows.append(f"| `{metric}` | {metric.title} | {' | '.join(cells)} |")
    return "\n".join(rows)


def scale(metric):
    return "logit" if metric.better == "higher" else "log"


def meaning(metric):
    return words(metric.function) + (" Macro and weighted averages too." if metric.averaged else "")


def words(function):
    """Return a docstring as one line of Markdown."""
    said = inspect.getdoc(function).partition("Args:")[0]
    return re.sub(r"\s+", " ", said).strip().replace("|", r"\|")


def chance(metric):
    if callable(metric.chance):
        return words(metric.chance).rstrip(".")
    return "–" if metric.chance is None else f"{metric.chance:g}"


def also(metric):
    """Say where else a metric is given, beside the pooled figures of each set."""
    told = {"change outside": metric.main, "fold by fold": metric.over_folds, "pairs of arms": metric.paired}
    return ", ".join(name for name, true in told.items() if true)


def needs(metric):
    of = {"decisions": "predicted classes", "probabilities": "probabilities"}[metric.needs.of]
    only = ", two classes" if metric.needs.classes == "two" else ""
    return f"{of}{only}" + (", of each class" if metric.needs.per == "class" else "")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

"""Changes of a run folder by hand that somebody means: what follows from predictions is computed again."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from seimbang.evaluation.predictions import checked
from seimbang.evaluation.units import of_unit
from seimbang.imaging.files import write_atomic
from seimbang.record.base import load
from seimbang.record.choice import score
from seimbang.record.data import Audit, Data
from seimbang.record.files import read_json
from seimbang.record.folder import Files
from seimbang.record.metrics import Metrics
from seimbang.record.read import read_predictions, read_search
from seimbang.record.seal import changed, write_edits
from seimbang.runs.arms import positive_of, references_of, tuned_of, unbalanced_of
from seimbang.runs.compared import comparison_files, probability_files, sample_size_files
from seimbang.runs.results import clinical_files, metric_files
from seimbang.study.schema import Plan, Study

METRICS = "metrics.json"
FOLLOWS = (METRICS, "clinical.json", "comparisons.json", "probabilities.json", "sample_size.json")
"""What follows from ``predictions.csv`` and from settings alone."""


def accept(folder: Path) -> list[str]:
    """Accept the files of a run folder as they are, and compute again what follows from predictions.

    Returns:
        The paths of the files that were changed by hand.

    Raises:
        IntegrityError: A file that is needed for this is missing or damaged, or the arms were told other labels of the
            same cases: that cannot be accepted, and nothing is written.
    """
    by_hand = sorted(changed(folder))
    again = [path for path in by_hand if Path(path).name in ("predictions.csv", *FOLLOWS)]
    recomputed = _recompute(folder) if again else []
    write_edits(folder, recomputed)
    return by_hand


def _recompute(folder: Path) -> list[str]:
    """Write what follows from predictions again, and return its paths; figures by column need the data and are left."""
    study, data = read_json(folder / "study.json", Study), read_json(folder / "data.json", Data)
    plans = [plan for plan in study.plans() if (folder / "arms" / plan.slug / "arm.json").is_file()]
    tables = {plan.name: checked(read_predictions(folder / "arms" / plan.slug), data.classes) for plan in plans}
    figures = {plan.slug: _of_arm(tables[plan.name], plan, study, data) for plan in plans}
    scores = {
        plan.name: score(load(figures[plan.slug][METRICS], Metrics), read_search(folder / "arms" / plan.slug))
        for plan in plans
    }
    of_arms = {f"arms/{slug}/{name}": content for slug, files in figures.items() for name, content in files.items()}
    written = {**of_arms, **_of_run(tables, scores, plans, read_json(folder / "audit.json", Audit), study, data)}
    for name, content in written.items():
        write_atomic(folder / name, content)
    return list(written)


def _of_arm(table: pd.DataFrame, plan: Plan, study: Study, data: Data) -> Files:
    positive = positive_of(study, data.classes)
    files = metric_files(table, data.classes, plan.balance.decides, study.evaluation, {})
    return {**files, **clinical_files(table, data.classes, positive, study.evaluation)}


def _of_run(
    tables: Mapping[str, pd.DataFrame],
    scores: Mapping[str, float],
    plans: Sequence[Plan],
    audit: Audit,
    study: Study,
    data: Data,
) -> Files:
    """Return the comparisons of the arms."""
    classes, tuned = data.classes, tuned_of(plans)
    predicted: dict[str, dict[str, pd.DataFrame]] = {protocol.name: {} for protocol in study.protocols}
    for plan in plans:
        predicted[plan.protocol.name][plan.name] = of_unit(tables[plan.name], classes, study.evaluation)
    return {
        **comparison_files(predicted, classes, tuned, unbalanced_of(plans)),
        **probability_files(predicted, classes, positive_of(study, classes), references_of(plans)),
        **sample_size_files(predicted, classes, tuned, scores, plans, audit.findings),
    }

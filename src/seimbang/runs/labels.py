"""Which labels look wrong, by the models of all arms without a leak."""

from collections.abc import Mapping, Sequence

import pandas as pd

from seimbang.checks.base import Finding
from seimbang.datasets.base import Dataset
from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.labels import HELD_OUT, suspicious, without
from seimbang.record.base import dump
from seimbang.record.folder import Files
from seimbang.record.labels import LabelRow, Labels, WithoutRow
from seimbang.runs.auditing import leaks_of
from seimbang.runs.pictures import png
from seimbang.study.schema import Plan

SHOWN = 24
Tables = Mapping[str, pd.DataFrame]


def label_files(
    predicted_cases: Mapping[str, Tables],
    plans: Sequence[Plan],
    findings: Sequence[Finding],
    data: Dataset,
    classes: Sequence[str],
    tuned: Sequence[str],
    evaluation: EvaluationSettings,
) -> Files:
    """Return the labels of cases that look wrong; nothing where every arm leaks, since a leak hides them."""
    protocol, tables = _most_held_out(_without_leak(predicted_cases, plans, findings))
    if not tables:
        return {}
    suspects = suspicious(tables, classes)
    table = suspects.table
    of_test = table.case_id[table.set == "test"]
    rows, pictures = _shown(data, table.head(SHOWN))
    labels = Labels(
        protocol=protocol,
        arms=list(tables),
        folds=next(iter(tables.values())).fold.nunique(),
        looked=suspects.looked,
        training=len(data.cases) - sum(suspects.looked.values()),
        wrong=suspects.wrong,
        count=len(table),
        of_test=len(of_test),
        rows=rows,
        figures=_rows(without(tables, classes, tuned, of_test.tolist(), evaluation)) if len(of_test) else [],
    )
    return {"labels.json": dump(labels), "labels.csv": table.to_csv(index=False, float_format="%.6f"), **pictures}


def _without_leak(
    predicted: Mapping[str, Tables], plans: Sequence[Plan], findings: Sequence[Finding]
) -> dict[str, dict[str, pd.DataFrame]]:
    clean = {plan.name for plan in plans if not leaks_of(plan, findings)}
    return {
        protocol: {arm: table for arm, table in tables.items() if arm in clean}
        for protocol, tables in predicted.items()
    }


def _most_held_out(predicted: Mapping[str, Tables]) -> tuple[str, Tables]:
    """Return the protocol under which most cases were held out from training, and its arms."""

    def held_out(protocol: str) -> int:
        first = next(iter(predicted[protocol].values()), None)
        return 0 if first is None else first.case_id[first.set.isin(HELD_OUT)].nunique()

    protocol = max(predicted, key=held_out)
    return (protocol, predicted[protocol]) if held_out(protocol) else ("", {})


def _rows(both: Mapping[str, Mapping[str, tuple[float, float]]]) -> list[WithoutRow]:
    return [
        WithoutRow(arm=arm, metric=metric, given=given, without=left)
        for arm, metrics in both.items()
        for metric, (given, left) in metrics.items()
    ]


def _shown(data: Dataset, table: pd.DataFrame) -> tuple[list[LabelRow], dict[str, bytes]]:
    pictures: dict[str, bytes] = {}
    rows = []
    places = data.cases.rows(table.case_id.tolist())
    for number, (place, row) in enumerate(zip(places, table.to_dict("records"), strict=True)):
        file = f"labels/{number}.png" if data.kind == "image" else ""
        if file:
            pictures[file] = png(data.X[place])
        rows.append(LabelRow(file=file, **{str(key): value for key, value in row.items() if key != "group"}))
    return rows, pictures

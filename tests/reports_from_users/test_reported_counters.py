"""Columns that predict the class without describing a case: counters, record numbers, the class under another name."""

import numpy as np
import pytest

from seimbang.checks import audit
from seimbang.datasets import load, make
from seimbang.datasets.counters import counts_cases
from seimbang.datasets.intake.base import Hints
from seimbang.datasets.intake.tables import understand
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings
from seimbang.record.data import Audit
from seimbang.record.files import read_json
from seimbang.runs.run import run
from seimbang.study.schema import parse

N, SICK = 120, 30
RNG = np.random.default_rng(3)
LABEL = ["sick"] * SICK + ["well"] * (N - SICK)  # sorted by diagnosis, as hospitals export
NOISE = {"age": RNG.integers(20, 90, N), "crp": RNG.gamma(2, 9, N).round(1)}
MRN = 400_000_000 + np.sort(RNG.choice(90_000, N, replace=False))
PLANTED = np.array([name == "sick" for name in LABEL])

COUNTERS = {
    "no": np.arange(N) + 1,
    "lfd. Nr.": np.arange(N),
    "urutan": np.arange(N)[::-1] + 5,
    "record number": MRN,
    "No. Rekam Medis": MRN,
    "NRM": MRN,
    "patient_no": np.sort(RNG.integers(10_000, 99_999, N // 2)).repeat(2),
    "antrian": np.sort(RNG.choice(170, N, replace=False)),
}
GIVEAWAYS = {
    "a label": np.where(PLANTED, 7, 3),
    "a label with slips": np.where(np.isin(np.arange(N), (3, 40, 90)), ~PLANTED, PLANTED).astype(int),
    "a label with gaps": np.where(np.arange(N) % 12 == 5, np.nan, PLANTED),
    "a label with noise": PLANTED + RNG.normal(0, 0.2, N).round(3),
    "a score it was cut from": np.where(PLANTED, RNG.uniform(7, 10, N), RNG.uniform(0, 7, N)).round(2),
    "a value in the middle": np.where(PLANTED, RNG.uniform(4, 6, N), np.where(np.arange(N) % 2, 1.5, 9.5)).round(3),
    "a test only the sick had": np.where(PLANTED, RNG.normal(50, 9, N).round(), np.nan),
    "the date as a number": 20_000 + np.arange(N) // 3 * 5,
}
HONEST = {
    "platelets": RNG.normal(250_000, 60_000, N).round(),
    "a good marker": (PLANTED + RNG.normal(0, 0.5, N)).round(2),
    "a symptom": np.where(RNG.random(N) < 0.85, PLANTED, ~PLANTED).astype(int),
    "year": RNG.integers(1930, 2000, N),
    "body mass index": RNG.integers(17, 40, N),
    "number of children": RNG.poisson(2, N),
}


def table(folder, **more):
    columns = NOISE | more
    names = [*columns, "diagnosis"]
    cells = [
        ["" if isinstance(v, float) and np.isnan(v) else str(v) for v in np.asarray(c).tolist()]
        for c in columns.values()
    ]
    lines = [";".join(names), *(";".join(row) for row in zip(*cells, LABEL, strict=True))]
    (folder / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "t.csv"


def dataset(path, **settings):
    source = {"source": "csv", "path": path.name, "label_column": "diagnosis", "features": "all"}
    return load(make(source | settings), ImageSettings(), path.parent)


def found(data):
    return {finding.code: finding for finding in audit(data)}


def seen(data):
    return [column.name for column in data.columns]


@pytest.mark.parametrize("name", COUNTERS)
def test_a_counter_is_no_feature_unless_it_is_listed_and_then_stops_the_run(tmp_path, name):
    path = table(tmp_path, **{name: COUNTERS[name]})
    data = dataset(path)
    assert seen(data) == ["age", "crp"]
    assert f"{name}: counts the rows" in found(data)["COLUMNS_LEFT_OUT"].sentence
    understanding = understand(path, Hints())
    first = load(make(understanding.data), ImageSettings(), tmp_path)
    assert seen(first) == ["age", "crp"], understanding.understood
    listed = found(dataset(path, features=["age", "crp", name]))
    assert listed["LABEL_PROXY"].severity == "leak"
    assert name in listed["LABEL_PROXY"].sentence
    if name not in ("record number", "No. Rekam Medis", "NRM"):  # beyond what 32 bits tell apart
        assert name in listed["RUNNING_NUMBER"].sentence


@pytest.mark.parametrize("name", GIVEAWAYS)
def test_a_column_that_tells_the_class_alone_is_a_leak(tmp_path, name):
    findings = found(dataset(table(tmp_path, **{name: GIVEAWAYS[name]})))
    leak = findings.get("LABEL_COPY") or findings["LABEL_PROXY"]
    assert leak.severity == "leak"
    assert f"The column {name} " in leak.sentence
    assert f"{name} " in findings["COLUMN_AUC"].sentence
    meant = found(dataset(table(tmp_path, **{name: GIVEAWAYS[name]}), meant=[name]))
    assert not {"LABEL_COPY", "LABEL_PROXY"} & set(meant)
    assert name in meant["LABEL_MEANT"].sentence


@pytest.mark.parametrize("name", HONEST)
def test_measurements_are_not_accused(tmp_path, name):
    data = dataset(table(tmp_path, **{name: HONEST[name]}))
    assert name in seen(data)
    assert not {"LABEL_COPY", "LABEL_PROXY", "RUNNING_NUMBER", "LABEL_MEANT"} & set(found(data))


def test_a_different_number_for_each_case_is_mentioned(tmp_path):
    values = np.arange(N) * 977 % 100_003
    assert (
        "another whole number in lab value"
        in found(dataset(table(tmp_path, **{"lab value": values})))["UNIQUE_NUMBER"].sentence
    )


def test_few_cases_and_repeated_numbers_count_nothing():
    assert not counts_cases("age", np.arange(30, 37.0))  # seven cases
    assert counts_cases("age", np.arange(30, 38.0))
    assert not counts_cases("no", np.array([1.0, 2, 3, np.nan, 5, 6, 7, 8, 9]))
    assert not counts_cases("grade", np.tile(np.arange(5.0), 20))
    assert not counts_cases("score", np.arange(0, 30, 0.25))


def test_a_run_stops_unless_the_study_means_it(tmp_path):
    table(tmp_path, score=GIVEAWAYS["a score it was cut from"])
    study = {
        "title": "t",
        "question": "?",
        "data": {"source": "csv", "path": "t.csv", "label_column": "diagnosis", "features": "all"},
        "split": {"test": 0.3, "validation": 0.2},
        "model": {"name": "naive_bayes"},
        "arm": [{"name": "none"}],
    }
    said = r"AUDIT_LEAK: found The column score alone .* give the class away.*data\.meant"
    with pytest.raises(DataError, match=said):
        run(parse(study), tmp_path, tmp_path / "run")
    study["data"]["meant"] = ["score"]
    run(parse(study), tmp_path, tmp_path / "run")  # in the same folder: the audit is made anew
    codes = {finding.code for finding in read_json(tmp_path / "run" / "audit.json", Audit).findings}
    assert "LABEL_MEANT" in codes
    assert "LABEL_PROXY" not in codes
    study["data"]["meant"] = ["scor"]
    with pytest.raises(DataError, match=r"DATA_COLUMN.*'scor'.*did you mean 'score'"):
        run(parse(study), tmp_path, tmp_path / "other")

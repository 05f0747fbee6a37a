"""Leaks and shortcuts planted in the breast cancer table: each kind is found, and clean tables are not accused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE
from sklearn.datasets import load_breast_cancer

from seimbang.checks import CHECKS, audit
from seimbang.checks.evidence import Evidence
from seimbang.checks.interpolated import between
from seimbang.checks.near_rows import near_pairs
from seimbang.datasets import load, make
from seimbang.imaging.base import ImageSettings
from seimbang.splits import split
from seimbang.splits.base import SplitSettings

HDI = Path(__file__).parents[3] / "shared" / "data" / "hdi" / "hdi_eastern_indonesia_2021.xlsx"
LEVELS = {"column": "IPM", "cuts": [60, 70, 80], "names": ["low", "medium", "high", "very high"]}
RNG = np.random.default_rng(0)
TABLE = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "label"})
SICK = (TABLE.label == 0).to_numpy()
N = len(TABLE)
KINDS = {
    "DUPLICATE_WITHIN", "NEAR_TEST", "NEAR_WITHIN", "PATIENT_COLUMN", "PATIENT_COLUMN_TEST", "GAPS_SHORTCUT",
    "SITE_SHORTCUT", "MADE_ROWS", "RUNNING_NUMBER", "CASE_ORDER",
}  # fmt: skip


def repeated(change, count=60):
    """Return the table with rows that are there again, changed."""
    copies = TABLE.iloc[RNG.choice(N, count, replace=False)]
    return pd.concat([TABLE, change(copies)], ignore_index=True)


def noisy(copies):
    values = copies.drop(columns="label")
    return (values + RNG.normal(0, 1e-4, values.shape)).assign(label=copies.label)


def balanced(sampler):
    X, y = sampler.fit_resample(TABLE.drop(columns="label"), TABLE.label)
    return X.assign(label=y)


def with_gaps():
    gone = np.where(SICK, RNG.random(N) < 0.6, RNG.random(N) < 0.1)
    return TABLE.assign(**{"mean texture": TABLE["mean texture"].where(~gone)})


def of_places():
    return np.where(RNG.random(N) < 0.85, np.where(SICK, "A", "B"), np.where(SICK, "B", "A"))


def visits():
    """Return a patient for each row, of three visits each."""
    return [f"MR{k:04}" for k in np.arange(N) // 3]


def named():
    return [f"{'M' if sick else 'B'}{k:04}" for k, sick in enumerate(SICK)]


PLANTED = {
    "rows again": (lambda: repeated(lambda copies: copies), "DUPLICATE_WITHIN"),
    "rows with noise": (lambda: repeated(noisy), "NEAR_TEST"),
    "rows rounded": (lambda: repeated(lambda copies: copies.round(2)), "NEAR_TEST"),
    "SMOTE": (lambda: balanced(SMOTE(random_state=0)), "MADE_ROWS"),
    "missing values": (with_gaps, "GAPS_SHORTCUT"),
    "site": (lambda: TABLE.assign(site=of_places()), "SITE_SHORTCUT"),
    "hospital": (lambda: TABLE.assign(hospital=of_places()), "SITE_SHORTCUT"),
    "patients": (lambda: TABLE.assign(mrn=visits()), "PATIENT_COLUMN_TEST"),
    "the class": (lambda: TABLE.assign(outcome=SICK * 1), "LABEL_COPY"),
    "a score": (lambda: TABLE.assign(stage=SICK + RNG.normal(0, 0.15, N)), "LABEL_PROXY"),
    "a running number": (lambda: TABLE.sort_values("label").assign(number=np.arange(N)), "CASE_ORDER"),
    "names": (lambda: TABLE.assign(id=named()), "CASE_ORDER"),
}
SIBLINGS = {
    "one row with noise": (lambda: repeated(noisy, 1), {"NEAR_TEST", "NEAR_WITHIN"}),
    "every row with noise": (lambda: repeated(noisy, N), {"NEAR_TEST"}),
    "whole numbers": (lambda: repeated(lambda copies: copies.round(0)), {"NEAR_TEST"}),
    "SMOTE, rounded": (lambda: balanced(SMOTE(random_state=0)).round(2), {"MADE_ROWS"}),
    "ADASYN": (lambda: balanced(ADASYN(random_state=0)), {"MADE_ROWS"}),
    "borderline SMOTE": (lambda: balanced(BorderlineSMOTE(random_state=0)), {"MADE_ROWS"}),
    "a number of the hospital": (lambda: TABLE.assign(hospital=(of_places() == "A") * 1), {"SITE_SHORTCUT"}),
    "patients as numbers": (lambda: TABLE.assign(subject_id=np.arange(N) // 4), {"PATIENT_COLUMN_TEST"}),
}


def kinds_of(table, folder, *codes):
    """Return the codes of what the audit says of the table as a CSV, divided as studies do without a word."""
    table.to_csv(folder / "table.csv", index=False)
    values = {"source": "csv", "path": "table.csv", "features": "all"}
    return kinds(load(make(values), ImageSettings(), folder), *codes)


def kinds(data, *codes):
    evidence = Evidence(data, tuple(split(data.cases, SplitSettings())), {}, True)
    return {check.code for check in CHECKS if check.code in {*KINDS, *codes} and check.run(evidence)}


def test_each_planted_kind_is_found_and_nothing_beside_it(tmp_path):
    seen = {name: kinds_of(made(), tmp_path, code) for name, (made, code) in PLANTED.items()}
    right = [name for name, (_, code) in PLANTED.items() if code in seen[name]]
    print(f"leaks planted in a table: {len(right)} of {len(PLANTED)} kinds found")
    assert len(right) == len(PLANTED) == 12, seen


@pytest.mark.parametrize("name", SIBLINGS)
def test_so_are_their_siblings(name, tmp_path):
    made, codes = SIBLINGS[name]
    assert kinds_of(made(), tmp_path) & codes


TRUE = {"wine": {"CASE_ORDER"}, "iris": {"CASE_ORDER", "DUPLICATE_WITHIN"}}
"""Both are sorted by class, and iris has a row twice."""


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "iris", "digits"])
def test_clean_tables_are_not_accused(name):
    data = load(make({"source": f"sklearn:{name}"}), ImageSettings(), Path())
    assert kinds(data) <= TRUE.get(name, set())


@pytest.mark.skipif(not HDI.exists(), reason="needs ../shared/data/hdi")
def test_the_sheet_of_428_rows_was_made_and_that_of_176_was_not():
    measured = {"source": "excel", "path": HDI.name, "sheet": "Dataset Imbalance", "id_column": "Kabkota"}
    assert kinds(load(make({**measured, "label": LEVELS}), ImageSettings(), HDI.parent)) == set()
    made = {"source": "excel", "path": HDI.name, "sheet": "Dataset Balance (Hasil SMOTE)", "label_column": "Class"}
    data = load(make(made), ImageSettings(), HDI.parent)
    finding = next(finding for finding in audit(data) if finding.code == "MADE_ROWS")
    assert finding.severity == "leak"
    assert 200 < finding.count <= 252
    rows = {int(case.removeprefix("row ")) for case in finding.cases}
    assert len(rows) == 20


def test_the_null_holds_where_rows_are_drawn_independently():
    for seed in range(8):
        rng = np.random.default_rng(seed)
        shape = (int(rng.integers(30, 200)), int(rng.integers(3, 20)))
        for X in (rng.normal(size=shape), rng.gamma(1, size=shape).round(3), rng.uniform(size=shape).cumsum(axis=1)):
            assert len(near_pairs(X)[0]) == 0
            assert len(between(X)[0]) == 0


def test_pairs_are_the_planted_ones():
    X = np.random.default_rng(0).normal(size=(200, 5))
    noisy = np.concatenate([X, X[[3, 50]] + 1e-4])
    assert [pair.tolist() for pair in near_pairs(noisy)] == [[3, 50], [200, 201]]
    rounded = np.concatenate([X, X[:5].round(1)])
    assert [pair.tolist() for pair in near_pairs(rounded)] == [[0, 1, 2, 3, 4], [200, 201, 202, 203, 204]]


def test_a_large_table_is_sampled():
    X = np.random.default_rng(0).normal(size=(20_000, 8)).astype(np.float32)
    X[10_000:] = X[:10_000] + 1e-4
    assert 1_000 < len(near_pairs(X)[0]) <= 2_000


def test_rows_of_one_patient_are_no_copies_of_each_other(tmp_path):
    """A patient seen twice who hardly changed is kept together by the split."""
    table = pd.concat([TABLE, noisy(TABLE)], ignore_index=True)
    assert "NEAR_WITHIN" not in kinds_of(table.assign(patient=[f"p{k % N}" for k in range(2 * N)]), tmp_path)

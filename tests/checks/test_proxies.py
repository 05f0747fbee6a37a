"""Columns that give the class away are found: copies, proxies, running numbers; real measurements are not accused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from audit_cases import dataset

from seimbang.checks import audit
from seimbang.checks.alone import aucs
from seimbang.datasets import load, make
from seimbang.datasets.base import Column
from seimbang.imaging.base import ImageSettings

N = 120
HDI = Path(__file__).parents[3] / "shared" / "data" / "hdi" / "hdi_eastern_indonesia_2021.xlsx"
LEVELS = {"column": "IPM", "cuts": [60, 70, 80], "names": ["low", "medium", "high", "very high"]}
CODES = {"LABEL_COPY", "LABEL_PROXY", "RUNNING_NUMBER", "CASE_ORDER"}


def table(name="planted", values=None, kind="number", **columns):
    """Return cases with two columns of noise and one more, their data set; every third case is sick."""
    rng = np.random.default_rng(0)
    X = np.stack([rng.normal(0, 1, N), rng.integers(0, 9, N)], 1)
    seen = (Column("noise", "number"), Column("grade", "number"))
    if values is not None:
        X = np.column_stack([X, values])
        seen = (*seen, Column(name, kind, categories=("no", "yes") if kind == "category" else ()))
    label = np.where(np.arange(N) % 3 == 0, "sick", "well")
    made = dataset(X.astype(np.float32), N, "table", **{"label": label} | columns)
    return replace(made, columns=seen)


def sick(data):
    return (data.cases.frame.label == "sick").to_numpy()


def found(data):
    return {finding.code: finding for finding in audit(data) if finding.code in CODES}


def test_noise_is_not_accused():
    assert found(table()) == {}


@pytest.mark.parametrize("kind", ["number", "category"])
def test_a_copy_of_the_class_is_a_leak(kind):
    (finding,) = found(table("outcome", sick(table()), kind)).values()
    assert (finding.code, finding.severity, finding.count) == ("LABEL_COPY", "leak", 1)
    values = "no is well, yes is sick" if kind == "category" else "0 is well, 1 is sick"
    assert finding.sentence == f"The column outcome is the class under another name ({values}): leave it out."


def test_whether_there_is_a_value_can_be_a_copy():
    (finding,) = found(table("biopsy", np.where(sick(table()), 4.0, np.nan))).values()
    assert finding.code == "LABEL_COPY"
    assert "4 is sick, (missing) is well" in finding.sentence


def test_values_that_only_the_sick_have_are_a_proxy():
    grams = np.random.default_rng(1).normal(50, 9, N)
    (finding,) = found(table("dose", np.where(sick(table()), grams, np.nan))).values()
    assert (finding.code, finding.severity) == ("LABEL_PROXY", "leak")
    assert "dose alone tells the classes apart, by whether it has a value (AUC 1.00" in finding.sentence


def test_a_score_that_the_class_was_cut_from_is_a_proxy():
    rng = np.random.default_rng(2)
    score = np.where(sick(table()), rng.uniform(7, 10, N), rng.uniform(0, 7, N))
    (finding,) = found(table("score", score)).values()
    assert finding.code == "LABEL_PROXY"
    assert "score alone tells the classes apart, by its values" in finding.sentence


def test_a_copy_with_a_slip_is_a_proxy_and_one_with_many_is_none():
    values = sick(table()).astype(float)
    values[4] = 1 - values[4]
    assert set(found(table("coded", values))) == {"LABEL_PROXY"}
    values[:20] = 1 - values[:20]
    assert found(table("coded", values)) == {}


def test_one_patient_cannot_prove_a_column_right():
    """Each patient has a weight of its own: cases of one patient are not trained and tested on."""
    patient = np.arange(N) // 6
    label = np.where(patient % 3 == 0, "sick", "well")
    weight = np.random.default_rng(3).permutation(20)[patient] * 3.5
    assert found(table("weight", weight, label=label, group=[f"p{k}" for k in patient])) == {}
    assert "LABEL_PROXY" in found(table("weight", weight, label=label))


def test_a_running_number_is_named_with_what_it_tells():
    data = table("ward number", np.arange(N) + 7, label=np.where(np.arange(N) < 40, "sick", "well"))
    finding = found(data)["RUNNING_NUMBER"]
    assert finding.severity == "warning"
    assert (
        "ward number numbers the cases or patients, and tells the class with an AUC of 1.00 (0.50" in finding.sentence
    )
    assert "LABEL_PROXY" in found(data)  # so that a study that lists it stops
    shuffled = np.random.default_rng(4).permutation(N) + 10_000
    assert "RUNNING_NUMBER" in found(table("MRN", shuffled))
    assert "RUNNING_NUMBER" in found(table("ward", shuffled))  # 120 different numbers in a range of 120
    platelets = np.random.default_rng(5).permutation(300_000)[:N]
    assert "RUNNING_NUMBER" not in found(table("platelets", platelets))


def test_names_of_cases_that_tell_the_class_are_said():
    label = np.where(np.arange(N) % 3 == 0, "sick", "well")
    names = [f"{'K' if name == 'sick' else 'N'}{k:03}" for k, name in enumerate(label)]
    data = table(case_id=sorted(names), label=sorted(label))
    (finding,) = found(data).values()
    assert (finding.code, finding.severity) == ("CASE_ORDER", "info")
    assert finding.sentence.startswith("The name of a case tells its class with an AUC of 1.00.")


def test_of_thousands_of_columns_the_few_that_may_tell_the_class_are_looked_at():
    y, X = np.arange(60) % 3 // 2, np.random.default_rng(0).normal(size=(60, 400))
    X[:, 7] += 9 * y
    X[:, 8] = np.where(y == 1, X[:, 8].clip(-0.5, 0.5), np.sign(X[:, 8]) * 2)
    told = aucs(X, y, np.arange(60).astype(str), 0.9)
    assert {7, 8} <= set(told)
    assert min(told[7], told[8]) > 0.97
    assert len(told) < 20


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_real_measurements_are_not_accused(name):
    data = load(make({"source": f"sklearn:{name}"}), ImageSettings(), Path())
    assert {code for code, finding in found(data).items() if finding.severity != "info"} == set()


@pytest.mark.skipif(not HDI.exists(), reason="needs ../shared/data/hdi")
@pytest.mark.parametrize("roles", [{"id_column": "Kabkota", "label": LEVELS}, {"label": LEVELS}])
def test_the_district_table_is_not_accused(roles):
    values = {"source": "excel", "path": HDI.name, "sheet": "Dataset Imbalance", **roles}
    assert found(load(make(values), ImageSettings(), HDI.parent)) == {}
    merged = {"low": "behind", "medium": "behind", "high": "ahead", "very high": "ahead"}
    assert found(load(make({**values, "classes": merged}), ImageSettings(), HDI.parent)) == {}

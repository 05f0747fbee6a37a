"""A run whose figures are of patients, from the study to the page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seimbang.errors import StudyError
from seimbang.record.read import read
from seimbang.reports.answer import answer
from seimbang.runs.run import run
from seimbang.study.schema import parse

STUDY = {
    "title": "Patients",
    "data": {"source": "phantom", "phantom": {"patients": 60, "prevalence": 0.4}},
    "image": {"size": [16, 16]},
    "model": {"name": "knn"},
    "split": {"test": 0.5},
    "arm": [{"name": "none"}, {"name": "SMOTE", "balance": {"method": "smote"}}],
}


def page(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def by_patient(tmp_path_factory):
    folder = tmp_path_factory.mktemp("patients")
    run(parse(STUDY | {"evaluation": {"unit": "patient", "combine": "max"}}), Path(), folder)
    return folder


def test_figures_tests_and_sentences_are_of_patients(by_patient):
    contents = read(by_patient)
    test = contents.arms[0].test
    table = pd.read_csv(by_patient / "arms/none/predictions.csv", dtype=str)
    cases = table[table.set == "test"]
    count = cases.group.nunique()
    assert (test.n, test.groups, test.other.n) == (count, count, len(cases))
    assert len(cases) > count
    compared = contents.comparisons[""].sets["test"]
    assert (compared.n, compared.groups) == (count, count)
    assert np.sum(test.default.confusion) == count
    assert any(f"{count} patients." in sentence.text for sentence in answer(contents))


def test_the_page_says_so_and_shows_cases_too(by_patient):
    test = read(by_patient).arms[0].test
    assert f"Internal test set, {test.n} patients." in page(by_patient)
    assert f"The same by case: {test.other.n} cases" in page(by_patient)
    assert "the highest probability of PNEUMONIA of their cases" in page(by_patient)
    assert "on the same patients: the two arms' answers" in page(by_patient)
    assert "Intervals describe the test patients drawn, one training each" in page(by_patient)
    lines = (by_patient / "metrics.csv").read_text(encoding="utf-8").splitlines()
    auc = test.other.default.metrics["auc"].value
    assert any(line.startswith(f"none,test,by case,,auc,{auc}") for line in lines)


def test_by_case_the_page_shows_patients_too_and_no_model_is_trained_again(by_patient):
    written = {file: file.stat().st_mtime_ns for file in by_patient.glob("arms/*/jobs/*/*/*")}
    run(parse(STUDY), Path(), by_patient)
    assert {file: file.stat().st_mtime_ns for file in by_patient.glob("arms/*/jobs/*/*/*")} == written
    test = read(by_patient).arms[0].test
    assert test.n > test.groups == test.other.n
    assert f"The same by patient: {test.groups} patients" in page(by_patient)
    assert "the mean of the probabilities of their cases" in page(by_patient)


def test_patients_that_are_not_known_and_ways_for_two_classes_are_refused(tmp_path):
    iris = {"title": "Iris", "data": {"source": "sklearn:iris"}, "model": {"name": "knn"}, "arm": [{"name": "k"}]}
    with pytest.raises(StudyError, match=r"EVALUATION_PATIENTS.*no patient known in data.*--group COLUMN"):
        run(parse(iris | {"evaluation": {"unit": "patient"}}), Path(), tmp_path)
    with pytest.raises(StudyError, match=r"EVALUATION_COMBINE.*'noisy-or' and 3 classes"):
        run(parse(iris | {"evaluation": {"combine": "noisy-or"}}), Path(), tmp_path)
    with pytest.raises(StudyError, match=r"evaluation.unit = 'image' should be 'case' or 'patient'"):
        parse(iris | {"evaluation": {"unit": "image"}})

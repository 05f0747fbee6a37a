"""A list of images with sex and age, from the study to the page; and columns that are no subgroups."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from seimbang.datasets import load, make
from seimbang.errors import DataError, StudyError
from seimbang.imaging.base import ImageSettings
from seimbang.record.read import read
from seimbang.reports.subgroups import gap_in_words, without_column
from seimbang.runs.prepare import prepare
from seimbang.runs.run import run
from seimbang.study.schema import parse

STUDY = {
    "title": "Subgroups",
    "data": {"source": "csv", "path": "cases.csv", "label_column": "dx", "positive": "PNEUMONIA"},
    "image": {"size": [16, 16]},
    "model": {"name": "knn"},
    "split": {"test": 0.6},
    "arm": [{"name": "none"}],
}


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """Return the folder of a list of phantom images, one to three a patient."""
    folder = tmp_path_factory.mktemp("listed")
    phantom = make({"source": "phantom", "phantom": {"patients": 100, "prevalence": 0.4}})
    data = load(phantom, ImageSettings(size=(16, 16)), Path())
    frame = data.cases.frame
    number = frame.group.str[-5:].astype(int)
    table = pd.DataFrame({"path": frame.case_id.str.replace("/", "") + ".png", "dx": frame.label})
    table = table.assign(patient=frame.group, sex=["F" if k % 2 else "M" for k in number], age=20 + number % 60)
    for name, pixels in zip(table.path, data.X, strict=True):
        Image.fromarray(pixels[..., 0]).save(folder / name)
    table.assign(exam=range(1000, 1000 + len(table))).to_csv(folder / "cases.csv", index=False)
    return folder


def study(**evaluation):
    return parse(STUDY | {"evaluation": evaluation})


def test_the_record_the_page_and_the_csv_have_them(listed, tmp_path):
    run(study(unit="patient", subgroups=["sex", "age"]), listed, tmp_path)
    test = read(tmp_path).arms[0].test
    sex, age = test.subgroups
    cases = pd.read_csv(listed / "cases.csv").drop_duplicates("patient").set_index("patient")
    tested = pd.read_csv(tmp_path / "arms/none/predictions.csv", dtype=str).query("set == 'test'").group.unique()
    assert {level.name: level.n for level in sex.levels} == cases.sex[tested].value_counts().to_dict()
    assert (sex.bands, age.bands, sum(level.n for level in age.levels)) == (False, True, test.n)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<h2 id="h-subgroups">Subgroups</h2>' in page
    assert "Numbers in bands, cut at the quartiles of the training cases." in page
    assert f"none: {gap_in_words(sex.gap)}" in page
    assert "largest gap of balanced accuracy 0." in gap_in_words(sex.gap)
    assert any(level.why == "fewer than 20 patients" for level in age.levels)
    assert "fewer than 20 patients: not shown" in page
    lines = (tmp_path / "metrics.csv").read_text(encoding="utf-8").splitlines()
    value = sex.levels[0].values["auc"].value
    assert any(line.startswith(f"none,test,default,sex: F,auc,{value}") for line in lines)


def test_other_columns_train_nothing_again_and_without_any_nothing_is_said(listed, tmp_path):
    run(study(subgroups=["sex"]), listed, tmp_path)
    jobs = {file: file.stat().st_mtime_ns for file in tmp_path.glob("arms/*/jobs/*/*/*")}
    run(study(), listed, tmp_path)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.glob("arms/*/jobs/*/*/*")} == jobs
    assert read(tmp_path).arms[0].test.subgroups == []
    assert "h-subgroups" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_columns_that_are_missing_or_tell_each_case_or_patient_are_refused(listed):
    with pytest.raises(DataError, match=r"DATA_COLUMN.*a column 'sexx'.*did you mean 'sex'"):
        prepare(study(subgroups=["sexx"]), listed)
    for column, count in (("path", 145), ("exam", 145), ("patient", 100)):
        with pytest.raises(StudyError, match=rf"EVALUATION_SUBGROUPS.*'{column}' has {count} values"):
            prepare(study(subgroups=[column]), listed)
    phantom = {**STUDY, "data": {"source": "phantom"}, "evaluation": {"subgroups": ["sex"]}}
    with pytest.raises(DataError, match=r"DATA_COLUMN.*the column sex.*seimbang init cases.csv"):
        prepare(parse(phantom), Path())


def test_measurements_of_which_each_patient_has_another_are_cut_into_bands(listed, tmp_path):
    cases = pd.read_csv(listed / "cases.csv")
    table = cases.assign(volume=[100 + k / 8 for k in range(len(cases))], x=range(len(cases)))
    table.to_csv(tmp_path / "table.csv", index=False)
    data = {"source": "csv", "path": "table.csv", "label_column": "dx", "features": ["x"], "id_column": "exam"}
    prepared = prepare(parse(STUDY | {"data": data, "evaluation": {"subgroups": ["volume", "sex"]}}), tmp_path)
    assert prepared.subgroups[""].loc["1003", ["volume", "sex"]].tolist() == ["100.375", cases.sex[3]]
    assert set(prepared.subgroups[""].index) == set(prepared.data.cases.frame.case_id)


def test_an_external_set_without_the_column_is_said(listed, tmp_path):
    run(study(subgroups=["sex"]), listed, tmp_path)
    contents = read(tmp_path)
    arm = contents.arms[0]
    sets = arm.metrics.sets | {"external:B": arm.metrics.sets["test"].model_copy(update={"subgroups": []})}
    elsewhere = replace(arm, metrics=arm.metrics.model_copy(update={"sets": sets}))
    assert without_column(contents) == []
    assert without_column(replace(contents, arms=[elsewhere])) == [("B", "sex")]

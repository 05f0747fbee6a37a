"""A real study over findings: a run of each, one table over all, resumable as any run."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from run_files import changed, files
from typer.testing import CliRunner

from seimbang import api
from seimbang.cli import app
from seimbang.errors import DataError, StudyError
from seimbang.evaluation.paired import holm
from seimbang.record.comparison import Difference
from seimbang.record.files import read_json
from seimbang.record.metrics import Value
from seimbang.record.over_findings import FindingRow, FindingRun, OverFindings
from seimbang.record.read import read
from seimbang.reports.over_findings import answer
from seimbang.runs import over_findings
from seimbang.study.load import load

STUDY = """
title = "Findings on films"

[data]
source       = "csv"
path         = "list.csv"
image_column = "Image Index"
label_column = "Finding Labels"
findings     = {findings}
group        = {{ from = "column", column = "Patient ID" }}

[image]
size = [12, 12]

[model]
name = "logistic"

[[arm]]
name = "none"

[[arm]]
name    = "class weights"
balance = {{ method = "class_weights" }}
"""
SPOTS = {"Mass": (2, 2), "Edema": (2, 8)}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """NIH-like films: each finding is a bright spot, some films have two; Hernia has a single film."""
    root, rng = tmp_path_factory.mktemp("films"), np.random.default_rng(0)
    rows = []
    for k in range(140):
        labels = [name for name, chance in zip(SPOTS, (0.4, 0.25), strict=True) if rng.random() < chance]
        pixels = rng.integers(0, 120, (12, 12))
        for name in labels:
            y, x = SPOTS[name]
            pixels[y : y + 2, x : x + 2] += rng.integers(0, 50)
        folder = root / f"images_{k // 70:03d}" / "images"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{k:08d}.png")
        labels += ["Hernia"] if k == 0 else []
        rows.append([f"{k:08d}.png", "|".join(labels) or "No Finding", k // 2])
    with (root / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["Image Index", "Finding Labels", "Patient ID"], *rows])
    return root


def go(root, out, findings='"all"', *more):
    (root / "study.toml").write_text(STUDY.format(findings=findings))
    command = [
        "run",
        str(root / "study.toml"),
        "--data",
        str(root),
        "--out",
        str(out),
        "--quick",
        "--workers",
        "1",
        *more,
    ]
    return CliRunner().invoke(app, command, catch_exceptions=False)


@pytest.fixture(scope="module")
def finished(films, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "findings-study"
    done = go(films, out)
    return out, done


def over(out):
    return read_json(out / "findings.json", OverFindings)


def test_each_finding_is_a_run_and_the_table_is_over_all(finished):
    out, done = finished
    assert done.exit_code == 0, done.output
    result = over(out)
    assert [run.finding for run in result.runs] == ["Mass", "Edema", "Hernia"]
    assert {run.finding for run in result.measured} == set(SPOTS)
    arms = ["none", "none + tuned threshold", "class weights"]
    assert [row.arm for row in result.averages] == arms
    assert [(row.finding, row.arm) for row in result.rows] == [(name, arm) for name in SPOTS for arm in arms]
    assert result.quick
    assert str(out / "findings.html") in done.output.replace("\n", "")


def test_a_finding_that_cannot_be_studied_says_why(finished):
    out, _ = finished
    hernia = over(out).runs[-1]
    assert hernia.why.startswith("SPLIT_CLASS_MISSING")
    assert hernia.why in (out / "findings.html").read_text().replace("&#39;", "'")


def test_the_averages_are_those_of_the_findings_own_runs(finished):
    out, _ = finished
    result = over(out)
    for row in result.averages:
        if "tuned" not in row.arm:
            own = [next(arm for arm in read(out / run.folder).arms if arm.name == row.arm) for run in result.measured]
            values = [arm.test.default.metrics["auc"].value for arm in own]
            assert row.values["auc"].value == pytest.approx(np.mean(values))
            assert row.values["auc"].low < row.values["auc"].value < row.values["auc"].high
    assert not result.averages[0].against
    assert set(result.averages[2].against) == {"balanced_accuracy", "auc", "average_precision"}


def test_p_is_corrected_over_the_findings(finished):
    rows = [row for row in over(finished[0]).rows if row.arm == "class weights"]
    tests = [row.against["auc"] for row in rows]
    assert [test.corrected for test in tests] == pytest.approx(holm([test.p for test in tests]))


def test_the_csv_and_the_page_have_every_figure(finished):
    out, _ = finished
    result = over(out)
    with (out / "findings.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 3 * (len(result.rows) + len(result.averages))
    first = next(line for line in lines if (line["finding"], line["arm"], line["metric"]) == ("Mass", "none", "auc"))
    row = next(row for row in result.rows if (row.finding, row.arm) == ("Mass", "none"))
    assert float(first["value"]) == row.values["auc"].value
    page = (out / "findings.html").read_text()
    for row in (*result.averages, *result.rows):
        assert all(value.number in page for value in row.values.values())
    assert 'href="findings/mass/report.html"' in page
    assert (out / "findings" / "mass" / "report.html").is_file()
    assert page.count("<script") == 1  # it sorts the table; its digest is in the page's policy
    assert page.count("beside “none”, averaged over 2 findings") == 2  # one paragraph an arm


def test_a_second_go_does_nothing_again(finished, films):
    out, _ = finished
    before = files(out)
    trained = json.dumps([line for line in (out / "findings/mass/log.jsonl").read_text().splitlines() if "job" in line])
    assert go(films, out).exit_code == 0
    assert changed(files(out), before) == []
    after = [line for line in (out / "findings/mass/log.jsonl").read_text().splitlines() if "job" in line]
    assert json.dumps(after) == trained


def test_a_stopped_study_goes_on_to_the_same_table(finished, films, tmp_path):
    out, again = finished[0], tmp_path / "again"
    shutil.copytree(out / "findings" / "mass", again / "findings" / "mass")  # stopped before Edema began
    assert go(films, again).exit_code == 0
    for name in ("findings.json", "findings.csv", "findings.html"):
        assert (again / name).read_text() == (out / name).read_text()


def test_report_writes_the_table_again(finished, tmp_path):
    out = shutil.copytree(finished[0], tmp_path / "again")
    names = ("findings.json", "findings.csv", "findings.html")
    before = {name: (out / name).read_bytes() for name in names}
    for name in names[1:]:
        (out / name).unlink()
    done = CliRunner().invoke(app, ["report", str(out)], catch_exceptions=False)
    assert done.exit_code == 0
    assert str(out / "findings.html") in done.output.replace("\n", "")
    assert {name: (out / name).read_bytes() for name in names} == before


@pytest.mark.parametrize("command", ["serve", "work", "predict"])
def test_what_needs_one_run_names_those_of_the_findings(finished, command, capsys):
    out, _ = finished
    done = CliRunner().invoke(app, [command, str(out), *(["x.png"] if command == "predict" else [])])
    assert isinstance(done.exception, StudyError)
    assert done.exception.code == "RUN_OVER_FINDINGS"
    assert all(str(out / "findings" / name) in done.exception.fix for name in ("edema", "mass"))


def test_no_finding_that_can_be_studied_is_an_error(films, tmp_path):
    (films / "study.toml").write_text(STUDY.format(findings='["Hernia"]'))
    with pytest.raises(DataError, match="SPLIT_CLASS_MISSING"):
        over_findings.run(load(str(films / "study.toml")), films, tmp_path / "run", quick=True)


def test_two_findings_of_one_folder_are_refused(films, tmp_path):
    (films / "study.toml").write_text(STUDY.format(findings='["Mass", "mass"]'))
    with pytest.raises(StudyError, match="two names whose folder is 'mass'"):
        over_findings.studies(load(str(films / "study.toml")), films)


def test_a_run_of_one_study_refuses_several_findings(films, tmp_path):
    (films / "study.toml").write_text(STUDY.format(findings='["Mass"]'))
    with pytest.raises(StudyError, match="STUDY_FINDINGS"):
        api.run(films / "study.toml", films, Path(tmp_path) / "run", quick=True)


def test_the_audit_is_of_every_finding(films):
    (films / "study.toml").write_text(STUDY.format(findings='["Mass", "Edema"]'))
    findings = api.audit(films / "study.toml", films)
    assert {finding.protocol for finding in findings} <= {"", "Mass", "Edema"}


def test_a_difference_is_written_so_that_its_side_of_0_is_seen():
    row = Difference(difference=0.09, low=-0.004, high=0.19, p=0.03, corrected=0.06, why="")
    better = Difference(difference=0.05, low=0.002, high=0.1, p=0.01, corrected=0.02, why="")
    values = {"auc": Value(value=0.7)}
    facts = {"finding": "", "protocol": "", "leaky": False, "values": values}
    averages = [
        FindingRow(arm="none", against={}, **facts),
        FindingRow(arm="a", against={"auc": row}, **facts),
        FindingRow(arm="b", against={"auc": better}, **facts),
    ]
    runs = [FindingRun(finding="Mass", folder="findings/mass", cases=9, positives=3)]
    result = OverFindings(
        title="T", quick=False, synthetic=False, metrics=["auc"], runs=runs, rows=[], averages=averages
    )
    assert answer(result) == [
        "“a” beside “none”, averaged over 1 finding: no significantly different AUC: "
        "0.090 (−0.004 to 0.190; corrected p = .060).",
        "“b” beside “none”, averaged over 1 finding: a higher AUC: 0.050 (0.002–0.100; corrected p = .020).",
    ]

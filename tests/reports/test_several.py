"""Several runs beside each other: the figures of each, and ranks only where all were tested on the same cases."""

import csv

import pytest
from typer.testing import CliRunner

from run_folder import fake_run
from seimbang.cli import app
from seimbang.errors import StudyError
from seimbang.record.read import read
from seimbang.reports.several import files, several


def cases(folder, other=""):
    """Write the digests of the cases of a fake run; one of a test case may be another."""
    rows = list(csv.DictReader((folder / "splits.csv").open()))
    test = next(row["case_id"] for row in rows if row["part"] == "test")
    lines = {row["case_id"]: f"{other if row['case_id'] == test else ''}d{row['case_id']}" for row in rows}
    text = "".join(f"{case},{digest},\n" for case, digest in lines.items())
    (folder / "cases.csv").write_text(f"case_id,digest,set\n{text}")
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("several")
    return [cases(fake_run(root / name, arms)) for name, arms in (("a", 2), ("b", 3))]


def test_runs_of_the_same_test_part_are_ranked_and_leaks_are_not(runs):
    made = several(runs)
    assert made.why == ""
    values = [row.values["balanced_accuracy"].value for row in made.rows if row.rank]
    assert values == sorted(values, reverse=True)
    assert made.rows[0].rank == 1
    assert {row.run for row in made.rows} == {"a", "b"}
    assert all(row.rank is None for row in made.rows if row.leaky)
    assert any(row.leaky for row in made.rows)
    ours = next(row for row in made.rows if (row.run, row.arm) == ("a", "none"))
    arm = next(arm for arm in read(runs[0]).arms if arm.name == "none")
    assert ours.values["balanced_accuracy"] == arm.test.default.metrics["balanced_accuracy"]


def test_one_other_test_image_and_nothing_is_ranked(runs, tmp_path):
    other = cases(fake_run(tmp_path / "c", 2), other="x")
    made = several([*runs, other])
    assert "Not ranked, as the test parts differ" in made.why
    assert "“a” and “b”: 120 cases; “c”: 120 cases" in made.why
    assert {row.rank for row in made.rows} == {None}
    page = files(made)["compare.html"]
    assert "No ranks." in page
    assert page.count("<script") == 1  # it sorts the table; its digest is in the page's policy


def test_the_command_writes_table_and_page(runs, tmp_path):
    result = CliRunner().invoke(app, ["compare", *map(str, runs), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[0].split("\t")
    assert (first[0], first[1]) in {("1", "a"), ("1", "b")}
    rows = list(csv.DictReader((tmp_path / "out/compare.csv").open()))
    assert {row["run"] for row in rows} == {"a", "b"}
    assert all(row["leaky"] == "true" for row in rows if not row["rank"])
    assert (tmp_path / "out/compare.html").is_file()


@pytest.mark.parametrize("count", [1, 2])
def test_one_run_alone_or_twice_is_an_error(runs, count):
    with pytest.raises(StudyError, match="COMPARE_RUNS"):
        several(runs[:1] * count)


def test_two_runs_of_one_name_are_told_apart(runs, tmp_path):
    again = cases(fake_run(tmp_path / "a", 2))
    assert list(several([runs[0], again]).runs) == [str(runs[0]), str(again)]

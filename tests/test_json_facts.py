"""`--json`: what a command has to say is on standard output as JSON, all of it and nothing else."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from noise_images import STUDY, fill
from seimbang import commands
from seimbang.cli import app
from seimbang.runs.executors import Options
from seimbang.runs.run import run
from seimbang.study.load import to_dict, to_toml
from seimbang.study.schema import parse

COMMANDS = typer.main.get_command(app).commands
FACTS = {"studies", "check", "audit", "ablate", "review", "predict", "adapt", "export", "compare", "doctor"}
FACTS |= {"capsule", "reproduce"}
"""All others write files, or go on until they are stopped."""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("json")
    fill(root, 60, one_in=3)
    study = parse(STUDY | {"title": "JSON", "arm": [{"name": "none"}]})
    (root / "s.toml").write_text(to_toml(to_dict(study)))
    run(study, root, root / "run", options=Options(workers=1))
    return root


def facts(*words, exit_code=0):
    result = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def test_every_command_that_prints_facts_has_it():
    having = {name for name, command in COMMANDS.items() if any("--json" in one.opts for one in command.params)}
    assert having >= FACTS


def test_studies_check_doctor_and_audit(root):
    assert facts("studies")["pneumonia"]["published"]
    said = facts("check", root / "s.toml", "--data", root)
    assert said["arms"] == ["none"]
    assert said["said"] == ["Every arm can be trained."]
    assert facts("doctor")["torch"]
    findings = facts("audit", root / "images")
    assert {"CLASS_COUNTS"} <= {finding["code"] for finding in findings}
    assert all(finding["sentence"] for finding in findings)


def test_predict_and_adapt(root, tmp_path):
    image = root / "images/sick/0.png"
    (row,) = facts("predict", root / "run", image)
    assert row["image"] == str(image)
    assert set(row) == {"image", *commands.COLUMNS}
    local = facts("adapt", root / "run", root / "images", "--out", tmp_path / "profile.json")
    assert set(local) == {"figures", "needed", "before", "after"}
    assert 0 <= local["figures"]["balanced_accuracy"]["value"] <= 1


def test_review_and_capsule(root, tmp_path):
    words = ["--splits", root / "run/splits.csv", "--predictions", root / "run/arms/none/predictions.csv"]
    assert facts("review", *words, "--out", tmp_path / "review")["cases"] == 60
    packed = facts("capsule", root / "run", "--out", tmp_path / "c.zip")
    assert packed["bytes"] == (tmp_path / "c.zip").stat().st_size
    made = facts("reproduce", tmp_path / "c.zip", "--data", root, "--out", tmp_path / "again", "--workers", 1)
    assert made["data"] == []
    assert len(made["figures"]) > 100
    both = facts("compare", root / "run", tmp_path / "again", "--out", tmp_path / "both")
    assert [row["rank"] for row in both["rows"] if row["arm"] == "none"] == [3, 3]


def test_without_it_nothing_is_json():
    result = CliRunner().invoke(app, ["studies"])
    assert result.stdout.splitlines()[0].count("\t") == 3


def test_open_shows_the_report(root, monkeypatch):
    shown = []
    monkeypatch.setattr(commands.webbrowser, "open", shown.append)
    words = ["run", str(root / "s.toml"), "--data", str(root), "--out", str(root / "run")]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert shown == []
    assert CliRunner().invoke(app, [*words, "--open"]).exit_code == 0
    assert shown == [Path(root / "run/report.html").resolve().as_uri()]

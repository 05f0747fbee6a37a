"""From Python: auditing, running, loading, and how a run and an audit show themselves."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer

import seimbang
from run_folder import fake_run
from seimbang.errors import DataError, ImageError, IntegrityError, StudyError
from seimbang.runs.inspect import inspect
from seimbang.study.load import to_toml
from seimbang.study.schema import parse

TABLE = {
    "title": "Breast masses: does balancing help a linear model?",
    "data": {"source": "sklearn:breast_cancer", "positive": "malignant"},
    "split": {"test": 0.25, "validation": 0.2},
    "model": {"name": "logistic"},
    "arm": [{"name": "none"}, {"name": "SMOTE", "balance": {"method": "smote"}}],
}
ARMS = {"as published": "as-published", "none": "none"}
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def fresh(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_importing_is_light_and_the_audit_is_a_function():
    heavy = "numpy pandas torch sklearn scipy pydantic matplotlib"
    first = f"import sys, seimbang; print(*(name for name in {heavy!r}.split() if name in sys.modules))"
    assert fresh(first) == []
    for line in ("import seimbang", "from seimbang.checks import leaks\nimport seimbang", "import seimbang.checks"):
        assert fresh(f"{line}\nprint(seimbang.audit.__module__, seimbang.audit.__name__)") == ["seimbang.api", "audit"]


def test_names_that_are_not_there():
    with pytest.raises(AttributeError, match="'seimbang' has no attribute 'nothing'"):
        seimbang.nothing  # noqa: B018
    assert all(hasattr(seimbang, name) for name in seimbang.__all__)


def test_an_audit_says_what_inspect_finds_as_sentences_and_as_a_table(tmp_path):
    findings = seimbang.audit(parse(TABLE))
    (tmp_path / "study.toml").write_text(to_toml(TABLE))
    assert findings == seimbang.audit(tmp_path / "study.toml") == inspect(str(tmp_path / "study.toml"), tmp_path)
    codes = [finding.code for finding in findings]
    assert [line.rsplit(" [", 1)[1].rstrip("]") for line in str(findings).splitlines()] == codes
    assert repr(findings) == str(findings)
    html = findings._repr_html_()
    assert html.count("<tr>") == len(findings) + 1
    assert all(code in html for code in codes)


def test_an_audit_of_a_file_and_of_nothing(tmp_path):
    pd.DataFrame({"id": range(40), "age": [20 + k * 7 % 37 for k in range(40)], "label": ["a", "b"] * 20}).to_excel(
        tmp_path / "t.xlsx", index=False
    )
    assert "CLASS_COUNTS" in {finding.code for finding in seimbang.audit(tmp_path / "t.xlsx")}
    empty = seimbang.api.Findings()
    assert str(empty) == "Nothing was found."
    assert "Nothing was found." in empty._repr_html_()
    with pytest.raises(StudyError, match="STUDY_MISSING"):
        seimbang.audit("pneumonai")


def test_a_run_of_a_table_comes_back_and_loads_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = seimbang.run(parse(TABLE), arm="none", quick=True)
    assert run.folder.as_posix() == "runs/breast-masses-does-balancing-help-a-linear-model-quick"
    assert run.report.is_file()
    again = seimbang.load(str(run.folder))
    assert again == run
    assert again.answer[0] in repr(again)
    assert set(run.predictions("none").set) == {"train", "validation", "test"}
    assert run.predictor().classes == ("benign", "malignant")
    rows = pd.DataFrame(load_breast_cancer().data[:5], columns=[one.name for one in run.contents.data.columns])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    table = run.predict(tmp_path / "rows.csv")
    assert table.case.tolist() == [f"row {k}" for k in range(2, 7)]
    assert set(table.predicted.dropna()) <= {"benign", "malignant"}
    assert (table.predicted.isna() == (table.answer == "refused")).all()


def test_what_users_call_is_listed():
    assert dir(seimbang) == ["Run", "__version__", "audit", "load", "review", "run"]


def test_a_folder_runs_and_predicts_in_three_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for name, count in (("normal", 30), ("stone", 15)):
        (tmp_path / "ct" / name).mkdir(parents=True)
        for k in range(count):
            Image.fromarray(rng.integers(0, 255, (20, 20), dtype=np.uint8)).save(tmp_path / "ct" / name / f"{k}.png")
    (tmp_path / "ct/stone/notes.txt").write_text("no image")
    run = seimbang.run("ct", arm="none", quick=True)
    assert run.folder.as_posix() == "runs/ct-quick"
    assert run.contents.data.positive == "stone"
    table = run.predict("ct/stone")
    assert len(table) == 15
    assert set(table.predicted) <= {"normal", "stone"}
    assert np.allclose(table.p_normal + table.p_stone, 1)
    assert run.predict("ct/stone/0.png").confidence[0] == table.confidence[0]
    with pytest.raises(ImageError, match="IMG_NOT_IMAGE"):
        run.predict("ct/stone/notes.txt")
    with pytest.raises(DataError, match="DATA_MISSING"):
        run.predict("ct/nothing")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    return seimbang.load(fake_run(tmp_path_factory.mktemp("run") / "one", arms=2))


def test_the_table_has_the_figures_of_metrics_json(loaded):
    for slug, rows in ((slug, loaded.table[loaded.table.arm == arm]) for arm, slug in ARMS.items()):
        sets = json.loads((loaded.folder / "arms" / slug / "metrics.json").read_text())["sets"]
        for part in ("test", "external:NIH"):
            row = rows[rows.set == part].iloc[0]
            expected = sets[part]["default"]["metrics"]["balanced_accuracy"]
            kept = ["balanced_accuracy", "balanced_accuracy_low", "balanced_accuracy_high"]
            assert row[kept].tolist() == [expected[key] for key in ("value", "low", "high")]
    assert loaded.table.query("leaky").arm.unique().tolist() == ["as published"]


def test_predictions_are_those_of_the_file_and_an_unknown_arm_is_named(loaded):
    assert len(loaded.predictions("none")) == len((loaded.folder / "arms/none/predictions.csv").read_text().split()) - 1
    with pytest.raises(StudyError, match="ARM_UNKNOWN"):
        loaded.predictions("nnone")


def test_the_card_warns_answers_and_shows_every_arm_with_its_interval(loaded):
    html = loaded._repr_html_()
    assert loaded.contents.study.title in html
    assert loaded.contents.study.question in html
    assert "Test information leaks into training, figures for comparison only: as published." in html
    assert "as published (leaks)" in html
    first = next(row for row in loaded.contents.arms if row.name == "none").test.default.metrics["balanced_accuracy"]
    assert f"{first.number}<small>{first.range}</small>" in html
    assert str(loaded.report) in html
    assert "leaks into training" in repr(loaded)


def test_a_card_says_when_a_run_is_quick_synthetic_or_not_complete(loaded):
    contents = loaded.contents
    data = contents.data.model_copy(update={"synthetic": True})
    provenance = contents.provenance.model_copy(update={"quick": True})
    changed = seimbang.Run(loaded.folder, replace(contents, data=data, provenance=provenance, unfinished=["SMOTE"]))
    for text in (changed._repr_html_(), repr(changed)):
        assert all(words in text for words in ("A rough answer", "Synthetic data", "Without numbers so far: SMOTE."))
        assert all(words not in repr(loaded) for words in ("A rough answer", "Synthetic data", "so far"))


def test_hostile_names_stay_text(loaded):
    study = loaded.contents.study.model_copy(update={"title": EVIL, "question": EVIL})
    changed = seimbang.Run(loaded.folder, replace(loaded.contents, study=study, unfinished=[EVIL]))
    assert "<script" not in changed._repr_html_()
    assert "<img" not in changed._repr_html_()
    finding = seimbang.checks.base.Finding(EVIL, "leak", EVIL, EVIL, protocol=EVIL)
    assert "<script" not in seimbang.api.Findings([finding])._repr_html_()


def test_a_folder_without_a_run(tmp_path):
    with pytest.raises(IntegrityError, match=r"RUN_MISSING.*study\.json"):
        seimbang.load(tmp_path)
    with pytest.raises(IntegrityError, match=r"RUN_MISSING.*there is no such folder"):
        seimbang.load(tmp_path / "nothing")

"""Each opening of a test part is written down once, before it is predicted; a run can leave it closed, and open it."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from seimbang import api
from seimbang.cli import app
from seimbang.errors import StudyError
from seimbang.record.contents import read as read_contents
from seimbang.record.files import read_json
from seimbang.record.folder import RunFolder
from seimbang.record.openings import HeldOutPart, Ledger, Opening, Openings
from seimbang.runs import jobs
from seimbang.runs.describe import divide
from seimbang.runs.executors import Options
from seimbang.runs.openings import opening_of
from seimbang.runs.prepare import prepare, restore
from seimbang.runs.run import run, work
from seimbang.study.load import to_dict, to_toml
from seimbang.study.schema import parse

CLOSED = Options(workers=1, without_test=True)


def study(patients, **changes):
    """A study of its own cases, so that no other test opens them."""
    return parse(
        {
            "title": "Openings",
            "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": patients}},
            "image": {"size": [16, 16]},
            "model": {"name": "forest", "trees": 5},
            "arm": [{"name": "none"}],
            "external": [{"name": "B", "source": "phantom", "phantom": {"patients": 20, "seed": patients}}],
        }
        | changes
    )


def counts(folder):
    parts = read_json(folder / "openings.json", Openings).parts
    return [(part.set, part.times, part.studies, part.here) for part in parts]


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A run that was made without its test part."""
    out = tmp_path_factory.mktemp("closed")
    run(study(61), Path(), out, options=CLOSED)
    return out


def test_the_same_study_opens_its_parts_once_however_often_it_is_run(tmp_path):
    for folder in ("a", "a", "b"):
        run(study(62), Path(), tmp_path / folder)
    once = [("test", 1, 1, True), ("external:B", 1, 1, True)]
    assert counts(tmp_path / "a") == counts(tmp_path / "b") == once


def test_every_changed_study_and_every_quick_run_is_counted(tmp_path):
    run(study(63), Path(), tmp_path / "a", quick=True)
    run(study(63), Path(), tmp_path / "b")
    run(study(63, model={"name": "forest", "trees": 6}), Path(), tmp_path / "c")
    assert counts(tmp_path / "c") == [("test", 3, 2, True), ("external:B", 3, 2, True)]
    said = " ".join(api.load(tmp_path / "c").answer)
    assert "this test part and the external set “B” have been opened 3 times by 2 studies." in said


def test_another_size_of_images_is_no_other_test_part_and_other_cases_are(tmp_path):
    rng = np.random.default_rng(0)
    for k in range(40):
        file = tmp_path / "images" / ("PNEUMONIA" if k % 2 else "NORMAL") / f"{k}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (24, 24), dtype=np.uint8)).save(file)

    def digest(**changes):
        asked = study(1, data={"source": "folder", "path": "images", "positive": "PNEUMONIA"}, external=[], **changes)
        return opening_of(asked, divide(prepare(asked, tmp_path)), (), False).parts[0].digest

    assert digest() == digest(image={"size": [20, 20]}) != digest(split={"test": 0.4})


def test_without_test_nothing_is_predicted_of_test_parts(closed):
    predictions = pd.read_csv(closed / "arms/none/predictions.csv")
    assert set(predictions.set) == {"train", "validation"}
    assert counts(closed) == [("test", 0, 0, False), ("external:B", 0, 0, False)]
    shown = api.load(closed)
    assert set(shown.table.set) == {"validation"}
    assert "The test part was not opened: nothing was predicted of its" in shown.answer[1]
    page = (closed / "report.html").read_text(encoding="utf-8")
    assert "The test part was not opened." in page
    assert "Validation part, " in page
    assert "Internal test set, " not in page
    with pytest.raises(StudyError, match="TEST_CLOSED"):
        read_contents(closed, "none")


def test_what_was_trained_without_the_test_part_is_tested_with_the_same_bits(tmp_path):
    cnn = {"name": "cnn", "widths": [4], "dense": [8]}
    small = study(65, model=cnn, training={"epochs": 2, "precision": "float32"})
    run(small, Path(), tmp_path / "a", options=CLOSED)
    run(small, Path(), tmp_path / "a")
    run(small, Path(), tmp_path / "b")
    same = [(tmp_path / name / "arms/none/predictions.csv").read_bytes() for name in "ab"]
    assert same[0] == same[1]
    assert (tmp_path / "a/log.jsonl").read_text().count('"event": "epoch"') == 2  # not trained again
    assert not list((tmp_path / "a/.checkpoints").iterdir())
    with pytest.raises(StudyError, match="TEST_OPENED"):
        run(small, Path(), tmp_path / "a", options=CLOSED)


def test_a_run_without_validation_needs_its_test_part(tmp_path):
    with pytest.raises(StudyError, match="VALIDATION_MISSING"):
        run(study(66, split={"validation": 0}), Path(), tmp_path, options=CLOSED)


def test_who_dies_while_predicting_has_opened_the_part(tmp_path, monkeypatch):
    def die(scope):
        opens(scope)
        raise KeyboardInterrupt

    opens = jobs._open
    monkeypatch.setattr(jobs, "_open", die)
    with pytest.raises(KeyboardInterrupt):
        run(study(67), Path(), tmp_path)
    scope, _ = restore(RunFolder(tmp_path))
    assert [len(Ledger.of_user().of(part)) for part in scope.opening.parts] == [1, 1]
    monkeypatch.setattr(jobs, "_open", opens)
    run(study(67), Path(), tmp_path)
    assert counts(tmp_path) == [("test", 1, 1, True), ("external:B", 1, 1, True)]


def test_a_prepared_run_opens_nothing_before_somebody_works(tmp_path, own_cache):
    run(study(68), Path(), tmp_path / "a", options=Options(workers=0))
    assert not Ledger.of_user().path.exists()
    work(tmp_path / "a")
    assert counts(tmp_path / "a")[0] == ("test", 1, 1, True)


def test_what_workers_elsewhere_opened_is_known_here_afterwards(tmp_path, own_cache):
    part, opening = _part(), _opening("elsewhere")
    Ledger(tmp_path / "run").add(opening, part)
    Ledger(tmp_path / "run").copy_to(Ledger.of_user())
    assert [entry.title for entry in Ledger.of_user().of(part).values()] == ["Openings"]


def test_many_writers_lose_and_double_nothing(tmp_path):
    ledger, part = Ledger(tmp_path), _part()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: ledger.add(_opening(f"{k % 5}"), part), range(40)))
    (tmp_path / part.digest / ".half.json.0123456789abcdef").write_text("{")  # what a killed writer leaves
    assert sorted(ledger.of(part)) == ["0", "1", "2", "3", "4"]


def _part():
    return HeldOutPart(set="test", protocol="", digest="d", cases=3)


def _opening(name):
    return Opening(study="s", title="Openings", id=name, parts=[])


def test_the_command_line_has_the_option(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text(to_toml(to_dict(study(61))))
    out = str(tmp_path / "run")
    result = CliRunner().invoke(app, ["run", str(file), "--out", out, "--without-test", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "run/openings.json").read_text())["closed"]

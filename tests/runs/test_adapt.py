"""The check at a new place, by the command: figures, a profile, and what refuses it."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from run_folder import SIZE, fake_run, with_gate
from seimbang.cli import app
from seimbang.errors import DataError, IntegrityError, StudyError
from seimbang.evaluation.local import Correction
from seimbang.record.profile import Profile, read_profile
from seimbang.runs.adapt import look, profile
from seimbang.serving.predictor import Predictor


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("adapt"))


@pytest.fixture(scope="module")
def place(fake, tmp_path_factory):
    """Return a folder of 60 patients with two images each; the untrained network's ranking is mostly right."""
    rng = np.random.default_rng(0)
    level = rng.uniform(0, 200, 60)
    images = [np.clip(one + rng.normal(0, 20, (2, *SIZE)), 0, 255).astype(np.uint8) for one in level]
    predictor = Predictor.load(fake / "arms/none")
    score = np.array([predictor.predict_all(pair[:1, ..., None])[0][0, 1] for pair in images])
    positive = (score > np.median(score)) ^ (rng.random(60) < 0.1)
    folder = tmp_path_factory.mktemp("place") / "hospital"
    for k, pair in enumerate(images):
        for n, image in enumerate(pair):
            file = folder / ("PNEUMONIA" if positive[k] else "NORMAL") / f"patient{k:03}_{n}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(file)
    return folder


def adapt(run, cases, out, *options):
    words = ["adapt", str(run), str(cases), "--arm", "none", "--group", "name", "--out", str(out), *options]
    return CliRunner().invoke(app, words)


@pytest.fixture(scope="module")
def written(fake, place, tmp_path_factory):
    out = tmp_path_factory.mktemp("profile") / "hospital.json"
    models = {file: file.read_bytes() for file in fake.rglob("*") if file.is_file()}
    done = adapt(fake, place, out)
    assert done.exit_code == 0, done.output
    assert {file: file.read_bytes() for file in fake.rglob("*") if file.is_file()} == models
    return out, done.stdout


def test_the_command_says_the_figures_and_how_many_patients_they_take(written):
    said = written[1]
    assert "hospital: 120 cases of 60 patients." in said
    assert "Recall of PNEUMONIA to within ±0.05 takes" in said
    rows = [line.split("\t") for line in said.splitlines() if "\t" in line]
    assert [row[0] for row in rows if len(row) == 3 and row[0] in ("AUC", "Sensitivity")] == ["Sensitivity", "AUC"]
    assert "(" in rows[0][1]


def test_the_profile_is_what_predict_uses(fake, written, place):
    kept = read_profile(written[0], fake / "arms/none")
    assert kept.place == "hospital"
    assert sum(kept.patients.values()) == 60
    plain, there = (Predictor.load(fake / "arms/none", profile=one) for one in ("", written[0]))
    file = next(place.rglob("*.png"))
    before, after = (one.predict(file.read_bytes(), "x") for one in (plain, there))
    p = np.array([list(before.probabilities.values())])
    expected = Correction(kept.slope, tuple(kept.shift), None).apply(p)[0]
    assert list(after.probabilities.values()) == pytest.approx(expected)
    assert after.label == ("PNEUMONIA" if expected[1] >= kept.threshold else "NORMAL")
    assert after.advice.place == "hospital"
    assert "external:NIH" in before.advice.at_chance
    assert "external:NIH" not in after.advice.at_chance
    words = ["predict", str(fake), str(file), "--arm", "none", "--profile", str(written[0])]
    said = CliRunner().invoke(app, words).stdout
    assert said.startswith("Probabilities and threshold are those adapted to hospital.")
    assert said.splitlines()[-1].split("\t")[1] == after.label


def test_a_profile_that_was_edited_or_is_of_other_models_is_refused(fake, written, tmp_path):
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps(json.loads(written[0].read_text()) | {"threshold": 0.01}))
    words = ["predict", str(fake), str(tmp_path), "--arm", "none", "--profile"]
    for file in (edited, tmp_path / "none.json"):
        with pytest.raises(IntegrityError, match="PROFILE_DAMAGED"):
            CliRunner().invoke(app, [*words, str(file)], catch_exceptions=False)
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(IntegrityError, match="PROFILE_DAMAGED"):
        read_profile(tmp_path / "list.json", fake / "arms/none")
    other = shutil.copytree(fake, tmp_path / "other")
    with_gate(other / "arms/none", np.zeros((20, *SIZE, 1), np.uint8))
    with pytest.raises(IntegrityError, match="PROFILE_MODEL"):
        Predictor.load(other / "arms/none", profile=written[0])
    with pytest.raises(StudyError, match="PROFILE_SEED"):
        Predictor.load(fake / "arms/none", "0", written[0])
    assert IntegrityError.exit_code == 5


def test_equal_cases_give_equal_profiles(fake, place, written, tmp_path):
    again = profile(look(Predictor.load(fake / "arms/none"), place, "name"), fake / "arms/none")
    assert again.text() == written[0].read_text()
    assert Profile.model_validate_json(written[0].read_text()).digest == again.expected


def test_too_few_patients_and_a_ranking_upside_down_are_said_after_the_figures(fake, place, tmp_path):
    few = shutil.copytree(place, tmp_path / "few")
    for file in [*few.glob("NORMAL/*")][6:]:
        file.unlink()
    with pytest.raises(DataError, match=r"LOCAL_FEW: found \d patients of NORMAL in few"):
        CliRunner().invoke(app, ["adapt", str(fake), str(few), "--group", "name"], catch_exceptions=False)
    swapped = tmp_path / "swapped"
    shutil.copytree(place / "NORMAL", swapped / "PNEUMONIA")
    shutil.copytree(place / "PNEUMONIA", swapped / "NORMAL")
    with pytest.raises(DataError, match="LOCAL_RANKING"):
        adapt_raising(fake, swapped, tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()


def adapt_raising(run, cases, out):
    words = ["adapt", str(run), str(cases), "--arm", "none", "--group", "name", "--out", str(out)]
    CliRunner().invoke(app, words, catch_exceptions=False)

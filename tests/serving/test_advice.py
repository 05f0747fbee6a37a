"""When a model should not answer: pictures of another kind, answers it is not sure of, places where it only guesses."""

import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from run_folder import SIZE, fake_run, seal, with_gate
from seimbang.api import load as load_run
from seimbang.cli import app
from seimbang.errors import IntegrityError
from seimbang.record.base import dump
from seimbang.serving.advice import doubts, verdict
from seimbang.serving.api_types import answered
from seimbang.serving.predictor import Predictor
from seimbang.serving.rows import with_predictions
from seimbang.serving.words import load
from seimbang.text import LANGUAGES


def pictures(n=60, seed=0):
    """Return pictures of one kind: lighter below and to the right, with a little noise."""
    down, right = np.mgrid[: SIZE[0], : SIZE[1]]
    noise = np.random.default_rng(seed).normal(0, 3, (n, *SIZE))
    return np.clip(4 * down + 2 * right + noise + 10, 0, 255).astype(np.uint8)[..., None]


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(buffer, "PNG")
    return buffer.getvalue()


OWN = pictures(1, seed=9)[0]
NOISE = np.random.default_rng(5).integers(0, 255, SIZE, dtype=np.uint8)
GIVEN = {
    "half_turn": OWN[::-1, ::-1],
    "upside_down": OWN[::-1],
    "quarter_turn_left": np.rot90(OWN, -1),
    "quarter_turn_right": np.rot90(OWN, 1),
    "inverted": 255 - OWN,
    "": NOISE,
}


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    run = fake_run(tmp_path_factory.mktemp("advice"))
    with_gate(run / "arms/none", pictures())
    return run


@pytest.fixture
def run(fake, tmp_path):
    return shutil.copytree(fake, tmp_path / "run")


def least(run, **smallest):
    """Set with which probability each class is possible."""
    file = run / "arms/none/refusal.json"
    content = json.loads(file.read_text())
    content["least"][""] = {"NORMAL": 0.0, "PNEUMONIA": 0.0} | smallest
    file.write_text(dump(content))
    seal(file.parent)


def advised(run, pixels):
    return Predictor.load(run / "arms/none").predict(png(pixels), "x").advice


def test_a_picture_of_the_kind_is_answered_and_one_of_another_kind_is_refused(fake):
    own, other = advised(fake, OWN), advised(fake, NOISE)
    assert not own.refused
    assert own.distance < 1 < other.distance
    assert (other.answer, other.possible, str(other)) == ("refused", (), "refused")


@pytest.mark.parametrize("change", GIVEN)
def test_a_picture_given_wrongly_is_refused_with_what_would_help(fake, change):
    advice = advised(fake, GIVEN[change])
    assert advice.refused
    assert advice.looks == change


def test_an_answer_is_one_class_or_those_that_are_possible(run):
    p = Predictor.load(run / "arms/none").predict(png(OWN), "x").probabilities
    first, second = sorted(p, key=p.__getitem__, reverse=True)
    least(run, **{first: 0.01, second: 0.99})
    assert (advised(run, OWN).answer, str(advised(run, OWN))) == ("sure", first)
    least(run, **{first: 0.01, second: 0.01})
    assert (advised(run, OWN).answer, str(advised(run, OWN))) == ("refer", f"{first} or {second}: refer")
    least(run, **{first: 0.999, second: 0.999})  # neither is probable enough
    assert advised(run, OWN).possible == (first, second)
    least(run)
    assert (advised(run, OWN).answer, str(advised(run, OWN))) == ("unknown", "unknown")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reasons_are_said_in_words(run, language):
    words = load(language)

    def said(pixels):
        return list(verdict(advised(run, pixels), words, words.text))

    assert said(GIVEN["half_turn"])[1] == words.text("refusal.half_turn")
    assert said(NOISE)[1] == words.text("refusal.next")
    assert words.number(advised(run, NOISE).distance, 1) in said(NOISE)[0]
    least(run, NORMAL=0.01, PNEUMONIA=0.01)
    assert f" {words.text('refusal.or')} " in said(OWN)[0]
    outside = " ".join(doubts(advised(run, OWN), words, words.text))
    assert "NIH" in outside


def test_the_models_of_one_seed_have_limits_of_their_own(run):
    file = run / "arms/none/refusal.json"
    content = json.loads(file.read_text())
    content["least"] = {"": {"NORMAL": 0.01, "PNEUMONIA": 0.01}, "0": {"NORMAL": 0.999, "PNEUMONIA": 0.01}}
    file.write_text(dump(content))
    seal(file.parent)
    assert Predictor.load(file.parent).adviser.smallest.tolist() == [0.01, 0.01]
    assert Predictor.load(file.parent, "0").adviser.smallest.tolist() == [0.999, 0.01]


@pytest.mark.parametrize("name", ["refusal.json", "gate.npz"])
def test_limits_that_were_edited_are_noticed(run, name):
    file = run / "arms/none" / name
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(IntegrityError, match=f"MODEL_DIGEST.*{name}"):
        Predictor.load(file.parent)
    file.unlink()
    with pytest.raises(IntegrityError, match="MODEL_MISSING"):
        Predictor.load(file.parent)


def test_the_command_python_and_json_say_the_same(run, tmp_path):
    (tmp_path / "noise.png").write_bytes(png(NOISE))
    done = CliRunner().invoke(app, ["predict", str(run), str(tmp_path / "noise.png"), "--arm", "none"])
    first, second, *_, row = done.stdout.splitlines()
    assert done.exit_code == 0
    assert first.startswith("On images of NIH")
    assert "No answer" in second
    assert row.split("\t")[1:] == ["", "", "", "refused"]
    table = load_run(run).predict(tmp_path / "noise.png", "none").iloc[0]
    assert table.answer == "refused"
    assert table[["predicted", "confidence", "p_NORMAL", "p_PNEUMONIA"]].isna().all()
    assert table.reason.startswith("On images of NIH")
    prediction = Predictor.load(run / "arms/none").predict(png(NOISE), "x")
    assert json.loads(dump(prediction))["advice"]["answer"] == "refused"
    said = answered(1, prediction).model_dump(exclude_none=True)
    assert (said["answer"], said["possible"]) == ("refused", [])
    assert not {"label", "confidence", "probabilities", "label_tuned"} & set(said)
    assert not any(share in str(said) for share in (f"{value:.4f}" for value in prediction.probabilities.values()))
    line = with_predictions([pd.DataFrame({"age": ["61"]})], [prediction]).splitlines()[1]
    assert line.replace(",", "") == "61refused"

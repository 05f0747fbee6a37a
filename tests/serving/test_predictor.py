"""The model package: what it predicts, which arm is chosen, and every way in which its files can be wrong."""

import hashlib
import io
import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load, save

from run_folder import fake_run
from seimbang.errors import ImageError, IntegrityError, StudyError
from seimbang.imaging.decode import decode
from seimbang.record.choice import best_arm, find_arm
from seimbang.serving.predictor import Predictor


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("fake"), arms=3, external=False)


@pytest.fixture
def run(fake, tmp_path):
    return shutil.copytree(fake, tmp_path / "run")


@pytest.fixture(scope="module")
def image():
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(3).integers(0, 255, (70, 50), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def rewrite(file, **changes):
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def replace_weights(folder, weights):
    (folder / "model.safetensors").write_bytes(weights)
    rewrite(folder / "model.json", sha256=hashlib.sha256(weights).hexdigest())


def test_predicts_the_softmax_of_the_network(fake, image):
    predictor = Predictor.load(fake / "arms/none")
    found = predictor.predict(image, "x.png")
    pixels = torch.tensor(decode(image, predictor.image, "x.png")).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        expected = predictor.network(pixels)[0].double().softmax(0)
    assert list(found.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-6)
    assert list(found.probabilities) == ["NORMAL", "PNEUMONIA"]
    assert found.confidence == max(found.probabilities.values()) == found.probabilities[found.label]
    assert found == Predictor.load(fake / "arms/none").predict(image, "another name")


def test_predicts_with_the_mirror_image_where_the_study_does(run, image):
    def predicted(data):
        return np.array(list(Predictor.load(run / "arms/none").predict(data, "x.png").probabilities.values()))

    buffer = io.BytesIO()
    Image.open(io.BytesIO(image)).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(buffer, "PNG")
    plain, mirrored = predicted(image), predicted(buffer.getvalue())
    assert np.abs(plain - mirrored).max() > 1e-4
    package = run / "arms/none/model.json"
    rewrite(package, image=json.loads(package.read_text())["image"] | {"flip_test": True})
    np.testing.assert_allclose(predicted(image), (plain + mirrored) / 2, atol=1e-4)  # resizing is not quite symmetric


@pytest.mark.parametrize(("shift", "tuned"), [(0, "PNEUMONIA"), (1e-9, "NORMAL"), (None, None)])
def test_the_threshold_is_reached_by_an_equal_probability(run, image, shift, tuned):
    p = Predictor.load(run / "arms/none").predict(image, "x").probabilities["PNEUMONIA"]
    rewrite(run / "arms/none/model.json", threshold=None if shift is None else p + shift)
    assert Predictor.load(run / "arms/none").predict(image, "x").label_tuned == tuned


def test_no_image_is_refused_by_name(fake):
    with pytest.raises(ImageError, match=r"IMG_NOT_IMAGE.*note\.jpg"):
        Predictor.load(fake / "arms/none").predict(b"a letter", "note.jpg")


def test_a_flipped_bit_in_the_weights_is_noticed(run):
    file = run / "arms/none/model.safetensors"
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)
    with pytest.raises(IntegrityError, match="MODEL_DIGEST"):
        Predictor.load(file.parent)


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_missing_files(run, name):
    (run / "arms/none" / name).unlink()
    with pytest.raises(IntegrityError, match="MODEL_MISSING"):
        Predictor.load(run / "arms/none")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"classes": ["a", "b"]}'])
def test_settings_that_are_none(run, content):
    (run / "arms/none/model.json").write_text(content)
    with pytest.raises(IntegrityError, match="MODEL_MISSING"):
        Predictor.load(run / "arms/none")


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": ["NORMAL"]},
        {"classes": ["PNEUMONIA", "PNEUMONIA"]},
        {"positive": "COVID"},
        {"classes": ["NORMAL", "OTHER", "PNEUMONIA"]},
        {"model": {"name": "rnn", "units": 8}},
    ],
)
def test_classes_or_layers_the_weights_were_not_trained_for(run, changes):
    rewrite(run / "arms/none/model.json", **changes)
    with pytest.raises(IntegrityError, match="MODEL_CLASSES"):
        Predictor.load(run / "arms/none")


def test_weights_of_something_else_are_refused(run):
    folder = run / "arms/none"
    whole = load((folder / "model.safetensors").read_bytes())
    for weights in (b"no tensors at all", save(dict(list(whole.items())[1:]))):
        replace_weights(folder, weights)
        with pytest.raises(IntegrityError, match="MODEL_CLASSES"):
            Predictor.load(folder)


def score(run, arm, value):
    file = run / "arms" / arm / "metrics.json"
    metrics = json.loads(file.read_text())
    metrics["sets"]["validation"]["default"]["metrics"]["balanced_accuracy"]["value"] = value
    file.write_text(json.dumps(metrics))


def test_the_best_arm_on_validation_is_chosen_unless_it_leaks(run):
    for arm, value in (("as-published", 0.99), ("none", 0.7), ("smote", 0.8)):
        score(run, arm, value)
    assert best_arm(run) == "smote"
    score(run, "none", 0.8)
    assert best_arm(run) == "none"  # of equal ones the first by name
    score(run, "smote", None)
    score(run, "none", None)
    assert best_arm(run) == "none"
    shutil.rmtree(run / "arms/none")
    shutil.rmtree(run / "arms/smote")
    assert best_arm(run) == "as-published"


def test_an_arm_is_found_by_its_name_or_its_folder(run):
    assert find_arm(run, "as published") == find_arm(run, "as-published") == "as-published"
    assert find_arm(run, None) == best_arm(run)
    with pytest.raises(StudyError, match=r"ARM_UNKNOWN.*did you mean 'smote'"):
        find_arm(run, "SMOT")


def test_a_run_without_a_model_or_with_a_broken_description(run, tmp_path):
    with pytest.raises(IntegrityError, match="MODEL_MISSING"):
        find_arm(tmp_path, None)
    (run / "arms/none/arm.json").write_text('{"name": "no')
    with pytest.raises(IntegrityError, match=r"RUN_INCOMPLETE.*arm\.json"):
        find_arm(run, None)


def test_an_arm_that_answers_by_its_threshold_does_so(run, image):
    probabilities = Predictor.load(run / "arms/none").predict(image, "x").probabilities
    rare = min(probabilities, key=probabilities.__getitem__)
    p = probabilities["PNEUMONIA"]
    cut = p if rare == "PNEUMONIA" else p + 1e-6  # just where the less likely class becomes the answer
    rewrite(run / "arms/none/model.json", threshold=cut, decides="tuned")
    found = Predictor.load(run / "arms/none").predict(image, "x")
    assert (found.label, found.label_tuned) == (rare, None)
    assert found.confidence == probabilities[rare] < 0.5

"""The model package: what it predicts, which arm is chosen, and every way in which its files can be wrong."""

import hashlib
import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load, save

from run_folder import JOB, MODEL, SIZE, fake_run
from seimbang.errors import ImageError, IntegrityError, StudyError
from seimbang.imaging.decode import decode
from seimbang.record.choice import find_arm
from seimbang.record.contents import read as contents
from seimbang.serving.predictor import Predictor
from seimbang.study.models import make


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


def replace_weights(folder, weights, job=JOB):
    """Put weights into a job of an arm; its package then names them beside those of its other jobs."""
    file = f"{job}/model.safetensors"
    (folder / job).mkdir(exist_ok=True)
    (folder / file).write_bytes(weights)
    files = json.loads((folder / "model.json").read_text())["files"]
    files |= {file: hashlib.sha256(weights).hexdigest()}
    rewrite(folder / "model.json", files=files)
    rewrite(folder / "arm.json", served=[name.rpartition("/")[0] for name in files])


def test_predicts_the_softmax_of_the_network(fake, image):
    predictor = Predictor.load(fake / "arms/none")
    prediction = predictor.predict(image, "x.png")
    pixels = torch.tensor(decode(image, predictor.image, "x.png")).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        expected = predictor.network(pixels)[0].double().softmax(0)
    assert list(prediction.probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-6)
    assert list(prediction.probabilities) == ["NORMAL", "PNEUMONIA"]
    assert prediction.confidence == max(prediction.probabilities.values()) == prediction.probabilities[prediction.label]
    assert prediction == Predictor.load(fake / "arms/none").predict(image, "another name")


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
    file = run / "arms/none" / JOB / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)
    with pytest.raises(IntegrityError, match="MODEL_DIGEST"):
        Predictor.load(run / "arms/none")


@pytest.mark.parametrize("name", ["model.json", f"{JOB}/model.safetensors"])
def test_missing_files(run, name):
    (run / "arms/none" / name).unlink()
    with pytest.raises(IntegrityError, match="MODEL_MISSING"):
        Predictor.load(run / "arms/none")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"classes": ["a", "b"]}'])
def test_settings_that_are_none(run, content):
    (run / "arms/none/model.json").write_text(content)
    with pytest.raises(IntegrityError, match="RUN_DAMAGED"):
        Predictor.load(run / "arms/none")


def test_a_package_names_files_and_none_outside_the_arm(run):
    file = run / "arms/none/model.json"
    rewrite(file, files={"../smote/jobs/0/0/model.safetensors": "ab"})
    with pytest.raises(IntegrityError, match=r"RUN_DAMAGED.*files of another data set or arm"):
        Predictor.load(file.parent)
    rewrite(file, files={})
    with pytest.raises(IntegrityError, match="MODEL_MISSING"):
        Predictor.load(file.parent)


def test_the_models_of_all_seeds_predict_together(run, image):
    folder = run / "arms/none"
    first = Predictor.load(folder)
    torch.manual_seed(1)
    other = save(make(MODEL).build((*SIZE, 1), 2).state_dict())
    replace_weights(folder, other, "jobs/0/1")
    both = Predictor.load(folder).predict(image, "x").probabilities
    replace_weights(folder, other)
    second = Predictor.load(folder)
    singles = [predictor.predict(image, "x").probabilities for predictor in (first, second)]
    assert singles[0] != singles[1]
    assert both == {name: np.mean([single[name] for single in singles]) for name in both}
    assert len(second.classifiers) == 2


def test_the_model_of_one_seed_predicts_alone_with_its_own_threshold_and_figures(run, image):
    folder = run / "arms/none"
    before = Predictor.load(folder).predict(image, "x").probabilities
    torch.manual_seed(1)
    replace_weights(folder, save(make(MODEL).build((*SIZE, 1), 2).state_dict()), "jobs/0/1")
    rows = pd.read_csv(folder / "predictions.csv", dtype=str, keep_default_na=False)
    better = rows.assign(seed="1", p_PNEUMONIA=0.1 + 0.8 * (rows.label == "PNEUMONIA"))
    better["p_NORMAL"] = 1 - better.p_PNEUMONIA
    pd.concat([rows, better]).to_csv(folder / "predictions.csv", index=False)
    first, second = (Predictor.load(folder, seed) for seed in ("0", "1"))
    assert first.predict(image, "x").probabilities == before
    assert second.predict(image, "x").probabilities != before
    assert second.threshold == pytest.approx(0.5)
    auc = [contents(run, "none", seed).arm.metrics.sets["test"].served.metrics["auc"].value for seed in ("0", "1")]
    assert auc[1] == 1 > auc[0]
    with pytest.raises(StudyError, match=r"SEED_UNKNOWN: found no model of the seed 7; expected one of 0, 1\."):
        contents(run, "none", "7")


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
    with pytest.raises(IntegrityError, match=r"MODEL_CLASSES|RUN_DAMAGED.*of another data set or arm"):
        Predictor.load(run / "arms/none")


def test_weights_of_something_else_are_refused(run):
    folder = run / "arms/none"
    whole = load((folder / JOB / "model.safetensors").read_bytes())
    junk, part = b"no tensors at all", save(dict(list(whole.items())[1:]))
    for weights, code in ((junk, "MODEL_DAMAGED"), (part, "MODEL_CLASSES")):
        replace_weights(folder, weights)
        with pytest.raises(IntegrityError, match=code):
            Predictor.load(folder)


def score(run, arm, value):
    file = run / "arms" / arm / "metrics.json"
    metrics = json.loads(file.read_text())
    metrics["sets"]["validation"]["default"]["metrics"]["balanced_accuracy"]["value"] = value
    file.write_text(json.dumps(metrics))


def test_the_best_arm_on_validation_is_chosen_unless_it_leaks(run):
    for arm, value in (("as-published", 0.99), ("none", 0.7), ("smote", 0.8)):
        score(run, arm, value)
    assert find_arm(run, None) == "smote"
    score(run, "none", 0.8)
    assert find_arm(run, None) == "none"  # of equal ones the first in the study
    score(run, "smote", None)
    score(run, "none", None)
    assert find_arm(run, None) == "none"
    shutil.rmtree(run / "arms/none")
    shutil.rmtree(run / "arms/smote")
    assert find_arm(run, None) == "as-published"


def test_an_arm_is_found_by_its_name_or_its_folder(run):
    assert find_arm(run, "as published") == find_arm(run, "as-published") == "as-published"
    with pytest.raises(StudyError, match=r"ARM_UNKNOWN.*did you mean 'smote'"):
        find_arm(run, "SMOT")


def test_a_run_that_is_none_or_has_no_model_or_a_broken_description(run, tmp_path):
    with pytest.raises(IntegrityError, match=r"RUN_MISSING.*there is no such folder"):
        find_arm(tmp_path / "nothing", None)
    with pytest.raises(IntegrityError, match=r"RUN_MISSING.*study\.json"):
        find_arm(tmp_path, None)
    for file in run.glob("arms/*/model.json"):
        file.unlink()
    with pytest.raises(IntegrityError, match="MODEL_MISSING"):
        find_arm(run, None)
    (run / "arms/none/arm.json").write_text('{"name": "no')
    with pytest.raises(IntegrityError, match=r"RUN_DAMAGED.*arm\.json"):
        find_arm(run, None)


def test_an_arm_that_answers_by_its_threshold_does_so(run, image):
    probabilities = Predictor.load(run / "arms/none").predict(image, "x").probabilities
    rare = min(probabilities, key=probabilities.__getitem__)
    p = probabilities["PNEUMONIA"]
    cut = p if rare == "PNEUMONIA" else p + 1e-6  # just where the less likely class becomes the answer
    rewrite(run / "arms/none/model.json", threshold=cut, decides="tuned")
    rewrite(run / "arms/none/arm.json", balance={"method": "threshold"})
    prediction = Predictor.load(run / "arms/none").predict(image, "x")
    assert (prediction.label, prediction.label_tuned) == (rare, None)
    assert prediction.confidence == probabilities[rare] < 0.5

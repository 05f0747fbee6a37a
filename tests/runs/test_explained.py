"""What a run says of single images: heat maps, errors by quality, the surest errors, each from the right network."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load

from seimbang.explain import METHODS, overlay
from seimbang.imaging.quality import measure
from seimbang.runs.explained import CASES, OPACITY
from seimbang.runs.quality import WORST
from seimbang.runs.run import run
from seimbang.study.models import make
from seimbang.study.schema import parse

CNN = {"name": "cnn", "widths": [4, 8]}
SIZE = (24, 20)


STUDY = {
    "title": "Test",
    "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 50, "prevalence": 0.4}},
    "image": {"size": list(SIZE)},
    "split": {"folds": 2, "validation": 0.2},
    "model": CNN,
    "training": {"epochs": 2, "precision": "float32"},
    "arm": [
        {"name": "cnn"},
        {"name": "gru", "model": {"name": "gru", "units": 5}},
        {"name": "threshold", "balance": {"method": "threshold"}},
    ],
}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run(parse(STUDY), Path(), folder)
    return folder


def read(file):
    return json.loads(file.read_text(encoding="utf-8"))


def pixels(file):
    return np.asarray(Image.open(file))


def test_each_map_is_of_the_answer_and_of_the_network_that_was_tested_on_the_image(out):
    folder = out / "arms/cnn"
    heat, predictions = read(folder / "heat.json"), pd.read_csv(folder / "predictions.csv", dtype={"fold": str})
    fold_of = predictions[predictions.set == "test"].set_index("case_id").fold
    assert {one["right"] for one in heat["cases"]} == {True, False}
    assert max(np.bincount([one["right"] for one in heat["cases"]])) <= CASES
    for one in heat["cases"]:
        module = make(CNN).build((*SIZE, 1), 2)
        module.load_state_dict(load((folder / f"jobs/{fold_of[one['case_id']]}/0/model.safetensors").read_bytes()))
        image = pixels(folder / one["file"])[..., None]
        target = torch.tensor([("NORMAL", "PNEUMONIA").index(one["predicted"])])
        batch = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255
        for name, file in one["maps"].items():
            expected = overlay(image, METHODS[name](module, batch, target)[0], OPACITY)
            assert np.abs(pixels(folder / file).astype(int) - expected).max() <= 3
            assert (pixels(folder / one["random"][name]) != expected).any()
    assert all("grad_cam" in one["maps"] for one in heat["cases"])
    assert any("occlusion" in one["maps"] for one in heat["cases"])


def test_the_sanity_check_is_written_and_a_recurrent_network_has_occlusion_alone(out):
    assert set(read(out / "arms/cnn/heat.json")["sanity"]) == set(METHODS)
    heat = read(out / "arms/gru/heat.json")
    assert set(heat["sanity"]) == {"occlusion"}
    assert all(set(one["maps"]) == set(one["random"]) == {"occlusion"} for one in heat["cases"])
    assert all(check["passed"] == (check["similarity"] < 0.5) for check in heat["sanity"].values())


def test_quality_is_that_of_the_images_and_the_errors_those_of_the_predictions(out):
    table = pd.read_csv(out / "quality.csv", index_col="case_id")
    row = read(out / "data.json")["samples"][0]
    expected = measure(pixels(out / row["file"])[None, ..., None])
    np.testing.assert_allclose(table.loc[row["case_id"]], expected.iloc[0], rtol=1e-5)
    quality = read(out / "arms/cnn/quality.json")
    test = pd.read_csv(out / "arms/cnn/predictions.csv").query("set == 'test'")
    wrong = test[(test.p_PNEUMONIA > 0.5) != (test.label == "PNEUMONIA")]
    assert [one["measure"] for one in quality["measures"]] == list(table.columns)
    for one in quality["measures"]:
        assert sum(part["n"] for part in one["quarters"]) == len(test)
        assert sum(part["errors"] for part in one["quarters"]) == len(wrong)


@pytest.mark.parametrize("arm", ["cnn", "threshold"])
def test_the_surest_errors_come_first_and_are_errors_by_the_arms_own_rule(out, arm):
    worst = read(out / f"arms/{arm}/quality.json")["worst"]
    confidence = [one["confidence"] for one in worst]
    assert 0 < len(worst) <= WORST
    assert confidence == sorted(confidence, reverse=True)
    assert all(one["label"] != one["predicted"] and not one["right"] for one in worst)
    confusion = np.array(read(out / f"arms/{arm}/metrics.json")["sets"]["test"]["default"]["confusion"])
    assert len(worst) == min(WORST, confusion.sum() - np.trace(confusion))
    assert all(pixels(out / f"arms/{arm}" / one["file"]).shape == SIZE for one in worst)


def test_a_second_run_explains_nothing_again_unless_a_map_is_lost(out):
    files = [*out.glob("arms/*/heat/*.png"), *out.glob("arms/*/quality.json"), out / "quality.csv"]
    before = {file: file.stat().st_mtime_ns for file in files}
    lost = next(file for file in files if "gru" in file.parts)
    content = lost.read_bytes()
    lost.unlink()
    run(parse(STUDY), Path(), out)
    assert lost.read_bytes() == content
    kept = [file for file in files if file.parts[-3:-1] != lost.parts[-3:-1]]
    assert all(file.stat().st_mtime_ns == before[file] for file in kept)

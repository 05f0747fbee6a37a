"""Shuffled labels: an honest pipeline guesses, one that has seen the test cases does not."""

import json
import subprocess
import sys

import numpy as np
from PIL import Image

from seimbang.runs.shuffle import shuffled_labels
from seimbang.study.load import to_dict, to_toml
from seimbang.study.schema import parse


def twins(folder, patients=60):
    """Write four nearly identical images of each patient; nothing in them tells the classes apart."""
    rng = np.random.default_rng(0)
    for patient in range(patients):
        label = ("ok", "sick")[patient % 2]
        (folder / label).mkdir(parents=True, exist_ok=True)
        picture = np.kron(rng.integers(30, 220, (6, 6)), np.ones((4, 4)))
        for _ in range(4):
            pixels = picture + rng.normal(0, 2, picture.shape)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / label / f"p{patient:02}_{rng.integers(10**9)}.png")


def study(**split):
    return parse(
        {
            "title": "t",
            "data": {"path": "x", "positive": "sick"},
            "image": {"size": [24, 24]},
            "model": {"name": "gru", "units": 24, "dropout": 0.0},
            "training": {"epochs": 40, "learning_rate": 0.005, "keep": "last"},
            "arm": [{"name": "none"}],
            "protocol": [{"name": "p", "test": 0.3, **split}],
        }
    )


def test_a_split_of_slices_scores_and_a_split_of_patients_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path / "cache"))
    twins(tmp_path / "x")
    (leaking,) = shuffled_labels(study(group="none", leaky=True), tmp_path, quick=False)
    (honest,) = shuffled_labels(study(group="auto"), tmp_path, quick=False)
    assert leaking.severity == "leak"
    assert "better than chance, so test cases are known to it" in leaking.sentence
    assert honest.severity == "info"
    assert "no better than chance" in honest.sentence
    opened = [json.loads(file.read_text()) for file in (tmp_path / "cache/openings").glob("*/*.json")]
    assert [(entry["title"], entry["set"]) for entry in opened] == [
        ("t", "test")
    ] * 2  # each study, however many shuffles


def test_the_command_prints_it_and_exits_with_3_only_for_a_leak(tmp_path):
    twins(tmp_path / "x", 40)
    (tmp_path / "s.toml").write_text(to_toml(to_dict(study(group="auto"))))
    words = ["audit", str(tmp_path / "s.toml"), "--data", str(tmp_path), "--shuffle-labels", "--quick"]
    done = subprocess.run([sys.executable, "-m", "seimbang.cli", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "SHUFFLED_LABELS" in done.stdout

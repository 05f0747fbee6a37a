"""An arm that begins with the weights of a run which saw its test cases is refused, and marked where it is meant."""

from pathlib import Path

import pytest

from seimbang.errors import DataError
from seimbang.runs.run import run
from seimbang.runs.trained_on import learned
from seimbang.study.schema import parse

DATA = {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 60, "prevalence": 0.35}}


def study(seed, **arm):
    return parse(
        {
            "title": "T",
            "data": DATA,
            "image": {"size": [40, 40]},
            "split": {"seed": seed},
            "model": {"name": "efficientnet_lite0", "freeze": "all"},
            "training": {"epochs": 1},
            "arm": [{"name": "probe", **arm}],
        }
    )


def weights_of(folder):
    (file,) = folder.glob("arms/probe/jobs/*/*/model.safetensors")
    return {"model": {"name": "efficientnet_lite0", "freeze": "all", "weights": str(file)}}


def test_weights_of_another_division_are_refused_and_those_of_the_same_are_not(tmp_path):
    run(study(0), Path(), tmp_path / "first")
    arm = weights_of(tmp_path / "first")
    with pytest.raises(DataError, match=r"AUDIT_LEAK.*tested images, says the run folder"):
        run(study(1, **arm), Path(), tmp_path / "second")
    run(study(0, **arm), Path(), tmp_path / "same")
    assert "WEIGHTS_TEST" not in (tmp_path / "same/audit.json").read_text(encoding="utf-8")


def test_files_outside_a_run_or_beside_damaged_tables_tell_nothing(tmp_path):
    file = tmp_path / "w.pth"
    file.write_bytes(b"")
    assert learned(file) == frozenset()
    (tmp_path / "splits.csv").write_text("nonsense\n1\n", encoding="utf-8")
    (tmp_path / "cases.csv").write_text("", encoding="utf-8")
    assert learned(file) == frozenset()

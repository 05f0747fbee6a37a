"""A run folder that is not whole is refused, with the file named."""

import json
import shutil

import pytest

from run_folder import fake_run
from seimbang.errors import IntegrityError
from seimbang.record.files import read_image
from seimbang.record.metrics import Value
from seimbang.record.read import read


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("read") / "run", arms=2)


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


@pytest.mark.parametrize(
    "file", ["study.json", "study.toml", "data.json", "audit.json", "provenance.json", "arms/none/jobs/0/0/history.csv"]
)
def test_a_missing_file_is_named(run, file):
    (run / file).unlink()
    with pytest.raises(IntegrityError, match=file.split("/")[-1]) as caught:
        read(run)
    assert caught.value.code == "RUN_MISSING"


@pytest.mark.parametrize(
    ("file", "content", "place"),
    [
        ("data.json", "{", "data.json"),
        ("audit.json", '{"findings": [{"code": "X"}]}', "findings.0.severity"),
        ("arms/none/metrics.json", "[]", "metrics.json"),
        ("arms/none/jobs/0/0/history.csv", "epoch,loss\n1,high\n", "history.csv"),
        ("study.toml", b"\xff\xfe", "study.toml"),
    ],
)
def test_a_damaged_file_is_named(run, file, content, place):
    (run / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(IntegrityError, match=place) as caught:
        read(run)
    assert caught.value.code == "RUN_DAMAGED"


def test_a_folder_without_evaluated_arms_is_unfinished(run):
    shutil.rmtree(run / "arms")
    with pytest.raises(IntegrityError) as caught:
        read(run)
    assert caught.value.code == "RUN_UNFINISHED"


def test_arms_keep_the_order_of_the_study_and_missing_ones_are_named(run):
    assert [arm.name for arm in read(run).arms] == ["as published", "none"]
    (run / "arms/none/metrics.json").unlink()
    assert read(run).unfinished == ["none"]
    study = json.loads((run / "study.json").read_text())
    study["arm"].reverse()
    (run / "study.json").write_text(json.dumps(study))
    assert read(run).unfinished == ["none"]


def test_an_image_outside_the_folder_is_never_read(run):
    with pytest.raises(IntegrityError, match="leads out"):
        read_image(run / "arms" / "none", "../../study.toml")


def test_an_image_that_is_no_png_is_refused(run):
    (run / "samples" / "NORMAL_0.png").write_text("text")
    with pytest.raises(IntegrityError, match="a PNG image"):
        read_image(run, "samples/NORMAL_0.png")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Value(value=0.7199, low=0.683, high=0.754), "0.72 (0.68–0.75)"),
        (Value(value=-0.2, low=-0.3, high=-0.1), "−0.20 (−0.30 to −0.10)"),
        (Value(value=-0.001), "0.00"),
        (Value(value=None, why="one class only"), "not estimable (one class only)"),
        (Value(value=None), "not estimable"),
    ],
)
def test_a_value_as_a_reader_writes_it(value, text):
    assert str(value) == text


def test_sides_and_comparisons_follow_the_interval():
    low, high = Value(value=0.5, low=0.4, high=0.6), Value(value=0.7, low=0.61, high=0.8)
    assert high.beats(low)
    assert not low.beats(high)
    assert not Value(value=0.7, low=0.6, high=0.8).beats(low)
    assert [low.side_of(number) for number in (0.3, 0.4, 0.6, 0.7)] == [1, 0, 0, -1]
    assert not Value(value=None).beats(low)
    assert not low.beats(Value(value=None))


def test_an_arm_that_is_not_compared_yet_is_unfinished(run):
    comparisons = json.loads((run / "comparisons.json").read_text())
    comparisons[""] = {"arms": ["none"], "sets": {}}
    (run / "comparisons.json").write_text(json.dumps(comparisons))
    assert read(run).unfinished == ["as published"]
    (run / "comparisons.json").write_text("{}")
    with pytest.raises(IntegrityError) as caught:
        read(run)
    assert caught.value.code == "RUN_UNFINISHED"

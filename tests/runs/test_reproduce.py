"""A run packed into a capsule and run again: the same bytes, what moved, and capsules that somebody made up."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from noise_images import STUDY, fill
from seimbang.cli import app
from seimbang.errors import IntegrityError
from seimbang.record.capsule import Capsule, digests, pack, read_capsule
from seimbang.record.files import read_json
from seimbang.record.metrics import Value
from seimbang.record.reproduction import Figure, Reproduction
from seimbang.runs.executors import Options
from seimbang.runs.reproduce import capsule_of, reproduce
from seimbang.runs.run import run
from seimbang.study.schema import parse


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder with images, the study of them run in it, and its capsule."""
    root = tmp_path_factory.mktemp("capsule")
    fill(root, 80, one_in=4, brighter=20)
    study = STUDY | {
        "title": "Capsule",
        "arm": [{"name": "none"}, {"name": "weights", "balance": {"method": "class_weights"}}],
    }
    run(parse(study), root, root / "run", options=Options(workers=1))
    (root / "run.capsule.zip").write_bytes(capsule_of(root / "run"))
    return root


def test_the_same_run_gives_the_same_bytes_without_images(root, tmp_path):
    result = CliRunner().invoke(app, ["capsule", str(root / "run"), "--out", str(tmp_path / "c.zip")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "c.zip").read_bytes() == (root / "run.capsule.zip").read_bytes()
    contents = read_capsule(tmp_path / "c.zip")
    assert contents.facts.arms == ["none", "weights"]
    assert contents.members["arms/none/predictions.csv"] == (root / "run/arms/none/predictions.csv").read_bytes()
    assert not [name for name in contents.members if name.endswith((".png", ".svg", ".html"))]


def test_run_again_elsewhere_no_figure_moves(root, tmp_path):
    shutil.copytree(root / "images", tmp_path / "elsewhere/images")
    words = ["reproduce", str(root / "run.capsule.zip"), "--data", str(tmp_path / "elsewhere")]
    result = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "again"), "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "Reproduced: none of " in result.output
    made = read_json(tmp_path / "again/reproduction.json", Reproduction)
    assert (made.data, made.divided_alike, made.moved) == ([], True, [])
    assert made.probabilities == {"none": 0.0, "weights": 0.0}
    assert {figure.set for figure in made.figures} == {"train", "validation", "test"}


def test_other_data_are_named_first_and_what_moved_is_counted(root, tmp_path):
    shutil.copytree(root / "images", tmp_path / "images")
    for file in (tmp_path / "images").glob("*/*.png"):
        if file.stem not in ("1", "2"):
            Image.fromarray(255 - np.asarray(Image.open(file))[::-1]).save(file)
    made = reproduce(root / "run.capsule.zip", tmp_path, tmp_path / "again", workers=1)
    assert len(made.data) == 78
    assert made.moved
    assert max(made.probabilities.values()) > 0.01
    words = ["reproduce", str(root / "run.capsule.zip"), "--data", str(tmp_path), "--out", str(tmp_path / "again")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == (5 if made.outside else 0)
    assert result.stdout.splitlines()[0].startswith("Other data: 78 cases not as in the capsule: ")


@pytest.mark.parametrize(
    ("before", "after", "moved", "within"),
    [
        (Value(value=0.8, low=0.7, high=0.9), Value(value=0.85), 0.05, True),
        (Value(value=0.8, low=0.7, high=0.9), Value(value=0.95), 0.15, False),
        (Value(value=0.8), Value(value=0.8), 0, True),
        (Value(value=0.8), Value(value=0.81), 0.01, False),
        (Value(value=None), Value(value=None), 0, True),
        (Value(value=0.8, low=0.7, high=0.9), Value(value=None), None, False),
    ],
)
def test_a_figure_is_within_where_its_interval_holds_the_new_number(before, after, moved, within):
    figure = Figure(arm="a", set="test", threshold="default", metric="accuracy", before=before, after=after)
    assert figure.moved == (moved if moved is None else pytest.approx(moved))
    assert figure.within is within


def zipped(members, way=zipfile.ZIP_STORED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", way) as file:
        for name, member in members:
            file.writestr(name, member)
    return content.getvalue()


def members_of(file):
    with zipfile.ZipFile(file) as whole:
        return {name: whole.read(name) for name in whole.namelist()}


def attacks(file):
    whole, members = file.read_bytes(), members_of(file)
    bomb = members | {"splits.csv": bytes(1 << 24)}
    edited = members | {"arms/none/metrics.json": members["arms/none/metrics.json"].replace(b"0.", b"1.", 1)}
    facts = Capsule.model_validate_json(members.pop("capsule.json"))
    yield "CAPSULE_FOREIGN", zipped([*members.items(), ("../evil.toml", "x")])
    yield "CAPSULE_FOREIGN", zipped([*members.items(), ("/etc/evil", "x")])
    yield "CAPSULE_FOREIGN", zipped([*members.items(), ("samples/0.png", "x")])
    yield "CAPSULE_FOREIGN", zipped([*members.items(), ("arms/../metrics.json", "x")])
    yield "CAPSULE_FOREIGN", zipped([*members.items(), ("splits.csv\n", "x")])
    yield "CAPSULE_DAMAGED", zipped(bomb.items(), zipfile.ZIP_DEFLATED)
    yield "CAPSULE_DAMAGED", zipped([*members.items(), ("capsule.json", "{}")])
    yield "CAPSULE_DAMAGED", pack(facts, {name: content for name, content in edited.items() if name != "capsule.json"})
    less = {name: content for name, content in members.items() if name != "splits.csv"}
    yield "CAPSULE_DAMAGED", pack(facts.model_copy(update={"files": digests(less)}), less)
    yield "CAPSULE_DAMAGED", whole + b"hidden"
    yield "CAPSULE_DAMAGED", b"before" + whole
    yield "CAPSULE_DAMAGED", whole[: len(whole) // 2]
    yield "CAPSULE_DAMAGED", b"no zip"
    odd = members | {"study.json": b'{"title": 3}'}
    yield "CAPSULE_DAMAGED", pack(facts.model_copy(update={"files": digests(odd)}), odd)
    odd = members | {"cases.csv": b"a,b\n1,2\n"}
    yield "CAPSULE_DAMAGED", pack(facts.model_copy(update={"files": digests(odd)}), odd)


def test_capsules_that_somebody_made_up_are_refused_and_nothing_is_written(root, tmp_path):
    for code, content in attacks(root / "run.capsule.zip"):
        (tmp_path / "bad.zip").write_bytes(content)
        with pytest.raises(IntegrityError, match=code):
            reproduce(tmp_path / "bad.zip", root, tmp_path / "again")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.zip"]


def test_a_member_that_claims_to_be_larger_than_the_file_is_refused(root, tmp_path):
    whole = bytearray((root / "run.capsule.zip").read_bytes())
    place = whole.rindex(b"PK\x01\x02") + 20  # sizes of the last member in the directory
    whole[place : place + 8] = (1 << 30).to_bytes(4, "little") * 2
    (tmp_path / "bad.zip").write_bytes(whole)
    with pytest.raises(IntegrityError, match="CAPSULE_DAMAGED"):
        read_capsule(tmp_path / "bad.zip")


def test_a_copy_without_its_record_is_not_packed(root, tmp_path):
    shutil.copytree(root / "run", tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
    with pytest.raises(IntegrityError, match="CAPSULE_RUN"):
        capsule_of(tmp_path / "copy")


def test_a_quick_run_is_run_again_as_it_was_cut(root, tmp_path):
    study = parse(json.loads((root / "run/study.json").read_text()))
    run(study, root, tmp_path / "quick", ("none",), True, options=Options(workers=1))
    (tmp_path / "c.zip").write_bytes(capsule_of(tmp_path / "quick"))
    made = reproduce(tmp_path / "c.zip", root, tmp_path / "again", workers=1)
    assert (made.moved, made.divided_alike, list(made.probabilities)) == ([], True, ["none"])


def test_a_file_that_is_not_there():
    with pytest.raises(IntegrityError, match="RUN_MISSING"):
        read_capsule(Path("nosuch.zip"))

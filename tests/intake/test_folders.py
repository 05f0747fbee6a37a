"""Folders and archives as people have them: what is understood of each, and what is said of the hopeless ones."""

import hashlib
from collections import Counter
from pathlib import Path

import make_folders
import numpy as np
import pytest
from make_folders import HOPELESS, UNDERSTOOD

from seimbang import datasets
from seimbang.checks import audit
from seimbang.datasets.intake.base import Hints
from seimbang.datasets.intake.folders import understand
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings

SMALL = ImageSettings(size=(16, 16))
WARNINGS = {"UNREADABLE", "FILES_LOST", "FILES_NOTED", "CLASS_NAMES"}


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path_factory.mktemp("cache")))


def load(path):
    """Return what is understood of some data, and the data set that comes of it."""
    understood = understand(path, Hints())
    settings = datasets.make(understood.data)
    return understood, datasets.load(settings, SMALL, path.resolve().parent)


def contents(folder):
    """Return what a folder holds, to see whether anything changes."""
    files = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_is_understood(name, tmp_path):
    made = UNDERSTOOD[name]
    path = made.make(tmp_path)
    before = contents(tmp_path)
    understood, data = load(path)
    frame = data.cases.frame
    assert dict(Counter(frame.label)) == made.counts
    assert data.cases.classes[-1] == understood.data["positive"] == made.positive
    assert dict(Counter(frame.split[frame.split != ""])) == made.splits
    assert (frame.group[frame.group != ""].nunique() if "group" in understood.data else 0) == made.patients
    assert dict(Counter((note.label, note.code) for note in data.left_out)) == made.left
    assert dict(Counter(note.code for note in data.noted)) == made.noted
    assert understood.image == {"size": [made.side, made.side], "channels": made.channels}
    codes = {finding.code for finding in audit(data)}
    assert codes & WARNINGS == set(made.findings)
    assert ("FILES_LEFT_OUT" in codes) == any(code.startswith("FILE_") for _, code in made.left)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_every_file_is_used_or_named(name, tmp_path):
    path = UNDERSTOOD[name].make(tmp_path)
    if path.is_dir():
        _, data = load(path)
        named = [*data.cases.frame.path, *(note.path for note in data.left_out)]
        assert len(named) == len(set(named))
        files = {file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file() or file.is_symlink()}
        beside_links = {file for file in files if not (path / file).is_dir()}
        assert beside_links <= set(named)


@pytest.mark.parametrize("name", HOPELESS)
def test_is_refused(name, tmp_path):
    make, code = HOPELESS[name]
    path = make(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(DataError) as caught:
        load(path)
    assert caught.value.code == code
    assert caught.value.fix
    assert contents(tmp_path) == before


def test_loose_images_beside_a_table_are_sent_to_the_table(tmp_path):
    (make_folders.flat(tmp_path) / "labels.csv").write_text("image,label\n")
    with pytest.raises(DataError, match=r"To fix it: seimbang init set/labels\.csv"):
        understand(tmp_path / "set", Hints())


def test_what_the_user_says_is_taken(tmp_path):
    path = make_folders.patients_as_folders(tmp_path)
    assert understand(path, Hints(positive="NORMAL")).data["positive"] == "normal"
    assert understand(path, Hints(group="folder")).data["group"] == {"from": "folder", "level": 1}
    with pytest.raises(DataError, match="DATA_POSITIVE"):
        understand(path, Hints(positive="cyst"))
    with pytest.raises(DataError, match="DATA_GROUP_PATTERN"):
        understand(path, Hints(group="name"))
    with pytest.raises(DataError, match="DATA_GROUP_LEVEL"):
        understand(make_folders.busi(tmp_path / "other"), Hints(group="folder"))


def test_an_archive_gives_what_its_folder_does(tmp_path):
    """The digests are those of the members, and the cache serves both."""
    folder = make_folders.plain(tmp_path)
    _, unpacked = load(folder)
    _, packed = load(make_folders.packed(folder, "chest.zip"))
    assert packed.cases.frame.equals(unpacked.cases.frame)
    assert np.array_equal(packed.X, unpacked.X)
    assert packed.name == unpacked.name == "chest"


def test_an_external_set_spelt_otherwise_has_the_internal_classes(tmp_path):
    internal = make_folders.numbered(tmp_path / "a", normal=4, sick=3)
    external = make_folders.images(
        tmp_path / "b", *(f"{label}/x{k}.png" for label in ("NORMAL", "Sick ") for k in range(3))
    )
    classes = load(internal)[1].cases.classes
    data = datasets.load(datasets.make({"source": "folder", "path": "b"}), SMALL, external.parent, classes)
    assert data.cases.classes == classes == ("normal", "sick")
    assert Counter(data.cases.frame.label) == {"normal": 3, "sick": 3}
    assert "CLASS_NAMES" in {finding.code for finding in audit(load(internal)[1], external={"B": data})}


def test_a_study_leaves_out_and_renames_however_the_names_are_spelt(tmp_path):
    make_folders.numbered(tmp_path / "set", Normal=3, COVID=3, **{"Viral Pneumonia": 3})
    values = {"source": "folder", "path": "set", "leave_out": ["covid"], "classes": {"viral pneumonia": "sick"}}
    data = datasets.load(datasets.make(values), SMALL, tmp_path)
    assert Counter(data.cases.frame.label) == {"Normal": 3, "sick": 3}
    assert Counter((note.label, note.code) for note in data.left_out) == {("COVID", "FILE_ASKED"): 3}

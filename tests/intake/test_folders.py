"""Folders and archives as people have them: what is understood of each, and what is said of the hopeless ones."""

import hashlib
from collections import Counter
from pathlib import Path

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

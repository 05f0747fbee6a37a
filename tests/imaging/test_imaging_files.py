"""A file is the old one or the whole new one; a refusal of the machine has its code."""

import errno
import os

import pytest

from seimbang.errors import ResourceError
from seimbang.imaging.files import open_atomic, write_atomic


def test_writes_text_and_bytes_and_makes_folders(tmp_path):
    write_atomic(tmp_path / "a" / "b.txt", "å")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "å".encode()
    write_atomic(tmp_path / "a" / "b.txt", b"new")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"new"


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_who_may_read_a_file_is_the_umasks(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        write_atomic(tmp_path / "a", "of patients")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == mode


def test_an_error_half_way_leaves_the_old_file(tmp_path):
    write_atomic(tmp_path / "a", "old")

    def half():
        with open_atomic(tmp_path / "a") as file:
            file.write(b"ne")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        half()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "DISK_FULL"),
        (errno.EDQUOT, "DISK_FULL"),
        (errno.EACCES, "NOT_WRITABLE"),
        (errno.EROFS, "NOT_WRITABLE"),
        (errno.EPERM, "NOT_WRITABLE"),
        (errno.ENOENT, "NOT_WRITABLE"),
    ],
)
def test_refusals(tmp_path, monkeypatch, number, code):
    def refuse(*_):
        raise OSError(number, "refused")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(ResourceError) as caught:
        write_atomic(tmp_path / "a", "text")
    assert caught.value.code == code
    assert str(tmp_path / "a") in caught.value.found
    assert list(tmp_path.iterdir()) == []


def test_other_errors_stay_what_they_are(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, "broken disk")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="broken disk"):
        write_atomic(tmp_path / "a", "text")

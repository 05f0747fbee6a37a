"""What never ends is refused: pipes, devices and sockets in place of files, and patterns that backtrack for years."""

import os
import signal
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch  # noqa: F401 (what takes seconds to import is no file that hangs)

from seimbang.datasets import load, make
from seimbang.datasets.groups import ByName
from seimbang.datasets.intake import understand
from seimbang.errors import ImageError, SeimbangError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.files import file_digest, read_whole
from seimbang.imaging.store import Folder
from seimbang.networks.weights import read
from seimbang.serving.many import predict_images
from seimbang.study.load import load as load_study

UNASKED = SimpleNamespace(predict=None)
ENDINGS = ("", ".png", ".csv", ".zip", ".npz", ".npy", ".xlsx", ".toml")


@pytest.fixture(autouse=True)
def limit():
    """A test that waits for what never comes ends with an error of its own."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it hangs"))
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=["pipe", "link", "socket", "device"])
def special(request, tmp_path, monkeypatch):
    """Return what makes a pipe, a link to one, a socket or ``/dev/zero`` with an ending."""
    monkeypatch.chdir(tmp_path)

    def make_one(ending):
        path = Path(f"it{ending}")
        if request.param == "pipe":
            os.mkfifo(path)
        elif request.param == "socket":
            socket.socket(socket.AF_UNIX).bind(str(path))
        elif request.param == "device":
            path.symlink_to("/dev/zero")
        else:
            os.mkfifo(f"pipe{ending}")
            path.symlink_to(f"pipe{ending}")
        return path

    return make_one


def code_of(error, work):
    with pytest.raises(error) as caught:
        work()
    return caught.value.code


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_special_is_read_as_data(special, ending):
    path = special(ending)
    assert code_of(SeimbangError, lambda: understand(path)) == "DATA_FORMAT"
    assert code_of(SeimbangError, lambda: load_study(str(path))) == "STUDY_MISSING"
    assert file_digest(path) == ""
    assert code_of(ImageError, lambda: Folder(Path()).read(path.name)) == "IMG_NO_ACCESS"
    assert Folder(Path()).head(path.name) == b""


@pytest.mark.parametrize(
    ("source", "ending", "code"),
    [
        ("folder", ".zip", "DATA_ZIP"),
        ("csv", ".csv", "DATA_MISSING"),
        ("npz", ".npz", "DATA_MISSING"),
        ("npz", ".npy", "DATA_MISSING"),
        ("excel", ".xlsx", "DATA_MISSING"),
    ],
)
def test_nor_by_a_study(special, source, ending, code):
    path = special(ending)
    settings = make({"source": source, "path": path.name})
    assert code_of(SeimbangError, lambda: load(settings, ImageSettings(), Path())) == code


def test_nor_as_weights_or_as_an_image_to_be_classified(special):
    assert code_of(SeimbangError, lambda: read(special(".pth"))) == "WEIGHTS_UNREADABLE"
    ((_, said),) = predict_images(UNASKED, [special(".png")])
    assert said.code == "IMG_MISSING"


def test_a_file_is_measured_before_it_is_read(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(OSError, match="more than 1,073,741,824 bytes"):
        read_whole(tmp_path / "large")
    assert code_of(ImageError, lambda: Folder(tmp_path).read("large")) == "IMG_TOO_LARGE"
    ((_, said),) = predict_images(UNASKED, [tmp_path / "large"])
    assert said.code == "IMG_MISSING"
    (tmp_path / "s.toml").symlink_to("large")
    assert code_of(SeimbangError, lambda: load_study(str(tmp_path / "s.toml"))) == "STUDY_SYNTAX"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*x", "(a?){50}a{250}$", r"(\w+\s?)*$"])
def test_no_pattern_backtracks_without_end(pattern):
    name = "a" * 200 + "!"
    with pytest.raises(SeimbangError, match=f"DATA_GROUP_PATTERN.*{name}"):
        ByName(pattern=pattern).patients([name])


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)b", "(?<!a)b", "a{5000}", "("])
def test_what_cannot_be_run_in_linear_time_is_no_pattern(pattern):
    with pytest.raises(ValueError, match="a regular expression without look-around and back references"):
        ByName(pattern=pattern)

"""Decoding in a process of its own: the same pixels and errors, and whatever kills it is one error of one file."""

import io
import os
import signal
import threading
import time

import numpy as np
import pytest
from PIL import Image

from seimbang.errors import ImageError
from seimbang.imaging import worker
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode_noted, open_noted
from seimbang.imaging.notes import NO_END
from seimbang.imaging.worker import decode_apart, open_apart

NOISE = np.random.default_rng(0).integers(0, 256, (40, 60), dtype=np.uint8)
ASKED = ImageSettings(size=(40, 60))
BODY = "from seimbang.imaging import worker; {}; worker.serve()"


def encoded(kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(NOISE).save(file, kind)
    return file.getvalue()


@pytest.fixture
def hostile(monkeypatch):
    """Return what makes new workers run some code first."""
    monkeypatch.setattr(worker, "_idle", [])
    start = worker.subprocess.Popen

    def swap(code):
        def changed(command, **options):
            return start([*command[:2], BODY.format(code)], **options)

        monkeypatch.setattr(worker.subprocess, "Popen", changed)

    yield swap
    monkeypatch.undo()


def code_of(data=b"\x89PNG\r\n\x1a\n"):
    with pytest.raises(ImageError) as caught:
        decode_apart(data, ASKED, "a.png")
    return caught.value.code


def test_pixels_notes_and_errors_are_those_of_the_decoder():
    for data in (encoded(), encoded("JPEG")[:-2]):
        for apart, here in ((decode_apart, decode_noted), (open_apart, open_noted)):
            (pixels, note), (same, said) = apart(data, ASKED, "a"), here(data, ASKED, "a")
            assert np.array_equal(pixels, same)
            assert note == said
    assert note == NO_END
    with pytest.raises(ImageError, match=r"IMG_NOT_IMAGE: .*x\.png"):
        decode_apart(b"text", ASKED, "x.png")


def test_one_worker_is_started_and_used_again(monkeypatch):
    monkeypatch.setattr(worker, "_idle", [])
    for _ in range(3):
        decode_apart(encoded(), ASKED, "a")
    (first,) = worker._idle
    os.kill(first._process.pid, signal.SIGKILL)
    first._process.wait()
    assert decode_apart(encoded(), ASKED, "a")[0].shape == (40, 60, 1)  # started anew
    (second,) = worker._idle
    assert second is not first
    second.stop()


def test_threads_have_workers_of_their_own():
    rows = {}
    threads = [
        threading.Thread(target=lambda k=k: rows.update({k: decode_apart(encoded(), ASKED, "a")})) for k in range(3)
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert all(np.array_equal(pixels[..., 0], NOISE) for pixels, _ in rows.values())
    assert len(rows) == 3


@pytest.mark.parametrize(
    "code",
    [
        "worker.decode_noted = lambda *_: __import__('os').abort()",
        "worker.SECONDS = 1; worker.decode_noted = lambda *_: [None for _ in iter(int, 1)]",
        "worker.decode_noted = lambda *_: bytearray(4 << 30)",
        "worker.decode_noted = lambda *_: __import__('os').write(0, b'x' * 99)",
        "worker._answer = lambda *_: ({'shape': [9, 9, 9], 'note': None}, b'short')",
        "worker._answer = lambda *_: ({'kind': 'SystemExit', 'error': [1, 2, 3, 4]}, b'')",
    ],
    ids=["crash", "endless", "memory", "junk", "shape", "error"],
)
def test_what_kills_or_exceeds_the_worker_is_one_error(hostile, code):
    hostile(code)
    started = time.monotonic()
    assert code_of() == "IMG_UNSAFE"
    assert time.monotonic() - started < 15
    assert worker._idle == []


def test_the_clock_limits_it_too(hostile, monkeypatch):
    hostile("worker.decode_noted = lambda *_: __import__('time').sleep(60)")
    monkeypatch.setattr(worker, "SECONDS", 1)
    assert code_of() == "IMG_UNSAFE"

"""Files that cannot be trusted are decoded in a process of their own, with limits; it is started anew when it dies."""

import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path
from struct import Struct
from typing import Any

import numpy as np

from seimbang.errors import ImageError, ResourceError, SeimbangError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import Pixels, decode_noted, open_noted
from seimbang.imaging.notes import Note

MEMORY = 1 << 30
"""Bytes that the process may take, with what it has when it starts."""
SECONDS = 20
"""Of one core, for one image; and three times as many by the clock."""

_LENGTHS = Struct(">IQ")  # of the header and of what follows it
_ERRORS = {kind.__name__: kind for kind in (ImageError, ResourceError)}
_HEADER = 1 << 20  # bytes of a reply besides pixels
_DIED = (OSError, EOFError, ValueError, KeyError, TypeError)  # and what a reply gives that no healthy process writes
_SOURCE = Path(__file__).parents[2]
_apart = os.name == "posix"  # elsewhere there are neither limits nor sockets as standard input

Decoded = tuple[Pixels, Note | None]


def decode_apart(data: bytes, settings: ImageSettings, name: str) -> Decoded:
    """Return what `decode_noted` does, from a process with limits.

    Raises:
        ImageError: What `decode_noted` raises; ``IMG_UNSAFE``: decoding it crashed or took more than the limits.
        ResourceError: ``EXTRA_MISSING``.
    """
    return _asked(data, settings, name, native=False) if _apart else decode_noted(data, settings, name)


def open_apart(data: bytes, settings: ImageSettings, name: str) -> Decoded:
    """Return what `open_noted` does, from a process with limits.

    Raises:
        ImageError: What `open_noted` raises, and ``IMG_UNSAFE``.
        ResourceError: ``EXTRA_MISSING``.
    """
    return _asked(data, settings, name, native=True) if _apart else open_noted(data, settings, name)


class _Worker:
    """A process that decodes one file after the other."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(3 * SECONDS)
        paths = os.pathsep.join(filter(None, (str(_SOURCE), os.environ.get("PYTHONPATH"))))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from seimbang.imaging.worker import serve; serve()"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )

    @property
    def usable(self) -> bool:
        """Whether it is a living child of this process, not of one that this was forked from."""
        return self.owner == os.getpid() and self._process.poll() is None

    def ask(self, header: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytearray]:
        """Send a file and wait for what comes back."""
        _send(self._socket, header, data)
        return _receive(self._socket)

    def stop(self) -> None:
        """End the process at once."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


_idle: list[_Worker] = []
_lock = threading.Lock()


def _taken() -> _Worker:
    """Return a worker that nobody uses, a new one where there is none."""
    with _lock:
        while _idle:
            if (worker := _idle.pop()).usable:
                return worker
    return _Worker()


def _asked(data: bytes, settings: ImageSettings, name: str, *, native: bool) -> Decoded:
    worker = _taken()
    try:
        header = {"settings": settings.model_dump_json(), "name": name, "native": native}
        decoded = _understood(*worker.ask(header, data))
    except SeimbangError:
        _give_back(worker)
        raise
    except _DIED as error:
        worker.stop()
        found = f"a file that crashes the decoder, or takes more than {SECONDS} s or {MEMORY >> 20:,} MB: {name}"
        raise ImageError("IMG_UNSAFE", found, "an ordinary image", "remove it, or export it again") from error
    except BaseException:  # Ctrl-C in the middle of an answer
        worker.stop()
        raise
    _give_back(worker)
    return decoded


def _give_back(worker: _Worker) -> None:
    with _lock:
        _idle.append(worker)


def _understood(reply: dict[str, Any], pixels: bytearray) -> Decoded:
    """Return the pixels of a reply, or raise its error; nothing in it is trusted."""
    if "error" in reply:
        code, found, expected, fix = map(str, reply["error"])
        raise _ERRORS[reply["kind"]](code, found, expected, fix)
    height, width, channels = map(int, reply["shape"])
    note = Note(*map(str, reply["note"])) if reply["note"] else None
    return np.frombuffer(pixels, np.uint8).reshape(height, width, channels), note


def _send(peer: socket.socket, header: dict[str, Any], data: bytes) -> None:
    head = json.dumps(header).encode()
    peer.sendall(_LENGTHS.pack(len(head), len(data)) + head)
    peer.sendall(data)


def _receive(peer: socket.socket) -> tuple[dict[str, Any], bytearray]:
    head, body = _LENGTHS.unpack(_exactly(peer, _LENGTHS.size))
    if head > _HEADER or body > MEMORY:
        raise ValueError("more than any image has")
    header: dict[str, Any] = json.loads(_exactly(peer, head))
    return header, _exactly(peer, body)


def _exactly(peer: socket.socket, size: int) -> bytearray:
    content = bytearray(size)
    view = memoryview(content)
    while view:
        count = peer.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return content


def serve() -> None:
    """Decode what comes over standard input, a socket, until its other end is closed."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that asks
    _limit_memory()
    with socket.socket(fileno=0) as peer:
        while True:
            try:
                request, data = _receive(peer)
            except (EOFError, OSError):
                return
            _limit_time()
            _send(peer, *_answer(request, bytes(data)))


def _answer(request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    work = open_noted if request["native"] else decode_noted
    try:
        pixels, note = work(data, _settings(request["settings"]), request["name"])
    except SeimbangError as error:
        return {"kind": type(error).__name__, "error": error.args}, b""
    return {"shape": pixels.shape, "note": note}, pixels.tobytes()


@lru_cache
def _settings(text: str) -> ImageSettings:
    return ImageSettings.model_validate_json(text)


def _limit_memory() -> None:
    import resource

    sizes = Path("/proc/self/statm")
    mapped, resident = map(int, sizes.read_text().split()[:2]) if sizes.is_file() else (0, 0)
    _lower(resource.RLIMIT_AS, (mapped - resident) * resource.getpagesize() + MEMORY)
    _lower(resource.RLIMIT_CORE, 0)


def _limit_time() -> None:
    import resource

    _lower(resource.RLIMIT_CPU, math.ceil(time.process_time()) + SECONDS)


def _lower(which: int, limit: int) -> None:
    import resource

    _, most = resource.getrlimit(which)
    resource.setrlimit(which, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))

"""The page's real server, started as a user starts it."""

import os
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest


@contextmanager
def _serve(run, *options, ignored=()):
    """Start ``seimbang serve``, able to write no byte to any file, and yield the process and its address.

    It starts with the signals ``ignored`` ignored, as under nohup.
    """

    def prepare():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)

    command = [sys.executable, "-m", "seimbang.cli", "serve", str(run), "--no-browser", "--port", "0", *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # as in a terminal of its own, where Ctrl-C reaches the whole group
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"},
        preexec_fn=prepare,
    )
    try:
        said = process.stdout.readline()  # ends also when the process does
        assert "http://127.0.0.1:" in said, process.stderr.read()
        yield process, said.split(" is at ")[1].split()[0]
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture(scope="session")
def serve():
    pytest.importorskip("streamlit", reason="the page's extra is not installed")
    return _serve

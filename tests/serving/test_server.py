"""The page's server without a browser: who can reach it, how it starts, fails and ends."""

import http.client
import importlib.util
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlparse

import pytest

from run_folder import fake_run
from seimbang.errors import ResourceError
from seimbang.serving import server


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("fake"), arms=1, external=False)


@pytest.fixture(scope="module")
def page(serve, run):
    with serve(run) as (_, address):
        yield urlparse(address)


def stream(page, **changes):
    """Ask for the connection over which all content goes, and return the status of the answer."""
    connection = http.client.HTTPConnection(page.hostname, page.port, timeout=20)
    headers = {
        "Host": page.netloc,
        "Origin": f"http://{page.netloc}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    connection.request("GET", "/_stcore/stream", headers=headers | changes)
    status = connection.sock and connection.getresponse().status
    connection.close()
    return status


def test_only_this_computer_reaches_it(page):
    assert page.hostname == "127.0.0.1"
    with socket.create_connection(("127.0.0.1", page.port), timeout=20):
        pass
    with pytest.raises(ConnectionRefusedError):  # a server of all addresses would answer here, too
        socket.create_connection(("127.0.0.2", page.port), timeout=20)


def test_a_foreign_name_or_page_gets_no_content(page):
    local = f"localhost:{page.port}"
    assert stream(page) == 101
    assert stream(page, Host=local, Origin=f"http://{local}") == 101
    assert stream(page, Host="evil.example", Origin="http://evil.example") == 403
    assert stream(page, Origin="http://evil.example") == 403


def children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see child processes")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_terminating_it_ctrl_c_and_a_closed_terminal_leave_no_process(serve, run, number):
    with serve(run) as (process, _):
        (child,) = children(process.pid)
        os.killpg(process.pid, number)  # as a terminal does: to the whole group
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert not Path(f"/proc/{child}").exists()
    assert said == ""


def test_under_nohup_a_closed_terminal_leaves_it_running(serve, run):
    with serve(run, ignored=(signal.SIGHUP,)) as (process, _):
        os.killpg(process.pid, signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=2)


def command(*words):
    done = subprocess.run([sys.executable, "-m", "seimbang.cli", "serve", *words], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_taken_port_is_said(run):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        code, said = command(str(run), "--no-browser", "--port", port)
    assert code == 6
    assert "PORT_TAKEN" in said
    assert f"port {port}" in said


def test_without_a_port_a_free_one_is_taken_where_the_usual_is_not():
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", server.USUAL_PORT))
            other.listen()
        except OSError:
            pass  # somebody else has it, which is as good
        assert server._free_port(None) not in (0, server.USUAL_PORT)


def test_a_missing_extra_is_said(run, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=r"EXTRA_MISSING.*pip install 'seimbang\[app\]'"):
        server.serve(run, None, None, False)


def test_what_is_no_run_starts_no_server(tmp_path):
    code, said = command(str(tmp_path), "--no-browser")
    assert code == 5
    assert "RUN_MISSING" in said


def test_a_server_that_ends_by_itself_is_said(run, monkeypatch):
    monkeypatch.setattr(server, "command", lambda *_: [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(ResourceError, match=r"SERVER_STOPPED.*code 3"):
        server.serve(run, 0, None, False)

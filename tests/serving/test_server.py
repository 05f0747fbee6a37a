"""The page's server without a browser: who can reach it, how it starts, fails and ends."""

import http.client
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlparse

import pytest

from run_folder import fake_run
from seimbang.errors import ResourceError
from seimbang.serving import server
from seimbang.serving.page_server import CLOSED


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


def ask(page, path="/", method="GET", **headers):
    """Return status and headers, in lower case, of an answer."""
    connection = http.client.HTTPConnection(page.hostname, page.port, timeout=20)
    connection.request(method, path, headers={"Host": page.netloc} | headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


FOREIGN = ("evil.example", "127.0.0.1.nip.io", "", "localhost.evil.example", "0.0.0.0", "127.0.0.2", "evil.localhost")


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_name_gets_neither_page_nor_socket(page, host):
    for path in ("/", "/static/js/index.js", "/_stcore/health", "/_stcore/host-config", "/_stcore/upload_file/a/b"):
        assert ask(page, path, Host=host)[0] == 400
    assert stream(page, Host=host, Origin=f"http://{host}") == 400


def test_a_foreign_page_gets_neither_page_nor_socket_and_brings_nothing(page):
    other = page.port + 1
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{other}", f"http://localhost:{page.port}"):
        assert ask(page, Origin=origin)[0] == 403
        assert ask(page, "/_stcore/upload_file/a/b", "PUT", Origin=origin)[0] == 403
        assert stream(page, Origin=origin) == 403


def test_this_computers_own_names_are_answered(page):
    for host in (page.netloc, f"localhost:{page.port}", f"LOCALHOST:{page.port}"):
        assert ask(page, Host=host)[0] == 200
    assert stream(page) == 101
    assert stream(page, Host=f"localhost:{page.port}", Origin=f"http://localhost:{page.port}") == 101


@pytest.mark.parametrize("path", ["/", "/nothing", "/_stcore/health", "/_stcore/metrics", "/favicon.png"])
def test_every_answer_says_what_a_browser_may_do_with_it(page, path):
    headers = ask(page, path)[1]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    allowed = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert (allowed["default-src"], allowed["connect-src"]) == ("'none'", "'self'")
    assert allowed["frame-ancestors"] == allowed["base-uri"] == "'none'"
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:"} & set(allowed["script-src"].split())


def test_no_foreign_page_may_frame_it_and_no_figures_of_the_server_answer(page):
    assert json.loads(ask(page, "/_stcore/host-config")[2])["allowedOrigins"] == []
    for path in CLOSED:
        assert ask(page, path)[0] == 404
        assert b"cache_memory" not in ask(page, f"{path}/")[2] + ask(page, f"/.{path}")[2] + ask(page, f"/{path}")[2]


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


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to see child processes")
@pytest.mark.parametrize("api", [(), ("--api",)])
def test_killed_it_leaves_no_process(serve, run, api):
    if api:
        pytest.importorskip("fastapi", reason="the service's extra is not installed")
    with serve(run, *api) as (process, _):
        (child,) = children(process.pid)
        process.kill()
        process.wait(timeout=10)
        end = time.monotonic() + 10
        while alive(child) and time.monotonic() < end:
            time.sleep(0.05)
        assert not alive(child)


def alive(pid):
    """Return whether a process runs; one that has ended and that nobody has asked for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


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

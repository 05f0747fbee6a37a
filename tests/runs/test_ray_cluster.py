"""A Ray cluster of two nodes on this machine, one of them killed halfway: the run finishes, with the same bits."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from run_files import changed, files

from seimbang.runs.run import run
from seimbang.study.load import to_dict, to_toml
from seimbang.study.schema import parse

pytest.importorskip("ray", reason="the extra 'ray' is not installed")
QUICK = {"period_ms": 500, "timeout_ms": 1000, "failure_threshold": 3, "initial_delay_ms": 0}


def study():
    return parse(
        {
            "title": "Two nodes",
            "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 60, "prevalence": 0.4}},
            "image": {"size": [24, 24]},
            "model": {"name": "cnn", "widths": [4, 8], "dense": [8]},
            "training": {"epochs": 20, "seeds": 4, "precision": "float32"},
            "arm": [{"name": "none"}],
        }
    )


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def cluster(tmp_path_factory, monkeypatch):
    """Start a head and a second node; return the address, and the second node's process, which leads a group."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    for key, value in QUICK.items():
        monkeypatch.setenv(f"RAY_health_check_{key}", str(value))
    folder, port = Path("/tmp") / f"ray-{os.getpid()}", free_port()  # its sockets need a short path
    common = ["--node-ip-address=127.0.0.1", "--num-cpus=1", "--object-store-memory=80000000", "--block"]
    head = ["--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={folder}"]
    nodes = [start([*head, *common])]
    wait(lambda: socket.create_connection(("127.0.0.1", port), 1).close(), 60)
    nodes.append(start([f"--address=127.0.0.1:{port}", *common]))
    yield f"127.0.0.1:{port}", nodes[1]
    for node in nodes:
        kill(node)
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def start(words):
    command = [str(Path(sys.executable).with_name("ray")), "start", *words]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill(node):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(node.pid, signal.SIGKILL)
    node.wait()


def wait(ready, seconds):
    end = time.monotonic() + seconds
    while True:
        try:
            return ready()
        except (OSError, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def test_the_run_finishes_when_a_node_dies(cluster, tmp_path):
    """The nodes have the cache folder of this process, so that both runs know the same memory layout."""
    address, second = cluster
    alone, out, file = tmp_path / "alone", tmp_path / "out", tmp_path / "study.toml"
    run(study(), Path(), alone)
    file.write_text(to_toml(to_dict(study())), encoding="utf-8")
    words = ["run", str(file), "--data", ".", "--out", str(out), "--on", "ray", "--address", address]
    process = subprocess.Popen([sys.executable, "-m", "seimbang.cli", *words], stderr=subprocess.PIPE, text=True)

    def two_at_work():
        lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
        assert len({line["job"] for line in lines if line["event"] == "epoch"}) >= 2

    wait(two_at_work, 120)
    kill(second)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert changed(files(out), files(alone)) == []
    done = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    jobs = [line["job"] for line in done if line["event"] == "job"]
    assert sorted(jobs) == sorted(set(jobs))

"""A machine without a network, and one whose disk is full: a run needs no network, and goes on when there is room."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or "SEIMBANG_FULL_DISKS" not in os.environ, reason="takes minutes: make hostile asks for it"
)
HERE = Path(__file__).parent
MOMENTS = int(os.environ.get("SEIMBANG_FULL_DISKS", "0"))
"""How often the disk is full; `make hostile` asks for 20."""


def in_namespace(flags, *command, **more):
    """Run a command in a namespace of its own; skip where that is not allowed."""
    if subprocess.run(["unshare", flags, "true"], capture_output=True, check=False).returncode:
        pytest.skip(f"unshare {flags} is not permitted here")
    return subprocess.run(
        ["unshare", flags, sys.executable, *map(str, command)], capture_output=True, text=True, check=False, **more
    )


def test_a_run_needs_no_network(tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(
        'title = "flowers"\n[data]\nsource = "sklearn:iris"\n[split]\nvalidation = 0.0\n[model]\nname = "tree"\n'
        '[[arm]]\nname = "none"\n'
    )
    done = in_namespace("-rn", "-m", "seimbang.cli", "run", study, "--out", tmp_path / "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000


def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(tmp_path):
    if subprocess.run(["unshare", "-mr", "mount", "-t", "tmpfs", "none", tmp_path], check=False).returncode:
        pytest.skip("mounting a tmpfs in a namespace is not permitted here")
    done = in_namespace("-mr", HERE / "full_disk.py", tmp_path, MOMENTS)
    assert done.returncode == 0, done.stderr + done.stdout
    codes = json.loads(done.stdout.splitlines()[-1])
    print(f"full disks: {len(codes)} of {MOMENTS} runs went on and gave the same, {codes}")
    assert len(codes) == MOMENTS
    assert all(tuple(code) in {("DISK_FULL", 6), ("", 0)} for code in codes)
    assert ["DISK_FULL", 6] in codes

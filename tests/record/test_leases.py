"""One holder at a time, whoever dies when."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from seimbang.errors import ResourceError
from seimbang.record import leases
from seimbang.record.leases import Leases

HOLD = """
import sys, time
from pathlib import Path
from seimbang.record.leases import Leases
lease = Leases(Path(sys.argv[1])).take("a")
print(lease is not None, flush=True)
time.sleep(60)
"""


def holder(folder):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "True\n"
    return process


def test_a_lease_is_held_by_one_and_free_again_when_given_back(tmp_path):
    first, second = Leases(tmp_path), Leases(tmp_path)
    with first.take("a") as lease:
        assert lease.held()
        assert second.take("a") is None
        assert second.take("b") is not None
        assert second.holder("a")["pid"] == os.getpid()
    assert not lease.held()
    assert second.take("a").held()
    assert second.holder("c") == {}


def test_names_that_begin_alike_are_not_each_other(tmp_path):
    assert Leases(tmp_path).take("a.1")
    assert Leases(tmp_path).take("a")
    assert Leases(tmp_path).take("a.1") is None


def test_a_killed_holder_on_this_machine_is_replaced_at_once(tmp_path):
    process = holder(tmp_path)
    assert Leases(tmp_path).take("a") is None
    process.kill()
    process.wait()
    lease = Leases(tmp_path).take("a")
    assert lease.held()
    assert [file.name for file in tmp_path.iterdir()] == ["a.2"]


def test_a_stopped_holder_on_this_machine_still_holds(tmp_path):
    process = holder(tmp_path)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        assert Leases(tmp_path).take("a") is None
    finally:
        process.kill()
        process.wait()


def test_a_holder_elsewhere_is_dead_when_its_file_is_not_touched_any_more(tmp_path, monkeypatch):
    process = holder(tmp_path)
    monkeypatch.setattr(leases, "STALE", 0.6)
    monkeypatch.setattr(leases, "BEAT", 0.1)
    monkeypatch.setattr(leases.socket, "gethostname", lambda: "elsewhere")
    watcher = Leases(tmp_path)
    file = tmp_path / "a.1"
    end = time.monotonic() + 1.5
    while time.monotonic() < end:  # touched, as by a living one
        os.utime(file)
        assert watcher.take("a") is None
        time.sleep(0.1)
    process.kill()
    process.wait()
    time.sleep(0.7)
    assert watcher.take("a").generation == 2


def test_who_only_slept_sees_that_it_lost_its_lease_and_cannot_give_back_the_new_one(tmp_path, monkeypatch):
    slept = Leases(tmp_path).take("a")
    monkeypatch.setattr(leases, "_started", lambda pid: "another start")  # as if our process were gone
    taken = Leases(tmp_path).take("a")
    assert taken.held()
    assert not slept.held()
    slept.release()
    assert taken.held()


def race(folder, barrier, won):
    mine = Leases(folder)
    for k in range(40):
        barrier.wait()
        if mine.take(f"job{k}"):
            won.put(k)
    barrier.wait()  # nobody dies before all have tried


def test_of_many_who_want_it_one_gets_it(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier, won = context.Barrier(4), context.Queue()
    processes = [context.Process(target=race, args=(tmp_path, barrier, won)) for _ in range(4)]
    for process in processes:
        process.start()
    numbers = sorted(won.get(timeout=60) for _ in range(40))
    for process in processes:
        process.join(60)
    assert numbers == list(range(40))
    assert won.empty()


def test_of_threads_that_take_over_a_dead_lease_one_gets_it(tmp_path):
    process = holder(tmp_path)
    process.kill()
    process.wait()
    won = []
    threads = [threading.Thread(target=lambda: won.append(Leases(tmp_path).take("a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = [lease for lease in won if lease and lease.held()]
    assert len(held) == 1


def test_the_heart_beats(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "BEAT", 0.05)
    lease = Leases(tmp_path).take("a")
    before = lease.file.stat().st_mtime_ns
    end = time.monotonic() + 5
    while lease.file.stat().st_mtime_ns == before and time.monotonic() < end:
        time.sleep(0.05)
    assert lease.file.stat().st_mtime_ns > before


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="NOT_WRITABLE"):
        Leases(tmp_path / "file" / "leases").take("a")


def test_leases_of_the_dead_are_swept_and_no_others(tmp_path):
    mine = Leases(tmp_path).take("b")
    process = holder(tmp_path)
    process.kill()
    process.wait()
    Leases(tmp_path).sweep()
    assert [file.name for file in tmp_path.iterdir()] == ["b.1"]
    assert mine.held()

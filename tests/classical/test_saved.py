"""The bytes of a saved model are its own: no address in memory, no clock, no number of threads is in them."""

import os
import subprocess
import sys
from zipfile import ZipFile

import numpy as np

from seimbang.balance import make as balancing
from seimbang.classical import CLASSICAL, fit
from seimbang.classical.saved import load, save
from seimbang.study.models import make
from seimbang.threads import limited

Y = np.repeat(np.arange(3), 14)
X = (np.random.default_rng(0).random((42, 5)) + Y[:, None]).astype(np.float32)


def fitted(settings):
    none = balancing({"method": "none"})
    return fit.fit(make(settings), none.recipe(X, Y, 0), X, Y, np.arange(42) // 2, none, 0)


PROGRAM = """
import hashlib, sys
sys.path.insert(0, {folder!r})
from test_saved import CLASSICAL, fitted, save
for name in CLASSICAL:
    for settings in ({{"name": name}}, {{"name": name, "calibrate": "isotonic", "pca": 2}}):
        print(name, hashlib.sha256(save(fitted(settings))).hexdigest())
"""


def test_two_processes_write_equal_bytes(request):
    program = PROGRAM.format(folder=str(request.path.parent))
    command, environments = [sys.executable, "-c", program], [os.environ | {"PYTHONHASHSEED": seed} for seed in "12"]
    runs = [subprocess.run(command, env=env, capture_output=True, text=True) for env in environments]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.splitlines()) == 2 * len(CLASSICAL)


def test_the_members_are_numbered_and_have_no_time(tmp_path):
    model = fitted({"name": "svm"})
    (tmp_path / "model.skops").write_bytes(save(model))
    with ZipFile(tmp_path / "model.skops") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        numbers = [int(name.split(".")[0]) for name in archive.namelist() if name != "schema.json"]
    assert numbers
    assert max(numbers) < 10_000
    np.testing.assert_array_equal(load(save(model)).probabilities(X), model.probabilities(X))


def test_a_forest_does_not_depend_on_the_number_of_threads(monkeypatch):
    monkeypatch.setattr(fit, "MANY", 0)
    files = []
    for number in (1, 3):
        with limited(number):
            files.append(save(fitted({"name": "forest"})))
    assert files[0] == files[1]

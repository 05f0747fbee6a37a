"""Files made to do harm: each ends in its code, within the limits of the process that decodes it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attacks import ATTACKS, SIGNED, SMALL
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.worker import open_apart

ROOT = Path(__file__).parents[2]
GIGABYTE = 1 << 30
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from /proc")


def said(*command):
    """Return what a small process of its own prints: the memory of children is never below that of their parent."""
    paths = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
    env = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run([sys.executable, *command], env=env, capture_output=True, check=True, text=True).stdout


@pytest.fixture(scope="module")
def results():
    return json.loads(said(ROOT / "tests/attacks.py"))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_in_its_code(results, name):
    code, seconds, memory = results[name]
    assert code == ATTACKS[name][1]
    assert seconds < 20
    assert 10**7 < memory < GIGABYTE


def test_signed_values_below_their_intercept_are_read():
    pixels = open_apart(SIGNED, ImageSettings(), "a file")[0][..., 0]
    values = 2.0 * (SMALL.astype(int) - 128) - 1024  # PS3.3 C.11.2.1.2
    assert np.array_equal(pixels, np.rint(255 * ((values + 1024) / 510 + 0.5).clip(0, 1)))


def test_a_few_seconds_of_fuzzing_end_in_pixels_or_codes():
    lines = said(ROOT / "benchmarks/fuzz.py", "--minutes", "0.05").splitlines()
    assert int(lines[0].split()[0].replace(",", "")) > 50
    assert "decoded" in lines[1]
    assert "IMG_CORRUPT" in lines[1]
    assert lines[2].startswith("0 crashes")

"""Slices are put back in order and cut into runs of known lengths; the real ids, where they are there."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
import brain_patients  # noqa: E402

sys.path.remove(str(ROOT / "benchmarks"))  # a benchmark has the name of a folder of tests

IDS = ROOT.parent / "shared" / "data" / "brain_tumor_patients.csv"
LENGTHS = [5, 3, 9, 7, 4, 6]


@pytest.fixture(scope="module")
def slices():
    """Slices of six patients, those of one much alike and each most like the ones beside it, with norm 1."""
    rng = np.random.default_rng(0)
    rows = []
    for length in LENGTHS:
        first, last = rng.normal(size=(2, 300))
        rows += [first + last * k / length * 0.5 + rng.normal(0, 0.02, 300) for k in range(length)]
    made = np.stack(rows)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_two_parts_are_put_back_into_one_order(slices):
    testing = np.array([4, 6, 12, 15, 22, 30])
    training = np.setdiff1d(np.arange(len(slices)), testing)
    order = brain_patients.in_order(slices[training], slices[testing])
    back = [int((testing if of_testing else training)[row]) for of_testing, row in order]
    assert sorted(back) == list(range(len(slices)))
    assert np.abs(np.array(back) - np.arange(len(slices))).max() <= 1


def test_runs_end_where_patients_do(slices):
    ends = brain_patients.cut(brain_patients.likeness(slices), Counter(LENGTHS))
    assert ends == np.cumsum(LENGTHS).tolist()


def test_lengths_decide_where_likeness_does_not():
    cost = np.full(11, 0.5)
    cost[[3, 5]] = 0.1, 0.0
    assert np.diff([0, *brain_patients.cut(cost, Counter([4, 8]))]).tolist() in ([4, 8], [8, 4])
    assert brain_patients.cut(cost, Counter([4, 8]))[0] == 4


def test_a_doubtful_cut_joins_its_runs_and_a_certain_id_goes_by_its_stem():
    kept = np.zeros(11)
    kept[[3, 6]] = 1.0  # 4, 3 and 5 slices are certain cuts; the last five are cut in half of the solutions
    kept[8] = 0.5
    matched = brain_patients.Matched([Path(f"{k}.jpg") for k in range(12)], [4, 7, 12], kept)
    ids = pd.DataFrame({"id": ["MR040240B", "12", "34", "56"], "slices": [4, 3, 3, 2]})
    table = brain_patients.patients(matched, ids, "glioma")
    assert table.patient.tolist() == ["MR040240"] * 4 + ["glioma-0004"] * 3 + ["glioma-0007"] * 5
    assert table.certain.tolist() == [True] * 7 + [False] * 5


@pytest.mark.skipif(not IDS.is_file(), reason=f"no {IDS}")
def test_the_known_facts_count_the_ids():
    ids = pd.read_csv(IDS, dtype=str).id
    stems = [match[1] if (match := brain_patients.STEM.match(name)) else name for name in ids]
    of_mr = [stem for stem in stems if stem.startswith("MR")]
    assert (len(ids), len(of_mr), len(set(of_mr)), len(set(stems))) == (233, 67, 43, 209)

"""Weights that were trained on what an arm is tested on are a leak, by their run folder or by publication."""

import hashlib

import numpy as np
import pytest
from audit_cases import dataset
from test_known_data import images

from seimbang.checks import WeightsEvidence, audit_weights, known_data
from seimbang.checks.known_data import Fact, KnownData, TrainedWeights, kept_digests
from seimbang.imaging.similarity import thumbnails

WEIGHTS = b"weights"


@pytest.fixture
def published(monkeypatch):
    digests = " ".join(kept_digests(thumbnails(images(200, 0))))
    weights = (
        TrainedWeights(name="by name", file="set-densenet", source="s"),
        TrainedWeights(name="by content", sha256=hashlib.sha256(WEIGHTS).hexdigest(), source="s"),
    )
    fact = (Fact(about="patients", text="Twelve.", source="a paper"),)
    known = KnownData(name="Set", fact=fact, weights=weights, digests=digests)
    monkeypatch.setattr(known_data, "known_data", lambda: (known,))


def findings(file, learned, *tested):
    sets = [(data, np.arange(len(data.cases))[start:]) for data, start in tested]
    return audit_weights(WeightsEvidence(file, frozenset(learned), sets), "arm")


def test_cases_that_the_run_of_the_weights_trained_on_are_named(tmp_path):
    digests = [f"{k:064}" for k in range(40)]
    data = dataset(images(40, 1), n=40, digest=digests)
    (finding,) = findings(tmp_path / "w.safetensors", digests[:23], (data, 20))
    assert (finding.code, finding.severity, finding.arm, finding.count) == ("WEIGHTS_TEST", "leak", "arm", 3)
    assert finding.cases == tuple(data.cases.frame.case_id[20:23])
    assert "on 3 of 20 tested images" in finding.sentence
    assert not findings(tmp_path / "w.safetensors", digests[:20], (data, 20))


@pytest.mark.parametrize("name", ["set-densenet.safetensors", "other.pth"])
def test_published_weights_are_known_by_name_or_content_where_the_data_set_is(tmp_path, published, name):
    file = tmp_path / name
    file.write_bytes(WEIGHTS)
    (finding,) = findings(file, (), (dataset(images(90, 1), n=90), 0), (dataset(images(200, 0), n=200), 60))
    assert "by name" in finding.sentence or "by content" in finding.sentence
    assert not findings(file, (), (dataset(images(90, 1), n=90), 0))


def test_unknown_weights_are_no_finding(tmp_path, published):
    file = tmp_path / "mine.pth"
    file.write_bytes(b"other")
    assert not findings(file, (), (dataset(images(200, 0), n=200), 60))


def test_shipped_weights_can_be_recognised():
    every = [weights for known in known_data.known_data() for weights in known.weights]
    assert every
    assert all((weights.file or len(weights.sha256) == 64) and weights.source for weights in every)

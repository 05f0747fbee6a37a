"""Public data are recognised by their pixels, also a part of them, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest
from audit_cases import dataset, finding_of

from seimbang.checks import known_data
from seimbang.checks.known_data import Fact, KnownData, kept_digests, recognise
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode
from seimbang.imaging.similarity import thumbnails

REAL = Path(__file__).parents[3] / "shared" / "data"
SETS = {"chest_xray": "children", "chest_xray_external": "adults", "kidney_ct": "Kidney", "brain_tumor": "Brain"}


def images(n, seed, side=64):
    """Smooth random images, as photographs are and noise is not."""
    small = np.random.default_rng(seed).integers(0, 256, (n, 8, 8)).astype(np.uint8)
    return np.repeat(np.repeat(small, side // 8, 1), side // 8, 2)[..., None]


@pytest.fixture
def known(monkeypatch):
    digests = " ".join(kept_digests(thumbnails(images(200, 0))))
    one = KnownData(name="Set", fact=(Fact(about="patients", text="Twelve.", source="a paper"),), digests=digests)
    monkeypatch.setattr(known_data, "known_data", lambda: (one,))
    return one


def shares(X):
    return [round(found.share, 2) for found in recognise(thumbnails(X))]


def test_a_quarter_of_the_digests_is_kept():
    assert 30 < len(kept_digests(thumbnails(images(200, 0)))) < 70


def test_the_whole_set_and_a_part_of_it_are_recognised_whatever_the_size(known):
    assert shares(images(200, 0)) == [1.0]
    assert shares(images(200, 0, side=128)[:80]) == [1.0]


def test_the_share_among_other_images_is_said(known):
    both = np.concatenate([images(200, 0), images(200, 1)])
    (share,) = shares(both)
    assert 0.4 < share < 0.6


def test_other_images_few_images_and_tiny_ones_are_not_recognised(known):
    assert shares(images(200, 1)) == []
    assert shares(images(200, 0)[:4]) == []
    assert shares(images(200, 0, side=16)) == []
    assert shares(np.zeros((50, 64, 64, 1), np.uint8)) == []


def test_the_finding_says_all_facts_with_their_sources(known):
    finding = finding_of("KNOWN_DATA", dataset(images(90, 0)))
    assert finding.severity == "info"
    assert finding.sentence == "About 100% of the images are of a known data set: Set. Patients: Twelve. [a paper]"
    assert finding_of("KNOWN_DATA", dataset(images(90, 1))) is None


def test_every_shipped_set_has_facts_with_sources_and_digests():
    assert len(known_data.known_data()) == len(SETS)
    for one in known_data.known_data():
        assert one.fact
        assert all(fact.source and fact.text for fact in one.fact)
        assert len(one.digests.split()) > 100


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no {REAL}")
@pytest.mark.parametrize("folder", SETS)
def test_the_real_sets_are_recognised_and_not_taken_for_each_other(folder):
    files = sorted((REAL / folder).rglob("*.jp*g"))
    files = [files[k] for k in np.linspace(0, len(files) - 1, 120).astype(int)]
    X = np.stack([decode(file.read_bytes(), ImageSettings(size=(96, 80)), file.name) for file in files])
    (found,) = recognise(thumbnails(X))
    assert SETS[folder] in found.known.name
    assert found.share > 0.4

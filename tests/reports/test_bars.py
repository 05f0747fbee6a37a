"""The bars show each arm under each protocol and in each external set, with the published figures."""

from dataclasses import replace

import pytest

from run_folder import fake_run
from seimbang.record.read import read
from seimbang.reports.bars import draw


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read(fake_run(tmp_path_factory.mktemp("bars") / "run", arms=2))


def test_a_bar_for_each_arm_and_set_with_the_published_figure(run):
    figure = draw(run)["bars-accuracy"]
    for part in ("as published, test", "as published, NIH", "none, test", "none, NIH"):
        assert part in figure.alt
    assert figure.alt.count("published 0.72") == 1
    assert "red edge: leaks" in figure.svg


def test_nothing_is_drawn_where_one_figure_an_arm_says_it_all(run):
    alone = [
        replace(arm, metrics=arm.metrics.model_copy(update={"sets": {"test": arm.metrics.sets["test"]}}))
        for arm in run.arms
    ]
    assert draw(replace(run, arms=alone)) == {}

"""Nothing in a figure is cut off, and its curves are those of the numbers."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from sklearn.metrics import average_precision_score

from run_folder import fake_run
from seimbang.record.read import read, read_predictions
from seimbang.reports import architecture, bars, comparison, curves, decision, figures, quality


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = fake_run(tmp_path_factory.mktemp("figures") / "run", arms=3)
    run = read(folder)
    long = {"before": {"Kellgren-Lawrence grade 0 and 1": 1200, "PNEUMONIA": 9}, "after": {"PNEUMONIA": 1200}}
    first = replace(run.arms[0], facts=run.arms[0].facts.model_copy(update=long))
    return replace(run, arms=[first, *run.arms[1:]])


def cut_off(canvas):
    """Return each text that is drawn beyond the edge of its figure."""
    FigureCanvasAgg(canvas)
    canvas.draw_without_rendering()
    page = canvas.bbox
    hidden = {label for axes in canvas.axes for axis in (axes.xaxis, axes.yaxis) for label in unseen(axis)}
    texts = [one for one in canvas.findobj(Text) if one.get_text().strip() and one.get_visible() and one not in hidden]
    boxes = {one: one.get_window_extent() for one in texts}
    return [
        one.get_text()
        for one, box in boxes.items()
        if min(box.x0 - page.x0, box.y0 - page.y0, page.x1 - box.x1, page.y1 - box.y1) < -1
    ]


def unseen(axis):
    """Yield the labels of ticks outside of the limits, which are not drawn."""
    low, high = sorted(axis.get_view_interval())
    for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
        if not low - 1e-9 <= tick.get_loc() <= high + 1e-9 or not axis.axes.axison:
            yield from (tick.label1, tick.label2)


@pytest.mark.parametrize("room", [figures, curves, decision, bars, comparison, architecture, quality])
def test_no_label_is_cut_off(run, room, monkeypatch):
    wrong = []

    def check(canvas, kind):
        if kind == "svg" and (texts := cut_off(canvas)):
            wrong.append(texts)
        return b""

    monkeypatch.setattr(figures, "_as", check)
    assert room.draw(run)
    assert wrong == []


def test_the_area_below_the_steps_of_precision_and_recall_is_the_average_precision(run):
    for arm in run.arms:
        test = read_predictions(arm.folder).query("set == 'test'")
        y, p = test.label == "PNEUMONIA", test.p_PNEUMONIA.astype(float)
        recall, precision = np.array(arm.test.default.precision_recall).T
        area = float((precision * np.diff(recall, prepend=0)).sum())
        assert area == pytest.approx(average_precision_score(y, p), abs=1e-4)
        assert area == pytest.approx(arm.test.default.metrics["average_precision"].value, abs=1e-4)
    drawn = figures.draw(run)["precision-recall"]
    assert f"as published {arm_precision(run)}" in drawn.alt
    assert "chance 0.62" in drawn.alt
    assert ", AP 0." in drawn.svg


def arm_precision(run):
    return run.arms[0].test.default.metrics["average_precision"]

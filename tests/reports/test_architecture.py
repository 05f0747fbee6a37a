"""The drawing holds every layer, in order, whole and inside the page."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from run_folder import fake_run
from seimbang.record.read import read
from seimbang.reports.architecture import ACROSS, _rows, architecture, draw
from seimbang.training.base import Layer

A4 = 180 / 25.4, 260 / 25.4
STAGE = ["Convolution", "Batch normalisation (ReLU)", "Average pooling", "Dropout"]
HEAD = ["Flatten", "Dense (ReLU)", "Dropout", "Dense (softmax)"]


def layers(*names):
    return [Layer(name, (224, 224, n), 1000 * n, "x.") for n, name in enumerate(names)]


def words(svg):
    """Return the texts of the drawing, lines of one text joined."""
    return " ".join("".join(one.itertext()).strip() for one in ET.fromstring(svg).findall(".//{*}text"))


@pytest.mark.parametrize("stages", [1, 7, 10])
def test_every_layer_is_drawn_in_order_on_one_page(stages):
    rows = layers(*(STAGE * stages + HEAD))
    figure = architecture("a", "network", rows)
    text = words(figure.svg)
    at = [text.index(f"224 × 224 × {n} ") for n in range(len(rows))]
    assert at == sorted(at)
    assert f"{1000 * len(rows) - 1000:,} param." in text
    for name in (*STAGE, *HEAD):
        assert all(word in text for word in name.split())
        assert name in figure.alt
    root = ET.fromstring(figure.svg)
    width, height = (float(root.get(side).removesuffix("pt")) / 72 for side in ("width", "height"))
    assert width <= A4[0]
    assert height <= A4[1]


def test_a_line_ends_after_pooling_and_where_it_is_full():
    names = [[one.name for one in row] for row in _rows(layers(*(STAGE + ["Convolution"] * 7 + HEAD)))]
    assert names[0] == STAGE
    assert names[1] == ["Convolution"] * ACROSS
    assert names[2:] == [["Convolution", *HEAD]]


def test_one_drawing_for_each_network(tmp_path):
    folder = fake_run(tmp_path / "run", arms=3)
    arms = [arm.facts.slug for arm in read(folder).arms]
    assert list(draw(read(folder))) == [f"architecture-{arms[0]}"]
    path = Path(folder) / "arms" / arms[2] / "arm.json"
    facts = json.loads(path.read_text())
    facts["layers"][1]["parameters"] += 1
    path.write_text(json.dumps(facts))
    assert list(draw(read(folder))) == [f"architecture-{arms[0]}", f"architecture-{arms[2]}"]

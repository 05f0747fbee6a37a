"""The executed notebook runs, and shows what it gives."""

import re

import notebook

from seimbang.runs import forecast
from seimbang.runs.quick import Cut

CELLS = notebook.code_cells(notebook.read())


def skeleton(output):
    """Return what an output has on every machine: its kinds, and of HTML the tags and the headings.

    How many sentences an answer has, and which words are set off, depends on the figures, as it does whether one has
    an interval.
    """
    html = "".join(output.get("data", {}).get("text/html", ""))
    tags = [tag for tag in re.findall(r"</?(\w+)", html) if tag not in {"p", "strong", "em", "small"}]
    headings = [re.sub(r"\d+", "N", heading) for heading in re.findall(r"<th[^>]*>([^<]*)", html)]
    return output["output_type"], sorted(output.get("data", {})), tags, headings


def test_it_was_executed_in_order_and_is_small():
    assert [cell["execution_count"] for cell in CELLS] == list(range(1, len(CELLS) + 1))
    assert all(cell["outputs"] for cell in CELLS)
    text = notebook.NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 100_000
    assert not re.search(r"/(home|tmp|root|Users)/", text)


def test_its_cells_run_and_give_the_outputs_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path / "cache"))
    # the answer does not matter here, and each epoch takes seconds
    monkeypatch.setattr(forecast, "CUTS", (Cut(200, 1),))
    made = list(notebook.outputs(CELLS))
    for cell, outputs in zip(CELLS, made, strict=True):
        message = f"{cell['id']} is old: run  python tests/docs/notebook.py"
        assert [*map(skeleton, outputs)] == [*map(skeleton, cell["outputs"])], message

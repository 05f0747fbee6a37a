"""What goes to the terminal is shown as it is."""

import re
import time
from io import StringIO

import pytest
from rich.console import Console

from seimbang import progress
from seimbang.training.base import Epoch
from seimbang.training.learner import _line


def test_names_with_brackets_are_no_markup(monkeypatch):
    monkeypatch.setattr(progress.out, "_file", screen := StringIO())
    monkeypatch.setattr(progress.out, "_force_terminal", True)
    progress.table("Predictions [test]", ("image",), [("scan [final].png",), ("a[/b].png",)])
    progress.say("[bold]")
    for text in ("[test]", "scan [final].png", "a[/b].png", "[bold]"):
        assert text in screen.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("title", ["none", "augmentation of the minority, 30 frozen, fold 3, seed 2"])
def test_the_recall_of_the_minority_is_seen_in_a_narrow_terminal(monkeypatch, width, title):
    screen = Console(file=StringIO(), force_terminal=True, width=width, height=24)
    monkeypatch.setattr(progress, "err", screen)
    board = progress.Board({f"job {k}": title for k in range(12)}, 2)
    board.started = 0.0
    epoch = Epoch(12, 0.5, 0.8, 0.5, 0.9, 0.875, 0.1, 12.3, True)
    for name in ("job 0", "job 1"):
        board.update(name, _line(epoch, 100), 512)
    screen.print(board._table())
    lines = screen.file.getvalue().splitlines()
    assert sum("epoch 12/100: minority recall 0.875" in line for line in lines) == 2
    assert len(lines) <= 18
    assert all(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= width for line in lines)


def test_long_work_is_said_and_short_work_is_not(monkeypatch):
    said = []
    monkeypatch.setattr(progress, "SILENT", 0.02)
    monkeypatch.setattr(progress, "note", said.append)
    with progress.working("Loading"):
        time.sleep(0.2)
    assert said == ["Loading ..."]
    monkeypatch.setattr(progress, "SILENT", 5.0)
    with progress.working("Dividing"):
        pass
    assert said == ["Loading ..."]


def test_jobs_that_take_long_are_not_silent(monkeypatch):
    said = []
    monkeypatch.setattr(progress, "err", Console(file=StringIO()))
    monkeypatch.setattr(progress, "SILENT", 0.02)
    monkeypatch.setattr(progress, "note", said.append)
    with progress.Board({"a": "A", "b": "B"}, 2):
        time.sleep(0.15)
    assert said[0] == "0 of 2 jobs done, 2 at a time ..."


@pytest.mark.parametrize(("typed", "expected"), [("\n", "stone"), ("2\n", "cyst"), ("cyst\n", "cyst"), ("", "stone")])
def test_a_choice_by_number_by_name_or_none(monkeypatch, typed, expected):
    monkeypatch.setattr(progress, "err", Console(file=StringIO()))
    monkeypatch.setattr("sys.stdin", StringIO(typed))
    assert progress.choose("Which?", ("stone", "cyst")) == expected

"""The only module that writes to the terminal: rich where there is one, plain lines where there is not."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Timer
from typing import TypeVar

from rich.console import Console
from rich.live import Live
from rich.progress import track as rich_track
from rich.table import Table
from rich.text import Text

T = TypeVar("T")
out = Console(soft_wrap=True, highlight=False, markup=False)  # a file may be called [b].png
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)

PROGRESS = len("epoch 99/999: minority recall 0.999") + 1
"""Columns of a job's progress that are always seen; the last one says that there is more."""
SILENT = 4.0
"""Seconds of work after which a line says what is being done."""
WIDE = 90
"""Columns of a terminal that has room for the memory of each job."""


def say(text: str, style: str | None = None) -> None:
    """Print one line for the user; ``text`` is never read as markup."""
    out.print(text, style=style)


@contextmanager
def json_only(wanted: bool) -> Iterator[None]:
    """Inside the block, where it is wanted, standard output is for `facts` alone; all else goes to standard error."""
    out.stderr = wanted
    try:
        yield
    finally:
        out.stderr = False


def facts(text: str) -> None:
    """Print what a command has to say as JSON, where that is wanted."""
    if out.stderr:
        print(text)


def note(text: str) -> None:
    """Print one line about the work going on, to standard error."""
    err.print(text)


def complain(text: str) -> None:
    """Print one line about what went wrong, to standard error."""
    err.print(text, style="bold red")


@contextmanager
def working(title: str) -> Iterator[None]:
    """Say what is done inside the block as soon as it takes longer than ``SILENT`` seconds."""
    timer = Timer(SILENT, note, [f"{title} ..."])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def interactive() -> bool:
    """Whether somebody sits at a terminal who can be asked."""
    return err.is_terminal and sys.stdin.isatty()


def choose(question: str, choices: Sequence[str]) -> str:
    """Ask which of ``choices`` it is, by number or by name; Enter takes the first one, and so does the end of input."""
    note(question)
    for number, choice in enumerate(choices, 1):
        note(f"  {number}  {choice}{'   (taken unless you choose)' if number == 1 else ''}")
    while True:
        try:
            answer = err.input("Number or name [1]: ", markup=False).strip() or "1"
        except EOFError:
            return choices[0]
        if answer in choices:
            return answer
        if answer.isdigit() and 1 <= int(answer) <= len(choices):
            return choices[int(answer) - 1]
        note(f"{answer} is none of them.")


def track(items: Iterable[T], title: str, total: int) -> Iterator[T]:
    """Yield ``items`` behind a progress bar, or after one plain line when the output is no terminal."""
    if not err.is_terminal:
        note(f"{title}: {total}")
        yield from items
        return
    yield from rich_track(items, title, total, console=err, transient=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; on a pipe, one tab-separated line a row so that other programs can read it."""
    if not out.is_terminal:
        for row in rows:
            print("\t".join(row), file=out.file)  # rich would turn the tabs into spaces
        return
    grid = Table(title=title)
    for column in columns:
        grid.add_column(column)
    for row in rows:
        grid.add_row(*row)
    out.print(grid)


class Board:
    """All jobs of a run, live: how far each is, its memory, and how long the rest will take.

    Where there is no terminal it prints one line for each thing that happens.

    Args:
        titles: Of the jobs, by name.
        workers: How many are done at once.
    """

    def __init__(self, titles: Mapping[str, str], workers: int) -> None:
        self.titles, self.workers = dict(titles), workers
        self.lines: dict[str, tuple[str, float]] = {}
        self.begun: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self._over = False
        self._live = Live(console=err, get_renderable=self._table, refresh_per_second=2, transient=True)

    def __enter__(self) -> "Board":
        self.started = time.monotonic()
        if err.is_terminal:
            self._live.start()
        else:
            self._beat(SILENT)
        return self

    def __exit__(self, *_: object) -> None:
        if err.is_terminal:
            self._live.stop()
        else:
            self._over = True
            self._timer.cancel()

    def _beat(self, seconds: float) -> None:
        """Say after so many seconds, and from then on from time to time, that jobs are being done."""

        def say_so() -> None:
            if not self._over:
                note(f"{len(self.seconds)} of {len(self.titles)} jobs done, {self.workers} at a time ...")
                self._beat(10 * SILENT)

        self._timer = Timer(seconds, say_so)
        self._timer.daemon = True
        self._timer.start()

    def update(self, name: str, line: str, memory: float) -> None:
        """Say how far a job is, and how many MB its process holds at most."""
        if name not in self.titles:
            return
        self.begun.setdefault(name, time.monotonic())
        self.lines[name] = line, memory
        if not err.is_terminal:
            note(f"{self.titles[name]}: {line}")

    def finish(self, name: str) -> None:
        """Say that a job is done."""
        now = time.monotonic()
        self.seconds[name] = now - self.begun.get(name, now)
        if not err.is_terminal:
            note(f"{self.titles[name]}: done, {len(self.seconds)} of {len(self.titles)} jobs{self._rest()}")

    def _rest(self) -> str:
        """Return how long the rest will take, going by the jobs done so far."""
        left = len(self.titles) - len(self.seconds)
        if not self.seconds or not left:
            return ""
        seconds = (time.monotonic() - self.started) / len(self.seconds) * left
        return f", about {seconds:.0f} s left" if seconds < 90 else f", about {seconds / 60:.0f} min left"

    def _table(self) -> Table:
        head = f"{len(self.seconds)} of {len(self.titles)} jobs done, {self.workers} at a time{self._rest()}"
        grid = Table(title=head, title_justify="left", expand=True)
        wide = err.width >= WIDE
        longest = max(map(len, self.titles.values()), default=0)
        room = err.width - PROGRESS - (20 if wide else 7)  # frames, and the memory
        grid.add_column("job", no_wrap=True, overflow="ellipsis", width=max(4, min(longest, room)))
        grid.add_column("progress", no_wrap=True, overflow="ellipsis", ratio=1)
        if wide:
            grid.add_column("memory", no_wrap=True, width=10)
        for name in self._shown():
            line, memory = self.lines.get(name, ("waiting", 0.0))
            text = f"done ({self.seconds[name]:.0f} s)" if name in self.seconds else line
            cells = (Text(self.titles[name]), Text(text), f"{memory:,.0f} MB" if memory else "")
            grid.add_row(*cells[: 3 if wide else 2])
        return grid

    def _shown(self) -> list[str]:
        """Return the jobs that fit the terminal: those under way first, then what was done last and what is next."""
        room = max(3, err.height - 6)
        running = [name for name in self.titles if name in self.lines and name not in self.seconds]
        waiting = [name for name in self.titles if name not in self.lines and name not in self.seconds]
        done = list(self.seconds)[::-1]
        chosen = {*[*running, *waiting[: room // 2], *done, *waiting][:room]}
        return [name for name in self.titles if name in chosen]

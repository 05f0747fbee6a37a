"""The only module that writes to the terminal: rich where there is one, plain lines where there is not."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.progress import track as rich_track
from rich.table import Table

T = TypeVar("T")
out = Console(soft_wrap=True, highlight=False, markup=False)  # a file may be called [b].png
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


def say(text: str, style: str | None = None) -> None:
    """Print one line for the user; ``text`` is never read as markup."""
    out.print(text, style=style)


def note(text: str) -> None:
    """Print one line about the work going on, to standard error."""
    err.print(text)


def complain(text: str) -> None:
    """Print one line about what went wrong, to standard error."""
    err.print(text, style="bold red")


def track(items: Iterable[T], title: str, total: int) -> Iterator[T]:
    """Yield ``items`` behind a progress bar, or after one plain line when the output is no terminal."""
    if not err.is_terminal:
        note(f"{title}: {total}")
        yield from items
        return
    yield from rich_track(items, title, total, console=err, transient=True)


@contextmanager
def live(title: str) -> Iterator[Callable[[str], None]]:
    """Show one line that changes in place; where there is no terminal, one plain line for each change."""
    if not err.is_terminal:
        yield lambda text: note(f"{title}: {text}")
        return
    with Progress(TextColumn("{task.description}", markup=False), TimeElapsedColumn(), console=err) as bar:
        task = bar.add_task(title, total=None)
        yield lambda text: bar.update(task, description=f"{title}: {text}")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; on a pipe, one tab-separated line a row so that other programs can read it."""
    if not out.is_terminal:
        for row in rows:
            print("\t".join(row))  # rich would turn the tabs into spaces
        return
    grid = Table(title=title)
    for column in columns:
        grid.add_column(column)
    for row in rows:
        grid.add_row(*row)
    out.print(grid)

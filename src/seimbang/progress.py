"""The only module that writes to the terminal: rich where there is one, plain lines where there is not."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeRemainingColumn
from rich.progress import track as rich_track
from rich.table import Table

T = TypeVar("T")
out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)


def say(text: str, style: str | None = None) -> None:
    """Print one line for the user; ``text`` is never read as markup."""
    out.print(text, style=style, markup=False)


def complain(text: str) -> None:
    """Print one line to standard error."""
    err.print(text, style="bold red", markup=False)


def track(items: Iterable[T], title: str, total: int) -> Iterator[T]:
    """Yield ``items`` behind a progress bar, or after one plain line when the output is no terminal."""
    if not err.is_terminal:
        err.print(f"{title}: {total}", markup=False)
        yield from items
        return
    yield from rich_track(items, title, total, console=err, transient=True)


def epochs() -> Progress:
    """Return a live bar for training: call ``add_task`` and ``update(description=...)`` each epoch."""
    columns = (TextColumn("{task.description}"), TimeRemainingColumn())
    return Progress(*columns, console=err, disable=not err.is_terminal)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; on a pipe, one tab-separated line a row so that other programs can read it."""
    if not out.is_terminal:
        for row in rows:
            out.print("\t".join(row), markup=False)
        return
    grid = Table(title=title)
    for column in columns:
        grid.add_column(column)
    for row in rows:
        grid.add_row(*row)
    out.print(grid)

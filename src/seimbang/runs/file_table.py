"""The table of files that are not used, or used although something is wrong: on the terminal, before anything else."""

from collections.abc import Mapping

from seimbang import progress
from seimbang.datasets.base import REASONS, Dataset, tally
from seimbang.runs.stages import Prepared

COLUMNS = ("set", "class", "what", "reason", "files")


def show_files(sets: Mapping[str, Dataset]) -> None:
    """Print how many files of each class are left out, or noted, for which reason; nothing where there are none.

    Args:
        sets: By name; ``""`` is the internal one.
    """
    rows = [
        (name or "internal", label or "in no class", code, REASONS[code], f"{count:,}")
        for name, data in sets.items()
        for label, code, count in [*tally(data.left_out), *tally(data.noted)]
    ]
    if rows:
        progress.table("Files left out, or used although faulty", COLUMNS, rows)


def show_prepared(prepared: Prepared) -> None:
    """Print the table for all sets of a study."""
    show_files({"": prepared.data, **prepared.external})

"""What was made of the files and the columns of the data: on the terminal, before anything else."""

from collections.abc import Mapping

from seimbang import progress
from seimbang.datasets.base import REASONS, Dataset, tally
from seimbang.datasets.uses import USES, by_use
from seimbang.runs.stages import Prepared

COLUMNS = ("set", "class", "what", "reason", "files")


def show_sets(sets: Mapping[str, Dataset]) -> None:
    """Print what was made of each column, and how many files of each class are left out, or noted, for which reason.

    Args:
        sets: By name; ``""`` is the internal one.
    """
    files = [
        (name or "internal", label or "in no class", code, REASONS[code], f"{count:,}")
        for name, data in sets.items()
        for label, code, count in [*tally(data.left_out), *tally(data.noted)]
    ]
    if files:
        progress.table("Files left out, or used although faulty", COLUMNS, files)
    columns = [
        (name or "internal", USES[use], ", ".join(map(str, of_use)))
        for name, data in sets.items()
        for use, of_use in by_use(data.uses).items()
    ]
    if columns:
        progress.table("What was made of the columns", ("set", "what", "columns"), columns)


def show_prepared(prepared: Prepared) -> None:
    """Print the tables for all sets of a study."""
    show_sets({"": prepared.data, **prepared.external})

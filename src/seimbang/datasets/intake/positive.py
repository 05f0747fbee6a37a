"""Which class matters: that of a disease, whichever is the rarest."""

import shlex
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from seimbang.datasets.diseases import rank
from seimbang.datasets.intake.base import Guess
from seimbang.datasets.intake.role import quoted
from seimbang.datasets.names import same_class
from seimbang.errors import DataError

QUESTION = "Which class matters, the one that must not be missed?"


def positive_class(path: Path, counts: Mapping[str, int], said: str = "") -> Guess:
    """Return the class that matters, with the other ones to choose from.

    Names of disease go before the rarest class; names of health are taken only where there are no others. Nobody need
    be asked where the user says it, or where of two classes one alone is called healthy, or grave.

    Args:
        path: Of the data, for the command that an error suggests.
        counts: Cases of each class.
        said: What the user says, ``""`` where nothing.

    Raises:
        DataError: ``DATA_POSITIVE``: no class is called as the user says.
    """
    said = same_class(said, counts) or said
    if said and said not in counts:
        near = get_close_matches(said, list(counts), 1, 0.5) or list(counts)
        fix = f"seimbang init {path.name} --positive {shlex.quote(near[0])}"
        raise DataError("DATA_POSITIVE", f"the classes {', '.join(counts)}", f"a class {said!r}", fix)
    order = sorted(counts, key=lambda name: (rank(name), counts[name], name))
    chosen = said or order[0]
    others = tuple(name for name in order if name != chosen)
    lines = tuple(f"positive = {quoted(name)}" for name in others)
    ranks = [rank(name) for name in order]
    sure = bool(said) or (len(ranks) == 2 and ranks[0] != ranks[1] and (ranks[0] == 0 or ranks[1] == 3))
    return Guess("positive", "" if sure else QUESTION, chosen, others, lines)

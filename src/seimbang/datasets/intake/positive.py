"""Which class matters: that of a disease, whichever is the rarest."""

import re
from collections.abc import Mapping

from seimbang.datasets.intake.base import Guess

_HEALTHY = re.compile(
    r"(?i:(?:^|[\W_])(?:normal|healthy|health|sehat|negative|negatif|neg|controls?|kontrol|unaffected|nonfinding"
    r"|no|none|not|tidak|bukan|tanpa|absent|false|background|others?|lainnya|baik)(?:$|[\W_\d]))"
    r"|^(?i:no(?:tumou?r|finding|disease|cancer|lesion))|^[Nn]on(?=[A-Z\W_])(?!\W*(?i:small))|^[-+]?0+$"
)
_GRAVE = re.compile(
    r"malignan|cancer|kanker|carcinoma|karsinoma|melanoma|glioma|tumou?r|ganas|positi[vf]|severe|berat", re.I
)
_BENIGN = re.compile(r"benign|jinak|nevus|naevus|mild|ringan|borderline", re.I)


def rank(name: str) -> int:
    """Return how little a name sounds like what is looked for: 0 a grave disease, 1 any, 2 a mild one, 3 none."""
    if _HEALTHY.search(name):
        return 3
    if _BENIGN.search(name):
        return 2
    return 0 if _GRAVE.search(name) else 1


def positive_class(counts: Mapping[str, int], said: str = "") -> Guess:
    """Return the class that matters, with the other ones to choose from.

    Names of disease go before the rarest class; names of health are taken only where there are no others.

    Args:
        counts: Cases of each class.
        said: What the user says, ``""`` where nothing.
    """
    order = sorted(counts, key=lambda name: (rank(name), counts[name], name))
    chosen = said or order[0]
    others = tuple(name for name in order if name != chosen)
    lines = tuple(f"positive = {_quoted(name)}" for name in others)
    return Guess("positive", "Which class matters, the one that must not be missed?", chosen, others, lines)


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

"""Which class matters: the disease rather than health, by the names that data sets give them."""

import re
from collections.abc import Mapping

from seimbang.datasets.roles import plain

HEALTHY = re.compile(
    r"(^|_)(normal|healthy|health|negative|neg|none|control|controls|absent|no|non|not|without|nothing|benign|well|ok|"
    r"good|clean|other|others|sehat|negatif|tidak|bukan|tanpa|jinak|kontrol|baik|lainnya|nevus|nevi|nv|background)(_|$)"
)
"""Words in the name of a class of cases that are not ill, in English and Indonesian."""
GRAVE = re.compile(
    r"(^|_)(malignant|malignancy|cancer|carcinoma|tumou?r|melanoma|mel|glioma|metastas[ei]s|positive|pos|disease|"
    r"diseased|abnormal|sick|ill|dead|died|death|stone|pneumonia|covid\w*|tb|tuberculosis|ganas|kanker|tumor|positif|"
    r"sakit|meninggal|batu|yes|ya|true|present)(_|$)"
)
"""Words in the name of a class that must not be missed."""


def likeliest(counts: Mapping[str, int]) -> tuple[str, bool]:
    """Return the class that most likely matters, and whether there is no doubt.

    Of classes with the name of a grave disease the rarest, else the rarest that is not called healthy; of numbers 0 is
    health. There is no doubt between two classes where exactly one of them is called healthy or grave.

    Args:
        counts: Cases of each class.
    """
    grades = all(name.isdigit() for name in counts)
    healthy = [name for name in counts if HEALTHY.search(plain(name)) or (grades and int(name) == 0)]
    grave = [name for name in counts if GRAVE.search(plain(name)) and name not in healthy]
    candidates = grave or [name for name in counts if name not in healthy] or list(counts)
    chosen = min(candidates, key=lambda name: (counts[name], name))
    return chosen, len(counts) == 2 and (len(healthy) == 1 or len(grave) == 1)

"""Which class or label names a disease, and how grave a one, in English and Indonesian."""

import re
from collections.abc import Iterable

_HEALTHY = re.compile(
    r"(?i:(?:^|[\W_])(?:normal|healthy|health|sehat|negative|negatif|neg|controls?|kontrol|unaffected|nonfinding"
    r"|unremarkable|without|nothing|clean|good|no|none|not|tidak|bukan|tanpa|absent|false|background|others?|lainnya"
    r"|baik)(?:$|[\W_\d]))"
    r"|^(?i:no(?:tumou?r|finding|disease|cancer|lesion))|^[Nn]on(?=[A-Z\W_])(?!\W*(?i:small))|^[-+]?0+$"
)
_GRAVE = re.compile(
    r"malignan|cancer|kanker|carcinoma|karsinoma|melanoma|glioma|metasta|tumou?r|ganas|positi[vf]|severe|berat"
    r"|(?:^|[\W_])(?:mel|pos|yes|ya|true|present|sick|ill|sakit|dead|died|death|meninggal)(?:$|[\W_])",
    re.I,
)
_MILD = re.compile(r"benign|jinak|n(?:a)?evus|nevi|mild|ringan|borderline|cyst|kista|(?:^|[\W_])nv(?:$|[\W_])", re.I)


def rank(name: str) -> int:
    """Return how little a name sounds like what is looked for: 0 a grave disease, 1 any, 2 a mild one, 3 none."""
    if _HEALTHY.search(name):
        return 3
    if _MILD.search(name):
        return 2
    return 0 if _GRAVE.search(name) else 1


def diseases(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are of a disease: all but those such as ``No Finding``."""
    return tuple(name for name in names if rank(name) < 3)

"""What predictions that know nothing of a case, only how frequent the classes are, reach at best.

Functions of the classes' shares, shape ``(classes,)``, each above 0; the docstrings stand in ``docs/statistics.md``.
"""

import numpy as np

from seimbang.evaluation.predictions import Floats


def most_frequent(shares: Floats) -> float:
    """Share of the most frequent class."""
    return float(shares.max())


def one_in_classes(shares: Floats) -> float:
    """1 / number of classes."""
    return 1 / len(shares)


def own_share(shares: Floats) -> Floats:
    """Share q of the class."""
    return shares


def always(shares: Floats) -> Floats:
    """2q / (1 + q) of a class of share q."""
    return np.asarray(2 * shares / (1 + shares))


def positive_share(shares: Floats) -> float:
    """Share of the positive class; of more than two classes 1 / number of classes."""
    return float(shares[1] if len(shares) == 2 else shares.mean())


def entropy(shares: Floats) -> float:
    """Sum of -q ln q over the shares q of the classes."""
    return float(-(shares * np.log(shares)).sum())


def spread(shares: Floats) -> float:
    """Product q (1 - q) of the positive class's share q; of more than two classes the sum over all."""
    return float((shares * (1 - shares)).sum() / (2 if len(shares) == 2 else 1))

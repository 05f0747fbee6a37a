"""Columns that number the cases, or the patients, instead of describing them."""

import re

import numpy as np
import numpy.typing as npt

from seimbang.datasets.roles import CASES, PATIENTS, known_as, plain

FEWEST, ENOUGH = 8, 20
"""From so many cases on consecutive numbers count them; and different numbers in any order."""

DENSE = 1.5
"""Different numbers within a range of so many times the cases are numbers of cases, some of which were left out."""

_OF = "case|patient|subject|pasien|sample|row|record|exam|study|lab|order|visit|registration|registrasi|rm|rekam_medis"
_NUMBER = "no|nr|num|number|id|nomor"
_NAMES = re.compile(rf"(.*_)?(mrn|nrm|uid|accession(_.*)?|(({_OF})_({_NUMBER}))|(({_NUMBER})_(urut|{_OF})))")


def counts_cases(name: str, values: npt.NDArray[np.floating]) -> bool:
    """Tell whether a column numbers the cases: by its values, in any order, or by its name where most are different.

    Args:
        name: Of the column.
        values: Its numbers in the order of the rows, shape ``(n,)``, NaN where one is missing.
    """
    if len(values) < FEWEST or np.isnan(values).any() or (values != np.round(values)).any():
        return False
    steps, different = np.diff(values), len(np.unique(values))
    if np.isin(steps, (1, -1)).all() and len(np.unique(steps)) == 1:
        return True
    if len(values) >= ENOUGH and different == len(values) and np.ptp(values) < DENSE * len(values):
        return True
    return names_cases(name) and different > len(values) / 3


def names_cases(name: str) -> bool:
    """Tell whether a column is called as one of numbers or names of cases or patients is."""
    return bool(known_as([name], (*CASES, *PATIENTS)) or _NAMES.fullmatch(plain(name)))

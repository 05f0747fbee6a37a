"""Which cases the weights in a run folder were trained on."""

import io
from pathlib import Path

import pandas as pd

from seimbang.errors import IntegrityError
from seimbang.record.arm import ArmFacts
from seimbang.record.files import read_bytes, read_json

LEARNED = ("train", "validation")


def learned(file: Path) -> frozenset[str]:
    """Return the digests of the files that weights were trained on, or chosen by.

    The run folder that the weights lie in tells it: of every fold of the arm's protocol, or of all protocols where the
    arm says none.

    Args:
        file: The weights.

    Returns:
        Nothing where they do not lie in a run folder, or it cannot be read.
    """
    folder = next((parent for parent in file.resolve().parents if (parent / "splits.csv").is_file()), None)
    try:
        return _learned(folder, file.resolve()) if folder else frozenset()
    except (IntegrityError, ValueError, AttributeError):
        return frozenset()


def _learned(folder: Path, file: Path) -> frozenset[str]:
    splits, cases = (_table(folder / name) for name in ("splits.csv", "cases.csv"))
    arm = next((parent / "arm.json" for parent in file.parents if (parent / "arm.json").is_file()), None)
    protocol = read_json(arm, ArmFacts).protocol if arm else ""
    rows = splits[splits.part.isin(LEARNED) & (splits.protocol.eq(protocol) | (protocol == ""))]
    return frozenset(cases.digest[cases.case_id.isin(rows.case_id) & (cases.set == "")]) - {""}


def _table(file: Path) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(read_bytes(file)), dtype=str, keep_default_na=False)

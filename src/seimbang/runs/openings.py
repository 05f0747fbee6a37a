"""Which test parts a run opens, and how often they have been opened."""

from collections.abc import Sequence

import numpy as np

from seimbang.datasets.base import Dataset
from seimbang.errors import StudyError
from seimbang.record.base import dump
from seimbang.record.folder import Files, RunFolder, digest
from seimbang.record.openings import HeldOutPart, Ledger, Opening, Openings
from seimbang.runs.stages import Divided
from seimbang.splits.base import Rows
from seimbang.study.load import to_dict
from seimbang.study.schema import Plan, Study


def opening_of(study: Study, divided: Divided, only: tuple[str, ...], quick: bool) -> Opening:
    """Return what a go at a study opens.

    Args:
        study: As it was asked for.
        divided: All of its cases: a quick run tests on some of a part, and opens it all the same.
        only: Names of the arms to run, in any order; all of them where none is named.
        quick: Whether only a rough answer is wanted.
    """
    key, asked = digest(to_dict(study)), ", ".join(sorted(set(only)))
    inside = [
        _part("test", name, divided.sets[name], np.unique(np.concatenate([fold.test for fold in folds])))
        for name, folds in divided.folds.items()
    ]
    outside = [
        _part(f"external:{name}", "", one, np.arange(len(one.cases))) for name, one in divided.prepared.external.items()
    ]
    return Opening(study=key, title=study.title, id=digest([key, asked, quick]), parts=inside + outside)


def _part(name: str, protocol: str, data: Dataset, rows: Rows) -> HeldOutPart:
    frame = data.cases.frame.iloc[rows]
    cases = sorted(zip(frame.case_id, frame.digest, strict=True))
    return HeldOutPart(set=name, protocol=protocol, digest=digest([list(case) for case in cases]), cases=len(cases))


def opening_files(openings: Openings) -> Files:
    """Return how often the test parts of this run have been opened."""
    return {"openings.json": dump(openings)}


def require_closed(folder: RunFolder, divided: Divided, plans: Sequence[Plan]) -> None:
    """Check that a run can be made without its test part.

    Raises:
        StudyError: TEST_OPENED: this run folder has opened it already; VALIDATION_MISSING: nothing would be left to
            measure on.
    """
    if any(Ledger.of_run(folder.path).path.glob("*/*.json")):
        found = f"--without-test, but {folder.path} has opened its test part already"
        raise StudyError("TEST_OPENED", found, "a run folder that has not", "leave --without-test out, or use --out")
    require_validation(divided, plans, "leave --without-test out")


def require_validation(divided: Divided, plans: Sequence[Plan], otherwise: str) -> None:
    """Check that there are cases to measure on outside test parts.

    Raises:
        StudyError: VALIDATION_MISSING; to fix it, ``otherwise`` is what to do instead.
    """
    if any(not len(fold.validation) for plan in plans for fold in divided.folds_of(plan)):
        fix = f"set split.validation = 0.2, or {otherwise}"
        raise StudyError("VALIDATION_MISSING", "no validation cases", "some, to measure on without the test part", fix)

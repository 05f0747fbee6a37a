"""Cases of a finished run on which two forms of a model can be compared; never those of a test part."""

from pathlib import Path

import numpy as np

from seimbang.record.folder import RunFolder
from seimbang.runs.prepare import restore
from seimbang.serving.onnx.export import Compared

MOST = 500


def compared_cases(run: Path, slug: str, root: Path | None) -> Compared:
    """Return validation cases of the first fold of an arm, or training cases where there is no validation part.

    Args:
        run: A run folder.
        slug: Name of the arm's folder.
        root: Folder that the data paths are relative to; by default the one the run was made with.

    Raises:
        SeimbangError: The data are not there, or not those of the run; see ``restore``.
    """
    scope, _ = restore(RunFolder(run), root)
    plan = next(plan for plan in scope.prepared.study.plans() if plan.slug == slug)
    fold, data = scope.divided.folds_of(plan)[0], scope.divided.cases(plan)
    rows = fold.validation if len(fold.validation) else fold.train
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, MOST).astype(int))]
    return Compared("validation" if len(fold.validation) else "train", data.X[np.sort(chosen)])

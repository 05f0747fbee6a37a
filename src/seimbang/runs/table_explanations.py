"""What the page and the report say of a table's model: the training rows to compare with, and which columns matter."""

import io
import json

import numpy as np
import numpy.typing as npt

from seimbang.classical.saved import load
from seimbang.datasets.prepare import TablePreparer
from seimbang.imaging.files import write_atomic
from seimbang.runs.context import Context
from seimbang.splits.base import Rows
from seimbang.study.schema import Plan
from seimbang.training.base import Classifier

NEIGHBOURS, IMPORTANCE = "neighbours.npz", "importance.json"
REPEATS = 10
MOST = 20_000
"""Rows used of a long table, evenly spread over it."""


def explain(run: Context, plan: Plan) -> None:
    """Write ``neighbours.npz`` and ``importance.json`` of an arm on a table; images have neither.

    Both are of the first fold, whose model the page predicts with: its training rows as the model sees them, with their
    labels and ids, and the permutation importance of each column on its test rows.
    """
    step, inputs, folder = f"{plan.slug}.table", run.inputs(plan), run.arm_folder(plan)
    if run.data.kind != "table" or run.folder.done(step, inputs):
        return
    package = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    preparer, model = TablePreparer.from_json(package["table"]), load((folder / plan.model.file).read_bytes())
    data, fold = run.data_of(plan.protocol), run.folds_of(plan)[0]
    write_atomic(folder / NEIGHBOURS, _neighbours(run, plan, preparer))
    cut = package["threshold"] if package["decides"] == "tuned" else None
    test = _some(fold.test)
    rng = np.random.default_rng(plan.training.seed)
    rows = importance(model, preparer, data.X[test], data.cases.y[test], cut, rng) if len(test) else []
    run.folder.json(f"arms/{plan.slug}/{IMPORTANCE}", rows)
    run.folder.finish(step, inputs, [folder / NEIGHBOURS, folder / IMPORTANCE])


def _neighbours(run: Context, plan: Plan, preparer: TablePreparer) -> bytes:
    data, train = run.data_of(plan.protocol), _some(run.folds_of(plan)[0].train)
    labels, ids = (data.cases.frame[name].to_numpy(str)[train] for name in ("label", "case_id"))
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, rows=preparer.transform(data.X[train]), labels=labels, ids=ids)
    return buffer.getvalue()


def _some(rows: Rows) -> Rows:
    return rows if len(rows) <= MOST else rows[np.linspace(0, len(rows) - 1, MOST).astype(int)]


def importance(
    model: Classifier,
    preparer: TablePreparer,
    X: npt.NDArray[np.float32],
    y: Rows,
    cut: float | None,
    rng: np.random.Generator,
) -> list[dict[str, object]]:
    """Return how much balanced accuracy is lost when the values of one column are dealt out anew among the rows.

    Source: Breiman, Random Forests, Machine Learning 45 (2001).

    Args:
        model: Of prepared rows.
        preparer: What prepares them; a category is permuted as a whole.
        X: Rows that the model was not trained on, ``(n, f)``.
        y: Their labels.
        cut: Probability from which on the answer is the second class; None takes the likeliest class.
        rng: Source of the orders.

    Returns:
        For each column ``column``, and mean ``drop`` and ``sd`` over ten orders.
    """

    def reached(rows: npt.NDArray[np.float32]) -> float:
        p = model.probabilities(preparer.transform(rows))
        answer = p.argmax(1) if cut is None else (p[:, 1] >= cut).astype(int)
        return float(np.mean([(answer[y == label] == label).mean() for label in np.unique(y)]))

    def without(k: int) -> float:
        shuffled = X.copy()
        shuffled[:, k] = rng.permutation(X[:, k])
        return reached(shuffled)

    before = reached(X)
    drops = np.array([[before - without(k) for _ in range(REPEATS)] for k in range(X.shape[1])])
    return [
        {"column": column.name, "drop": float(some.mean()), "sd": float(some.std(ddof=1))}
        for column, some in zip(preparer.columns, drops, strict=True)
    ]

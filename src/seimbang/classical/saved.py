"""Fitted classical models as files: nothing that runs is in them, and scikit-learn alone reads them."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
import pandas as pd

from seimbang.classical.fit import Fitted
from seimbang.errors import IntegrityError

TRUSTED = frozenset(
    {
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.tree._tree.Tree",
    }
)
"""Types in our models that skops does not trust by itself; they are scikit-learn's own and run nothing when read."""


def save(fitted: Fitted) -> bytes:
    """Return the content of a ``model.skops``: equal bytes for equal models, whichever library fitted them."""
    from skops.io import dumps

    pipeline = copy.copy(fitted.pipeline)
    pipeline.steps = [*pipeline.steps[:-1], ("classifier", portable(pipeline[-1]))]
    content = {"pipeline": pipeline, "classes": fitted.classes, "search": fitted.search.to_dict("list")}
    return _canonical(dumps(content))


def load(data: bytes) -> Fitted:
    """Return what ``save`` made bytes of.

    Raises:
        IntegrityError: MODEL_UNTRUSTED: there is something in it that no model of ours holds. MODEL_DAMAGED: it cannot
            be read.
    """
    from skops.io import get_untrusted_types, loads

    try:
        unknown = set(get_untrusted_types(data=data)) - TRUSTED
        if unknown:
            found = f"a model that holds {', '.join(sorted(unknown))}"
            raise IntegrityError("MODEL_UNTRUSTED", found, "what seimbang saves", "use no model from an unknown source")
        content = loads(data, trusted=sorted(TRUSTED))
        return Fitted(content["pipeline"], content["classes"], pd.DataFrame(content["search"]))
    except IntegrityError:
        raise
    except Exception as error:  # skops and what it builds raise anything on a file that is not theirs
        found = f"a model that cannot be read ({type(error).__name__}: {error})"
        raise IntegrityError("MODEL_DAMAGED", found, "the file as it was saved", "run the study again") from error


def portable(classifier: Any) -> Any:
    """Return a classifier of scikit-learn's own classes with what was learned, whichever library learned it."""
    if hasattr(classifier, "calibrated_classifiers_"):
        stock = copy.copy(classifier)
        stock.calibrated_classifiers_ = [copy.copy(calibrated) for calibrated in classifier.calibrated_classifiers_]
        for calibrated in stock.calibrated_classifiers_:
            stock.estimator = calibrated.estimator = portable(calibrated.estimator)
        return stock
    return _stock_svm(classifier) if type(classifier).__module__.startswith("sklearnex") else classifier


def _stock_svm(fast: Any) -> Any:
    """Return scikit-learn's SVC with the support vectors of scikit-learn-intelex's, in the types its code wants."""
    from sklearn.svm import SVC

    stock = SVC(**{name: getattr(fast, name) for name in SVC().get_params()})
    for name in ("classes_", "class_weight_", "fit_status_", "n_features_in_", "shape_fit_", "_gamma", "_sparse"):
        setattr(stock, name, getattr(fast, name))
    for name in ("support_", "_n_support"):
        setattr(stock, name, np.array(getattr(fast, name), np.int32, order="C"))
    for name in ("support_vectors_", "dual_coef_", "_dual_coef_", "intercept_", "_intercept_"):
        setattr(stock, name, np.array(getattr(fast, name), np.float64, order="C"))
    stock._probA = stock._probB = np.empty(0)
    stock._effective_probability, stock._num_iter = False, fast.n_iter_
    return stock


def _canonical(archive: bytes) -> bytes:
    """Return a skops archive without what differs from one process to the next.

    skops names arrays and objects by their addresses in memory, and stamps the files with the time. Here they are
    numbered as they come in the schema.
    """
    with ZipFile(io.BytesIO(archive)) as given:
        schema = json.loads(given.read("schema.json"))
        numbers: dict[int, int] = {}
        members: dict[str, bytes] = {}
        for node in _nodes(schema):
            if "__id__" in node:
                node["__id__"] = numbers.setdefault(node["__id__"], len(numbers))
            if "file" in node:
                address, dot, kind = node["file"].partition(".")
                number = numbers.setdefault(int(address), len(numbers))
                name, node["file"] = node["file"], f"{number}{dot}{kind}"
                members[node["file"]] = given.read(name)
    members["schema.json"] = json.dumps(schema, indent=2).encode()
    made = io.BytesIO()
    with ZipFile(made, "w") as target:
        for name in sorted(members):
            target.writestr(ZipInfo(name), members[name])
    return made.getvalue()


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a JSON value, from the outside in."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _nodes(part)

"""Fitted classical models as files: nothing that runs is in them, and scikit-learn alone reads them."""

from __future__ import annotations

import copy
from typing import Any

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
    """Return the content of a ``model.skops``, the same whichever library fitted the model."""
    from skops.io import dumps

    pipeline = copy.copy(fitted.pipeline)
    pipeline.steps = [*pipeline.steps[:-1], ("classifier", portable(pipeline[-1]))]
    content = {"pipeline": pipeline, "classes": fitted.classes, "search": fitted.search.to_dict("list")}
    found: bytes = dumps(content)
    return found


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
        found = copy.copy(classifier)
        found.calibrated_classifiers_ = [copy.copy(one) for one in classifier.calibrated_classifiers_]
        for one in found.calibrated_classifiers_:
            found.estimator = one.estimator = portable(one.estimator)
        return found
    return _stock_svm(classifier) if type(classifier).__module__.startswith("sklearnex") else classifier


def _stock_svm(fast: Any) -> Any:
    """Return scikit-learn's SVC with the support vectors of scikit-learn-intelex's, in the types its code wants."""
    from sklearn.svm import SVC

    found = SVC(**{name: getattr(fast, name) for name in SVC().get_params()})
    for name in ("classes_", "class_weight_", "fit_status_", "n_features_in_", "shape_fit_", "_gamma", "_sparse"):
        setattr(found, name, getattr(fast, name))
    for name in ("support_", "_n_support"):
        setattr(found, name, np.array(getattr(fast, name), np.int32, order="C"))
    for name in ("support_vectors_", "dual_coef_", "_dual_coef_", "intercept_", "_intercept_"):
        setattr(found, name, np.array(getattr(fast, name), np.float64, order="C"))
    found._probA = found._probB = np.empty(0)
    found._effective_probability, found._num_iter = False, fast.n_iter_
    return found

"""Fitted scikit-learn pipelines as ONNX, behind a graph that makes what they see."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

TREES = ("sklearn.tree", "sklearn.ensemble")
ML_OPSET = 3


def exact(pipeline: Any) -> bool:
    """Whether a pipeline is computed in float64: all are but trees, which scikit-learn too asks about float32."""
    classifier = pipeline[-1]
    return not type(getattr(classifier, "estimator", None) or classifier).__module__.startswith(TREES)


def converted(pipeline: Any, opset: int) -> Any:
    """Return a fitted pipeline without its scaling as a model: ``rows[n, f]`` -> ``probabilities[n, classes]``."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
    from sklearn.pipeline import Pipeline

    _register_boosting()
    left = Pipeline([step for step in pipeline.steps if step[0] != "scale"])
    kind = DoubleTensorType if exact(pipeline) else FloatTensorType
    return convert_sklearn(
        left,
        initial_types=[("rows", kind([None, left[0].n_features_in_]))],
        options={id(left): {"zipmap": False}},
        target_opset={"": opset, "ai.onnx.ml": ML_OPSET},
    )


def opset_of(model: Any) -> int:
    """Return the opset of a model, which is no newer than its operators need."""
    return int(next(one.version for one in model.opset_import if one.domain == ""))


def joined(seen: Any, models: Sequence[Any], names: Sequence[str], pipelines: Sequence[Any], classes: int) -> Any:
    """Return one model: what is seen, then each of the models, then the mean of their probabilities.

    Args:
        seen: Has an output for each model: its rows.
        models: What ``converted`` returns of each pipeline.
        names: Of the outputs of ``seen``.
        pipelines: As fitted; classes that one was not fitted to get 0 from it.
        classes: How many there are.
    """
    from onnx import TensorProto, checker, compose, helper, numpy_helper

    whole, shares = seen, [f"share{k}" for k in range(len(models))]
    for k, (model, rows) in enumerate(zip(models, names, strict=True)):
        model = compose.add_prefix(model, f"model{k}_")
        model.ir_version = whole.ir_version
        whole = compose.merge_models(whole, model, io_map=[(rows, f"model{k}_rows")])
    for k, pipeline in enumerate(pipelines):
        place = np.eye(classes)[pipeline.classes_] / len(models)
        whole.graph.initializer.append(numpy_helper.from_array(place, f"place{k}"))
        whole.graph.node.extend(_share(k, exact(pipeline)))
    whole.graph.initializer.append(numpy_helper.from_array(np.array(1e6), "million"))
    whole.graph.node.append(helper.make_node("Sum", shares, ["probabilities"]))
    del whole.graph.output[:]
    whole.graph.output.append(helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, ["n", classes]))
    checker.check_model(whole)
    return whole


def _share(k: int, exact: bool) -> list[Any]:
    """Return the nodes from the probabilities of a model to its share of the mean.

    Those of trees, summed up in float32, are rounded to a millionth: a tied vote is then a tie here too.
    """
    from onnx import TensorProto, helper

    cast = helper.make_node("Cast", [f"model{k}_probabilities"], [f"double{k}"], to=TensorProto.DOUBLE)
    rounded = [
        helper.make_node("Mul", [f"double{k}", "million"], [f"many{k}"]),
        helper.make_node("Round", [f"many{k}"], [f"whole{k}"]),
        helper.make_node("Div", [f"whole{k}", "million"], [f"rounded{k}"]),
    ]
    last = f"double{k}" if exact else f"rounded{k}"
    return [cast, *([] if exact else rounded), helper.make_node("MatMul", [last, f"place{k}"], [f"share{k}"])]


def _register_boosting() -> None:
    """Mend the conversion of boosted trees by skl2onnx 1.20, which fails on truth values and rounds thresholds up."""
    from skl2onnx import update_registered_converter
    from skl2onnx._supported_operators import sklearn_operator_name_map
    from skl2onnx.common._registration import get_converter, get_shape_calculator
    from sklearn.ensemble import HistGradientBoostingClassifier

    name = sklearn_operator_name_map[HistGradientBoostingClassifier]
    convert = get_converter(name)
    if isinstance(convert, _Boosting):
        return
    update_registered_converter(
        HistGradientBoostingClassifier,
        name,
        get_shape_calculator(name),
        _Boosting(convert),
        options={"zipmap": [True, False, "columns"], "raw_scores": [True, False], "nocl": [True, False]},
    )


class _Boosting:
    """A converter of boosted trees that says the same as they do, of rows ``float32[n, f]``."""

    def __init__(self, convert: Any) -> None:
        self.convert = convert

    def __call__(self, scope: Any, operator: Any, container: Any) -> None:
        """Give every node whole numbers for truth values, and thresholds that float32 holds."""
        add, fitted = container.add_node, operator.raw_operator

        def add_node(*args: Any, **attributes: Any) -> None:
            add(*args, **{key: _whole(value) for key, value in attributes.items()})

        operator.raw_operator, container.add_node = _in_float32(fitted), add_node
        try:
            self.convert(scope, operator, container)
        finally:
            operator.raw_operator, container.add_node = fitted, add


def _whole(value: Any) -> Any:
    return [int(one) if isinstance(one, bool | np.bool_) else one for one in value] if type(value) is list else value


def _in_float32(fitted: Any) -> Any:
    """Return boosted trees with thresholds rounded down to float32, which no row of float32 can tell from their own."""
    rounded = copy.deepcopy(fitted)
    for predictor in (one for trees in rounded._predictors for one in trees):
        exact = predictor.nodes["num_threshold"]
        near = exact.astype(np.float32)
        predictor.nodes["num_threshold"] = np.where(near > exact, np.nextafter(near, np.float32(-np.inf)), near)
    return rounded

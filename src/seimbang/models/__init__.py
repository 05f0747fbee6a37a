"""Models. A new one is a file in this folder and a line in ``MODELS``."""

from collections.abc import Mapping
from typing import Any

from seimbang.models.base import Model
from seimbang.models.cnn import Cnn, KidneyCnn, StandardCnn
from seimbang.models.cnn_rnn import CnnRnn
from seimbang.models.knn import Knn
from seimbang.models.plain import Logistic, Mlp, NaiveBayes
from seimbang.models.pretrained import (
    Densenet121,
    EfficientnetB0,
    EfficientnetLite0,
    Resnet18,
    Resnet34,
    Resnet50,
    Resnet101,
    Timm,
)
from seimbang.models.recurrent import Gru, Lstm, Rnn
from seimbang.models.svm import Svm
from seimbang.models.trees import Boosting, Forest, Tree
from seimbang.settings import choose

MODELS: dict[str, type[Model]] = {
    "rnn": Rnn,
    "lstm": Lstm,
    "gru": Gru,
    "cnn": Cnn,
    "kidney_cnn": KidneyCnn,
    "standard_cnn": StandardCnn,
    "cnn_rnn": CnnRnn,
    "resnet18": Resnet18,
    "resnet34": Resnet34,
    "resnet50": Resnet50,
    "resnet101": Resnet101,
    "densenet121": Densenet121,
    "efficientnet_b0": EfficientnetB0,
    "efficientnet_lite0": EfficientnetLite0,
    "timm": Timm,
    "svm": Svm,
    "knn": Knn,
    "forest": Forest,
    "logistic": Logistic,
    "boosting": Boosting,
    "mlp": Mlp,
    "naive_bayes": NaiveBayes,
    "tree": Tree,
}


def make(settings: Mapping[str, Any], where: str = "model") -> Model:
    """Return the model that ``settings`` describes, such as ``{"name": "rnn", "units": 128}``.

    ``timm:resnet50d`` is short for the name ``timm`` and the key ``network``.

    Raises:
        StudyError: STUDY_INVALID: unknown name, unknown keys or values out of range, all of them named.
    """
    name, colon, network = str(settings.get("name")).partition(":")
    if colon:
        settings = {**settings, "name": name, "network": network}
    return choose(MODELS, "name", settings, where)

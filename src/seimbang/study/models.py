"""Every model by the name that a study gives it, of whichever kind, and what is done with it."""

from collections.abc import Mapping
from typing import Any

from seimbang.classical import CLASSICAL
from seimbang.classical.learner import ClassicalLearner
from seimbang.networks import NETWORKS
from seimbang.settings import choose
from seimbang.training.base import Learner, Model
from seimbang.training.learner import NetworkLearner

MODELS: dict[str, type[Model]] = {**NETWORKS, **CLASSICAL}
LEARNERS: dict[str, Learner] = {"network": NetworkLearner(), "classical": ClassicalLearner()}


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


def learner_of(model: Model) -> Learner:
    """Return what trains and loads a model of its kind."""
    return LEARNERS[model.kind]

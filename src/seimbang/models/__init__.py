"""Models. A new one is a file in this folder and a line in ``MODELS``."""

from collections.abc import Mapping
from typing import Any

from seimbang.models.base import Model
from seimbang.models.cnn import Cnn, KidneyCnn
from seimbang.models.recurrent import Gru, Lstm, Rnn
from seimbang.settings import choose

MODELS: dict[str, type[Model]] = {"rnn": Rnn, "lstm": Lstm, "gru": Gru, "cnn": Cnn, "kidney_cnn": KidneyCnn}


def make(settings: Mapping[str, Any], where: str = "model") -> Model:
    """Return the model that ``settings`` describes, such as ``{"name": "rnn", "units": 128}``.

    Raises:
        StudyError: STUDY_INVALID: unknown name, unknown keys or values out of range, all of them named.
    """
    return choose(MODELS, "name", settings, where)

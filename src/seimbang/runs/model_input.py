"""What a model sees of the cases of a set: pixels, features of each image, or the prepared rows of a table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.balance.base import Balance
from seimbang.datasets.base import Dataset
from seimbang.datasets.columns import align
from seimbang.datasets.prepare import TablePreparer
from seimbang.errors import StudyError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.cache import features as cached
from seimbang.progress import say
from seimbang.splits.base import Fold, Rows
from seimbang.training.base import Features, Model
from seimbang.training.device import prepare


@dataclass(frozen=True)
class ModelInput:
    """How a model sees cases, whichever set they are from.

    Attributes:
        image: The ``[image]`` table.
        features: What the model sees of each image.
        preparer: What is made of the rows of a table, as learned on the training part; None for images.
        internal: The internal set.
        used: Its rows that are in any fold, sorted: features of other images are not computed, but not a number.
    """

    image: ImageSettings
    features: Features
    preparer: TablePreparer | None
    internal: Dataset
    used: Rows

    def of(self, data: Dataset) -> npt.NDArray[Any]:
        """Return what the model sees: ``uint8[n, h, w, c]`` pixels or ``float32[n, f]``."""
        if self.preparer is not None:
            return self.preparer.transform(align(data.X, data.columns, self.preparer.columns))
        if self.features.images:
            return data.X
        used = self.used if data is self.internal else np.arange(len(data.cases))
        return _features(self.features, data, self.image, used)

    def balance(self, method: Balance) -> Balance:
        """Return a balancing method that knows which columns of the rows are categories."""
        return method if self.preparer is None else method.with_categories(self.preparer.blocks)


def model_input(
    model: Model, image: ImageSettings, data: Dataset, fold: Fold, everything: bool, used: Rows
) -> ModelInput:
    """Return how ``model`` sees the cases in one fold.

    Args:
        model: The model.
        image: The ``[image]`` table.
        data: The internal set.
        fold: Whose training part is learned from, where there is anything to learn.
        everything: Learn from all parts, test included, as was done before the split; it leaks.
        used: Rows of the internal set that are in any fold, sorted.

    Raises:
        StudyError: MODEL_TABLE: a network for a table.
    """
    if data.kind == "image":
        return ModelInput(image, model.extractor, None, data, used)
    if not model.takes_rows:
        fix = "use a model such as svm, knn, forest or mlp"
        raise StudyError("MODEL_TABLE", f"a {model.title} for the table {data.name}", "a model that takes rows", fix)
    rows = np.sort(np.concatenate(list(fold.parts().values()))) if everything else fold.train
    return ModelInput(image, model.extractor, TablePreparer.fit(data.X[rows], data.columns), data, used)


def _features(features: Features, data: Dataset, image: ImageSettings, used: Rows) -> npt.NDArray[np.float32]:
    settings = image.model_dump_json(exclude={"augment", "flip_test"})
    every, frame = len(used) == len(data.X), data.cases.frame.iloc[used]

    def make() -> npt.NDArray[np.float32]:
        prepare(convolves=True)
        say(f"Computing the features of {len(used):,} images of {data.name}, once.")
        return features.extract(data.X if every else data.X[used])  # all of them stay in the file

    known = cached([*features.key(), settings, *frame.case_id, *frame.digest], make)
    if every:
        return known
    whole = np.full((len(data.X), known.shape[1]), np.nan, np.float32)
    whole[used] = known
    return whole

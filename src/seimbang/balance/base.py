"""One interface for every place where balancing can act: rows, class weights, loss, batch, logits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from seimbang.errors import DataError
from seimbang.imaging.augment import UNCHANGED, Augmentation, augment_rows

if TYPE_CHECKING:
    import torch

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Blocks = tuple[tuple[int, int], ...]
"""First column of each category in prepared rows of a table, and the one after its last; one column per level."""


@dataclass(frozen=True)
class Recipe:
    """The rows a model trains on; synthetic ones are descriptions, computed when a batch is drawn.

    Attributes:
        real: Rows of ``X`` to use, shape ``(m,)``; a row may occur more than once.
        i: First parent of each synthetic row, shape ``(s,)``, as rows of the same ``X``.
        j: Second parent, shape ``(s,)``.
        delta: Position on the line through the parents, shape ``(s,)``: the row is ``x_i + delta * (x_j - x_i)``. In
            [0, 1] it lies between them; negative, beyond the first, away from the second.
        y: Labels of the real rows, then of the synthetic ones, shape ``(m + s,)``.
        augmentation: Random augmentation of the synthetic rows, which are then images, after interpolation.
        seeds: Seed of the augmentation of each synthetic row, shape ``(s,)``; none without ``augmentation``.
        blocks: Columns that are not interpolated but copied from a row of ``donors``: the categories of a table.
        donors: Rows of ``X`` from which each synthetic row copies its categories, shape ``(s, blocks)``.
    """

    real: Ints
    i: Ints
    j: Ints
    delta: Floats
    y: Ints
    augmentation: Augmentation = UNCHANGED
    seeds: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    blocks: Blocks = ()
    donors: Ints = field(default_factory=lambda: np.empty((0, 0), np.int64))

    @classmethod
    def of_real(cls, rows: Ints, y: Ints) -> Recipe:
        """Return a recipe without synthetic rows."""
        none = np.empty(0, np.int64)
        return cls(rows, none, none, np.empty(0), y)

    def __len__(self) -> int:
        return len(self.y)

    def draw(self, X: npt.NDArray[Any], which: Ints, kind: type[np.floating[Any]] = np.float32) -> npt.NDArray[Any]:
        """Make the rows ``which`` (0 ... len - 1) of this recipe from ``X``, as ``kind`` in the units of ``X``.

        Interpolation happens in float: on uint8 the difference of two pixels would wrap around. Of bytes a row beyond
        its parents is cut to 0 ... 255, as no image is darker than black.
        """
        first = np.concatenate([self.real, self.i])[which]
        rows: npt.NDArray[Any] = X[first].astype(kind)
        made = np.flatnonzero(which >= len(self.real))
        if len(made):
            k = which[made] - len(self.real)
            delta = self.delta[k].astype(kind).reshape(-1, *[1] * (X.ndim - 1))
            line = rows[made] + delta * (X[self.j[k]].astype(kind) - rows[made])
            rows[made] = line.clip(0, 255) if X.dtype == np.uint8 else line
            for donor, (start, stop) in enumerate(self.blocks):
                rows[made, start:stop] = X[self.donors[k, donor], start:stop]
            if len(self.seeds):
                rows[made] = augment_rows(rows[made], self.seeds[k], self.augmentation)
        return rows

    def materialize(self, X: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], Ints]:
        """Return all rows and labels as arrays, for models that need them whole."""
        return self.draw(X, np.arange(len(self))), self.y


class Balance(BaseModel):
    """A balancing method: its settings are the fields, its work is in the hooks, which do nothing unless overridden.

    Subclasses override what they need; ``recipe`` is the public method, validates the input and calls ``rows``.

    Class variables say whether a method is for images only, whether it retrains the last layer of the network, and by
    which decision rule its arm predicts: the most probable class, or the threshold tuned on validation.

    Attributes:
        scope: What is balanced: the training set, or ``"all"`` cases before the split, which leaks and is marked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    title: ClassVar[str]
    source: ClassVar[str] = ""
    images_only: ClassVar[bool] = False
    retrains_head: ClassVar[bool] = False
    decides: ClassVar[Literal["default", "tuned"]] = "default"
    scope: Literal["train", "all"] = "train"

    def recipe(self, X: npt.NDArray[Any], y: Ints, seed: int, among: Ints | None = None) -> Recipe:
        """Check the training rows and return what to train on, as rows of ``X``.

        Args:
            X: Any numeric type, shape ``(m, ...)``; may be memory-mapped, and is not copied.
            y: Labels of the training rows, shape ``(n,)``.
            seed: With equal seeds the rows are equal.
            among: Which rows of ``X`` are the training rows, shape ``(n,)``; all of them unless given.

        Raises:
            DataError: BALANCE_INPUT: lengths differ; and what `require` raises.
        """
        rows = np.arange(len(X)) if among is None else among
        if len(rows) != len(y):
            raise _wrong_input(len(rows), y)
        self.require(X.shape[1:], y)
        recipe = self.rows(X, rows, y, np.random.RandomState(seed))
        real, i, j, donors = (rows[index] for index in (recipe.real, recipe.i, recipe.j, recipe.donors))
        return replace(recipe, real=real, i=i, j=j, donors=donors)

    def require(self, shape: tuple[int, ...], y: Ints) -> None:
        """Check what can be told without the values: whether the method suits rows of this shape and these labels.

        Args:
            shape: Of one row.
            y: Labels of the training rows, shape ``(n,)``.

        Raises:
            DataError: BALANCE_INPUT: there are fewer than two classes. BALANCE_IMAGES: the rows are not images, and the
                method is for images only. Methods add their own.
        """
        if len(np.unique(y)) < 2:
            raise _wrong_input(len(y), y)
        if self.images_only and len(shape) != 3:
            raise DataError(
                "BALANCE_IMAGES",
                f"{self.title} asked for on rows of {' x '.join(map(str, shape))} numbers",
                "images, height x width x channels",
                "balance tables with oversample, smote or class_weights",
            )

    def fewest(self, y: Ints) -> int:
        """Return how many rows a recipe for these labels has at least."""
        return len(y)

    def with_categories(self, blocks: Blocks) -> Self:
        """Return the method for a table whose prepared rows have these categories; most methods ignore them."""
        return self

    def rows(self, X: npt.NDArray[Any], among: Ints, y: Ints, rng: np.random.RandomState) -> Recipe:
        """Resample or synthesise; by default every row once. The recipe holds positions in ``among``."""
        return Recipe.of_real(np.arange(len(y)), y)

    def class_weights(self, counts: Ints) -> Floats | None:
        """Return the weight of each class in the loss, shape ``(classes,)``, or None for equal weights."""
        return None

    def loss(self, counts: Ints) -> torch.nn.Module | None:
        """Return a loss of ``(logits, labels)`` to use instead of cross-entropy."""
        return None

    def mix(self, which: Ints, y: Ints, rng: np.random.Generator) -> tuple[Ints, Floats] | None:
        """Return the rows to mix into a batch, or None to leave the batch unchanged.

        Images and labels are mixed alike: ``x + delta * (x_partner - x)``. A label is then soft.

        Args:
            which: Rows of the recipe in the batch, shape ``(b,)``.
            y: Labels of all rows of the recipe.
            rng: Generator of this epoch.

        Returns:
            Partners, as rows of the recipe, and ``delta`` in [0, 1], both of shape ``(b,)``.
        """
        return None

    def adjust_logits(self, logits: torch.Tensor, counts: Ints) -> torch.Tensor:
        """Change the logits ``float[b, classes]`` during training."""
        return logits

    def head_rows(self, features: npt.NDArray[np.float32], y: Ints, rng: np.random.RandomState) -> Recipe | None:
        """Return the rows on which the last layer alone is retrained after the network, or None not to.

        Only called for a method that ``retrains_head``.

        Args:
            features: Inputs of the last layer for each row of the recipe, shape ``(m, f)``.
            y: Labels of these rows, shape ``(m,)``.
            rng: Seeded with the seed of the training.
        """
        return None


def _wrong_input(rows: int, y: Ints) -> DataError:
    found = f"{rows} rows, {len(y)} labels, {len(np.unique(y))} classes"
    expected = "as many labels as rows and at least two classes"
    return DataError("BALANCE_INPUT", found, expected, "check the training set of the split")

"""What every classical model's settings offer: features, scaling, a grid to search, and a scikit-learn classifier."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from seimbang.classical.features import Hog, names
from seimbang.networks.network_features import NetworkFeatures
from seimbang.settings import mistakes, nearest
from seimbang.training.base import Features, Layer, Model, Pixels, Shape


class Search(BaseModel):
    """How the candidates of a ``grid`` are compared, inside the training rows.

    Attributes:
        folds: Parts the training rows are divided into, each left out once; fewer where a class has fewer groups.
        repeats: How often they are divided anew.
        by: What of the rows left out is compared; of equal candidates the first wins.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    folds: int = Field(5, ge=2, le=100)
    repeats: int = Field(1, ge=1, le=100)
    by: Literal["balanced_accuracy", "accuracy"] = "balanced_accuracy"


class Estimator(Model):
    """Settings of a classical model, which is fitted at once; see ``classical/fit.py``.

    Attributes:
        features: What it sees of an image: ``"pixels"``, ``"hog"`` or, by its name, a pretrained network's features.
        backbone_weights: File of that network's weights; empty for the published ones, ``"random"`` for none.
        fetch: Whether the published ones may be downloaded: ``"never"``, ``"when needed"`` or ``"only"``.
        scale: Whether each feature is first brought to mean 0 and standard deviation 1.
        pca: Principal components kept of the features: how many, or a share of the variance below 1; 0 for no PCA.
        calibrate: How the probabilities are corrected in five folds of the training rows; ``"none"`` takes them as the
            model gives them. An SVM gives none by itself: it takes ``"sigmoid"`` unless told otherwise.
        grid: Several values of the model's own keys, such as ``{ C = [1, 10] }``: the best are searched for.
        search: How it is searched for.
    """

    kind = "classical"
    file: ClassVar[str] = "model.skops"
    takes_rows: ClassVar[bool] = True
    purpose: ClassVar[str]
    weighable: ClassVar[bool] = True
    threads: ClassVar[bool] = False
    features: str = "pixels"
    backbone_weights: str = ""
    fetch: Literal["never", "when needed", "only"] = "when needed"
    scale: bool = True
    pca: Annotated[int, Field(ge=0)] | Annotated[float, Field(gt=0, lt=1)] = 0
    calibrate: Literal["none", "sigmoid", "isotonic"] = "none"
    grid: dict[str, Annotated[tuple[Any, ...], Field(min_length=1, strict=False)]] = Field(default_factory=dict)
    search: Search = Search()

    @field_validator("features")
    @classmethod
    def _known_features(cls, name: str) -> str:
        if name not in names():
            raise ValueError(f"one of {', '.join(names())}{nearest(name, names())}")
        return name

    @field_validator("grid")
    @classmethod
    def _known_values(cls, grid: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        known = [key for key in cls.model_fields if key not in Estimator.model_fields]
        among = f"(known: {', '.join(known)})"
        wrong = [f"without {key!r}{nearest(key, known)} {among}" for key in grid if key not in known]
        for setting in [{key: value} for key in grid if key in known for value in grid[key]]:
            try:
                cls.model_validate(setting)
            except ValidationError as error:
                wrong += mistakes(error, cls, "made of values where grid")
        if wrong:
            raise ValueError(" and ".join(wrong))
        return grid

    @property
    def extractor(self) -> Features:
        """What the model sees of an image."""
        if self.features in ("pixels", "hog"):
            return Hog() if self.features == "hog" else Pixels()
        return NetworkFeatures(backbone=self.features, weights=self.backbone_weights, fetch=self.fetch)

    def candidates(self) -> list[Self]:
        """Return these settings with each combination of the values in ``grid``, the last key changing fastest."""
        settings = {**self.model_dump(), "grid": {}}
        return [
            self.model_validate({**settings, **dict(zip(self.grid, values, strict=True))})
            for values in product(*self.grid.values())
        ]

    def require(self, rows: int) -> None:
        """Check that so many rows suffice; most models take any number."""

    def classifier(self, rows: npt.NDArray[np.float32], seed: int) -> Any:
        """Return a new scikit-learn classifier that is to be fitted to ``rows``, ``float32[n, f]``.

        Raises:
            DataError: There are too few of them.
        """
        raise NotImplementedError

    def sketch(self) -> Self:
        """Return the settings that stand for these while candidates are compared, where fitting takes long."""
        return self

    def describe(self, shape: Shape, classes: int) -> list[Layer]:
        """Describe what is made of an image, or of the columns of a table, on the way to the probabilities."""
        layers = [self.extractor.layer(shape)]
        (size,) = layers[0].shape
        if self.scale:
            layers.append(Layer("Scaling", (size,), 0, "Brings each number to mean 0 and standard deviation 1."))
        if self.pca:
            kept = min(int(self.pca), size) if self.pca >= 1 else size
            share = f", at most; together they hold {self.pca:.0%} of the variance" if self.pca < 1 else ""
            purpose = f"Keeps the {kept} directions in which the cases differ most{share}."
            layers.append(Layer("Principal components", (kept,), 0, purpose))
        return [*layers, Layer(self.title[:1].upper() + self.title[1:], (classes,), 0, self.purpose)]

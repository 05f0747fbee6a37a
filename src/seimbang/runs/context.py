"""What the steps of one run share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from seimbang.balance.base import Recipe
from seimbang.datasets.base import Dataset
from seimbang.datasets.pseudo_patients import with_pseudo_patients
from seimbang.record.folder import RunFolder, digest
from seimbang.runs.model_input import ModelInput, model_input
from seimbang.runs.prebalanced import Prebalanced, prebalance
from seimbang.splits.base import Fold, Rows
from seimbang.study.schema import Plan, Protocol, Study
from seimbang.training.base import Shape

Part = tuple[str, Dataset, Rows]
"""Name of a set, the data set it is from, and its rows."""


@dataclass
class Context:
    """A run under way.

    Attributes:
        study: As resolved.
        plans: The arms to run now.
        folder: Where everything is written.
        data: The internal data set.
        external: The external sets by name.
        quick: Whether only a rough answer was asked for.
        alike: The internal set, prepared as images are compared to guess patients; None for ``data`` itself.
        folds: How the cases are divided, by the protocol's name.
        recipes: What each arm trains on in each fold, by (slug, fold name).
        leaks: Sentences of the leaks of each arm, by slug.
    """

    study: Study
    plans: list[Plan]
    folder: RunFolder
    data: Dataset
    external: Mapping[str, Dataset]
    quick: bool
    alike: Dataset | None = None
    folds: dict[str, list[Fold]] = field(default_factory=dict)
    recipes: dict[tuple[str, str], Recipe] = field(default_factory=dict)
    leaks: dict[str, list[str]] = field(default_factory=dict)

    @cached_property
    def data_digest(self) -> str:
        """Digest of every case, its label and its patient, of all sets."""
        sets = {"": self.data, **self.external}
        return digest({name: one.cases.frame.drop(columns="path").to_csv(index=False) for name, one in sets.items()})

    @cached_property
    def _pseudo(self) -> Dataset:
        return with_pseudo_patients(self.data, self.alike)

    @cached_property
    def prebalanced(self) -> dict[str, Prebalanced]:
        """The tables that are balanced before they are divided, by the protocol's name."""
        seed = self.study.training.seed
        return {one.name: prebalance(self.data, one, seed) for one in self.study.protocols if one.balance}

    def data_of(self, protocol: Protocol) -> Dataset:
        """Return the internal set as a protocol divides it.

        It has the groups that the protocol keeps together; the rows are those of ``data``, except where the protocol
        balances before it divides.
        """
        if protocol.balance:
            return self.prebalanced[protocol.name].data
        return self._pseudo if protocol.group == "auto" else self.data

    def model_input(self, plan: Plan, fold: Fold) -> ModelInput:
        """Return how an arm's model sees cases in a fold."""
        data = self.data_of(plan.protocol)
        return model_input(plan.model, self.study.image, data, fold, everything=plan.balance.scope == "all")

    @property
    def shape(self) -> Shape:
        """Height, width and channels of the images, or of a row of a table as if it were one."""
        if self.data.kind == "table":
            return (1, self.data.X.shape[1], 1)
        return (*self.study.image.size, self.study.image.channels)

    def plans_of(self, protocol: Protocol) -> list[Plan]:
        """Return the arms to run now under a protocol."""
        return [plan for plan in self.plans if plan.protocol == protocol]

    def folds_of(self, plan: Plan) -> list[Fold]:
        """Return how an arm's protocol divides the cases."""
        return self.folds[plan.protocol.name]

    def parts_of(self, plan: Plan, fold: Fold) -> list[Part]:
        """Return all that an arm predicts in a fold: the parts of the internal set, and the external sets."""
        data = self.data_of(plan.protocol)
        inside = [(name, data, rows) for name, rows in fold.parts().items() if len(rows)]
        return inside + [(f"external:{name}", one, np.arange(len(one.cases))) for name, one in self.external.items()]

    def title(self, plan: Plan, fold: Fold) -> str:
        """Return how a line of progress calls a fold of an arm."""
        return f"{plan.name}, fold {fold.name}" if fold.name else plan.name

    def arm_folder(self, plan: Plan) -> Path:
        """Return the folder of an arm."""
        return self.folder.path / "arms" / plan.slug

    def fold_folder(self, plan: Plan, fold: Fold) -> Path:
        """Return where one fold of an arm is trained; the arm's own folder when there is only one split."""
        return self.arm_folder(plan) / "folds" / fold.name if fold.name else self.arm_folder(plan)

    def inputs(self, plan: Plan) -> str:
        """Return the digest of everything that the result of an arm depends on."""
        image = self.study.image.model_dump(mode="json")
        arm = [plan.arm.model_dump(exclude={"name"}), plan.model_settings, plan.training.model_dump()]
        folds = [[rows.tolist() for rows in fold.parts().values()] for fold in self.folds_of(plan)]
        return digest([image, arm, self.data_digest, folds, self.quick])

    def counts(self, y: np.ndarray) -> dict[str, int]:
        """Count labels by class name."""
        numbers = np.bincount(y, minlength=len(self.data.cases.classes))
        return dict(zip(self.data.cases.classes, map(int, numbers), strict=True))

"""Tables that come with scikit-learn, for a first try without any file: ``source = "sklearn:breast_cancer"``."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from seimbang.datasets.base import Dataset, SourceSettings
from seimbang.datasets.table import Features, Table, build
from seimbang.imaging.base import ImageSettings


class Sklearn(SourceSettings):
    """A table of scikit-learn's, all of whose columns are numbers.

    Attributes:
        features: Columns that the models see, or ``"all"``.
        units: Units of columns, for the page.
    """

    source: Literal["sklearn:breast_cancer", "sklearn:digits", "sklearn:iris", "sklearn:wine"]
    features: Features = "all"
    units: dict[str, str] = Field(default_factory=dict)

    def load(self, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
        """Return the table that ``source`` names; neither ``image`` nor ``root`` is used.

        Raises:
            DataError: What `build` raises.
        """
        from sklearn import datasets

        name = self.source.partition(":")[2]
        bunch = getattr(datasets, f"load_{name}")(as_frame=True)
        rows = bunch.data.astype(str).assign(label=[str(bunch.target_names[k]) for k in bunch.target])
        facts = {"source": f"{name} of scikit-learn", "format": "table of features"}
        return build([rows], Table.model_validate(self.with_facts(facts).model_dump()), Path(name), classes)

"""Tables that come with scikit-learn, for a first try without any file: ``source = "sklearn:breast_cancer"``."""

from pathlib import Path

from seimbang.datasets.base import Dataset, DataSettings
from seimbang.datasets.table import build
from seimbang.imaging.base import ImageSettings


def load(settings: DataSettings, image: ImageSettings, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
    """Return the table that ``settings.source`` names; its class is in the column ``label``.

    Args:
        settings: The ``[data]`` table.
        image: Not used.
        root: Not used.
        classes: Classes of the internal set when this is an external one.

    Raises:
        DataError: What `build` raises.
    """
    from sklearn import datasets

    name = settings.source.partition(":")[2]
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    table = bunch.data.astype(str).assign(label=[str(bunch.target_names[k]) for k in bunch.target])
    facts = {"source": f"{name} of scikit-learn", "format": "table of features"} | settings.facts
    return build([table], settings.model_copy(update={"facts": facts}), Path(name), classes)

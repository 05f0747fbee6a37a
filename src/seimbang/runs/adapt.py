"""The check at a new place: figures on its cases, how many are needed, and a profile of what was learned there."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from seimbang import __version__, datasets
from seimbang.datasets.base import Dataset
from seimbang.datasets.columns import align
from seimbang.datasets.intake import understand
from seimbang.datasets.intake.base import Hints
from seimbang.errors import DataError
from seimbang.evaluation.conformal import LEVEL
from seimbang.evaluation.local import FEWEST, Adapted, adapted, figures, needed
from seimbang.evaluation.predictions import Scored
from seimbang.evaluation.refusal import NO_LIMIT, share
from seimbang.evaluation.value import undefined
from seimbang.imaging.files import file_digest
from seimbang.progress import working
from seimbang.record.metrics import Measures, Value
from seimbang.record.profile import Profile
from seimbang.reports.tables import headline
from seimbang.runs.stages import cases_digest
from seimbang.serving.predictor import Predictor
from seimbang.training.temperature import temperature

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Local:
    """The cases of a place, as the models of an arm predict them.

    Attributes:
        data: The cases.
        cases: With their probabilities.
        predicted: What is decided.
        refused: Which are not of the kind that the models learned from; None where no limit is set.
    """

    data: Dataset
    cases: Scored
    predicted: npt.NDArray[np.int64]
    refused: Flags | None

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, the positive one of two last."""
        return self.data.cases.classes

    @property
    def patients(self) -> dict[str, int]:
        """How many patients each class has."""
        return {name: len(np.unique(self.cases.group[self.cases.y == k])) for k, name in enumerate(self.classes)}

    def figures(self) -> dict[str, Value]:
        """Return the headline figures of the models as they are."""
        return _headline(figures(self.cases, self.predicted, self.classes), self.classes)

    def needed(self, half_width: float) -> dict[str, int]:
        """Return how many patients of each class its recall needs for an interval of so much to either side."""
        right = self.predicted == self.cases.y
        shares = {name: right[self.cases.y == k] for k, name in enumerate(self.classes)}
        return {name: needed(float(hits.mean()) if len(hits) else 0.5, half_width) for name, hits in shares.items()}


def look(predictor: Predictor, path: Path, group: str = "") -> Local:
    """Return the cases of a place, predicted.

    Args:
        predictor: Of the arm, without a profile.
        path: Images in class folders, or a list or table of cases, as `seimbang init` takes them.
        group: Column with the patient, or ``folder`` or ``name`` for files; ``""`` where the cases say it.

    Raises:
        DataError: The cases cannot be used; they have other classes than the run.
    """
    understood = understand(path, Hints(group=group))
    settings = datasets.make({key: value for key, value in understood.data.items() if key != "positive"})
    with working("Loading the cases"):
        data = datasets.load(settings, predictor.image, path.resolve().parent, predictor.classes)
    with working("Predicting the cases"):
        X = data.X if predictor.table is None else align(data.X, data.columns, predictor.table.columns)
        p, predicted, advice = predictor.predict_all(X)
    patient = np.unique(data.cases.groups, return_inverse=True)[1].astype(np.int64)
    known = advice[0].distance is not None
    refused = np.array([one.refused for one in advice]) if known else None
    return Local(data, Scored(data.cases.y, p, patient), predicted, refused)


def profile(local: Local, arm_folder: Path) -> Profile:
    """Return what was learned on one half of the patients, with its figures on the other.

    Raises:
        DataError: LOCAL_FEW: a class has too few patients. LOCAL_RANKING: the probabilities do not rise with the class.
    """
    few = {name: count for name, count in local.patients.items() if count < FEWEST}
    if few:
        found = ", ".join(f"{count} patients of {name}" for name, count in few.items())
        expected = f"at least {FEWEST} of each class: half to learn on, half to test on"
        raise DataError("LOCAL_FEW", f"{found} in {local.data.name}", expected, "collect more cases of these classes")
    made = adapted(local.cases, local.predicted, local.classes, temperature)
    if made.correction.slope <= 0:
        found = f"probabilities that do not rise with the true class in {local.data.name}"
        fix = "do not use this model there; train one on cases of that place"
        raise DataError("LOCAL_RANKING", found, "a model that ranks the cases of that place", fix)
    return _profile(local, made, arm_folder)


def _profile(local: Local, made: Adapted, arm_folder: Path) -> Profile:
    classes, group = local.classes, local.cases.group
    after = Measures.model_validate(made.after)
    refused = undefined(NO_LIMIT) if local.refused is None else share(local.refused, group)
    return Profile(
        model=file_digest(arm_folder / "model.json"),
        place=local.data.name,
        cases=cases_digest(local.data),
        patients=local.patients,
        slope=made.correction.slope,
        shift=list(made.correction.shift),
        threshold=made.correction.threshold,
        least=dict(zip(classes, made.smallest.tolist(), strict=True)),
        level=LEVEL,
        refused=Value.model_validate(refused),
        whole=_headline(made.whole, classes),
        before=_headline(made.before, classes),
        after=_headline(made.after, classes),
        coverage={name: Value.model_validate(value) for name, value in made.coverage.items()},
        at_chance=after.metrics["balanced_accuracy"].side_of(1 / len(classes)) <= 0,
        seimbang=__version__,
    )


def _headline(table: dict[str, object], classes: tuple[str, ...]) -> dict[str, Value]:
    return headline(Measures.model_validate(table), classes[-1])

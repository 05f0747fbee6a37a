"""Which arm of a run predicts."""

from collections.abc import Sequence
from pathlib import Path

from seimbang.errors import StudyError
from seimbang.record.arm import Candidate
from seimbang.record.metrics import Metrics
from seimbang.record.package import no_model
from seimbang.record.read import Arm, read_arms
from seimbang.settings import nearest


def find_arm(run: Path, name: str | None) -> str:
    """Return the folder name of the arm called ``name`` (its name or its folder's), or of the best one for None.

    The run may still go on: any arm that has been evaluated will do.

    Raises:
        StudyError: ``ARM_UNKNOWN``: no trained arm is called so.
        IntegrityError: ``MODEL_MISSING``: no arm of ``run`` has a model; ``RUN_MISSING`` or ``RUN_DAMAGED``.
    """
    arms = [arm for arm in read_arms(run) if (arm.folder / "model.json").is_file()]
    if not arms:
        raise no_model(run / "arms", "model.json")
    if name is None:
        return _best(arms).facts.slug
    slugs = {key: arm.facts.slug for arm in arms for key in (arm.name, arm.facts.slug)}
    if name not in slugs:
        known = f"one of {', '.join(sorted(set(slugs.values())))}" + nearest(name, slugs)
        raise StudyError("ARM_UNKNOWN", f"no trained arm {name!r} in {run}", known, "name an arm that was trained")
    return slugs[name]


def _best(arms: list[Arm]) -> Arm:
    """Return the arm with the highest balanced accuracy on the validation set.

    Without a validation set counts what the chosen candidate reached in the search inside the training part. An arm
    without either figure comes last, and of equal arms the first in the study is taken. An arm that leaks is chosen
    only where no other is there: its figures flatter it.
    """
    return max([arm for arm in arms if not arm.facts.leaky] or arms, key=lambda arm: score(arm.metrics, arm.search))


def score(metrics: Metrics, search: Sequence[Candidate]) -> float:
    """Return what an arm is chosen by; one without any figure comes after all others."""
    if "validation" in metrics.sets:
        value = metrics.sets["validation"].default.metrics["balanced_accuracy"].value
        return -1.0 if value is None else value
    chosen = max(search, key=lambda candidate: candidate.chosen, default=None)
    return -1.0 if chosen is None else chosen.mean

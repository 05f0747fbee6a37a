"""A local profile: how the models of an arm are used at one place; the models themselves stay as they are."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from seimbang.errors import IntegrityError, StudyError
from seimbang.imaging.files import file_digest, read_whole
from seimbang.record.base import Record, dump, load
from seimbang.record.folder import digest
from seimbang.record.metrics import Value

AGAIN = "make it again: seimbang adapt RUN LOCAL_CASES"


class Profile(Record):
    """What ``seimbang adapt`` writes.

    Attributes:
        model: sha256 of the ``model.json`` that it is for, which names those of the models.
        place: Name of the cases.
        cases: Digest of the cases, their labels and patients.
        patients: By class.
        slope: See ``evaluation.local.Correction``.
        shift: Of each class.
        threshold: Of the corrected probabilities.
        least: With which corrected probability each class becomes possible.
        level: Share of the cases of each class whose possible classes are to hold it.
        refused: Share of the cases that are not of the kind the models learned from.
        whole: Figures of the models as they are, on all cases.
        before: The same, on the half of the patients that nothing was learned on.
        after: With what was learned on the other half.
        coverage: On that half, cases of each class whose possible classes hold the true one.
        at_chance: Whether balanced accuracy after it is not shown to be above that of guessing.
        seimbang: Version that made it.
        digest: sha256 of all the rest.
    """

    model: str
    place: str
    cases: str
    patients: dict[str, int]
    slope: float
    shift: list[float]
    threshold: float | None
    least: dict[str, float]
    level: float
    refused: Value
    whole: dict[str, Value]
    before: dict[str, Value]
    after: dict[str, Value]
    coverage: dict[str, Value]
    at_chance: bool
    seimbang: str
    digest: str = Field(default="")

    @property
    def expected(self) -> str:
        """What ``digest`` has to be."""
        return digest(self.model_dump(mode="json", exclude={"digest"}))

    def text(self) -> str:
        """Return the content of its file, with its digest."""
        return dump(self.model_copy(update={"digest": self.expected}))


def read_profile(path: Path, arm_folder: Path, seed: str = "") -> Profile:
    """Return a profile of the models of an arm.

    Args:
        path: Its file.
        arm_folder: Folder of the arm.
        seed: The one whose model alone is asked for; a profile is of all together.

    Raises:
        StudyError: ``PROFILE_SEED``.
        IntegrityError: ``PROFILE_DAMAGED``: it cannot be read, or was changed. ``PROFILE_MODEL``: it is of others.
    """
    if seed:
        found = f"--seed {seed} beside --profile {path}"
        raise StudyError("PROFILE_SEED", found, "a profile of the models of all seeds together", "leave --seed out")
    try:
        profile = load(read_whole(path), Profile)
    except (OSError, ValueError, ValidationError) as error:
        raise _damaged(f"{path} that cannot be read as a profile ({type(error).__name__})") from error
    if profile.digest != profile.expected:
        raise _damaged(f"{path} with another digest than its content has: it was changed")
    if profile.model != file_digest(arm_folder / "model.json"):
        found = f"{path} made for other models than those of {arm_folder}"
        raise IntegrityError("PROFILE_MODEL", found, "a profile of these models", AGAIN)
    return profile


def _damaged(found: str) -> IntegrityError:
    return IntegrityError("PROFILE_DAMAGED", found, "a profile as seimbang adapt wrote it", AGAIN)

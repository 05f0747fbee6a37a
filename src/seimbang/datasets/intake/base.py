"""What is understood of data that somebody just has, before there is a study file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Hints:
    """What the user says, on the command line or in answer to a question; ``""`` where nothing was said.

    Attributes:
        label: Column with the class.
        positive: The class that matters.
        group: Column with the patient, or ``folder`` or ``name`` for files.
        path: Folder with the images of a manifest.
        unit: What one case is, where a patient or a volume has several images: ``middle`` or ``all`` slices.
    """

    label: str = ""
    positive: str = ""
    group: str = ""
    path: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Guess:
    """One thing that the data do not say for sure, and what was taken.

    Attributes:
        key: The field of ``Hints`` that decides it.
        question: What a user in a terminal is asked, in one sentence.
        chosen: The value that was taken, as ``Hints`` would have it.
        others: The other values that are possible, as ``Hints`` would have them.
        lines: For each of ``others`` the lines of TOML that say so, to be written as comments.
    """

    key: str
    question: str
    chosen: str
    others: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Understanding:
    """What a study file says of the data, and what its writer has to look at.

    Attributes:
        data: The ``[data]`` table, as `datasets.make` takes it; its path is relative to the folder that holds the data.
        image: Keys of ``[image]`` that the data ask for, such as ``channels``.
        understood: Sentences on how the data were read, such as the separator or the folders that are parts.
        guesses: What is not sure.
        sample: The first three rows as they were read, one line each; nothing of images.
    """

    data: Mapping[str, Any]
    image: Mapping[str, Any] = field(default_factory=dict)
    understood: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()
    sample: tuple[str, ...] = ()

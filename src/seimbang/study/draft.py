"""A commented study file for data that somebody just has."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seimbang import datasets
from seimbang.datasets.base import Dataset
from seimbang.datasets.intake import understand
from seimbang.datasets.intake.base import Guess, Hints, Understanding
from seimbang.datasets.intake.positive import positive_class
from seimbang.errors import DataError, SeimbangError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.cache import outline
from seimbang.study.load import to_toml
from seimbang.study.models import MODELS
from seimbang.study.schema import Study, parse

MENDABLE = {
    "DATA_ALL_MISSING",
    "DATA_CATEGORY",
    "DATA_COLUMN",
    "DATA_DUPLICATE_ID",
    "DATA_FILE_MISSING",
    "DATA_FORMULA",
    "DATA_GROUP_LEVEL",
    "DATA_GROUP_PATTERN",
    "DATA_ID_MISSING",
    "DATA_JOIN",
    "DATA_LABEL_MISSING",
    "DATA_ROLE",
    "DATA_SHEET",
    "DATA_SPLIT_NAME",
    "DATA_TEXT",
    "DATA_UNKNOWN_CLASS",
}
"""Faults of data that a line of the study, or a cell of the file, can mend: the study is written all the same."""
IMAGE = {"size": [150, 150], "channels": 1}
"""What a first study says of images, where the data do not ask for something else."""
TRAINING = 0.6
"""About the share of the cases outside a given test part that is trained on."""
MANY = 5
"""SMOTE looks at so many neighbours of a case."""
NONE = "none of these"
"""How a choice is shown that leaves a key out."""
ENOUGH = 0.05
"""A validation part that comes with the data is used where it has this share of what is not for testing."""


@dataclass(frozen=True)
class Draft:
    """What is known of data, and the study that follows from it.

    Attributes:
        path: Where the data are.
        understanding: What they were taken for.
        guesses: What is not sure, the class that matters among them.
        data: Their outline; None where they cannot be read until something is mended.
        fault: What has to be mended.
    """

    path: Path
    understanding: Understanding
    guesses: tuple[Guess, ...]
    data: Dataset | None
    fault: SeimbangError | None

    @property
    def table(self) -> dict[str, Any]:
        """The ``[data]`` table."""
        positive = next((guess.chosen for guess in self.guesses if guess.key == "positive"), "")
        known = {} if self.data is None else {"positive": self.data.cases.classes[-1]}
        return dict(self.understanding.data) | known | ({"positive": positive} if positive else {})

    @property
    def counted(self) -> str:
        """How many cases each class has."""
        if self.data is None:
            return "cases that could not be read yet"
        counts = self.data.cases.frame.label.value_counts()
        return f"{len(self.data.cases):,} cases ({', '.join(f'{name} {count:,}' for name, count in counts.items())})"

    @property
    def text(self) -> str:
        """The study file."""
        return _file(self)


def draft(path: Path, hints: Hints | None = None) -> Draft:
    """Look at data, and return what their first study would be; images are listed, not decoded.

    Args:
        path: A folder, or a file that `understand` knows.
        hints: What the user says of them.

    Raises:
        DataError: What `understand` raises, and what is wrong with the data, unless the study can be mended.
            ``DATA_POSITIVE``: they have no class that is called as the hint says.
    """
    path, hints = path.resolve(), hints or Hints()
    understanding = understand(path, hints)
    data: Dataset | None = None
    fault: SeimbangError | None = None
    try:
        data = _outline(path, understanding)
    except DataError as error:
        other_label = error.code == "DATA_ONE_CLASS" and any(guess.key == "label" for guess in understanding.guesses)
        if error.code not in MENDABLE and not other_label:
            raise
        fault = error
    guesses = understanding.guesses
    if data is not None and not any(guess.key == "positive" for guess in guesses):
        guesses = (_positive(path, data, understanding.data, hints), *guesses)
    return Draft(path, understanding, guesses, data, fault)


def _outline(path: Path, understanding: Understanding) -> Dataset:
    settings = datasets.make({key: value for key, value in understanding.data.items() if key != "positive"})
    with outline():
        return datasets.load(settings, ImageSettings(), path.parent)


def image_for(understanding: Understanding) -> ImageSettings:
    """Return the ``[image]`` table of a first study, so that its audit and that of the data themselves agree."""
    return ImageSettings.model_validate(IMAGE | dict(understanding.image))


def study_for(path: Path) -> Study:
    """Return the study that a first draft for data is; its paths are relative to the folder that holds the data.

    Raises:
        DataError: What `draft` raises, and what has to be mended first.
    """
    made = draft(path)
    if made.fault:
        raise made.fault
    return parse(tomllib.loads(made.text))


def _positive(path: Path, data: Dataset, table: Mapping[str, Any], hints: Hints) -> Guess:
    """Return which class matters: as the user says, or the data, or by its name."""
    counts = {str(name): int(count) for name, count in data.cases.frame.label.value_counts().items()}
    known = str(table.get("positive", ""))
    return positive_class(path, counts, hints.positive or (known if known in counts else ""))


def open_questions(made: Draft, hints: Hints) -> list[Guess]:
    """Return the guesses that the user has not decided, and that the data do not."""
    guesses = [guess for guess in made.guesses if guess.question and guess.others]
    return [guess for guess in guesses if not getattr(hints, guess.key)]


def answered(hints: Hints, guess: Guess, answer: str) -> Hints:
    """Return the hints with the answer to a guess."""
    return replace(hints, **{guess.key: answer})


def _file(made: Draft) -> str:
    """Return the study with comments that say what was understood and what to decide."""
    name = made.path.stem if made.path.is_file() else made.path.name
    head = {"title": f"Study of {name}", "question": "Does SMOTE help, and is the result free of leaks?"}
    images = made.data.kind == "image" if made.data else not {"features", "categories"} & set(made.table)
    grouped = "group" in made.table or bool(made.data and made.data.cases.has_groups)
    parts = [
        f"# Written for {_plain(made.path.name)}: {_plain(made.counted)}.",
        *_comments("Understood:", made.understanding.understood),
        *_comments("The first rows, as they were read:", made.understanding.sample),
        *_comments("To be mended first:", [str(made.fault)] if made.fault else []),
        to_toml(head),
        to_toml({"data": made.table}).strip(),
        *_choices(made.guesses),
        *([] if grouped else [GROUPS_OF_IMAGES if images else GROUPS_OF_ROWS]),
        *([_image(made.understanding.image)] if images else [_columns(made.data)]),
        _split(made.data, images),
        (OF_IMAGES if images else OF_ROWS).replace(SMOTE, _smote(made.data)),
    ]
    return "\n".join(parts)


def _comments(heading: str, lines: Sequence[str]) -> list[str]:
    return [f"# {heading}", *(f"#   {_plain(line)}" for line in lines)] if lines else []


def _plain(text: str) -> str:
    """Return a text that is one line of a comment: TOML allows no control characters there."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _choices(guesses: Sequence[Guess]) -> list[str]:
    lines = []
    for guess in guesses:
        if guess.question and guess.lines:
            lines += [f"# {_plain(guess.question)} Taken: {_plain(guess.chosen) or NONE}. Or one of:"]
            lines += [f"# {_plain(line)}" for lines_of_one in guess.lines for line in lines_of_one.splitlines()]
    return lines


GROUPS_OF_IMAGES = r"""# Which images are of one patient? Say it, or slices of one may be in both parts. One of:
# group = { from = "name", pattern = '(patient\d+)' }   # a pattern in the file name
# group = { from = "folder", level = 1 }                # the folder that holds the file
# group = { from = "column", column = "patient" }       # a column of the list of images"""

GROUPS_OF_ROWS = """# group = { from = "column", column = "patient" }       # rows of one patient stay together"""


def _image(keys: Mapping[str, Any]) -> str:
    image = IMAGE | dict(keys)
    more = "\n# channels = 3 for colour" if image["channels"] == 1 else ""
    return f"\n{to_toml({'image': image}).strip()}{more}"


def _columns(data: Dataset | None) -> str:
    names = ", ".join(column.name for column in data.columns) if data else "that hold numbers"
    return f"""# The models see the columns {_plain(names)}.
# features = ["..."]              # to choose among them
# categories = ["..."]            # columns of category levels, such as sex"""


def _split(data: Dataset | None, images: bool) -> str:
    """Return how the cases are divided: as they came where every class is in both parts, else at random."""
    split: dict[str, Any] = {"test": 0.2, "validation": 0.2, "group": "known"}
    if data is not None:
        frame, classes = data.cases.frame, set(data.cases.frame.label)
        parts = {part: frame[frame.split == part] for part in ("test", "validation")}
        if all(set(rows.label) == classes for rows in (parts["test"], frame[frame.split != "test"])):
            split["test"] = "provided"
            rest = len(frame) - len(parts["test"])
            if set(parts["validation"].label) == classes and len(parts["validation"]) >= ENOUGH * rest:
                split["validation"] = "provided"
    said = ""
    if images and not (data and data.cases.has_groups):
        split["group"], said = "auto", ' "auto" keeps nearly identical images together.'
    comment = f"# Validation is held out from training; nothing is ever chosen on test.{said}"
    return f"\n{comment}\n{to_toml({'split': split}).strip()}\n"


def _smote(data: Dataset | None) -> str:
    """Return the arm with SMOTE for the rarest class of the training part; with too few cases, copies instead."""
    if data is None:
        return SMOTE
    frame = data.cases.frame
    fewest = int((frame[frame.split != "test"].label.value_counts() * TRAINING).min())
    method = "smote_nc" if any(column.kind == "category" for column in data.columns) else "smote"
    if fewest < 2 * MANY:
        few = "fewer neighbours than 5, as there are few cases"
        k = f'balance = {{ method = "{method}", k = {max(1, fewest // 2 - 1)} }}   # {few}'
        copies = 'balance = { method = "oversample" }   # SMOTE needs more cases of each class'
        return SMOTE.splitlines()[0] + "\n" + (k if fewest >= MANY else copies)
    return SMOTE.replace('"smote"', f'"{method}"')


SMOTE = """name = "SMOTE"
balance = { method = "smote" }"""

OF_ROWS = f"""[model]
name = "svm"                     # or knn, forest, logistic, boosting, mlp, naive_bayes, tree
grid = {{ C = [0.25, 1.0, 4.0, 16.0] }}     # the best is searched for inside the training part

[[arm]]
name = "none"

[[arm]]
name = "class weights"
balance = {{ method = "class_weights" }}

[[arm]]
{SMOTE}   # where there are categories: smote_nc
"""

OF_IMAGES = f"""[model]
name = "cnn"                     # or {", ".join(name for name in MODELS if name != "cnn")}

[training]
epochs = 20
early_stopping = 5
seeds = 3                        # trainings of each arm: with one, a difference may be luck of the seed

# [evaluation]
# learning_curve = true          # trains on 25 and 50 % of the patients too (75 % more time): would more data help?

[[arm]]
name = "none"

[[arm]]
name = "class weights"
balance = {{ method = "class_weights" }}

[[arm]]
name = "augmentation"
balance = {{ method = "augment" }}

[[arm]]
{SMOTE}

# Images of another hospital, never trained on:
# [[external]]
# name = "other hospital"
# path = "folder_of_the_other_hospital"
"""

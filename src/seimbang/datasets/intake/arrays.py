"""What arrays of images hold: parts, sizes, kinds of numbers, volumes, several labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seimbang.datasets.array_file import Part, arrays_in
from seimbang.datasets.intake.base import Guess, Hints, Understanding
from seimbang.datasets.intake.medmnist import names_for
from seimbang.datasets.npz import Npz, class_names, counts_of
from seimbang.datasets.stacks import Grey, Stack
from seimbang.errors import DataError

LARGEST = 224
"""Side of images in a first study, at most."""


def understand(path: Path, hints: Hints) -> Understanding:
    """Say what is in an npz or .npy file.

    Args:
        path: The file.
        hints: ``label`` is the name of an array, or the number or name of one of several labels; ``group`` the name of
            an array.

    Raises:
        DataError: ``DATA_NPZ``: no images with labels are in it.
    """
    arrays = set(arrays_in(path))
    named = hints.label if hints.label and not _position(path, hints.label) and hints.label in _stems(arrays) else ""
    settings = Npz(path=path.name, label_array=named, **_group(hints))
    stacks = settings.stacks(path)
    parts = [stack.part for stack in stacks]
    data: dict[str, Any] = {"source": "npz", "path": path.name}
    data |= {"label_array": named} if named else {}
    data |= {"group": {"from": "column", "column": hints.group}} if hints.group else {}
    guesses: list[Guess] = []
    labels = _labels(path, parts, hints, data, guesses)
    _other_arrays(parts, hints, guesses)
    if stacks[0].volumes:
        guesses.append(_unit(hints, data))
    colour = {"channels": 3} if any(stack.colour for stack in stacks) else {}
    image = {"size": [min(LARGEST, stacks[0].height), min(LARGEST, stacks[0].width)], **colour}
    return Understanding(data, image, (_shapes(stacks), *labels), tuple(guesses))


def _group(hints: Hints) -> dict[str, Any]:
    return {"group": {"from": "column", "column": hints.group}} if hints.group else {}


def _stems(arrays: set[str]) -> set[str]:
    """Return the names of the arrays with and without a part before or after them."""
    return arrays | {name.partition("_")[2] for name in arrays} | {name.rpartition("_")[0] for name in arrays}


def _position(path: Path, label: str) -> str:
    """Return the number of a label that is given as a number or by its MedMNIST name, ``""`` for another text."""
    names = names_for(path.stem)
    return label if label.isdigit() else str(names.index(label)) if label in names else ""


def _shapes(stacks: Sequence[Stack]) -> str:
    """Say how many images of which size and kind each part has."""
    counts = ", ".join(f"{stack.part.name or 'in all'} {len(stack):,}" for stack in stacks)
    first, values = stacks[0], Grey.of(list(stacks))
    colour = "colour" if any(stack.colour for stack in stacks) else "grey"
    kind = "volumes" if first.volumes else "images"
    said = f"{kind.capitalize()} of {first.size}, {colour}, {values.dtype} values ({values.how}): {counts}"
    patients = first.part.patients
    return f"{said}." if patients is None else f"{said}; patients are in {patients.title}."


def _labels(
    path: Path, parts: Sequence[Part], hints: Hints, data: dict[str, Any], guesses: list[Guess]
) -> tuple[str, ...]:
    """Add what is said of the classes to ``data`` and ``guesses``, and return it in words."""
    array, names = parts[0].labels, names_for(path.stem)
    number = _position(path, hints.label)
    if number:
        data["label"] = {"contains": int(number)}
    try:
        known = {name for part in parts for name in class_names(path, part.labels, None)}
    except DataError as error:
        if error.code != "DATA_SEVERAL_LABELS":
            raise
        return _several(path, parts, number, names, data, guesses)
    if number:
        return (f"Labels: {array.title}; {number} against all others.",)
    if names and known <= set(map(str, range(len(names)))):
        data["classes"] = {str(k): name for k, name in enumerate(names) if str(k) in known}
        return (f"Labels: {array.title}; names of the classes as MedMNIST has them.",)
    return (f"Labels: {array.title}.",)


def _several(
    path: Path, parts: Sequence[Part], number: str, names: tuple[str, ...], data: dict[str, Any], guesses: list[Guess]
) -> tuple[str, ...]:
    """Choose one of several labels an image, the most frequent one unless said otherwise."""
    whole = [part.labels.whole() for part in parts]
    counts = np.sum([counts_of(values) for values in whole], axis=0)
    chosen = int(number) if number and int(number) < len(counts) else int(counts.argmax())
    said = [f"{k}{f' ({names[k]})' if names else ''}: {count:,}" for k, count in enumerate(counts)]
    data["label"] = {"contains": chosen}
    if names:
        data["classes"] = {str(k): name for k, name in enumerate(names[: len(counts)])}
    others = [k for k in np.argsort(-counts, kind="stable").tolist() if k != chosen]
    lines = [_one_label(k, said[k]) for k in others]
    question = "Each image has several labels. Which one is to be told from all others?"
    called = [names[k] if names else str(k) for k in (chosen, *others)]
    guesses.append(Guess("label", question, called[0], tuple(called[1:]), tuple(lines)))
    return (f"Labels: {parts[0].labels.title}, several an image; images with each: {', '.join(said)}.",)


def _one_label(number: int, said: str) -> str:
    return f"label = {{ contains = {number} }}   # {said}"


def _other_arrays(parts: Sequence[Part], hints: Hints, guesses: list[Guess]) -> None:
    """Offer the other arrays that may hold the labels."""
    if parts[0].others and not hints.label:
        title, *_ = parts[0].labels.title.split(" of ")
        lines = tuple(f'label_array = "{name}"' for name in parts[0].others)
        guesses.append(Guess("label", "Which array holds the labels?", title, parts[0].others, lines))


def _unit(hints: Hints, data: dict[str, Any]) -> Guess:
    """Choose which slices of a volume are cases."""
    chosen = hints.unit or "middle"
    data["slices"] = chosen
    other = "all" if chosen == "middle" else "middle"
    question = "What is one case: the middle slice of a volume (middle), or each slice, kept together by volume (all)?"
    return Guess("unit", question, chosen, (other,), (f'slices = "{other}"',))

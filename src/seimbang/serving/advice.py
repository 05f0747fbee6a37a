"""What to make of a prediction: whether the model should have answered, whether it is sure, and why, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from seimbang.evaluation.conformal import answers
from seimbang.evaluation.gate import Gate
from seimbang.imaging.descriptor import CHANGES, describe
from seimbang.record.metrics import Value
from seimbang.record.profile import Profile
from seimbang.record.refusal import Refusal
from seimbang.serving.words import Words

Answer = Literal["refused", "refer", "sure", "unknown"]
T = TypeVar("T")


@dataclass(frozen=True)
class Advice:
    """What to make of a prediction.

    Attributes:
        answer: ``refused``: the case is not of the kind that the model learned from. ``refer``: it could be any of
            ``possible``. ``sure``: it is ``possible[0]``, at the level of the run. ``unknown``: validation had too few
            patients to tell.
        possible: The classes that are possible, the predicted one first; none where it is refused or unknown.
        level: Share of the cases of each class whose possible classes are to hold it.
        distance: To the training cases, 1 at the limit; None where there is no limit.
        looks: How an image would have to be changed to pass, a key of ``CHANGES``; ``""`` where nothing helps.
        at_chance: Tested sets on which the model is not shown to be better than guessing, with its balanced accuracy.
        place: Where probabilities and threshold were adapted to; ``""`` where they are as the run left them.
    """

    answer: Answer
    possible: tuple[str, ...]
    level: float
    distance: float | None
    looks: str
    at_chance: Mapping[str, Value]
    place: str = ""

    @property
    def refused(self) -> bool:
        """Whether there is no answer."""
        return self.answer == "refused"

    def told(self, value: T) -> T | None:
        """Return what a prediction says, None where it is refused: no class then leaves the program, nor a probability.

        Args:
            value: A class, or one or more probabilities.
        """
        return None if self.refused else value

    def __str__(self) -> str:
        if not self.possible:
            return self.answer
        return " or ".join(self.possible) + (": refer" if self.answer == "refer" else "")


@dataclass(frozen=True)
class Adviser:
    """What an arm's run measured of when its models should not answer.

    Attributes:
        refusal: As in the run folder.
        gate: The training cases to compare with; None where no limit could be set.
        smallest: With which probability each class becomes possible, shape ``(classes,)``.
        classes: Their names.
        place: Where it was adapted to; ``""`` for nowhere.
    """

    refusal: Refusal
    gate: Gate | None
    smallest: npt.NDArray[np.float64]
    classes: tuple[str, ...]
    place: str = ""

    @classmethod
    def of(
        cls, refusal: Refusal, arrays: Mapping[str, npt.NDArray[Any]], classes: tuple[str, ...], seed: str
    ) -> Adviser:
        """Return the adviser of the models of all seeds together, or of that of one."""
        smallest = np.array([refusal.least[seed][name] for name in classes])
        return cls(refusal, Gate.from_arrays(arrays) if arrays else None, smallest, classes)

    def at(self, profile: Profile) -> Adviser:
        """Return the adviser of the same models at the place of a profile, whose own figures take the others' place."""
        chance = {f"local:{profile.place}": profile.after["balanced_accuracy"]} if profile.at_chance else {}
        smallest = np.array([profile.least[name] for name in self.classes])
        refusal = self.refusal.model_copy(update={"at_chance": chance, "level": profile.level})
        return replace(self, refusal=refusal, smallest=smallest, place=profile.place)

    def advise(self, X: npt.NDArray[Any], p: npt.NDArray[np.float64], predicted: npt.NDArray[np.int64]) -> list[Advice]:
        """Return what to make of each prediction.

        Args:
            X: What the model saw: images ``uint8[n, h, w, c]`` or prepared rows ``float32[n, f]``.
            p: Its probabilities, shape ``(n, classes)``.
            predicted: The predicted classes as positions, shape ``(n,)``.
        """
        distances = self._distances(X)
        possible = answers(p, self.smallest, predicted)
        return [self._advice(X[k : k + 1], distances[k], possible[k], int(predicted[k])) for k in range(len(p))]

    def _distances(self, X: npt.NDArray[Any]) -> list[float] | list[None]:
        """Return distances to the training cases, 1 at the limit; None where there is no limit."""
        if self.gate is None or self.refusal.kind is None:
            return [None] * len(X)
        described = describe(X) if X.ndim == 4 else X
        distances: list[float] = (self.gate.distances(described) / self.refusal.kind.limit).tolist()
        return distances

    def _advice(
        self, X: npt.NDArray[Any], distance: float | None, possible: npt.NDArray[np.bool_], predicted: int
    ) -> Advice:
        others = [name for k, name in enumerate(self.classes) if possible[k] and k != predicted]
        names = (self.classes[predicted], *others)
        answer: Answer = "refer" if others else "sure"
        if not self.smallest.any():
            answer, names = "unknown", ()
        looks = ""
        if distance is not None and distance > 1:
            answer, names, looks = "refused", (), self._looks(X)
        return Advice(answer, names, self.refusal.level, distance, looks, self.refusal.at_chance, self.place)

    def _looks(self, X: npt.NDArray[Any]) -> str:
        """Return the change after which an image is nearest to the training cases and passes; ``""`` where none is."""
        if X.ndim != 4:
            return ""
        distances = {name: self._distances(change(X))[0] or 0.0 for name, change in CHANGES.items()}
        best = min(distances, key=distances.__getitem__)
        return best if distances[best] <= 1 else ""


def doubts(advice: Advice, words: Words, say: Callable[..., str]) -> Iterator[str]:
    """Yield where it was adapted to and what `chances` yields, which is so of every answer.

    Args:
        advice: The advice.
        words: The language.
        say: ``words`` itself for Markdown, or ``words.text`` for plain text.
    """
    if advice.place:
        yield say("refusal.place", name=advice.place)
    yield from chances(advice.at_chance, words, say)


def chances(at_chance: Mapping[str, Value], words: Words, say: Callable[..., str]) -> Iterator[str]:
    """Yield on which sets, with their balanced accuracy, the model is not shown to be better than guessing."""
    for name, value in at_chance.items():
        kind, _, place = name.partition(":")
        yield say(f"refusal.chance_{kind}", name=place, figure=words.interval(value))


def verdict(advice: Advice, words: Words, say: Callable[..., str]) -> Iterator[str]:
    """Yield what the advice is of one case, why, and what to do next; the parameters are those of `doubts`."""
    if advice.refused:
        yield say("refusal.refused", distance=words.number(advice.distance or 0.0, 1))
        yield say(f"refusal.{advice.looks or 'next'}")
        return
    if advice.distance is None:
        yield say("refusal.no_limit")
    joined = f" {words.text('refusal.or')} ".join(advice.possible)
    level = words.percent(advice.level, 0)
    yield say(f"refusal.{advice.answer}", names=joined, level=level)

"""What decides which sentence is said: rules, in slots, in topics. All sentences stand in ``table.TOPICS``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from seimbang.record.read import Run
from seimbang.text import gettext


@dataclass(frozen=True)
class Rule:
    """A sentence and when it is said.

    Attributes:
        text: The sentence; ``{name}`` stands for the attribute of that name of the facts.
        states: Attributes of the facts, and the value, or one of a tuple of values, that each must have.
    """

    text: str
    states: Mapping[str, object]

    def holds(self, facts: object) -> bool:
        """Whether the facts are as the rule wants them."""
        return all(
            getattr(facts, name) in (wanted if isinstance(wanted, tuple) else (wanted,))
            for name, wanted in self.states.items()
        )


def rule(text: str = "", **states: object) -> Rule:
    """Return a rule; without states it always holds, without text it says nothing."""
    return Rule(text, states)


@dataclass(frozen=True)
class Topic:
    """Sentences about one kind of facts.

    Attributes:
        kind: What they are about; the page groups and marks them by it.
        facts: Returns what there is to say something about, in the order in which it is said.
        slots: Of each slot the first rule that holds speaks; together they make one statement.
    """

    kind: str
    facts: Callable[[Run], Iterable[Any]]
    slots: tuple[tuple[Rule, ...], ...]

    def say(self, facts: object) -> str:
        """Return the statement about some facts; ``""`` where no rule speaks."""
        spoken = (next((one for one in slot if one.holds(facts)), rule()) for slot in self.slots)
        return " ".join(gettext(one.text).format_map(_Words(facts)) for one in spoken if one.text)


class _Words(dict[str, str]):
    """The attributes of facts as text."""

    def __init__(self, facts: object) -> None:
        self.facts = facts

    def __missing__(self, name: str) -> str:
        return str(getattr(self.facts, name))

"""A step declares what it needs by the names of its parameters, gets just that, and is redone when any of it changed.

The parameters of a step's function are names in ``PARTS``. What a part is and what its value depends on are said in one
place, so a step cannot use a thing that its hash does not know.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from seimbang.progress import working
from seimbang.record.folder import Files, RunFolder, digest
from seimbang.runs.parts import PARTS, Scope


@dataclass(frozen=True)
class Step:
    """One line of the table of steps.

    Attributes:
        name: Of the step; it is also that of its marker.
        run: Returns the files it makes. Its positional parameters are the names of the parts it needs.
        writes: Patterns of their names, relative to the run folder or the arm's.
        each: Whether it is done once, or for each arm.
        version: Raised when the same parts are to give another result.
    """

    name: str
    run: Callable[..., Files]
    writes: tuple[str, ...]
    each: Literal["run", "arm"] = "run"
    version: int = 1

    @property
    def title(self) -> str:
        """What is being done, for the terminal."""
        return f"Working on {self.name}"

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the parts."""
        return needs_of(self.run)


def needs_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the positional parameters of a function; keyword-only ones are no needs."""
    parameters = inspect.signature(function).parameters.values()
    return tuple(one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD)


def inputs_of(name: str, version: int, needs: tuple[str, ...], scope: Scope) -> str:
    """Return the digest of everything that a result depends on."""
    return digest([name, version, {need: PARTS[need].token(scope) for need in needs}])


def values_of(needs: tuple[str, ...], scope: Scope) -> dict[str, Any]:
    """Return the parts by name."""
    return {need: PARTS[need].value(scope) for need in needs}


def do(step: Step, scope: Scope) -> bool:
    """Do a step unless it is done with the same parts; return whether it was done now."""
    slug, inputs = _slug(step, scope), _inputs(step, scope)
    if scope.folder.done(_marker(step, slug), inputs):
        return False
    with working(step.title):
        content = step.run(**values_of(step.needs, scope))
    scope.folder.publish(_marker(step, slug), inputs, _below(slug), step.writes, content)
    if slug:
        scope.folder.log("step", arm=slug, step=step.name)
    return True


def up_to_date(step: Step, scope: Scope) -> bool:
    """Whether a step is done with the parts as they are, and what it wrote is as it wrote it."""
    return scope.folder.done(_marker(step, _slug(step, scope)), _inputs(step, scope))


def undo(step: Step, folder: RunFolder, slug: str = "") -> None:
    """Take away what a step wrote, of the run or of an arm."""
    folder.forget(_marker(step, slug))
    folder.remove(_below(slug), step.writes)


def _inputs(step: Step, scope: Scope) -> str:
    return inputs_of(step.name, step.version, step.needs, scope)


def _slug(step: Step, scope: Scope) -> str:
    return scope.plan.slug if step.each == "arm" else ""


def _marker(step: Step, slug: str) -> str:
    """Return the name of a step's marker."""
    return f"{slug}.{step.name}" if slug else step.name


def _below(slug: str) -> str:
    """Return the folder, relative to the run's, that a step writes to."""
    return f"arms/{slug}" if slug else ""

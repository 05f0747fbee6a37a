"""How a command line is read: an option that takes one value is given once, and help texts are shown as written."""

from collections import Counter
from typing import Any

from rich.markup import escape
from typer.core import TyperCommand

from seimbang.errors import StudyError


class Command(TyperCommand):
    """A command of the program."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        super().__init__(name, **settings)
        shown: list[Any] = [self, *self.params]
        for one in shown:
            one.help = escape(one.help or "")
        self.epilog = escape(self.epilog or "")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse a command line; of two values of one option none is dropped in silence.

        Raises:
            StudyError: OPTION_TWICE.
        """
        given = Counter(self.make_parser(ctx).parse_args(args=list(args))[2])
        twice = [option for option, times in given.items() if times > 1 and not getattr(option, "multiple", False)]
        if twice and not ctx.resilient_parsing:
            option = twice[0].opts[0]
            found = f"{option} given {given[twice[0]]} times to `seimbang {self.name}`"
            raise StudyError("OPTION_TWICE", found, "it once", f"leave all but one {option} out")
        return super().parse_args(ctx, args)

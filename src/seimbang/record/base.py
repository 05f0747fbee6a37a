"""What every JSON file of the run folder has in common: one way to write it, one way to read it."""

from __future__ import annotations

import json
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic_core import to_jsonable_python

from seimbang.study.load import to_dict
from seimbang.study.schema import Study, parse

T = TypeVar("T")


class Record(BaseModel):
    """A JSON object of the run folder: these keys and no others, and every number is one."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def dump(value: Any) -> str:
    """Return the text of a JSON file; what ``load`` makes of it gives the same text again.

    Args:
        value: A ``Record``, a study, a dataclass, or a list or dictionary of these. A study is written as its file is,
            without what it does not set.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    plain = to_dict(value) if isinstance(value, Study) else to_jsonable_python(value)
    return json.dumps(plain, ensure_ascii=False, indent=1, allow_nan=False)


def load(text: str | bytes, kind: type[T]) -> T:
    """Return the objects in the text of a JSON file.

    Args:
        text: UTF-8.
        kind: What it holds, such as ``ArmFacts`` or ``list[ExampleRow]``.

    Raises:
        ValueError: It is no JSON, or holds something else.
        StudyError: It holds a study that is none.
    """
    return cast(T, parse(json.loads(text))) if kind is Study else TypeAdapter(kind).validate_json(text)

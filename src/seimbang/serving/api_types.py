"""What the REST service takes and gives, as its OpenAPI description says."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from seimbang.datasets.base import Column
from seimbang.errors import SeimbangError
from seimbang.record.contents import Contents
from seimbang.record.metrics import Value
from seimbang.serving.door import problem
from seimbang.serving.many import remarks
from seimbang.serving.predictor import Prediction, Predictor
from seimbang.serving.sentences import cautions
from seimbang.serving.words import load

UNPROCESSABLE, INTERNAL = 422, 500


class Problem(BaseModel):
    """An error (RFC 9457), with what every error of seimbang says."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    found: str
    expected: str
    fix: str


class CaseAnswer(BaseModel):
    """What is said of one image or row: a prediction, or why there is none.

    Attributes:
        number: Its place in the request, from 1.
        label: The predicted class.
        confidence: Its probability.
        probabilities: Of each class.
        label_tuned: For comparison, the class by the threshold that was chosen on the validation set.
        answer: ``refused`` (no case of the kind it learned from: no label, and no probabilities), ``refer`` (it could
            be any of ``possible``), ``sure``, or ``unknown``.
        possible: The classes that are possible.
        reason: Why, in words, and what to know of every answer.
        note: What there is to say of the file.
        error: Why nothing is predicted.
    """

    number: int
    label: str | None = None
    confidence: float | None = None
    probabilities: dict[str, float] | None = None
    label_tuned: str | None = None
    answer: str | None = None
    possible: list[str] | None = None
    reason: str = ""
    note: str = ""
    error: Problem | None = None


class Answer(BaseModel):
    """What is said of all cases of a request, in their order."""

    notice: str
    model: str
    cases: list[CaseAnswer]


class Card(BaseModel):
    """What the model is, what it may be used for, and how well it did.

    Attributes:
        model: Digest of what was learned.
        takes: Size and channels that images are brought to, or the columns of a row.
        threshold: Chosen on the validation set; None where none was.
        decides: ``default`` (the most probable class) or ``tuned`` (by the threshold).
        notice: Said with every answer.
        limits: What it may and may not be used for.
        warnings: What to know before any figure.
        figures: By set and metric, each with its 95 % interval.
    """

    model: str
    title: str
    question: str
    arm: str
    network: str
    classes: list[str]
    positive: str
    takes: dict[str, Any]
    threshold: float | None
    decides: str
    notice: str
    limits: list[str]
    warnings: list[str]
    figures: dict[str, dict[str, Value]]


class Health(BaseModel):
    """That the service answers."""

    status: str


def card(contents: Contents, predictor: Predictor, digest: str) -> Card:
    """Return the card of the arm that predicts; ``digest`` is that of what was learned."""
    words, run, arm = load("en"), contents.run, contents.arm
    words = words.of_tables() if run.tabular else words
    return Card(
        model=digest,
        title=run.study.title,
        question=run.study.question,
        arm=arm.name,
        network=arm.facts.model_title,
        classes=list(predictor.classes),
        positive=run.positive,
        takes=_takes(predictor),
        threshold=predictor.threshold,
        decides="tuned" if predictor.decides else "default",
        notice=words.text("page.statement"),
        limits=[words.text(f"purpose.{name}") for name in ("may", "may_not", "limits")],
        warnings=list(cautions(contents, words.text)),
        figures={name: dict(arm.metrics.sets[name].served.metrics) for name in _tested(contents)},
    )


def _tested(contents: Contents) -> list[str]:
    return ["test", *(f"external:{name}" for name in contents.externals)]


def _takes(predictor: Predictor) -> dict[str, Any]:
    if predictor.table is None:
        height, width = predictor.image.size
        return {"height": height, "width": width, "channels": predictor.image.channels}
    return {"columns": [_column(column) for column in predictor.table.columns]}


def _column(column: Column) -> dict[str, Any]:
    own = {"categories": list(column.categories)} if column.categories else {"low": column.low, "high": column.high}
    return {"name": column.name, "kind": column.kind, "unit": column.unit, **own}


def answered(number: int, said: Prediction | SeimbangError) -> CaseAnswer:
    """Return what is said of the case at ``number``."""
    if isinstance(said, SeimbangError):
        return CaseAnswer(number=number, error=Problem(**of_error(said)))
    told = said.advice.told
    return CaseAnswer(
        number=number,
        label=told(said.label),
        confidence=told(said.confidence),
        probabilities=told(said.probabilities),
        label_tuned=told(said.label_tuned),
        answer=said.advice.answer,
        possible=list(said.advice.possible),
        reason=remarks(said),
        note=said.note,
    )


def of_error(error: SeimbangError) -> dict[str, Any]:
    """Return the problem of an error; one that the request caused has the status 422."""
    status = UNPROCESSABLE if error.exit_code in (3, 4) else INTERNAL
    return problem(status, error.code, error.found, error.expected, error.fix)


def request_body(predictor: Predictor) -> dict[str, Any]:
    """Return how OpenAPI describes the body of a request to predict, with an example."""
    if predictor.table is None:
        files = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
        schema = {"type": "object", "properties": {"files": files}, "required": ["files"]}
        return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    columns = predictor.table.columns
    row = {column.name: column.categories[0] if column.categories else column.low for column in columns}
    cells = {
        column.name: {"type": ["string", "null"] if column.categories else ["number", "null"]} for column in columns
    }
    one = {"type": "object", "properties": cells, "required": list(cells)}
    rows = {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": one, "minItems": 1}},
        "required": ["rows"],
    }
    lines = [",".join(row), ",".join(map(str, row.values()))]
    return {
        "required": True,
        "content": {
            "application/json": {"schema": rows, "example": {"rows": [row]}},
            "text/csv": {"schema": {"type": "string"}, "example": "\n".join(lines)},
        },
    }

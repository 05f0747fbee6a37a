"""The key tables of docs/study-file.md, made from the settings classes.

python tests/docs/key_tables.py          # writes them anew
"""

import inspect
import json
import re
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from seimbang.balance import METHODS
from seimbang.balance.base import Balance
from seimbang.classical.base import Estimator
from seimbang.datasets import SOURCES, groups
from seimbang.datasets.base import SourceSettings
from seimbang.datasets.csv import Manifest
from seimbang.datasets.findings import Labelled
from seimbang.datasets.labels import ColumnsLabel, ContainsLabel, CutLabel
from seimbang.datasets.npz import ArrayLabel
from seimbang.datasets.table import Table
from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.figures import figures
from seimbang.imaging.base import ImageSettings
from seimbang.splits.base import SplitSettings
from seimbang.study.models import MODELS
from seimbang.study.schema import Arm, External, Protocol, Published, Study
from seimbang.training.base import Model, TrainingSettings

PAGE = Path(__file__).parents[2] / "docs" / "study-file.md"
START, END = "<!-- keys: made by tests/docs/key_tables.py -->", "<!-- end of keys -->"
SOURCE = "`[data]`, whatever the source"
TABLES = [
    ("At the top", Study, ()),
    (SOURCE, SourceSettings, {"source"}),
    ("`[image]`", ImageSettings, ()),
    ("`[split]`", SplitSettings, ()),
    ("`[training]`", TrainingSettings, ()),
    ("`[evaluation]`", EvaluationSettings, ()),
    ("`[[arm]]`", Arm, ()),
    ("`[[protocol]]`: the keys of `[split]`, and", Protocol, SplitSettings.model_fields),
    ("`[[external]]`: the keys of `[data]`, and", External, {"data"}),
    ("`[[published]]`", Published, ()),
]
TABLES_OF = {"list of images": Manifest, "table of features": Table}
KINDS = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true` or `false`"}
BOUNDS = {"minimum": "≥ ", "exclusiveMinimum": "> ", "maximum": "≤ ", "exclusiveMaximum": "< "}


def page(text):
    """Return the page with the tables between its marks made anew."""
    before, rest = text.split(START)
    return f"{before}{START}\n{key_tables()}\n{END}{rest.split(END)[1]}"


def key_tables():
    parts = []
    for title, kind, without in TABLES:
        parts.append(f"### {title}\n\n{table(kind, without)}")
        if kind is not Study and not without:
            parts += [f"### `{key}` in {title}\n\n{table(inner)}" for key, inner in inside(kind)]
        if title == SOURCE:
            parts += sources()
    known = ", ".join(f"`{name}`" for name in sorted(figures()))
    parts.append(f"Any other key is a figure of the paper, a number or a table of numbers by class: {known}.")
    classical = {name: kind for name, kind in MODELS.items() if issubclass(kind, Estimator)}
    networks = {name: kind for name, kind in MODELS.items() if name not in classical}
    parts += [f"### `[model]` with {names}\n\n{keys}" for names, keys in alike(networks, "name", Model.model_fields)]
    parts.append(f"### `[model]`, every classical model\n\n{table(Estimator)}")
    parts += [f"### `{key}` of a classical model\n\n{table(inner)}" for key, inner in inside(Estimator)]
    shared = Estimator.model_fields
    parts += [f"### `[model]` with {names}\n\n{keys}" for names, keys in alike(classical, "name", shared)]
    parts.append(f"### `balance`, every method\n\n{table(Balance)}")
    shared = Balance.model_fields
    parts += [f"### `balance` with {names}\n\n{keys}" for names, keys in alike(METHODS, "method", shared)]
    return "\n\n".join(parts)


def sources():
    """Return the keys of each source, then the tables that are values of these keys, each once."""
    parts = [
        f"### `[data]`, every table of features or list of images\n\n{table(Labelled, SourceSettings.model_fields)}"
    ]
    parts += [f"### `[data]`, every {what}\n\n{table(kind, Labelled.model_fields)}" for what, kind in TABLES_OF.items()]
    inner, ways = [], {}
    for title, kind in SOURCES.items():
        shared = next(base for base in (*TABLES_OF.values(), SourceSettings) if issubclass(kind, base))
        words = get_args(kind.model_fields["source"].annotation)
        names = ", ".join(f'`source = "{word}"`' for word in words)
        also = {"csv with features": " and `features` or `categories`", "excel with images": " and `image_column`"}
        parts.append(f"### `[data]` with {names}{also.get(title, '')}\n\n{table(kind, shared.model_fields)}")
        inner += [pair for pair in inside(kind) if pair[0] != "group" and pair not in inner]
        ways |= groups(kind) if "group" in kind.model_fields else {}
    parts += [f'### `group` with `from = "{word}"`\n\n{table(way, {"origin"})}' for word, way in ways.items()]
    return parts + [f"### `{key}` in `[data]`{of(settings)}\n\n{table(settings)}" for key, settings in inner]


def of(settings):
    """Return by which key a ``label`` table is one of this kind."""
    key = {CutLabel: "cuts", ContainsLabel: "contains", ColumnsLabel: "columns"}.get(settings)
    return f" with `{key}`" if key else " of arrays" * (settings is ArrayLabel)


def inside(kind):
    """Yield the settings classes among the fields of a class."""
    for name, field in kind.model_fields.items():
        for inner in (field.annotation, *get_args(field.annotation)):
            if inspect.isclass(inner) and issubclass(inner, BaseModel):
                yield name, inner


def alike(choices, key, shared):
    """Yield the names of classes with equal keys besides those ``shared``, and their table."""
    tables = {}
    for name, kind in choices.items():
        tables.setdefault(table(kind, shared), []).append(f'`{key} = "{name}"`')
    return ((", ".join(names), keys) for keys, names in tables.items())


def table(kind, without=()):
    schema, said = kind.model_json_schema(), meanings(kind)
    rows = ["| Key | Type | Default | Meaning |", "|---|---|---|---|"]
    for name, field in kind.model_fields.items():
        if name not in without:
            key = field.alias or name
            cells = key, values(schema["properties"][key], schema), default(field), said[name]
            rows.append(f"| `{cells[0]}` | {' | '.join(cells[1:])} |")
    return "\n".join(rows) if len(rows) > 2 else "No keys of its own."


def meanings(kind):
    """Return what the docstrings of a class and its bases say of each attribute."""
    said = {}
    for base in reversed(kind.__mro__):
        _, _, rest = (inspect.cleandoc(base.__doc__ or "")).partition("Attributes:\n")
        attributes = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", rest, re.M)
        said |= {name: re.sub(r"\s+", " ", text).replace("``", "`").replace("|", r"\|") for name, text in attributes}
    return said


def values(schema, whole):
    """Say in words which values a JSON schema allows."""
    if "$ref" in schema:
        return values(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    if "anyOf" in schema:
        kinds = (values(one, whole) for one in schema["anyOf"] if one.get("type") != "null")
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{json.dumps(one)}`" for one in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        items = schema.get("prefixItems", [schema.get("items", {})])
        count = f"{len(items)} × " if "prefixItems" in schema else ""
        return f"list of {count}{values(items[0], whole)}"
    if schema.get("type") == "object":
        return "table"
    bounds = [f"{sign}{schema[name]:,}" for name, sign in BOUNDS.items() if name in schema]
    return ", ".join([KINDS[schema["type"]], *bounds])


def default(field):
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, dict):
        return f"`{{ {', '.join(f'{key} = {json.dumps(one)}' for key, one in value.items())} }}`"
    return f"`{json.dumps(value)}`" if isinstance(value, str | int | float | tuple) else "its defaults"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

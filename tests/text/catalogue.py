"""All messages of the code, the templates and the tables; run as a program, it brings the catalogues up to date."""

import io
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po

import seimbang
from seimbang.balance import METHODS
from seimbang.checks import CHECKS, RECIPE_CHECKS, WEIGHTS_CHECKS
from seimbang.classical import CLASSICAL
from seimbang.datasets.base import REASONS
from seimbang.datasets.uses import USES
from seimbang.evaluation.figures import figures
from seimbang.explain.base import LIMIT, WARNING
from seimbang.networks import NETWORKS
from seimbang.text import LANGUAGES, catalogue, path
from seimbang.text.recorded import PATTERNS

SOURCE = Path(seimbang.__file__).parent
KEYWORDS = {"tr": None, "marked": None, "rule": None, "ntr": (1, 2), "_": None, "gettext": None, "ngettext": (1, 2)}
JINJA = {
    "silent": "false",
    "newstyle_gettext": "true",
    "trimmed": "true",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
}


@cache
def messages():
    """Every message, in the order of the files; one with a plural as a pair."""
    found = [message for file in sorted(SOURCE.rglob("*.py")) for message in _in(file, "python", {})]
    for file in sorted((SOURCE / "reports" / "templates").rglob("*.html")):
        found += _in(file, "jinja2.ext:babel_extract", JINJA)
    return list(dict.fromkeys([*found, *of_tables()]))


def _in(file, method, options):
    content = io.BytesIO(file.read_bytes())
    for _, message, _, _ in extract(method, content, KEYWORDS, options=options):
        if message:
            yield tuple(message) if isinstance(message, tuple | list) else message


def of_tables():
    """What tables of the code name, and what steps record."""
    methods = [kind.title for table in (METHODS, NETWORKS, CLASSICAL) for kind in table.values()]
    checks = [check.title for check in (*CHECKS, *RECIPE_CHECKS, *WEIGHTS_CHECKS)]
    purposes = [kind.purpose for kind in CLASSICAL.values()]
    metrics = [figure.title for figure in figures().values()]
    return [*metrics, *methods, *purposes, *checks, *USES.values(), *REASONS.values(), WARNING, LIMIT, *PATTERNS]


def updated(language):
    """The catalogue of a language with exactly the messages of the code; the new ones are empty."""
    old = catalogue(language) if path(language).exists() else Catalog()
    new = Catalog(language, project="seimbang", fuzzy=False)
    for message in messages():
        known = old.get(message if isinstance(message, str) else message[0])
        new.add(message, known.string if known else None)
    return new


def write(language, made):
    for header in ("POT-Creation-Date", "PO-Revision-Date"):
        made.mime_headers = [pair for pair in made.mime_headers if pair[0] != header]
    text = io.BytesIO()
    write_po(text, made, width=120, no_location=True, omit_header=True)
    header = (
        'msgid ""\nmsgstr ""\n"Language: id\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    )
    path(language).write_bytes(header.encode() + text.getvalue())


if __name__ == "__main__":
    for name in LANGUAGES:
        if name != "en":
            write(name, updated(name))

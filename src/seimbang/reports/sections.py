"""SECTIONS: what the page consists of, in this order. A new section is one template and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seimbang.record.read import Run
from seimbang.reports.subgroups import by_subgroup
from seimbang.text import marked


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        key: Its address on the page.
        title: Its heading, and its line in the contents.
        needs: Whether a run has what it is about.
        template: What stands below the heading.
    """

    key: str
    title: str
    needs: Callable[[Run], object]
    template: str


def always(run: Run) -> bool:
    """Of every run."""
    return True


def images(run: Run) -> bool:
    """Of a run with images."""
    return run.data.kind == "image"


def table(run: Run) -> bool:
    """Of a run with rows of a table."""
    return run.data.kind == "table"


def levered(run: Run) -> bool:
    """Of a run with learning curves."""
    return bool(run.levers)


SECTIONS: tuple[Section, ...] = (
    Section("answer", marked("Question and answer"), always, "sections/answer.html"),
    Section("findings", marked("What else was found"), always, "sections/findings.html"),
    Section("flow", marked("The study at a glance"), always, "sections/flow.html"),
    Section("arms", marked("The arms side by side"), always, "sections/arms.html"),
    Section("external", marked("Another hospital"), images, "sections/external.html"),
    Section("external", marked("Another place"), table, "sections/external.html"),
    Section("subgroups", marked("Subgroups"), by_subgroup, "sections/subgroups.html"),
    Section("balance", marked("Class balance before and after"), always, "sections/balance.html"),
    Section("curves", marked("How training went"), always, "sections/curves.html"),
    Section("levers", marked("Would more data help?"), levered, "sections/levers.html"),
    Section("errors", marked("Errors, class by class"), always, "sections/errors.html"),
    Section("probabilities", marked("Can the probabilities be believed?"), always, "sections/probabilities.html"),
    Section("refusal", marked("When the model should not answer"), always, "sections/refusal.html"),
    Section("importance", marked("Which columns matter"), table, "sections/importance.html"),
    Section("examples", marked("Right and wrong examples"), images, "sections/examples.html"),
    Section("worst", marked("Most confident errors"), images, "sections/worst.html"),
    Section("heat", marked("What influenced the prediction"), images, "sections/heat.html"),
    Section("quality", marked("Errors by image quality"), images, "sections/quality.html"),
    Section("labels", marked("Labels that look wrong"), always, "sections/labels.html"),
    Section("audit", marked("Audit of the data"), always, "sections/audit.html"),
    Section("data", marked("Data and preparation"), always, "sections/data.html"),
    Section("model", marked("Model and training"), always, "sections/model.html"),
    Section("provenance", marked("Provenance"), always, "sections/provenance.html"),
    Section("limits", marked("Intended use and limits"), always, "sections/limits.html"),
)

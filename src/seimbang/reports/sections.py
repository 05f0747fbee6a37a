"""SECTIONS: what the page consists of, in this order. A new section is one template and one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seimbang.record.read import Run
from seimbang.reports.subgroups import by_subgroup


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
    Section("answer", "Question and answer", always, "sections/answer.html"),
    Section("findings", "What else was found", always, "sections/findings.html"),
    Section("flow", "The study at a glance", always, "sections/flow.html"),
    Section("arms", "The arms side by side", always, "sections/arms.html"),
    Section("external", "Another hospital", images, "sections/external.html"),
    Section("external", "Another place", table, "sections/external.html"),
    Section("subgroups", "Subgroups", by_subgroup, "sections/subgroups.html"),
    Section("balance", "Class balance before and after", always, "sections/balance.html"),
    Section("curves", "How training went", always, "sections/curves.html"),
    Section("levers", "Would more data help?", levered, "sections/levers.html"),
    Section("errors", "Errors, class by class", always, "sections/errors.html"),
    Section("probabilities", "Can the probabilities be believed?", always, "sections/probabilities.html"),
    Section("refusal", "When the model should not answer", always, "sections/refusal.html"),
    Section("importance", "Which columns matter", table, "sections/importance.html"),
    Section("examples", "Right and wrong examples", images, "sections/examples.html"),
    Section("worst", "Most confident errors", images, "sections/worst.html"),
    Section("heat", "What influenced the prediction", images, "sections/heat.html"),
    Section("quality", "Errors by image quality", images, "sections/quality.html"),
    Section("labels", "Labels that look wrong", always, "sections/labels.html"),
    Section("audit", "Audit of the data", always, "sections/audit.html"),
    Section("data", "Data and preparation", always, "sections/data.html"),
    Section("model", "Model and training", always, "sections/model.html"),
    Section("provenance", "Provenance", always, "sections/provenance.html"),
    Section("limits", "Intended use and limits", always, "sections/limits.html"),
)

"""What sources with a column of labels have in common: how a class is made of it, and a study of each label."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from seimbang.datasets.base import SourceSettings
from seimbang.datasets.diseases import diseases
from seimbang.datasets.labels import ColumnsLabel, ContainsLabel, Label, counts, finding_of
from seimbang.errors import DataError
from seimbang.settings import nearest


def _all_or_some(findings: Any) -> Any:
    some = isinstance(findings, list | tuple) and all(isinstance(name, str) and name for name in findings)
    if findings != "all" and not (some and len(set(findings)) == len(findings)):
        raise ValueError('"all" or a list of different labels')
    return findings


Findings = Annotated[Literal["all"] | Annotated[tuple[str, ...], Field(strict=False)], BeforeValidator(_all_or_some)]


class Labelled(SourceSettings):
    """A source whose rows have labels in columns.

    Attributes:
        label_column: Column with the class.
        label: How the class is made, instead of ``label_column``: cut points of a number, one of several labels in a
            cell against the rest, or columns of 0 and 1.
        findings: Labels in ``label_column``, or among the columns of ``label``, each of which is studied against the
            rest, in a run of its own; ``"all"`` for all that name a disease.
    """

    label_column: str = "label"
    label: Label | None = None
    findings: Findings = ()

    @field_validator("findings")
    @classmethod
    def _known(cls, findings: Findings, info: ValidationInfo) -> Findings:
        label = info.data.get("label")
        if findings and label is not None and not isinstance(label, ColumnsLabel):
            raise ValueError("left out where label names one of several labels, or cut points")
        known = label.columns if isinstance(label, ColumnsLabel) else ()
        for name in findings if known and findings != "all" else ():
            if name not in known:
                raise ValueError(f"columns of label, not {name!r}{nearest(name, known)}")
        return findings

    def label_cells(self, root: Path) -> Iterable["pd.Series[str]"]:
        """Return the cells of ``label_column``, in one piece or several."""
        raise NotImplementedError

    def findings_in(self, root: Path) -> tuple[str, ...]:
        """Return the findings that are to be studied; of ``"all"`` the most frequent first, without the healthy ones.

        Raises:
            DataError: ``DATA_FINDINGS``: there is none; and what reading the file raises.
        """
        if self.findings != "all":
            return self.findings
        if isinstance(self.label, ColumnsLabel):
            names = self.label.columns
        else:
            names = tuple(name for name, _ in counts(pd.concat(self.label_cells(root))).most_common())
        if not diseases(names):
            found = f"only {', '.join(names) or 'empty cells'} for the findings"
            raise DataError("DATA_FINDINGS", found, "labels that name a disease", "name them in data.findings")
        return diseases(names)

    def alone(self, root: Path) -> Self:
        """Return the settings of the first finding where there are several: what a study over them is read as first."""
        return self.of_finding(self.findings_in(root)[0]) if self.findings else self

    def of_finding(self, name: str) -> Self:
        """Return the settings of one finding against the rest."""
        if self.label is None:
            label: Label = ContainsLabel(column=self.label_column, contains=name)
        elif isinstance(self.label, ColumnsLabel):
            label = self.label.model_copy(update={"contains": name})
        else:
            return self
        return self.model_copy(update={"label": label, "findings": (), "positive": None})

    def with_positive(self) -> Self:
        """Return the settings with the finding as the class that matters, where one stands against the rest."""
        finding = finding_of(self.label)
        if self.positive is not None or not finding:
            return self
        return self.model_copy(update={"positive": self.classes.get(finding, finding)})

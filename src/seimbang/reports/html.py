"""The page: what the run holds, arranged for the template; everything is escaped there."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from seimbang.datasets.base import REASONS, tally
from seimbang.datasets.uses import USES
from seimbang.evaluation.figures import main, over_folds
from seimbang.evaluation.figures import title as figure_title
from seimbang.evaluation.table import PRIMARY
from seimbang.explain.base import LIMIT, MAX_SIMILARITY, WARNING
from seimbang.record.files import damaged, read_image
from seimbang.record.metrics import Value
from seimbang.record.read import Arm, Run
from seimbang.reports import clinical, decision, folds, levers, quality, sample_size
from seimbang.reports.answer import Sentence, answer
from seimbang.reports.figures import Figure, Kind
from seimbang.reports.sections import SECTIONS
from seimbang.reports.subgroups import by_subgroup, gap_in_words, without_column
from seimbang.reports.tables import (
    Row,
    by_other_unit,
    chances,
    compared,
    majority,
    published,
    relocated,
    title,
    together,
)
from seimbang.reports.takeaways import shown_first, takeaways
from seimbang.reports.words import named
from seimbang.splits.base import SplitSettings
from seimbang.text import day, gettext, language, marks, ngettext, number, own, recorded, tr

SEVERITIES = ("error", "leak", "warning", "info")
SAID, DOUBTED = ("closed", "best"), ("trainings", "few")
"""Kinds of sentences that are the answer in short, and those that say what not to trust."""


def page(run: Run, figures: Mapping[str, Figure], kinds: Iterable[Kind]) -> str:
    """Return the whole page: nothing is loaded from anywhere.

    Args:
        run: What it tells of.
        figures: By name.
        kinds: The files that each figure is kept as, to save by a click.
    """
    sections = [section for section in SECTIONS if section.needs(run)]
    return render("report.html", _context(run, figures) | {"sections": sections, "kinds": list(kinds)})


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a template filled in; a value that is missing is an internal error, and every one is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("seimbang.reports", "templates")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    texts = {"style": _plain("report.css"), "script": _plain("report.js")}
    environment.globals |= {"language": language(), "own": own, **texts}
    environment.filters |= FILTERS
    return environment.get_template(template).render(values)


def _reason(code: str) -> str:
    return tr(REASONS[code])


def _format(spec: str, *values: object) -> str:
    """Return numbers formatted as ``%`` does, with the marks of the language spoken."""
    return marks(spec % values)


def setting(value: Any) -> str:
    """Return a setting as a reader writes it."""
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {setting(inner)}" for key, inner in value.items()) or tr("none")
    if isinstance(value, list | tuple):
        return " × ".join(setting(inner) for inner in value)
    if isinstance(value, float):
        return number(value, "")
    return tr("none") if value is None or value == "" else f"{value}"


def divided(split: SplitSettings) -> str:
    """Say in words how the cases were divided."""
    provided = split.validation == "provided"
    validation = tr("the source's validation part") if provided else f"{split.validation:.0%}"
    if split.folds:
        times = tr(", repeated {count} times", count=split.repeats) if split.repeats > 1 else ""
        how = tr("Cross-validation in {folds} folds{times}: every case is tested.", folds=split.folds, times=times)
    elif split.test == "provided":
        how = tr("The test part is the source's.")
    else:
        how = tr("{share} of the cases, drawn at random, are the test part.", share=number(split.test, ".0%"))
    together = {
        "known": tr("Cases of one known patient stay together."),
        "auto": tr("Nearly identical images stay together as pseudo-patients."),
        "none": tr("Cases of one patient may be in several parts."),
    }[split.group]
    text = tr("Of the cases left for training, {validation} serve for validation.", validation=validation)
    return f"{how} {text} {together}"


def minutes(seconds: float | None) -> str:
    """Return a duration with the unit that suits it."""
    if seconds is None:
        return tr("not measured")
    if seconds < 90:
        return tr("{count} s", count=number(seconds, ".1f"))
    return tr("{count} min", count=number(seconds / 60, ".1f"))


def _context(run: Run, figures: Mapping[str, Figure]) -> dict[str, Any]:
    rows = compared(run, run.shown)
    by_protocol = [(protocol, compared(run, run.shown, protocol=protocol.name)) for protocol in run.data.protocols]
    return {
        "run": run,
        "by_protocol": [(protocol, of_protocol) for protocol, of_protocol in by_protocol if of_protocol],
        **_first_screen(run),
        **_of_arms(run, figures),
        "figures": figures,
        "part": tr("Internal test set") if run.shown == "test" else tr("Validation part"),
        "rows": rows,
        "columns": list(rows[0].values) if rows else [],
        "tuned": compared(run, run.shown, tuned=True),
        "together": {protocol.name: together(run, run.shown, protocol.name) for protocol in run.data.protocols},
        "others": {protocol.name: by_other_unit(run, run.shown, protocol.name) for protocol in run.data.protocols},
        "others_outside": {name: by_other_unit(run, f"external:{name}") for name in run.external},
        **_by_columns(run),
        **_pairs(run),
        "external": {name: compared(run, f"external:{name}") for name in run.external},
        "relocated": {name: relocated(run, f"external:{name}") for name in run.external},
        "published": published(run),
        "diamonds": {row.metric for row in published(run) if row.set == "test" and not row.klass},
        **_clinical(run),
        "majority": majority(run, run.shown),
        "findings": sorted(run.audit.findings, key=lambda finding: SEVERITIES.index(finding.severity)),
        "intervals": _intervals(rows),
        "cases": _cases(run),
        "gaps": [metric.key for metric in main(len(run.classes))],
        "primary": PRIMARY,
        "forests": [metric.key for metric in main(len(run.classes)) if metric.key != PRIMARY],
        "warning": tr(WARNING),
        "limit": tr(LIMIT),
        "max_similarity": MAX_SIMILARITY,
        "heat_methods": {"grad_cam": "Grad-CAM", "occlusion": tr("occlusion")},
        "by_quality": quality.sentence,
        "folded": folds.tables(run),
        "uses": {key: tr(use) for key, use in USES.items()},
        "fold_metrics": list(over_folds(len(run.classes))),
    }


def _first_screen(run: Run) -> dict[str, Any]:
    """Return what a reader sees first: of the answer what is SAID there, what is doubted, and what follows later."""
    sentences = answer(run)
    doubted = DOUBTED if run.external else (*DOUBTED, "external")
    kinds = {"said": SAID, "doubted": doubted}
    first = {name: _by_kind(one for one in sentences if one.kind in kinds[name]) for name in kinds}
    further = _by_kind(one for one in sentences if one.kind not in (*SAID, *doubted))
    return first | {"further": further, "takeaways": takeaways(run), "chosen": shown_first(run)}


def _of_arms(run: Run, figures: Mapping[str, Figure]) -> dict[str, Any]:
    """Return the arms of which the page has a kind of figure or table."""
    return {
        "drawn": lambda kind: [arm for arm in run.arms if f"{kind}{arm.facts.slug}" in figures],
        "operated": [arm for arm in run.arms if any(part.operating for part in arm.clinical.sets.values())],
        "methods": {arm.facts.arm: recorded(arm.facts.balance_title) for arm in run.arms},
        "networks": _same(run.arms, lambda arm: (arm.facts.model_title, tuple(map(repr, arm.facts.layers)))),
        "trainings": _same(run.arms, lambda arm: arm.facts.training),
        "leaky": [arm for arm in run.arms if arm.facts.leaky],
    }


def _by_columns(run: Run) -> dict[str, Any]:
    return {"subgroups": by_subgroup(run), "ungrouped": without_column(run)}


def _pairs(run: Run) -> dict[str, Any]:
    unit = tr("patients") if run.data.groups else tr("cases")
    return {
        "chances": {protocol.name: chances(run, protocol.name) for protocol in run.data.protocols},
        "unit": unit,
        "levers": [levers.told(one, unit) for one in run.levers],
        "sample_sizes": [sample_size.sentence(size, unit) for size in run.sample_sizes],
    }


def _clinical(run: Run) -> dict[str, Any]:
    parts = ["test", *(f"external:{name}" for name in run.external)]
    return {
        "balancing": [
            (protocol.name, {part: clinical.probability_rows(run, protocol.name, part) for part in parts})
            for protocol in run.data.protocols
        ],
        "probability_columns": {key: tr(name) for key, name in clinical.PROBABILITIES.items()},
        "shifted": clinical.shifted(run),
        "decisions": decision.useful(run),
        "positive_named": any(arm.clinical.positive for arm in run.arms),
    }


def _cases(run: Run) -> dict[str, int]:
    """Return the number of internal cases of each class."""
    return {name: sum(counts.get(name, 0) for counts in run.data.counts.values()) for name in run.classes}


def _by_kind(sentences: Iterable[Sentence]) -> list[tuple[str, list[str]]]:
    """Return the sentences about one thing together."""
    kinds: dict[str, list[str]] = {}
    for sentence in sentences:
        kinds.setdefault(sentence.kind, []).append(sentence.text)
    return list(kinds.items())


def _same(arms: Iterable[Arm], key: Any) -> list[list[Arm]]:
    """Return the arms in groups of equal ``key``, in the order of the study."""
    groups: dict[str, list[Arm]] = {}
    for arm in arms:
        groups.setdefault(repr(key(arm)), []).append(arm)
    return list(groups.values())


def _intervals(rows: list[Row]) -> dict[str, str]:
    """Return how the interval of each column was made."""
    kinds = {key: value.interval for row in rows for key, value in row.values.items() if value.interval}
    ways: dict[str, list[str]] = {}
    for key, way in kinds.items():
        ways.setdefault(recorded(way), []).append(figure_title(key))
    return {way: ", ".join(names) for way, names in ways.items()}


def _plain(name: str) -> Markup:
    """Return a style or script of the page, as its policy names it by digest."""
    return Markup((files("seimbang.reports") / "templates" / name).read_text(encoding="utf-8"))


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _beside(number: float, level: float) -> str:
    return Value(value=number).beside(level)[0]


def _picture(file: str, folder: Path) -> str:
    """Return an image of the run folder for the page: a quarter of the PNG, whose pixels stay exact in the folder."""
    from PIL import Image, UnidentifiedImageError

    content = io.BytesIO()
    try:
        with Image.open(io.BytesIO(read_image(folder, file)), formats=["PNG"]) as image:
            image.convert("RGB").save(content, "WEBP", quality=90)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise damaged(folder / file, "a PNG image", str(error)) from error
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"


def _svg(figure: Figure) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(figure.svg.encode()).decode()}"


FILTERS: Mapping[str, Callable[..., object]] = {
    "number": number,
    "named": named,
    "gap": gap_in_words,
    "day": day,
    "recorded": recorded,
    "format": _format,
    "digest": _digest,
    "picture": _picture,
    "svg": _svg,
    "setting": setting,
    "minutes": minutes,
    "title_of": title,
    "divided": divided,
    "tally": tally,
    "reason": _reason,
    "beside": _beside,
}
"""What templates do with values."""

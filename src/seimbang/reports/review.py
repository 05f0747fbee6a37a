"""What a review says: a verdict in sentences, and a page."""

from __future__ import annotations

from seimbang.checks.base import leaks, plural
from seimbang.evaluation import figures
from seimbang.evaluation.predictions import is_tested
from seimbang.evaluation.table import PRIMARY
from seimbang.record.metrics import Value
from seimbang.record.review import Review, ReviewedSet
from seimbang.reports.html import SEVERITIES, render
from seimbang.reports.tables import figure_of


def verdict(review: Review) -> list[str]:
    """Return the review in sentences, the most important one first."""
    leaking = leaks(review.findings)
    limits = "" if review.images else " Images were not looked at."
    limits += " What no file shows, such as balancing before the split, cannot be told."
    first = f"{plural(len(leaking), 'kind')} of leak" if leaking else "No leak was found"
    sentences = [f"{first}{': the figures may be too good.' if leaking else '.'}{limits}"]
    sentences += [f"{finding.code}: {finding.sentence}" for finding in leaking]
    sentences += [_figures(reviewed) for reviewed in review.sets if reviewed.set == "test"]
    wrong = [claim for claim in review.claims if not claim.holds]
    if review.claims:
        sentences.append(f"{len(review.claims) - len(wrong)} of {plural(len(review.claims), 'claim')} agree.")
    sentences += [f"Claimed {claim.figure} {claim.claimed:g}: {claim.verdict}." for claim in wrong]
    return sentences


def _figures(reviewed: ReviewedSet) -> str:
    numbers = sorted(figures.main(len(reviewed.measures.per_class)), key=lambda metric: metric.key != PRIMARY)
    listing = ", ".join(f"{metric.title} {reviewed.measures.metrics[metric.key]}" for metric in numbers)
    return f"{reviewed.arm or 'Recomputed'}, {plural(reviewed.n, 'test case')}: {listing}."


def every_figure(review: Review, reviewed: ReviewedSet) -> dict[str, Value]:
    """Return each figure of a set by the name that a publication gives it; those of a class are of the positive one."""
    positive = review.classes[-1]
    known = {key: figure_of(reviewed.measures, positive, key) for key in figures.figures()}
    return {key: value for key, value in known.items() if value is not None}


def page(review: Review) -> str:
    """Return the whole page."""
    findings = sorted(review.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    order = sorted(review.sets, key=lambda reviewed: (not is_tested(reviewed.set), reviewed.set != "test"))
    sets = [(reviewed, every_figure(review, reviewed)) for reviewed in order]
    return render("review.html", {"review": review, "verdict": verdict(review), "findings": findings, "sets": sets})

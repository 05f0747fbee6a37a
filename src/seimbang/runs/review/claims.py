"""Figures that are claimed, beside those that the predictions give."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from seimbang.errors import StudyError
from seimbang.evaluation.figures import figures
from seimbang.imaging.files import read_whole
from seimbang.record.metrics import Value
from seimbang.record.review import ReviewedClaim, ReviewedSet
from seimbang.reports.tables import Published, figure_of, figures_in
from seimbang.settings import build, nearest
from seimbang.study.load import MAX_STUDY
from seimbang.study.schema import Published as Figures


class Claim(Figures):
    """One ``[[claim]]`` table, as ``[[published]]`` of a study; ``arm`` may be left out where there is only one."""

    arm: str = ""


def read_claims(path: Path) -> list[Claim]:
    """Return the claims of a TOML file: figures at its top, and in each ``[[claim]]``.

    Raises:
        StudyError: ``CLAIMS_INVALID``: it cannot be read, or a figure is unknown or out of its range.
    """
    try:
        values = tomllib.loads(read_whole(path, MAX_STUDY).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise _invalid(f"{path} cannot be read ({error})") from error
    tables = values.pop("claim", [])
    tables = [*([values] if values else []), *(tables if isinstance(tables, list) else [tables])]
    try:
        claims = [build(Claim, table, f"claim {k}") for k, table in enumerate(tables, 1)]
    except StudyError as error:
        raise _invalid(error.found) from None
    for key, _, value in (figure for claim in claims for figure in figures_in(claim.model_extra or {})):
        low, high = figures()[key].metric.limits
        if not low <= value <= high:
            raise _invalid(f"{key} = {value:g}, which lies between {low:g} and {high:g}")
    if not claims:
        raise _invalid(f"no claim in {path}")
    return claims


def _invalid(found: str) -> StudyError:
    fix = "write it as in  [[claim]]  accuracy = 0.92"
    return StudyError("CLAIMS_INVALID", found, "figures by their names, with numbers", fix)


def judged(claim: Claim, sets: Sequence[ReviewedSet], positive: str) -> list[ReviewedClaim]:
    """Return each figure of a claim with its verdict.

    Raises:
        StudyError: ``CLAIMS_INVALID``: the predictions are of no such arm or set.
    """
    arms = list(dict.fromkeys(reviewed.arm for reviewed in sets))
    arm = claim.arm or (arms[0] if len(arms) == 1 else "")
    here = [reviewed for reviewed in sets if reviewed.arm == arm]
    if not here:
        raise _invalid(f"a claim of the arm {claim.arm!r}{nearest(claim.arm, arms)} (known: {', '.join(arms)})")
    reviewed = next((reviewed for reviewed in here if reviewed.set == claim.set), None)
    if reviewed is None:
        there = ", ".join(reviewed.set for reviewed in here)
        raise _invalid(f"a claim of the set {claim.set!r} (known: {there})")
    return [
        _judged(Published(arm, claim.set, key, of, value, figure_of(reviewed.measures, positive, key, of)))
        for key, of, value in figures_in(claim.model_extra or {})
    ]


def _judged(claim: Published) -> ReviewedClaim:
    holds, verdict = _verdict(claim.published, claim.ours, claim.verdict)
    return ReviewedClaim(
        arm=claim.arm,
        set=claim.set,
        figure=claim.figure,
        claimed=claim.published,
        ours=claim.ours,
        holds=holds,
        verdict=verdict,
    )


def _verdict(claimed: float, ours: Value | None, beside: str) -> tuple[bool | None, str]:
    """Return whether a claim holds, None where that cannot be said, and why."""
    if ours is None or ours.value is None:
        return None, "the predictions give no such figure"
    decimals = max(2, len(repr(float(claimed)).partition(".")[2]))
    if abs(claimed - ours.value) <= 0.5 * 10**-decimals + 1e-9:
        return True, "what the predictions give"
    if ours.withheld:
        return False, f"the predictions give {ours.number}"
    inside = ours.side_of(claimed) == 0 and ours.low is not None
    return (False, f"not what the predictions give, {ours}; {beside}") if not inside else (True, beside)

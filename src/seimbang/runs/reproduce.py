"""A run packed into a capsule, and a capsule run again: which figures move, by how much, and beyond their intervals?"""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from seimbang.errors import IntegrityError, first_few
from seimbang.imaging.files import file_digest, write_atomic
from seimbang.progress import note
from seimbang.record.base import dump
from seimbang.record.capsule import OF_ARM, OF_RUN, Capsule, Contents, Shortened, digests, pack, read_capsule
from seimbang.record.data import Provenance
from seimbang.record.files import read_bytes
from seimbang.record.folder import RunFolder
from seimbang.record.metrics import Measures, Metrics, Value
from seimbang.record.read import Run, read
from seimbang.record.reproduction import Figure, Reproduction
from seimbang.runs.describe import current_cases, differing
from seimbang.runs.executors import Options
from seimbang.runs.prepare import prepare, read_plan
from seimbang.runs.quick import Cut
from seimbang.runs.run import run
from seimbang.study.schema import Study

FILE = "reproduction.json"
KEYS = ["fold", "seed", "set", "case_id"]


def capsule_of(folder: Path) -> bytes:
    """Return the capsule of a run: the same run gives the same bytes.

    Raises:
        IntegrityError: What `record.read.read` raises; CAPSULE_RUN: the folder holds no record of how it was made.
    """
    contents = read(folder)
    plan = read_plan(RunFolder(folder))
    if not plan:
        fix = "give the run folder itself, with its hidden folders"
        raise IntegrityError("CAPSULE_RUN", f"no record of the run in {folder}", "a run folder as `run` wrote it", fix)
    arms = [arm.facts.slug for arm in contents.arms]
    names = [*OF_RUN, *(f"arms/{arm}/{name}" for arm in arms for name in OF_ARM)]
    members = {name: read_bytes(folder / name) for name in names}
    cut = Shortened(cases=plan["cut"]["cases"], epochs=plan["cut"]["epochs"]) if plan["cut"] else None
    facts = Capsule(
        arms=arms,
        quick=plan["quick"],
        cut=cut,
        closed=plan["closed"],
        note=contents.seal.sentence,
        files=digests(members),
    )
    return pack(facts, members)


def reproduce(path: Path, root: Path, out: Path, workers: int | None = None) -> Reproduction:
    """Run a capsule again and say which figures moved; data that differ are named before anything is trained.

    Args:
        path: The capsule.
        root: Folder that the data paths are relative to.
        out: The run folder of the new run; ``reproduction.json`` is written into it.
        workers: Jobs at once; by default what fits this machine.

    Raises:
        IntegrityError: CAPSULE_FOREIGN or CAPSULE_DAMAGED.
        SeimbangError: What `runs.run.run` raises.
    """
    contents = read_capsule(path)
    facts, study = contents.facts, contents.read("study.json", Study)
    others = _other_cases(contents, study, root)
    if others:
        note(f"Not the data of the capsule: {first_few(others)}.")
    cut = Cut(facts.cut.cases, facts.cut.epochs) if facts.cut else facts.quick
    run(study, root, out, tuple(facts.arms), cut, options=Options(workers, without_test=facts.closed))
    again = read(out)
    made = Reproduction(
        capsule=file_digest(path),
        title=study.title,
        note=facts.note,
        data=others,
        divided_alike=contents.members["splits.csv"] == read_bytes(out / "splits.csv"),
        machine=_machine(contents.read("provenance.json", Provenance), again.provenance),
        probabilities={arm: _probabilities(contents, arm, out) for arm in facts.arms},
        figures=list(_figures(contents, again)),
    )
    write_atomic(out / FILE, dump(made))
    return made


def _other_cases(contents: Contents, study: Study, root: Path) -> list[str]:
    """Return the cases whose digest is not that of the capsule, or that only one of the two has."""
    prepared = prepare(study, root)
    return differing(_table(contents.members["cases.csv"], ["case_id", "digest", "set"]), current_cases(prepared))


def _table(content: bytes, columns: list[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
        table[columns]  # one that is missing is an error
        return table
    except (ValueError, KeyError) as error:
        fix = "pack the run again: seimbang capsule RUN"
        raise IntegrityError("CAPSULE_DAMAGED", f"a table that cannot be read ({error})", "a CSV file", fix) from error


def _machine(before: Provenance, now: Provenance) -> dict[str, tuple[str, str]]:
    """Return what may move the last digits: versions, processor, threads."""
    then, today = (
        {"seimbang": one.seimbang, "python": one.python, **one.libraries}
        | {"platform": one.platform, "cpu": one.cpu, "device": one.device, "threads": str(one.threads)}
        for one in (before, now)
    )
    return {name: (then.get(name, "none"), today[name]) for name in today if then.get(name, "none") != today.get(name)}


def _probabilities(contents: Contents, arm: str, out: Path) -> float | None:
    name = f"arms/{arm}/predictions.csv"
    tables = (_table(content, KEYS) for content in (contents.members[name], read_bytes(out / name)))
    before, after = (table.set_index(KEYS).sort_index() for table in tables)
    columns = [column for column in map(str, after) if column.startswith("p_")]
    if not before.index.equals(after.index) or not set(columns) <= set(before):
        return None
    first, second = (one[columns].apply(pd.to_numeric, errors="coerce") for one in (before, after))
    return round(float((first - second).abs().to_numpy().max()), 9)


def _figures(contents: Contents, again: Run) -> Iterator[Figure]:
    """Yield each figure of each arm, set and threshold; one that only the capsule has is not estimable now."""
    now = {arm.facts.slug: arm for arm in again.arms}
    for slug in contents.facts.arms:
        before, after = _flat(contents.read(f"arms/{slug}/metrics.json", Metrics)), _flat(now[slug].metrics)
        for (part, threshold, metric), value in before.items():
            other = after.get((part, threshold, metric), Value(value=None, why="not measured"))
            named = {"arm": now[slug].name, "set": part, "threshold": threshold, "metric": metric}
            yield Figure(**named, before=value, after=other)


def _flat(metrics: Metrics) -> Mapping[tuple[str, str, str], Value]:
    return {
        (name, threshold, metric): value
        for name, of_set in metrics.sets.items()
        for threshold, measures in (("default", of_set.default), ("tuned", of_set.tuned))
        if measures is not None
        for metric, value in _values(measures)
    }


def _values(measures: Measures) -> Iterator[tuple[str, Value]]:
    yield from measures.metrics.items()
    for name, of_class in measures.per_class.items():
        yield from ((f"{metric} of {name}", value) for metric, value in of_class.metrics.items())

"""What the cases are and how they are divided: the first files of a run folder."""

import numpy as np
import pandas as pd

from seimbang import splits
from seimbang.datasets.base import Dataset
from seimbang.datasets.pseudo_patients import strip
from seimbang.errors import IntegrityError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.files import write_atomic
from seimbang.record.base import dump
from seimbang.record.data import Data, ProtocolFacts, Sample
from seimbang.record.folder import Files, RunFolder
from seimbang.runs.pictures import png
from seimbang.runs.stages import Divided, Prepared, count, grouped
from seimbang.splits.base import Fold
from seimbang.study.load import to_dict, to_toml
from seimbang.study.schema import Protocol, Study

SAMPLES = 4
"""Images of each class that are shown."""


def divide(prepared: Prepared) -> Divided:
    """Divide the cases as each protocol of the study says."""
    sets, prebalanced = grouped(prepared)
    folds = {one.name: tuple(splits.split(sets[one.name].cases, one.split)) for one in prepared.study.protocols}
    return Divided(prepared, sets, folds, prebalanced)


def require_unchanged(prepared: Prepared, folder: RunFolder) -> None:
    """Compare the digest of every file with the one it had when the run began; write them down in a new run.

    Raises:
        IntegrityError: DATA_CHANGED.
    """
    now = current_cases(prepared)
    file = folder.path / "cases.csv"
    if not file.is_file():
        write_atomic(file, now.to_csv(index=False))
        return
    before = pd.read_csv(file, dtype=str, keep_default_na=False)
    changed = differing(before, now)
    if changed:
        names = ", ".join(changed[:5])
        found = f"{len(changed)} file(s) not as they were when the run began, such as {names}"
        fix = "restore the files, or start a new run with --out"
        raise IntegrityError("DATA_CHANGED", found, "the files that the run began with", fix)


def current_cases(prepared: Prepared) -> pd.DataFrame:
    """Return ``case_id, digest, set`` of every case as it is now."""
    sets = {"": prepared.data, **{f"external:{name}/": one for name, one in prepared.external.items()}}
    frames = [one.cases.frame[["case_id", "digest"]].assign(set=name) for name, one in sets.items()]
    return pd.concat(frames, ignore_index=True)


def differing(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Return the cases of two such tables that differ or that only one has, by set and id."""
    both = before.merge(now, on=["set", "case_id"], how="outer", suffixes=("_before", "_now")).fillna("missing")
    changed = both[both.digest_before != both.digest_now]
    return (changed.set + changed.case_id).to_list()


def study_files(study: Study) -> Files:
    """Return the study as resolved, for people and for programs."""
    return {"study.json": dump(study), "study.toml": to_toml(to_dict(study))}


def split_files(divided: Divided) -> Files:
    """Return who was in which part under each protocol."""
    tables = [
        splits.to_frame(divided.sets[name].cases, folds).assign(protocol=name) for name, folds in divided.folds.items()
    ]
    return {"splits.csv": pd.concat(tables).to_csv(index=False)}


def data_files(data: Dataset, external: dict[str, Dataset], divided: Divided, image: ImageSettings) -> Files:
    """Return ``data.json`` and the pictures it names."""
    protocols = divided.prepared.study.protocols
    first = next((one for one in protocols if not one.balance), protocols[0])
    classes = data.cases.classes
    samples, pictures = _samples(data, divided.folds[first.name][0])
    clusters = _clusters(divided)
    sets = {"": data, **external}
    facts = Data(
        name=data.name,
        kind=data.kind,
        synthetic=data.synthetic,
        classes=list(classes),
        positive=classes[-1],
        facts=data.facts,
        size=list(image.size),
        channels=image.channels,
        groups=_groups(data),
        clusters=next(iter(clusters), ""),
        counts=_counts(divided, first),
        columns=list(data.columns),
        uses=list(data.uses),
        protocols=[_protocol(divided, protocol) for protocol in protocols],
        external={name: count(one.cases.y, classes) for name, one in external.items()},
        left_out={name: list(one.left_out) for name, one in sets.items() if one.left_out},
        noted={name: list(one.noted) for name, one in sets.items() if one.noted},
        samples=samples,
    )
    return {"data.json": dump(facts), **clusters, **pictures}


def _groups(dataset: Dataset) -> int:
    return len(np.unique(dataset.cases.groups)) if dataset.cases.has_groups else 0


def _counts(divided: Divided, protocol: Protocol) -> dict[str, dict[str, int]]:
    cases, fold = divided.sets[protocol.name].cases, divided.folds[protocol.name][0]
    return {part: count(cases.y[rows], cases.classes) for part, rows in fold.parts().items()}


def _protocol(divided: Divided, protocol: Protocol) -> ProtocolFacts:
    return ProtocolFacts(
        name=protocol.name,
        leaky=protocol.leaky,
        split=protocol.split,
        folds=len(divided.folds[protocol.name]),
        groups=_groups(divided.sets[protocol.name]),
        counts=_counts(divided, protocol),
    )


def _clusters(divided: Divided) -> dict[str, bytes]:
    """Return a picture of a few pseudo-patients for a reader to judge, or nothing where there are none."""
    auto = next((one for one in divided.prepared.study.protocols if one.group == "auto"), None)
    pixels = strip(divided.sets[auto.name]) if auto else np.empty(0)
    return {"clusters.png": png(pixels)} if len(pixels) else {}


def _samples(data: Dataset, fold: Fold) -> tuple[list[Sample], dict[str, bytes]]:
    """Return a few training images of each class, and what is said of them; a table has none."""
    samples: list[Sample] = []
    pictures: dict[str, bytes] = {}
    for label, name in enumerate(data.cases.classes if data.kind == "image" else ()):
        rows = fold.train[data.cases.y[fold.train] == label]
        for k, row in enumerate(rows[np.linspace(0, len(rows) - 1, min(SAMPLES, len(rows))).astype(int)]):
            file = f"samples/{label}_{k}.png"
            pictures[file] = png(data.X[row])
            samples.append(Sample(file=file, label=name, case_id=str(data.cases.frame.case_id[row])))
    return samples, pictures

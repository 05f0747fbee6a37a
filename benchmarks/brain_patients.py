"""Match the slices of the brain tumour study to patients: run lengths of the 233 ids, and breaks between neighbours.

    python benchmarks/brain_patients.py /data

Both folders of the re-sharer keep the order of the original files within a class, so the slices of Testing are put back
between those of Training where they fit best. The sequence is then cut into as many runs as the class has ids, of just
the lengths that ``brain_tumor_patients.csv`` gives, where neighbours are least alike. It is cut again with noise: a cut
that nearly always stays is certain, and so is a run between two such cuts that nothing else cuts, if its length is one
of an id. Runs between certain cuts that are not certain themselves are one group, so that no patient is divided.

Which id a run is can be said only where its length is the only one in its class; such runs are joined by the stem of
the id (MR040240 and MR040240B), which may be one person.

Writes ``brain_patients.csv`` (file, class, patient, certain) and ``brain_tumor_by_patient.toml``, the shipped study
with these patients, into the current folder: ``seimbang run brain_tumor_by_patient.toml``. A group may hold several
patients; that two groups share one is as unlikely as that the cut between them is wrong.
"""

import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode
from seimbang.imaging.similarity import thumbnails
from seimbang.study.load import load, to_dict, to_toml

Floats = npt.NDArray[np.floating]
WINDOW = 4
"""So many slices on each side of a cut are compared: a patient's slices come in two or three orientations."""
TIMES, NOISE, NEARLY_ALWAYS = 20, 0.02, 0.9
ROUNDS = 150
STEM = re.compile(r"(MR\d+)[A-Z]?$")


@dataclass(frozen=True)
class Matched:
    """The slices of a class in their original order.

    Attributes:
        files: Their paths.
        cuts: Where the best solution cuts, after so many slices.
        kept: Share of the noisy solutions that cut after each slice, ``(n - 1,)``.
    """

    files: list[Path]
    cuts: list[int]
    kept: Floats


def in_order(training: Floats, testing: Floats) -> list[tuple[bool, int]]:
    """Return the rows of both in one order, ``(is of testing, row)``: testing slices go where they are most alike."""
    alike = testing @ training.T
    gaps = np.full((len(testing), len(training) + 1), -1.0)
    gaps[:, 1:] = alike
    gaps[:, :-1] = np.maximum(gaps[:, :-1], alike)
    best, before = np.zeros(gaps.shape[1]), []
    for row in gaps:
        highest = np.maximum.accumulate(best)
        before.append(np.maximum.accumulate(np.where(best == highest, np.arange(len(best)), 0)))
        best = row + highest
    place, places = int(best.argmax()), []
    for back in reversed(before):
        places.append(place)
        place = int(back[place])
    keys = [(gap, False, k) for k, gap in enumerate(reversed(places))]
    keys += [(gap, True, gap) for gap in range(len(training))]
    return [(not of_training, row) for _, of_training, row in sorted(keys)]


def likeness(slices: Floats) -> Floats:
    """Return, for a cut after each slice but the last, how alike the most similar slices on both sides are."""
    sides = [(slices[max(0, k - WINDOW) : k], slices[k : k + WINDOW]) for k in range(1, len(slices))]
    return np.array([float((left @ right.T).max()) for left, right in sides])


def cut(cost: Floats, lengths: Counter[int]) -> list[int]:
    """Return the ends of runs that cost least, whose lengths are those of the ids as nearly as prices can bring about.

    Args:
        cost: Of a cut after each slice but the last.
        lengths: How many ids have each length.
    """
    sizes = np.array(sorted(lengths))
    wanted = np.array([lengths[size] for size in sizes])
    prices, best = np.zeros(len(sizes)), (len(cost), [len(cost) + 1])
    for round_ in range(ROUNDS):
        ends = _cheapest(np.append(cost, 0.0), sizes, prices)
        used = Counter(np.diff([0, *ends]).tolist())
        surplus = np.array([used[size] for size in sizes]) - wanted
        missed = int(np.abs(surplus).sum())
        best = min(best, (missed, ends), key=lambda pair: pair[0])
        prices += 0.2 / (1 + round_ / 15) * surplus / wanted
    return best[1]


def _cheapest(cost: Floats, sizes: npt.NDArray[np.int64], prices: Floats) -> list[int]:
    total = np.full(len(cost) + 1, np.inf)
    total[0], back = 0.0, np.zeros(len(total), int)
    for end in range(1, len(total)):
        fits = sizes <= end
        options = total[end - sizes[fits]] + prices[fits]
        chosen = int(options.argmin()) if fits.any() else 0
        if fits.any():
            total[end], back[end] = options[chosen] + cost[end - 1], sizes[fits][chosen]
    ends, end = [], len(cost)
    while end > 0:
        ends.append(end)
        end -= int(back[end]) or end
    return ends[::-1]


def match(files: list[Path], lengths: Counter[int]) -> Matched:
    """Return the slices of one class in order, and where patients end."""
    number = {file: int(re.findall(r"\d+", file.stem)[-1]) for file in files}
    parts = [
        sorted((f for f in files if f.parts[-3] == part), key=number.__getitem__) for part in ("Training", "Testing")
    ]
    small = [
        thumbnails(np.stack([decode(f.read_bytes(), ImageSettings(size=(96, 96)), f.name) for f in part]))
        for part in parts
    ]
    order = in_order(*small)
    cost = likeness(np.stack([small[testing][row] for testing, row in order]))
    rng, kept = np.random.default_rng(0), np.zeros(len(cost))
    for _ in range(TIMES):
        ends = cut(cost + rng.normal(0, NOISE, len(cost)), lengths)
        kept[np.array(ends[:-1]) - 1] += 1 / TIMES
    return Matched([parts[testing][row] for testing, row in order], cut(cost, lengths), kept)


def patients(matched: Matched, ids: pd.DataFrame, label: str) -> pd.DataFrame:
    """Return one row a slice: file, class, patient and certain."""
    lengths = Counter(ids.slices.tolist())
    sure = np.flatnonzero(matched.kept >= NEARLY_ALWAYS) + 1
    names, certain = [], []
    for start, end in zip([0, *sure], [*sure, len(matched.files)], strict=True):
        whole = end - start in lengths and not (matched.kept[start : end - 1] > 1 - NEARLY_ALWAYS).any()
        own = ids.id[ids.slices == end - start]
        known = own.iloc[0] if whole and len(own) == 1 else ""
        stem = STEM.match(known)
        names += [(stem[1] if stem else known) or f"{label}-{start:04}"] * (end - start)
        certain += [whole] * (end - start)
    return pd.DataFrame({"file": matched.files, "class": label, "patient": names, "certain": certain})


def main(root: Path) -> None:
    """Write the manifest and the study, and say how much is certain."""
    ids = pd.read_csv(root / "brain_tumor_patients.csv", dtype={"id": str})
    tables = []
    for label, own in ids.groupby("class"):
        files = sorted((root / "brain_tumor").glob(f"*/{label}/*.jpg"))
        matched = match(files, Counter(own.slices.tolist()))
        table = patients(matched, own.reset_index(drop=True), str(label))
        tables.append(table)
        fit = Counter(np.diff([0, *matched.cuts]).tolist()) & Counter(own.slices.tolist())
        sure = table[table.certain]
        named = sure.patient[~sure.patient.str.startswith(f"{label}-")].nunique()
        print(
            f"{label}: {len(own)} ids, {len(matched.cuts)} runs of which {fit.total()} have the length of an id; "
            f"{sure.patient.nunique()} runs certain with {len(sure)} of {len(table)} slices, {named} with the id; "
            f"{table.patient.nunique()} groups, the largest of {table.patient.value_counts().iloc[0]} slices"
        )
    whole = pd.concat(tables)
    images = (root / "brain_tumor").resolve()
    whole["file"] = [file.resolve().relative_to(images).as_posix() for file in whole.file]
    whole.to_csv("brain_patients.csv", index=False)
    _write_study(Path("brain_patients.csv").resolve(), images)


def _write_study(manifest: Path, images: Path) -> None:
    study = to_dict(load("brain_tumor"))
    column = {"from": "column", "column": "patient"}
    names = {"image_column": "file", "label_column": "class", "group": column}
    data = {"source": "csv", "path": str(manifest), "images": str(images), **names}
    study["data"] = data | {"facts": study["data"]["facts"]}
    for protocol in study["protocol"]:
        protocol["group"] = "known" if protocol["group"] == "auto" else protocol["group"]
    Path("brain_tumor_by_patient.toml").write_text(to_toml(study), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A small, complete and plausible run folder, for tests of what reads one: the report and the web page."""

import csv
import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from seimbang import __version__
from seimbang.checks.base import Finding
from seimbang.datasets.base import FileNote
from seimbang.evaluation import against_none, clinical, evaluate, sample_size
from seimbang.evaluation.by_quality import by_quality
from seimbang.evaluation.conformal import LEVEL
from seimbang.evaluation.gate import Gate
from seimbang.evaluation.refusal import answered, served, smallest_probabilities
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.descriptor import describe
from seimbang.imaging.files import file_digest
from seimbang.record.arm import ArmFacts, Package
from seimbang.record.arrays import pack
from seimbang.record.base import dump
from seimbang.record.cases import ExampleRow, GalleryRow, Heat, HeatRow, Quality, QualityRow, Sanity
from seimbang.record.clinical import AgainstNone, Clinical
from seimbang.record.comparison import Comparison
from seimbang.record.data import Audit, Data, ProtocolFacts, Provenance, Sample
from seimbang.record.files import read_json
from seimbang.record.metrics import Metrics
from seimbang.record.openings import Openings, PartCount
from seimbang.record.read import read_predictions
from seimbang.record.refusal import Answered, Kind, Refusal
from seimbang.record.sample_size import SampleSize
from seimbang.runs.compared import compared
from seimbang.splits.base import SplitSettings
from seimbang.study.load import to_dict, to_toml
from seimbang.study.models import make
from seimbang.study.schema import parse
from seimbang.training.base import Layer, TrainingSettings

CLASSES = ["NORMAL", "PNEUMONIA"]
SIZE = (32, 32)
COUNTS = {
    "train": {"NORMAL": 60, "PNEUMONIA": 170},
    "validation": {"NORMAL": 16, "PNEUMONIA": 44},
    "test": {"NORMAL": 45, "PNEUMONIA": 75},
    "external:NIH": {"NORMAL": 40, "PNEUMONIA": 40},
}
PARTS = {part: COUNTS[part] for part in ("train", "validation", "test")}
SPLIT = SplitSettings(test="provided")
IMAGE = ImageSettings(size=SIZE)
TRAINING = TrainingSettings(epochs=8)
JOB = "jobs/0/0"
ARMS = {
    "as published": {"method": "smote", "k": 5, "scope": "all"},
    "none": {"method": "none", "scope": "train"},
    "SMOTE": {"method": "smote", "k": 5, "scope": "train"},
    "class weights": {"method": "class_weights", "scope": "train"},
}
TITLES = {"smote": "SMOTE", "none": "No balancing", "class_weights": "Class weights"}
SEPARATION = {"as published": 1.3, "none": 1.0, "SMOTE": 1.1, "class weights": 1.05}
MODEL = {"name": "rnn", "units": 16}
LEAK = "Synthetic cases were generated from test cases: balancing saw all images, before the split."


def fake_run(path: Path, arms: int = 2, external: bool = True) -> Path:
    """Write a run folder with the first ``arms`` of ARMS and return it; equal arguments give equal numbers."""
    rng = np.random.default_rng(7)
    names = list(ARMS)[:arms]
    path.mkdir(parents=True, exist_ok=True)
    _study(path, names, external)
    _data(path, rng, external)
    _audit(path, names)
    cases = _cases(external)
    _csv(path / "splits.csv", ["case_id", "label", "group", "fold", "part"], _splits(cases))
    for name in names:
        _arm(path, name, cases, rng)
    _provenance(path, names)
    _openings(path, external)
    tables = {name: read_predictions(path / "arms" / slug(name)) for name in names}
    unbalanced = [name for name in names if ARMS[name]["method"] == "none"]
    _json(path / "comparisons.json", {"": Comparison.model_validate(compared(tables, CLASSES, [], unbalanced))})
    clean = [name for name in names if name != "as published"][:2]
    size = sample_size({name: tables[name] for name in clean}, CLASSES) if len(clean) == 2 else None
    sizes = [SampleSize(protocol="", first=clean[0], second=clean[1], **size)] if size else []
    _json(path / "sample_size.json", sizes)
    references = {name: "none" for name in names if name not in unbalanced}
    against = against_none(tables, CLASSES, CLASSES[-1], references)
    changes = [AgainstNone(protocol="", arm=arm, **found) for arm, found in against.items()]
    _json(path / "probabilities.json", changes)
    return path


def _openings(path: Path, external: bool) -> None:
    sets = {"test": 120} | ({"external:NIH": 80} if external else {})
    parts = [
        PartCount(set=name, protocol="", cases=cases, times=1, studies=1, here=True) for name, cases in sets.items()
    ]
    _json(path / "openings.json", Openings(closed=False, parts=parts))


def slug(name: str) -> str:
    """Return the folder name of an arm."""
    return name.lower().replace(" ", "-")


def _study(path: Path, names: list[str], external: bool) -> None:
    study = parse(
        {
            "title": "Pneumonia on chest X-rays: a recurrent network with SMOTE",
            "question": "Does SMOTE help an RNN that reads an X-ray row by row?",
            "cost": "6 minutes on 2 cores",
            "data": {"source": "folder", "path": "chest_xray", "positive": "PNEUMONIA"},
            "image": IMAGE.model_dump(),
            "split": SPLIT.model_dump(),
            "model": MODEL,
            "training": TRAINING.model_dump(),
            "arm": [{"name": name, "balance": ARMS[name]} for name in names],
            "external": [{"name": "NIH", "source": "folder", "path": "chest_xray_external"}] if external else [],
            "published": [{"arm": names[0], "set": "test", "accuracy": 0.72}],
        }
    )
    _json(path / "study.json", study)
    (path / "study.toml").write_text(to_toml(to_dict(study)), encoding="utf-8")


def _data(path: Path, rng: np.random.Generator, external: bool) -> None:
    samples = []
    for label in CLASSES:
        for number in range(2):
            file = f"samples/{label}_{number}.png"
            _png(path / file, rng, label)
            samples.append(Sample(file=file, label=label, case_id=f"train/{label}/{number}"))
    data = Data(
        name="chest_xray",
        kind="image",
        synthetic=False,
        classes=CLASSES,
        positive="PNEUMONIA",
        facts={"Source": "Kermany et al. 2018", "Format": "8-bit greyscale JPEG", "Licence": "CC BY 4.0"},
        size=list(SIZE),
        channels=1,
        groups=190,
        clusters="",
        counts=PARTS,
        columns=[],
        uses=[],
        protocols=[ProtocolFacts(name="", leaky=False, split=SPLIT, folds=1, groups=190, counts=PARTS)],
        external={"NIH": COUNTS["external:NIH"]} if external else {},
        left_out={"": [FileNote("train/NORMAL/broken.jpg", "NORMAL", "IMG_TRUNCATED", "the file ends early")]},
        noted={},
        samples=samples,
    )
    _json(path / "data.json", data)


def _audit(path: Path, names: list[str]) -> None:
    findings = [
        Finding("CLASS_COUNTS", "info", "Class counts", "The rarest class, NORMAL, has 121 of 410 cases (1 : 2.4)."),
        Finding(
            "IDENTICAL_WITHIN",
            "warning",
            "Identical images within one part",
            "2 training images are identical by their pixels.",
            ("train/NORMAL/3", "train/NORMAL/9"),
            2,
        ),
    ]
    leak = Finding(
        "SYNTHETIC_FROM_TEST",
        "leak",
        "Synthetic cases made from test cases",
        "88 synthetic cases have a parent in the test set.",
        ("test/PNEUMONIA/1", "test/PNEUMONIA/2"),
        88,
        "as published",
    )
    _json(path / "audit.json", Audit(findings=[*findings, leak] if "as published" in names else findings))


def _cases(external: bool) -> pd.DataFrame:
    """Return one row a case: case_id, group, part and label; two cases in five share a patient with another."""
    rows = []
    for part, counts in COUNTS.items():
        if part.startswith("external") and not external:
            continue
        for label, number in counts.items():
            ids = (f"{part}/{label}/{n}" for n in range(number))
            groups = (f"{part}-{label}-{n - (n % 5 == 4)}" for n in range(number))
            rows += [(case, group, part, label) for case, group in zip(ids, groups, strict=True)]
    return pd.DataFrame(rows, columns=["case_id", "group", "part", "label"])


def _splits(cases: pd.DataFrame) -> list[list[object]]:
    inner = cases[~cases.part.str.startswith("external")]
    return [[row.case_id, row.label, row.group, "", row.part] for row in inner.itertuples()]


def _arm(path: Path, name: str, cases: pd.DataFrame, rng: np.random.Generator) -> None:
    folder = path / "arms" / slug(name)
    folder.mkdir(parents=True, exist_ok=True)
    predictions = _predictions(cases, SEPARATION[name], rng)
    predictions.to_csv(folder / "predictions.csv", index=False)
    metrics = Metrics.model_validate(evaluate(read_predictions(folder), CLASSES, seed=0, resamples=200))
    _json(folder / "metrics.json", metrics)
    _json(folder / "clinical.json", Clinical.model_validate(clinical(predictions, CLASSES, CLASSES[-1])))
    best = _history(folder / JOB, rng)
    synthetic = 110 if ARMS[name]["method"] == "smote" else 0
    _json(folder / "arm.json", _facts(name, synthetic, best))
    _json(folder / "gallery.json", _gallery(folder, rng) if synthetic else [])
    examples = _examples(folder, predictions, rng)
    _json(folder / "examples.json", examples)
    _json(folder / "heat.json", _heat(folder, examples, rng))
    _json(folder / "quality.json", _quality(predictions, examples, rng))
    _refusal(folder, predictions, metrics)
    _model(folder, metrics.threshold.value)


def _predictions(cases: pd.DataFrame, separation: float, rng: np.random.Generator) -> pd.DataFrame:
    rows = cases[cases.part != "train"]
    strength = np.where(rows.part.str.startswith("external"), separation * 0.3, separation)
    logit = strength * np.where(rows.label == "PNEUMONIA", 1.0, -1.0) + rng.normal(0.3, 1.1, len(rows))
    p = np.round(1 / (1 + np.exp(-logit)), 6)
    return pd.DataFrame(
        {
            "case_id": rows.case_id,
            "group": rows.group,
            "fold": "",
            "seed": "0",
            "set": rows.part,
            "label": rows.label,
            "p_NORMAL": np.round(1 - p, 6),
            "p_PNEUMONIA": p,
        }
    )


def _history(job: Path, rng: np.random.Generator) -> int:
    job.mkdir(parents=True)
    header = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_recall", "lr", "best"]
    rows, lowest, best = [], np.inf, 1
    for epoch in range(1, 9):
        loss = 0.7 * 0.85**epoch + rng.normal(0, 0.01)
        validation = 0.7 * 0.88**epoch + 0.02 * max(0, epoch - 5) ** 1.5 + rng.normal(0, 0.01)
        better = validation < lowest
        lowest, best = (validation, epoch) if better else (lowest, best)
        values = [loss, 1 - loss / 1.6, validation, 1 - validation / 1.5, 0.9 - validation, 0.001]
        rows.append([epoch, *(round(float(value), 4) for value in values), int(better)])
    _csv(job / "history.csv", header, rows)
    return best


def _facts(name: str, synthetic: int, best: int) -> ArmFacts:
    balance, before = ARMS[name], COUNTS["train"]
    leaky = balance["scope"] == "all"
    return ArmFacts(
        name=name,
        arm=name,
        protocol="",
        slug=slug(name),
        balance=balance,
        balance_title=TITLES[balance["method"]],
        model=MODEL,
        model_title="Recurrent network (RNN)",
        model_kind="network",
        training=TRAINING,
        leaky=leaky,
        leaks=[LEAK] if leaky else [],
        before=before,
        after={"NORMAL": before["NORMAL"] + synthetic, "PNEUMONIA": before["PNEUMONIA"]},
        synthetic=synthetic,
        layers=[
            Layer("Rows", (32, 32), 0, "the image as a sequence of rows"),
            Layer("SimpleRNN", (16,), 784, "reads row by row; last state"),
            Layer("Dense, ReLU", (64,), 1088, "combines the features"),
            Layer("Dense, softmax", (2,), 130, "one probability a class"),
        ],
        quick=False,
        best_epoch=best,
        jobs=[JOB],
        served=[JOB],
    )


def _gallery(folder: Path, rng: np.random.Generator) -> list[GalleryRow]:
    rows = []
    for number in range(3):
        files = {part: f"gallery/{number}_{part}.png" for part in ("first", "second", "synthetic")}
        delta = round(float(rng.uniform()), 3)
        first, second = (_png(folder / files[part], rng, "NORMAL") for part in ("first", "second"))
        _save(folder / files["synthetic"], first + delta * (second.astype(float) - first))
        ids = {"first_id": f"train/NORMAL/{number}", "second_id": f"train/NORMAL/{number + 20}"}
        rows.append(GalleryRow(**files, **ids, delta=delta, label="NORMAL"))
    return rows


def _examples(folder: Path, predictions: pd.DataFrame, rng: np.random.Generator) -> list[ExampleRow]:
    """Show the two most and the least confident right and wrong test cases, as training does."""
    test = predictions[predictions.set == "test"]
    test = test.assign(
        predicted=np.where(test.p_PNEUMONIA > 0.5, "PNEUMONIA", "NORMAL"),
        confidence=test[["p_NORMAL", "p_PNEUMONIA"]].max(axis=1),
    ).sort_values("confidence", ascending=False)
    rows = []
    for right in (True, False):
        some = test[(test.predicted == test.label) == right]
        for case in pd.concat([some.head(2), some.tail(1)]).itertuples():
            file = f"examples/{len(rows)}.png"
            _png(folder / file, rng, case.label)
            chosen = {"label": case.label, "predicted": case.predicted, "confidence": round(case.confidence, 4)}
            rows.append(ExampleRow(file=file, case_id=case.case_id, right=right, **chosen))
    return rows


def _heat(folder: Path, examples: list[ExampleRow], rng: np.random.Generator) -> Heat:
    """Show occlusion alone, for a recurrent network has no Grad-CAM."""
    cases = []
    for number, example in enumerate(examples[::3]):
        files = {kind: f"heat/{number}_occlusion_{kind}.png" for kind in ("maps", "random")}
        for file in files.values():
            _png(folder / file, rng, example.label)
        cases.append(HeatRow(**dict(example), **{kind: {"occlusion": file} for kind, file in files.items()}))
    return Heat(cases=cases, sanity={"occlusion": Sanity(similarity=0.12, passed=True)})


def _quality(predictions: pd.DataFrame, examples: list[ExampleRow], rng: np.random.Generator) -> Quality:
    ids = predictions.case_id.unique()
    measures = pd.DataFrame(
        {"brightness": rng.uniform(0, 255, len(ids)), "sharpness": rng.uniform(9, 99, len(ids))}, ids
    )
    rows = [QualityRow.model_validate(row) for row in by_quality(predictions, measures, CLASSES)]
    return Quality(measures=rows, worst=[example for example in examples if not example.right])


def _refusal(folder: Path, predictions: pd.DataFrame, metrics: Metrics) -> None:
    """Say when the models should not answer; no kind of picture is refused."""
    table = served(predictions, CLASSES)
    least = dict(zip(CLASSES, smallest_probabilities(table, CLASSES).tolist(), strict=True))
    outside = {name: part.served.metrics["balanced_accuracy"] for name, part in metrics.sets.items()}
    refusal = Refusal(
        kind=None,
        level=LEVEL,
        least=dict.fromkeys(("", "0", "1"), least),
        patients=COUNTS["validation"],
        at_chance={name: value for name, value in outside.items() if name == "external:NIH"},
        sets={name: Answered.model_validate(one) for name, one in answered(table, CLASSES, False, {}).items()},
        changed={},
    )
    _json(folder / "refusal.json", refusal)


def seal(folder: Path) -> None:
    """Have the package of an arm know its ``refusal.json`` as it now is."""
    package = read_json(folder / "model.json", Package)
    _json(folder / "model.json", package.model_copy(update={"refusal": file_digest(folder / "refusal.json")}))


def _model(folder: Path, threshold: float | None) -> None:
    """Save an untrained network of the study's model as a package."""
    import torch
    from safetensors.torch import save

    torch.manual_seed(0)
    weights = save(make(MODEL).build((*SIZE, 1), 2).state_dict())
    file = f"{JOB}/model.safetensors"
    (folder / file).write_bytes(weights)
    package = Package(
        model=MODEL,
        classes=CLASSES,
        positive="PNEUMONIA",
        image=IMAGE,
        table=None,
        threshold=threshold,
        decides="default",
        files={file: hashlib.sha256(weights).hexdigest()},
        refusal=file_digest(folder / "refusal.json"),
        seimbang=__version__,
    )
    _json(folder / "model.json", package)


def _provenance(path: Path, names: list[str]) -> None:
    facts = Provenance(
        seimbang="0.1.0",
        python="3.11.2",
        libraries={"torch": "2.13.0", "numpy": "2.4.6"},
        platform="Linux-6.1-x86_64",
        cpu="Example CPU",
        threads=2,
        device="cpu",
        seed=0,
        command="seimbang run pneumonia",
        started="2026-01-02T03:04:05+00:00",
        finished="2026-01-02T03:10:05+00:00",
        seconds=360.0,
        peak_memory_mb=512.0,
        arms={slug(name): {"seconds": 90.0, "seconds_per_epoch": 1.2} for name in names},
        data_digest="ab" * 32,
        quick=False,
    )
    _json(path / "provenance.json", facts)


def _png(file: Path, rng: np.random.Generator, label: str) -> np.ndarray:
    """Save noise with a vertical gradient, brighter for the positive class, and return it as uint8[h, w]."""
    base = np.linspace(40, 160, SIZE[0])[:, None] + (40 if label == "PNEUMONIA" else 0)
    return _save(file, base + rng.normal(0, 20, SIZE))


def _save(file: Path, pixels: np.ndarray) -> np.ndarray:
    file.parent.mkdir(parents=True, exist_ok=True)
    image = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    Image.fromarray(image).save(file)
    return image


def _json(file: Path, value: object) -> None:
    file.write_text(dump(value), encoding="utf-8")


def _csv(file: Path, header: list[str], rows: list[list[object]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    file.write_text(text.getvalue(), encoding="utf-8")


def with_gate(folder: Path, pictures: np.ndarray, limit: float = 20.0) -> None:
    """Have an arm refuse what is unlike some pictures, ``uint8[n, h, w, 1]``."""
    arrays = pack(Gate.of(describe(pictures)).arrays())
    (folder / "gate.npz").write_bytes(arrays)
    kind = Kind(
        limit=limit, passes=0.98, training=len(pictures), patients=60, arrays=hashlib.sha256(arrays).hexdigest()
    )
    refusal = read_json(folder / "refusal.json", Refusal)
    _json(folder / "refusal.json", refusal.model_copy(update={"kind": kind}))
    seal(folder)

"""Which pictures a model of children's chest films refuses: films it has not seen, films given wrongly, other pictures.

    python benchmarks/refusal.py --data DATA --out FOLDER [--official-test]

Runs a small study (a convolutional network, 64 x 64 pixels) and asks what it makes of other pictures. By default the
held-out films are 20 % of the patients of the official training part; with --official-test they are the official test
part, which is to be opened once, when nothing is to be changed any more. The limit is set on validation patients.
"""

import argparse
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

import seimbang
from seimbang.evaluation.refusal import share
from seimbang.record.metrics import Value
from seimbang.record.package import read_package, read_refusal
from seimbang.serving.predictor import Predictor
from seimbang.study.schema import parse

PHOTOS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "coffee.png",
    "coins.png",
    "color.png",
    "grass.png",
    "gravel.png",
    "horse.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "page.png",
    "retina.jpg",
    "rocket.jpg",
    "text.png",
)
CROPS, SLICES, NOISES = 12, 600, 200
CHILD = r"(person\d+_(?:bacteria|virus)|(?:NORMAL2-)?IM-\d+)"


def study(official: bool):
    """Return the study; the official test part is left out unless it is asked for."""
    left_out = ["validation"] if official else ["validation", "test"]
    by_name = {"from": "name", "pattern": CHILD}
    data = {"source": "folder", "path": "chest_xray", "positive": "PNEUMONIA", "leave_out": left_out, "group": by_name}
    adults = {"name": "NIH", "path": "chest_xray_external", "group": {"from": "name", "pattern": r"(\d+)_"}}
    return parse(
        {
            "title": "Which pictures a chest model refuses",
            "data": data,
            "image": {"size": [64, 64]},
            "split": {"test": "provided" if official else 0.2, "validation": 0.2},
            "model": {"name": "cnn"},
            "training": {"epochs": 2, "batch_size": 32},
            "arm": [{"name": "none"}],
            "external": [adults],
        }
    )


def others(data: Path, rng: np.random.Generator) -> dict[str, Iterator[bytes]]:
    """Return the other pictures as files, by kind; photographs and noise are no radiographs."""
    import skimage.data
    import sklearn.datasets

    samples = Path(skimage.data.__file__).parent
    own = Path(sklearn.datasets.__file__).parent / "images"
    photos = [samples / name for name in PHOTOS] + [own / "china.jpg", own / "flower.jpg"]
    return {
        "a cat, and crops of it": crops([samples / "chelsea.png"], 50, rng),
        "19 photographs, and crops": crops(photos, CROPS, rng),
        "faces": (png(face * 255) for face in np.load(samples / "lfw_subset.npy")[:100]),
        "noise, blanks and ramps": noises(rng),
        "brain MRI": some(data / "brain_tumor", rng),
        "kidney CT": some(data / "kidney_ct", rng),
    }


def png(pixels: np.ndarray) -> bytes:
    """Return grey values as a file."""
    file = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def crops(files: list[Path], count: int, rng: np.random.Generator) -> Iterator[bytes]:
    """Yield each picture whole, and random parts of it."""
    for file in files:
        image = Image.open(file).convert("L")
        yield png(np.asarray(image))
        for _ in range(count - 1):
            width, height = (int(rng.uniform(0.4, 1) * side) for side in image.size)
            left, top = rng.integers(0, image.width - width + 1), rng.integers(0, image.height - height + 1)
            yield png(np.asarray(image.crop((left, top, left + width, top + height))))


def noises(rng: np.random.Generator, side: int = 150) -> Iterator[bytes]:
    """Yield noise of single pixels, noise with the spectrum of natural pictures, blanks and ramps."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = 1
    for _ in range(NOISES // 5):
        yield png(rng.integers(0, 256, (side, side)))
        yield png(rng.normal(128, 40, (side, side)))
        natural = np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) / frequency).real
        yield png((natural - natural.min()) / np.ptp(natural) * 255)
        yield png(np.full((side, side), rng.integers(0, 256)))
        yield png(np.add.outer(*(np.linspace(0, rng.integers(0, 128), side) for _ in "yx")))


def some(folder: Path, rng: np.random.Generator) -> Iterator[bytes]:
    """Yield some of the images of a folder."""
    files = sorted(folder.rglob("*.jpg"))
    return (files[k].read_bytes() for k in sorted(rng.choice(len(files), SLICES, replace=False)))


def asked(predictor: Predictor, files: Iterator[bytes]) -> dict[str, object]:
    """Return how many of some pictures the model refuses."""
    refused = np.array([predictor.predict(file, "picture").advice.refused for file in files])
    return {"n": len(refused), "refused": Value.model_validate(share(refused, np.arange(len(refused))))}


def main() -> None:
    """Run the study, or go on with it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--official-test", action="store_true")
    options = parser.parse_args()
    arm = seimbang.run(study(options.official_test), options.data, options.out).folder / "arms" / "none"
    refusal, predictor = read_refusal(arm, read_package(arm)[0])[0], Predictor.load(arm)
    films = "official test films" if options.official_test else "films of held-out patients"
    rows = {{"test": films}.get(name, "adult films"): one.model_dump() for name, one in refusal.sets.items()}
    rows |= {f"{films}: {name.replace('_', ' ')}": {"refused": value} for name, value in refusal.changed.items()}
    rng = np.random.default_rng(0)
    rows |= {name: asked(predictor, files) for name, files in others(options.data, rng).items()}
    for row in rows.values():
        row["refused"] = Value.model_validate(row["refused"]).beside(0.999)[0]
    table = pd.DataFrame(rows).T.drop(columns="coverage").astype(object).map(text)
    print(table.to_string())
    for name, one in refusal.sets.items():
        print(f"coverage, {name}:", "; ".join(f"{label} {value}" for label, value in one.coverage.items()))
    print(f"limit: {refusal.kind.passes:.0%} of {refusal.kind.patients} validation patients pass")


def text(value: object) -> object:
    """Return a figure in words."""
    if isinstance(value, dict):
        return str(Value.model_validate(value))
    return "" if value is None or value != value else value


if __name__ == "__main__":
    main()

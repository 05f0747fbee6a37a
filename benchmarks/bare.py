"""What seimbang's training costs: the same networks in a bare loop of torch, an epoch of each in turn.

    python benchmarks/bare.py [--models rnn kidney_cnn efficientnet_lite0 resnet50] [--threads 1] [--rounds 3]

Both sides train the same network on the same random pixels, in the same memory layout, with the same augmentation and
batch size, in one process, and predict a tenth of the rows for validation. On seimbang's side it is what a job of
``seimbang run`` does: after each epoch it also writes a checkpoint. The first round does not count. Of the others the
median of the ratios is shown, of wall time, and of the processor's time, which other programs disturb less.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from seimbang.balance import make as make_balance
from seimbang.imaging.augment import Augmentation, augment
from seimbang.imaging.base import ImageSettings
from seimbang.runs.jobs import Checkpoint
from seimbang.study.models import learner_of, make
from seimbang.training.base import Task, TrainingSettings
from seimbang.training.device import Device, choose

AUGMENTATION = Augmentation(rotation=10, flip_left_right=True, flip_top_bottom=True)


@dataclass(frozen=True)
class Case:
    """A network, its images, and how many of them an epoch has."""

    model: dict
    side: int
    channels: int
    rows: int


CASES = {
    "rnn": Case({"name": "rnn"}, 150, 1, 640),
    "kidney_cnn": Case({"name": "kidney_cnn"}, 224, 1, 640),
    "efficientnet_lite0": Case({"name": "efficientnet_lite0", "weights": "random"}, 192, 3, 160),
    "resnet50": Case({"name": "resnet50", "weights": "random"}, 224, 3, 96),
}


def product(task: Task, checkpoint: Path) -> Iterator[None]:
    """Yield after each epoch of a job."""
    due = 0.0
    for progress in learner_of(task.model).train(task):
        if time.monotonic() >= due:
            due = Checkpoint(checkpoint).keep(progress)
        yield


def bare(module: torch.nn.Module, device: Device, X: np.ndarray, y: np.ndarray, train: np.ndarray, batch: int):
    """Yield after each epoch of a loop as one writes it by hand."""
    optimizer = torch.optim.Adam([weight for weight in module.parameters() if weight.requires_grad])
    validation, labels = np.setdiff1d(np.arange(len(X)), train), torch.from_numpy(y).to(device.name)
    while True:
        module.train()
        for which in torch.from_numpy(np.random.permutation(train)).split(batch):
            images = torch.from_numpy(X[which]).to(device.name, torch.float32).permute(0, 3, 1, 2)
            images = device.scale(augment(images, which.numpy(), AUGMENTATION))
            with device.autocast():
                loss = torch.nn.functional.cross_entropy(module(images).float(), labels[which])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        module.eval()
        with torch.inference_mode(), device.autocast():
            images = torch.from_numpy(X[validation]).to(device.name, torch.float32).permute(0, 3, 1, 2)
            module(device.scale(images)).softmax(1).cpu()
        yield


def loops(case: Case, batch: int, folder: Path) -> tuple[dict[str, Iterator[None]], Device]:
    """Return both loops of one network."""
    shape = case.side, case.side, case.channels
    X = np.random.default_rng(0).integers(0, 256, (case.rows, *shape), dtype=np.uint8)
    y, validation, train = np.arange(case.rows) % 2, np.arange(case.rows // 10), np.arange(case.rows // 10, case.rows)
    model, balance = make(case.model), make_balance({"method": "none"})
    task = Task(
        model=model,
        training=TrainingSettings(epochs=10_000, batch_size=batch),
        balance=balance,
        recipe=balance.recipe(X, y[train], 0, train),
        X=X,
        y=y,
        groups=np.arange(case.rows),
        validation=validation,
        shape=shape,
        classes=2,
        image=ImageSettings(size=(case.side, case.side), augment=AUGMENTATION),
        title=case.model["name"],
    )
    module = model.build(shape, 2)
    device = choose(module, "auto", (batch, case.channels, case.side, case.side))
    hand_written = bare(device.place(module), device, X, y, train, batch)
    return {"bare": hand_written, "seimbang": product(task, folder / "checkpoint")}, device


def measured(turns: dict[str, Iterator[None]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return wall and processor seconds of each counted epoch, by side."""
    seconds: dict[str, list[tuple[float, float]]] = {side: [] for side in turns}
    for _ in range(rounds + 1):
        for side, epochs in turns.items():
            wall, processor = time.perf_counter(), time.process_time()
            next(epochs)
            seconds[side].append((time.perf_counter() - wall, time.process_time() - processor))
    return {side: times[1:] for side, times in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(CASES), default=list(CASES))
    for option, value in {"batch": 16, "threads": torch.get_num_threads(), "rounds": 3}.items():
        parser.add_argument(f"--{option}", type=int, default=value)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"batches of {options.batch}, {options.threads} threads; images a second")
    print(f"{'model':<20}{'layout':<15}{'bare':>10}{'seimbang':>10}{'of bare':>10}{'of bare (processor)':>21}")
    for name in options.models:
        with tempfile.TemporaryDirectory() as folder:
            turns, device = loops(CASES[name], options.batch, Path(folder))
            seconds = measured(turns, options.rounds)
        rate = {
            side: CASES[name].rows / statistics.median(wall for wall, _ in times) for side, times in seconds.items()
        }
        pairs = list(zip(seconds["bare"], seconds["seimbang"], strict=True))
        ratios = [statistics.median(theirs[i] / ours[i] for theirs, ours in pairs) for i in (0, 1)]
        shown = f"{rate['bare']:>10.1f}{rate['seimbang']:>10.1f}{ratios[0]:>10.1%}{ratios[1]:>21.1%}"
        print(f"{name:<20}{device.layout:<15}{shown}", flush=True)


if __name__ == "__main__":
    main()

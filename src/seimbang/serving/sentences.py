"""What the page says of a run, as sentences and table cells in one language; how it looks is left to ``app.py``."""

import re
from collections.abc import Collection, Iterator, Sequence

from seimbang.evaluation.figures import main, of_class
from seimbang.evaluation.metric import Metric
from seimbang.imaging.augment import UNCHANGED
from seimbang.record.arm import ArmFacts
from seimbang.record.cases import ExampleRow
from seimbang.record.contents import Contents, tenth
from seimbang.record.metrics import Measures, Metrics
from seimbang.record.read import Run
from seimbang.serving.words import Markup, Words
from seimbang.training.base import Layer

FEW = 20  # fewer alike predictions than this say little about how often such a confidence is right


def preparation(contents: Contents, words: Words) -> Iterator[str]:
    """Yield what was done to the cases, a sentence a step."""
    run, split = contents.run, contents.protocol.split
    yield from _of_rows(run, words) if run.tabular else _of_images(run, words)
    if split.folds:
        yield words("data.folds", folds=split.folds)
    elif split.test == "provided":
        yield words("data.provided")
    else:
        yield words("data.fraction", share=words.percent(split.test, 0))
    if run.data.groups and split.group != "none":
        yield words("data.grouped")
    if not run.tabular and run.study.image.augment != UNCHANGED:
        yield words("data.augmented")
    yield balancing(contents.arm.facts, words)


def _of_images(run: Run, words: Words) -> Iterator[str]:
    height, width = run.data.size
    yield words("data.resize", width=width, height=height)
    yield words("data.grey" if run.data.channels == 1 else "data.colour")
    yield words("data.scale")


def _of_rows(run: Run, words: Words) -> Iterator[str]:
    yield words("data.gaps")
    if any(column.kind == "category" for column in run.data.columns):
        yield words("data.categories")
    yield words("data.scores")


def figure_names(contents: Contents, words: Words) -> Sequence[str]:
    """Return the names of what ``figures`` returns."""
    classes = contents.arm.metrics.classes
    names = [words.known(f"model.{metric}", metric.title) for metric in main(len(classes))]
    return names + [
        words.known(f"model.{metric}", f"{name}: {metric.title}", name=name)
        for metric in _of_class(classes)
        for name in classes
    ]


def figures(measures: Measures, words: Words) -> list[str]:
    """Return the figures of one set with their intervals."""
    whole, each = measures.metrics, measures.per_class.values()
    shown = [words.interval(whole[metric.key], share=metric.needs.of == "decisions") for metric in main(len(each))]
    return shown + [words.interval(a_class.metrics[metric.key]) for metric in _of_class(each) for a_class in each]


def _of_class(classes: Collection[object]) -> list[Metric]:
    """Return the metrics of each class that the page shows: shares of its cases and of its predictions."""
    return [metric for metric in of_class(len(classes)) if metric.averaged and metric.interval == "proportion"]


def counted(metrics: Metrics, words: Words) -> Iterator[str]:
    """Yield for each class how many of its test images were recognised."""
    for position, row in enumerate(metrics.sets["test"].served.confusion):
        n, right = sum(row), row[position]
        numbers = {"n": words.number(n), "right": words.number(right), "wrong": words.number(n - right)}
        yield words("model.counted", name=metrics.classes[position], **numbers)


def trust(contents: Contents, confidence: float, words: Words) -> Iterator[str]:
    """Yield for each set how often such a confidence was right there."""
    low, high = (words.percent(edge / 10, 0) for edge in (tenth(confidence), tenth(confidence) + 1))
    for name in ("test", *(f"external:{name}" for name in contents.externals)):
        n, right = contents.experience(name, confidence)
        ending = "" if name == "test" else "_external"
        facts = {"low": low, "high": high, "name": name.removeprefix("external:")}
        if not n:
            yield words(f"upload.none{ending}", **facts)
            continue
        facts |= {"n": words.number(n), "right": words.number(right), "share": words.percent(right / n, 0)}
        yield words(f"upload.experience{ending}", **facts) + (" " + words("upload.few") if n < FEW else "")


def balancing(facts: ArmFacts, words: Words) -> Markup:
    """Return a sentence on the arm's balancing method, or its title where the languages have none."""
    return words.known(f"balance.{facts.method}", facts.balance_title)


def explained(layer: Layer, words: Words) -> Markup:
    """Return what a layer does, or what the model itself says of it where the languages have nothing."""
    key = re.sub(r"\W+", "_", layer.name.lower()).strip("_")
    return words.known(f"layer.{key}", layer.purpose, steps=layer.shape[0], size=layer.shape[-1])


def shape(layer: Layer) -> str:
    """Return a layer's output shape as ``150 × 128``."""
    return " × ".join(str(size) for size in layer.shape)


def caption(example: ExampleRow, words: Words) -> Markup:
    """Return what stands under an example."""
    confidence = words.percent(example.confidence)
    return words("examples.caption", label=example.label, predicted=example.predicted, confidence=confidence)

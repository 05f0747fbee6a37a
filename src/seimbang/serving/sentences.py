"""What the page says of a run, as sentences and table cells in one language; how it looks is left to ``app.py``."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from seimbang.errors import SeimbangError
from seimbang.evaluation.figures import main, of_class
from seimbang.evaluation.metric import Metric
from seimbang.imaging.augment import UNCHANGED
from seimbang.record.arm import ArmFacts
from seimbang.record.cases import ExampleRow
from seimbang.record.contents import Contents, tenth
from seimbang.record.metrics import Measures, Metrics
from seimbang.record.read import Run
from seimbang.serving.predictor import Prediction
from seimbang.serving.words import Markup, Words, plain
from seimbang.text import recorded, spoken
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


def trust(contents: Contents, prediction: Prediction, words: Words, say: Callable[..., str]) -> Iterator[str]:
    """Yield for each set of how many in 100 such an answer was right there, and how common the class was in the test.

    Args:
        contents: Of the arm that predicts.
        prediction: The answer.
        words: The language.
        say: ``words`` itself for Markdown, or ``words.text`` for plain text.
    """
    for name in ("test", *(f"external:{name}" for name in contents.externals)):
        place = words.text("model.test") if name == "test" else name.removeprefix("external:")
        title = place if name == "test" else words.text("data.external_part", name=place)
        yield _experience(contents, name, title, prediction, words, say)
    common = words.number(100 * prevalence(contents, prediction.label))
    yield say("upload.common", name=prediction.label, share=common)


def _experience(
    contents: Contents, name: str, title: str, prediction: Prediction, words: Words, say: Callable[..., str]
) -> str:
    label, confidence = prediction.label, prediction.confidence
    low, high = (words.percent(edge / 10, 0) for edge in (tenth(confidence), tenth(confidence) + 1))
    alike, key = contents.experience(name, label, confidence), "upload.experience"
    if alike.n < FEW:
        alike, key = contents.experience(name, label), "upload.experience_wide"
    if not alike.n:
        return say("upload.none", set=title, name=label)
    share, *ends = (words.number(100 * part) for part in (alike.right / alike.n, alike.low, alike.high))
    facts = {"set": title, "name": label, "low": low, "high": high, "share": share}
    facts |= {"n": words.number(alike.n), "right": words.number(alike.right), "interval": "\N{EN DASH}".join(ends)}
    return say(key, **facts) + (" " + say("upload.few") if alike.n < FEW else "")


def origin(contents: Contents, words: Words) -> dict[Markup, str]:
    """Return what is known of the data, by its name on the page."""
    with spoken(words.language):
        told = {name: plain(recorded(text)) for name, text in contents.run.data.facts.items()}
    return {words.known(f"data.{name.lower()}", name): text for name, text in told.items()}


def cautions(contents: Contents, say: Callable[..., str]) -> Iterator[str]:
    """Yield what to know before any figure or answer of the run."""
    facts = {"synthetic": contents.run.data.synthetic, "quick": contents.quick, "leaky": contents.arm.facts.leaky}
    yield from (say(f"page.{name}") for name, holds in facts.items() if holds)
    seal = contents.run.seal
    if not seal.recorded:
        yield say("page.unrecorded")
    elif seal.changed:
        yield say("page.edited", files=", ".join(seal.changed))


def by_threshold(contents: Contents, prediction: Prediction, words: Words, say: Callable[..., str]) -> str:
    """Return what the threshold that was chosen on validation makes of a case that it may decide otherwise."""
    metrics, same = contents.arm.metrics, prediction.label_tuned == prediction.label
    threshold = words.number(metrics.threshold.value or 0.0, 2)
    facts = {"threshold": threshold, "positive": metrics.positive, "name": prediction.label_tuned}
    return say("upload.tuned_same" if same else "upload.tuned_other", **facts)


def prevalence(contents: Contents, label: str) -> float:
    """Return which share of the test cases are of a class."""
    metrics = contents.arm.metrics
    sizes = [sum(row) for row in metrics.sets["test"].served.confusion]
    return sizes[metrics.classes.index(label)] / sum(sizes)


def failure(error: SeimbangError, words: Words) -> Markup:
    """Return what went wrong in words that are not the program's, where the language has them."""
    known = f"error.{error.code}" in words.texts
    if known:
        return words(f"error.{error.code}", found=error.found)
    return words("error.technical", found=error.found, expected=error.expected, fix=error.fix)


def in_short(said: Prediction | SeimbangError, words: Words) -> Markup:
    """Return the answer, or why there is none, as a cell of a table has it."""
    if isinstance(said, SeimbangError):
        reason = failure(said, words)
        return Markup(reason[:1].upper() + reason[1:])
    advice = said.advice
    if advice.refused:
        return words("upload.refused")
    if advice.answer == "refer":
        return words("upload.refer", names=f" {words.text('refusal.or')} ".join(advice.possible))
    return Markup(plain(said.label))


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

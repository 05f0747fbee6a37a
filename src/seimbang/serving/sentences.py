"""What the page says of a run, as sentences and table cells in one language; how it looks is left to ``app.py``."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from seimbang.record.contents import Contents, tenth
from seimbang.serving.words import Markup, Words

FEW = 20  # fewer alike predictions than this say little about how often such a confidence is right


def preparation(contents: Contents, words: Words) -> Iterator[str]:
    """Yield what was done to the cases, a sentence a step."""
    split = contents.protocol["split"]
    yield from _of_rows(contents, words) if contents.tabular else _of_images(contents, words)
    if split["folds"]:
        yield words("data.folds", folds=split["folds"])
    elif split["test"] == "provided":
        yield words("data.provided")
    else:
        yield words("data.fraction", share=words.percent(split["test"], 0))
    if contents.data["groups"] and split["group"] != "none":
        yield words("data.grouped")
    if not contents.tabular and any(contents.study["image"].get("augment", {}).values()):
        yield words("data.augmented")
    yield balancing(contents.arm, words)


def _of_images(contents: Contents, words: Words) -> Iterator[str]:
    height, width = contents.data["size"]
    yield words("data.resize", width=width, height=height)
    yield words("data.grey" if contents.data["channels"] == 1 else "data.colour")
    yield words("data.scale")


def _of_rows(contents: Contents, words: Words) -> Iterator[str]:
    yield words("data.gaps")
    if any(column["kind"] == "category" for column in contents.data["columns"]):
        yield words("data.categories")
    yield words("data.scores")


def figure_names(contents: Contents, words: Words) -> Sequence[str]:
    """Return the names of what ``figures`` returns."""
    classes = contents.metrics["classes"]
    names = [words(f"model.{name}") for name in ("accuracy", "balanced_accuracy", "auc")]
    return names + [words(f"model.{kind}", name=name) for kind in ("recall", "precision") for name in classes]


def figures(measured: dict[str, Any], words: Words) -> list[str]:
    """Return the figures of one set with their intervals."""
    whole, each = measured["metrics"], measured["per_class"].values()
    shown = [words.interval(whole[name], share=name != "auc") for name in ("accuracy", "balanced_accuracy", "auc")]
    return shown + [words.interval(one[kind]) for kind in ("recall", "precision") for one in each]


def counted(metrics: dict[str, Any], words: Words) -> Iterator[str]:
    """Yield for each class how many of its test images were recognised."""
    for position, row in enumerate(metrics["sets"]["test"]["default"]["confusion"]):
        n, right = sum(row), row[position]
        numbers = {"n": words.number(n), "right": words.number(right), "wrong": words.number(n - right)}
        yield words("model.counted", name=metrics["classes"][position], **numbers)


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


def balancing(arm: dict[str, Any], words: Words) -> Markup:
    """Return a sentence on the arm's balancing method, or its title where the languages have none."""
    return words.known(f"balance.{arm['balance']['method']}", arm["balance_title"])


def explained(layer: dict[str, Any], words: Words) -> Markup:
    """Return what a layer does, or what the model itself says of it where the languages have nothing."""
    key = re.sub(r"\W+", "_", layer["name"].lower()).strip("_")
    return words.known(f"layer.{key}", layer["purpose"], steps=layer["shape"][0], size=layer["shape"][-1])


def shape(layer: dict[str, Any]) -> str:
    """Return a layer's output shape as ``150 × 128``."""
    return " × ".join(str(size) for size in layer["shape"])


def caption(one: dict[str, Any], words: Words) -> Markup:
    """Return what stands under an example."""
    confidence = words.percent(one["confidence"])
    return words("examples.caption", label=one["label"], predicted=one["predicted"], confidence=confidence)

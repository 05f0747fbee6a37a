"""The methods section: what was really done, from the records of the run alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seimbang.evaluation.figures import title as figure_title
from seimbang.imaging.augment import UNCHANGED
from seimbang.record.data import ProtocolFacts
from seimbang.record.read import Arm
from seimbang.reports.paper import evaluation
from seimbang.reports.paper.bibliography import source
from seimbang.reports.paper.draft import Draft, Part, cite, sentences
from seimbang.reports.paper.numbers import COUNT, EVERY
from seimbang.reports.words import listed, quoted

OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD with Nesterov momentum"}
TOGETHER = {
    "known": "Cases of one known patient stayed in one part.",
    "auto": "Where patients are not known, nearly identical images were kept in one part as pseudo-patients.",
    "none": "Cases of one patient may be in several parts.",
}
NO_PATIENT = "No patient is known: each case counts as one."


def data(draft: Draft) -> str:
    """Say what the data are."""
    run, number = draft.run, draft.numbers
    what = "rows of a table" if run.tabular else "images"
    classes = (f"{name} {number('data.json', 'counts', EVERY, name)}" for name in run.classes)
    patients = f" of {number('data.json', 'groups')} patients" if run.data.groups else ""
    facts = "; ".join(f"{key} {text}" for key, text in run.data.facts.items())
    return sentences(
        f"The data set “{run.data.name}” holds {number('data.json', 'counts')} {what}{patients} "
        f"in {number('data.json', 'classes', COUNT)} classes ({', '.join(classes)}).",
        f"The positive class is {run.positive}.",
        f"Of the data is known: {facts}." if facts else "",
        "They are synthetic: no figure says anything about patients." if run.data.synthetic else "",
        "" if run.data.groups else "Which patient a case is of is not known.",
    )


def eligibility(draft: Draft) -> str:
    """Say which files were left out."""
    left = [name for name, notes in draft.run.data.left_out.items() if notes]
    if not left:
        return "Every case of the source was used; none was left out."
    counts = [f"{draft.numbers('data.json', 'left_out', name, COUNT)} of {set_name(name)}" for name in left]
    return f"Files left out: {listed(counts)}; the reasons are in the flow diagram."


def set_name(name: str) -> str:
    """Return what a set of files is called, ``""`` for the internal one."""
    return f"the external set “{name}”" if name else "the data set"


def images(draft: Draft) -> str:
    """Say how images were prepared."""
    if draft.run.tabular:
        return ""
    image, number = draft.run.study.image, draft.numbers
    steps = {
        f"a border of {number('study.json', 'image', 'border')} of each side was cropped": bool(image.border),
        f"a {image.filter} filter was applied": image.filter != "none",
        f"contrast was enhanced ({image.contrast})": image.contrast != "none",
        f"intensities were normalised image by image ({image.normalise})": image.normalise != "none",
    }
    done = [step for step, is_done in steps.items() if is_done]
    colour = "greyscale" if image.channels == 1 else "colour"
    return sentences(
        f"Each image was decoded to {colour} and resized to {number('study.json', 'image', 'size')} pixels; "
        f"{listed([*done, 'grey values were divided by 255'])}.",
        _augmented(draft),
        "Predictions are means over the image and its left-right mirror image." if image.flip_test else "",
    )


def _augmented(draft: Draft) -> str:
    unchanged = UNCHANGED.model_dump()
    changed = [
        f"{key.replace('_', ' ')} {draft.numbers('study.json', 'image', 'augment', key)}"
        for key, value in draft.run.study.image.augment.model_dump().items()
        if value != unchanged[key]
    ]
    if not changed:
        return "No random augmentation was applied."
    return f"Training images were augmented at random, anew in each epoch ({', '.join(changed)}){cite('shorten2019')}."


def table(draft: Draft) -> str:
    """Say how the columns of a table were prepared."""
    if not draft.run.tabular:
        return ""
    columns = ", ".join(
        f"{column.name} ({column.unit})" if column.unit else column.name for column in draft.run.data.columns
    )
    return (
        f"The models see these columns: {columns}. What follows was learned from the training rows alone: "
        "missing numbers "
        "were replaced by the mean where the column is near normal, else by the median, missing categories by the most "
        "frequent level; numbers were then brought to mean 0 and standard deviation 1, and each level of a "
        "category to a "
        "column of its own."
    )


def partition(draft: Draft) -> str:
    """Say how the cases were divided, protocol by protocol."""
    return sentences(*(_divided(draft, k, facts) for k, facts in enumerate(draft.run.data.protocols)))


def _divided(draft: Draft, place: int, facts: ProtocolFacts) -> str:
    split, path = facts.split, ("data.json", "protocols", place, "split")
    number = draft.numbers
    named = f"Protocol “{facts.name}”: " if facts.name else ""
    if split.folds:
        repeats = f", repeated {number(*path, 'repeats')} times" if split.repeats > 1 else ""
        how = f"cross-validation in {number(*path, 'folds')} folds{repeats}; every case was tested."
    elif split.test == "provided":
        how = "the test part is the one that the source provides."
    else:
        how = f"a share of {number(*path, 'test')} of the cases, drawn at random by class, was the test part."
    if split.validation == "provided":
        validation = "The validation part is the source’s."
    elif split.validation:
        validation = f"Of the other cases a share of {number(*path, 'validation')} was the validation part."
    else:
        validation = "No validation part was divided off."
    text = sentences(
        named + how, validation, together(facts), f"The seed was {number(*path, 'seed')}.", _before(draft, place)
    )
    return text[:1].upper() + text[1:]


def together(facts: ProtocolFacts) -> str:
    """Say what stayed in one part under a protocol."""
    return NO_PATIENT if facts.split.group == "known" and not facts.groups else TOGETHER[facts.split.group]


def _before(draft: Draft, place: int) -> str:
    """Say whether a protocol balances the whole table before it divides it."""
    protocols = draft.run.study.protocol
    if place >= len(protocols) or not protocols[place].balance:
        return ""
    method = draft.numbers("study.json", "protocol", place, "balance", "method")
    return f"All cases were balanced ({method}) before they were divided, which leaks."


def audit(draft: Draft) -> str:
    """Say what was looked for before training, and which leaks were found."""
    found = [finding for finding in draft.run.audit.findings if finding.severity == "leak"]
    places = [k for k, finding in enumerate(draft.run.audit.findings) if finding.severity == "leak"]
    number = draft.numbers
    leaks = (
        f"“{finding.arm or finding.protocol or 'data'}”: {number('audit.json', 'findings', k, 'sentence')}"
        for k, finding in zip(places, found, strict=True)
    )
    return sentences(
        "Before training, the data and their division were audited for leaks: copies and patients on both sides, "
        f"synthetic cases made from test cases, pretrained weights that know the test cases{cite('kapoor2023')}.",
        "Leaks that were found are kept for comparison only and are marked with a dagger:"
        if found
        else "None was found.",
        *leaks,
    )


def balancing(draft: Draft) -> str:
    """Say how each arm treated the imbalance, and under each protocol what became of the training cases."""
    arms = _grouped(draft.run.arms, lambda arm: (arm.facts.arm, str(arm.facts.balance)))
    return sentences(
        *(text for same in arms for text in (_treated(draft, same[0]), *(_moved(draft, arm) for arm in same)))
    )


def _treated(draft: Draft, arm: Arm) -> str:
    facts = arm.facts
    settings = [
        f"{key} {draft.facts(arm, 'balance', key)}"
        for key, value in facts.balance.items()
        if key not in ("method", "scope", "blocks") and isinstance(value, int | float | str) and value
    ]
    title = (
        f"{facts.balance_title[:1].lower()}{facts.balance_title[1:]}" if facts.method == "none" else facts.balance_title
    )
    said = f" ({', '.join(settings)})" if settings else ""
    where = ", on all cases before the split" if facts.balance.get("scope") == "all" else ""
    return f"Arm “{facts.arm}”: {title}{cite(*source('balance', facts.method))}{said}{where}."


def _moved(draft: Draft, arm: Arm) -> str:
    facts = arm.facts
    if facts.after == facts.before:
        return ""
    before = ", ".join(f"{name} {draft.facts(arm, 'before', name)}" for name in facts.before)
    after = ", ".join(f"{name} {draft.facts(arm, 'after', name)}" for name in facts.after)
    made = f", {draft.facts(arm, 'synthetic')} of them synthetic" if facts.synthetic else ""
    under = f"Under “{facts.protocol}” training" if facts.protocol else "Training"
    return f"{under} cases went from {before} to {after}{made}."


def models(draft: Draft) -> str:
    """Say which models were trained."""
    by_model = _grouped(draft.run.arms, lambda arm: (arm.facts.model_title, str(arm.facts.model)))
    whose = len(by_model) > 1
    return sentences(*(_model(draft, arms, whose) for arms in by_model))


def _model(draft: Draft, arms: list[Arm], whose: bool) -> str:
    arm = arms[0]
    unseen = {"name", "fetch"} | ({"features", "backbone_weights"} if draft.run.tabular else set())
    settings = [
        f"{key.replace('_', ' ')} {draft.facts(arm, 'model', key)}"
        for key, value in arm.facts.model.items()
        if key not in unseen and isinstance(value, bool | int | float | str) and value != ""
    ]
    learned = any(layer.parameters for layer in arm.facts.layers)
    size = draft.facts(arm, "layers", EVERY, "parameters") if learned else ""
    parameters = f"; its layers and their {size} parameters are in the supplement" if size else ""
    said = f" ({', '.join(settings)})" if settings else ""
    text = f"{arm.facts.model_title}{cite(*source('model', str(arm.facts.model['name'])))}{said}{parameters}."
    arms_of = f"Model of {quoted([each.name for each in arms])}:" if whose else "Model of all arms:"
    return sentences(arms_of, text, _search(arm))


def _search(arm: Arm) -> str:
    if len(arm.search) < 2:
        return ""
    return (
        f"Its settings were chosen by {figure_title(arm.search[0].by)} in inner folds of the training part; "
        "the supplement "
        "lists the candidates."
    )


def training(draft: Draft) -> str:
    """Say how networks were trained."""
    networks = [arm for arm in draft.run.arms if arm.networked]
    groups = _grouped(networks, lambda arm: arm.facts.training.model_dump_json())
    return sentences(*(_trained(draft, arms, len(groups) > 1) for arms in groups), repeated(draft))


def _trained(draft: Draft, arms: list[Arm], whose: bool) -> str:
    arm = arms[0]
    settings = arm.facts.training

    def fact(key: str) -> str:
        return draft.facts(arm, "training", key)

    kept = "of the epoch with the lowest validation loss" if settings.keep == "best" else "of the last epoch"
    more: dict[str, object] = {
        f"Training stopped after {fact('early_stopping')} epochs without gain in validation.": settings.early_stopping,
        f"The learning rate fell tenfold after {fact('reduce_lr')} epochs without gain.": settings.reduce_lr,
        "The learning rate followed a cosine.": settings.schedule == "cosine",
        f"Labels were smoothed by {fact('label_smoothing')}.": settings.label_smoothing,
        "Probabilities were calibrated by temperature on the validation part.": settings.calibrate,
    }
    return sentences(
        f"Arms {quoted([each.name for each in arms])}:" if whose else "",
        f"Networks were trained with {OPTIMIZERS[settings.optimizer]}{cite(*source('optimizer', settings.optimizer))} "
        f"(learning rate {fact('learning_rate')}, weight decay "
        f"{fact('weight_decay')}) in batches of {fact('batch_size')} for at "
        f"most {fact('epochs')} epochs; the weights {kept} were kept.",
        *(text for text, holds in more.items() if holds),
    )


def repeated(draft: Draft) -> str:
    """Say how often each arm was trained."""
    seeds = draft.run.arms[0].facts.training.seeds
    if seeds == 1:
        return "Each arm was trained with one seed in each fold."
    count = draft.facts(draft.run.arms[0], "training", "seeds")
    return (
        f"Each arm was trained with {count} seeds{cite('bouthillier2021')}; its figures are means over them, and "
        "their intervals hold the variation between seeds as well as between patients."
    )


def _grouped(arms: list[Arm], key: Callable[[Arm], Any]) -> list[list[Arm]]:
    groups: dict[Any, list[Arm]] = {}
    for arm in arms:
        groups.setdefault(key(arm), []).append(arm)
    return list(groups.values())


METHODS = (
    Part("Data", (data, eligibility)),
    Part("Preparation", (images, table)),
    Part("Partition", (partition, audit)),
    Part("Treatments of the imbalance", (balancing,)),
    Part("Models and training", (models, training)),
    Part(
        "Evaluation",
        (
            evaluation.decision,
            evaluation.statistics,
            evaluation.subgroups,
            evaluation.external,
            evaluation.explanations,
        ),
    ),
    Part("Software and hardware", (evaluation.software,)),
)

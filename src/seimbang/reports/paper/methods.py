"""The methods section: what was really done, from the records of the run alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from seimbang.evaluation.figures import title as figure_title
from seimbang.imaging.augment import UNCHANGED
from seimbang.record.data import ProtocolFacts
from seimbang.record.metrics import Value
from seimbang.record.read import Arm
from seimbang.reports.paper.bibliography import begins, source
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
MAPS = {"grad_cam": "Grad-CAM", "occlusion": "occlusion"}


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
        if key not in ("method", "scope", "blocks") and isinstance(value, int | float | str)
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
    settings = [
        f"{key.replace('_', ' ')} {draft.facts(arm, 'model', key)}"
        for key, value in arm.facts.model.items()
        if key != "name" and isinstance(value, bool | int | float | str) and value != ""
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


def decision(draft: Draft) -> str:
    """Say how probabilities became answers."""
    tuned = any(arm.metrics.threshold.value is not None for arm in draft.run.arms)
    return sentences(
        "A case was predicted as the class of highest probability.",
        "A second reading used the threshold with the highest balanced accuracy on the validation part; nothing was "
        "chosen on the test part."
        if tuned
        else "",
    )


def statistics(draft: Draft) -> str:
    """Say how figures, intervals and comparisons were made."""
    run = draft.run
    unit = (
        "Figures are of patients, whose cases' probabilities were combined."
        if run.study.evaluation.unit == "patient"
        else ""
    )
    pairs = [pair for of in run.comparisons.values() for part in of.sets.values() for pair in part.pairs]
    intervals = cite(*begins("interval", _intervals(draft)))
    tests = {test.method for pair in pairs for test in pair.tests.values()}
    folds = any(part.by_folds for of in run.comparisons.values() for part in of.sets.values())
    return sentences(
        "The primary figure is balanced accuracy, the mean recall of all classes.",
        unit,
        f"Intervals are 95 % confidence intervals; patients are the unit of sampling{intervals}.",
        f"The AUC of more than two classes is that of Hand and Till{cite('hand2001')}." if len(run.classes) > 2 else "",
        _compared(tests),
        f"Under folds the corrected t-test over folds decides{cite('nadeau2003')}." if folds else "",
        "p-values and intervals of differences are corrected for the number of pairs (Bonferroni)." if tests else "",
        f"Calibration is the error in ten bins{cite('guo2017')}, with slope and intercept; usefulness at a "
        "threshold is "
        f"net benefit{cite('vickers2006')}."
        if any(arm.clinical.sets for arm in run.arms)
        else "",
    )


def _compared(tests: set[str]) -> str:
    """Say how arms were compared, by the names of the tests that were made."""
    kinds = {
        "exchange": "accuracy and balanced accuracy by exchanging the answers of two arms",
        "DeLong": "AUC by DeLong’s test",
        "McNemar": "correct answers by McNemar’s test",
    }
    made = [text for start, text in kinds.items() if any(test.startswith(start) for test in tests)]
    if not made:
        return ""
    return f"Arms were compared pair by pair on the same cases: {listed(made)}{cite(*begins('test', tests))}."


def _intervals(draft: Draft) -> set[str]:
    found = {value.interval for arm in draft.run.arms for value in _values(arm)}
    return found | {
        value.interval for arm in draft.run.arms for gaps in arm.metrics.gaps.values() for value in gaps.values()
    }


def _values(arm: Arm) -> Iterator[Value]:
    for measured in arm.metrics.sets.values():
        yield from measured.default.metrics.values()
        for of_class in measured.default.per_class.values():
            yield from of_class.metrics.values()


def subgroups(draft: Draft) -> str:
    """Say by which columns figures were compared."""
    columns = draft.run.study.evaluation.subgroups
    if not columns:
        return "No figures by subgroup were computed: the study names no column for it."
    return (
        f"Figures were computed by {listed(list(columns))}, and the largest gap between values tested by permutation."
    )


def external(draft: Draft) -> str:
    """Say on what other data the models were tested."""
    if not draft.run.external:
        return "No external testing was done."
    sets = [f"“{name}” ({draft.numbers('data.json', 'external', name)} cases)" for name in draft.run.external]
    return f"All arms were tested, without any change, on external data: {listed(sets)}."


def explanations(draft: Draft) -> str:
    """Say how predictions were explained, and labels looked at."""
    kinds = {kind for arm in draft.run.arms for case in arm.heat.cases for kind in case.maps}
    maps = [f"{title}{cite(*source('heat', kind))}" for kind, title in MAPS.items() if kind in kinds]
    labels = draft.run.labels is not None and bool(draft.run.labels.arms)
    return sentences(
        f"Heat maps were made by {listed(maps)} and compared with those of random weights{cite('adebayo2018')}."
        if maps
        else "",
        f"Labels that the models agree to doubt were listed by confident learning{cite('northcutt2021')}."
        if labels
        else "",
        "The importance of a column is the balanced accuracy lost when it is permuted."
        if any(arm.importance for arm in draft.run.arms)
        else "",
    )


def software(draft: Draft) -> str:
    """Say with what and on what everything was computed."""
    made, number = draft.run.provenance, draft.numbers
    libraries = [
        f"{name} {number('provenance.json', 'libraries', name)}{cite(*source('library', name))}"
        for name in made.libraries
    ]
    memory = f"; peak memory was {number('provenance.json', 'peak_memory_mb')} MB" if made.peak_memory_mb else ""
    return (
        f"Everything was computed with seimbang {number('provenance.json', 'seimbang')} on Python "
        f"{number('provenance.json', 'python')} with {listed(libraries)}, on {number('provenance.json', 'platform')} "
        f"({number('provenance.json', 'cpu')}; device {number('provenance.json', 'device')}, "
        f"{number('provenance.json', 'threads')} thread(s) a job) in {number('provenance.json', 'seconds')} s{memory}."
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
    Part("Evaluation", (decision, statistics, subgroups, external, explanations)),
    Part("Software and hardware", (software,)),
)

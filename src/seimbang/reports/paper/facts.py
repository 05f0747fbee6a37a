"""What a run knows that a checklist or a model card asks for: by name, the sentences, and the files they come from."""

from __future__ import annotations

from dataclasses import dataclass

from seimbang.evaluation.table import PRIMARY
from seimbang.record.read import Arm
from seimbang.reports.paper import evaluation, methods, results
from seimbang.reports.paper.draft import Draft, Sentences, sentences
from seimbang.reports.quality import sentence as quality_sentence
from seimbang.reports.tables import majority, ranked
from seimbang.reports.words import listed, quoted

METRICS_FILES = ("metrics.csv", "report.html")
ARM_METRICS = ("arms/<arm>/metrics.json", "report.html")


@dataclass(frozen=True)
class Fact:
    """One thing that a run may know.

    Attributes:
        say: Says it; ``""`` where this run does not know it.
        files: Where in the run folder it is from.
    """

    say: Sentences
    files: tuple[str, ...]


def best(draft: Draft) -> list[Arm]:
    """Return the arm without a known leak that is highest, under each protocol."""
    return [rows[0].arm for name in draft.run.protocols if (rows := ranked(draft.run, name, draft.run.shown))]


def _title(draft: Draft) -> str:
    kinds = dict.fromkeys(arm.facts.model_title for arm in draft.run.arms)
    return (
        f"“{draft.run.study.title}”; models: {listed(list(kinds))}; outcome: {draft.run.positive} among "
        f"{listed(draft.run.classes)}."
    )


def _question(draft: Draft) -> str:
    return draft.run.study.question


def _goal(draft: Draft) -> str:
    tested = " and their external testing" if draft.run.external else ""
    return (
        f"Development of models{tested}, and a comparison of ways of treating class imbalance on the same cases: "
        f"{quoted([arm.name for arm in draft.run.arms])}."
    )


def _missing(draft: Draft) -> str:
    if draft.run.tabular:
        return (
            "Missing numbers were replaced by mean or median, missing categories by the most frequent level, "
            "learned from training rows."
        )
    return sentences(
        "A case without a readable image or a label is left out; nothing was imputed.", methods.eligibility(draft)
    )


def _outcome(draft: Draft) -> str:
    return (
        f"The classes are {listed(draft.run.classes)}, as the source labels them; {draft.run.positive} is the "
        "outcome of interest."
    )


def _predictors(draft: Draft) -> str:
    return methods.table(draft) or "The pixels of the image are all that the models see; none were selected beforehand."


def _preparation(draft: Draft) -> str:
    return sentences(methods.images(draft), methods.table(draft))


def _disjoint(draft: Draft) -> str:
    said = dict.fromkeys(methods.together(protocol) for protocol in draft.run.data.protocols)
    leaks = [each.sentence for each in draft.run.audit.findings if each.severity == "leak" and not each.arm]
    checked = "The audit looked for copies and patients in several parts"
    return sentences(*said, f"{checked}: {' '.join(leaks) or 'none was found.'}")


def _sample_size(draft: Draft) -> str:
    texts = []
    for k, size in enumerate(draft.run.sample_sizes):
        number = draft.numbers("sample_size.json", k, "patients")
        power = f", with a power of {draft.numbers('sample_size.json', k, 'power')}" if size.power is not None else ""
        needed = (
            "more than could be simulated" if size.needed is None else draft.numbers("sample_size.json", k, "needed")
        )
        texts.append(
            f"“{size.first}” and “{size.second}” were compared on {number} patients{power}; to tell them "
            f"apart needs {needed}."
        )
    return sentences(*texts)


def _initialisation(draft: Draft) -> str:
    networks = [arm for arm in draft.run.arms if arm.networked]
    fresh = [arm.name for arm in networks if arm.facts.model.get("weights", "random") == "random"]
    pretrained = [arm.name for arm in networks if arm.name not in fresh]
    return sentences(
        f"Networks of {quoted(fresh)} start at random, from the seed of the training." if fresh else "",
        f"Networks of {quoted(pretrained)} start with pretrained weights." if pretrained else "",
        "Classical models are fitted at once, from the seed of the training."
        if len(networks) < len(draft.run.arms)
        else "",
    )


def _selection(draft: Draft) -> str:
    arms = listed(
        [
            f"“{arm.name}” ({draft.metrics(arm, 'validation', 'default', 'metrics', PRIMARY)})"
            for arm in _validated(draft)
        ]
    )
    kept = [arm for arm in draft.run.arms if arm.networked and arm.facts.training.keep == "best"]
    return sentences(
        "Of each training the weights of the epoch with the lowest validation loss were kept." if kept else "",
        "Settings of classical models were chosen in inner folds of the training part."
        if any(arm.search for arm in draft.run.arms)
        else "",
        f"Balanced accuracy on validation: {arms}." if _validated(draft) else "",
        "Nothing was selected on the test part.",
    )


def _validated(draft: Draft) -> list[Arm]:
    return [arm for arm in draft.run.arms if "validation" in arm.metrics.sets]


def _ensemble(draft: Draft) -> str:
    if not any(len(arm.facts.served) > 1 for arm in draft.run.arms):
        return "No ensemble: one model of each arm predicts."
    return (
        "The models of all seeds predict together, by the mean of their probabilities; figures of single "
        "trainings are given too."
    )


def _robustness(draft: Draft) -> str:
    seeds = methods.repeated(draft)
    folds = (
        "Cross-validation shows how figures vary over folds."
        if any(arm.metrics.folds for arm in draft.run.arms)
        else ""
    )
    return sentences(seeds, folds, _quality(draft), results.labels(draft))


def _quality(draft: Draft) -> str:
    arms = [arm for arm in best(draft) if arm.quality.measures]
    return sentences(*(f"“{arm.name}”: {quality_sentence(arm)}" for arm in arms))


def _characteristics(draft: Draft) -> str:
    groups = f" {draft.numbers('data.json', 'groups')} patients are known." if draft.run.data.groups else ""
    return f"{results.flow(draft)} The table of cases gives each class in each part.{groups}"


def _failures(draft: Draft) -> str:
    return sentences(
        results.failures(draft), _confusion(draft), _quality(draft), "The report shows the most confident errors."
    )


def _confusion(draft: Draft) -> str:
    texts = []
    for arm in best(draft):
        path = (f"arms/{arm.facts.slug}/metrics.json", "sets", draft.run.shown, "default", "confusion")
        cells = (
            f"{true} predicted as {predicted} {draft.numbers(*path, i, j)}"
            for i, true in enumerate(draft.run.classes)
            for j, predicted in enumerate(draft.run.classes)
        )
        mean = ", means over seeds" if arm.repeated else ""
        texts.append(f"“{arm.name}” ({draft.run.shown}{mean}): {'; '.join(cells)}.")
    return sentences(*texts)


def _thresholds(draft: Draft) -> str:
    texts = [
        f"“{arm.name}” {arm.metrics.threshold.text}"
        for arm in draft.run.arms
        if arm.metrics.threshold.value is not None
    ]
    rule = draft.run.arms[0].metrics.threshold.rule
    return (
        f"Chosen by {rule}: {'; '.join(texts)}."
        if texts
        else "No threshold was chosen: the most probable class is predicted."
    )


def _shift(draft: Draft) -> str:
    probes = [each.sentence for each in draft.run.audit.findings if each.code == "SOURCE_PROBE"]
    counts = f"{results.flow(draft)}" if draft.run.external else ""
    return (
        sentences(*probes, counts)
        or "Development and evaluation data are parts of one source; no external data were tested."
    )


def _updating(draft: Draft) -> str:
    local = [
        f"“{arm.name}” on {part.removeprefix('external:')}: balanced accuracy "
        f"{draft.metrics(arm, part, 'local', 'measures', 'metrics', PRIMARY)}"
        for arm in draft.run.arms
        for part, measured in arm.metrics.sets.items()
        if measured.local
    ]
    if not local:
        return "No model was updated after its evaluation."
    return (
        "No weights were changed; the threshold was set anew on one half of an external set and judged on the "
        f"other: {'; '.join(local)}."
    )


def _heterogeneity(draft: Draft) -> str:
    return sentences(
        evaluation.external(draft),
        "Each external set has its own figures." if draft.run.external else "",
    )


def _specification(draft: Draft) -> str:
    return (
        "The trained models, how input is prepared and their thresholds are in the arms' folders of the run; "
        "seimbang predict, serve and export (ONNX) use them."
    )


def _refusal(draft: Draft) -> str:
    arms = [arm for arm in best(draft) if arm.refusal.kind]
    if not arms:
        return ""
    number = draft.numbers(f"arms/{arms[0].facts.slug}/refusal.json", "kind", "passes")
    return (
        "The models do not answer cases unlike those they were trained on (the limit lets a share of "
        f"{number} of the validation patients pass), and refer those with more than one possible class."
    )


def _prevalence(draft: Draft) -> str:
    most = majority(draft.run, draft.run.shown)
    return sentences(methods.data(draft), f"The most frequent class of the tested part is {most[0]}." if most else "")


def _protocol(draft: Draft) -> str:
    return (
        "The study file, with every default written out, is study.toml; layers and hyper-parameters are in the "
        "supplement."
    )


def _code(draft: Draft) -> str:
    number = draft.numbers
    return f"seimbang {number('provenance.json', 'seimbang')}, by “{number('provenance.json', 'command')}”."


def _data_availability(draft: Draft) -> str:
    known = {key: text for key, text in draft.run.data.facts.items() if key.lower() in ("source", "licence")}
    return f"Known of the data: {'; '.join(f'{key} {text}' for key, text in known.items())}." if known else ""


def _auditable(draft: Draft) -> str:
    return (
        "The probabilities of every case, fold and seed are in predictions.csv of each arm, with digests of the "
        "files they are of."
    )


def _blinding(draft: Draft) -> str:
    return "The models saw the prepared input alone; labels of held-out parts were used for figures only."


def _subgroup_results(draft: Draft) -> str:
    return results.subgroups(draft) or evaluation.subgroups(draft)


FACTS: dict[str, Fact] = {
    "title": Fact(_title, ("study.toml",)),
    "question": Fact(_question, ("study.toml",)),
    "goal": Fact(_goal, ("study.toml",)),
    "data": Fact(methods.data, ("data.json",)),
    "eligibility": Fact(methods.eligibility, ("data.json",)),
    "preparation": Fact(_preparation, ("study.toml",)),
    "missing": Fact(_missing, ("data.json",)),
    "outcome": Fact(_outcome, ("data.json",)),
    "predictors": Fact(_predictors, ("data.json",)),
    "partition": Fact(methods.partition, ("splits.csv", "study.toml")),
    "disjoint": Fact(_disjoint, ("splits.csv", "audit.json")),
    "audit": Fact(methods.audit, ("audit.json",)),
    "sample_size": Fact(_sample_size, ("sample_size.json",)),
    "model": Fact(methods.models, ("arms/<arm>/arm.json",)),
    "initialisation": Fact(_initialisation, ("arms/<arm>/arm.json",)),
    "training": Fact(methods.training, ("study.toml", "arms/<arm>/arm.json")),
    "balancing": Fact(methods.balancing, ("arms/<arm>/arm.json",)),
    "selection": Fact(_selection, ARM_METRICS),
    "ensemble": Fact(_ensemble, ("arms/<arm>/model.json",)),
    "decision": Fact(evaluation.decision, ("arms/<arm>/model.json",)),
    "thresholds": Fact(_thresholds, ARM_METRICS),
    "metrics": Fact(evaluation.statistics, METRICS_FILES),
    "statistics": Fact(evaluation.statistics, ("comparisons.json", "metrics.csv")),
    "robustness": Fact(_robustness, METRICS_FILES),
    "explanations": Fact(evaluation.explanations, ("report.html", "arms/<arm>/heat.json")),
    "performance": Fact(results.performance, METRICS_FILES),
    "ranking": Fact(results.ranking, METRICS_FILES),
    "classes": Fact(results.failures, METRICS_FILES),
    "confusion": Fact(_confusion, ARM_METRICS),
    "failures": Fact(_failures, ARM_METRICS),
    "quality": Fact(_quality, ("arms/<arm>/quality.json",)),
    "external": Fact(evaluation.external, ("data.json",)),
    "external_results": Fact(results.outside, METRICS_FILES),
    "heterogeneity": Fact(_heterogeneity, METRICS_FILES),
    "shift": Fact(_shift, ("audit.json", "data.json")),
    "updating": Fact(_updating, ARM_METRICS),
    "flow": Fact(results.flow, ("data.json", "splits.csv")),
    "characteristics": Fact(_characteristics, ("data.json", "splits.csv")),
    "prevalence": Fact(_prevalence, ("data.json",)),
    "subgroups": Fact(evaluation.subgroups, ("study.toml",)),
    "subgroup_results": Fact(_subgroup_results, ARM_METRICS),
    "limits": Fact(results.limits, ("report.html",)),
    "refusal": Fact(_refusal, ("arms/<arm>/refusal.json",)),
    "blinding": Fact(_blinding, ("splits.csv",)),
    "specification": Fact(_specification, ("arms/<arm>/model.json",)),
    "software": Fact(evaluation.software, ("provenance.json",)),
    "protocol": Fact(_protocol, ("study.toml",)),
    "code": Fact(_code, ("provenance.json",)),
    "data_availability": Fact(_data_availability, ("data.json",)),
    "availability": Fact(results.availability, ("provenance.json", "study.toml")),
    "auditable": Fact(_auditable, ("arms/<arm>/predictions.csv", "cases.csv")),
}

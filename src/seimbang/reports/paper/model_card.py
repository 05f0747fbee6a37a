"""A model card: Mitchell et al.'s sections, and the fields of CHAI's applied model card (draft schema v0.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seimbang.evaluation.table import PRIMARY
from seimbang.record.base import dump
from seimbang.record.choice import find_arm
from seimbang.record.read import Arm
from seimbang.reports.card import warnings
from seimbang.reports.html import render
from seimbang.reports.paper.draft import Draft, sentences, uncited
from seimbang.reports.paper.facts import FACTS
from seimbang.reports.words import listed

UNKNOWN = "not known to software: "
SOURCES = (
    "Mitchell et al. 2019, Model Cards for Model Reporting; field names of the Coalition for Health AI's applied model "
    "card, draft schema v0.2 (mc.chai.org), of which this is no signed or validated instance."
)


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        title: Its name.
        facts: Names of facts that fill it, or ``arm`` and the like of this module.
        author: What is left to the author.
    """

    title: str
    facts: tuple[str, ...] = ()
    author: str = ""


MITCHELL: dict[str, tuple[Field, ...]] = {
    "Model details": (
        Field("Model", ("arm", "model")),
        Field("Version", ("software",)),
        Field("Training", ("training", "treatment")),
        Field("Developer, contact, licence of the model", (), "who made it, whom to ask, under which licence"),
    ),
    "Intended use": (
        Field("Primary intended uses", ("question",), "the use in the clinic that is intended, if any"),
        Field("Primary intended users", (), "users and their expertise"),
        Field("Out-of-scope uses", ("research",)),
    ),
    "Factors": (
        Field("Relevant factors", ("quality",), "groups, devices and settings that may matter"),
        Field("Evaluation factors", ("subgroups",)),
    ),
    "Metrics": (Field("Measures", ("statistics",)), Field("Decision thresholds", ("decision", "thresholds"))),
    "Evaluation data": (Field("Data", ("external", "flow")), Field("Preprocessing", ("preparation",))),
    "Training data": (Field("Data", ("data", "eligibility")), Field("Partition", ("partition", "disjoint"))),
    "Quantitative analyses": (
        Field("Unitary results", ("own", "confusion")),
        Field("Intersectional results", ("subgroup_results",)),
    ),
    "Ethical considerations": (Field("Considerations", (), "sensitive data, risks and harms"),),
    "Caveats and recommendations": (
        Field("Caveats", ("limits", "warnings")),
        Field("When it should not answer", ("refusal",)),
    ),
}
CHAI: dict[str, tuple[Field, ...]] = {
    "BasicInfo": (
        Field("ModelName", ("arm",)),
        Field("ModelDeveloper", (), "name"),
        Field("DeveloperContact", (), "contact"),
    ),
    "ReleaseInfo": (
        Field("ReleaseStage", ("research",)),
        Field("ReleaseDate", ("finished",)),
        Field("ReleaseVersion", ("code",)),
        Field("GlobalAvailability", (), "where it may be used"),
        Field("RegulatoryApproval", (), "none unless the author has one"),
    ),
    "ModelSummary": (Field("Summary", ("title", "own")), Field("Keywords", ("classes_named",))),
    "UsesAndDirections": (
        Field("IntendedUseAndWorkflow", ("question",), "workflow"),
        Field("PrimaryIntendedUsers", (), "users"),
        Field("HowToUse", ("specification",)),
        Field("TargetedPatientPopulation", (), "population"),
        Field("CautionedOutOfScopeSettings", ("research", "refusal")),
    ),
    "Warnings": (
        Field("KnownRisksAndLimitations", ("limits", "warnings")),
        Field("KnownBiasesOrEthicalConsiderations", ("subgroup_results",), "ethical considerations"),
        Field("ClinicalRiskLevel", (), "risk level"),
    ),
    "TrustIngredients/AISystemFacts": (
        Field("OutcomesAndOutputs", ("outcome", "decision")),
        Field("ModelType", ("model",)),
        Field("FoundationModels", ("initialisation",)),
        Field("InputDataSource", ("data",)),
        Field("OutputAndInputDataTypes", ("preparation",)),
        Field(
            "DevelopmentDataCharacterization", ("flow", "characteristics"), "demographic and clinical characteristics"
        ),
        Field("BiasMitigationApproaches", ("treatment", "audit")),
        Field("OngoingMaintenance", (), "maintenance"),
        Field("Transparency", ("protocol", "auditable")),
    ),
    "TrustIngredients/TransparencyInformation": (
        Field("FundingSource", (), "funding"),
        Field("StakeholdersConsulted", (), "who was consulted"),
    ),
    "KeyMetrics": (
        Field("UsefulnessUsabilityEfficacy", ("own", "statistics")),
        Field("FairnessEquity", ("subgroup_results",)),
        Field("SafetyReliability", ("external_results", "refusal", "robustness")),
    ),
    "Resources": (
        Field("EvaluationReferences", ("availability",)),
        Field("PeerReviewedPublications", (), "publications"),
        Field("PatientConsentOrDisclosure", (), "consent or disclosure"),
    ),
}


def model_card(draft: Draft) -> dict[str, Any]:
    """Return the card of the arm that is served by default: the best on validation."""
    slug = find_arm(draft.run.folder, None)
    arm = next((each for each in draft.run.arms if each.facts.slug == slug), draft.run.arms[0])
    own = _own(draft, arm)
    return {
        "title": draft.run.study.title,
        "arm": arm.name,
        "sources": SOURCES,
        "model_card": _filled(draft, MITCHELL, own),
        "chai": _filled(draft, CHAI, own),
    }


def card_files(draft: Draft) -> dict[str, bytes | str]:
    """Return the card as JSON and as HTML, by name."""
    card = model_card(draft)
    return {"model_card.json": dump(card) + "\n", "model_card.html": render("model_card.html", {"card": card})}


def _filled(draft: Draft, fields: dict[str, tuple[Field, ...]], own: dict[str, str]) -> dict[str, dict[str, str]]:
    return {section: {field.title: _text(draft, field, own) for field in of} for section, of in fields.items()}


def _text(draft: Draft, field: Field, own: dict[str, str]) -> str:
    said = [own[name] if name in own else uncited(FACTS[name].say(draft)) for name in field.facts]
    left = f"[{UNKNOWN}{field.author}]" if field.author else ""
    return sentences(*dict.fromkeys(said), left) or "[this run does not hold it]"


def _own(draft: Draft, arm: Arm) -> dict[str, str]:
    """Return what the card says of its arm alone."""
    facts = arm.facts
    return {
        "arm": f"Arm “{arm.name}” of “{draft.run.study.title}”: {facts.model_title}, {facts.balance_title}.",
        "treatment": f"Class imbalance was treated by: {facts.balance_title}.",
        "research": "Research use only: no medical device, and not for decisions about patients.",
        "finished": draft.numbers("provenance.json", "finished"),
        "classes_named": f"{facts.model_title}, class imbalance, {', '.join(draft.run.classes)}",
        "warnings": sentences(*warnings(draft.run)),
        "own": _reached(draft, arm),
    }


def _reached(draft: Draft, arm: Arm) -> str:
    tested = [part for part in arm.metrics.sets if part == draft.run.shown or part.startswith("external:")]
    keys = (
        [key for key in (PRIMARY, "accuracy", "auc") if key in arm.metrics.sets[tested[0]].default.metrics]
        if tested
        else []
    )
    said = []
    for part in tested:
        figures = [f"{key.replace('_', ' ')} {draft.metrics(arm, part, 'default', 'metrics', key)}" for key in keys]
        said.append(
            f"On {part.removeprefix('external:')} ({draft.metrics(arm, part, 'n')} {draft.run.units}): "
            f"{listed(figures)}."
        )
    return sentences(*said)

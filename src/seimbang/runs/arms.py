"""What the settings of arms say about how they are compared."""

from collections.abc import Sequence

from seimbang.record.folder import digest
from seimbang.study.schema import Plan, Study


def positive_of(study: Study, classes: Sequence[str]) -> str:
    """Return the class that matters, the last one; of more than two none does that the study does not name."""
    return classes[-1] if len(classes) == 2 or study.data.positive is not None else ""


def tuned_of(plans: Sequence[Plan]) -> list[str]:
    """Return the arms whose own rule is their threshold."""
    return [plan.name for plan in plans if plan.balance.decides == "tuned"]


def unbalanced_of(plans: Sequence[Plan]) -> list[str]:
    """Return the arms without balancing."""
    return [plan.name for plan in plans if plan.arm.balance["method"] == "none"]


def references_of(plans: Sequence[Plan]) -> dict[str, str]:
    """Return, for each arm that balances, the first one that is like it and does not."""
    plain = [plan for plan in plans if plan.arm.balance["method"] == "none"]
    like = {_likeness(plan): plan.name for plan in reversed(plain)}
    balancing = [plan for plan in plans if plan not in plain]
    return {plan.name: like[_likeness(plan)] for plan in balancing if _likeness(plan) in like}


def _likeness(plan: Plan) -> str:
    return digest([plan.protocol.name, plan.model_settings, plan.training.model_dump(mode="json")])

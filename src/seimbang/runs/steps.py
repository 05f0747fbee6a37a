"""THE ordered table of steps, and the function that goes through it."""

from collections.abc import Callable
from pathlib import Path

from seimbang import datasets
from seimbang.datasets.base import Dataset, DataSettings
from seimbang.errors import StudyError
from seimbang.record.folder import RunFolder
from seimbang.reports import write_report
from seimbang.runs import arms, box_stats, data, explained, quality, table_explanations
from seimbang.runs.context import Context
from seimbang.runs.provenance import provenance
from seimbang.runs.quick import quick as quickened
from seimbang.settings import nearest
from seimbang.study.schema import Plan, Study

ONCE: tuple[Callable[[Context], None], ...] = (data.describe, arms.forget_others, data.check)
EACH_ARM: tuple[Callable[[Context, Plan], None], ...] = (
    arms.train,
    arms.measure,
    arms.describe,
    explained.explain,
    quality.assess,
    box_stats.write_box_stats,
    table_explanations.explain,
)
IN_THE_END: tuple[Callable[[Context], None], ...] = (arms.compare_all,)


def run(
    study: Study, root: Path, out: Path, only: str | None = None, quick: bool = False, alike: Study | None = None
) -> Path:
    """Run a study, or what is left of it, and return the path of its report.

    Args:
        study: The study.
        root: Folder that its data paths are relative to.
        out: The run folder; what it holds already is not done again.
        only: Name of the one arm to run.
        quick: Cut everything down to a rough answer.
        alike: The study from whose images patients are guessed, so that two studies divide the same cases alike.

    Raises:
        SeimbangError: What the stages raise; everything finished until then stays.
    """
    study = quickened(study) if quick else study
    plans = _chosen(study.plans(), only)
    folder = RunFolder(out)
    with folder.locked():
        folder.log("start", quick=quick, arms=[plan.name for plan in plans])
        internal = load(study.data, study, root)
        external = {one.name: load(one, study, root, internal.cases.classes) for one in study.external}
        compared = load(study.data, quickened(alike) if quick else alike, root) if alike else None
        context = Context(study, plans, folder, internal, external, quick, compared)
        for step in ONCE:
            step(context)
        for plan in plans:
            for step_of_arm in EACH_ARM:
                step_of_arm(context, plan)
        for last in IN_THE_END:
            last(context)
        folder.log("finish")
        folder.json("provenance.json", provenance(context))
        return write_report(out)


def load(settings: DataSettings, study: Study, root: Path, classes: tuple[str, ...] | None = None) -> Dataset:
    """Load one data set of a study."""
    plain = DataSettings.model_validate(settings.model_dump(by_alias=True, include=set(DataSettings.model_fields)))
    return datasets.load(plain, study.image, root, classes)


def _chosen(plans: list[Plan], only: str | None) -> list[Plan]:
    names = [plan.name for plan in plans]
    if only is None:
        return plans
    chosen = [plan for plan in plans if only in (plan.name, plan.slug, plan.arm.name, plan.arm.slug)]
    if not chosen:
        fix = f"name one of them{nearest(only, names)}"
        raise StudyError("ARM_UNKNOWN", f"no arm {only!r}", f"one of {', '.join(names)}", fix)
    return chosen

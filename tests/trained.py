"""A job done by its learner, step by step."""

from dataclasses import replace

from seimbang.study.models import learner_of


def train(task, state=b""):
    """Return what was learned and what was reported on the way, each report with its state as bytes."""
    training, reports = learner_of(task.model).train(task, state), []
    while True:
        try:
            report = next(training)
            reports.append(replace(report, state=report.state()))
        except StopIteration as end:
            return end.value, reports

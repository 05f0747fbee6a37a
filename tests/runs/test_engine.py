"""Steps and jobs say what they need by the names of their parameters."""

from seimbang.runs import jobs
from seimbang.runs.parts import PARTS
from seimbang.runs.steps import AFTER, BEFORE, EACH_ARM


def test_every_need_is_a_part_and_every_part_is_needed_somewhere():
    needed = {need for step in (*BEFORE, *EACH_ARM, *AFTER) for need in step.needs} | set(jobs.NEEDS)
    assert needed == set(PARTS)


def test_no_two_steps_write_the_same_file():
    for steps in ((*BEFORE, *AFTER), EACH_ARM):
        written = [pattern for step in steps for pattern in step.writes]
        assert len(written) == len(set(written))

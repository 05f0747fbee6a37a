"""What the audit says of files that a class loses, that are left out, or that are used although faulty."""

import numpy as np
import pandas as pd
import pytest
from audit_cases import finding_of, images

from seimbang.datasets.base import CaseTable, Dataset, FileNote


def losing(used, lost, code="IMG_FORMAT", noted=()):
    labels = [label for label, count in used.items() for _ in range(count)]
    rows = pd.DataFrame({"case_id": [f"c{k:04}" for k in range(len(labels))], "label": labels})
    left = [FileNote(f"{label}/{k}.dcm", label, code, "") for label, count in lost.items() for k in range(count)]
    X = np.broadcast_to(images(1), (len(labels), 40, 36, 1))
    return Dataset(CaseTable.build(rows), X, "made up", left_out=tuple(left), noted=tuple(noted))


def said(code, data, external=None):
    finding = finding_of(code, data, [], external)
    return finding and finding.sentence


def test_a_class_that_loses_most_of_its_files_is_named_with_its_counts():
    sentence = said("FILES_LOST", losing({"well": 100, "sick": 20}, {"sick": 80}))
    assert "sick 80 of 100 (80.0 %)" in sentence
    assert "well 0 of 100 (0.0 %)" in sentence


@pytest.mark.parametrize(
    ("used", "lost", "named"),
    [
        ({"well": 94, "sick": 95}, {"well": 6, "sick": 5}, 1),  # 6 % and 5 %
        ({"well": 960, "sick": 960}, {"well": 40, "sick": 40}, 0),  # 4 % of both
        ({"well": 1000, "sick": 980}, {"sick": 20}, 1),  # 2 % of one: more than chance
        ({"well": 1000, "sick": 997}, {"sick": 3}, 0),  # three files may be chance
    ],
)
def test_over_five_percent_or_more_than_the_others(used, lost, named):
    finding = finding_of("FILES_LOST", losing(used, lost), [])
    assert (finding.count if finding else 0) == named


@pytest.mark.parametrize("code", ["FILE_MASK", "FILE_SYSTEM", "FILE_ASKED", "FILE_OTHER"])
def test_what_is_no_case_is_not_lost(code):
    data = losing({"well": 10, "sick": 10}, {"sick": 10}, code)
    assert said("FILES_LOST", data) is None
    assert said("UNREADABLE", data) is None
    assert said("FILES_LEFT_OUT", data).startswith(f"10 files are left out. sick: 10 {code} (")


def test_what_is_left_out_is_told_by_class_and_set():
    data, other = losing({"well": 10, "sick": 10}, {"sick": 2}, "FILE_MASK"), losing({"well": 9, "sick": 9}, {}, "")
    left = (*other.left_out, FileNote("Thumbs.db", "", "FILE_SYSTEM", ""))
    other = Dataset(other.cases, other.X, "other", left_out=left)
    assert said("FILES_LEFT_OUT", data, {"B": other}) == (
        "2 files are left out. sick: 2 FILE_MASK (mask of an image). "
        "1 file of the external set B is left out. "
        "in no class: 1 FILE_SYSTEM (hidden, or written by a program for itself)."
    )


def test_files_that_are_used_although_faulty():
    note = FileNote("sick/1.jpg", "sick", "IMG_NO_END", "")
    finding = finding_of("FILES_NOTED", losing({"well": 10, "sick": 10}, {}, noted=[note]), [])
    assert (finding.severity, finding.count, finding.cases) == ("warning", 1, ("sick/1.jpg",))
    assert finding.sentence == (
        "1 file is used although not as it should be. sick: 1 IMG_NO_END (whole, but without its end marker; used)."
    )


def test_spellings_are_told_with_their_counts():
    data = losing({"Normal": 12, "NORMAL ": 3, "sick": 10}, {})
    assert (
        said("CLASS_NAMES", data)
        == "The class 'Normal' is spelt 'Normal' 12 times, 'NORMAL ' 3 times: taken as one class."
    )
    assert said("CLASS_NAMES", losing({"well": 5, "sick": 5}, {})) is None

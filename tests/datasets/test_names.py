"""Which names are one class or a part, and which only look alike."""

from pathlib import Path

import pandas as pd
import pytest

from seimbang.datasets.base import CaseTable
from seimbang.datasets.intake.positive import positive_class
from seimbang.datasets.masks import masks
from seimbang.datasets.names import class_key, one_spelling, part_of
from seimbang.errors import DataError


@pytest.mark.parametrize(
    "names",
    [
        ("Normal", "NORMAL", "normal ", " Normal", "normal.", "(Normal)", "normal\u200b"),
        ("non-covid", "Non COVID", "NON_COVID", "NonCovid", "non\u2013covid"),
        ("aigu\u00eb", "aigue\u0308", "AIGU\u00cb"),
        ("Grade 1", "grade_1", "GRADE-1", "grade1"),
        ("St. Elmo's fire", "St Elmo\u2019s Fire"),
    ],
)
def test_one_class_in_several_spellings(names):
    assert len({class_key(name) for name in names}) == 1


@pytest.mark.parametrize(
    "names",
    [
        ("ER+", "ER-", "ER"),
        ("+", "-", "?"),
        ("1.5", "15", "1 5", "-15"),
        ("<5", ">5", "5"),
        ("grade 1", "grade -1", "grade 1+", "grade 11"),
        ("resume", "r\u00e9sum\u00e9"),
        ("normal", "abnormal", "normal?"),
    ],
)
def test_classes_that_only_look_alike(names):
    assert len({class_key(name) for name in names}) == len(names)


def test_the_most_frequent_spelling_is_kept_and_the_others_are_told():
    labels, spellings = one_spelling(pd.Series(["Normal", "NORMAL", "NORMAL", "sick", "normal "]))
    assert labels.tolist() == ["NORMAL", "NORMAL", "NORMAL", "sick", "NORMAL"]
    assert spellings == {"NORMAL": {"NORMAL": 2, "Normal": 1, "normal ": 1}}
    labels, spellings = one_spelling(pd.Series(["SICK", "normal"]), ("normal", "sick"))
    assert labels.tolist() == ["sick", "normal"]
    assert spellings == {"sick": {"SICK": 1}}


def test_every_table_of_cases_has_one_spelling_a_class():
    rows = pd.DataFrame({"case_id": list("abcd"), "label": ["Sick", "sick ", "well", "WELL"]})
    cases = CaseTable.build(rows, positive="SICK")
    assert cases.classes == ("WELL", "Sick")
    assert cases.y.tolist() == [1, 1, 0, 0]
    external = CaseTable.build(rows, classes=("well", "SICK"))
    assert external.frame.label.tolist() == ["SICK", "SICK", "well", "well"]
    assert set(external.spellings) == {"well", "SICK"}
    with pytest.raises(DataError, match="DATA_ONE_CLASS"):
        CaseTable.build(rows.assign(label=["a", "A", "a ", "A"]))


def test_names_of_parts():
    spelt = {
        "train": ("train", "Training", "LATIH", "pelatihan", "data latih", "train_set", "TrainData", "citra_latih"),
        "validation": ("val", "VALID", "validasi", "dev", "Data Validasi", "validation-set"),
        "test": ("test", "Testing", "uji", "PENGUJIAN", "ujian", "data_uji", "test images"),
        "": ("normal", "dataset", "data", "set", "tested", "trained", "valve", "device", "", "1"),
    }
    for part, names in spelt.items():
        assert {name: part_of(name) for name in names} == dict.fromkeys(names, part)


@pytest.mark.parametrize(
    ("counts", "positive"),
    [
        ({"normal": 2, "sick": 10}, "sick"),
        ({"NORMAL": 1, "COVID": 5, "Viral Pneumonia": 3}, "Viral Pneumonia"),
        ({"benign": 5, "malignant": 9, "normal": 1}, "malignant"),
        ({"no_tumor": 1, "glioma": 3, "meningioma": 2}, "glioma"),
        ({"NonDemented": 1, "Demented": 9}, "Demented"),
        ({"No Finding": 1, "Nodule": 9}, "Nodule"),
        ({"Sehat": 1, "TB": 4}, "TB"),
        ({"negatif": 1, "positif": 4}, "positif"),
        ({"0": 1, "1": 9}, "1"),
        ({"normal": 1, "healthy": 3}, "normal"),
        ({"normal": 9, "cyst": 3, "stone": 3}, "stone"),
        ({"cat": 4, "dog": 90}, "cat"),
    ],
)
def test_the_class_that_matters_is_a_disease(counts, positive):
    guess = positive_class(Path("data"), counts)
    assert guess.chosen == positive
    assert sorted(guess.others) == sorted(set(counts) - {positive})
    assert len(guess.lines) == len(counts) - 1


@pytest.mark.parametrize(
    ("counts", "asked"),
    [
        ({"normal": 30, "pneumonia": 90}, False),
        ({"benign": 30, "malignant": 90}, False),
        ({"0": 5, "1": 9}, False),
        ({"cat": 4, "dog": 90}, True),
        ({"normal": 1, "covid": 3, "pneumonia": 4}, True),
    ],
)
def test_nobody_is_asked_where_two_names_leave_no_doubt(counts, asked):
    assert bool(positive_class(Path("data"), counts).question) == asked


def test_masks_are_told_by_the_images_they_belong_to():
    beside = [
        "a/1.png",
        "a/1_mask.png",
        "a/2.jpg",
        "a/2-Segmentation.PNG",
        "a/mask_2.png",
        "a/9_mask.png",
        "b/x_seg_2.png",
        "b/x.png",
    ]
    assert masks(beside) == set(beside) - {"a/1.png", "a/2.jpg", "b/x.png"}
    assert masks(["a/with mask.png", "a/no mask.png", "b/1_gt.png", "b/2_gt.png"]) == set()
    assert masks(["mask/1.png", "no_mask/1.png", "mask/2.png", "no_mask/2.png"]) == set()
    pairs = ["a/p1/image/1.png", "a/p1/mask/1.png", "a/p2/image/1.png", "a/p2/mask/1.png"]
    assert masks(pairs) == {"a/p1/mask/1.png", "a/p2/mask/1.png"}

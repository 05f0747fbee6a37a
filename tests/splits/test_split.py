"""Splits: provided, hold-out, k-fold; what each promises beyond the common contract, and every refusal."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seimbang.datasets.base import CaseTable
from seimbang.errors import DataError, StudyError
from seimbang.splits import split, to_frame
from seimbang.splits.base import SplitSettings, grouped_folds


def table(n=120, sick=0.25, root=Path(), **columns):
    labels = ["sick" if k < n * sick else "well" for k in range(n)]
    rows = pd.DataFrame({"case_id": [f"c{k:04}" for k in range(n)], "label": labels, **columns})
    return CaseTable.build(rows, root, positive="sick")


def shares(cases, fold):
    return {part: len(rows) / len(cases) for part, rows in fold.parts().items()}


def split_error(cases, error, **settings):
    with pytest.raises(error) as caught:
        split(cases, SplitSettings(**settings))
    return caught.value


def test_holdout_honours_fractions_and_classes():
    cases = table(1000)
    (fold,) = split(cases, SplitSettings(test=0.15, validation=0.1))
    assert shares(cases, fold) == pytest.approx({"train": 0.765, "validation": 0.085, "test": 0.15}, abs=0.005)
    for rows in fold.parts().values():
        assert cases.y[rows].mean() == pytest.approx(0.25, abs=0.01)


def test_provided_test_set_is_taken_as_it_is_and_validation_comes_from_the_rest():
    cases = table(split=["test" if k % 4 == 0 else "train" for k in range(120)])
    (fold,) = split(cases, SplitSettings(test="provided", validation=0.2))
    assert (cases.frame.split.to_numpy()[fold.test] == "test").all()
    assert len(fold.test) == 30
    assert len(fold.validation) == pytest.approx(18, abs=1)
    assert len(fold.train) + len(fold.validation) == 90


@pytest.mark.parametrize("test", ["provided", 0.25])
def test_provided_validation_set_is_taken_as_it_is(test):
    cases = table(split=[("test", "validation", "train", "train")[k % 4] for k in range(120)])
    (fold,) = split(cases, SplitSettings(test=test, validation="provided"))
    assert set(fold.validation) == set(np.flatnonzero(cases.frame.split == "validation"))
    assert len(fold.train) + len(fold.validation) + len(fold.test) == 120


def test_kfold_tests_every_case_once_in_each_repeat_and_repeats_differ():
    cases = table()
    folds = split(cases, SplitSettings(folds=3, repeats=2))
    assert [fold.name for fold in folds] == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3"]
    for repeat in (folds[:3], folds[3:]):
        assert np.array_equal(np.sort(np.concatenate([fold.test for fold in repeat])), np.arange(120))
    assert not np.array_equal(folds[0].test, folds[3].test)
    assert [fold.name for fold in split(cases, SplitSettings(folds=3))] == ["1", "2", "3"]


def test_seed_changes_the_split_even_with_patients_of_many_sizes():
    cases = table(group=[f"p{int(k**0.75)}" for k in range(120)])
    first, second = (split(cases, SplitSettings(seed=seed))[0].test for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_the_folder_the_files_lie_in_does_not_matter():
    here, there = (split(table(root=Path(root)), SplitSettings())[0] for root in ("/a", "/b/c"))
    assert np.array_equal(here.test, there.test)


def test_copies_of_one_file_stay_together_even_without_patients():
    digests = [f"d{k // 2}" if k < 80 else "" for k in range(120)]
    (fold,) = split(table(digest=digests), SplitSettings(test=0.3))
    for rows in fold.parts().values():
        copies = [row for row in rows if row < 80]
        assert len(copies) == 2 * len({digests[row] for row in copies})
    (apart,) = split(table(digest=digests), SplitSettings(test=0.3, group="none"))
    assert len({digests[row] for row in apart.test if row < 80}) > sum(apart.test < 80) / 2


def test_group_none_divides_patients():
    cases = table(group=[f"p{k // 6}" for k in range(120)])
    (fold,) = split(cases, SplitSettings(group="none"))
    assert set(cases.groups[fold.train]) & set(cases.groups[fold.test])


def test_a_rare_class_gets_a_case_in_every_set():
    cases = table(300, sick=3 / 300)
    for seed in range(5):
        (fold,) = split(cases, SplitSettings(seed=seed))
        assert [int(cases.y[rows].sum()) for rows in fold.parts().values()] == [1, 1, 1]


def test_class_with_too_few_patients_is_refused_with_its_counts():
    cases = table(40, sick=0.2, group=["p1", "p2"] * 4 + [f"q{k}" for k in range(32)])
    error = split_error(cases, DataError)
    assert error.code == "SPLIT_CLASS_MISSING"
    assert "'sick'" in error.found
    assert "8 cases of 2 patients" in error.found
    assert any(f"the {part} set" in error.found for part in ("train", "validation", "test"))
    assert split_error(table(40, sick=0.05), DataError, folds=8).fix.endswith("or set split.validation = 0.0")
    assert split_error(cases, DataError, folds=8).fix.endswith("or set split.validation = 0.0")
    assert "of fold" in split_error(table(40, sick=0.05), DataError, folds=8).found


def test_in_folds_a_rare_class_may_lack_in_test_sets_and_validation_may_be_empty():
    folds = split(table(40, sick=0.1), SplitSettings(folds=8, validation=0.0))
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(40))
    assert all(len(fold.validation) == 0 and len(fold.train) + len(fold.test) == 40 for fold in folds)
    (fold,) = split(table(40), SplitSettings(validation=0.0))
    assert len(fold.validation) == 0
    assert len(fold.train) + len(fold.test) == 40


def test_provided_set_without_a_class_is_refused():
    cases = table(split=["train" if k < 60 else "test" for k in range(120)])
    error = split_error(cases, DataError, test="provided")
    assert error.code == "SPLIT_CLASS_MISSING"
    assert "'sick' in the test set; the class has 30 cases" in error.found
    assert error.fix.endswith("or set split.test = 0.2")


def test_sets_that_the_source_does_not_provide_are_refused():
    error = split_error(table(), DataError, test="provided")
    assert (error.code, error.found) == ("SPLIT_NOT_PROVIDED", "no test cases; the source provides no split")
    half = table(split=["test"] * 20 + ["train"] * 60 + [""] * 40)
    assert "40 of 120 cases in no set, such as 'c0080'" in split_error(half, DataError, test="provided").found
    no_validation = table(split=["test", "train"] * 60)
    assert "no validation" in split_error(no_validation, DataError, test="provided", validation="provided").found


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in ("test", "validation") for value in (1.0, -0.2, 1.5)] + [("test", 0.0)],
)
def test_fractions_outside_zero_to_one_are_refused(name, value):
    error = split_error(table(), StudyError, **{name: value})
    assert error.code == "SPLIT_FRACTION"
    assert f"split.{name}" in error.found


def test_a_single_fold_is_refused():
    assert split_error(table(), StudyError, folds=1).code == "SPLIT_FOLDS"


def test_splits_csv_names_the_set_of_each_case():
    cases = table(24, sick=0.5, group=["p1"] * 12 + [""] * 12)
    (fold,) = split(cases, SplitSettings(group="none"))
    frame = to_frame(cases, [fold])
    assert list(frame.columns) == ["case_id", "label", "group", "fold", "part"]
    for part, rows in fold.parts().items():
        written = frame[frame.part == part].drop(columns=["fold", "part"]).to_numpy()
        assert np.array_equal(written, cases.frame[["case_id", "label", "group"]].to_numpy()[rows])


def rare_and_large(seed):
    """Return labels and patients: the rare class has a patient for each of five folds, others have many images."""
    rng = np.random.default_rng(seed)
    sizes = np.r_[rng.integers(1, 30, 5), rng.integers(1, 30, 60)]
    patients = np.repeat(np.arange(65), sizes)
    return np.where(patients < 5, 2, patients % 2), patients


@pytest.mark.parametrize("seed", range(20))
def test_inner_folds_keep_patients_whole_and_have_a_case_of_a_rare_class_each(seed):
    y, patients = rare_and_large(seed)
    folds = grouped_folds(y, patients, 5, seed)
    assert np.array_equal(np.sort(np.concatenate([left for _, left in folds])), np.arange(len(y)))
    for rest, left in folds:
        assert set(y[left]) == set(y[rest]) == {0, 1, 2}
        assert not set(patients[left]) & set(patients[rest])


def test_inner_folds_have_every_class_where_a_patient_has_images_of_two():
    y, patients = np.array([0, 1, 0, 1, 0, 1]), np.array(["a", "b", "c", "c", "d", "e"])
    for seed in range(30):
        assert all(set(y[left]) == {0, 1} for _, left in grouped_folds(y, patients, 3, seed))

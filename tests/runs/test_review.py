"""A review of files that were handed in: planted leaks are found, clean files have none, figures are right."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from typer.testing import CliRunner

import seimbang
from seimbang.cli import app
from seimbang.errors import DataError, StudyError
from seimbang.runs.review import review

N = 480
PART = np.array((["train"] * 3 + ["validation", "test"]) * (N // 5))


def files(**changes):
    """Return a clean split and its predictions: 240 patients of two images, a quarter of them sick."""
    rng = np.random.default_rng(0)
    patient = np.arange(N) // 2
    part = PART[patient]
    label = np.where(patient % 4 == 0, "sick", "well")
    splits = pd.DataFrame({"image": rng.permutation(N), "patient": patient, "truth": label, "split": part}).astype(
        {"patient": str}
    )
    splits["image"] = [f"film{k:04}" for k in splits.image]
    splits["patient"] = "P" + splits.patient.str.zfill(3)
    score = np.clip(np.where(label == "sick", 0.62, 0.38) + rng.normal(0, 0.2, N), 0.01, 0.99).round(3)
    predictions = pd.DataFrame({"file": splits.image, "set": part, "p_well": 1 - score, "p_sick": score})
    return splits, predictions[part != "train"].reset_index(drop=True)


def made(tmp_path, splits, predictions, claims="", images=None):
    splits.to_csv(tmp_path / "s.csv", index=False)
    predictions.to_csv(tmp_path / "p.csv", index=False)
    if claims:
        (tmp_path / "claims.toml").write_text(claims)
    claimed = tmp_path / "claims.toml" if claims else None
    return review(tmp_path / "s.csv", tmp_path / "p.csv", images, claimed, tmp_path / "out")


def truth_of(splits):
    return dict(zip(splits.image, splits.truth, strict=True))


def codes(found):
    """Return the leaks, and a test part that is balanced unlike the rest, which may be meant and is a warning."""
    return {item.code for item in found.findings if item.severity == "leak" or item.code == "TEST_BALANCED"}


def case_in_two_parts(splits, predictions):
    test = splits[splits.split == "test"].head(1)
    return pd.concat([splits, test.assign(split="train")]), predictions


def patient_in_two_parts(splits, predictions):
    splits = splits.copy()
    splits.loc[splits.index[splits.split == "test"][0], "patient"] = splits.patient[splits.split == "train"].iloc[0]
    return splits, predictions


def patient_by_another_id(splits, predictions):
    splits = splits.copy()
    name = splits.patient[splits.split == "train"].iloc[4]
    splits.loc[splits.index[splits.split == "test"][0], "patient"] = f"p-{name[1:]}B"
    return splits, predictions


def made_cases(splits, predictions):
    new = predictions[predictions.set == "test"].head(5)
    new = new.assign(file=[f"smote_{k}" for k in range(5)], truth="sick")
    return splits, pd.concat([predictions.assign(truth=predictions.file.map(truth_of(splits))), new])


def trained_on(splits, predictions):
    train = splits[splits.split == "train"].head(8)
    more = pd.DataFrame({"file": train.image, "set": "test", "p_well": 0.1, "p_sick": 0.9})
    return splits, pd.concat([predictions, more])


def dropped_cases(splits, predictions):
    return splits, predictions.drop(predictions.index[predictions.set == "test"][:4])


def other_labels(splits, predictions):
    truth = predictions.file.map(truth_of(splits))
    truth.iloc[-1] = "sick" if truth.iloc[-1] == "well" else "well"
    return splits, predictions.assign(truth=truth)


def tuned_on_test(splits, predictions):
    return splits, pd.concat([predictions, predictions[predictions.set == "test"].assign(set="validation")])


def epochs_on_test(splits, predictions):
    test = predictions[predictions.set == "test"]
    return splits, pd.concat([test.assign(epoch=epoch) for epoch in (1, 2, 3)])


def threshold_on_test(splits, predictions):
    test = predictions[predictions.set == "test"]
    truth, score = test.file.map(truth_of(splits)) == "sick", 0.7 * test.p_sick
    cuts = np.unique(score)
    cut = cuts[int(np.argmax([balanced_accuracy_score(truth, score >= cut) for cut in cuts]))]
    return splits, test.assign(p_sick=score, p_well=1 - score, prediction=np.where(score >= cut, "sick", "well"))


def balanced_test(splits, predictions):
    test = splits.split == "test"
    sick = int((test & (splits.truth == "sick")).sum())
    surplus = splits.index[test & (splits.truth == "well")][sick:]
    gone = set(splits.image[surplus])
    return splits.drop(surplus), predictions[~predictions.file.isin(gone)]


def copies_by_digest(splits, predictions):
    splits = splits.assign(md5=[f"d{k}" for k in range(N)])
    splits.loc[splits.split == "test", "md5"] = splits.md5.iloc[0]
    return splits, predictions


PLANTED = {
    "CASE_TEST": case_in_two_parts,
    "PATIENT_TEST": patient_in_two_parts,
    "PATIENT_ALIAS": patient_by_another_id,
    "MADE_TEST": made_cases,
    "TRAINED_TEST": trained_on,
    "TEST_DROPPED": dropped_cases,
    "LABEL_CHANGED": other_labels,
    "TUNING_TEST": tuned_on_test,
    "THRESHOLD_TEST": threshold_on_test,
    "TEST_BALANCED": balanced_test,
    "DUPLICATE_TEST": copies_by_digest,
}


@pytest.mark.parametrize("code", PLANTED)
def test_a_planted_leak_is_found(tmp_path, code):
    found = codes(made(tmp_path, *PLANTED[code](*files())))
    assert code in found
    assert found <= {code, "PATIENT_TEST"} | ({"TRAINED_TEST"} if code == "MADE_TEST" else set())


def test_several_epochs_that_only_test_cases_were_predicted_by_are_a_leak(tmp_path):
    assert codes(made(tmp_path, *epochs_on_test(*files()))) == {"TUNING_TEST"}


def test_clean_files_have_no_leak_and_the_figures_are_right(tmp_path):
    splits, predictions = files()
    found = made(tmp_path, splits, predictions)
    assert codes(found) == set()
    test = predictions[predictions.set == "test"]
    truth = test.file.map(truth_of(splits)) == "sick"
    measures = next(reviewed for reviewed in found.sets if reviewed.set == "test").measures
    assert measures.metrics["auc"].value == pytest.approx(roc_auc_score(truth, test.p_sick))
    balanced = measures.metrics["balanced_accuracy"]
    assert balanced.value == pytest.approx(balanced_accuracy_score(truth, test.p_sick > 0.5))
    assert balanced.low < balanced.value < balanced.high
    assert (found.patients, found.classes) == (240, ["well", "sick"])
    page = (tmp_path / "out" / "review.html").read_text()
    assert "No leak was found." in page
    assert "Matthews correlation" in page
    assert json.loads((tmp_path / "out" / "review.json").read_text())["cases"] == N


def test_an_external_set_is_in_no_part_of_the_split_and_has_figures_of_its_own(tmp_path):
    splits, predictions = files()
    test = predictions[predictions.set == "test"]
    other = test.assign(file="other " + test.file, set="external:other", truth=test.file.map(truth_of(splits)))
    found = made(tmp_path, splits, pd.concat([predictions.assign(truth=predictions.file.map(truth_of(splits))), other]))
    assert codes(found) == set()
    figures = {reviewed.set: reviewed.measures.metrics["auc"].value for reviewed in found.sets}
    assert figures["external:other"] == figures["test"]


def test_a_threshold_chosen_on_validation_is_no_leak(tmp_path):
    splits, predictions = files()
    truth = predictions.file.map(truth_of(splits)) == "sick"
    held = predictions.set == "validation"
    cuts = np.unique(predictions.p_sick[held])
    gains = [balanced_accuracy_score(truth[held], predictions.p_sick[held] >= cut) for cut in cuts]
    answers = np.where(predictions.p_sick >= cuts[int(np.argmax(gains))], "sick", "well")
    found = made(tmp_path, splits, predictions.assign(prediction=answers))
    assert codes(found) == set()
    assert all(reviewed.decided for reviewed in found.sets)


def test_names_of_cases_stand_for_patients_where_none_are_named(tmp_path):
    splits, predictions = files()
    names = [f"person{k // 2}_{k % 2}" for k in range(N)]
    renamed = dict(zip(splits.image, names, strict=True))
    splits = splits.assign(image=names).drop(columns="patient")
    predictions = predictions.assign(file=predictions.file.map(renamed))
    assert codes(made(tmp_path, splits, predictions)) == set()
    splits.loc[splits.index[splits.split == "test"][0], "split"] = "train"
    predictions = predictions[predictions.file.isin(splits.image[splits.split != "train"])]
    assert codes(made(tmp_path, splits, predictions)) == {"PATIENT_ALIAS"}


def test_the_same_picture_in_train_and_test_and_twice_in_test_is_found_in_images(tmp_path):
    splits, predictions = files()
    rng = np.random.default_rng(1)
    (tmp_path / "images").mkdir()
    for name in splits.image:
        Image.fromarray(rng.integers(0, 255, (40, 40), np.uint8)).save(tmp_path / "images" / f"{name}.png")
    train, test = (splits.image[splits.split == part].tolist() for part in ("train", "test"))
    for copy, original in ((test[0], train[0]), (test[1], test[2])):
        picture = (tmp_path / "images" / f"{original}.png").read_bytes()
        (tmp_path / "images" / f"{copy}.png").write_bytes(picture)
    found = made(tmp_path, splits, predictions, images=tmp_path / "images")
    assert codes(found) == {"DUPLICATE_TEST"}
    assert "DUPLICATE_WITHIN" in {finding.code for finding in found.findings}


def test_claims_hold_within_rounding_or_inside_the_interval(tmp_path):
    splits, predictions = files()
    truth = predictions.file.map(truth_of(splits)) == "sick"
    auc = roc_auc_score(truth[predictions.set == "test"], predictions.p_sick[predictions.set == "test"])
    claims = f"auc = {auc:.2f}\n[[claim]]\nbalanced_accuracy = 0.999\nspecificity = {0.8}\n"
    found = made(tmp_path, splits, predictions, claims)
    assert [claim.holds for claim in found.claims] == [True, False, True]
    assert found.claims[0].verdict == "what the predictions give"
    assert "above our interval" in found.claims[1].verdict


def scale(splits, predictions):
    return splits, predictions.assign(p_sick=predictions.p_sick + 0.2)


def twice(splits, predictions):
    return splits, pd.concat([predictions, predictions.tail(1)])


def other_cases(splits, predictions):
    return splits, predictions.assign(file="x" + predictions.file)


def without(column):
    return lambda splits, predictions: (
        splits.drop(columns=column, errors="ignore"),
        predictions.drop(columns=column, errors="ignore"),
    )


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (scale, "REVIEW_PREDICTIONS", "sum to 1"),
        (twice, "REVIEW_PREDICTIONS", "twice"),
        (other_cases, "REVIEW_MATCH", "not in the split"),
        (without("image"), "REVIEW_COLUMNS", "the case"),
        (without(["split"]), "REVIEW_COLUMNS", "the part"),
        (without(["p_sick", "p_well"]), "REVIEW_COLUMNS", "probability of"),
        (without("truth"), "REVIEW_CLASSES", "at least two"),
        (lambda splits, predictions: (splits, predictions.head(0)), "DATA_EMPTY", "no rows"),
        (lambda splits, predictions: (splits.head(0), predictions), "DATA_EMPTY", "no rows"),
    ],
)
def test_bad_files_are_clear_errors(tmp_path, change, code, said):
    with pytest.raises(DataError) as caught:
        made(tmp_path, *change(*files()))
    assert caught.value.code == code
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ("balanced_acuracy = 0.9", "did you mean 'balanced_accuracy'?"),
        ("accuracy = 92", "between 0 and 1"),
        ('[[claim]]\narm = "CNN"\naccuracy = 0.9', "the arm 'CNN'"),
        ('[[claim]]\nset = "train"\naccuracy = 0.9', "the set 'train'"),
        ("accuracy = ", "cannot be read"),
        ("", "no claim"),
    ],
)
def test_bad_claims_are_clear_errors(tmp_path, claims, said):
    with pytest.raises(StudyError) as caught:
        made(tmp_path, *files(), claims or "# none\n")
    assert caught.value.code == "CLAIMS_INVALID"
    assert said in str(caught.value)


def test_the_command_says_the_verdict_and_ends_with_3_at_a_leak(tmp_path):
    words = ["review", "--splits", f"{tmp_path}/s.csv", "--predictions", f"{tmp_path}/p.csv", "--out", f"{tmp_path}/o"]
    for change, code, said in ((lambda *both: both, 0, "No leak was found."), (dropped_cases, 3, "TEST_DROPPED")):
        splits, predictions = change(*files())
        splits.to_csv(tmp_path / "s.csv", index=False)
        predictions.to_csv(tmp_path / "p.csv", index=False)
        done = CliRunner().invoke(app, words)
        assert (done.exit_code, said in done.output) == (code, True), done.output


def test_of_decisions_alone_the_figures_of_decisions_are_given_and_no_others(tmp_path):
    splits, predictions = files()
    answers = np.where(predictions.p_sick > 0.5, "sick", "well")
    soft = made(tmp_path, splits, predictions)
    hard = made(tmp_path, splits, predictions.drop(columns=["p_sick", "p_well"]).assign(prediction=answers))
    (before,), (after,) = ([one for one in review.sets if one.set == "test"] for review in (soft, hard))
    assert after.measures.confusion == before.measures.confusion
    assert after.measures.metrics["balanced_accuracy"].value == before.measures.metrics["balanced_accuracy"].value
    assert (after.measures.metrics["auc"].value, after.measures.metrics["auc"].why) == (None, "no probabilities")
    assert before.measures.metrics["auc"].value > 0.5
    assert codes(hard) == set()


def test_a_case_in_two_protocols_is_not_in_two_parts(tmp_path):
    splits, predictions = files()
    swapped = splits.assign(protocol="other", split=splits.split.replace({"train": "test", "test": "train"}))
    both = pd.concat([splits.assign(protocol="random"), swapped])
    assert "CASE_TEST" not in codes(made(tmp_path, both, predictions.assign(protocol="random")))
    assert "CASE_TEST" in codes(made(tmp_path, both.drop(columns="protocol"), predictions))


def test_it_is_called_from_python_too(tmp_path):
    splits, predictions = files()
    known = made(tmp_path, splits, predictions)
    again = seimbang.review(tmp_path / "s.csv", tmp_path / "p.csv", out=tmp_path / "again")
    assert again == known
    assert (tmp_path / "again/review.html").is_file()

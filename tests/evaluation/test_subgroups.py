"""Figures by sex, age and scanner: right, suppressed where few, and a gap that is tested by patient."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from seimbang.evaluation.base import EvaluationSettings
from seimbang.evaluation.predictions import Scored
from seimbang.evaluation.subgroups import Decided, banded, by_subgroup, gap, quartiles

CLASSES = ("well", "ill")


def predictions(patients, name="test", images=2, seed=0, worse=(), strength=2.0, model=0):
    """Return two images a patient; the model knows nothing of those in ``worse``."""
    rng, noise, rows = np.random.default_rng(seed), np.random.default_rng(seed + 1 + model), []
    for k in range(patients):
        ill = bool(rng.random() < 0.4)
        for image in range(images):
            logit = (0 if k in worse else strength * (ill - 0.5)) + noise.normal(0, 0.8)
            p = 1 / (1 + np.exp(-logit))
            rows.append((f"{name}{k:03d}-{image}", f"{name}{k:03d}", "", str(model), name, CLASSES[ill], 1 - p, p))
    return pd.DataFrame(rows, columns=["case_id", "group", "fold", "seed", "set", "label", "p_well", "p_ill"])


def columns(table, **by_patient):
    """Return columns by case from a function of the number of the patient."""
    cases = table.drop_duplicates("case_id").set_index("case_id")
    number = cases.group.str[-3:].astype(int)
    return pd.DataFrame({name: number.map(of).astype(str) for name, of in by_patient.items()})


def sex(k):
    return "F" if k % 3 else "M"


def measured(table, frame, unit="case", subgroups=("sex",), **more):
    settings = EvaluationSettings(unit=unit, subgroups=subgroups)
    return by_subgroup(table, {"": frame, **more}, CLASSES, False, settings)


def test_each_value_has_the_figures_of_its_cases_alone():
    table = predictions(120)
    frame = columns(table, sex=sex)
    [by] = measured(table, frame)["test"]
    assert (by["column"], by["bands"], [level["name"] for level in by["levels"]]) == ("sex", False, ["F", "M"])
    for level in by["levels"]:
        own = table[table.case_id.map(frame.sex) == level["name"]]
        ill, called = own.label == "ill", own.p_ill > 0.5
        assert (level["n"], level["groups"]) == (len(own), own.group.nunique())
        assert level["support"] == {"well": (~ill).sum(), "ill": ill.sum()}
        values = {key: number["value"] for key, number in level["values"].items()}
        assert values["auc"] == pytest.approx(sk.roc_auc_score(ill, own.p_ill))
        assert values["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(ill, called))
        assert values["sensitivity"] == pytest.approx(sk.recall_score(ill, called))
        assert level["values"]["auc"]["low"] < values["auc"] < level["values"]["auc"]["high"]
    accuracy = [level["values"]["balanced_accuracy"]["value"] for level in by["levels"]]
    assert by["gap"]["difference"] == pytest.approx(abs(np.diff(accuracy)[0]))
    assert by["gap"]["highest"] == ["F", "M"][int(np.argmax(accuracy))]


def test_below_20_patients_no_figure_is_shown_however_many_images_they_have():
    table = predictions(60, images=5)
    [by] = measured(table, columns(table, sex=lambda k: "F" if k < 19 else "M"))["test"]
    few, many = by["levels"]
    assert (few["n"], few["groups"], few["values"], few["why"]) == (95, 19, {}, "fewer than 20 patients")
    assert many["values"]["auc"]["value"] > 0.5
    assert by["gap"]["p"] is None
    assert by["gap"]["why"] == "fewer than two values of which the balanced accuracy has an interval"


def test_of_patients_a_value_is_theirs_and_several_or_none_are_rows_without_a_gap():
    table = predictions(100)
    frame = columns(table, scanner=lambda k: "A" if k % 2 else "B")
    frame.loc[["test000-0", "test001-0"], "scanner"] = ["A", "B"]  # patients with an image of each
    frame.loc[["test002-0"], "scanner"] = ""  # the other image says which
    frame.loc[["test004-0", "test004-1"], "scanner"] = ""
    [by] = measured(table, frame, "patient", ("scanner",))["test"]
    assert {level["name"]: level["n"] for level in by["levels"]} == {
        "A": 49,
        "B": 48,
        "not stated": 1,
        "several values": 2,
    }
    [by] = measured(table, frame, "case", ("scanner",))["test"]
    assert {level["name"]: level["n"] for level in by["levels"]} == {"A": 100, "B": 97, "not stated": 3}


def test_numbers_are_cut_at_the_quartiles_of_training():
    train, test = predictions(41, "train", 1), predictions(120)
    table = pd.concat([train, test], ignore_index=True)
    frame = columns(table, age=lambda k: k)  # of training 0 to 40: 10, 20, 30
    [by] = measured(table, frame, "case", ("age",))["test"]
    names = ["up to 10", "over 10, up to 20", "over 20, up to 30", "over 30"]
    assert by["bands"]
    assert {level["name"]: level["groups"] for level in by["levels"]} == dict(zip(names, [11, 10, 10, 89], strict=True))
    assert list(quartiles(frame.age[:41])) == list(np.quantile(np.arange(41), [0.25, 0.5, 0.75]))
    assert not len(quartiles(pd.Series(["1", "2", "3", "4", "5", ""])))
    assert not len(quartiles(pd.Series(["1", "2", "3", "4", "5", "six"])))
    assert banded(pd.Series(["10", "10.5", "", "99"]), np.array([10.0, 20, 30]))[0] == [
        names[0],
        names[1],
        "not stated",
        names[3],
    ]


def test_a_real_gap_is_found_and_p_is_corrected_for_the_number_of_columns():
    women = {k for k in range(200) if sex(k) == "F"}
    table = predictions(200, worse=women)
    frame = columns(table, sex=sex, odd=lambda k: str(k % 2), ward=lambda k: f"w{k % 4}")
    by_sex, odd, ward = measured(table, frame, "patient", ("sex", "odd", "ward"))["test"]
    assert (by_sex["gap"]["highest"], by_sex["gap"]["lowest"]) == ("M", "F")
    assert by_sex["gap"]["p"] == pytest.approx(1 / 2001)
    assert by_sex["gap"]["corrected"] == pytest.approx(3 / 2001)
    others = sorted(by["gap"]["p"] for by in (odd, ward))
    assert min(by["gap"]["corrected"] for by in (odd, ward)) == pytest.approx(min(1, 2 * others[0]))
    assert others[0] > 0.01


def test_with_every_permutation_p_is_the_share_by_hand():
    """Six ill patients and four well ones; levels are exchanged within each class."""
    from itertools import combinations

    y = np.r_[np.ones(6, int), np.zeros(4, int)]
    right = np.array([1, 1, 1, 1, 0, 0, 1, 1, 1, 0])
    called = np.where(right, y, 1 - y)
    level = np.array([0, 0, 0, 1, 1, 1, 0, 0, 1, 1])
    p = np.c_[1.0 - called, called]
    result = gap(Decided(Scored(y, p, np.arange(10)), called, CLASSES, 0), level, [0, 1])

    def difference(ill, well):
        first = (right[list(ill)].mean() + right[list(well)].mean()) / 2
        rest = [sorted(set(whole) - set(some)) for whole, some in ((range(6), ill), (range(6, 10), well))]
        return abs(first - (right[rest[0]].mean() + right[rest[1]].mean()) / 2)

    observed = difference((0, 1, 2), (6, 7))
    every = [difference(a, b) for a in combinations(range(6), 3) for b in combinations(range(6, 10), 2)]
    assert result[:2] == ((0, 1), pytest.approx(observed))
    assert result[2] == pytest.approx(np.mean(np.array(every) >= observed - 1e-9), abs=0.03)


def test_without_a_gap_one_test_in_20_says_so_also_of_images_that_are_alike():
    wrong = 0
    rng = np.random.default_rng(0)
    for _ in range(200):
        ill = rng.random(60) < 0.4
        right = rng.random(60) < 0.75
        group = np.repeat(np.arange(60), 4)  # four images a patient, all alike
        y, called = (np.repeat(side.astype(int), 4) for side in (ill, ill == right))
        level = np.repeat(rng.permutation(np.arange(60) % 3), 4)
        p = np.c_[1.0 - called, called]
        wrong += gap(Decided(Scored(y, p, group), called, CLASSES, 1), level, [0, 1, 2])[2] < 0.05
    assert 1 <= wrong <= 19


def test_another_seed_makes_p_larger_where_seeds_differ():
    frame = columns(predictions(100), sex=sex)
    women = {k for k in range(100) if sex(k) == "F"}
    first, second = predictions(100, worse=women), predictions(100, model=1)
    both = pd.concat([first, second], ignore_index=True)
    [alone], [together] = (measured(table, frame)["test"] for table in (first, both))
    assert alone["gap"]["p"] < 0.01
    assert together["gap"]["p"] > 0.05
    values = [level["values"]["balanced_accuracy"]["value"] for level in together["levels"]]
    assert together["gap"]["difference"] == pytest.approx(abs(np.diff(values)[0]))


def test_an_external_set_has_them_where_it_has_the_columns_in_the_bands_of_the_internal_one():
    table = pd.concat([predictions(60), predictions(60, "external:B"), predictions(60, "external:C")])
    frame = columns(table[table.set == "test"], age=lambda k: k)
    outside = columns(table[table.set == "external:B"], age=lambda k: k + 1000)
    out = measured(table, frame, "case", ("age",), **{"external:B": outside})
    assert set(out) == {"test", "external:B"}
    assert [level["name"] for level in out["external:B"][0]["levels"]] == ["over 44.25"]


@pytest.mark.parametrize("classes", [("well", "ill"), ("well", "ill", "other")])
def test_a_value_without_a_class_says_what_cannot_be_estimated_and_is_in_no_gap(classes):
    table = predictions(120, images=1).assign(p_other=0.0)
    if len(classes) == 3:
        table.loc[table.index % 4 == 0, "label"] = "other"
    frame = columns(table, ward=lambda k: f"w{k % 2}")
    frame["ward"] = frame.ward.where((table.set_index("case_id").label != "well") | (frame.ward == "w0"), "w2")
    settings = EvaluationSettings(subgroups=("ward",))
    [by] = by_subgroup(table, {"": frame}, classes, False, settings)["test"]
    one = next(level for level in by["levels"] if level["name"] == "w1")
    assert one["support"]["well"] == 0
    assert one["values"]["balanced_accuracy"]["why"].startswith("the set has no case of well")
    assert by["gap"]["p"] is None

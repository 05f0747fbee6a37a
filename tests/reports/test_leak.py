"""What a leak was worth: who is compared with whom, and the sentence."""

from dataclasses import replace

import pytest

from run_folder import fake_run
from seimbang.record.metrics import Value
from seimbang.record.read import read
from seimbang.reports import leak
from seimbang.study.schema import Protocol


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return read(fake_run(tmp_path_factory.mktemp("leak") / "run", arms=4))


def worth(run):
    return [f"In accuracy, the leak was worth {one.parts}." for one in leak.worth(run)]


def value(number, half=None):
    edges = {} if half is None else {"low": number - half, "high": number + half}
    return Value(value=number, **edges)


def arm(like, name, accuracy, **facts):
    """Return an arm with this accuracy and these facts."""
    default = like.test.default.model_copy(update={"metrics": like.test.default.metrics | {"accuracy": accuracy}})
    sets = {"test": like.test.model_copy(update={"default": default})}
    return replace(
        like,
        facts=like.facts.model_copy(update={"name": name, "arm": name, **facts}),
        metrics=like.metrics.model_copy(update={"sets": sets}),
    )


def outcome(run, **numbers):
    """Return the run with these numbers in every test of accuracy."""
    compared = run.comparisons[""].sets["test"]
    pairs = [pair.model_copy(update={"accuracy": pair.accuracy.model_copy(update=numbers)}) for pair in compared.pairs]
    sets = {"test": compared.model_copy(update={"pairs": pairs})}
    return replace(run, comparisons={"": run.comparisons[""].model_copy(update={"sets": sets})})


def divided(run, balance, *arms):
    """Return the run with these arms under the protocols ``first``, which balances as it says, and ``folds``."""
    study = run.study.model_copy(update={"protocol": (Protocol(name="first", balance=balance), Protocol(name="folds"))})
    return replace(run, study=study, arms=list(arms))


def test_on_the_same_cases_the_paired_test_counts(run):
    two = outcome(run, difference=-0.06, low=-0.1, high=-0.02)  # pairs are as published minus others
    (said,) = worth(two)
    assert said.startswith("In accuracy, the leak was worth −0.06 (−0.10 to −0.02): ")
    assert "for “as published” against" in said
    assert said.endswith("for “SMOTE”.")
    (said,) = worth(outcome(run, difference=0.004, low=-0.01, high=0.02))
    assert "worth +0.004 (−0.010 to +0.020, so perhaps nothing)" in said


def test_three_models_balanced_before_the_split_and_inside_the_folds(run):
    smote, none = ({"method": "smote", "k": 5, "scope": "train"}, {"method": "none", "scope": "train"})
    arms = []
    for model, leaky, honest in (("svm", 0.97, 0.91), ("knn", 0.95, 0.86), ("forest", 0.92, 0.91)):
        facts = {"model": {"name": model}, "model_kind": "classical"}
        first = facts | {"protocol": "first", "leaky": True, "balance": none}
        after = facts | {"protocol": "folds", "leaky": False}
        arms.append(arm(run.arms[0], model, value(leaky, 0.03), **first))
        arms.append(arm(run.arms[0], f"{model}, unbalanced", value(0.5, 0.03), **after, balance=none))
        arms.append(arm(run.arms[0], f"{model}, SMOTE", value(honest, 0.04), **after, balance=smote))
    (said,) = worth(divided(run, {"method": "smote", "k": 5}, *arms))
    assert "+0.06 (+0.01 to +0.11): 0.97 for “svm” against 0.91 for “svm, SMOTE”" in said
    assert "+0.09 (+0.04 to +0.14): 0.95 for “knn” against 0.86 for “knn, SMOTE”" in said
    assert "+0.01 (−0.04 to +0.06, so perhaps nothing): 0.92 for “forest”" in said
    assert "unbalanced" not in said


@pytest.mark.parametrize(
    "other",
    [
        {"model": {"name": "another"}},
        {"balance": {"method": "none", "scope": "train"}},
        {"training": {"epochs": 1}},
        {"leaky": True},
    ],
)
def test_an_arm_that_differs_otherwise_says_nothing_of_the_leak(run, other):
    first = arm(run.arms[0], "a", value(0.9), protocol="first", leaky=True)
    same = arm(
        run.arms[0], "b", value(0.8), **{"protocol": "folds", "leaky": False} | {"balance": run.arms[2].facts.balance}
    )
    assert len(list(worth(divided(run, {}, first, same)))) == 1
    changed = replace(same, facts=same.facts.model_copy(update=other))
    assert list(worth(divided(run, {}, first, changed))) == []


def test_of_several_like_it_the_one_with_the_same_settings_and_protocol_counts(run):
    first = arm(run.arms[0], "first", value(0.9), protocol="first", leaky=True)
    few = {"method": "smote", "k": 2, "scope": "train"}
    after = {"protocol": "folds", "leaky": False}
    fewer = arm(run.arms[0], "fewer neighbours", value(0.7), **after, balance=few)
    same = arm(run.arms[0], "same", value(0.8), **after)
    for arms, chosen in (((first, fewer), fewer), ((first, fewer, same), same), ((first, same, fewer), same)):
        (said,) = worth(divided(run, {"method": "smote", "k": 5}, *arms))
        assert said.endswith(f"against {chosen.test.default.metrics['accuracy'].number} for “{chosen.name}”.")


def test_figures_that_cannot_be_estimated_are_survived(run):
    first = arm(run.arms[0], "a", Value(value=None), protocol="first", leaky=True)
    other = arm(run.arms[0], "b", value(0.8), protocol="folds", leaky=False)
    assert list(worth(divided(run, {}, first, other))) == []
    untested = replace(other, metrics=other.metrics.model_copy(update={"sets": {}}))
    assert list(worth(divided(run, {}, first, untested))) == []
    bare = arm(run.arms[0], "a", value(0.9), protocol="first", leaky=True)
    assert list(worth(divided(run, {}, bare, other))) == [
        "In accuracy, the leak was worth +0.10: 0.90 for “a” against 0.80 for “b”."
    ]


def test_the_interval_of_a_difference_is_newcombes():
    # Newcombe 1998, table II, method 10: 56/70 - 48/80, Wilson's intervals of each
    first, second = Value(value=0.8, low=0.6918, high=0.8769), Value(value=0.6, low=0.4904, high=0.7004)
    found = first.minus(second)
    assert (round(found.low, 3), round(found.high, 3)) == (0.052, 0.334)
    assert Value(value=None, why="no case").minus(second).why == "no case"

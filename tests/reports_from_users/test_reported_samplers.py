"""Samplers on what users have: whole numbers, yes/no, words, dates, gaps; imbalanced-learn's rows where right."""

import imblearn.over_sampling
import imblearn.under_sampling
import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTENC

from seimbang import balance
from seimbang.errors import DataError, StudyError

SYNTHETIC = ["SMOTE", "BorderlineSMOTE", "ADASYN", "SVMSMOTE", "KMeansSMOTE"]
RANDOM = ["RandomOverSampler", "RandomUnderSampler"]
EXTENSION = {"children": "Int64", "beds": "UInt8", "smoker": "boolean", "weight": "Float64"}


def theirs(name, **settings):
    where = imblearn.under_sampling if name == "RandomUnderSampler" else imblearn.over_sampling
    return getattr(where, name)(random_state=0, **settings)


def ours(name, **settings):
    return getattr(balance, name)(random_state=0, **settings)


def frame(seed=0, counts=(150, 30), **more):
    """Return numbers, whole numbers and a yes/no column of overlapping classes, most often named, and the classes."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    n = len(y)
    columns = {
        "weight": rng.normal(60 + 20 * y, 9),
        "children": rng.poisson(1 + y),
        "smoker": rng.random(n) < 0.15,
        "beds": rng.integers(20, 40, n).astype(np.uint8),
        **{name: values(rng, n) for name, values in more.items()},
    }
    return pd.DataFrame(columns), pd.Series(np.array(["well", "ill", "very ill"])[y], name="state")


def words(rng, n):
    return pd.Categorical(rng.choice(["never", "once", "often"], n, p=[0.6, 0.3, 0.1]), ["often", "once", "never"])


def rounded(floats, X):
    """Return rows of floats in the types of ``X``, whole numbers and yes/no rounded."""
    limits = {name: (0, 1) if kind.kind == "b" else (0, 255) for name, kind in X.dtypes.items() if kind.kind in "bu"}
    whole = floats.assign(**{name: np.rint(floats[name]) for name in X if X[name].dtype.kind in "iub"})
    return whole.assign(**{name: whole[name].clip(*ends) for name, ends in limits.items()}).astype(X.dtypes)


@pytest.mark.parametrize("name", SYNTHETIC)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_whole_numbers_and_yes_or_no_are_imbalanced_learn_s_floats_rounded(name, seed):
    X, y = frame(seed)
    rows, labels = ours(name).fit_resample(X, y)
    floats, expected = theirs(name).fit_resample(X.astype(float), y)
    assert len(rows) > len(X) + 50
    pd.testing.assert_series_equal(labels, expected)
    pd.testing.assert_frame_equal(rows, rounded(floats, X))
    floored, _ = theirs(name).fit_resample(X, y)
    new = slice(len(X), None)
    assert floored.children[new].mean() < floats.children[new].mean() - 0.1  # what the report was about
    assert rows.children[new].mean() == pytest.approx(floats.children[new].mean(), abs=0.1)
    assert floored.smoker[new].mean() > rows.smoker[new].mean()
    assert rows.smoker[new].mean() == pytest.approx(floats.smoker[new].mean(), abs=0.08)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_pandas_own_types_come_back_and_hold_the_same_rows(name):
    X, y = frame()
    rows, labels = ours(name).fit_resample(X.astype(EXTENSION), y.astype("category"))
    plain, _ = ours(name).fit_resample(X, y)
    assert rows.dtypes.astype(str).to_dict() == EXTENSION
    assert str(labels.dtype) == "category"
    pd.testing.assert_frame_equal(rows.astype(X.dtypes), plain)


@pytest.mark.parametrize("dtype", ["category", "string", object])
def test_smote_with_words_is_smote_nc_of_imbalanced_learn(dtype):
    X, y = frame(3, visits=words)
    categories = X.visits.dtype
    rows, labels = ours("SMOTE").fit_resample(X.astype({"visits": categories if dtype == "category" else dtype}), y)
    floats, expected = SMOTENC(["visits"], random_state=0).fit_resample(
        X.astype(dict.fromkeys(X.columns[:4], float)), y
    )
    assert (labels == expected).all()
    assert rows.visits.dtype == (categories if dtype == "category" else dtype)
    assert set(rows.visits) == {"never", "once", "often"}
    pd.testing.assert_frame_equal(rows[X.columns[:4]], rounded(floats[X.columns[:4]], X.drop(columns="visits")))
    # ties between levels are decided by their order, which is another one here
    assert (rows.visits.astype(str) == floats.visits.astype(str)).mean() > 0.9


@pytest.mark.parametrize("name", SYNTHETIC)
def test_words_of_a_synthetic_row_are_those_of_cases_of_its_class(name):
    X, y = frame(4)
    X["ward"] = np.where(y == "ill", "north", np.where(X.smoker, "south", "west"))
    rows, labels = ours(name).fit_resample(X, y)
    assert len(rows) > len(X)
    assert set(rows.ward[labels == "ill"]) == {"north"}
    assert rows.ward.dtype == X.ward.dtype


def test_words_alone_take_the_value_of_a_parent():
    X, y = frame(5, visits=words, ward=lambda rng, n: rng.choice(["a", "b"], n))
    rows, labels = ours("SMOTE").fit_resample(X[["visits", "ward"]], y)
    assert labels.value_counts().to_dict() == {"well": 150, "ill": 150}
    pairs = set(map(tuple, X[["visits", "ward"]][y == "ill"].to_numpy()))
    assert set(rows.visits) <= {"never", "once", "often"}
    assert len(set(map(tuple, rows[labels == "ill"].to_numpy())) - pairs) <= 3


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (lambda X: X.weight.where(X.weight < 70), "missing values in the column 'new'"),
        (lambda X: X.children.astype("Int64").where(X.children > 0), "missing values in the column 'new'"),
        (lambda X: X.weight.replace(X.weight.max(), np.inf), "infinite numbers in the column 'new'"),
        (lambda X: pd.Timestamp("2024-01-31") + pd.to_timedelta(X.beds, "D"), "dates in the column 'new'"),
        (lambda X: pd.Series([f"p{k}" for k in range(1200)]), "1,200 different words in the column 'new'"),
    ],
    ids=["gap", "NA", "infinite", "date", "names"],
)
@pytest.mark.parametrize("name", ["SMOTE", "ADASYN"])
def test_columns_that_nothing_can_be_made_of_are_named_with_the_way_out(name, column, said):
    X, y = frame(0, (1000, 200))
    with pytest.raises(DataError, match=f"BALANCE_COLUMN: found {said}.*RandomOverSampler"):
        ours(name).fit_resample(X.assign(new=column(X)), y)


def anything(seed):
    rng = np.random.default_rng(seed)
    X, y = frame(seed, (60, 20, 9), visits=words)
    seen = pd.Series(pd.Timestamp("2024-01-31") + pd.to_timedelta(X.beds, "D")).where(rng.random(len(X)) > 0.2)
    note = pd.Series(np.where(X.smoker, "smokes, 10/day", None), dtype=object)
    return X.assign(seen=seen, note=note, stay=seen - seen.min(), weight=X.weight.where(X.weight < 75)), y


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("strategy", ["auto", {"well": 60, "ill": 20, "very ill": 9}, "not minority"])
def test_words_dates_and_gaps_are_resampled_as_imbalanced_learn_does(name, seed, strategy):
    X, y = anything(seed)
    mine, other = ours(name, sampling_strategy=strategy), theirs(name, sampling_strategy=strategy)
    rows, labels = mine.fit_resample(X, y)
    expected, expected_labels = other.fit_resample(X, y)
    pd.testing.assert_series_equal(labels, expected_labels)
    np.testing.assert_array_equal(mine.sample_indices_, other.sample_indices_)
    gaps = {"note": "nothing"}  # of None and NaN there imbalanced-learn makes one
    pd.testing.assert_frame_equal(rows.fillna(gaps), expected.fillna(gaps))
    assert rows.note.isna().any()


@pytest.mark.parametrize("name", RANDOM)
def test_arrays_of_words_with_gaps_too(name):
    X, y = anything(0)
    mine, other = ours(name), theirs(name)
    rows, _ = mine.fit_resample(X[["note", "visits"]].to_numpy(object), y)
    expected, _ = other.fit_resample(X[["note", "visits"]].to_numpy(object), y)
    np.testing.assert_array_equal(rows, expected)
    images = np.random.default_rng(0).random((len(y), 3, 2, 1))
    np.testing.assert_array_equal(ours(name).fit_resample(images, y)[0], images[mine.sample_indices_])


STRATEGIES = {
    "number": 0.5,
    "word": "minority",
    "dict": {"ill": 70, "well": 150},
    "function": lambda y: {"ill": 40 + int((y == "well").sum()) // 10},
}


@pytest.mark.parametrize("name", ["SMOTE", "ADASYN", "BorderlineSMOTE", "RandomOverSampler"])
@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_every_form_of_sampling_strategy_gives_imbalanced_learn_s_rows(name, strategy):
    X, y = frame(6)
    X = X[["weight"]].assign(height=np.random.default_rng(0).normal(170, 9, len(X)))
    rows, labels = ours(name, sampling_strategy=strategy).fit_resample(X, y)
    expected, expected_labels = theirs(name, sampling_strategy=strategy).fit_resample(X, y)
    pd.testing.assert_series_equal(labels, expected_labels)
    pd.testing.assert_frame_equal(rows, expected)
    assert len(rows) > len(X)


@pytest.mark.parametrize("strategy", [0.5, "majority", {"well": 44}, lambda y: {"well": 31}])
def test_rows_are_kept_as_sampling_strategy_says(strategy):
    X, y = frame(7)
    rows, labels = ours("RandomUnderSampler", sampling_strategy=strategy).fit_resample(X, y)
    expected, _ = theirs("RandomUnderSampler", sampling_strategy=strategy).fit_resample(X, y)
    pd.testing.assert_frame_equal(rows, expected)
    assert (labels == "ill").sum() == 30


@pytest.mark.parametrize(
    ("name", "alias", "own"),
    [
        ("SMOTE", {"k_neighbors": 2}, {"k": 2}),
        ("SVMSMOTE", {"k_neighbors": 3, "m_neighbors": 7}, {"k": 3, "m": 7}),
        ("ADASYN", {"n_neighbors": 3}, {"k": 3}),
        ("KMeansSMOTE", {"kmeans_estimator": 5}, {"clusters": 5}),
    ],
)
def test_imbalanced_learn_s_names_of_the_settings_mean_the_same(name, alias, own):
    X, y = frame(8)
    X = X[["weight", "children"]].astype(float)
    rows, _ = ours(name, **alias).fit_resample(X, y)
    np.testing.assert_array_equal(rows, ours(name, **own).fit_resample(X, y)[0])
    np.testing.assert_allclose(rows, theirs(name, **alias).fit_resample(X, y)[0], atol=1e-9)


def test_a_setting_that_cannot_be_is_a_study_error():
    X, y = frame()
    for settings, said in (
        ({"k": 3, "k_neighbors": 4}, "SMOTE.k and SMOTE.k_neighbors are one setting"),
        ({"k_neighbors": 0}, r"SMOTE\.k = 0 should be"),
        ({"sampling_strategy": 1.5}, r"SMOTE\.ratio = 1.5 should be"),
        ({"sampling_strategy": {"ill": 3}}, "sampling_strategy: With over-sampling"),
        ({"sampling_strategy": {"sick": 300}}, "sampling_strategy: The .* is/are not present"),
        ({"sampling_strategy": "sometimes"}, "sampling_strategy: When 'sampling_strategy' is a string"),
    ):
        with pytest.raises(StudyError, match=said):
            ours("SMOTE", **settings).fit_resample(X, y)

"""Settings of classical models: grids, the width of the kernel against an independent formula, descriptions."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seimbang.classical.sigest import sigest
from seimbang.errors import DataError, StudyError
from seimbang.study.models import make

HDI = Path(__file__).parents[3] / "shared" / "data" / "hdi" / "hdi_eastern_indonesia_2021.xlsx"


def rows(n, f=6):
    return np.random.default_rng(0).normal(size=(n, f)).astype(np.float32)


def test_sigest_is_the_mean_of_two_inverted_quantiles_of_squared_distances():
    X = rows(30)
    squares = [((a.astype(float) - b) ** 2).sum() for a, b in itertools.combinations(X, 2)]
    low, high = 1 / np.quantile(squares, 0.9), 1 / np.quantile(squares, 0.1)
    assert sigest(X, 0) == pytest.approx((low + high) / 2, rel=1e-6)


def test_sigest_by_hand():
    # squared distances 1, 4, 9: the 0.1 quantile is 1 + 0.2 * 3, the 0.9 quantile 4 + 0.8 * 5
    assert sigest(np.array([[0], [1], [3]], np.float32), 0) == pytest.approx((1 / 1.6 + 1 / 8) / 2)


def test_sigest_leaves_out_equal_rows_and_needs_no_difference():
    X = rows(20)
    assert sigest(np.repeat(X, 2, 0), 0) == pytest.approx(sigest(X, 0))
    assert sigest(np.ones((5, 2), np.float32), 0) == 1


def test_sigest_of_many_rows_looks_at_random_pairs_the_same_with_equal_seeds():
    X = rows(4000)
    assert sigest(X, 1) == sigest(X, 1) != sigest(X, 2)
    assert sigest(X, 1) == pytest.approx(sigest(X[:1000], 0), rel=0.2)


@pytest.mark.skipif(not HDI.is_file(), reason="no ../shared/data/hdi beside the repository")
@pytest.mark.parametrize(("sheet", "published"), [(0, 0.2441), (1, 0.4155)])
def test_the_published_width_lies_where_random_pairs_of_the_same_districts_scatter(sheet, published):
    X = pd.read_excel(HDI, sheet_name=sheet)[["HLS", "PENG", "RLS", "UHH", "IDG", "IKK"]].to_numpy()
    X = (X - X.mean(0)) / X.std(0, ddof=1)
    rng, drawn = np.random.default_rng(0), []
    for _ in range(400):  # as kernlab does: half as many pairs as rows, of the four fifths it was given
        train = X[rng.permutation(len(X))[: 4 * len(X) // 5]]
        i, j = rng.integers(len(train), size=(2, len(train) // 2))
        squares = ((train[i] - train[j]) ** 2).sum(1)
        drawn.append((1 / np.quantile(squares[squares > 0], [0.9, 0.1])).mean())
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert low < published < high
    assert sigest(X.astype(np.float32), 0) == pytest.approx(np.mean(drawn), rel=0.05)


def test_the_kernel_gets_what_was_asked_for():
    X = rows(40)
    widths = {gamma: make({"name": "svm", "gamma": gamma}).classifier(X, 0).gamma for gamma in (0.3, "scale", "sigest")}
    assert widths == {0.3: 0.3, "scale": "scale", "sigest": sigest(X, 0)}
    assert make({"name": "svm", "kernel": "linear", "gamma": "sigest"}).classifier(X, 0).kernel == "linear"


def test_candidates_are_all_combinations_in_order():
    model = make({"name": "svm", "grid": {"C": [1, 10], "gamma": ["scale", 0.1]}})
    found = [(one.C, one.gamma) for one in model.candidates()]
    assert found == [(1, "scale"), (1, 0.1), (10, "scale"), (10, 0.1)]
    assert make({"name": "svm"}).candidates() == [make({"name": "svm"})]


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ({"gama": [1]}, "without 'gama'; did you mean 'gamma'"),
        ({"pca": [5, 10]}, "without 'pca'"),
        ({"C": [1, -1]}, "grid.C = -1 should be greater than 0"),
        ({"C": []}, "at least 1 item"),
    ],
)
def test_mistakes_in_a_grid_are_named(grid, said):
    with pytest.raises(StudyError, match=said):
        make({"name": "svm", "grid": grid})


@pytest.mark.parametrize("settings", [{"features": "resnet5O"}, {"pca": 1.5}, {"pca": -1}, {"calibrate": "none"}])
def test_other_mistakes_are_named(settings):
    with pytest.raises(StudyError, match=next(iter(settings))):
        make({"name": "svm", **settings})


def test_more_neighbours_than_rows_is_an_error():
    with pytest.raises(DataError, match="KNN_NEIGHBOURS: found 4 training rows for 5 neighbours"):
        make({"name": "knn"}).classifier(rows(4), 0)


def test_a_forest_is_sketched_with_fewer_trees_and_takes_no_more_features_than_there_are():
    forest = make({"name": "forest", "trees": 300, "max_features": 9})
    assert forest.sketch().trees == 20
    assert forest.classifier(rows(10), 0).max_features == 6
    assert make({"name": "forest", "max_features": "all"}).classifier(rows(10), 0).max_features is None


def test_description_goes_from_what_is_seen_to_the_classes():
    model = make({"name": "svm", "features": "hog", "pca": 50})
    found = [(layer.name, layer.shape) for layer in model.describe((64, 96, 1), 3)]
    assert found == [
        ("Gradients", (540,)),  # 3 x 5 blocks of 2 x 2 cells of 9 directions
        ("Scaling", (540,)),
        ("Principal components", (50,)),
        ("Support vector machine", (3,)),
    ]
    names = {shape: make({"name": "tree", "scale": False}).describe(shape, 2)[0] for shape in [(1, 6, 1), (8, 6, 1)]}
    assert [(layer.name, layer.shape) for layer in names.values()] == [("Columns", (6,)), ("Pixels", (48,))]

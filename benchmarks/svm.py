"""An SVM on pixels: scikit-learn against seimbang, which takes scikit-learn-intelex where that is installed.

    python benchmarks/svm.py [--rows 5000] [--features 22500]

Both fit the same Gaussian kernel to the same rows, in turn, without calibration. What is saved of the second is
scikit-learn's again: the last line compares its answers on new rows with the first one's.
"""

import argparse
import time

import numpy as np
from sklearn.svm import SVC

from seimbang.classical.saved import portable
from seimbang.study.models import make

NEW = 500


def cases(rows: int, features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 rows of two classes that overlap, and their labels."""
    y = np.arange(rows) % 2
    X = np.random.default_rng(0).standard_normal((rows, features), np.float32)
    X[:, : features // 10] += 0.05 * y[:, None]
    return X, y


def seconds(classifier: SVC, X: np.ndarray, y: np.ndarray) -> float:
    started = time.perf_counter()
    classifier.fit(X, y)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--features", type=int, default=22_500)
    options = parser.parse_args()
    X, y = cases(options.rows + NEW, options.features)
    train, new = slice(options.rows), slice(options.rows, None)
    ours = make({"name": "svm"}).classifier(X[train], 0)
    theirs = SVC(cache_size=ours.cache_size)
    print(f"{options.rows} rows of {options.features} numbers; ours is {type(ours).__module__.partition('.')[0]}'s")
    ours_s, theirs_s = seconds(ours, X[train], y[train]), seconds(theirs, X[train], y[train])
    print(f"scikit-learn {theirs_s:.1f} s, seimbang {ours_s:.1f} s: {theirs_s / ours_s:.1f} times as fast")
    same = (portable(ours).predict(X[new]) == theirs.predict(X[new])).mean()
    print(f"the same answer for {same:.1%} of {NEW} new rows")


if __name__ == "__main__":
    main()

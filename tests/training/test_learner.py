"""Training a network as one job: what is kept, what is said, and what a damaged checkpoint leads to."""

import io
import re

import numpy as np
import pandas as pd
import pytest

from seimbang.balance import make as balancing
from seimbang.errors import IntegrityError
from seimbang.imaging.base import ImageSettings
from seimbang.study.models import make
from seimbang.training.base import Task, TrainingSettings
from trained import train

Y = np.arange(24) % 2
X = (np.random.default_rng(0).integers(0, 128, (24, 8, 8, 1)) + 100 * Y[:, None, None, None]).astype(np.uint8)
ROWS = np.arange(24)


def task(**model):
    none = balancing({"method": "none"})
    return Task(
        model=make(model or {"name": "rnn", "units": 8, "dense": 4}),
        training=TrainingSettings(epochs=2, batch_size=8),
        balance=none,
        recipe=none.recipe(X, Y[:16], 0, ROWS[:16]),
        X=X,
        y=Y,
        groups=ROWS,
        validation=ROWS[16:],
        shape=(8, 8, 1),
        classes=2,
        image=ImageSettings(size=(8, 8)),
        title="SMOTE, fold 2",
    )


def test_each_epoch_is_reported_with_its_seconds_and_kept_without():
    learned, reports = train(task())
    history = pd.read_csv(io.BytesIO(learned.files["history.csv"]))
    columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_recall", "lr", "best"]
    assert history.columns.tolist() == columns
    assert history.epoch.tolist() == [report.facts["epoch"] for report in reports] == [1, 2]
    assert all(report.facts["seconds"] > 0 for report in reports)
    line = r"epoch 1/2: minority recall [\d.]+; validation loss [\d.]+, accuracy [\d.]+; training loss [\d.]+, "
    assert re.fullmatch(line + r"accuracy [\d.]+, best so far \([\d.]+ s\)", reports[0].line)


def test_the_classifier_predicts_the_rows_asked_for():
    job = task()
    classifier = train(job)[0].classifier
    np.testing.assert_allclose(classifier.probabilities(X, ROWS[3:5]), classifier.probabilities(X)[3:5], atol=1e-6)
    assert classifier.network(classifier_input(X[:2])).shape == (2, 2)


def classifier_input(pixels):
    import torch

    return torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255


@pytest.mark.parametrize("damage", [lambda state: b"no checkpoint", lambda state: state[: len(state) // 2]])
def test_a_checkpoint_that_cannot_be_read_is_an_error(damage):
    state = train(task())[1][0].state
    with pytest.raises(IntegrityError, match="CHECKPOINT_DAMAGED"):
        train(task(), damage(state))


def test_a_checkpoint_of_another_network_is_an_error():
    state = train(task(name="rnn", units=9))[1][0].state
    with pytest.raises(IntegrityError, match="CHECKPOINT_DAMAGED"):
        train(task(), state)

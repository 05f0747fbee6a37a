"""What every model promises, run over the table of models: networks and classical models each what is theirs."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from seimbang.balance import make as balancing
from seimbang.errors import IntegrityError, StudyError
from seimbang.imaging.augment import Augmentation
from seimbang.imaging.base import ImageSettings
from seimbang.networks.pretrained import Pretrained
from seimbang.study.models import MODELS, learner_of, make
from seimbang.training.base import Task, TrainingSettings
from trained import train

SHAPES = [(9, 6, 1), (6, 9, 3)]
LARGE = [name for name, kind in MODELS.items() if issubclass(kind, Pretrained) and name != "efficientnet_lite0"]
every_model = pytest.mark.parametrize("name", MODELS)
timm = pytest.param("timm", marks=pytest.mark.skip(reason="an extra; see tests/networks/test_timm.py"))
networks = [timm if name == "timm" else name for name, kind in MODELS.items() if kind.kind == "network"]
classical = [name for name, kind in MODELS.items() if kind.kind == "classical"]
network = pytest.mark.parametrize("name", networks)
estimator = pytest.mark.parametrize("name", classical)


def new(name, **settings):
    """Return the model; one that is pretrained with random weights, so that nothing is needed but the code."""
    weights = {"weights": "random"} if issubclass(MODELS[name], Pretrained) else {}
    return make({"name": name, **weights, **settings})


def fitting(name, shape):
    """Return ``shape`` enlarged to what the model can see."""
    times = -(-getattr(MODELS[name], "smallest", 1) // min(shape[:2]))
    return (shape[0] * times, shape[1] * times, shape[2])


def images(shape, count=4):
    h, w, c = shape
    return torch.from_numpy(np.random.default_rng(0).random((count, c, h, w), dtype=np.float32))


@network
@pytest.mark.parametrize("shape", SHAPES)
def test_images_become_finite_logits_of_every_class(name, shape):
    shape = fitting(name, shape)
    logits = new(name).build(shape, 3)(images(shape))
    assert logits.shape == (4, 3)
    assert torch.isfinite(logits).all()


@network
@pytest.mark.parametrize("shape", SHAPES)
def test_description_counts_the_trained_parameters_and_explains_each_layer(name, shape):
    model, shape = new(name), fitting(name, shape)
    layers = model.describe(shape, 3)
    trained = sum(p.numel() for p in model.build(shape, 3).parameters() if p.requires_grad)
    assert sum(layer.parameters for layer in layers) == trained
    assert layers[-1].shape == (3,)
    assert all(layer.name and layer.purpose.endswith(".") for layer in layers)


@network
def test_the_logits_are_what_a_linear_layer_called_out_gives(name):
    shape, given = fitting(name, SHAPES[0]), []
    module = new(name).build(shape, 3).eval()
    assert isinstance(module.out, torch.nn.Linear)
    module.out.register_forward_hook(lambda _, __, output: given.append(output))
    logits = module(images(shape))
    assert len(given) == 1
    assert torch.equal(given[0], logits)


@network
def test_equal_seeds_give_equal_weights(name):
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(new(name).build(fitting(name, SHAPES[0]), 2).state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


@network
def test_every_trained_parameter_gets_a_gradient_and_the_loss_falls(name):
    if name in LARGE:
        pytest.skip("large, and trained as efficientnet_lite0 is; what learns in each is tested by its layers")
    torch.manual_seed(0)
    shape = fitting(name, SHAPES[0])
    module = new(name).build(shape, 2)
    y = torch.arange(16) % 2
    x = images(shape, 16) * (0.3 + 0.7 * y[:, None, None, None])
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    losses = []
    for _ in range(60 if shape == SHAPES[0] else 12):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    missing = [key for key, p in module.named_parameters() if p.requires_grad and p.grad is None]
    assert missing == []
    assert np.mean(losses[-3:]) < 0.6 * losses[0]


@network
def test_prediction_of_a_case_does_not_depend_on_its_batch(name):
    shape = fitting(name, SHAPES[0])
    module, x = new(name).build(shape, 2).eval(), images(shape)
    with torch.no_grad():
        torch.testing.assert_close(module(x)[2:3], module(x[2:3]), rtol=1e-4, atol=1e-5)


def cases(shape, classes=3):
    """Return rows or images of which each class differs from the others, their labels and groups."""
    y = np.repeat(np.arange(classes), 14)
    rng = np.random.default_rng(0)
    noise = rng.random((len(y), *shape)) + y.reshape(-1, *[1] * len(shape))
    X = (noise * 60).astype(np.uint8) if len(shape) == 3 else noise.astype(np.float32)
    return X, y, np.arange(len(y)) // 2


def task_for(name, shape, **settings):
    """Return a job on images or rows of ``shape``; every ninth case is kept for validation."""
    model, (X, y, groups) = new(name, **settings), cases(shape)
    table = len(shape) == 1
    image = ImageSettings(
        size=shape[:2] if not table else (8, 8),
        channels=1 if table else shape[2],
        augment=Augmentation(flip_top_bottom=True),
        flip_test=True,
    )
    balance, rows, left = balancing({"method": "oversample"}), np.arange(len(y)), np.arange(len(y)) % 9 == 0
    return Task(
        model=model,
        training=TrainingSettings(
            epochs=3, batch_size=8, reduce_lr=1, average=0.5, calibrate=True, precision="float32", seed=3
        ),
        balance=balance,
        recipe=balance.recipe(X, y[~left], 3, rows[~left]),
        X=X if table else model.extractor.extract(X),
        y=y,
        groups=groups,
        validation=rows[left],
        shape=(1, shape[0], 1) if table else shape,
        classes=3,
        image=image,
        title="job",
    )


def load(task, learned):
    return learner_of(task.model).load(task.model, learned.files[task.model.file], task.shape, task.classes, task.image)


FROZEN = {"freeze": "all"}
"""Of the large networks only the last layer is trained here, on their features; all of one, as of Lite0."""
LITE = {"efficientnet_lite0"} & MODELS.keys()
JOBS = [
    *(pytest.param((name, FROZEN if name in LARGE else {}), id=name) for name in networks if name != timm),
    *(pytest.param((name, FROZEN), id=f"{name}-frozen") for name in LITE),
    *(pytest.param((name, {}), id=name) for name in classical),
    pytest.param(("knn", {"features": "hog"}), id="knn-hog"),
]


@pytest.fixture(scope="module", params=JOBS)
def job(request):
    """A task, what was learned from it and what was reported; each is trained once for all tests."""
    name, settings = request.param
    shape = (33, 34, 1) if settings.get("features") == "hog" else fitting(name, SHAPES[0])
    task = task_for(name, shape, **settings)
    return task, *train(task)


def test_equal_tasks_give_equal_bytes(job):
    task, learned, reports = job
    assert train(task)[0].files == learned.files
    assert all(report.line and json.dumps(report.facts) for report in reports)
    texts = [content for file, content in learned.files.items() if file != task.model.file]
    assert texts
    assert not any(b"seconds" in text for text in texts)


def test_the_file_predicts_as_the_training_did(job):
    task, learned, _ = job
    X, rows = cases(task.shape)[0], task.validation[:3]
    # image by image: among others the sums of a deep network are made in another order
    seen = [task.model.extractor.extract(X[row : row + 1]) for row in rows]
    p = np.concatenate([learned.classifier.probabilities(row) for row in seen])
    np.testing.assert_allclose(load(task, learned).probabilities(X, rows), p, atol=1e-6)


def test_a_training_that_was_stopped_goes_on_to_the_same_bytes(job):
    task, learned, reports = job
    assert len(reports) == (3 if task.model.kind == "network" else 1)
    epochs = list(enumerate(reports, start=1))
    for epoch, report in (
        epochs if len(learned.files[task.model.file]) < 5_000_000 else epochs[1:2]
    ):  # a large network takes long
        resumed, rest = train(task, report.state)
        assert resumed.files == learned.files
        assert len(rest) == (len(reports) - epoch if report.state else len(reports))


def test_a_job_whose_model_is_not_wanted_gives_the_same_without_it(job):
    task, learned, _ = job
    files = train(replace(task, kept=False))[0].files
    assert learned.files == files | {task.model.file: learned.files[task.model.file]}
    assert files


def test_a_file_of_other_classes_is_refused(job):
    task, learned, _ = job
    with pytest.raises(IntegrityError, match="MODEL_CLASSES"):
        load(replace(task, classes=4), learned)


@network
def test_without_validation_cases_a_network_is_not_trained(name):
    with pytest.raises(StudyError, match="VALIDATION_MISSING"):
        train(replace(task_for("rnn", SHAPES[0]), model=new(name), validation=np.empty(0, int)))


@estimator
@pytest.mark.parametrize("shape", [(6, 9, 3), (5,)])
def test_images_and_tables_become_probabilities_of_every_class(name, shape):
    X, y, _ = cases(shape)
    task = task_for(name, shape)
    learned, _ = train(replace(task, recipe=task.balance.recipe(X, y, 3)))
    p = learned.classifier.probabilities(X)
    assert p.shape == (42, 3)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)
    assert (p.argmax(1) == y).mean() > 0.9
    np.testing.assert_allclose(learned.classifier.probabilities(X[2:3]), p[2:3], atol=1e-6)
    np.testing.assert_allclose(load(task, learned).probabilities(X), p, atol=1e-6)


@estimator
@pytest.mark.parametrize("shape", [(6, 9, 3), (1, 5, 1)])
def test_description_goes_from_what_is_seen_to_the_classes(name, shape):
    layers = make({"name": name, "pca": 4}).describe(shape, 3)
    assert layers[0].shape == (np.prod(shape),)
    assert layers[-1].shape == (3,)
    assert all(layer.name and layer.parameters == 0 and layer.purpose.endswith(".") for layer in layers)


@every_model
def test_settings_survive_json(name):
    model = make({"name": name})
    assert make({"name": name, **json.loads(model.model_dump_json())}) == model


@every_model
def test_mistakes_are_named_with_the_nearest_key(name):
    key = next(iter(MODELS[name].model_fields))
    with pytest.raises(StudyError, match=rf"model\.{key}x is not a known key; did you mean '{key}'"):
        make({"name": name, f"{key}x": 1})


@every_model
def test_unknown_name_suggests_this_one(name):
    with pytest.raises(StudyError, match=f"did you mean '{name}'"):
        make({"name": name.upper()})

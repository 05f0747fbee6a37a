"""Arrays in .npz and .npy files: what is in them, and their rows a block at a time; no pickle is ever read."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from seimbang.datasets.names import SPLITS
from seimbang.datasets.roles import LABELS, PATIENTS, plain
from seimbang.errors import DataError

BLOCK_BYTES = 1 << 24
WHOLE_BYTES = 1 << 31
"""Arrays that must be held whole, such as labels, may have so many bytes."""
IMAGES = ("images", "image", "imgs", "img", "x", "volumes", "volume", "scans", "pixels", "data", "citra", "gambar")
LABEL_NAMES = (*LABELS, "targets", "classes", "ys")
GROUPS = (*PATIENTS, "patients", "subjects", "groups", "group")
SHORT = {"train": "train", "validation": "val", "test": "test", "": ""}
"""Names of the parts in names of cases, as MedMNIST has them."""


@dataclass(frozen=True)
class Array:
    """One array of a file.

    Attributes:
        path: The file.
        member: Its name in an npz; ``""`` for a .npy.
        shape: Its shape.
        dtype: The type of its values.
        fortran: Whether its first axis varies fastest.
    """

    path: Path
    member: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool

    @classmethod
    def of(cls, path: Path, member: str = "") -> Array:
        """Read the header.

        Raises:
            DataError: ``DATA_NPZ``.
        """
        with _opened(path, member) as file:
            shape, fortran, dtype = _header(file)
        if dtype.hasobject or dtype.names is not None:
            raise refusal(path, f"{member or path.stem} with objects", "save plain numbers, without pickle")
        return cls(path, member, shape, dtype, fortran and len(shape) > 1)

    @property
    def title(self) -> str:
        """Name, type and shape."""
        return f"{self.member or self.path.stem} of {self.dtype}{list(self.shape)}"

    def blocks(self) -> Iterator[npt.NDArray[Any]]:
        """Yield the rows, some megabytes at a time.

        Raises:
            DataError: ``DATA_NPZ``: the file ends early or is damaged.
        """
        if self.fortran:
            yield self.whole()
            return
        size = self.dtype.itemsize * prod(self.shape[1:])
        step = max(1, BLOCK_BYTES // max(1, size))
        with _opened(self.path, self.member) as file:
            _header(file)
            for start in range(0, self.shape[0], step):
                yield self._read(file, (min(step, self.shape[0] - start), *self.shape[1:]))
            if file.read(1):
                raise ValueError("more values than the header says")

    def whole(self) -> npt.NDArray[Any]:
        """Return all rows.

        Raises:
            DataError: ``DATA_NPZ``: as for `blocks`, or too large to be held.
        """
        if self.dtype.itemsize * prod(self.shape) > WHOLE_BYTES:
            fix = "save it with np.ascontiguousarray(...)" if self.fortran else "save fewer rows"
            raise refusal(self.path, f"{self.title}, which does not fit in memory", fix)
        if not self.fortran:
            return np.concatenate([np.empty((0, *self.shape[1:]), self.dtype.newbyteorder("=")), *self.blocks()])
        with _opened(self.path, self.member) as file:
            _header(file)
            return self._read(file, self.shape[::-1]).T

    def _read(self, file: IO[bytes], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        data = file.read(self.dtype.itemsize * prod(shape))
        return np.frombuffer(data, self.dtype).reshape(shape).astype(self.dtype.newbyteorder("="), copy=False)


@dataclass(frozen=True)
class Part:
    """The arrays of one part.

    Attributes:
        name: train, validation, test or ``""``.
        images: One row an image or a volume.
        labels: One row an image.
        patients: One name an image, or None.
        others: Names of further arrays that may hold the labels.
    """

    name: str
    images: Array
    labels: Array
    patients: Array | None
    others: tuple[str, ...] = ()


def arrays_in(path: Path) -> dict[str, Array]:
    """Return the arrays of an npz, or of the .npy files in the folder of one, by name.

    Raises:
        DataError: ``DATA_NPZ``.
    """
    if path.suffix.lower() != ".npy":
        return {name: Array.of(path, name) for name in _members(path)}
    beside = {file.stem: file for file in sorted(path.parent.glob("*.npy")) if file == path or _known(file.stem)}
    return {name: Array.of(file) for name, file in beside.items()}


def _known(name: str) -> bool:
    return any(_part_of(name, roles) is not None for roles in (IMAGES, LABEL_NAMES, GROUPS))


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as file:
            names = file.namelist()
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise refusal(path, f"content that is no plain npz ({error})") from error
    if len(set(names)) < len(names):
        raise refusal(path, "two arrays of one name")
    return [name.removesuffix(".npy") for name in names if name.endswith(".npy")]


def parts_in(path: Path, label: str = "", group: str = "") -> list[Part]:
    """Return the parts of a file, in the order of the names of their cases.

    Args:
        path: An npz, or a .npy with images beside one with labels.
        label: Name of the array with the labels, without the part; ``""`` for the likeliest.
        group: Name of the array with the patients, without the part; ``""`` for the likeliest, if there is one.

    Raises:
        DataError: ``DATA_NPZ``.
    """
    arrays = arrays_in(path)
    images = _by_part(arrays, IMAGES)
    if path.suffix.lower() == ".npy" and not any(path.stem in names for names in images.values()):
        own = {} if _part_of(path.stem, LABEL_NAMES) is not None else {"": [path.stem]}
        images = images | own
    images = images or _the_only_images(arrays)
    if "" in images and len(images) > 1:
        images = {"train" if part == "" and "train" not in images else part: names for part, names in images.items()}
    labels, patients = (
        _by_part(arrays, (label,) if label else LABEL_NAMES),
        _by_part(arrays, (group,) if group else GROUPS),
    )
    if not images:
        raise refusal(path, f"the arrays {', '.join(each.title for each in arrays.values()) or '(none)'}")
    if "" in images and len(images) > 1:
        raise refusal(path, "images with and without a part", "name every array with its part, as in train_images")
    made = [_part(path, part, names[0], arrays, labels, patients, bool(label)) for part, names in images.items()]
    if group and not all(part.patients for part in made):
        raise _absent(path, group, arrays, "--group")
    return sorted(made, key=lambda part: SHORT[part.name])


def _part(
    path: Path,
    name: str,
    images: str,
    arrays: dict[str, Array],
    labels: dict[str, list[str]],
    patients: dict[str, list[str]],
    asked: bool,
) -> Part:
    start = "" if name == "train" and not labels.get(name) else name
    rows, own = arrays[images].shape[:1], [each for each in labels.get(start, []) if each != images]
    if not own and not asked:
        own = [key for key, each in arrays.items() if key != images and _may_label(each, rows, name)]
        own = own if len(own) == 1 else []
    if not own:
        expected = f"the labels of {images}" if not asked else "an array of that name"
        raise refusal(path, f"no array with {expected} among {', '.join(sorted(arrays))}", _fix(path))
    who = patients.get(start, [])
    return Part(name, arrays[images], arrays[own[0]], arrays[who[0]] if who else None, tuple(own[1:]))


def _absent(path: Path, name: str, arrays: dict[str, Array], option: str) -> DataError:
    return refusal(
        path, f"no array {name!r} among {', '.join(sorted(arrays))}", f"seimbang init {path.name} {option} NAME"
    )


def _may_label(array: Array, rows: tuple[int, ...], part: str) -> bool:
    """Whether an array without a known name can hold the labels of so many images of this part."""
    mine = not part or part in plain(array.member or array.path.stem).split("_")
    return mine and array.shape[:1] == rows and len(array.shape) <= 2 and array.dtype.kind in "biuUS"


def _the_only_images(arrays: dict[str, Array]) -> dict[str, list[str]]:
    names = [name for name, array in arrays.items() if len(array.shape) > 2]
    return {"": names} if len(names) == 1 else {}


def _by_part(arrays: dict[str, Array], roles: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the names of the arrays with one of these roles by part, the likeliest first."""
    named: dict[str, list[str]] = {}
    for role in roles:
        for name in arrays:
            part = _part_of(name, (plain(role),))
            if part is not None and name not in named.setdefault(part, []):
                named[part].append(name)
    return {part: names for part, names in named.items() if names}


def _part_of(name: str, roles: tuple[str, ...]) -> str | None:
    """Return the part that an array's name says, None where it has none of these roles."""
    parts, role = "|".join(map(plain, SPLITS)), "|".join(map(re.escape, roles))
    match = re.fullmatch(rf"(?:({parts})_?)?(?:{role})(?:_?({parts}))?", plain(name))
    return SPLITS.get(match[1] or match[2] or "", "") if match else None


@contextmanager
def _opened(path: Path, member: str) -> Iterator[IO[bytes]]:
    """Open an array; whatever is wrong with it while it is read is a ``DataError``."""
    try:
        if not member:
            with path.open("rb") as file:
                yield file
            return
        with zipfile.ZipFile(path) as whole, whole.open(f"{member}.npy") as file:
            yield file
    except DataError:
        raise
    except Exception as error:  # numpy and zipfile raise nearly every type there is on damaged files
        raise refusal(path, f"damaged content of {member or path.name} ({error})") from error


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of the format")
    shape, fortran, dtype = read(file)
    return shape, fortran, dtype


def _fix(path: Path) -> str:
    return f"seimbang init {path.name} --label NAME_OF_THE_ARRAY"


def refusal(path: Path, found: str, fix: str = "save the arrays in this form") -> DataError:
    """Return ``DATA_NPZ`` for a file whose arrays are no images with labels."""
    expected = "images[n, h, w], [n, h, w, 3] or [n, d, h, w] with n labels; or train_images, train_labels, and so on"
    return DataError("DATA_NPZ", f"{found} in {path.name}", expected, fix)

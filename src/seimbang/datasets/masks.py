"""Masks: pictures of where something is in another picture, which lie beside it and are no cases."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from seimbang.imaging.other_formats import without_ending

_WORDS = (
    r"masks?|segs?|segment(?:ed|ation|ations)?|segmentasi|annotat(?:ed|ion|ions)|anotasi|contours?|kontur"
    r"|ground[\s_-]?truths?|gt|rois?|labels?|overlays?|superpixels?"
)
_FOLDER = re.compile(rf"(?:{_WORDS})", re.I)
_ENDING = re.compile(rf"(.+?)(?:[\s_\-.]+(?:{_WORDS})|masks?)(?:[\s_\-.]*\(?\d+\)?)?", re.I)
_START = re.compile(rf"(?:{_WORDS})[\s_\-.]+(.+)", re.I)
_IMAGE_ENDING = re.compile(r"[\s_\-.]+(?:images?|img|original|orig|raw)$", re.I)
_SHARE = 0.5
"""Of the files in a folder called masks beside the classes, the share that must have an image to be masks."""


def masks(paths: Iterable[str]) -> set[str]:
    """Return those of the images that are masks of others.

    A mask lies in a folder called so (``masks``, ``segmentation``, ``ground truth``, ...), or is called like an image
    with such a word before or after (``x.png``, ``x_mask.png``), in the same folder or one beside it.

    Args:
        paths: Images, POSIX, below the data folder.
    """
    images = [PurePosixPath(path) for path in paths]
    by_folder = _in_folders(images)
    rest = [path for path in images if path not in by_folder]
    return {path.as_posix() for path in by_folder | _by_name(rest)}


def _in_folders(images: list[PurePosixPath]) -> set[PurePosixPath]:
    """Return the images in folders of masks."""
    inside: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
    for path in images:
        folder = next((folder for folder in reversed(path.parents) if _FOLDER.fullmatch(folder.name)), None)
        if folder is not None:
            inside[folder].append(path)
    if not inside:
        return set()
    under: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
    for path in images:
        if not any(_FOLDER.fullmatch(folder.name) for folder in path.parents):
            for folder in path.parents:
                under[folder].append(path)
    return {path for folder, paths in inside.items() if _is_of_masks(folder, paths, under) for path in paths}


def _is_of_masks(
    folder: PurePosixPath, paths: list[PurePosixPath], under: dict[PurePosixPath, list[PurePosixPath]]
) -> bool:
    """Tell whether a folder with such a name holds masks, and is not a class that is called so.

    One below a class does where the class has other images; one beside classes where its files are called like theirs.
    """
    beside = under.get(folder.parent, [])
    if any(path.parent == folder.parent for path in beside):
        return True
    depth = len(folder.parts)
    siblings = {path.parts[depth - 1] for path in beside}
    if depth > 1 and len(siblings) == 1 and _is_of_images(next(iter(siblings))):
        return True
    if len(siblings) < 2 and not any(map(_is_of_images, siblings)):
        return False
    names = {_plain(path) for path in beside}
    return sum(_plain(path) in names for path in paths) >= _SHARE * len(paths)


def _is_of_images(folder: str) -> bool:
    return re.fullmatch(r"(?:images?|imgs?|originals?|raw|citra|gambar|data)", folder, re.I) is not None


def _by_name(images: list[PurePosixPath]) -> set[PurePosixPath]:
    """Return the images that are called like another one and a mask; of a folder that has such, those without too."""
    candidates = {path: name for path in images if (name := _image_of(path)) is not None}
    others = [path for path in images if path not in candidates]
    stems = {
        (path.parent, name)
        for path in others
        for name in (without_ending(path.name).casefold(), _without_image(without_ending(path.name)))
    }
    above = {(folder.parent, name) for folder, name in stems}
    paired = {
        path for path, name in candidates.items() if (path.parent, name) in stems or (path.parent.parent, name) in above
    }
    folders = Counter(path.parent for path in paired)
    return {path for path in candidates if path in paired or folders[path.parent]}


def _image_of(path: PurePosixPath) -> str | None:
    """Return the name, without its ending, of the image that a file called a mask would belong to."""
    match = _ENDING.fullmatch(without_ending(path.name)) or _START.fullmatch(without_ending(path.name))
    return _without_image(match[1]) if match else None


def _plain(path: PurePosixPath) -> str:
    """Return the name of a file without its ending and without what says that it is a mask, or an image."""
    return _image_of(path) or _without_image(without_ending(path.name))


def _without_image(stem: str) -> str:
    return _IMAGE_ENDING.sub("", stem.casefold()).strip()

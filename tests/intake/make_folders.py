"""Folders and archives of images as people have them, and what must be understood of each.

python tests/intake/make_folders.py FOLDER          # writes all of them there, to look at
"""

import io
import struct
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

SIDE = 20


@dataclass(frozen=True)
class Input:
    """One folder or archive.

    Attributes:
        make: Writes it into an empty folder and returns its path.
        counts: Cases of each class.
        positive: The class to be taken as the one that matters.
        splits: Cases of each part, where there are parts.
        patients: How many patients, where they can be told.
        left: How many files of each class (``""`` for none) are left out for which reason.
        noted: How many files are used although there is something to say of them.
        findings: Codes of warnings that the audit must give.
        channels: 1 for grey images.
        side: Of the suggested size.
    """

    make: Callable[[Path], Path]
    counts: dict[str, int]
    positive: str
    splits: dict[str, int] = field(default_factory=dict)
    patients: int = 0
    left: dict[tuple[str, str], int] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    channels: int = 1
    side: int = SIDE


def pixels(seed: str, colour: bool = False) -> np.ndarray:
    """Return an image that no other seed has."""
    rng = np.random.default_rng(zlib.crc32(seed.encode("utf-8", "surrogatepass")))
    return rng.integers(0, 256, (SIDE, SIDE, 3) if colour else (SIDE, SIDE), dtype=np.uint8)


def image(path: Path, kind: str = "", colour: bool = False, **options: object) -> None:
    """Write an image, in the format of its ending unless said otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(str(path), colour)).save(path, kind or None, **options)


def images(root: Path, *paths: str) -> Path:
    """Write an image under each of these paths."""
    for path in paths:
        image(root / path)
    return root


def numbered(root: Path, **counts: int) -> Path:
    """Write numbered images in class folders; ``__`` stands for a slash."""
    return images(root, *(f"{name.replace('__', '/')}/{k}.png" for name, count in counts.items() for k in range(count)))


def text(path: Path, said: str = "x") -> None:
    """Write a text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(said, encoding="utf-8")


def link(path: Path, target: str) -> None:
    """Make a link."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def cut(path: Path, *, to: float = 0.6) -> None:
    """Cut a file off."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * to)])


def packed(folder: Path, name: str, inside: str = "") -> Path:
    """Pack a folder into an archive, below the folder ``inside`` of it."""
    path = folder.parent / name
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"{inside}{file.relative_to(folder).as_posix()}")
    return path


def plain(root: Path) -> Path:
    return numbered(root / "chest", normal=6, pneumonia=4)


def mixed_formats(root: Path) -> Path:
    names = ("1.png", "2.PNG", "3.jpg", "4.JPEG", "5.tif", "6.TIFF", "7.bmp", "8.webp", "9.gif", "10.Jpg")
    return images(root / "mixed", *(f"{label}/{name}" for label in ("sehat", "TB") for name in names))


def without_endings(root: Path) -> Path:
    for label in ("normal", "sick"):
        for name, kind in (("a", "PNG"), ("b", "JPEG"), ("c.001", "TIFF"), ("d.dat", "BMP"), ("scan.v2", "WEBP")):
            image(root / "odd" / label / name, kind)
        text(root / "odd" / label / "note")
    return root / "odd"


def deep_tiff(root: Path) -> Path:
    for label in ("normal", "sick"):
        for k in range(4):
            deep = pixels(f"{label}{k}").astype(np.uint16) * 13 + 700
            path = root / "deep" / label / f"{k}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            ways = ({}, {"bigtiff": True}, {"tile": (16, 16), "compression": "deflate"}, {"photometric": "miniswhite"})
            tifffile.imwrite(path, deep, **ways[k])
        tifffile.imwrite(root / "deep" / label / "float.tif", (pixels(label) / 255).astype(np.float32))
    return root / "deep"


def busi(root: Path) -> Path:
    for label, count in (("benign", 6), ("malignant", 4), ("normal", 3)):
        for k in range(1, count + 1):
            images(root / "busi", f"{label}/{label} ({k}).png", f"{label}/{label} ({k})_mask.png")
    return images(root / "busi", "benign/benign (1)_mask_1.png")


def folders_of_masks(root: Path) -> Path:
    paths = [
        f"{label}/{kind}/{label}-{k}.png"
        for label in ("COVID", "Normal")
        for kind in ("images", "masks")
        for k in range(5)
    ]
    return images(root / "radiography", *paths)


def masks_in_the_class(root: Path) -> Path:
    numbered(root / "set", normal=5, sick=5)
    return images(root / "set", *(f"sick/masks/{k}.png" for k in range(5)))


def masks_beside_the_classes(root: Path) -> Path:
    paths = [
        f"{kind}/{label}/{k}.png" for kind in ("images", "masks") for label in ("normal", "sick") for k in range(4)
    ]
    return images(root / "paired", *paths)


def segmentations(root: Path) -> Path:
    names = [f"{label}/ISIC_{k:04}.jpg" for label in ("melanoma", "nevus") for k in range(5)]
    images(root / "skin", *names)
    return images(root / "skin", *(name.replace(".jpg", "_segmentation.png") for name in names[:7]), "nevus/X_seg.png")


def mask_is_a_class(root: Path) -> Path:
    return images(root / "faces", *(f"{label}/{label}{k}.png" for label in ("mask", "no_mask") for k in range(5)))


def junk(root: Path) -> Path:
    numbered(root / "set", normal=5, sick=5)
    for name in (
        "Thumbs.db",
        "normal/.DS_Store",
        "normal/readme.txt",
        "sick/desktop.ini",
        "sick/scores.xlsx",
        "sick/1.png~",
    ):
        text(root / "set" / name)
    images(root / "set", "__MACOSX/normal/._1.png", ".cache/1.png", "sick/._1.png")
    return root / "set"


def table_beside(root: Path) -> Path:
    text(root / "set" / "metadata.csv", "image,age\n1,60\n")
    return numbered(root / "set", normal=5, sick=5)


def folder_in_folder(root: Path) -> Path:
    return numbered(root / "chest", chest__chest__normal=4, chest__chest__sick=3)


def copy_inside(root: Path) -> Path:
    paths = [f"{part}/{label}/{k}.png" for part in ("train", "test") for label in ("NORMAL", "SICK") for k in range(3)]
    images(root / "chest_xray", *paths)
    return images(root / "chest_xray", *(f"chest_xray/{path}" for path in paths))


def around(root: Path) -> Path:
    return numbered(root / "download", Dataset_final__normal=4, Dataset_final__sick=3)


def indonesian(root: Path) -> Path:
    parts = {"latih": 4, "validasi": 2, "uji": 3}
    return numbered(
        root / "set", **{f"{part}__{label}": n for part, n in parts.items() for label in ("sehat", "sakit")}
    )


def parts_with_words(root: Path) -> Path:
    parts = {"Data Latih": 4, "DEV": 2, "test_set": 3}
    return numbered(
        root / "set", **{f"{part}__{label}": n for part, n in parts.items() for label in ("normal", "sick")}
    )


def capitals(root: Path) -> Path:
    parts = {"PELATIHAN": 4, "Pengujian": 2}
    return numbered(
        root / "set", **{f"{part}__{label}": n for part, n in parts.items() for label in ("normal", "sick")}
    )


def parts_below_classes(root: Path) -> Path:
    return numbered(root / "set", normal__train=4, normal__val=1, normal__test=2, sick__train=3, sick__test=2)


def doubled_parts(root: Path) -> Path:
    return numbered(
        root / "set", train__train__normal=4, train__train__sick=3, test__test__normal=2, test__test__sick=2
    )


def odd_names(root: Path) -> Path:
    return images(
        root / "set",
        *(f"{label}/{k}.png" for label in ("Kelas 1", "naïve à côté", "2 – berat (III)") for k in range(4)),
    )


def spelt_differently(root: Path) -> Path:
    names = {
        "train/Normal": 5,
        "test/NORMAL ": 2,
        "train/Non-COVID": 3,
        "test/non covid": 1,
        "train/COVID": 4,
        "test/Covid": 2,
    }
    return images(root / "set", *(f"{name}/{k}.png" for name, count in names.items() for k in range(count)))


def accents(root: Path) -> Path:
    composed, decomposed = (unicodedata.normalize(form, "pneumopathie aiguë") for form in ("NFC", "NFD"))
    names = {f"train/{composed}": 4, f"test/{decomposed}": 2, "train/saine": 4, "test/saine": 2}
    return images(root / "set", *(f"{name}/{k}.png" for name, count in names.items() for k in range(count)))


def signs(root: Path) -> Path:
    return images(root / "set", *(f"{label}/{k}.png" for label in ("ER+", "ER-", "1.5", "15") for k in range(3)))


def patients_as_folders(root: Path) -> Path:
    return images(
        root / "set",
        *(f"{label}/{label[0]}{p:02}/{k}.png" for label in ("normal", "tumor") for p in range(6) for k in range(3)),
    )


def patients_and_studies(root: Path) -> Path:
    paths = [
        f"{label}/p{p}/study {s}/{k}.png"
        for label in ("negative", "positive")
        for p in range(5)
        for s in (1, 2)
        for k in (1, 2)
    ]
    return images(root / "set", *paths)


def patients_in_names(root: Path) -> Path:
    names = [
        f"{label}/patient{p + 7 * (label == 'sick')}_{k}.png"
        for label in ("normal", "sick")
        for p in range(7)
        for k in range(3)
    ]
    return images(root / "set", *names)


def numbers_in_names(root: Path) -> Path:
    paths = [
        f"{label}/{p + 100 * (label == 'Effusion'):08}_{k:03}.png"
        for label in ("Effusion", "No Finding")
        for p in range(8)
        for k in range(3)
    ]
    return images(root / "set", *paths)


def linked_patients(root: Path) -> Path:
    images(
        root / "set",
        *(f"{label}/p{p}{label[0]}/{k}.png" for label in ("normal", "sick") for p in range(4) for k in range(2)),
    )
    images(root / "set", *(f".store/q{p}/{k}.png" for p in range(4) for k in range(2)))
    for p in range(4):
        link(root / "set" / ("normal", "sick")[p % 2] / f"q{p}", f"../.store/q{p}")
    link(root / "set" / "sick" / "up", "..")
    return root / "set"


def linked_from_a_store(root: Path) -> Path:
    images(root / "set", *(f"all/{k}.png" for k in range(8)))
    for k in range(8):
        link(root / "set" / ("normal", "sick")[k % 2] / f"{k}.png", f"../all/{k}.png")
    return root / "set"


def linked_files(root: Path) -> Path:
    numbered(root / "set", normal=5, sick=5)
    link(root / "set" / "normal" / "again.png", "1.png")
    link(root / "set" / "sick" / "gone.png", "nothing.png")
    link(root / "set" / "sick" / "elsewhere.png", "/etc/hostname")
    return root / "set"


def archive(root: Path) -> Path:
    return packed(plain(root), "chest.zip")


def wrapped_archive(root: Path) -> Path:
    folder = numbered(root / "x", train__normal=4, train__sick=3, test__normal=2, test__sick=2)
    text(folder / "__MACOSX" / "._x")
    return packed(folder, "scans.zip", "my scans/")


def archive_of_windows(root: Path) -> Path:
    path = root / "set.zip"
    with zipfile.ZipFile(path, "w") as file:
        for label in ("santé", "malade"):
            for k in range(4):
                content = io.BytesIO()
                Image.fromarray(pixels(f"{label}{k}")).save(content, "PNG")
                member = zipfile.ZipInfo(f"{label}\\{k}.png")
                member.filename = member.filename.encode("utf-8").decode("cp437")  # as packers that do not say UTF-8
                file.writestr(member, content.getvalue())
    path.write_bytes(_without_utf8(path))
    return path


def _without_utf8(path: Path) -> bytes:
    """Return an archive whose names are raw UTF-8 and not marked as such."""
    data = path.read_bytes()
    for label in ("santé", "malade"):
        for k in range(4):
            wanted = f"{label}\\{k}.png".encode()
            written = wanted.decode("cp437").encode("utf-8")
            data = data.replace(written, wanted + b"_" * (len(written) - len(wanted)))
    return data


def mostly_tiff(root: Path) -> Path:
    for k in range(20):
        image(root / "set" / "sick" / f"{k}.{'tif' if k % 5 else 'png'}")
    return numbered(root / "set", normal=20)


def mostly_dicom(root: Path) -> Path:
    numbered(root / "set", normal=20, sick=4)
    for k in range(16):
        (root / "set" / "sick" / f"{k}.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\0" * 200)
    return root / "set"


def no_end_marker(root: Path) -> Path:
    for label in ("normal", "sick"):
        for k in range(6):
            image(root / "set" / label / f"{k}.jpg")
            if label == "sick":
                path = root / "set" / label / f"{k}.jpg"
                path.write_bytes(path.read_bytes()[:-2] + b"\0" * 100 * (k % 2))
    return root / "set"


def phones(root: Path) -> Path:
    for label in ("normal", "sick"):
        for k in range(4):
            path = root / "set" / label / f"IMG_{k}.JPG"
            second = Image.fromarray(pixels(f"second {k}"))
            image(path, "MPO", save_all=True, append_images=[second])
    return root / "set"


def rare_normal(root: Path) -> Path:
    return numbered(root / "set", normal=2, **{"COVID 19": 6}, lung_cancer=9)


def colours(root: Path) -> Path:
    for label in ("akiec", "nv"):
        for k in range(6):
            image(root / "skin" / label / f"{k}.png", colour=True)
    return root / "skin"


def loose(root: Path) -> Path:
    images(root / "set", "montage.png")
    return numbered(root / "set", normal=20, sick=20)


def damaged(root: Path) -> Path:
    numbered(root / "set", normal=20, sick=20)
    cut(root / "set" / "sick" / "3.png")
    (root / "set" / "sick" / "4.png").write_bytes(b"")
    text(root / "set" / "normal" / "5.png", "no image")
    return root / "set"


def linked_out(root: Path) -> Path:
    images(root / "elsewhere", "1.png")
    numbered(root / "set", normal=5, sick=5)
    link(root / "set" / "sick" / "more", "../../elsewhere")
    return root / "set"


MASK, SYSTEM, OTHER, LINK, COPY = "FILE_MASK", "FILE_SYSTEM", "FILE_OTHER", "FILE_LINK", "FILE_COPY"
UNDERSTOOD: dict[str, Input] = {
    "plain": Input(plain, {"normal": 6, "pneumonia": 4}, "pneumonia"),
    "mixed formats": Input(mixed_formats, {"sehat": 10, "TB": 10}, "TB"),
    "without endings": Input(
        without_endings, {"normal": 5, "sick": 5}, "sick", left={("normal", OTHER): 1, ("sick", OTHER): 1}
    ),
    "deep TIFF": Input(deep_tiff, {"normal": 5, "sick": 5}, "sick"),
    "BUSI": Input(
        busi,
        {"benign": 6, "malignant": 4, "normal": 3},
        "malignant",
        left={("benign", MASK): 7, ("malignant", MASK): 4, ("normal", MASK): 3},
    ),
    "folders of masks": Input(
        folders_of_masks, {"COVID": 5, "Normal": 5}, "COVID", left={("COVID", MASK): 5, ("Normal", MASK): 5}
    ),
    "masks in one class": Input(masks_in_the_class, {"normal": 5, "sick": 5}, "sick", left={("sick", MASK): 5}),
    "masks beside": Input(masks_beside_the_classes, {"normal": 4, "sick": 4}, "sick", left={("", MASK): 8}),
    "segmentations": Input(
        segmentations, {"melanoma": 5, "nevus": 5}, "melanoma", left={("melanoma", MASK): 5, ("nevus", MASK): 3}
    ),
    "a class called mask": Input(mask_is_a_class, {"mask": 5, "no_mask": 5}, "mask"),
    "junk": Input(
        junk,
        {"normal": 5, "sick": 5},
        "sick",
        left={("", SYSTEM): 3, ("normal", SYSTEM): 1, ("normal", OTHER): 1, ("sick", SYSTEM): 3, ("sick", OTHER): 1},
    ),
    "a table beside": Input(table_beside, {"normal": 5, "sick": 5}, "sick", left={("", OTHER): 1}),
    "folder in folder": Input(folder_in_folder, {"normal": 4, "sick": 3}, "sick"),
    "copy inside": Input(
        copy_inside, {"NORMAL": 6, "SICK": 6}, "SICK", splits={"train": 6, "test": 6}, left={("", COPY): 12}
    ),
    "a folder around": Input(around, {"normal": 4, "sick": 3}, "sick"),
    "Indonesian parts": Input(
        indonesian, {"sehat": 9, "sakit": 9}, "sakit", splits={"train": 8, "validation": 4, "test": 6}
    ),
    "parts with words": Input(
        parts_with_words, {"normal": 9, "sick": 9}, "sick", splits={"train": 8, "validation": 4, "test": 6}
    ),
    "parts in capitals": Input(capitals, {"normal": 6, "sick": 6}, "sick", splits={"train": 8, "test": 4}),
    "parts below classes": Input(
        parts_below_classes, {"normal": 7, "sick": 5}, "sick", splits={"train": 7, "validation": 1, "test": 4}
    ),
    "doubled parts": Input(doubled_parts, {"normal": 6, "sick": 5}, "sick", splits={"train": 7, "test": 4}),
    "odd names": Input(odd_names, {"Kelas 1": 4, "naïve à côté": 4, "2 – berat (III)": 4}, "2 – berat (III)"),
    "spelt differently": Input(
        spelt_differently,
        {"Normal": 7, "Non-COVID": 4, "COVID": 6},
        "COVID",
        splits={"train": 12, "test": 5},
        findings=("CLASS_NAMES",),
    ),
    "accents": Input(
        accents,
        {"pneumopathie aiguë": 6, "saine": 6},
        "pneumopathie aiguë",
        splits={"train": 8, "test": 4},
        findings=("CLASS_NAMES",),
    ),
    "signs": Input(signs, {"ER+": 3, "ER-": 3, "1.5": 3, "15": 3}, "1.5"),
    "patients as folders": Input(patients_as_folders, {"normal": 18, "tumor": 18}, "tumor", patients=12),
    "patients and studies": Input(patients_and_studies, {"negative": 20, "positive": 20}, "positive", patients=10),
    "patients in names": Input(patients_in_names, {"normal": 21, "sick": 21}, "sick", patients=14),
    "numbers in names": Input(numbers_in_names, {"Effusion": 24, "No Finding": 24}, "Effusion", patients=16),
    "linked patients": Input(
        linked_patients,
        {"normal": 12, "sick": 12},
        "sick",
        patients=12,
        left={("", SYSTEM): 8, ("sick", COPY): 1},
    ),
    "linked from a store": Input(linked_from_a_store, {"normal": 4, "sick": 4}, "sick", left={("", COPY): 8}),
    "linked files": Input(
        linked_files,
        {"normal": 5, "sick": 5},
        "sick",
        left={("normal", COPY): 1, ("sick", LINK): 2},
        findings=("FILES_LOST",),
    ),
    "archive": Input(archive, {"normal": 6, "pneumonia": 4}, "pneumonia"),
    "wrapped archive": Input(
        wrapped_archive, {"normal": 6, "sick": 5}, "sick", splits={"train": 7, "test": 4}, left={("", SYSTEM): 1}
    ),
    "archive of Windows": Input(archive_of_windows, {"santé": 4, "malade": 4}, "malade"),
    "mostly TIFF": Input(mostly_tiff, {"normal": 20, "sick": 20}, "sick"),
    "mostly DICOM": Input(
        mostly_dicom,
        {"normal": 20, "sick": 4},
        "sick",
        left={("sick", "IMG_NO_PIXELS"): 16},
        findings=("FILES_LOST", "UNREADABLE"),
    ),
    "no end marker": Input(
        no_end_marker, {"normal": 6, "sick": 6}, "sick", noted={"IMG_NO_END": 6}, findings=("FILES_NOTED",)
    ),
    "phones": Input(phones, {"normal": 4, "sick": 4}, "sick", noted={"IMG_FIRST_FRAME": 8}, findings=("FILES_NOTED",)),
    "rare normal": Input(rare_normal, {"normal": 2, "COVID 19": 6, "lung_cancer": 9}, "lung_cancer"),
    "colours": Input(colours, {"akiec": 6, "nv": 6}, "akiec", channels=3),
    "a loose image": Input(loose, {"normal": 20, "sick": 20}, "sick", left={("", "FILE_OUTSIDE"): 1}),
    "damaged": Input(
        damaged,
        {"normal": 19, "sick": 18},
        "sick",
        left={("normal", "IMG_NOT_IMAGE"): 1, ("sick", "IMG_TRUNCATED"): 1, ("sick", "IMG_EMPTY"): 1},
        findings=("UNREADABLE", "FILES_LOST"),
    ),
    "linked out": Input(
        linked_out, {"normal": 5, "sick": 5}, "sick", left={("sick", LINK): 1}, findings=("FILES_LOST",)
    ),
}


def not_there(root: Path) -> Path:
    return root / "chets"


def text_called_zip(root: Path) -> Path:
    text(root / "set.zip")
    return root / "set.zip"


def empty(root: Path) -> Path:
    (root / "set").mkdir()
    return root / "set"


def only_text(root: Path) -> Path:
    text(root / "set" / "a" / "1.txt")
    text(root / "set" / "b" / "1.txt")
    return root / "set"


def flat(root: Path) -> Path:
    return images(root / "set", *(f"{label}.{k}.png" for label in ("cat", "dog") for k in range(4)))


def one_class(root: Path) -> Path:
    return images(root / "set", *(f"sick/p{p}/{k}.png" for p in range(3) for k in range(3)))


def parts_beside_classes(root: Path) -> Path:
    return numbered(root / "set", train__normal=4, train__sick=4, sick=4)


def bomb(root: Path) -> Path:
    path = packed(plain(root), "bomb.zip")
    data = bytearray(path.read_bytes())
    at = 0
    while (at := data.find(b"PK\1\2", at)) >= 0:
        data[at + 24 : at + 28] = struct.pack("<I", 4_000_000_000)
        at += 4
    path.write_bytes(data)
    return path


def climbing(root: Path) -> Path:
    return packed(plain(root), "up.zip", "../")


def with_password(root: Path) -> Path:
    path = packed(plain(root), "secret.zip")
    data = bytearray(path.read_bytes())
    at = 0
    while (at := data.find(b"PK\1\2", at)) >= 0:
        data[at + 8] |= 1
        at += 4
    path.write_bytes(data)
    return path


def two_of_one_name(root: Path) -> Path:
    path = packed(plain(root), "twice.zip")
    path.write_bytes(path.read_bytes().replace(b"normal/1.png", b"normal/0.png"))
    return path


def over_one_another(root: Path) -> Path:
    """Every member of the archive is the first one."""
    path = packed(plain(root), "over.zip")
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\1\2")
    size = 0
    while (at := data.find(b"PK\1\2", at)) >= 0:
        size = size or len(data)
        data[at + 20 : at + 24] = struct.pack("<I", len(data) // 4)
        at += 4
    path.write_bytes(data)
    return path


def cut_archive(root: Path) -> Path:
    path = packed(plain(root), "cut.zip")
    cut(path)
    return path


def only_folders(root: Path) -> Path:
    (root / "x" / "normal").mkdir(parents=True)
    (root / "x" / "sick").mkdir()
    return packed(root / "x", "folders.zip")


def linked_class(root: Path) -> Path:
    images(root / "elsewhere", "1.png")
    numbered(root / "set", normal=5, sick=5)
    link(root / "set" / "third", "../elsewhere")
    return root / "set"


def all_linked_out(root: Path) -> Path:
    images(root / "elsewhere", *(f"{k}.png" for k in range(4)))
    for k in range(4):
        link(root / "set" / ("normal", "sick")[k % 2] / f"{k}.png", f"../../elsewhere/{k}.png")
    return root / "set"


def no_text(root: Path) -> Path:
    numbered(root / "set", normal=5, sick=5)
    text(root / "set" / "sick" / "x\udcff.png")
    return root / "set"


def nothing_readable(root: Path) -> Path:
    for label in ("normal", "sick"):
        for k in range(4):
            text(root / "set" / label / f"{k}.png")
    return root / "set"


def one_class_unreadable(root: Path) -> Path:
    numbered(root / "set", normal=6, sick=6)
    for k in range(6):
        cut(root / "set" / "sick" / f"{k}.png")
    return root / "set"


def no_archive(root: Path) -> Path:
    (root / "report.pdf").write_bytes(b"%PDF-1.7")
    return root / "report.pdf"


def only_masks(root: Path) -> Path:
    return images(root / "set", *(f"masks/{k}.png" for k in range(6)))


HOPELESS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "not there": (not_there, "DATA_MISSING"),
    "text called zip": (text_called_zip, "DATA_ZIP"),
    "empty": (empty, "DATA_EMPTY"),
    "only text": (only_text, "DATA_EMPTY"),
    "flat": (flat, "DATA_LAYOUT"),
    "one class": (one_class, "DATA_ONE_CLASS"),
    "parts beside classes": (parts_beside_classes, "DATA_LAYOUT"),
    "bomb": (bomb, "DATA_ZIP"),
    "climbing out of the archive": (climbing, "DATA_ZIP"),
    "with a password": (with_password, "DATA_ZIP"),
    "two of one name": (two_of_one_name, "DATA_ZIP"),
    "over one another": (over_one_another, "DATA_ZIP"),
    "cut archive": (cut_archive, "DATA_ZIP"),
    "only folders": (only_folders, "DATA_EMPTY"),
    "a class that is a link out": (linked_class, "DATA_LINK"),
    "all linked out": (all_linked_out, "DATA_EMPTY"),
    "a name that is no text": (no_text, "DATA_NAME"),
    "nothing readable": (nothing_readable, "DATA_UNREADABLE"),
    "one class unreadable": (one_class_unreadable, "DATA_UNREADABLE"),
    "no archive": (no_archive, "DATA_NOT_FOLDER"),
    "only masks": (only_masks, "DATA_ONE_CLASS"),
}


def main(folder: Path) -> None:
    """Write all of them."""
    makers = {name: made.make for name, made in UNDERSTOOD.items()} | {
        name: make for name, (make, _) in HOPELESS.items()
    }
    for name, make in makers.items():
        (folder / name).mkdir(parents=True)
        make(folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Manifests as people really have them, each with what must be understood of it, and hostile ones with their codes.

Nothing in them is anybody's data: the images are noise of 8 x 8 pixels.
"""

import csv
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pandas as pd
from PIL import Image

from seimbang.datasets.intake.base import Hints


@dataclass(frozen=True)
class Case:
    """One manifest.

    Attributes:
        make: Writes it and its images below a folder, and returns its path.
        classes: Cases of each class that a study must have.
        patients: How many are known; 0 for none.
        parts: Cases of each part.
        left_out: Rows left out by the code of their reason.
        hints: What the user says.
        channels: Of the images.
    """

    make: Callable[[Path], Path]
    classes: dict[str, int]
    patients: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    hints: Hints = field(default_factory=Hints)
    channels: int = 1


def image(path, colour=False):
    """Write an image whose pixels depend on its path alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32(path.name.encode()))
    Image.fromarray(rng.integers(0, 256, (8, 8, 3) if colour else (8, 8), dtype=np.uint8)).save(path)


def table(path, header, rows, delimiter=",", encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def ham(root):
    """HAM10000: names without ending, two folders, lesions with several images."""
    rows = []
    for k in range(20):
        image(root / f"HAM10000_images_part_{1 + k // 10}" / f"ISIC_{k:07d}.jpg", colour=True)
        dx = ["nv", "nv", "mel", "nv", "bkl"][k % 5]
        rows.append([f"HAM_{k // 2:07d}", f"ISIC_{k:07d}", dx, "histo", 50 + k, "male", "back"])
    return table(root / "meta.csv", ["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization"], rows)


def ham_twice(root):
    """Kaggle's archive of HAM10000 holds every image twice."""
    path = ham(root)
    for file in sorted(root.glob("HAM10000_images_part_*/*.jpg")):
        copy = root / file.parent.name.lower() / file.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return path


NIH = ["No Finding", "Effusion|Infiltration", "Infiltration", "Mass", "Effusion", "No Finding", "Mass|Infiltration"]


def nih(root):
    """NIH chest X-rays: several labels in a cell, folders images_001 and so on."""
    rows = []
    for k in range(28):
        image(root / f"images_{1 + k // 14:03d}" / "images" / f"{k // 3:08d}_{k % 3:03d}.png")
        rows.append([f"{k // 3:08d}_{k % 3:03d}.png", NIH[k % 7], k % 3, k // 3, 40 + k, "F", "PA"])
    header = [
        "Image Index",
        "Finding Labels",
        "Follow-up #",
        "Patient ID",
        "Patient Age",
        "Patient Sex",
        "View Position",
    ]
    return table(root / "Data_Entry_2017.csv", header, rows)


def isic(root):
    """ISIC 2019: one column a class, one of them 1.0; a class without any case."""
    classes, rows = ["MEL", "NV", "BCC", "UNK"], []
    for k in range(12):
        image(root / "ISIC_2019_Training_Input" / f"ISIC_{k:07d}.jpg", colour=True)
        rows.append([f"ISIC_{k:07d}", *(f"{float(j == k % 6 % 3):.1f}" for j in range(3)), "0.0"])
    return table(root / "ISIC_2019_Training_GroundTruth.csv", ["image", *classes], rows)


def chexpert(root):
    """CheXpert: paths of another machine, patients as folders, 1.0, 0.0, -1.0 and nothing in a column a finding."""
    rows = []
    for k in range(24):
        below = f"train/patient{k // 2:05d}/study{1 + k % 2}/view1_frontal.jpg"
        image(root / below)
        edema = ["1.0", "0.0", "", "-1.0"][k % 4]
        heart = "1.0" if k % 6 == 0 else ""
        rows.append([f"/home/somebody/CheXpert-v1.0-small/{below}", "Male", 60, "Frontal", edema, heart, ""])
    header = ["Path", "Sex", "Age", "Frontal/Lateral", "Edema", "Cardiomegaly", "Fracture"]
    return table(root / "train.csv", header, rows)


def windows(root):
    """Paths with a drive and backslashes."""
    rows = []
    for k in range(12):
        image(root / "films" / f"film {k}.png")
        diagnosis = "Pneumonia" if k % 3 else "Normal"
        rows.append([rf"D:\Data\Chest\films\film {k}.png", diagnosis, f"S{k // 2}"])
    return table(root / "list.csv", ["file", "diagnosis", "subject"], rows, encoding="utf-8-sig")


def excel(root):
    """A hospital's workbook."""
    for k in range(12):
        image(root / "images" / f"scan_{k}.png")
    frame = pd.DataFrame(
        {
            "PatientID": [1000 + k // 2 for k in range(12)],
            "File Name": [f"scan_{k}.png" for k in range(12)],
            "Diagnosis": ["tumour" if k % 4 == 0 else "healthy" for k in range(12)],
        }
    )
    root.mkdir(parents=True, exist_ok=True)
    frame.to_excel(root / "ward.xlsx", index=False)
    return root / "ward.xlsx"


def excel_with_a_title(root):
    """A workbook whose table begins below a title, beside a sheet of notes."""
    for k in range(12):
        image(root / f"scan_{k}.png")
    rows = [[f"scan_{k}.png", "tumour" if k % 4 == 0 else "healthy", 1000 + k // 2] for k in range(12)]
    root.mkdir(parents=True, exist_ok=True)
    with pd.ExcelWriter(root / "ward.xlsx") as book:
        pd.DataFrame([["Only for the ward"]]).to_excel(book, sheet_name="Notes", index=False, header=False)
        frame = pd.DataFrame([["Scans of 2023", "", ""], ["File", "Diagnosis", "Subject"], *rows])
        frame.to_excel(book, sheet_name="Scans", index=False, header=False)
    return root / "ward.xlsx"


def semicolons(root):
    """Semicolons and the letters of a Western European Windows."""
    for k in range(12):
        image(root / f"Röntgen {k}.png")
    rows = [[f"Röntgen {k}.png", "Lungenentzündung" if k % 4 == 0 else "gesund", k // 2] for k in range(12)]
    return table(root / "liste.csv", ["file", "diagnosis", "patient"], rows, delimiter=";", encoding="cp1252")


def tabs(root):
    """Tabs, and a mark at the start of the file."""
    for k in range(12):
        image(root / f"{k}.png")
    rows = [[f"{k}.png", "ill" if k % 3 == 0 else "ok"] for k in range(12)]
    return table(root / "list.tsv", ["image", "status"], rows, delimiter="\t", encoding="utf-8-sig")


def indonesian(root):
    """Indonesian names of columns and parts."""
    rows = []
    for k in range(16):
        image(root / "gambar" / f"citra{k}.png")
        rows.append([f"gambar/citra{k}.png", "sakit" if k % 4 == 0 else "sehat", f"RM{k // 2:04d}", PARTS[k // 2 % 4]])
    return table(root / "daftar.csv", ["Nama Berkas", "Kelas", "No RM", "Bagian"], rows)


PARTS = ["Latih", "latih", "Validasi", "Uji"]


def marks(separator):
    """Return the writer of a manifest whose cells hold labels with this separator between them."""

    def make(root):
        cells = ["oedema", f"oedema{separator} mass", "mass", "normal", "normal", "oedema"]
        for k in range(12):
            image(root / "img" / f"{k}.png")
        return table(root / "list.csv", ["img", "labels"], [[f"img/{k}.png", cells[k % 6]] for k in range(12)])

    return make


def commas(root):
    """Names with a comma are no list of labels."""
    names = ["Pneumonia, viral", "Pneumonia, bacterial", "Normal"]
    for k in range(12):
        image(root / f"{k}.png")
    return table(root / "list.csv", ["image", "class"], [[f"{k}.png", names[k % 3]] for k in range(12)])


def uids(root):
    """Names are UIDs with dots and no ending; the files end in upper case."""
    rows = []
    for k in range(12):
        image(root / "PNG" / f"1.2.840.113.{k}.PNG")
        rows.append([f"1.2.840.113.{k}", f"1.2.840.99.{k // 3}", "cancer" if k < 3 else "benign"])
    return table(root / "cases.csv", ["SOPInstanceUID", "StudyInstanceUID", "pathology"], rows)


def masks(root):
    """Outlines are called as the images are, in a folder beside them."""
    rows = []
    for k in range(12):
        image(root / "images" / f"tumor_{k}.png")
        image(root / "masks" / f"tumor_{k}.png", colour=True)
        rows.append([f"tumor_{k}", "malignant" if k % 3 == 0 else "benign"])
    return table(root / "bus_data.csv", ["image_id", "label"], rows)


def beside(root):
    """The manifest is in a folder beside that of the images."""
    for k in range(12):
        image(root / "images" / f"eye{k}.jpeg", colour=True)
    rows = [[f"eye{k}", k % 3] for k in range(12)]
    return table(root / "labels" / "train.csv", ["id_code", "diagnosis"], rows)


def beside_several(root):
    """The manifest is in a folder beside those of the images; other data there have files of the same names."""
    for k in range(12):
        image(root / f"images_part{1 + k % 2}" / f"eye{k}.jpeg", colour=True)
        image(root / "other" / f"cat{k}.jpeg")
    return table(root / "labels" / "train.csv", ["id_code", "diagnosis"], [[f"eye{k}", k % 3] for k in range(12)])


def multi_hot(root):
    """Columns of 0 and 1 of which none, one or several are 1."""
    rows = []
    for k in range(16):
        image(root / f"{k}.png")
        rows.append([f"{k}.png", int(k % 2 == 0), int(k % 4 == 0), int(k % 8 == 0), k // 2])
    return table(root / "list.csv", ["filename", "Effusion", "Mass", "Hernia", "patient_id"], rows)


def gone(root):
    """Some files are missing, most of them of one class."""
    rows = []
    for k in range(20):
        if k not in (0, 5, 10, 13):
            image(root / f"{k}.png")
        rows.append([f"{k}.png", "sick" if k % 5 == 0 else "well"])
    return table(root / "list.csv", ["path", "label"], rows)


def rsna(root):
    """The column of the patient names the image."""
    rows = []
    for k in range(12):
        image(root / "stage_2_train_images" / f"{k:04d}-aa.png")
        rows.append([f"{k:04d}-aa", int(k % 3 == 0)])
    return table(root / "stage_2_train_labels.csv", ["patientId", "Target"], rows)


def parts_of(column, names):
    """Return the writer of a manifest with a column that may name the parts."""

    def make(root):
        rows = []
        for k in range(16):
            image(root / f"{k}.png")
            rows.append([f"{k}.png", "sick" if k % 4 < 2 else "well", names[k % len(names)]])
        return table(root / "list.csv", ["path", "target", column], rows)

    return make


def elsewhere(root):
    """The images are in a folder that the user names."""
    for k in range(12):
        image(root.parent / "far" / "away" / f"n{k}.png")
    return table(root / "list.csv", ["name", "status"], [[f"n{k}", "ok" if k % 3 else "ill"] for k in range(12)])


def linked(root):
    """The folder of the images is a link, and leads back up too."""
    for k in range(12):
        image(root.parent / "store" / f"n{k}.png")
    root.mkdir(parents=True, exist_ok=True)
    (root / "images").symlink_to(root.parent / "store")
    (root.parent / "store" / "up").symlink_to(root)
    return table(root / "list.csv", ["image_id", "status"], [[f"n{k}", "ok" if k % 3 else "ill"] for k in range(12)])


def accents(root):
    """The names in the table are composed, those of the files decomposed; other case too."""
    for k in range(12):
        image(root / "Fotos" / normalize("NFD", f"Élève_{k}.JPG"))
    rows = [[f"fotos/élève_{k}.jpg", "ok" if k % 3 else "ill"] for k in range(12)]
    return table(root / "list.csv", ["image", "label"], rows)


def two_columns(root):
    """Two columns could be the class."""
    rows = []
    for k in range(12):
        image(root / f"{k}.png")
        rows.append([f"{k}.png", "melanoma" if k % 4 == 0 else "nevus", int(k % 4 == 0), "m" if k % 2 else "f"])
    return table(root / "list.csv", ["image_name", "diagnosis", "target", "sex"], rows)


def unnamed(root):
    """No column is called as a class is."""
    rows = [[f"{k}.png", "m" if k % 2 else "f", 50 + k, "adeno" if k % 4 == 0 else "squamous"] for k in range(12)]
    for name, *_ in rows:
        image(root / name)
    return table(root / "list.csv", ["picture", "sex", "age", "histology"], rows)


MISSING, UNSURE = "FILE_MISSING", "FILE_UNSURE"
OK_ILL = {"ok": 8, "ill": 4}

CORPUS = {
    "ham": Case(ham, {"nv": 12, "mel": 4, "bkl": 4}, 10, channels=3),
    "ham, each image twice": Case(ham_twice, {"nv": 12, "mel": 4, "bkl": 4}, 10, channels=3),
    "nih": Case(nih, {"Infiltration": 12, "no Infiltration": 16}, 10),
    "nih, another finding": Case(nih, {"Mass": 8, "no Mass": 20}, 10, hints=Hints(positive="Mass")),
    "isic": Case(isic, {"MEL": 4, "NV": 4, "BCC": 4}, channels=3),
    "chexpert": Case(chexpert, {"Edema": 6, "no Edema": 12}, 12, left_out={UNSURE: 6}),
    "windows": Case(windows, {"Normal": 4, "Pneumonia": 8}, 6),
    "excel": Case(excel, {"tumour": 3, "healthy": 9}, 6),
    "excel with a title": Case(excel_with_a_title, {"tumour": 3, "healthy": 9}, 6),
    "semicolons": Case(semicolons, {"Lungenentzündung": 3, "gesund": 9}, 6),
    "tabs": Case(tabs, OK_ILL),
    "indonesian": Case(indonesian, {"sakit": 4, "sehat": 12}, 8, {"train": 8, "validation": 4, "test": 4}),
    "labels with |": Case(marks("|"), {"oedema": 6, "no oedema": 6}),
    "labels with ;": Case(marks(";"), {"oedema": 6, "no oedema": 6}),
    "labels with ,": Case(marks(","), {"oedema": 6, "no oedema": 6}),
    "names with commas": Case(commas, {"Pneumonia, viral": 4, "Pneumonia, bacterial": 4, "Normal": 4}),
    "uids": Case(uids, {"cancer": 3, "benign": 9}, 4),
    "masks": Case(masks, {"malignant": 4, "benign": 8}),
    "images in the folder beside": Case(beside, {"0": 4, "1": 4, "2": 4}, channels=3),
    "images in folders beside": Case(beside_several, {"0": 4, "1": 4, "2": 4}, channels=3),
    "multi-hot": Case(multi_hot, {"Effusion": 8, "no Effusion": 8}, 8),
    "files missing": Case(gone, {"sick": 1, "well": 15}, left_out={MISSING: 4}),
    "rsna": Case(rsna, {"0": 8, "1": 4}),
    "parts": Case(parts_of("set", ["Training", "Testing", "dev", "TRAIN"]), {"sick": 8, "well": 8}, 0,
                  {"train": 8, "validation": 4, "test": 4}),
    "folds are no parts": Case(parts_of("fold", ["0", "1", "2", "3"]), {"sick": 8, "well": 8}),
    "split says something else": Case(parts_of("split", ["a", "b", "c", "d"]), {"sick": 8, "well": 8}),
    "images elsewhere": Case(elsewhere, OK_ILL, hints=Hints(path="../far/away")),
    "linked folder": Case(linked, OK_ILL, hints=Hints(path="../store")),
    "accents": Case(accents, OK_ILL),
    "two columns": Case(two_columns, {"melanoma": 3, "nevus": 9}),
    "two columns, the other": Case(two_columns, {"0": 9, "1": 3}, hints=Hints(label="target")),
    "no column called as a class": Case(unnamed, {"adeno": 3, "squamous": 9}),
}  # fmt: skip
"""By name; every one must be understood."""


def no_files(root):
    rows = [[f"/old/{k}.png", "a" if k % 2 else "b"] for k in range(8)]
    return table(root / "list.csv", ["path", "label"], rows)


def two_of_each(root):
    """Every name fits two different files."""
    for k in range(8):
        image(root / "left" / f"{k}.png")
        image(root / "right" / f"{k}.png", colour=True)
    return table(root / "list.csv", ["image_id", "label"], [[k, "a" if k % 2 else "b"] for k in range(8)])


def one_class(root):
    for k in range(8):
        image(root / f"{k}.png")
    return table(root / "list.csv", ["path", "label"], [[f"{k}.png", "a"] for k in range(8)])


def some_unlabelled(root):
    for k in range(8):
        image(root / f"{k}.png")
    return table(root / "list.csv", ["path", "label"], [[f"{k}.png", ["a", "b", ""][k % 3]] for k in range(8)])


def twice(root):
    for k in range(8):
        image(root / f"{k}.png")
    return table(root / "list.csv", ["path", "label"], [[f"{k % 7}.png", "a" if k % 2 else "b"] for k in range(8)])


def no_rows(root):
    return table(root / "list.csv", ["path", "label"], [])


def outside(root):
    """Names that lead out of the folder, that no file can have, or that are folders."""
    names = [
        "../../../../../../etc/passwd.png",
        "a?b*.png",
        "x" * 400 + ".png",
        "..",
        "/",
        "nul.png",
        "folder.png",
        "a",
    ]
    (root / "folder.png").mkdir(parents=True)
    return table(root / "list.csv", ["path", "label"], [[name, "ab"[k % 2]] for k, name in enumerate(names)])


def zero_bytes(root):
    image(root / "a.png")
    return table(root / "list.csv", ["path", "label"], [["a.png", "a"], ["b\0.png", "b"]])


HOSTILE = {
    "no file is there": (no_files, Hints(), "DATA_FILE_MISSING"),
    "two files for each name": (two_of_each, Hints(), "DATA_FILE_SEVERAL"),
    "one class": (one_class, Hints(), "DATA_COLUMN"),
    "one class, said to be the label": (one_class, Hints(label="label"), "DATA_ONE_CLASS"),
    "a label that is not there": (ham, Hints(label="dxx"), "DATA_COLUMN"),
    "a finding that is not there": (nih, Hints(positive="Massive"), "DATA_LABEL_UNKNOWN"),
    "a patient that is not there": (ham, Hints(group="lesion"), "DATA_COLUMN"),
    "a folder that is not there": (ham, Hints(path="images"), "DATA_MISSING"),
    "some rows without label": (some_unlabelled, Hints(), "DATA_LABEL_MISSING"),
    "one image twice": (twice, Hints(), "DATA_DUPLICATE_ID"),
    "a linked folder that nobody named": (linked, Hints(), "DATA_OUTSIDE"),
    "no rows": (no_rows, Hints(), "DATA_EMPTY"),
    "a zero byte": (zero_bytes, Hints(), "DATA_CSV"),
    "names that are no files": (outside, Hints(), "DATA_FILE_MISSING"),
}
"""By name: what writes it, what the user says, and the code of the error."""

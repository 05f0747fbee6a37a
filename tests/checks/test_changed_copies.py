"""Planted copies: one picture in training and in test, changed as augmentation, an exporter or a forger changes it."""

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from audit_cases import finding_of
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

from seimbang.checks import audit
from seimbang.checks.base import leaks
from seimbang.checks.evidence import Evidence
from seimbang.datasets.base import CaseTable, Dataset
from seimbang.datasets.phantom import Phantom, Population
from seimbang.imaging import copies
from seimbang.imaging.augment import Augmentation, augment_rows
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.similarity import near_identical
from seimbang.splits.base import Fold

ROOT = Path(__file__).parents[3] / "shared" / "data"
SIZE = (150, 150)
PLANTED = 8


def cut(image, left, top, right, bottom):
    """Cut these shares off the sides, and enlarge the rest to the full size."""
    w, h = image.size
    return image.crop((int(left * w), int(top * h), int(w - right * w), int(h - bottom * h))).resize((w, h))


def jpeg(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def moved(image, y, x):
    pixels = np.pad(np.asarray(image), ((max(y, 0), max(-y, 0)), (max(x, 0), max(-x, 0))), "edge")
    h, w = image.height, image.width
    return Image.fromarray(pixels[max(-y, 0) :][:h, max(-x, 0) :][:, :w])


def noisy(image, deviation):
    noise = np.random.default_rng(1).normal(0, deviation, (image.height, image.width))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


CHANGED = {
    "crop 10 %": lambda image: cut(image, 0.05, 0.05, 0.05, 0.05),
    "crop 10 % at a corner": lambda image: cut(image, 0.1, 0.1, 0, 0),
    "crop 20 %": lambda image: cut(image, 0.1, 0.1, 0.1, 0.1),
    "mirror": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "turn by 90": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "turn by 180": lambda image: image.rotate(180),
    "turn by 5": lambda image: image.rotate(5, Image.Resampling.BILINEAR),
    "turn by -15": lambda image: image.rotate(-15, Image.Resampling.BILINEAR),
    "inverted": ImageOps.invert,
    "shift by 8 pixels": lambda image: moved(image, 8, -8),
    "mirror, turn, crop": lambda image: cut(
        ImageOps.mirror(image).rotate(6, Image.Resampling.BILINEAR), 0.05, 0, 0.05, 0.1
    ),
    "mirror, inverted, JPEG 30": lambda image: jpeg(ImageOps.invert(ImageOps.mirror(image)), 30),
    "crop, brighter": lambda image: ImageEnhance.Brightness(cut(image, 0.05, 0.05, 0.05, 0.05)).enhance(1.1),
}
"""Changes that move, mirror or invert the picture."""

SAME = {
    "byte copy": lambda image: image,
    "JPEG 60": lambda image: jpeg(image, 60),
    "JPEG 10": lambda image: jpeg(image, 10),
    "resized": lambda image: image.resize((110, 110)).resize(image.size),
    "+10 %": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    "noise": lambda image: noisy(image, 8),
}
"""Changes of grey values alone."""


def written_on(image):
    image = image.copy()
    ImageDraw.Draw(image).text((8, 8), "R 12:30", fill=255, font=ImageFont.load_default(size=15))
    return image


def framed(image, across, down, fill):
    w, h = image.size
    return ImageOps.expand(image, (round(across * w), round(down * h)), fill).resize((w, h), Image.Resampling.BILINEAR)


COVERED = {
    "writing": written_on,
    "gamma 0.6": lambda image: image.point([round(255 * (v / 255) ** 0.6) for v in range(256)]),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.5),
    "blurred more": lambda image: image.filter(ImageFilter.GaussianBlur(0.02 * image.width)),
    "letterbox": lambda image: framed(image, 0.2, 0, 0),
    "white frame": lambda image: framed(image, 0.05, 0.05, 255),
    "JPEG 20": lambda image: jpeg(image, 20),
}
"""Changes that leave most places, or all inside a frame, as they were."""

AUGMENTED = {
    "rotation": Augmentation(rotation=15),
    "any rotation": Augmentation(rotation=180),
    "flips": Augmentation(flip_left_right=True, flip_top_bottom=True, rotation=4),
    "shift": Augmentation(shift=0.1),
    "zoom": Augmentation(zoom=0.15),
    "crop": Augmentation(crop=0.2),
    "stretch": Augmentation(stretch=0.1, rotation=5),
    "all": Augmentation(
        rotation=10,
        flip_left_right=True,
        shift=0.05,
        zoom=0.1,
        crop=0.1,
        brightness=0.1,
        contrast=0.1,
        gamma=0.2,
        noise=0.01,
    ),
}


@pytest.fixture(scope="module")
def films():
    """Return synthetic films, one of each patient."""
    data = Phantom(phantom=Population(patients=120)).load(ImageSettings(size=SIZE), Path())
    first = np.flatnonzero(~data.cases.frame.group.duplicated())
    return np.array(data.X[first])


def planted(films, change):
    """Return the films with changed copies of the first ``PLANTED`` added as the test set, among films of its own."""
    copies = np.stack([np.asarray(change(Image.fromarray(film[..., 0])))[..., None] for film in films[:PLANTED]])
    return divided(films, copies)


def divided(films, copies):
    X = np.concatenate([films, copies])
    rows = {
        "case_id": [f"c{k:04}" for k in range(len(X))],
        "label": ["sick" if k % 3 else "well" for k in range(len(X))],
    }
    half = len(films) // 2
    fold = Fold("", np.arange(half), np.arange(0), np.arange(half, len(X)))
    return Dataset(CaseTable.build(pd.DataFrame(rows)), X, "planted"), fold


def found(films, copies):
    """Return how many of the copies are named by a leak."""
    data, fold = copies
    named = {case for leak in leaks(audit(data, [fold])) for case in leak.cases}
    return len(named & {f"c{k:04}" for k in range(len(films), len(data.cases))})


def test_films_of_different_patients_are_no_copies(films):
    data, fold = divided(films, films[:0])
    assert leaks(audit(data, [fold])) == []
    assert finding_of("CHANGED_WITHIN", data, []) is None


@pytest.mark.parametrize("change", CHANGED)
def test_a_changed_copy_is_found(films, change):
    assert found(films, planted(films, CHANGED[change])) == PLANTED


@pytest.mark.parametrize("change", SAME)
def test_a_copy_with_other_grey_values_is_found(films, change):
    assert found(films, planted(films, SAME[change])) == PLANTED


def test_what_covers_frames_softens_or_relights_a_picture_hides_no_copy(films):
    changes = list(COVERED.values())
    copies = np.stack([np.asarray(changes[k % 7](Image.fromarray(film[..., 0]))) for k, film in enumerate(films[:35])])
    data, fold = divided(films, copies[..., None])
    near, changed = (finding_of(code, data, [fold]) for code in ("NEAR_TEST", "CHANGED_TEST"))
    missed = Counter(list(COVERED)[(row - 120) % 7] for row in set(range(120, 155)) - set(copied_rows(data, fold)))
    assert sum(missed.values()) <= 2, missed
    assert (near.severity, changed.severity) == ("leak", "leak")


def copied_rows(data, fold):
    """Return the test rows that the audit calls copies of training images, of whatever kind."""
    evidence = Evidence(data, (fold,), {}, True)
    copies = evidence.copies
    near = near_identical(evidence.thumbnails[fold.test], evidence.thumbnails[fold.train])[0]
    across = np.isin(copies.first, fold.train) & np.isin(copies.second, fold.test)
    return np.concatenate([fold.test[near], copies.second[across]])


@pytest.mark.parametrize("change", AUGMENTED)
def test_what_augmentation_makes_is_found(films, change):
    pictures = films[:PLANTED].astype(np.float32)
    copies = np.rint(augment_rows(pictures, np.arange(PLANTED) + 100, AUGMENTED[change])).astype(np.uint8)
    assert found(films, divided(films, copies)) >= PLANTED - (2 if change == "all" else 1)


def test_the_finding_says_what_was_changed_and_names_both_files(films):
    data, fold = planted(films, ImageOps.mirror)
    finding = finding_of("CHANGED_TEST", data, [fold])
    assert (finding.severity, finding.count) == ("leak", PLANTED)
    assert finding.sentence == "8 training images are also in the test set, changed: 8 mirrored."
    assert finding.cases[:2] == ("c0000", f"c{len(films):04}")
    assert finding_of("CHANGED_VALIDATION", data, [fold]) is None


def test_in_one_set_it_is_a_warning_and_without_a_split_too(films):
    data, _ = planted(films, lambda image: image.rotate(90))
    finding = finding_of("CHANGED_WITHIN", data, [])
    assert (finding.severity, finding.count) == ("warning", PLANTED)
    assert finding.sentence == "8 pairs of images are one picture, changed, in the data (8 turned by 90°)."
    whole = Fold("", np.arange(len(data.cases)), np.arange(0), np.arange(0))
    assert "within one set" in finding_of("CHANGED_WITHIN", data, [whole]).sentence


def test_in_an_external_set_it_is_a_leak(films):
    data, _ = divided(films[:60], films[:0])
    other, _ = divided(films[60:], films[:4, ::-1])
    finding = finding_of("EXTERNAL_CHANGED", data, [], {"B": other})
    assert (finding.severity, finding.count) == ("leak", 4)
    assert (
        "4 images of the external set B are changed copies of images of the internal data (4 mirrored"
        in finding.sentence
    )


def test_a_search_is_done_once_and_kept(films, monkeypatch, tmp_path):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path))
    monkeypatch.setattr(copies, "_KEPT", 10)
    for X in (np.concatenate([films[:20], films[:3, :, ::-1]]), films[:20]):
        digests = [str(k) for k in range(len(X))]
        first = copies.known_copies(X, digests)
        monkeypatch.setattr(copies, "find_copies", None)
        again = copies.known_copies(X, digests)
        monkeypatch.undo()
        monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path))
        monkeypatch.setattr(copies, "_KEPT", 10)
        assert again.changes == first.changes == ["mirrored"] * (len(X) - 20)
        assert again.second.tolist() == list(range(20, len(X)))


def test_opposite_labels_on_a_reencoded_and_on_a_mirrored_picture_are_a_conflict(films):
    copies = np.stack([np.asarray(jpeg(Image.fromarray(films[0, ..., 0]), 60))[..., None], films[3][:, ::-1]])
    data, _ = divided(films, copies)
    labels = data.cases.frame.label.to_numpy(copy=True)
    labels[[0, 3]], labels[[-2, -1]] = "well", "sick"
    data = Dataset(CaseTable.build(data.cases.frame.assign(label=labels)), data.X, "planted")
    finding = finding_of("LABEL_CONFLICT", data, [])
    assert finding.count == 2
    assert finding.cases == ("c0000", f"c{len(films):04}", "c0003", f"c{len(films) + 1:04}")
    labels[[0, 3]] = "sick"
    same = Dataset(CaseTable.build(data.cases.frame.assign(label=labels)), data.X, "planted")
    assert finding_of("LABEL_CONFLICT", same, []) is None


def real(folder, every):
    files = sorted((ROOT / folder).rglob("*.jp*g"))[::every]
    return np.stack(
        [np.asarray(Image.open(file).convert("L").resize(SIZE, Image.Resampling.BILINEAR)) for file in files]
    )[..., None]


@pytest.mark.skipif(not (ROOT / "chest_xray").is_dir(), reason="real data absent: no ../shared/data/chest_xray")
def test_real_films_planted_changed_are_found_and_no_other_pair():
    films = real("chest_xray", 25)
    changes = list(CHANGED.values())
    copies = [np.asarray(changes[k % len(changes)](Image.fromarray(film[..., 0]))) for k, film in enumerate(films[:42])]
    data, fold = divided(films, np.stack(copies)[..., None])
    finding = finding_of("CHANGED_TEST", data, [fold])
    assert finding.count == len(copies)
    assert finding_of("CHANGED_WITHIN", divided(films, films[:0])[0], []) is None


@pytest.mark.skipif(not (ROOT / "kidney_ct").is_dir(), reason="real data absent: no ../shared/data/kidney_ct")
def test_neighbouring_slices_are_no_changed_copies():
    slices = real("kidney_ct/Stone", 2)
    assert finding_of("CHANGED_WITHIN", divided(slices, slices[:0])[0], []) is None

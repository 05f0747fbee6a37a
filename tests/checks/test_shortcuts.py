"""Classes that the header of a file or the border of an image gives away."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from audit_cases import N, dataset, finding_of, fold, images
from PIL import Image, ImageDraw, ImageFont

from seimbang.datasets import load
from seimbang.datasets.base import CaseTable, Dataset
from seimbang.datasets.folder import Folder
from seimbang.datasets.groups import ByName
from seimbang.datasets.phantom import Phantom, Population
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.headers import BYTES, read_headers
from seimbang.imaging.marks import border_contrast, places
from seimbang.imaging.store import open_store

HEADER, BORDER = "HEADER_SHORTCUT", "BORDER_SHORTCUT"
ROOT = Path(__file__).parents[3] / "shared" / "data"


def saved(folder, how, share=1.0):
    """Return cases whose files are saved by ``how(image, path)`` in the class "sick", as plain PNGs in "well"."""
    rng, X, rows = np.random.default_rng(0), images(), []
    for k in range(N):
        sick = k % 2 == 0
        image = Image.fromarray(X[k, ..., 0] // 64 * 64)
        path = folder / f"{k:03}.png"
        if sick and rng.uniform() < share:
            path = how(image, path)
        else:
            image.save(path)
        rows.append((f"c{k:03}", path.name, "sick" if sick else "well"))
    frame = pd.DataFrame(rows, columns=["case_id", "path", "label"])
    return Dataset(CaseTable.build(frame, folder), X, "saved")


def resized(image, path):
    image.resize((60, 60)).save(path)
    return path


def as_the_others(image, path):
    image.save(path)
    return path


def as_jpeg(image, path):
    path = path.with_suffix(".jpg")
    image.save(path)
    return path


def deeper(image, path):
    Image.fromarray(np.asarray(image).astype(np.uint16) * 256).save(path)
    return path


def coloured(image, path):
    image.convert("RGB").save(path)
    return path


def with_exif(image, path):
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    image.save(path, exif=exif)
    return path


def with_resolution(image, path):
    image.save(path, dpi=(300, 300))
    return path


def uncompressed(image, path):
    image.save(path, compress_level=0)
    return path


def auc(finding):
    return float(re.search(r"AUC of (\d\.\d\d)", finding.sentence).group(1))


@pytest.mark.parametrize(
    ("how", "word"),
    [
        (resized, "width (60 in 100% of sick, in 0% of the others)"),
        (as_jpeg, "format (JPEG in 100% of sick"),
        (deeper, "mode (I;16 in 100% of sick"),
        (coloured, "mode (RGB in 100% of sick"),
        (with_exif, "EXIF (True in 100% of sick"),
        (with_resolution, "resolution"),
        (uncompressed, "bytes per pixel"),
    ],
)
def test_how_one_class_was_saved_is_found(tmp_path, how, word):
    finding = finding_of(HEADER, saved(tmp_path, how))
    assert (finding.severity, finding.count) == ("warning", 60)
    assert auc(finding) > 0.95
    assert word.split(" (")[0] in finding.sentence
    assert word in finding.sentence or how in (with_resolution, uncompressed)


def test_a_zip_archive_is_looked_into_too(tmp_path):
    (tmp_path / "files").mkdir()
    data = saved(tmp_path / "files", as_jpeg)
    packed = Path(shutil.make_archive(str(tmp_path / "set"), "zip", tmp_path / "files"))
    in_zip = replace(data, cases=replace(data.cases, root=packed))
    assert finding_of(HEADER, in_zip).sentence == finding_of(HEADER, data).sentence
    names = data.cases.frame.path.tolist()
    tables = [read_headers(open_store(root), names) for root in (tmp_path / "files", packed)]
    pd.testing.assert_frame_equal(*tables)


def test_jpeg_quality_is_found(tmp_path):
    data = saved(tmp_path, as_jpeg)
    for k, path in enumerate(data.cases.frame.path):
        image = Image.open(tmp_path / path).convert("L")
        image.save(tmp_path / path, "JPEG", quality=95 if k % 2 else 60)
    finding = finding_of(HEADER, data)
    assert "quantisation" in finding.sentence


def test_what_most_of_a_class_shows_is_found_and_what_chance_brings_is_not(tmp_path):
    assert auc(finding_of(HEADER, saved(tmp_path, resized, share=0.7))) == pytest.approx(0.85, abs=0.06)
    rng = np.random.default_rng(1)
    for seed in range(5):
        folder = tmp_path / str(seed)
        folder.mkdir()
        data = saved(folder, as_the_others)
        for path in data.cases.frame.path:
            size = tuple(int(side) for side in rng.integers(40, 90, 2))
            Image.open(folder / path).resize(size).save(folder / path)
        assert finding_of(HEADER, data) is None


def test_silent_where_cases_are_no_files_or_cannot_be_read(tmp_path):
    assert finding_of(HEADER, dataset()) is None
    data = saved(tmp_path, resized)
    (tmp_path / data.cases.frame.path[0]).unlink()
    assert finding_of(HEADER, data) is None
    assert finding_of(BORDER, dataset(np.zeros((N, 5), np.float32), kind="table")) is None


def test_headers_say_what_a_file_is(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg", quality=80, progressive=True)
    Image.fromarray(np.zeros((5, 4), np.uint16)).save(tmp_path / "b.png")
    (tmp_path / "c.png").write_text("no picture")
    table = read_headers(open_store(tmp_path), ["a.jpg", "b.png", "c.png", "d.png"])
    assert table.loc[0, ["width", "height", "format", "mode", "progressive"]].tolist() == [30, 20, "JPEG", "RGB", True]
    assert table.loc[1, ["format", "bits", "EXIF"]].tolist() == ["PNG", 16, False]
    assert table.loc[0, BYTES] == (tmp_path / "a.jpg").stat().st_size / 600
    assert table.loc[2:].isna().all(axis=None)


def films(mark=None):
    """Return 160 synthetic films; ``mark`` draws on those of the class "sick", which look like the others."""
    X = np.array(Phantom(phantom=Population(patients=160)).load(ImageSettings(size=(120, 120)), Path()).X[:160])
    label = np.random.default_rng(0).permutation(["sick", "well"] * 80)
    for k in np.flatnonzero(label == "sick") if mark else ():
        picture = Image.fromarray(X[k, ..., 0])
        mark(ImageDraw.Draw(picture), np.random.default_rng(k))
        X[k, ..., 0] = np.asarray(picture)
    return dataset(X, n=160, label=label)


FONT = ImageFont.load_default(size=15)
MARKS = {
    "a label in a corner": (lambda draw, rng: draw.text((104, 2), "R", fill=255, font=FONT), "top right"),
    "a label that is moved": (
        lambda draw, rng: draw.text((108 + rng.integers(3), rng.integers(3)), "L", fill=255, font=FONT),
        "top right",
    ),
    "a black label": (lambda draw, rng: draw.rectangle((2, 108, 10, 116), fill=0), "bottom left"),
    "a frame": (lambda draw, rng: draw.rectangle((0, 0, 119, 119), outline=255, width=2), ""),
}


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_burnt_into_one_class_is_found(mark):
    draw, where = MARKS[mark]
    finding = finding_of(BORDER, films(draw), [fold(n=160)])
    assert finding.severity == "warning"
    assert auc(finding) > 0.9
    assert where in finding.sentence
    assert len(finding.cases) == 20


def test_silent_where_no_class_is_marked():
    assert finding_of(BORDER, films(), [fold(n=160)]) is None
    assert finding_of(BORDER, dataset(), [fold()]) is None


def test_border_cells_and_their_names():
    X = np.full((1, 40, 60, 1), 100, np.uint8)
    X[0, 1, 58] = 200  # the cell at the top right, of 4 x 6 pixels
    values, names = border_contrast(X)[0], places()
    assert len(values) == 2 * len(names) == 72
    k = int(values.argmax())
    assert names[k] == "top right"
    assert values[k] == pytest.approx(100 - 100 / 24)
    assert np.count_nonzero(values) == 2
    assert {"top left", "top", "left", "bottom right", "bottom"} <= set(names)


@pytest.mark.skipif(not (ROOT / "chest_xray_external").is_dir(), reason="real data absent: no ../shared/data")
def test_real_films_that_were_saved_alike_have_neither():
    settings = Folder(path="chest_xray_external", group=ByName(pattern="(.*)_"))
    data = load(settings, ImageSettings(size=(96, 96)), ROOT)
    assert finding_of(HEADER, data, []) is None
    assert finding_of(BORDER, data, []) is None

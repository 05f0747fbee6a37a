"""What every source of cases promises; a new one is made here in a few lines and gets all the tests."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from dicom_files import dicom
from seimbang.datasets import SOURCES, load, make
from seimbang.datasets.base import COLUMNS
from seimbang.errors import DataError, StudyError
from seimbang.imaging.base import ImageSettings

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 20, 20), dtype=np.uint8)
LABELS = np.arange(12) % 3 // 2  # every third is 1
IMAGE = ImageSettings(size=(16, 12))


def make_folder(root):
    for k, (pixels, label) in enumerate(zip(PIXELS, LABELS, strict=True)):
        folder = root / "set" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{k}.png")
    return {"source": "folder", "path": "set"}


def make_csv(root):
    make_folder(root)
    lines = [f"set/{label}/{k}.png,{label}" for k, label in enumerate(LABELS)]
    (root / "set.csv").write_text("\n".join(["path,label", *lines]))
    return {"source": "csv", "path": "set.csv"}


def make_dicom(root):
    for k, (pixels, label) in enumerate(zip(PIXELS, LABELS, strict=True)):
        folder = root / "set" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(k)).write_bytes(dicom(pixels, PatientID=str(k)))
    return {"source": "dicom", "path": "set"}


def make_npz(root):
    np.savez(root / "set.npz", train_images=PIXELS, train_labels=LABELS)
    return {"source": "npz", "path": "set.npz"}


def make_phantom(root):
    return {"source": "phantom", "phantom": {"patients": 12}}


def make_table(root):
    lines = [f"{pixels[0, 0]},{pixels[0, 1]},{label}" for pixels, label in zip(PIXELS, LABELS, strict=True)]
    (root / "table.csv").write_text("\n".join(["a,b,label", *lines]))
    return {"source": "csv", "path": "table.csv", "features": "all"}


def make_excel(root):
    frame = pd.DataFrame({"a": PIXELS[:, 0, 0], "b": PIXELS[:, 0, 1], "label": LABELS})
    frame.to_excel(root / "table.xlsx", index=False)
    return {"source": "excel", "path": "table.xlsx"}


def make_excel_manifest(root):
    make_folder(root)
    names = [f"set/{label}/{k}.png" for k, label in enumerate(LABELS)]
    pd.DataFrame({"image": names, "label": LABELS}).to_excel(root / "list.xlsx", index=False)
    return {"source": "excel", "path": "list.xlsx", "image_column": "image"}


def make_sklearn(root):
    return {"source": "sklearn:breast_cancer"}


DECIDES = ("features", "categories", "image_column")
"""By these keys a CSV is read as a table, and a workbook as a list of images."""

WRONG = {
    "folder": {"group": {"from": "name", "pattern": "("}},
    "csv": {"group": {"from": "name", "levels": 2}},
    "csv with features": {"group": {"from": "name"}},
    "dicom": {"only": {"modality": "CR"}},
    "npz": {"path": 3},
    "phantom": {"phantom": {"seed": 2**32}},
    "excel": {"label": {"column": "a", "cuts": [float("nan")], "names": ["x", "y"]}},
    "excel with images": {"label": {"columns": ["a", "b"], "contains": "c"}},
    "sklearn": {"features": []},
}
SENTENCES = {
    "folder": r"data\.group\.pattern = '\(' should be a regular expression without look-around .* \(missing \)",
    "csv": r"data\.group\.levels is not a known key",
    "csv with features": r"data\.group\.from = 'name' is not known \(known: column\)",
    "dicom": r"data\.only\.modality = 'CR' should be a valid tuple",
    "npz": r"data\.path = 3 should be",
    "phantom": r"data\.phantom\.seed = 4294967296 should be less than or equal to 4294967295",
    "excel": r"data\.label\.cuts\.0 = nan should be a finite number",
    "excel with images": r"data\.label = .* should be with one of its columns as contains",
    "sklearn": r"data\.features = \[\] should be \"all\" or a list of columns",
}

MAKE = {
    "folder": make_folder,
    "csv": make_csv,
    "csv with features": make_table,
    "excel": make_excel,
    "excel with images": make_excel_manifest,
    "dicom": make_dicom,
    "npz": make_npz,
    "phantom": make_phantom,
    "sklearn": make_sklearn,
}


def test_every_source_is_here():
    assert set(SOURCES) == set(MAKE)


@pytest.fixture(params=sorted(MAKE))
def made(request, tmp_path, monkeypatch):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path / "cache"))
    return make(MAKE[request.param](tmp_path)), tmp_path


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_has_keys_of_its_own_and_says_what_is_wrong(name, tmp_path):
    values, kind = MAKE[name](tmp_path), SOURCES[name]
    settings = make(values)
    assert type(settings) is kind
    assert make(settings.model_dump(mode="json", by_alias=True, exclude_none=True)) == settings
    for key in {key for other in SOURCES.values() for key in other.model_fields} - {*kind.model_fields, *DECIDES}:
        with pytest.raises(StudyError, match=rf"data\.{key} is a key of .*, not of {name} \(known: .*source"):
            make(values | {key: "x"})
    with pytest.raises(StudyError, match=r"external\[3\]\.positiv is not a known key; did you mean 'positive'"):
        make(values | {"positiv": "x"}, "external[3]")
    with pytest.raises(StudyError, match=f"(?=.*positive = 3)(?=.*fcats is not).*{SENTENCES[name]}"):
        make(values | {"positive": 3, "fcats": {}, **WRONG[name]})


def test_table_and_pixels_agree(made):
    settings, root = made
    data = load(settings, IMAGE, root)
    frame = data.cases.frame
    assert tuple(frame.columns) == COLUMNS
    assert frame.case_id.is_unique
    assert frame.case_id.tolist() == sorted(frame.case_id)
    if data.kind == "image":
        assert data.X.dtype == np.uint8
        assert data.X.shape == (len(frame), 16, 12, 1)
        assert isinstance(data.X, np.memmap)
    else:
        assert data.X.dtype == np.float32
        assert data.X.shape == (len(frame), len(data.columns))
    assert all(len(digest) == 64 for digest in frame.digest)
    assert data.cases.y.min() == 0
    assert {"source", "format"} <= set(data.facts)
    assert data.synthetic == (settings.source == "phantom")


def test_is_the_same_again_and_without_cache(made, monkeypatch):
    settings, root = made
    first = load(settings, IMAGE, root)
    again = load(settings, IMAGE, root)
    monkeypatch.setenv("SEIMBANG_CACHE", str(root / "other"))
    fresh = load(settings, IMAGE, root)
    for data in (again, fresh):
        assert data.cases.frame.equals(first.cases.frame)
        assert np.array_equal(data.X, first.X)


def test_another_pillow_makes_the_pixels_anew(made, monkeypatch):
    settings, root = made
    images = load(settings, IMAGE, root).kind == "image"
    before = len(list((root / "cache").glob("*.npy")))
    monkeypatch.setattr("PIL.__version__", "0.0")
    load(settings, IMAGE, root)
    assert (before, len(list((root / "cache").glob("*.npy")))) == ((1, 2) if images else (0, 0))


def test_external_labels_map_onto_the_internal_classes(made):
    settings, root = made
    data = load(settings, IMAGE, root)
    turned = ("another", *data.cases.classes[::-1])
    external = load(settings, IMAGE, root, turned)
    assert external.cases.classes == turned
    assert [turned[k] for k in external.cases.y] == data.cases.frame.label.tolist()
    with pytest.raises(DataError, match="DATA_UNKNOWN_CLASS"):
        load(settings, IMAGE, root, data.cases.classes[:1])


def test_the_studys_facts_win(made):
    settings, root = made
    facts = load(settings.model_copy(update={"facts": {"source": "mine", "licence": "CC"}}), IMAGE, root).facts
    assert facts["source"] == "mine"
    assert facts["licence"] == "CC"


def test_a_positive_class_that_does_not_occur(made):
    settings, root = made
    with pytest.raises(DataError, match="DATA_POSITIVE"):
        load(settings.model_copy(update={"positive": "none such"}), IMAGE, root)


def test_classes_are_renamed_and_misspelt_ones_refused(made):
    settings, root = made
    old = load(settings, IMAGE, root).cases.classes
    renamed = settings.model_copy(update={"classes": {old[1]: "sick"}})
    assert load(renamed, IMAGE, root).cases.classes == (old[0], "sick")
    with pytest.raises(DataError, match="DATA_UNKNOWN_CLASS"):
        load(settings.model_copy(update={"classes": {"none such": "x"}}), IMAGE, root)


def test_a_class_is_left_out(made):
    settings, root = made
    old = load(settings, IMAGE, root).cases.classes
    external = load(settings.model_copy(update={"leave_out": (old[0],)}), IMAGE, root, old)
    assert set(external.cases.frame.label) == {old[1]}
    with pytest.raises(DataError, match="DATA_ONE_CLASS"):
        load(settings.model_copy(update={"leave_out": (old[0],)}), IMAGE, root)

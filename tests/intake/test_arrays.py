"""Arrays of every common form are understood; what is none is refused with its code, and nothing is written."""

import numpy as np
import pytest

from intake.make_arrays import BAD, GOOD, N, grey, medmnist_3d, medmnist_several_labels, save, with_patients
from seimbang import datasets
from seimbang.datasets.intake import understand
from seimbang.datasets.intake.base import Hints
from seimbang.datasets.npz import Npz
from seimbang.errors import DataError
from seimbang.imaging.base import ImageSettings
from seimbang.study.draft import draft, image_for, study_for


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("make", GOOD, ids=lambda make: make.__name__)
def test_arrays_are_what_they_are(make, tmp_path):
    counts, positive, side, channels, test, patients = GOOD[make]
    path = make(tmp_path / "data")
    study = study_for(path)
    assert study.data.positive == positive
    assert (study.image.size, study.image.channels) == ((side, side), channels)
    data = datasets.load(study.data, study.image, path.parent)
    assert data.cases.frame.label.value_counts().to_dict() == counts
    assert (data.cases.frame.split == "test").sum() == test
    assert len(set(data.cases.frame.group) - {""}) == patients
    assert data.X.shape == (len(data.cases), side, side, channels)
    assert data.cases.frame.digest.nunique() == len(np.unique(data.X.reshape(len(data.X), -1), axis=0))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_what_is_no_images_with_labels_is_refused(make, tmp_path):
    path = make(tmp_path / "data")
    with pytest.raises(DataError) as caught:
        datasets.load(datasets.make(draft(path).understanding.data), ImageSettings(size=(8, 8)), path.parent)
    assert caught.value.code == BAD[make]


def pixels(tmp_path, images):
    path = save(tmp_path / "data", "a.npz", images=images, labels=np.arange(len(images)) % 2)
    understanding = understand(path)
    return datasets.load(datasets.make(understanding.data), image_for(understanding), path.parent).X[..., 0]


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16])
def test_floats_from_0_to_1_are_255_times_that(tmp_path, kind):
    assert np.array_equal(pixels(tmp_path, (grey() / 255).astype(kind)), grey())


@pytest.mark.parametrize("images", [grey().astype(np.uint16), np.minimum(grey() + 0.2, 255), grey().astype(">i4")])
def test_grey_values_in_a_wider_type_stay_as_they_are(tmp_path, images):
    assert np.array_equal(pixels(tmp_path, images), grey())


def test_other_values_take_each_images_own_range(tmp_path):
    images = grey().astype(np.int16) - 1000
    images[0] = -500
    expected = np.stack([(i - i.min()) * (255 / max(i.max() - i.min(), 1)) for i in grey().astype(float)])
    assert np.abs(pixels(tmp_path, images)[1:] - expected[1:]).max() < 0.501
    assert not pixels(tmp_path, images)[0].any()


def test_volumes_are_their_middle_slices_or_all_as_cases_of_one_patient(tmp_path):
    path = medmnist_3d(tmp_path / "data")
    volumes = grey(N, 28, 28, 28)
    guess = next(guess for guess in understand(path).guesses if guess.key == "unit")
    assert (guess.chosen, guess.others, guess.lines) == ("middle", ("all",), ('slices = "all"',))
    image = ImageSettings(size=(28, 28))
    middle = datasets.load(Npz(path=path.name), image, path.parent)
    assert np.array_equal(middle.X[middle.cases.frame.case_id == "train/000001"][0, ..., 0], volumes[1, 14])
    whole = datasets.load(datasets.make(understand(path, Hints(unit="all")).data), image, path.parent)
    assert len(whole.cases) == N * 28
    own = whole.cases.frame.group == "volume train/000001"
    assert np.array_equal(whole.X[own.to_numpy(), ..., 0], volumes[1])


def test_one_of_several_labels_is_chosen_and_the_others_are_offered_with_counts(tmp_path):
    path = medmnist_several_labels(tmp_path / "data")
    guess = next(guess for guess in understand(path).guesses if guess.key == "label")
    assert guess.chosen == "infiltration"
    assert guess.others[0] == "pneumonia"
    assert guess.lines[0] == "label = { contains = 6 }   # 6 (pneumonia): 8"
    for said in ("pneumonia", "6"):
        data = draft(path, Hints(label=said)).data
        assert data.cases.frame.label.value_counts().to_dict() == {"no pneumonia": 16, "pneumonia": 8}
        assert data.cases.classes[-1] == "pneumonia"
    with pytest.raises(DataError, match=r"DATA_SEVERAL_LABELS.*seimbang init chestmnist\.npz --label 3"):
        datasets.load(Npz(path=path.name), ImageSettings(), path.parent)


def test_an_array_of_labels_and_one_of_patients_can_be_named(tmp_path):
    both = {"malignancy": np.arange(N) % 2, "label": np.arange(N) % 3, "who": np.arange(N) // 4}
    path = save(tmp_path / "data", "two.npz", images=grey(), **both)
    data = draft(path, Hints(label="malignancy", group="who")).data
    assert data.cases.frame.label.value_counts().to_dict() == {"0": 12, "1": 12}
    assert data.cases.frame.group.nunique() == 6
    with pytest.raises(DataError, match=r"DATA_NPZ.*nobody.*--group"):
        draft(path, Hints(group="nobody"))


def test_only_some_megabytes_are_held_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("seimbang.datasets.array_file.BLOCK_BYTES", 3 * 16 * 16)
    path = with_patients(tmp_path / "data")
    array = next(iter(Npz(path=path.name).stacks(path))).part.images
    blocks = list(array.blocks())
    assert [len(block) for block in blocks] == [3] * 8
    assert np.array_equal(np.concatenate(blocks), grey())

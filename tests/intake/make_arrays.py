"""Arrays as people have them: each function writes one into a folder and returns its path and what it is."""

import io
import zipfile

import numpy as np

SIDE = 16
N = 24


def rng():
    return np.random.default_rng(7)


def grey(n=N, *shape):
    return rng().integers(0, 256, (n, *(shape or (SIDE, SIDE))), dtype=np.uint8)


def binary(n=N):
    return (np.arange(n) % 3 == 0).astype(np.uint8)[:, None]


def save(folder, name, **arrays):
    np.savez_compressed(folder / name, **arrays)
    return folder / name


def in_parts(images, labels, train=12, val=6):
    cut = {"train": slice(0, train), "val": slice(train, train + val), "test": slice(train + val, None)}
    return {
        f"{part}_{name}": values[rows]
        for part, rows in cut.items()
        for name, values in (("images", images), ("labels", labels))
    }


def medmnist_28(folder):
    return save(folder, "pneumoniamnist.npz", **in_parts(grey(N, 28, 28), binary()))


def medmnist_224_colour(folder):
    return save(folder, "dermamnist_224.npz", **in_parts(grey(N, 224, 224, 3), (np.arange(N) % 3)[:, None]))


def medmnist_3d(folder):
    return save(folder, "nodulemnist3d.npz", **in_parts(grey(N, 28, 28, 28), binary()))


def medmnist_ordinal(folder):
    return save(folder, "retinamnist.npz", **in_parts(grey(N, 28, 28, 3), (np.arange(N) % 5)[:, None]))


def medmnist_several_labels(folder):
    labels = np.zeros((N, 14), np.uint8)
    labels[:, 3] = np.arange(N) % 2 == 0
    labels[:, 6] = np.arange(N) % 3 == 0
    return save(folder, "chestmnist.npz", **in_parts(grey(N, 28, 28), labels))


def more_than_ten_grades(folder):
    return save(folder, "grades.npz", images=grey(36), labels=np.arange(36) % 12)


def x_and_y(folder):
    return save(folder, "set.npz", X=grey(), y=binary()[:, 0])


def keras(folder):
    arrays = {"x_train": grey(16), "y_train": binary(16)[:, 0], "x_test": grey(8), "y_test": binary(8)[:, 0]}
    return save(folder, "keras.npz", **arrays)


def x_y_and_test(folder):
    return save(folder, "halves.npz", X=grey()[:16], y=binary(16), X_test=grey()[16:], y_test=binary(8))


def one_hot(folder):
    return save(folder, "hot.npz", images=grey(), labels=np.eye(3)[np.arange(N) % 3])


def words(folder):
    return save(folder, "words.npz", images=grey(), labels=np.where(binary()[:, 0] == 1, "stone", "normal "))


def with_patients(folder):
    return save(folder, "patients.npz", images=grey(), labels=binary(), patient_id=np.arange(N) // 2)


def sixteen_bits(folder):
    return save(folder, "ct.npz", images=grey().astype(np.uint16) * 16, labels=binary())


def floats(folder):
    return save(folder, "floats.npz", images=(grey() / 255).astype(np.float32), labels=binary())


def hounsfield(folder):
    return save(folder, "hu.npz", images=grey().astype(np.int16) * 8 - 1000, labels=binary())


def channels_first(folder):
    return save(folder, "torch.npz", images=grey(N, 3, SIDE, SIDE), labels=binary())


def channels_first_grey(folder):
    return save(folder, "torch_grey.npz", images=grey(N, 1, SIDE, SIDE), labels=binary())


def unnamed(folder):
    np.savez(folder / "unnamed.npz", grey(), binary()[:, 0])
    return folder / "unnamed.npz"


def two_files(folder):
    np.save(folder / "images.npy", grey())
    np.save(folder / "labels.npy", binary())
    return folder / "images.npy"


def two_files_in_parts(folder):
    for part, n in (("train", 16), ("test", 8)):
        np.save(folder / f"x_{part}.npy", grey(n))
        np.save(folder / f"y_{part}.npy", binary(n))
    return folder / "x_train.npy"


def fortran(folder):
    np.save(folder / "X.npy", np.asfortranarray(grey()))
    np.save(folder / "y.npy", binary())
    return folder / "X.npy"


TWO = {"0": 16, "1": 8}
THREE = {"0": 8, "1": 8, "2": 8}
NAMED = {"normal": 16, "pneumonia": 8}
GOOD = {  # counts of the classes, the one that matters, size, channels, cases of the test part, patients
    medmnist_28: (NAMED, "pneumonia", 28, 1, 6, 0),
    medmnist_224_colour: (
        {"actinic keratoses and intraepithelial carcinoma": 8, "basal cell carcinoma": 8}
        | {"benign keratosis-like lesions": 8},
        "actinic keratoses and intraepithelial carcinoma",
        224,
        3,
        6,
        0,
    ),
    medmnist_3d: ({"benign": 16, "malignant": 8}, "malignant", 28, 1, 6, 0),
    medmnist_ordinal: ({"0": 5, "1": 5, "2": 5, "3": 5, "4": 4}, "4", 28, 3, 6, 0),
    medmnist_several_labels: ({"infiltration": 12, "no infiltration": 12}, "infiltration", 28, 1, 6, 0),
    more_than_ten_grades: ({str(k): 3 for k in range(12)}, "1", SIDE, 1, 0, 0),
    x_and_y: (TWO, "1", SIDE, 1, 0, 0),
    keras: ({"0": 15, "1": 9}, "1", SIDE, 1, 8, 0),
    x_y_and_test: ({"0": 15, "1": 9}, "1", SIDE, 1, 8, 0),
    one_hot: (THREE, "1", SIDE, 1, 0, 0),
    words: ({"normal": 16, "stone": 8}, "stone", SIDE, 1, 0, 0),
    with_patients: (TWO, "1", SIDE, 1, 0, 12),
    sixteen_bits: (TWO, "1", SIDE, 1, 0, 0),
    floats: (TWO, "1", SIDE, 1, 0, 0),
    hounsfield: (TWO, "1", SIDE, 1, 0, 0),
    channels_first: (TWO, "1", SIDE, 3, 0, 0),
    channels_first_grey: (TWO, "1", SIDE, 1, 0, 0),
    unnamed: (TWO, "1", SIDE, 1, 0, 0),
    two_files: (TWO, "1", SIDE, 1, 0, 0),
    two_files_in_parts: ({"0": 15, "1": 9}, "1", SIDE, 1, 8, 0),
    fortran: (TWO, "1", SIDE, 1, 0, 0),
}


def pickled(folder):
    return save(folder, "objects.npz", images=grey(), labels=np.array([{"a": 1}] * N, object))


def cut_short(folder):
    whole = x_and_y(folder).read_bytes()
    (folder / "short.npz").write_bytes(whole[: len(whole) // 2])
    return folder / "short.npz"


def header_that_lies(folder):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|u1", "fortran_order": False, "shape": (10**9, 99, 99)})
    with zipfile.ZipFile(folder / "lies.npz", "w") as file:
        file.writestr("images.npy", buffer.getvalue() + b"\0" * 100)
        labels = io.BytesIO()
        np.save(labels, binary())
        file.writestr("labels.npy", labels.getvalue())
    return folder / "lies.npz"


def no_labels(folder):
    np.save(folder / "lonely.npy", grey())
    return folder / "lonely.npy"


def fewer_labels(folder):
    return save(folder, "fewer.npz", images=grey(), labels=binary(N - 1))


def numbers_that_are_none(folder):
    images = grey() / 255
    images[3, 2, 1] = np.nan
    return save(folder, "nan.npz", images=images, labels=binary())


def features(folder):
    return save(folder, "features.npz", X=rng().random((N, 9)), y=binary())


def one_class(folder):
    return save(folder, "one.npz", images=grey(), labels=np.zeros(N, int))


def fractions(folder):
    return save(folder, "fractions.npz", images=grey(), labels=rng().random(N))


def text(folder):
    (folder / "text.npz").write_text("no arrays")
    return folder / "text.npz"


def four_channels(folder):
    return save(folder, "rgba.npz", images=grey(N, SIDE, SIDE, 4), labels=binary())


def twice(folder):
    path = x_and_y(folder)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("y.npy", b"again")
    return path


BAD = {
    pickled: "DATA_NPZ",
    cut_short: "DATA_NPZ",
    header_that_lies: "DATA_NPZ",
    no_labels: "DATA_NPZ",
    fewer_labels: "DATA_NPZ",
    numbers_that_are_none: "DATA_NPZ",
    features: "DATA_NPZ",
    one_class: "DATA_ONE_CLASS",
    fractions: "DATA_NPZ",
    text: "DATA_NPZ",
    four_channels: "DATA_NPZ",
    twice: "DATA_NPZ",
}

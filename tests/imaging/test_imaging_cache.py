"""Decoded once, loaded again, written anew when the files or the cache have changed."""

import errno
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from PIL import Image

from seimbang.errors import ImageError, IntegrityError, ResourceError
from seimbang.imaging import cache
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.store import open_store

SMALL = ImageSettings(size=(6, 5))
NAMES = [f"{k}.png" for k in range(12)]


@pytest.fixture
def pictures(tmp_path):
    for k, name in enumerate(NAMES):
        Image.fromarray(np.full((6, 5), 20 * k, np.uint8)).save(tmp_path / name)
    return tmp_path


def decoded(root, names=NAMES, asked=SMALL):
    return cache.decode_all(names, open_store(root), asked, root / "cache")


def no_decoding(monkeypatch):
    def fail(*_):
        raise AssertionError("decoded again")

    monkeypatch.setattr(cache, "decode_apart", fail)


def test_is_made_once_in_order_and_read_only(pictures, monkeypatch):
    first = decoded(pictures)
    assert first.X[:, 0, 0, 0].tolist() == [20 * k for k in range(12)]
    no_decoding(monkeypatch)
    again = decoded(pictures)
    assert np.array_equal(first.X, again.X)
    assert isinstance(again.X, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        again.X[0] = 0


def test_other_settings_are_another_entry(pictures):
    decoded(pictures)
    assert decoded(pictures, asked=ImageSettings(size=(3, 4), channels=3)).X.shape == (12, 3, 4, 3)


def test_a_flipped_byte_is_another_digest_and_other_pixels(pictures):
    before = decoded(pictures)
    data = bytearray((pictures / "3.png").read_bytes())
    data[-20] ^= 1
    (pictures / "3.png").write_bytes(data)
    after = decoded(pictures)
    assert [k for k in range(12) if before.digests[k] != after.digests[k]] == [3]
    assert after.errors[3].code == "IMG_CORRUPT"
    assert len(after.X) == 11


def test_refused_files_are_left_out_and_remembered(pictures, monkeypatch):
    (pictures / "0.png").write_text("no image")
    first = decoded(pictures, [*NAMES, "gone.png"])
    no_decoding(monkeypatch)
    again = decoded(pictures, [*NAMES, "gone.png"])
    for result in (first, again):
        assert result.X[:, 0, 0, 0].tolist() == [20 * k for k in range(1, 12)]
        assert {k: error.code for k, error in result.errors.items()} == {0: "IMG_NOT_IMAGE", 12: "IMG_NO_ACCESS"}
    assert str(first.errors[0]) == str(again.errors[0])


def test_all_refused_gives_no_rows(pictures):
    (pictures / "0.png").write_text("no image")
    assert decoded(pictures, ["0.png"]).X.shape == (0, 6, 5, 1)


@pytest.mark.parametrize("damage", ["flip", "cut", "no note", "broken note", "no pixels"])
def test_a_damaged_entry_is_made_again(pictures, damage):
    whole = np.array(decoded(pictures).X)
    pixels, note = next((pictures / "cache").glob("*.npy")), next((pictures / "cache").glob("*.json"))
    data = bytearray(pixels.read_bytes())
    data[-1] ^= 1
    {
        "flip": lambda: pixels.write_bytes(data),
        "cut": lambda: pixels.write_bytes(data[:-40]),
        "no note": note.unlink,
        "broken note": lambda: note.write_text(json.dumps([])),
        "no pixels": pixels.unlink,
    }[damage]()
    assert np.array_equal(decoded(pictures).X, whole)


def test_an_interrupted_run_leaves_nothing_that_is_taken_for_pixels(pictures, monkeypatch):
    monkeypatch.setattr(cache, "_BATCH", 4)
    real, calls = cache.decode_apart, []

    def stop(*args):
        calls.append(args)
        if len(calls) > 8:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(cache, "decode_apart", stop)
    with pytest.raises(KeyboardInterrupt):
        decoded(pictures)
    assert [path.suffix for path in (pictures / "cache").iterdir()] == [".lock"]
    monkeypatch.setattr(cache, "decode_apart", real)
    assert len(decoded(pictures).X) == 12


def at_once(root):
    writes = []
    real = cache._write
    cache._write = lambda *args: (writes.append(1), real(*args))
    return np.array(decoded(root).X).sum(), len(writes)


def test_runs_at_once_make_it_once(pictures):
    with ProcessPoolExecutor(3, mp_context=get_context("fork")) as pool:
        results = list(pool.map(at_once, [pictures] * 3))
    assert len({total for total, _ in results}) == 1
    assert sum(writes for _, writes in results) == 1


def test_a_full_disk_says_so(pictures, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ResourceError, match="DISK_FULL"):
        decoded(pictures)


def test_a_cache_that_is_no_folder_says_so(pictures):
    (pictures / "file").write_text("")
    with pytest.raises(ResourceError, match="NOT_WRITABLE"):
        cache.decode_all(NAMES, open_store(pictures), SMALL, pictures / "file" / "cache")


def test_a_disk_that_does_not_keep_what_was_written_says_so(pictures, monkeypatch):
    monkeypatch.setattr(cache, "_load", lambda _: None)
    with pytest.raises(IntegrityError, match="CACHE_DAMAGED"):
        decoded(pictures)


def test_stored_keeps_errors_apart_from_rows(tmp_path):
    rows = [np.full((6, 5, 1), 7, np.uint8), ImageError("IMG_CORRUPT", "a", "b", "c")]
    X, errors = cache.stored(["key"], SMALL, lambda: rows, tmp_path)
    assert X.shape == (1, 6, 5, 1)
    assert errors[1].args == ("IMG_CORRUPT", "a", "b", "c")


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path))
    assert cache.cache_folder() == tmp_path
    monkeypatch.delenv("SEIMBANG_CACHE")
    assert cache.cache_folder().parts[-2:] == (".cache", "seimbang")


def test_decodes_where_nobody_tells_which_cores_may_be_used(pictures, monkeypatch):
    monkeypatch.delattr(cache.os, "sched_getaffinity", raising=False)
    assert len(decoded(pictures).X) == len(NAMES)

"""Tables and images from hostile and careless people: each has one answer with one exit code, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from make_files import IMAGES, JPEG, PNG, REFUSED, TABLES, sparse

from seimbang.datasets import load, make
from seimbang.errors import DataError, ImageError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.decode import decode

ASKED = ImageSettings(size=(32, 32))


def of_table(path: Path):
    """Return the code of what reading the table gives, and its exit code."""
    values = {"source": "csv" if path.suffix == ".csv" else "excel", "path": path.name, "features": "all"}
    try:
        load(make(values), ASKED, path.parent)
    except DataError as error:
        return error.code, error.exit_code
    return "", 0


def of_image(data):
    """Return the code of what decoding gives, and its exit code."""
    try:
        pixels = decode(data, ASKED, "it")
    except ImageError as error:
        return error.code, error.exit_code
    assert pixels.shape[:2] == (32, 32)
    return "", 0


@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_its_answer(name, tmp_path):
    content, ending, code = TABLES[name]
    path = tmp_path / f"table{ending}"
    path.write_bytes(content)
    assert of_table(path) == (code, 3 if code else 0)


def test_a_table_of_gigabytes_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "table.csv"
    sparse(path)
    assert of_table(path) == ("DATA_TOO_LARGE", 3)


@pytest.mark.parametrize("name", IMAGES)
def test_each_image_has_its_answer(name):
    data, expected = IMAGES[name]
    code, exit_code = of_image(data)
    assert (code.startswith("IMG_"), exit_code) == ((True, 4) if expected == REFUSED else (False, 0)), code


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", PNG[:33], JPEG[:30], b"II*\0", b"BM", b"GIF89a", b"RIFF\0\0\0\0WEBP"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_bytes_are_a_picture_or_a_fault_of_the_program(data, head):
    code, exit_code = of_image(head + data)
    assert code.startswith("IMG_")
    assert exit_code == 4


@given(st.sampled_from([PNG, JPEG]), st.integers(0, 2**20), st.integers(1, 255))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_changed_byte_gives_a_picture_or_one_error(data, place, flip):
    changed = np.frombuffer(data, np.uint8).copy()
    changed[place % len(data)] ^= flip
    code, exit_code = of_image(changed.tobytes())
    assert (code, exit_code) == ("", 0) or (code.startswith("IMG_") and exit_code == 4)

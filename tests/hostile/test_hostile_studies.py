"""Study files from hostile and careless people: each has one answer, and names of arms are folders everywhere."""

import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from make_studies import OK, STUDIES

from seimbang.errors import SeimbangError, StudyError
from seimbang.study.load import inline, load
from seimbang.study.schema import slug

NAMES = [
    "中文",
    "بدون",
    "过采样",
    "無",
    "중",
    "한",
    "😀",
    "😎",
    "..",
    ".",
    "  ",
    "CON",
    "con",
    "nul.txt",
    "a.",
    "n" * 80,
    "漢" * 80,
]
DEVICES = ["CON", "prn", "Aux", "nul", "NUL.txt", "COM1", "lpt9", "com¹", " con "]


def code_of(content):
    """Return the code of what loading the study gives, and its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "study.toml")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            load(str(path))
        except SeimbangError as error:
            return error.code, error.exit_code
    return "", 0


@pytest.mark.parametrize("name", STUDIES)
def test_each_study_has_its_answer(name):
    content, code = STUDIES[name]
    assert code_of(content) == (code, 2 if code else 0)


def test_folders_of_arms_differ_and_are_allowed_everywhere():
    slugs = [slug(name) for name in NAMES]
    assert len({*slugs}) == len({name.lower() for name in NAMES})
    assert all(name.isascii() and 0 < len(name) <= 100 and not name.endswith((".", " ")) for name in slugs)
    assert all("-" in slug(name) and slug(name).split("-")[-1].isalnum() for name in DEVICES)
    assert not {slug(name).split("-", 1)[0] == slug(name) for name in DEVICES} & {True}
    assert (slug("SMOTE"), slug("k-NN, SMOTE"), slug("console")) == ("smote", "k-nn-smote", "console")


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**80), 2**80),
    st.floats(allow_subnormal=False),
    st.text(max_size=8),
    st.dates().map(str),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
tables = st.sampled_from(
    ["title", "data", "arm", "split", "model", "training", "image", "evaluation", "published", "external", "protocol"]
)


@given(st.binary(max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_bytes_at_the_end_are_a_study_or_one_error(more):
    code, exit_code = code_of(OK.encode() + more)
    assert (code, exit_code) in {("", 0), ("STUDY_SYNTAX", 2), ("STUDY_INVALID", 2)}


@given(tables, values)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_value_in_any_table_is_a_study_or_one_error(table, value):
    from seimbang.study.schema import parse

    study = {"title": "t", "data": {"source": "phantom"}, "arm": [{"name": "a"}], table: value}
    with suppress(StudyError):
        parse(study)


@given(tables, st.text(min_size=1, max_size=10), values)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_key_with_any_value_is_named(table, key, value):
    from seimbang.study.schema import parse

    study = {"title": "t", "data": {"source": "phantom"}, "arm": [{"name": "a"}], table: {key: value}}
    with pytest.raises(StudyError, match="STUDY_INVALID"):
        parse(study)


def test_what_is_written_is_read():
    assert inline({"a": [1, "é\x7f"]}) == '{ "a" = [1, "é\\u007f"] }'.replace('"a" =', "a =")

"""Wrong settings: every mistake at once, in sentences, with the nearest known key."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from seimbang.errors import StudyError
from seimbang.settings import build, choose, nearest


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    origin: Literal["name", "folder"] = Field(alias="from")


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    epochs: int = Field(1, ge=1)
    inner: Inner | None = None
    several: list[Inner] = []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"epochs": -1}, "t.epochs = -1 should be greater than or equal to 1"),
        ({"epochs": "3"}, "t.epochs = '3' should be a valid integer"),
        ({"epoch": 3}, "t.epoch is not a known key; did you mean 'epochs'? (known: epochs, inner, several)"),
        ({"inner": {"fom": "name", "from": "name"}}, "t.inner.fom is not a known key; did you mean 'from'?"),
        ({"several": [{}]}, "t.several.0.from is missing"),
        ({"several": [{"from": "name", "form": 1}]}, "t.several.0.form is not a known key; did you mean 'from'?"),
        ({"inner": {"from": "nme"}}, "t.inner.from = 'nme' should be 'name' or 'folder'"),
    ],
)
def test_each_mistake_is_a_sentence(values, sentence):
    with pytest.raises(StudyError) as caught:
        build(Outer, values, "t")
    assert caught.value.code == "STUDY_INVALID"
    assert sentence in caught.value.found


def test_all_mistakes_come_at_once():
    with pytest.raises(StudyError) as caught:
        build(Outer, {"epochs": -1, "epoch": 3, "inner": {}}, "")
    assert caught.value.found.count(" | ") == 2


@pytest.mark.parametrize(
    ("name", "expected"), [("SMOTE", "; did you mean 'smote'?"), ("smot", "; did you mean 'smote'?"), ("zebra", "")]
)
def test_nearest_name_is_suggested_only_when_it_is_near(name, expected):
    assert nearest(name, ["none", "smote"]) == expected


@pytest.mark.parametrize(
    ("values", "found"), [({}, "balance.method is missing"), ({"method": 3}, "balance.method = 3 is not known")]
)
def test_a_name_that_is_none_is_refused(values, found):
    with pytest.raises(StudyError) as caught:
        choose({"outer": Outer}, "method", values, "balance")
    assert caught.value.found.startswith(found)

"""Study files: shipped ones, all mistakes at once, written and read again."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seimbang.balance import METHODS, make
from seimbang.errors import StudyError
from seimbang.study.load import load, shipped, to_dict, to_toml
from seimbang.study.models import MODELS
from seimbang.study.schema import Arm, External, Protocol, parse, slug
from seimbang.training.base import TrainingSettings

GOOD = {"title": "T", "data": {"source": "phantom"}, "arm": [{"name": "none"}]}


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_studies_survive_writing(name):
    study = shipped()[name]
    assert study.question
    assert parse(to_dict(study)) == study
    assert parse(tomllib.loads(to_toml(to_dict(study)))) == study
    under = [len(arm.protocols) or max(1, len(study.protocol)) for arm in study.arm]
    assert len(study.plans()) == sum(under)
    assert set(study.then) <= set(shipped())


def keys(kind, values):
    """Return the fields of a settings class that have a value and are not among ``values``."""
    optional = {name for name, field in kind.model_fields.items() if field.default is None}
    return {field.alias or name for name, field in kind.model_fields.items() if name not in optional} - set(values)


def whole(table):
    """Return all settings of the balancing method that ``table`` names."""
    return {"method": table["method"], **make(table).model_dump(mode="json")}


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_resolved_study_says_every_default(name):
    study = shipped()[name]
    values = to_dict(study)
    assert not keys(type(study.data), values["data"])
    for table, external in zip(values["external"], study.external, strict=True):
        assert not keys(External, {*table, "data"})
        assert not keys(type(external.data), table)
    for table in values["arm"]:
        assert not keys(Arm, table)
        assert table["balance"] == whole(table["balance"])
        assert not keys(MODELS[table["model"]["name"].partition(":")[0]], table["model"])
    for table in values.get("protocol", []):
        assert not keys(Protocol, table)
        assert not table["balance"] or table["balance"] == whole(table["balance"])
    assert not keys(TrainingSettings, values["training"])


def test_every_method_and_model_survives_writing_and_a_resolved_study_is_its_own_resolution():
    arms = [{"name": method, "balance": {"method": method}} for method in METHODS]
    names = ["timm:resnet10t" if name == "timm" else name for name in MODELS]
    arms += [{"name": f"model {name}", "model": {"name": name}} for name in names]
    study = parse(GOOD | {"arm": arms, "protocol": [{"name": "a", "balance": {"method": "smote"}}, {"name": "b"}]})
    assert parse(tomllib.loads(to_toml(to_dict(study)))) == study
    assert [plan.model_settings for plan in study.plans()][: len(arms)] == [arm.model for arm in study.arm]


def test_studies_are_frozen_and_differ_where_their_data_do():
    one, other = (parse(GOOD | {"data": {"source": "phantom", "phantom": {"seed": seed}}}) for seed in (0, 1))
    assert one == parse(GOOD) != other
    with pytest.raises(ValueError, match="frozen"):
        one.data.phantom = other.data.phantom
    assert parse(GOOD | {"data": {"path": "x"}}) != parse(GOOD | {"data": {"path": "x", "source": "csv"}})


@given(st.text(max_size=20), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_any_text_survives_writing(question, facts):
    study = parse(GOOD | {"question": question, "data": {"source": "phantom", "facts": facts}})
    assert parse(tomllib.loads(to_toml(to_dict(study)))) == study


def test_all_mistakes_at_once_with_the_nearest_name():
    bad = {
        "title": "x",
        "data": {"sorce": "folder"},
        "trainin": {},
        "training": {"epochs": -1},
        "arm": [{"name": "a", "balance": {"method": "smot"}}],
    }
    with pytest.raises(StudyError) as caught:
        parse(bad)
    assert caught.value.exit_code == 2
    for part in ("did you mean 'source'", "did you mean 'training'", "training.epochs = -1", "did you mean 'smote'"):
        assert part in caught.value.found


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"split": {"test": 1.5}}, "split.test = 1.5"),
        ({"split": {"folds": 1}}, "split.folds = 1"),
        ({"split": {"folds": 3}, "protocol": [{"name": "a"}]}, "both [split] and [[protocol]]"),
        ({"protocol": [{"name": "a", "test": 1.5}]}, "protocol 'a'.test = 1.5"),
        ({"protocol": [{"name": "a"}, {"name": "A"}]}, "two protocols called 'a'"),
        ({"published": [{"arm": "none", "protocol": "groupd", "auc": 1.0}]}, "published[0].protocol = 'groupd'"),
        ({"arm": [{"name": "A b"}, {"name": "a-b"}]}, "two arms called"),
        ({"published": [{"arm": "nonne", "accuracy": 0.5}]}, "did you mean 'none'"),
        ({"published": [{"arm": "none", "acuracy": 0.5}]}, "did you mean 'accuracy'"),
        ({"arm": [{"name": "a", "model": {"name": "rn"}}]}, "did you mean 'rnn'"),
        ({"arm": [{"name": "a", "training": {"epoch": 3}}]}, "did you mean 'epochs'"),
        ({"external": [{"name": "X"}, {"name": "X"}]}, "two external sets"),
        ({"arm": [{"name": "+"}, {"name": "A b"}, {"name": "à b"}]}, "two arms called 'a-b': 'A b' and 'à b'"),
        ({"data": {"group": {"from": "name", "pattern": "("}}}, "data.group.pattern = '(' should be a regular"),
        ({"data": {"phantom": {"patients": 20}}}, "data.phantom is a key of phantom, not of folder"),
        ({"data": {"source": "csv", "sheet": "a"}}, "data.sheet is a key of excel, excel with images, not of csv"),
        ({"data": {"source": "phantom", "phantom": {"seed": 2**64}}}, "data.phantom.seed = 18446744073709551616"),
        ({"split": {"seed": 2**32}}, "split.seed = 4294967296"),
        ({"training": {"seed": 2**31}}, "training.seed = 2147483648"),
        ({"external": [{"name": "X", "data": {}}]}, "external[0].data is not a known key"),
        ({"external": [{"path": "x"}]}, "external.0.name is missing"),
        (
            {"external": [{"name": "X", "source": "phantom", "group": {"from": "name"}}]},
            "external[0].group is a key of",
        ),
        ({"external": 3}, "external = 3 should be"),
        ({"data": 3}, "data = 3 should be"),
        ({"data": {"source": "fodler"}, "split": {"test": 1.5}}, "did you mean 'folder'"),
        ({"data": {"source": "fodler"}, "split": {"test": 1.5}}, "split.test = 1.5"),
        (
            {"arm": [{"name": "a b"}, {"name": "a"}], "protocol": [{"name": "c"}, {"name": "b-c"}]},
            "two arms with their protocols called 'a-b-c': 'a b (c)' and 'a (b-c)'",
        ),
        ({"split": {"repeats": 3}}, "split.repeats = 3"),
        ({"protocol": [{"name": "a", "folds": 3, "test": "provided"}]}, "protocol 'a'.test"),
        ({"arm": []}, "arm"),
    ],
)
def test_mistakes_between_tables(change, part):
    with pytest.raises(StudyError) as caught:
        parse(GOOD | change)
    assert part in caught.value.found


def test_an_arm_changes_what_it_names():
    study = parse(
        GOOD
        | {
            "model": {"name": "rnn", "units": 7},
            "arm": [
                {"name": "a"},
                {"name": "b", "model": {"layers": 2}, "training": {"epochs": 3}},
                {"name": "c", "model": {"name": "gru"}},
            ],
        }
    )
    a, b, c = study.plans()
    assert (a.model.units, a.model.layers, b.model.units, b.model.layers) == (7, 1, 7, 2)
    assert (a.training.epochs, b.training.epochs) == (50, 3)
    assert (c.model_settings["name"], c.model.units) == ("gru", 128)


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(StudyError, match=r"STUDY_MISSING.*did you mean 'pneumonia'"):
        load("pnuemonia")
    (tmp_path / "x.toml").write_text("title = ")
    with pytest.raises(StudyError, match="STUDY_SYNTAX"):
        load(str(tmp_path / "x.toml"))


@pytest.mark.parametrize("content", ["x = " + "9" * 5000, "x = " + "[" * 5000, "title = 'caf\xe9'"])
def test_what_is_no_toml_is_named(tmp_path, content):
    (tmp_path / "x.toml").write_bytes(content.encode("latin-1"))
    with pytest.raises(StudyError, match="STUDY_SYNTAX"):
        load(str(tmp_path / "x.toml"))


def test_a_mark_at_the_start_of_a_file_is_no_mistake(tmp_path):
    (tmp_path / "x.toml").write_text(to_toml(GOOD), encoding="utf-8-sig")
    assert (tmp_path / "x.toml").read_bytes()[:3] == b"\xef\xbb\xbf"
    assert load(str(tmp_path / "x.toml")) == parse(GOOD)


def test_a_slug_is_short_plain_and_tells_names_of_any_script_apart():
    assert slug("SMOTE, k = 5 (by patient)") == "smote-k-5-by-patient"
    assert slug("Sélection à 2 étapes") == "selection-a-2-etapes"
    names = ["有", "無", "有 SMOTE", "無 SMOTE", "بلا موازنة", "مع موازنة", "+", "−", "α", "β", "की", "का", "😀", "😁"]
    slugs = {slug(name) for name in names}
    assert len(slugs) == len(names)
    for name in slugs:
        assert name.isascii()
        assert name.replace("-", "").isalnum()
    assert slug("有 SMOTE").startswith("smote-")
    assert slug("Б") == slug("б")  # as with Latin letters, so that one name in two spellings is seen
    assert parse(GOOD | {"arm": [{"name": "有"}, {"name": "無"}]}).plans()


def test_external_sets_may_have_names_without_latin_letters():
    sets = [{"name": name, "path": "x"} for name in ("医院甲", "医院乙")]
    assert [external.name for external in parse(GOOD | {"external": sets}).external] == ["医院甲", "医院乙"]


@pytest.mark.parametrize("seeds", [0, -1, 101, 1.5])
def test_a_number_of_seeds_that_cannot_be_is_named(seeds):
    with pytest.raises(StudyError, match=rf"STUDY_INVALID: found training\.seeds = {seeds} should be"):
        parse({"title": "T", "data": {"source": "phantom"}, "training": {"seeds": seeds}, "arm": [{"name": "none"}]})

"""Study files: shipped ones, all mistakes at once, written and read again."""

import tomllib

import pytest

from seimbang.errors import StudyError
from seimbang.study.load import load, shipped, to_dict, to_toml
from seimbang.study.schema import parse

GOOD = {"title": "T", "data": {"source": "phantom"}, "arm": [{"name": "none"}]}


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_studies_survive_writing(name):
    study = shipped()[name]
    assert study.question
    assert parse(tomllib.loads(to_toml(to_dict(study)))) == study
    under = [len(arm.protocols) or max(1, len(study.protocol)) for arm in study.arm]
    assert len(study.plans()) == sum(under)
    assert set(study.then) <= set(shipped())


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
        ({"arm": [{"name": "有"}, {"name": "無"}]}, "two arms called 'arm': '有' and '無'"),
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


def test_external_sets_may_have_names_without_latin_letters():
    sets = [{"name": name, "path": "x"} for name in ("医院甲", "医院乙")]
    assert [one.name for one in parse(GOOD | {"external": sets}).external] == ["医院甲", "医院乙"]

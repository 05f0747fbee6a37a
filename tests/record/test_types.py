"""What is written to a run folder is what is read from it: equal objects, and the same bytes again."""

import pytest
from pydantic import ValidationError

import run_folder
from seimbang.datasets.base import Column
from seimbang.datasets.prepare import TablePreparer
from seimbang.imaging.base import ImageSettings
from seimbang.record.arm import ArmFacts, BoxRow, Importance, Package
from seimbang.record.base import dump, load
from seimbang.record.cases import ExampleRow, GalleryRow, Heat, Quality
from seimbang.record.clinical import AgainstNone, Clinical
from seimbang.record.comparison import Comparison, PairedTest
from seimbang.record.data import Audit, Data, Provenance
from seimbang.record.files import read_json
from seimbang.record.metrics import Metrics, Value
from seimbang.record.openings import Openings
from seimbang.record.read import read
from seimbang.record.refusal import Refusal
from seimbang.record.sample_size import SampleSize
from seimbang.study.schema import Study, parse

KINDS = {
    "study.json": Study,
    "data.json": Data,
    "audit.json": Audit,
    "comparisons.json": dict[str, Comparison],
    "openings.json": Openings,
    "probabilities.json": list[AgainstNone],
    "sample_size.json": list[SampleSize],
    "provenance.json": Provenance,
    "arm.json": ArmFacts,
    "metrics.json": Metrics,
    "clinical.json": Clinical,
    "model.json": Package,
    "gallery.json": list[GalleryRow],
    "examples.json": list[ExampleRow],
    "heat.json": Heat,
    "quality.json": Quality,
    "refusal.json": Refusal,
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the folder of a fake run, and by file the objects that were written there."""
    objects, save = {}, run_folder._json

    def keep(file, value):
        objects[file] = value
        save(file, value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_folder, "_json", keep)
        folder = run_folder.fake_run(tmp_path_factory.mktemp("types") / "run", arms=3)
    return folder, objects


def test_every_file_is_read_back_into_equal_objects_and_gives_the_same_bytes_again(written):
    folder, objects = written
    assert set(objects) == set(folder.rglob("*.json"))
    assert {file.name for file in objects} == set(KINDS)
    for file, value in objects.items():
        assert read_json(file, KINDS[file.name]) == value, file
        assert dump(load(file.read_bytes(), KINDS[file.name])).encode() == file.read_bytes(), file


def test_the_run_holds_what_was_written(written):
    folder, objects = written
    run = read(folder)
    assert [run.study, run.data, run.audit, run.comparisons, run.provenance] == [
        objects[folder / f"{name}.json"] for name in ("study", "data", "audit", "comparisons", "provenance")
    ]
    for arm in run.arms:
        names = ("arm", "metrics", "gallery", "examples", "heat", "quality", "refusal")
        kept = [arm.facts, arm.metrics, arm.gallery, arm.examples, arm.heat, arm.quality, arm.refusal]
        assert kept == [objects[arm.folder / f"{name}.json"] for name in names]


COLUMNS = (Column("age", "number", "years", (), 1.0, 99.0), Column("sex", "category", "", ("F", "M")))
OF_TABLES = [
    ([BoxRow(column="age", unit="years", before={"a": [1, 2, 3, 4, 5]}, after={})], list[BoxRow]),
    ([Importance(column="age", drop=0.1, sd=1e-17)], list[Importance]),
    (
        Package(
            model={"name": "knn", "k": 5},
            classes=["a", "b"],
            positive="b",
            image=ImageSettings(flip_test=True),
            table=TablePreparer(COLUMNS, (40.5, 1.0), ("mean", "mode"), (40.5, 0.0), (12.0, 1.0)),
            threshold=None,
            decides="tuned",
            files={"jobs/1/0/model.skops": "ab" * 32},
            refusal="cd" * 32,
            seimbang="0.1.0",
        ),
        Package,
    ),
    (
        parse(
            {
                "title": "Protocols, and a patient in the file's name: « π »",
                "data": {"source": "folder", "group": {"from": "name", "pattern": r"(p\d+)"}},
                "protocol": [{"name": "slices", "folds": 5, "leaky": True}, {"name": "patients", "folds": 5}],
                "arm": [{"name": "none", "protocols": ["patients"]}],
                "published": [{"arm": "none", "protocol": "patients", "recall": {"a": 0.5}, "accuracy": 1}],
            }
        ),
        Study,
    ),
]


@pytest.mark.parametrize(("value", "kind"), OF_TABLES, ids=lambda one: getattr(one, "__name__", ""))
def test_what_only_tables_and_protocols_have_is_read_back_too(value, kind):
    text = dump(value)
    assert load(text, kind) == value
    assert dump(load(text, kind)) == text


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_neither_written_nor_read(number):
    with pytest.raises(ValueError, match="finite"):
        Value(value=number)
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump({"value": number})
    with pytest.raises(ValidationError):
        load('{"value": NaN}', Value)


def test_a_key_that_no_reader_knows_is_refused():
    with pytest.raises(ValidationError, match="hight"):
        Value(value=0.5, hight=0.6)


def test_five_per_cent_of_all_pairs_together_is_what_counts_as_different():
    def tested(difference, p):
        return PairedTest(difference=difference, low=None, high=None, p=0.01, corrected=p, method="", why="")

    cases = ((0.1, 0.049), (-0.1, 0.001), (0.1, 0.05), (0.1, None))
    assert [tested(*numbers).sign for numbers in cases] == [1, -1, 0, 0]

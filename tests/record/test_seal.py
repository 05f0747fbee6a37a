"""Whatever is changed in a finished run is named, or changes nothing that anybody reads."""

import json
import os
import random
import shutil
from pathlib import Path

import pandas as pd
import pytest

from seimbang.errors import IntegrityError
from seimbang.record.choice import find_arm
from seimbang.record.package import read_package, read_refusal
from seimbang.record.read import read
from seimbang.reports import card
from seimbang.runs import run as runs
from seimbang.runs.accepted import accept
from seimbang.runs.review.tables import read_submission
from seimbang.runs.run import run
from seimbang.study.schema import parse

STUDY = {
    "title": "Table",
    "data": {"source": "sklearn:breast_cancer"},
    "model": {"name": "tree"},
    "split": {"test": 0.3, "validation": 0.2},
    "arm": [{"name": "none"}, {"name": "before", "balance": {"method": "smote", "scope": "all"}}],
}
UNREAD = ("log.jsonl", "cases.csv", "jobs.json", "job.json", "probabilities.npy", "search.json")
"""Read by nobody but a run that goes on, which compares them itself."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "AFTER", [step for step in runs.AFTER if step.name != "report"])
        folder = tmp_path_factory.mktemp("sealed") / "run"
        run(parse(STUDY), Path(), folder)
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def read_all(folder):
    """Read all that a report, the page or a prediction reads."""
    read(folder)
    for arm in ("none", "before"):
        package, _ = read_package(folder / "arms" / arm)
        read_refusal(folder / "arms" / arm, package)


def damages(content, chance):
    """Return a few ways to damage a file: bits, ends, and JSON of another type."""
    flipped = bytearray(content)
    flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return [
        bytes(flipped),
        content[: chance.randrange(len(content))],
        content + b"\n",
        b"",
        b"null",
        b"[[",
        b'{"a": 1}',
    ]


def test_every_file_that_is_read_is_named_when_it_is_changed(finished, folder):
    chance, swept = random.Random(0), 0
    read_all(folder)
    files = [file for file in sorted(finished.rglob("*")) if file.is_file()]
    for file in files:
        path = file.relative_to(finished)
        target, content = folder / path, file.read_bytes()
        if (path.parts[0].startswith(".") and path.parts[0] != ".steps") or path.name in UNREAD or not content:
            continue
        for damaged in damages(content, chance):
            target.write_bytes(damaged)
            if path.parts[0] == ".steps" and same_record(damaged, content):
                continue
            assert code_of(folder) in ("RUN_EDITED", "MODEL_DIGEST"), (path, damaged[:40])
        target.unlink()
        assert path.parts[0] == ".steps" or code_of(folder) in ("RUN_EDITED", "MODEL_MISSING"), path
        os.mkfifo(target)
        assert code_of(folder) in ("RUN_EDITED", "MODEL_MISSING"), path
        target.unlink()
        target.write_bytes(content)
        swept += 1
    assert swept > 50
    read_all(folder)


def code_of(folder):
    """Return the code of the error that reading the run ends in, nothing where there is none."""
    try:
        read_all(folder)
    except IntegrityError as error:
        return error.code
    return ""


def same_record(damaged, content):
    """Whether a step remembers the same files, whatever it says it was made from."""
    try:
        return json.loads(damaged)["files"] == json.loads(content)["files"]
    except (ValueError, KeyError, TypeError):
        return False


def test_a_file_that_no_step_wrote_is_named(folder):
    (folder / "levers.json").write_text("[]")
    with pytest.raises(IntegrityError, match=r"levers\.json, changed after the run"):
        read(folder)


def edit(folder, name, change):
    value = json.loads((folder / name).read_text())
    change(value)
    (folder / name).write_text(json.dumps(value, indent=1))


def test_a_leak_that_was_taken_out_is_named(folder):
    edit(folder, "arms/before/arm.json", lambda facts: facts.update(leaky=False, leaks=[]))
    with pytest.raises(IntegrityError, match=r"arm\.json") as caught:
        find_arm(folder, None)
    assert (caught.value.code, caught.value.exit_code) == ("RUN_EDITED", 5)


@pytest.mark.parametrize("number", ["0.99", "1e999"])
def test_a_figure_that_was_written_by_hand_is_computed_again_when_it_is_accepted(finished, folder, number):
    file = folder / "arms/none/metrics.json"
    text = file.read_text().replace(
        '"balanced_accuracy": {\n', '"balanced_accuracy": {\n  "value": ' + number + ",\n", 1
    )
    file.write_text(text)
    with pytest.raises(IntegrityError, match=r"metrics\.json"):
        read(folder)
    assert accept(folder) == ["arms/none/metrics.json"]
    assert file.read_bytes() == (finished / "arms/none/metrics.json").read_bytes()
    assert read(folder).seal.sentence == ""


def test_labels_made_right_are_named_and_when_accepted_said_on_top(folder):
    for arm in ("none", "before"):
        file = folder / "arms" / arm / "predictions.csv"
        table = pd.read_csv(file, dtype={"group": str, "fold": str, "seed": str}, keep_default_na=False)
        columns = [name for name in table if name.startswith("p_")]
        for name in columns:
            table[name] = (table.label == name.removeprefix("p_")).astype(float)
        table.to_csv(file, index=False)
    with pytest.raises(IntegrityError, match=r"predictions\.csv"):
        read(folder)
    with pytest.raises(IntegrityError, match=r"predictions\.csv, changed after the run"):
        read_submission(folder / "splits.csv", folder / "arms/none/predictions.csv")
    accept(folder)
    known = read(folder)
    assert known.arms[0].metrics.sets["test"].default.metrics["accuracy"].value == 1.0
    warning = card.warnings(known)[0]
    assert warning.startswith("Changed by hand after the run: arms/before/predictions.csv, arms/none/predictions.csv.")
    assert "Computed again from the predictions as they now are: arms/before/clinical.json, " in warning
    file.write_text(file.read_text() + "\n")
    with pytest.raises(IntegrityError, match="changed after the run"):
        read(folder)


def test_arms_with_other_labels_of_the_same_cases_are_not_accepted(folder):
    file = folder / "arms/none/predictions.csv"
    head, *rows = file.read_text().splitlines()
    names = json.loads((folder / "data.json").read_text())["classes"]
    row = rows[-1].split(",")
    row[5] = names[1 - names.index(row[5])]
    file.write_text("\n".join([head, *rows[:-1], ",".join(row)]) + "\n")
    before = (folder / "arms/none/metrics.json").read_bytes()
    with pytest.raises(IntegrityError, match="COMPARE_CASES"):
        accept(folder)
    assert (folder / "arms/none/metrics.json").read_bytes() == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("classes", ["CAT", "DOG"]),
        ("classes", "swapped"),
        ("classes", 3),
        ("threshold", 1e308),
        ("threshold", "high"),
        ("decides", "coin"),
        ("decides", "tuned"),
        ("model", {"name": "knn"}),
        ("model", []),
        ("table", None),
        ("files", {"jobs/0/1/model.skops": "ab"}),
        ("image", {"size": "large"}),
    ],
)
def test_a_package_of_another_model_is_refused_where_nothing_is_recorded_too(folder, key, value):
    shutil.rmtree(folder / ".steps")
    assert "no record" in read(folder).seal.sentence
    read_package(folder / "arms/none")
    classes = json.loads((folder / "arms/none/model.json").read_text())["classes"]
    wanted = classes[::-1] if value == "swapped" else value
    edit(folder, "arms/none/model.json", lambda package: package.update({key: wanted}))
    with pytest.raises(IntegrityError, match=r"RUN_DAMAGED|MODEL_CLASSES"):
        read_package(folder / "arms/none")


def test_the_models_of_another_arm_are_refused_where_nothing_is_recorded_too(folder):
    shutil.rmtree(folder / ".steps")
    for name in ("model.json", "jobs"):
        path, other = folder / "arms/none" / name, folder / "arms/before" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(other, path) if other.is_dir() else shutil.copy(other, path)
    with pytest.raises(IntegrityError, match="files of another data set or arm"):
        read_package(folder / "arms/none")


@pytest.mark.parametrize("value", [2, -5, 1e308])
@pytest.mark.parametrize("key", ["value", "low", "high"])
def test_a_figure_that_there_cannot_be_is_refused_where_nothing_is_recorded_too(folder, key, value):
    shutil.rmtree(folder / ".steps")

    def change(metrics):
        metrics["sets"]["test"]["default"]["metrics"]["balanced_accuracy"][key] = value

    edit(folder, "arms/none/metrics.json", change)
    with pytest.raises(IntegrityError, match=r"RUN_DAMAGED.*balanced_accuracy is .* not from 0 to 1"):
        read(folder)

"""``seimbang init`` never ends without a study file where the data can be read; then check, audit and run follow."""

import os
import pty
import subprocess
import sys
import tomllib

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from intake.make_arrays import medmnist_several_labels, x_y_and_test
from seimbang.cli import app
from seimbang.datasets.intake.base import Hints
from seimbang.study.draft import draft, open_questions, study_for

N = 36


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("SEIMBANG_CACHE", str(tmp_path / ".cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def classes(names=("normal", "stone")):
    return [names[k % 3 % len(names)] for k in range(N)]


def images(folder, names):
    rng = np.random.default_rng(3)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (16, 16), dtype=np.uint8)).save(path)


def make_folder(root, names=("normal", "stone")):
    images(root / "ct", [f"{name}/{k}.png" for k, name in enumerate(classes(names))])
    return root / "ct"


def make_manifest(root):
    files = [f"films/{k}.png" for k in range(N)]
    images(root, files)
    pd.DataFrame({"path": files, "label": classes()}).to_csv(root / "list.csv", index=False)
    return root / "list.csv"


def table():
    rng = np.random.default_rng(5)
    label = classes()
    age = rng.normal(50, 9, N) + 20 * (np.array(label) == "stone")
    return pd.DataFrame({"age": age.round(1), "dose": rng.random(N).round(3), "label": label})


def make_csv(root):
    table().to_csv(root / "rows.csv", index=False)
    return root / "rows.csv"


def make_excel(root):
    table().to_excel(root / "rows.xlsx", index=False)
    return root / "rows.xlsx"


def make_npz(root):
    return x_y_and_test(root)


def call(*words):
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.output + str(done.exception or "")


@pytest.mark.parametrize("make", [make_folder, make_manifest, make_csv, make_excel, make_npz])
def test_init_check_audit_and_run_follow_from_any_source(make, here):
    path = make(here)
    code, said = call("init", path.name)
    assert code == 0, said
    understood, look, following = said.strip().splitlines()[-3:]
    assert understood.startswith("Understood: ")
    assert path.name in understood
    assert look.startswith("Look at: ")
    assert "study.toml" in look
    first = "seimbang check study.toml   then   seimbang audit study.toml --data ."
    assert following == f"Next: {first}   then   seimbang run study.toml --data . --quick"
    assert call("check", "study.toml")[0] == 0
    code, said = call("audit", "study.toml", "--data", ".")
    assert code == 0, said
    assert "CLASS_COUNTS" in said
    code, said = call("run", "study.toml", "--data", ".", "--quick", "--arm", "none", "--workers", "1")
    assert code == 0, said
    assert (here / "runs/study-quick/report.html").is_file()


def test_what_was_understood_and_the_first_rows_are_comments_of_a_valid_study(here):
    call("init", make_csv(here).name)
    text = (here / "study.toml").read_text()
    assert text.startswith("# Written for rows.csv: 36 cases (normal 24, stone 12).")
    assert tomllib.loads(text)["data"]["positive"] == "stone"


@pytest.mark.parametrize(
    ("names", "asks"),
    [
        (("normal", "pneumonia"), False),
        (("benign", "malignant"), False),
        (("0", "1"), False),
        (("cat", "dog"), True),
        (("normal", "covid", "pneumonia"), True),
    ],
)
def test_it_asks_only_where_names_leave_a_doubt(here, names, asks):
    made = draft(make_folder(here, names))
    assert bool([guess for guess in open_questions(made, Hints()) if guess.key == "positive"]) == asks
    assert made.table["positive"] != names[0] or asks


def test_where_nobody_can_be_asked_the_other_classes_are_commented(here):
    make_folder(here, ("normal", "cyst", "stone"))
    code, said = call("init", "ct")
    text = (here / "study.toml").read_text()
    assert code == 0
    chosen = tomllib.loads(text)["data"]["positive"]
    assert chosen != "normal"
    assert f"positive = {chosen!r}" in said
    for other in {"normal", "cyst", "stone"} - {chosen}:
        assert f'\n# positive = "{other}"\n' in text


def test_options_decide_and_a_wrong_one_names_the_command(here):
    make_folder(here, ("normal", "cyst", "stone"))
    assert call("init", "ct", "--positive", "stone")[0] == 0
    assert tomllib.loads((here / "study.toml").read_text())["data"]["positive"] == "stone"
    code, said = call("init", "ct", "--positive", "stones", "--out", "other.toml")
    assert code != 0
    assert "DATA_POSITIVE" in said
    assert "seimbang init ct --positive stone" in said
    assert not (here / "other.toml").exists()
    assert "seimbang init ct --out study-2.toml" in call("init", "ct")[1]


def test_one_of_several_labels_is_said_by_name(here):
    path = medmnist_several_labels(here)
    assert call("init", path.name, "--label", "pneumonia")[0] == 0
    data = tomllib.loads((here / "study.toml").read_text())["data"]
    assert (data["label"], data["positive"]) == ({"contains": 6}, "pneumonia")


def in_terminal(answers, *words):
    """Run the command at a terminal, where ``answers`` are typed; return what it shows."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "seimbang.cli", *words]
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    os.write(leader, answers.encode())
    shown = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:
            break
        shown += part
        if not part:
            break
    assert process.wait(60) == 0, shown
    os.close(leader)
    return shown.decode()


def test_at_a_terminal_it_asks(here):
    make_folder(here, ("normal", "cyst", "stone"))
    shown = in_terminal("9\nstone\n", "init", "ct")
    assert "Which class matters" in shown
    assert "9 is none of them" in shown
    assert tomllib.loads((here / "study.toml").read_text())["data"]["positive"] == "stone"


def test_a_study_is_written_although_a_cell_has_to_be_mended(here):
    table().assign(label=["", *table().label[1:]]).to_csv(here / "rows.csv", index=False)
    code, said = call("init", "rows.csv")
    assert code == 0
    assert "Look at: DATA_LABEL_MISSING: found no label in row 2" in said
    assert "To be mended first:" in (here / "study.toml").read_text()
    assert call("check", "study.toml")[0] == 0


@pytest.mark.parametrize(
    ("make", "code", "fix"),
    [
        (lambda root: root / "rowz.csv", "DATA_MISSING", "did you mean: seimbang init"),
        (lambda root: images(root, ["one.png"]) or root / "one.png", "DATA_FORMAT", "seimbang init"),
        (lambda root: (root / "s.toml").write_text("") or root / "s.toml", "DATA_FORMAT", "seimbang check s.toml"),
        (lambda root: (root / "a.bin").write_bytes(b"\0\1\2") and root / "a.bin", "DATA_FORMAT", "export"),
        (lambda root: (root / "empty").mkdir() or root / "empty", "DATA_EMPTY", ""),
        (lambda root: images(root, ["x/only/1.png", "x/only/2.png"]) or root / "x", "DATA_ONE_CLASS", ""),
    ],
)
def test_hopeless_data_end_with_their_code_and_nothing_written(make, code, fix, here):
    make_csv(here)
    done = call("init", make(here))
    assert done[0] != 0
    assert code in done[1]
    assert fix in done[1]
    assert not (here / "study.toml").exists()


def test_a_folder_of_broken_images_is_refused_before_anything_is_written(here):
    make_folder(here)
    for file in (here / "ct").rglob("*.png"):
        file.write_bytes(file.read_bytes()[:60])
    code, said = call("init", "ct")
    assert code != 0
    assert "DATA_UNREADABLE" in said
    assert not (here / "study.toml").exists()


def test_data_where_a_study_is_wanted_name_the_command(here):
    make_folder(here)
    code, said = call("run", "ct")
    assert code != 0
    assert "seimbang init ct" in said


def test_parts_that_come_with_the_data_are_used_where_every_class_is_in_them(here):
    files = [f"{part}/{name}/{k}.png" for part in ("train", "val", "test") for name in ("a", "b") for k in range(4)]
    images(here / "ct", files)
    split = study_for(here / "ct").split
    assert (split.test, split.validation) == ("provided", "provided")
    for file in (here / "ct/test/b").iterdir():
        file.unlink()
    assert study_for(here / "ct").split.test == 0.2

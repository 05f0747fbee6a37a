"""The commands as a user calls them: help with an example, exit codes, one line instead of a traceback."""

import os
import resource
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_iris
from typer.testing import CliRunner

from seimbang import cli
from seimbang.cli import app

COMMANDS = ["demo", "studies", "init", "check", "audit", "run", "report", "review", "predict", "serve", "doctor"]


def call(*words, cwd=None):
    return subprocess.run([sys.executable, "-m", "seimbang.cli", *words], capture_output=True, text=True, cwd=cwd)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def make(folder, counts, part=""):
    rng = np.random.default_rng(1)
    for name, n in counts.items():
        for k in range(n):
            save(folder / part / name / f"{k}.png", rng.integers(0, 255, (20, 20), dtype=np.uint8))
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example(command):
    text = CliRunner().invoke(app, [command, "--help"]).output
    assert f"Example: seimbang {command}" in text


def test_help_loads_nothing_heavy():
    code = (
        "import sys, seimbang.cli; print([m for m in ('torch', 'pandas', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_languages_of_the_report(monkeypatch):
    asked = []
    monkeypatch.setattr("seimbang.commands.report", lambda run, language, accept_edits: asked.append(language))
    monkeypatch.setattr("seimbang.commands.run", lambda *given: asked.append(given[5].language))
    for words in (
        ["report", "."],
        ["report", ".", "--lang", "id"],
        ["run", "phantom", "--lang", "id"],
        ["demo", "--lang", "id"],
    ):
        assert CliRunner().invoke(app, words).exit_code == 0
    assert asked == ["en", "id", "id", "id"]
    refused = CliRunner().invoke(app, ["report", ".", "--lang", "fr"])
    assert (refused.exit_code, len(asked)) == (2, 4)
    assert "'fr' is not one of 'en', 'id'" in " ".join(refused.output.split())


def test_studies_check_and_doctor():
    assert "pneumonia\t" in call("studies").stdout
    assert "4 arm(s)" in call("check", "pneumonia").stdout
    assert "torch\t" in call("doctor").stdout


def test_init_writes_a_study_that_checks_and_runs(tmp_path):
    make(tmp_path / "xray", {"well": 30, "sick": 15})
    done = call("init", "xray", "--out", "s.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert call("check", "s.toml", cwd=tmp_path).returncode == 0
    again = call("init", "xray", "--out", "s.toml", cwd=tmp_path)
    assert (again.returncode, "STUDY_EXISTS" in again.stderr) == (2, True)
    ran = call("run", "s.toml", "--data", ".", "--quick", "--arm", "none", "--out", "r", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    predicted = call("predict", "r", "xray/sick/1.png", cwd=tmp_path)
    assert predicted.stdout.split("\t")[1] in {"well", "sick"}
    bad = call("predict", "r", "s.toml", "missing.png", "xray/sick/1.png", cwd=tmp_path)
    assert bad.returncode == 4
    assert "IMG_NOT_IMAGE" in bad.stderr
    assert "IMG_MISSING" in bad.stderr
    assert "xray/sick/1.png" in bad.stdout
    folder = call("predict", "r", "xray/sick", cwd=tmp_path).stdout.splitlines()
    assert len(folder) == 15
    assert predicted.stdout.strip() in folder
    assert call("report", "r", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_init_of_a_table_writes_a_study_that_runs(tmp_path, suffix):
    iris = load_iris(as_frame=True)
    rows = iris.data.assign(label=[iris.target_names[k] for k in iris.target])
    if suffix == ".csv":
        rows.to_csv(tmp_path / "iris.csv", index=False)
    else:
        rows.to_excel(tmp_path / "iris.xlsx", index=False)
    runner = CliRunner()
    done = runner.invoke(app, ["init", str(tmp_path / f"iris{suffix}"), "--out", str(tmp_path / "s.toml")])
    assert done.exit_code == 0, done.output
    assert "cnn" not in (tmp_path / "s.toml").read_text()
    words = ["run", str(tmp_path / "s.toml"), "--data", str(tmp_path), "--arm", "SMOTE", "--out", str(tmp_path / "r")]
    assert runner.invoke(app, words).exit_code == 0
    assert (tmp_path / "r/report.html").is_file()


@pytest.mark.parametrize("command", ["report", "serve", "predict"])
def test_a_run_folder_that_is_not_there(tmp_path, command):
    (tmp_path / "runs/mine").mkdir(parents=True)
    (tmp_path / "runs/mine/study.toml").write_text("")
    done = call(command, "runs/nosuch", *(["x.png"] if command == "predict" else []), cwd=tmp_path)
    assert done.returncode == 5
    assert "there is no such folder: runs/nosuch" in done.stderr
    assert "To fix it: give one of these: runs/mine" in done.stderr


def test_ctrl_c_names_the_command_that_goes_on(monkeypatch, capsys):
    def stopped():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", stopped)
    monkeypatch.setattr(cli.progress, "complain", lambda text: print(text, file=sys.stderr))
    monkeypatch.setattr(sys, "argv", ["seimbang", "run", "my study.toml", "--quick"])
    with pytest.raises(SystemExit, match="130"):
        cli.main()
    assert "goes on from there: seimbang run 'my study.toml' --quick" in capsys.readouterr().err


def test_audit_of_leaking_data_exits_with_3(tmp_path):
    make(tmp_path / "x", {"a": 20, "b": 20}, "train")
    make(tmp_path / "x", {"a": 8, "b": 8}, "test")
    done = call("audit", "x", cwd=tmp_path)
    assert done.returncode == 3
    assert "DUPLICATE_TEST" in done.stdout


def study(folder, **lines):
    text = 'title = "t"\n[data]\npath = "x"\n' + "".join(f"[{table}]\n{line}\n" for table, line in lines.items())
    (folder / "s.toml").write_text(text + '[[arm]]\nname = "none"\n')


@pytest.mark.parametrize(
    ("counts", "code", "exit_code"),
    [
        ({}, "DATA_EMPTY", 3),
        ({"a": 9}, "DATA_ONE_CLASS", 3),
        ({"a": 30, "b": 1}, "SPLIT_CLASS_MISSING", 3),
        (None, "DATA_MISSING", 3),
    ],
)
def test_data_that_cannot_be_used(tmp_path, counts, code, exit_code):
    study(tmp_path)
    if counts is not None:
        (tmp_path / "x").mkdir()
        make(tmp_path / "x", counts)
    done = call("run", "s.toml", "--data", ".", "--out", "r", cwd=tmp_path)
    assert done.returncode == exit_code
    assert code in done.stderr
    assert "To fix it:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("lines", "part"),
    [
        ({"training": "epochs = -3"}, "training.epochs = -3"),
        ({"split": "test = 1.2"}, "split.test = 1.2"),
        ({"trainning": "epochs = 3"}, "did you mean 'training'"),
    ],
)
def test_studies_with_mistakes_exit_with_2(tmp_path, lines, part):
    study(tmp_path, **lines)
    done = call("check", "s.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert part in done.stderr


def huge_png():
    """Return a 20000 x 20000 PNG, written row by row as an image library would not need to."""
    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(20000 // 8 + 1)) for _ in range(20000)) + rows.flush()
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 20000, 20000, 1, 0, 0, 0, 0)), (b"IDAT", packed), (b"IEND", b""))
    parts = (struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_bad_images_are_left_out_and_named(tmp_path):
    make(tmp_path / "x", {"a": 20, "b": 20})
    (tmp_path / "x/a/text.jpg").write_text("no image")
    Image.new("L", (60, 60), 90).save(tmp_path / "x/b/whole.jpg")
    whole = (tmp_path / "x/b/whole.jpg").read_bytes()
    (tmp_path / "x/b/cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "x/b/huge.png").write_bytes(huge_png())
    Image.fromarray(np.arange(400, dtype=np.uint16).reshape(20, 20) * 9).save(tmp_path / "x/b/sixteen.png")
    done = call("audit", "x", cwd=tmp_path)
    assert "3 files could not be read" in done.stdout
    for code in ("IMG_NOT_IMAGE", "IMG_TRUNCATED", "IMG_TOO_LARGE"):
        assert code in done.stdout
    assert "b 22" in done.stdout


def test_a_full_disk_stops_with_6_and_leaves_no_half_file(tmp_path):
    study(tmp_path)
    make(tmp_path / "x", {"a": 30, "b": 30})
    limit = (2000, 2000)  # bytes a file may have: the kernel then refuses as it does on a full disk
    done = subprocess.run(
        [sys.executable, "-m", "seimbang.cli", "run", "s.toml", "--data", ".", "--out", "r"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"SEIMBANG_CACHE": str(tmp_path / "cache")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert done.returncode == 6
    assert "DISK_FULL" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in tmp_path.rglob(".*") if path.is_file() and path.stat().st_size > 1500]


def test_an_output_that_cannot_be_written_exits_with_6(tmp_path):
    (tmp_path / "file").write_text("")
    done = call("run", "phantom", "--out", str(tmp_path / "file" / "run"))
    assert done.returncode == 6
    assert "NOT_WRITABLE" in done.stderr
    assert "To fix it: choose another folder" in done.stderr


def test_children_hear_ctrl_c_where_the_tests_do_not(pytestconfig):
    """As under nohup and in a script's background, where SIGINT is ignored, which a child inherits."""
    setup = pytestconfig.pluginmanager.get_plugin(str(Path(__file__).with_name("conftest.py")))
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert heard(code) == "False"
        setup.pytest_configure()
        assert heard(code) == "True"
        os.kill(os.getpid(), signal.SIGINT)  # the tests themselves go on
    finally:
        signal.signal(signal.SIGINT, before)


def heard(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stdout.strip()


def test_a_fault_of_the_program_is_one_line_and_a_file(monkeypatch, capsys):
    def broken():
        raise ValueError("the broken part")

    monkeypatch.setattr(cli, "app", broken)
    monkeypatch.setattr(cli.progress, "complain", lambda text: print(text, file=sys.stderr))
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    said = capsys.readouterr().err
    assert "Internal error (ValueError: the broken part)" in said
    assert "Traceback" not in said
    log = Path(said.split()[-1])
    assert "in broken" in log.read_text(encoding="utf-8")
    log.unlink()

"""How a command line is read: nothing that was said is dropped in silence, and help texts are shown as written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from seimbang import api
from seimbang.arguments import Command
from seimbang.cli import app
from seimbang.errors import StudyError
from seimbang.runs.run import choose, run
from seimbang.study.load import load, to_dict, to_toml
from seimbang.study.schema import parse

RUNNER = CliRunner()
COMMANDS = typer.main.get_command(app).commands
SINGLE = [
    (name, option.opts[0], [] if option.is_flag else ["1"])
    for name, command in COMMANDS.items()
    for option in command.params
    if option.param_type_name == "option" and not option.multiple
]


def study(**changes):
    return parse(
        {
            "title": "Arms",
            "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 40, "seed": 9}},
            "image": {"size": [16, 16]},
            "model": {"name": "logistic"},
            "arm": [{"name": "none"}, {"name": "weights", "balance": {"method": "class_weights"}}, {"name": "third"}],
        }
        | changes
    )


@pytest.mark.parametrize(("command", "option", "value"), SINGLE)
def test_an_option_of_one_value_given_twice_is_an_error(command, option, value):
    result = RUNNER.invoke(app, [command, option, *value, option, *value])
    assert isinstance(result.exception, StudyError), result.output
    assert result.exception.code == "OPTION_TWICE"
    assert f"{option} given 2 times to `seimbang {command}`" in str(result.exception)


def test_run_takes_several_arms_and_runs_all_of_them(tmp_path):
    (tmp_path / "s.toml").write_text(to_toml(to_dict(study())))
    words = ["run", str(tmp_path / "s.toml"), "--out", str(tmp_path / "r"), "--workers", "1"]
    result = RUNNER.invoke(app, [*words, "--arm", "third", "--arm", "none"])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "r/arms").iterdir()) == ["none", "third"]
    assert api.load(tmp_path / "r").contents.unfinished == ["weights"]
    alike = api.run(study(), out=tmp_path / "p", arm=["none", "third"], workers=1)
    assert [arm.name for arm in alike.contents.arms] == ["none", "third"]


def test_every_name_that_no_arm_has_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"ARM_UNKNOWN: found no arm 'nonne' or 'x';.*did you mean 'none'"):
        run(study(), Path(), tmp_path / "r", ("weights", "nonne", "x"))
    assert not (tmp_path / "r").exists()


def test_arms_keep_the_order_of_the_study():
    plans = load("phantom").plans()
    assert [plan.name for plan in choose(plans, ("none", "SMOTE", "none"))] == ["SMOTE", "none"]
    assert choose(plans, ()) == plans


def test_brackets_in_help_texts_are_shown():
    program = typer.Typer()

    @program.command(cls=Command, epilog="Example: x [epilog]")
    def switch(step: str = typer.Option("", help="A step of [image].")) -> None:
        """Read [training] of a study."""

    shown = RUNNER.invoke(program, ["--help"]).output
    assert all(word in shown for word in ("[image]", "[training]", "[epilog]"))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_every_word(command):
    words = re.sub(r"[│\s]+", " ", RUNNER.invoke(app, [command, "--help"], terminal_width=200).output)
    assert COMMANDS[command].callback.__doc__ in words


def test_shells_complete_commands():
    code = "from seimbang.cli import app; app(prog_name='seimbang')"
    env = {"_SEIMBANG_COMPLETE": "complete_bash", "COMP_WORDS": "seimbang re", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path), **env}
    )
    assert {"report", "review"} <= set(done.stdout.split())
    assert "--install-completion" in RUNNER.invoke(app, ["--help"]).output

"""README, CONTRIBUTING and docs/ are true: snippets parse and run, names and links exist, tables are complete."""

import ast
import csv
import importlib.util
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import click
import key_tables
import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

import seimbang
from seimbang import balance, errors
from seimbang.balance.base import Balance
from seimbang.checks import CHECKS, RECIPE_CHECKS, SUBMITTED_CHECKS, WEIGHTS_CHECKS
from seimbang.cli import app
from seimbang.record.sample_size import SampleSize
from seimbang.runs import foresight, shuffle
from seimbang.study.schema import parse

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.id.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = typer.main.get_command(app).commands
KINDS = {name: kind for name, kind in vars(errors).items() if getattr(kind, "exit_code", 1) > 1}
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
BASE = {"title": "T", "data": {"source": "phantom"}, "arm": [{"name": "none"}]}


def named(path):
    return path.relative_to(ROOT).as_posix()


def snippets(language):
    found = [
        (page, text) for page in PAGES for text in re.findall(rf"^```{language}\n(.*?)^```", read(page), re.M | re.S)
    ]
    return [pytest.param(text, id=f"{named(page)}-{number}") for number, (page, text) in enumerate(found)]


@cache
def read(page):
    return page.read_text(encoding="utf-8")


def table(page, heading):
    """Return the rows below the header of each table whose first column is ``heading``, without backticks."""
    tables = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", read(ROOT / page), re.M)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for rows in tables for line in rows.splitlines()]


def lines_of(text):
    return [shlex.split(line, comments=True) for line in text.splitlines() if shlex.split(line, comments=True)]


@pytest.mark.parametrize("text", snippets("sh"))
def test_shell_lines_are_commands_that_exist(text):
    for program, *words in lines_of(text):
        if program == "seimbang":
            parsed(words)
        elif program == "make":
            assert re.search(rf"^{words[0]}:", read(ROOT / "Makefile"), re.M), words
        elif program in ("pip", "uv"):
            *how, last = words[1:] if program == "uv" else words
            assert how[:1] == ["install"]
            assert how[-3:] == ["-c", "constraints.txt", "-e"]
            assert how[1:-3] in (
                [],
                ["--extra-index-url", "https://download.pytorch.org/whl/cpu"],
                ["--torch-backend=auto"],
            )
            assert last in {".", *(f".[{extra}]" for extra in EXTRAS)}
        else:
            assert program.startswith(".venv/bin/"), program
            assert (Path(sys.executable).parent / Path(program).name).exists(), program
            assert all((ROOT / word).exists() for word in words if "/" in word), words


def parsed(words):
    """Parse a command line as the program does, without running it."""
    try:
        COMMANDS[words[0]].make_context(words[0], list(words[1:]))
    except click.exceptions.UsageError as error:
        pytest.fail(f"seimbang {shlex.join(words)}: {error.message}")


@pytest.mark.parametrize("text", snippets("toml"))
def test_toml_is_a_study_or_a_part_of_one(text):
    values = tomllib.loads(text)
    study = parse(values if "title" in values else BASE | values)
    assert study.plans()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if "://" not in target:
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_the_readme_lists_the_commands():
    listed = [re.match(r"`seimbang (\w+)", row[0])[1] for row in table("README.md", "Command")]
    assert listed == list(COMMANDS)
    for line, _ in table("README.md", "Command"):
        parsed(shlex.split(line.strip("`"))[1:])


def test_the_figures_of_the_readme_are_those_of_the_results():
    figures = [re.findall(r"\d\.\d+", row[1]) for row in table("README.md", "Study")]
    assert all(figures)
    results = read(ROOT / "docs/results.md")
    assert [figure for row in figures for figure in row if figure not in results] == []


def test_the_readme_lists_the_exit_codes():
    listed = {row[1].strip("`"): int(row[0]) for row in table("README.md", "Exit code") if row[1].strip("`") in KINDS}
    assert listed == {name: kind.exit_code for name, kind in KINDS.items()}


def test_every_key_of_a_study_is_in_the_page():
    made = key_tables.page(read(key_tables.PAGE))
    assert read(key_tables.PAGE) == made, "docs/study-file.md is old: run  python tests/docs/key_tables.py"


def test_every_check_of_the_audit_is_in_the_page():
    listed = [(row[0].strip("`"), row[1], row[2]) for row in table("docs/audit.md", "Code")]
    assert listed == [(check.code, check.severity, check.title) for check in (*CHECKS, *RECIPE_CHECKS, *WEIGHTS_CHECKS)]
    listed = [(row[0].strip("`"), row[2]) for row in table("docs/audit.md", "Of an arm")]
    assert listed == [(foresight.CODE, foresight.TITLE), ("SHUFFLED_LABELS", shuffle.TITLE)]
    listed = [(row[0].strip("`"), row[1], row[2]) for row in table("docs/audit.md", "Of files")]
    assert listed == [(check.code, check.severity, check.title) for check in SUBMITTED_CHECKS]


def test_every_error_code_is_in_the_page():
    listed = [tuple(cell.strip("`") for cell in row[:3]) for row in table("docs/errors.md", "Code")]
    raised = {(code, kind, str(KINDS[kind].exit_code)) for code, kind in codes_in_source()}
    assert (set(listed) - raised, raised - set(listed)) == (set(), set())
    assert len(listed) == len(raised)


def codes_in_source():
    """Yield code and class of every error that the package makes, also where a helper is given the code."""
    for path in Path(seimbang.__file__).parent.rglob("*.py"):
        tree = ast.parse(read(path))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            for call in calls(function, KINDS):
                prefix = call.args[0].values[0].value if isinstance(call.args[0], ast.JoinedStr) else ""
                for one in (
                    calls(tree, [function.name]) if isinstance(call.args[0], ast.Name | ast.JoinedStr) else [call]
                ):
                    if isinstance(one.args[0], ast.Constant):
                        yield prefix + one.args[0].value, call.func.id


def calls(tree, names):
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    return [node for node in found if node.func.id in names and node.args]


def make_images(folder):
    rng = np.random.default_rng(0)
    for name, count in {"normal": 40, "pneumonia": 20}.items():
        (folder / name).mkdir(parents=True)
        for k in range(count):
            pixels = rng.integers(0, 255, (20, 20), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"film{k + 1}.png")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Go the README's way for data of one's own, with one arm and without the page, and return the run folder."""
    folder = tmp_path_factory.mktemp("own")
    make_images(folder / "my_images")
    section = read(ROOT / "README.md").partition("## Your own data")[2]
    commands = lines_of(re.search(r"```sh\n(.*?)```", section, re.S)[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("seimbang.reports.report.KINDS", ("svg", "pdf", "png"))
        for _, *words in commands:
            if words[0] != "serve":
                one_arm = ["--arm", "SMOTE"] if words[0] == "run" else []
                done = CliRunner().invoke(app, words + one_arm, catch_exceptions=False)
                assert done.exit_code == 0, (words, done.output)
    return folder / next(words[2] for words in commands if words[1] == "serve")


def test_the_run_folder_holds_what_the_page_lists(finished):
    listed = {row[0].strip("`"): re.findall(r"`([^`]+)`", row[2]) for row in table("docs/run-folder.md", "File")}
    there = {}
    for file in sorted(path for path in finished.rglob("*") if path.is_file()):
        parts = file.relative_to(finished).parts
        if not any(part.startswith(".") for part in parts):
            there[general(parts)] = max(contents(file), there.get(general(parts), []), key=len)
    assert listed.pop("clusters.png") == []  # only where a protocol groups cases by similarity
    assert listed.pop("labels/<name>.png") == there.pop("labels/<name>.png", [])  # only where labels look wrong
    assert listed.pop("arms/<arm>/digests.json") == []  # its keys are the files of the jobs
    assert {name.split("/")[0] for name in there.pop("arms/<arm>/digests.json")} == {"jobs"}
    del listed["edits.json"]  # only where edits were accepted
    for other in ("levers.json", "arms/<arm>/curve/<percent>/<fold>/<seed>/*"):  # only of a study that asks for curves
        del listed[other]
    assert listed.pop("sample_size.json") == list(SampleSize.model_fields)  # this run has one arm, so its list is empty
    assert there.pop("sample_size.json") == []
    assert listed == there


def general(parts):
    """Return a path with the names of arms, figures and pictures left open."""
    path = "/".join(parts)
    path = re.sub(r"^arms/[^/]+", "arms/<arm>", path)
    path = re.sub(r"/jobs/[^/]+/[^/]+", "/jobs/<fold>/<seed>", path)
    return re.sub(r"(figures|samples|labels|gallery|examples|heat|worst)/[^/]+(\.\w+)$", r"\1/<name>\2", path)


def contents(file):
    """Return the columns of a CSV file or the keys of a JSON object or of the objects in a list."""
    if file.suffix == ".csv":
        with file.open(encoding="utf-8") as lines:
            header = next(csv.reader(lines))
        return list(dict.fromkeys(re.sub(r"^p_.*", "p_<class>", name) for name in header))
    if file.suffix == ".json":
        value = json.loads(file.read_text(encoding="utf-8"))
        value = list(value.values()) if file.name == "comparisons.json" else value  # its keys are protocols
        return list((value[0] if value else {}) if isinstance(value, list) else value)
    return []


@pytest.mark.parametrize("text", snippets("python"))
def test_python_runs(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "my_images" in text:
        make_images(tmp_path / "my_images")
    (tmp_path / "snippet.py").write_text(text)
    spec = importlib.util.spec_from_file_location("snippet", tmp_path / "snippet.py")
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_the_examples_of_a_method_and_a_model_keep_the_contracts(tmp_path):
    """Put the examples into the tables with the very lines the page names, and run the contract tests over them."""
    page, plugin, names = read(ROOT / "CONTRIBUTING.md"), "from seimbang import balance, networks\n", []
    for file, text in re.findall(r"`src/seimbang/(\w+/\w+)\.py`.*?```python\n(.*?)^```", page, re.M | re.S):
        room, module = file.split("/")
        line = re.search(rf"`(\"{module}\": (\w+)),`", page)
        (tmp_path / f"example_{module}.py").write_text(text)
        plugin += f"from example_{module} import {line[2]}\n"
        plugin += f"{room}.{ {'balance': 'METHODS', 'networks': 'NETWORKS'}[room] } |= {{{line[1]}}}\n".replace(
            ". ", "."
        )
        names.append(module)
    assert len(names) == 2
    (tmp_path / "examples_plugin.py").write_text(plugin)
    contracts = [str(ROOT / f"tests/contracts/test_{what}.py") for what in ("balancers", "models")]
    command = [sys.executable, "-m", "pytest", "-p", "examples_plugin", "-k", " or ".join(names), *contracts]
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_hook_of_balancing_is_in_the_page():
    hooks = [name for name, value in vars(Balance).items() if inspect.isfunction(value) and not name.startswith("_")]
    assert [row[0].strip("`") for row in table("CONTRIBUTING.md", "Hook")] == [
        name for name in hooks if name != "recipe"
    ]


def test_every_sampler_is_in_the_page_with_its_parameters():
    listed = {}
    for name, method, parameters in table("docs/python.md", "Sampler"):
        named = {*re.findall(r"`(\w+)`", parameters), "ratio", "sampling_strategy", "random_state"}
        listed[name.strip("`")] = (method.strip("`"), named)
    samplers = {name: getattr(balance, name) for name in balance.__all__ if name[0].isupper() and name != "METHODS"}
    assert listed == {name: (kind.method, set(kind().get_params())) for name, kind in samplers.items()}


def test_the_commit_hooks_run_what_make_lint_runs():
    hooks = re.findall(r"entry: (.*)", read(ROOT / ".pre-commit-config.yaml"))
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", read(ROOT / "Makefile"), re.M)[1]
    assert hooks == [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()]

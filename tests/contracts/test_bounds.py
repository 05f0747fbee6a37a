"""What is imported is declared, and the lowest versions that are declared do run."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from test_imports import SOURCE, modules

ROOT = Path(__file__).parents[2]
NOT_IN_DEV = {"timm": "timm", "huggingface_hub": "huggingface-hub", "sklearnex": "scikit-learn-intelex"}
CORE_LACKS = {"streamlit", "altair", "starlette", "fastapi"}  # only what servers load needs them at the top
IMAGES = """
title = "Images"
[data]
source = "phantom"
positive = "PNEUMONIA"
phantom = { patients = 60, prevalence = 0.4 }
[image]
size = [24, 24]
[model]
name = "rnn"
units = 6
[training]
epochs = 2
[[arm]]
name = "SMOTE"
balance = { method = "smote", k = 3 }
[[arm]]
name = "CNN"
model = { name = "cnn" }
"""
TABLE = """
title = "Table"
[data]
source = "excel"
path = "iris.xlsx"
[split]
folds = 3
validation = 0.0
[model]
name = "knn"
[[arm]]
name = "SMOTE"
balance = { method = "smote", k = 3 }
[[arm]]
name = "forest"
model = { name = "forest" }
"""
IRIS = """
from sklearn.datasets import load_iris
iris = load_iris(as_frame=True)
iris.data.assign(label=iris.target.map(dict(enumerate(iris.target_names)))).to_excel("iris.xlsx", index=False)
"""
IMPORT_ALL = """
import pkgutil, seimbang
from importlib import import_module
for module in pkgutil.walk_packages(seimbang.__path__, "seimbang."):
    try:
        import_module(module.name)
    except ModuleNotFoundError as error:
        print(error.name)
"""


def declared():
    """Return the requirements of the core, and those of the extras other than dev, by distribution."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    more = [line for name, lines in project["optional-dependencies"].items() if name != "dev" for line in lines]
    return [
        {canonicalize_name(one.name): one for one in map(Requirement, part)} for part in (project["dependencies"], more)
    ]


def third_party(trees):
    """Return the modules that are imported, by their first name, and who imports them."""
    names = {}
    for importer, tree in trees.items():
        for node in ast.walk(tree):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found = [node.module]
            for name in found:
                names.setdefault(name.split(".")[0], set()).add(importer)
    return {name: who for name, who in names.items() if name not in {*sys.stdlib_module_names, "seimbang"}}


def test_every_import_is_declared():
    core, extras = declared()
    distributions = packages_distributions()
    undeclared = {}
    for name, importers in third_party(modules(SOURCE)).items():
        owners = map(canonicalize_name, distributions.get(name) or [NOT_IN_DEV.get(name, name)])
        if not {*core, *extras} & set(owners):
            undeclared[name] = importers
    assert undeclared == {}


def lowest():
    """Return pip's constraints: each dependency of the core in the lowest version that it may have."""
    core, _ = declared()
    bounds = {name: [one for one in known.specifier if one.operator == ">="] for name, known in core.items()}
    return "".join(f"{name}=={low.version}\n" for name, lows in bounds.items() for low in lows)


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Yield the Python of an environment with seimbang's core in the lowest versions."""
    folder = tmp_path_factory.mktemp("lowest")
    (folder / "lowest.txt").write_text(lowest())
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv/bin/python"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "src/seimbang", folder / "src/seimbang")  # as a build leaves files beside what it builds
    words = ["pip", "install", "--quiet", "--no-compile", "-c", folder / "lowest.txt", folder]
    subprocess.run([python, "-m", *words], check=True)
    yield python
    shutil.rmtree(folder)  # a gigabyte


@pytest.mark.skipif("CI" not in os.environ, reason="installs a gigabyte of packages: make bounds")
def test_the_lowest_versions_run_studies_and_import_every_module(python, tmp_path):
    def call(*words):
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment["SEIMBANG_CACHE"] = str(tmp_path / "cache")
        done = subprocess.run(
            [python, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    for name, text in {"images": IMAGES, "table": TABLE}.items():
        (tmp_path / f"{name}.toml").write_text(text)
    call("-c", IRIS)
    for name in ("images", "table"):
        call("-m", "seimbang.cli", "run", f"{name}.toml", "--data", ".", "--out", name)
        assert (tmp_path / name / "report.html").is_file()
    assert set(call("-c", IMPORT_ALL).split()) <= CORE_LACKS

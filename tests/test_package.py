"""What users get: the sdist is whole, the wheel made of it holds all data files, and it runs where nothing else is."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FOLDERS = (".ci", ".github", "benchmarks", "docs", "src/seimbang", "tests")
FILES = (".gitignore", ".pre-commit-config.yaml", "MANIFEST.in", "Makefile", "constraints.txt", "mkdocs.yml")
FILES += ("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "pyproject.toml")
LEFT_BEHIND = shutil.ignore_patterns("__pycache__", "*.pyc")
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, 'build_' + sys.argv[1])(sys.argv[2])"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def build(what, tree, out):
    subprocess.run([sys.executable, "-c", BUILD, what, str(out)], cwd=tree, check=True, capture_output=True)
    return next(out.glob("*.tar.gz" if what == "sdist" else "*.whl"))


def below(tree):
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return a clean tree, the tree unpacked from its sdist, and the wheel built from that."""
    folder = tmp_path_factory.mktemp("package")
    clean, out = folder / "clean", folder / "out"
    out.mkdir()
    for name in FOLDERS:
        shutil.copytree(ROOT / name, clean / name, ignore=LEFT_BEHIND)
    for name in FILES:
        shutil.copy(ROOT / name, clean / name)
    whole = below(clean)
    with tarfile.open(build("sdist", clean, out)) as sdist:
        sdist.extractall(folder, filter="data")
    unpacked = folder / f"seimbang-{PROJECT['version']}"
    missing = whole - below(unpacked)
    return missing, build("wheel", unpacked, out)


def test_the_sdist_is_complete(built):
    missing, _ = built
    assert missing == set()


def test_the_wheel_holds_every_file_of_the_package_and_no_other(built):
    package = ROOT / "src" / "seimbang"
    files = {f"seimbang/{name}" for name in below(package) if "__pycache__" not in name}
    with zipfile.ZipFile(built[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == files
    kinds = {(Path(name).parts[1], Path(name).suffix) for name in names}
    assert {("checks", ".toml"), ("study", ".toml"), ("serving", ".toml"), ("reports", ".html")} <= kinds


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert citation["title"].startswith("seimbang")
    assert citation["authors"]


@pytest.mark.parametrize("file", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda file: file.name)
def test_what_hosted_services_read_names_targets_that_exist(file):
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    runs = [step["run"] for job in values.get("jobs", {}).values() for step in job["steps"] if "run" in step]
    for line in "\n".join(runs).splitlines():
        if line.startswith("make "):
            assert all(f"\n{target}:" in makefile for target in line.split()[1:]), line


@pytest.mark.skipif("SEIMBANG_WHEEL" not in os.environ, reason="installs a gigabyte of packages: make wheel")
def test_the_wheel_runs_the_demo_where_nothing_else_is(built, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["SEIMBANG_CACHE"] = str(tmp_path / "cache")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    # No constraints but PyTorch's: what is newest may bring gigabytes of libraries for a GPU.
    torch = f"torch=={version('torch').partition('+')[0]}"
    pip = [tmp_path / "venv/bin/python", "-m", "pip", "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, built[1], torch], check=True)
    demo = [tmp_path / "venv/bin/seimbang", "demo", "--quick"]
    done = subprocess.run(demo, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    report = next((tmp_path / "runs").glob("*/report.html"))
    assert report.stat().st_size > 100_000
    shutil.rmtree(tmp_path / "venv")  # a gigabyte

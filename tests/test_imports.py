"""Imports run one way, in no circle, and nothing heavy is loaded for ``--help``."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import seimbang

SOURCE = Path(seimbang.__file__).parent
STAGES = ["datasets", "checks", "splits", "balance", "networks", "classical", "training", "evaluation", "explain"]
LEVEL = {
    "errors": 0,
    "progress": 0,
    "settings": 0,
    "threads": 0,
    "text": 0,
    "arguments": 1,
    "imaging": 1,
    **dict.fromkeys(STAGES, 2),
    "study": 3,
    "record": 4,
}
LEVEL |= {"reports": 5, "serving": 5, "runs": 6, "api": 7, "commands": 7, "cli": 8, "__init__": 8}
HEAVY = {"torch", "monai", "streamlit", "matplotlib", "sklearn", "scipy", "imblearn", "skimage"}
BORROWED = {
    ("classical", "networks.backbones"),  # a classical model sees what a pretrained network makes of an image
    ("classical", "networks.network_features"),
    ("checks", "datasets.counters"),  # what numbers the cases is no feature, and a finding where it is one
    ("checks", "datasets.roles"),  # by which names a column of places is known
    ("checks", "datasets.uses"),  # what can be made of a column is written in one place
}


def name_of(path, source):
    parts = path.relative_to(source.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(source):
    return {name_of(path, source): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(source.rglob("*.py"))}


def nodes(tree):
    """Every node but those that only a type checker reads."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            waiting += ast.iter_child_nodes(node)


def imported(tree, known, root="seimbang"):
    """Yield what a module imports of the package, in functions too; ``from package import module`` is resolved."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == root:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module


def graph(source, root="seimbang"):
    known = modules(source)
    return {name: set(imported(tree, known, root)) - {name} for name, tree in known.items()}


def room(name):
    return [*name.split("."), "__init__"][1]


def test_imports_run_one_way():
    wrong = []
    for name, targets in graph(SOURCE).items():
        for target in targets - {"seimbang"}:
            here, there = room(name), room(target)
            inner = target.removeprefix("seimbang.")
            across = here in STAGES and there in STAGES and here != there
            method = across and inner != f"{there}.base" and (here, inner) not in BORROWED
            if LEVEL[there] > LEVEL[here] or (LEVEL[there] == LEVEL[here] == 5 and here != there) or method:
                wrong.append(f"{name} imports {target}")
    assert wrong == []


def test_no_module_imports_itself_by_way_of_others():
    list(TopologicalSorter(graph(SOURCE)).static_order())  # raises CycleError, naming the circle


@pytest.mark.parametrize(
    "lazy", ["from pack import a", "from pack.a import f", "def g():\n    from pack import a", "import pack.a"]
)
def test_every_way_of_importing_is_seen(tmp_path, lazy):
    (tmp_path / "pack").mkdir()
    for name, text in {"__init__": "", "a": "from pack import b\ndef f(): ...", "b": lazy}.items():
        (tmp_path / "pack" / f"{name}.py").write_text(text)
    found = graph(tmp_path / "pack", "pack")
    assert found["pack.a"] == {"pack.b"}
    assert found["pack.b"] == {"pack.a"}


def runtime_imports(body):
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_heavy_libraries_are_imported_inside_functions():
    allowed = {
        "balance/samplers.py",
        "networks/pretrained_net.py",
        "serving/app.py",  # and what only it loads
        "serving/draw.py",
        "serving/form.py",
        "serving/images.py",
        "serving/local_use.py",
    }
    for path in SOURCE.rglob("*.py"):
        if path.relative_to(SOURCE).as_posix() not in allowed:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert not HEAVY & set(runtime_imports(tree.body)), path

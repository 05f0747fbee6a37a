"""Imports run one way, and nothing heavy is loaded for ``--help``."""

import ast
from pathlib import Path

import seimbang

SOURCE = Path(seimbang.__file__).parent
STAGES = ["datasets", "audit", "splits", "balance", "models", "training", "evaluation", "explain", "reports"]
LEVEL = {"errors": 0, "progress": 0, "settings": 0, "imaging": 1, **dict.fromkeys(STAGES, 2), "study": 3, "runs": 4}
LEVEL |= {"serving": 5, "cli": 6, "api": 6}
HEAVY = {"torch", "monai", "streamlit", "matplotlib", "sklearn", "scipy", "imblearn", "skimage"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("seimbang."):
            yield node.module.split(".")[1:]


def test_imports_run_one_way():
    wrong = []
    for path in SOURCE.rglob("*.py"):
        room = path.relative_to(SOURCE).with_suffix("").parts[0]
        if room == "__init__":
            continue
        for target in imports(path):
            stage_to_stage = room in STAGES and target[0] in STAGES and target[0] != room
            if LEVEL[target[0]] > LEVEL[room] or (stage_to_stage and target[1:] != ["base"]):
                wrong.append(f"{path.relative_to(SOURCE)} imports {'.'.join(target)}")
    assert wrong == []


def runtime_imports(body):
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_heavy_libraries_are_imported_inside_functions():
    allowed = {
        "balance/samplers.py",
        "models/cnn_net.py",
        "models/recurrent_net.py",
        "models/pretrained_net.py",
        "serving/app.py",  # and what only it loads
        "serving/draw.py",
        "serving/form.py",
    }
    for path in SOURCE.rglob("*.py"):
        if path.relative_to(SOURCE).as_posix() not in allowed:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert not HEAVY & set(runtime_imports(tree.body)), path

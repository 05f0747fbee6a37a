"""The code keeps its shape: short functions and files, imports where they can be seen, everything public typed."""

import ast
from pathlib import Path
from statistics import median, quantiles

import seimbang
from test_imports import modules

SOURCE = Path(seimbang.__file__).parent
LONG_FUNCTION, LONG_FILE = 40, 400  # lines
# Each limit is what the code has come to: lower it when the code gets better, never raise it.
LONG_FUNCTIONS = 0.002  # share of all functions
LONG_FILES = 0
LAZY_IMPORTS = 15  # names that functions import from seimbang's own modules
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]


def lines_of(node):
    return node.end_lineno - node.lineno + 1


def own_imports(function):
    """Yield each name that a function imports of seimbang's own modules; those of a function inside it are its own."""
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "seimbang")
        elif isinstance(node, ast.ImportFrom) and (node.level or node.module.split(".")[0] == "seimbang"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not isinstance(node, FUNCTIONS):
            waiting += ast.iter_child_nodes(node)


def untyped(function):
    """Return the names of the parameters without a type, and ``return`` where what is returned has none."""
    args = function.args
    named = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, [args.vararg, args.kwarg])]
    missing = [arg.arg for arg in named if arg.annotation is None and arg.arg not in ("self", "cls")]
    return missing + ([] if function.returns else ["return"])


def public(tree, inside=""):
    """Yield the name and the node of each public class, method and function of a module."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, *FUNCTIONS)) and not node.name.startswith("_"):
            yield inside + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{inside}{node.name}.")


def test_functions_are_short():
    lengths = {
        f"{name}:{function.lineno} {function.name}": lines_of(function)
        for name, tree in modules(SOURCE).items()
        for function in functions(tree)
    }
    long = {name: lines for name, lines in lengths.items() if lines > LONG_FUNCTION}
    middle, most = median(lengths.values()), quantiles(lengths.values(), n=20)[-1]
    share = len(long) / len(lengths)
    said = f"{len(long)} of {len(lengths)} over {LONG_FUNCTION} lines; median {middle:.0f}, p95 {most:.0f}: {long}"
    assert share <= LONG_FUNCTIONS, said


def test_files_are_short():
    lengths = {path.relative_to(SOURCE).as_posix(): path.read_text().count("\n") for path in SOURCE.rglob("*.py")}
    long = {name: lines for name, lines in lengths.items() if lines > LONG_FILE}
    assert len(long) <= LONG_FILES, long


def test_own_modules_are_imported_at_the_top():
    lazy = [
        f"{name}:{function.lineno} {function.name} imports {imported}"
        for name, tree in modules(SOURCE).items()
        for function in functions(tree)
        for imported in own_imports(function)
    ]
    assert len(lazy) <= LAZY_IMPORTS, "\n".join([f"{len(lazy)} imports inside functions", *lazy])


def test_everything_public_is_typed_and_documented():
    wrong = []
    for module, tree in modules(SOURCE).items():
        wrong += [] if ast.get_docstring(tree) else [f"{module} has no docstring"]
        for name, node in public(tree):
            wrong += [] if ast.get_docstring(node) or overrides(node) else [f"{module} {name} has no docstring"]
            if not isinstance(node, ast.ClassDef):
                wrong += [f"{module} {name}: {part} has no type" for part in untyped(node)]
    assert wrong == []


def overrides(node):
    return any(ast.unparse(mark) in ("override", "overload") for mark in node.decorator_list)

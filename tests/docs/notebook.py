"""Executes docs/first-steps.ipynb without Jupyter: its code cells in order, their output as Jupyter would keep it.

python tests/docs/notebook.py            # writes the outputs anew
"""

import ast
import contextlib
import io
import json
import os
import tempfile
from pathlib import Path

NOTEBOOK = Path(__file__).parents[2] / "docs" / "first-steps.ipynb"


def read():
    """Return the notebook as plain values."""
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))


def code_cells(notebook):
    """Return the cells that run."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def outputs(cells):
    """Run cells in one namespace and yield the outputs of each; standard error, which holds progress, is left out."""
    names = {}
    for number, cell in enumerate(cells, 1):
        body = ast.parse("".join(cell["source"])).body
        last = ast.Expression(body.pop().value) if isinstance(body[-1], ast.Expr) else None
        with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(io.StringIO()):
            exec(compile(ast.Module(body, []), NOTEBOOK.name, "exec"), names)
            value = eval(compile(last, NOTEBOOK.name, "eval"), names) if last else None
        yield [*_printed(printed.getvalue()), *_shown(value, number)]


def _printed(text):
    return [{"name": "stdout", "output_type": "stream", "text": text.splitlines(True)}] if text else []


def _shown(value, number):
    if value is None:
        return []
    data = {"text/plain": repr(value).splitlines(True)}
    html = getattr(value, "_repr_html_", lambda: None)()
    data |= {"text/html": html.splitlines(True)} if html else {}
    return [{"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"}]


def write():
    """Run the notebook in a folder of its own and write it with what came out."""
    notebook = read()
    cells = code_cells(notebook)
    os.chdir(tempfile.mkdtemp())
    for number, (cell, made) in enumerate(zip(cells, outputs(cells), strict=True), 1):
        cell |= {"outputs": made, "execution_count": number}
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()

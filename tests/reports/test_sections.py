"""SECTIONS: one line and one template for each part of the page."""

import re
from importlib.resources import files

import pytest

from run_folder import fake_run
from seimbang.record.read import read
from seimbang.reports.report import write_report
from seimbang.reports.sections import SECTIONS

FOLDER = files("seimbang.reports") / "templates"


def test_every_template_has_its_line_and_every_line_its_template():
    assert {section.template for section in SECTIONS} == {
        f"sections/{file.name}" for file in (FOLDER / "sections").iterdir()
    }


@pytest.mark.parametrize("kind", ["image", "table"])
def test_the_page_and_its_contents_have_the_sections_that_the_run_needs_in_order(tmp_path, kind):
    folder = fake_run(tmp_path / "run", arms=2)
    if kind == "table":
        data = folder / "data.json"
        data.write_text(data.read_text().replace('"kind": "image"', '"kind": "table"'))
    write_report(folder)
    run, text = read(folder), (folder / "report.html").read_text(encoding="utf-8")
    wanted = [section.key for section in SECTIONS if section.needs(run)]
    assert re.findall(r'<section id="(\w+)"', text) == wanted
    assert re.findall(r'<li><a href="#(\w+)">', text.split("</nav>")[0]) == wanted
    assert len(wanted) == len(set(wanted))
    assert ("importance" in wanted, "heat" in wanted) == (kind == "table", kind == "image")


PAGES = [
    page.name for page in FOLDER.iterdir() if page.name.endswith(".html") and 'include "head.html"' in page.read_text()
]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_its_parts_once_opened_and_closed(name):
    whole = (FOLDER / name).read_text(encoding="utf-8")
    assert [whole.count(f"<{part}") for part in ("header>", "main")] == [1, 1]
    assert [whole.count(f"</{part}>") for part in ("header", "main")] == [1, 1]
    assert whole.count('{% include "foot.html" %}') == 1

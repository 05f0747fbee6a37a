"""The documentation site: every page can be reached, every finding has its page, and nothing is fetched to read it."""

import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="mkdocs is in the extra docs")

import finding_pages

import seimbang
from seimbang.checks import CHECKS, RECIPE_CHECKS, SUBMITTED_CHECKS, WEIGHTS_CHECKS

ROOT = Path(__file__).parents[2]
AUDIT = finding_pages.AUDIT.read_text(encoding="utf-8")
PAGES = list(finding_pages.finding_pages(AUDIT))


class Fetched(HTMLParser):
    """Collects what a browser fetches to show a page, and where its links lead."""

    def __init__(self):
        super().__init__()
        self.fetched, self.links = set(), set()

    def handle_starttag(self, tag, attributes):
        address = dict(attributes).get("href" if tag in {"a", "link"} else "src")
        if address:
            (self.links if tag == "a" else self.fetched).add(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@cache
def parsed(page):
    parser = Fetched()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def test_nothing_is_fetched_from_another_place(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        assert not [address for address in parsed(page).fetched if re.match(r"(https?:)?//", address)], page
        for address in parsed(page).fetched:
            file = address.partition("?")[0].partition("#")[0]
            assert page.name == "404.html" or (page.parent / file).is_file(), (page, address)
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", style.read_text(encoding="utf-8")), style


def test_every_page_is_reached_from_the_first(site):
    reached, waiting = set(), [site / "index.html"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            targets = {address.partition("#")[0] for address in parsed(page).links if "://" not in address}
            waiting += [(page.parent / target).resolve() for target in targets if target.endswith(".html")]
    assert {page.resolve() for page in site.rglob("*.html")} - reached == {(site / "404.html").resolve()}


def test_every_finding_has_a_page_with_its_remedy(site):
    checks = (*CHECKS, *RECIPE_CHECKS, *WEIGHTS_CHECKS, *SUBMITTED_CHECKS)
    of_runs = {"ARM_IMPOSSIBLE", "SHUFFLED_LABELS"}
    assert {page.code for page in PAGES} == {check.code for check in checks} | of_runs
    for check in checks:
        text = (site / "audit" / f"{check.code}.html").read_text(encoding="utf-8")
        assert check.title in text
        assert 'id="what-to-do"' in text
    assert 'href="NEAR_TEST.html"' in (site / "audit" / "EXTERNAL_NEAR.html").read_text(encoding="utf-8")
    assert 'href="audit/NEAR_TEST.html"' in (site / "audit.html").read_text(encoding="utf-8")


def test_a_page_of_a_finding_is_what_the_audit_page_says():
    page = next(page for page in PAGES if page.code == "PATIENT_TEST")
    text = finding_pages.markdown(page, AUDIT)
    assert text.startswith("# PATIENT_TEST\n\nTest patients also in training or validation.\n\n**leak**: information")
    assert '## What to do\n\nSplit by patient: `group` in `[data]`, `group = "known"` in `[split]`.' in text


def test_every_remedy_can_be_read_alone():
    for page in PAGES:
        assert "What to do" in page.sections, page.code
        for text in page.sections.values():
            assert not re.match(r"As above|The same,|The same by", text), (page.code, text)


def test_the_reference_has_every_public_name_with_its_docstring(site):
    text = (site / "python-reference.html").read_text(encoding="utf-8")
    for name in seimbang.__all__:
        assert re.search(rf'id="seimbang\.(api\.|runs\.review\.)?{name}"', text), name
        first = getattr(seimbang, name).__doc__.splitlines()[0].split("`")[0]
        assert first in re.sub(r"<[^>]+>", "", text), name

"""The page in a browser: arms chosen, tables sorted, figures saved; without scripts, on paper and at 390 px."""

import base64
import io

import pytest
from PIL import Image

from run_folder import fake_run
from seimbang.reports.report import write_report

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    run = fake_run(tmp_path_factory.mktemp("browser") / "run", arms=4)
    write_report(run)
    return run


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        try:
            opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        except playwright.Error:
            pytest.skip(f"no browser at {CHROMIUM}")
        yield opened
        opened.close()


@pytest.fixture
def opened(browser, folder):
    """Yield what opens the page; ``said`` of the page lists what its console says, ``asked`` what it requests."""
    pages = []

    def opens(**settings):
        page = browser.new_page(**{"viewport": WIDE} | settings)
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url.split(",")[0]))
        page.goto((folder / "report.html").as_uri())
        pages.append(page)
        return page

    yield opens
    for page in pages:
        page.close()


def shown(page, section):
    """Return the arms that are seen in a section, in their order."""
    names = page.locator(f"#{section} .arm").evaluate_all(
        "arms => arms.filter(arm => arm.checkVisibility()).map(arm => arm.dataset.arm)"
    )
    return list(dict.fromkeys(names))


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light")])
def test_nothing_leaves_the_page_nothing_breaks_a_rule_of_accessibility_and_nothing_is_cut(
    opened, folder, viewport, scheme
):
    page = opened(viewport=viewport, color_scheme=scheme)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0
    page.wait_for_timeout(100)
    assert page.said == []
    assert {one for one in page.asked if not one.startswith("data:image/")} == {(folder / "report.html").as_uri()}
    response = axe.Axe().run(page).response
    assert len(response["passes"]) > 20
    assert [(rule["id"], rule["nodes"][0]["html"][:99]) for rule in response["violations"]] == []


def test_two_arms_stand_side_by_side_and_the_choice_holds_everywhere(opened):
    page = opened()
    assert len(shown(page, "curves")) == 2
    page.locator("#curves select").first.select_option("none")
    page.locator("#curves select").nth(1).select_option("class-weights")
    for section in ("curves", "errors", "examples"):
        assert shown(page, section) == ["none", "class-weights"], section
    left, right = (page.locator(f"#curves [data-arm={arm}]").bounding_box() for arm in ("none", "class-weights"))
    assert (left["y"], left["x"] < right["x"]) == (right["y"], True)
    page.locator("#curves select").nth(1).select_option("")
    assert shown(page, "errors") == ["none"]
    page.locator("#errors select").nth(1).select_option("*")
    assert len(shown(page, "curves")) == 4


def test_without_scripts_and_on_paper_all_arms_are_there(opened):
    bare = opened(java_script_enabled=False)
    assert bare.locator("#curves .arm:visible").count() == 4
    assert bare.locator("select").count() == 0
    page = opened()
    page.emulate_media(media="print")
    assert len(shown(page, "curves")) == 4
    assert not page.locator("nav").is_visible()


def test_a_table_is_sorted_by_the_heading_that_is_clicked(opened):
    page = opened()
    table = page.locator("#arms table").first
    numbers = "rows => rows.map(row => row.cells[1].firstChild.textContent.trim()).filter(text => text[0] !== 'n')"
    before = table.locator("tbody tr").evaluate_all(numbers)
    heading = table.locator("thead th").nth(1)
    for state, wanted in (("ascending", sorted(before)), ("descending", sorted(before)[::-1]), (None, before)):
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == state
        assert table.locator("tbody tr").evaluate_all(numbers) == wanted


def test_figures_are_saved_by_a_click_wherever_the_page_lies(opened, folder):
    page = opened()
    figure = page.locator("#answer figure")
    with page.expect_download() as svg:
        figure.get_by_role("link", name="SVG").click()
    kept = (folder / "figures/forest-balanced_accuracy.svg").read_text()
    assert svg.value.suggested_filename == "forest-balanced_accuracy.svg"
    assert svg.value.path().read_text() == kept
    with page.expect_download() as png:
        figure.get_by_role("link", name="PNG").click()
    picture = Image.open(io.BytesIO(png.value.path().read_bytes()))
    natural = figure.locator("img").evaluate("image => image.naturalWidth")
    assert natural == 422  # 4.4 inches
    assert picture.width == round(natural * 300 / 96)


def test_the_address_of_a_figure_is_its_file(opened, folder):
    source = opened().locator("#answer figure img").get_attribute("src")
    kept = (folder / "figures/forest-balanced_accuracy.svg").read_bytes()
    assert base64.b64decode(source.split(",")[1]) == kept

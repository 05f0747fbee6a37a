"""The page as a doctor meets it: the real server, a real browser, an X-ray in, class and confidence out."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seimbang.runs.run import run as run_study
from seimbang.serving.words import load
from seimbang.study.schema import parse

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
WAIT = 60_000  # ms; only a page that fails takes so long
STUDY = {
    "title": "Synthetic chest X-rays",
    "question": "Does the page show what the model says?",
    "data": {"source": "phantom", "positive": "PNEUMONIA", "phantom": {"patients": 60, "prevalence": 0.4}},
    "image": {"size": [24, 24]},
    "model": {"name": "rnn", "units": 6},
    "training": {"epochs": 2},
    "arm": [{"name": "none"}],
}
TABLE = {
    "title": "Iris",
    "question": "Does the page ask for what the model needs?",
    "data": {"source": "sklearn:iris"},
    "split": {"test": 0.3, "validation": 0.0},
    "model": {"name": "knn"},
    "arm": [{"name": "none"}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    run_study(parse(STUDY), Path(), out)
    return out


@pytest.fixture(scope="module")
def xray(folder):
    """Return a picture of the run: others, real films too, are refused by a model of phantoms."""
    return folder / "samples/1_0.png"


@pytest.fixture(scope="module")
def address(serve, folder):
    with serve(folder) as (_, found):
        yield found


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser, address):
    """Yield the page, open at the part where images are predicted; ``asked`` lists its requests."""
    opened = browser.new_page(viewport={"width": 1000, "height": 1400})
    opened.set_default_timeout(WAIT)
    opened.asked = []
    opened.on("request", lambda request: opened.asked.append(request))
    opened.on("websocket", lambda socket: opened.asked.append(socket))
    opened.goto(f"{address}/?lang=en")
    opened.get_by_role("tab", name="Predict").click()
    yield opened
    opened.close()


def upload(page, *, name, content):
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": content})


def shown(page, what):
    """Return the value under a heading of the result, with plain spaces."""
    value = page.locator(f".st-key-verdict_{what} h3")
    value.wait_for()
    return value.inner_text().replace("\N{NO-BREAK SPACE}", " ")


def predicted(folder, image):
    """Return class and confidence as the command says them."""
    command = [sys.executable, "-m", "seimbang.cli", "predict", str(folder), str(image)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split("\t")[1:3]


def picture(folder, page, name):
    page.screenshot(path=str(folder / name))
    assert (folder / name).stat().st_size > 20_000


def test_an_xray_gets_the_class_and_confidence_of_the_command_and_nothing_leaves_the_computer(
    page, folder, xray, address, tmp_path
):
    upload(page, name=xray.name, content=xray.read_bytes())
    label, confidence = predicted(folder, xray)
    assert shown(page, "class") == label
    english = shown(page, "confidence")
    assert float(english.strip("<> %")) == pytest.approx(100 * float(confidence), abs=0.06)
    page.get_by_text(f"{xray.name}. The model sees it at 24 × 24 pixels.").wait_for()
    picture(tmp_path, page, "en.png")
    page.get_by_text("Bahasa Indonesia").click()
    page.get_by_role("tab", name="Prediksi").wait_for()
    page.get_by_text("Seberapa jauh keyakinan ini dapat dipercaya").wait_for()
    assert shown(page, "class") == label
    assert shown(page, "confidence") == english.replace(".", ",")
    picture(tmp_path, page, "id.png")
    assert "lang=id" in page.url
    own = address.removeprefix("http://")
    assert len(page.asked) > 10
    assert {re.split(r"://|/", one.url)[1] for one in page.asked if one.url.startswith(("http", "ws"))} == {own}
    assert {re.split(":", one.url)[0] for one in page.asked} <= {"http", "ws", "data", "blob"}


def test_a_letter_named_jpg_gets_a_sentence_in_both_languages(page):
    upload(page, name="letter.jpg", content=b"Dear colleague, this is no image.")
    alert = page.locator(".st-key-part_upload").get_by_role("alert").filter(has_text="IMG_NOT_IMAGE")
    alert.wait_for()
    assert load("en")("error.IMG_NOT_IMAGE") in alert.inner_text()
    page.get_by_text("Bahasa Indonesia").click()
    alert.filter(has_text="berkas ini bukan gambar").wait_for()
    assert "Traceback" not in page.content()


def test_a_large_picture_is_predicted_although_the_server_can_write_no_file(page, xray, tmp_path):
    """The server of these tests may write no byte to any file: an upload parked on the disk would fail."""
    enlarged = np.asarray(Image.open(xray).convert("L").resize((2400, 2400))).astype(int)
    noise = np.random.default_rng(0).integers(-32, 32, enlarged.shape)
    Image.fromarray((enlarged + noise).clip(0, 255).astype(np.uint8)).save(tmp_path / "large.png")
    content = (tmp_path / "large.png").read_bytes()
    assert len(content) > 3 * 2**20
    upload(page, name="large.png", content=content)
    assert shown(page, "class") in {"NORMAL", "PNEUMONIA"}


SEND = """async ([url, token, size]) => {
    const form = new FormData();
    form.append("file", new File([new Uint8Array(size)], "x.png"));
    return (await fetch(url, {method: "PUT", body: form, headers: {"X-Xsrftoken": token}})).status;
}"""


def test_an_upload_over_the_limit_is_refused_by_the_page_and_by_the_server(page, xray, tmp_path):
    (tmp_path / "large.png").write_bytes(bytes(21 * 2**20))
    page.locator("input[type=file]").set_input_files(tmp_path / "large.png")
    page.get_by_text("large.png").wait_for()
    assert not [one for one in page.asked if "upload_file" in one.url]
    upload(page, name=xray.name, content=xray.read_bytes())
    shown(page, "class")
    sent = next(one for one in page.asked if "upload_file" in one.url and one.method == "PUT")
    token = sent.headers["x-xsrftoken"]
    assert page.evaluate(SEND, [sent.url, token, 100]) == 204
    assert page.evaluate(SEND, [sent.url, token, 21 * 2**20]) == 413
    assert page.evaluate(SEND, [sent.url, "", 100]) == 403


def test_a_heat_map_stands_beside_the_image_and_the_slider_makes_it_fainter(page, xray, tmp_path):
    upload(page, name=xray.name, content=xray.read_bytes())
    shown(page, "class")
    pictures = page.locator(".st-key-heat img")
    assert pictures.count() == 0  # a recurrent network has only the slow map: drawn when it is asked for
    page.get_by_text("Occlusion: where covering").click()
    pictures.nth(1).wait_for()
    page.get_by_text(load("en")("heat.warning")).wait_for()
    original, half = (pictures.nth(k).get_attribute("src") for k in (0, 1))
    picture(tmp_path, page, "heat.png")
    slider = page.locator(".st-key-heat_opacity").get_by_role("slider")
    slider.press("ArrowRight")
    page.locator(".st-key-heat_opacity").get_by_text("51", exact=True).wait_for()
    page.wait_for_function(
        "old => document.querySelectorAll('.st-key-heat img')[1].getAttribute('src') != old", arg=half
    )
    assert pictures.nth(0).get_attribute("src") == original


def test_a_filled_form_and_a_file_get_what_the_command_says(serve, browser, tmp_path):
    run_study(parse(TABLE), Path(), tmp_path / "run")
    names = [column["name"] for column in json.loads((tmp_path / "run/data.json").read_text())["columns"]]
    file = tmp_path / "rows.csv"
    file.write_text(",".join(["name", *names]) + "\n=A1,6.5,3.0,5.5,1.8\nb,5.1,3.5,,0.2\n")
    with serve(tmp_path / "run") as (_, address):
        page = browser.new_page(viewport={"width": 1000, "height": 2400})
        page.set_default_timeout(WAIT)
        page.goto(f"{address}/?lang=en")
        page.get_by_role("tab", name="Predict").click()
        for name, value in zip(names, ("6.5", "3.0", "5.5", "18"), strict=True):
            page.get_by_label(name.removesuffix(" (cm)")).fill(value)
        page.get_by_role("button", name="Predict", exact=True).click()
        assert shown(page, "class") == "virginica"
        page.get_by_text("petal width (cm) was between").wait_for()
        page.get_by_role("heading", name="The most similar training cases").wait_for()
        page.locator("input[type=file]").set_input_files(file)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the file with predictions").click()
        rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
        picture(tmp_path, page, "table.png")
        page.close()
    assert [row["predicted"] for row in rows] == ["virginica", "setosa"]
    assert rows[0]["name"] == "'=A1"
    assert predicted(tmp_path / "run", file) == ["virginica", f"{float(rows[0]['confidence']):.6f}"]


SEEN = """() => {
    const number = text => text.match(/[\\d.]+/g).map(Number);
    const over = (top, below) => {
        const share = top.length > 3 ? top[3] : 1;
        return [0, 1, 2].map(k => share * top[k] + (1 - share) * below[k]);
    };
    const behind = node => {
        if (!node) return [255, 255, 255];
        return over(number(getComputedStyle(node).backgroundColor), behind(node.parentElement));
    };
    const light = colour => {
        const parts = colour.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const faint = [], images = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode, element = node.parentElement, text = node.textContent.trim();
        const box = element.getBoundingClientRect(), style = getComputedStyle(element);
        if (!text || !box.width || !box.height || !element.checkVisibility({visibilityProperty: true})) continue;
        if (element.closest("[data-testid=stSliderThumbValue]")) continue;  // is above its parent, not upon it
        if (element.closest("[aria-hidden=true], [disabled], style, script, noscript, svg")) continue;
        let opacity = 1;
        for (let up = element; up; up = up.parentElement) opacity *= getComputedStyle(up).opacity;
        if (!opacity) continue;
        const ground = behind(element), colour = number(style.color);
        const ink = over([...colour.slice(0, 3), (colour[3] ?? 1) * opacity], ground);
        const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        if (ratio < (large ? 3 : 4.5)) faint.push(`${text.slice(0, 60)}: ${ratio.toFixed(2)}`);
    }
    for (const image of document.querySelectorAll("img"))
        if (image.checkVisibility() && !(image.getAttribute("alt") || "").trim()) images.push(image.src);
    return {faint, images, pictures: document.querySelectorAll("img").length};
}"""
"""What accessibility rules ask of pictures (each has a text) and of text (contrast of 4.5, of large text 3)."""


def violations(page, impacts=("critical", "serious")):
    """Return which rules of axe-core are broken with such an effect, and where."""
    response = axe.Axe().run(page).response
    assert len(response["passes"]) > 10
    return [
        (rule["id"], rule["impact"], [node["html"][:120] for node in rule["nodes"]])
        for rule in response["violations"]
        if rule["impact"] in impacts
    ]


def test_the_report_breaks_no_rule_of_accessibility(browser, folder):
    page = browser.new_page(viewport={"width": 1000, "height": 1400})
    page.goto((folder / "report.html").as_uri())
    assert violations(page, ("critical", "serious", "moderate", "minor")) == []
    page.close()


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_picture_has_a_text_and_every_text_enough_contrast(browser, address, xray, language, tmp_path):
    words = load(language)
    page = browser.new_page(viewport={"width": 1000, "height": 1400})
    page.set_default_timeout(WAIT)
    page.goto(f"{address}/?lang={language}")
    faint, silent = {}, {}
    for name in ("purpose", "data", "model", "use", "upload", "examples"):
        page.get_by_role("tab", name=words(f"part.{name}"), exact=True).click()
        page.locator(f".st-key-part_{name}").locator("h2").first.wait_for()
        if name == "upload":
            page.get_by_text(words.text("upload.waiting")).wait_for()
            upload(page, name=xray.name, content=xray.read_bytes())
            shown(page, "class")
            page.get_by_text(words.text("view.title")).click()
            page.locator(".st-key-view_zoom").get_by_role("slider").wait_for()
        page.wait_for_timeout(300)  # tabs and colours fade in
        seen = page.evaluate(SEEN)
        faint[name], silent[name] = seen["faint"], seen["images"]
        assert violations(page) == [], name
        assert seen["pictures"] >= {"data": 2, "upload": 1, "examples": 2}.get(name, 0), name
        picture(tmp_path, page, f"{name}.png")
    page.close()
    assert not any(silent.values()), silent
    assert not any(faint.values()), faint


def reach(page, selector):
    """Press Tab until what the selector names has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.closest(selector) !== null", selector):
            return
    raise AssertionError(selector)


def test_by_keyboard_alone_on_a_phone(browser, address, xray):
    words, page = load("en"), browser.new_page(viewport={"width": 390, "height": 844})
    page.set_default_timeout(WAIT)
    page.goto(f"{address}/?lang=en")
    page.get_by_role("tab", name=words("part.purpose")).wait_for()
    reach(page, "[role=tab]")
    for name in ("data", "model", "use", "upload"):
        page.keyboard.press("ArrowRight")
        page.locator(f".st-key-part_{name} h2").first.wait_for()
        page.wait_for_timeout(500)
        page.locator("[data-test-script-state=notRunning]").wait_for()
    page.get_by_text(words.text("upload.waiting")).wait_for()
    reach(page, "[data-testid=stFileUploader] button")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    image = {"name": "a.png", "mimeType": "image/png", "buffer": xray.read_bytes()}
    chooser.value.set_files([image, image | {"name": "b.png"}, image | {"name": "letter.png", "buffer": b"no image"}])
    page.get_by_text("1 that could not be read").wait_for()
    before = shown(page, "confidence")
    picture = page.locator(".st-key-part_upload img").last
    old = picture.get_attribute("src")
    reach(page, "summary")
    page.keyboard.press("Enter")
    reach(page, ".st-key-view_width input[type=range]")
    page.keyboard.press("Home")
    page.wait_for_function("old => [...document.querySelectorAll('.st-key-part_upload img')].pop().src != old", arg=old)
    assert shown(page, "confidence") == before
    reach(page, "[data-testid=stDownloadButton] button")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_a_spinner_turns_while_the_first_answer_is_made(serve, folder, browser, xray):
    with serve(folder) as (_, address):
        page = browser.new_page()
        page.set_default_timeout(WAIT)
        page.goto(f"{address}/?lang=en")
        page.get_by_role("tab", name="Predict").click()
        upload(page, name=xray.name, content=xray.read_bytes())
        page.get_by_text(load("en").text("upload.wait")).wait_for()
        shown(page, "class")
        page.get_by_text(load("en").text("upload.wait")).wait_for(state="detached")
        page.close()

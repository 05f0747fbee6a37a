"""Takes the pictures of README and docs anew: the top of the demo's report, its arms side by side, and the page.

seimbang demo                    # makes runs/demo
python tests/docs/pictures.py
"""

import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).parents[2] / "docs" / "images"
RUN = Path("runs/demo")
FLAGS = ["--no-sandbox", "--disable-gpu"]
WAIT = 60_000  # ms


def save(name: str, taken: bytes) -> None:
    file = IMAGES / name
    file.write_bytes(taken)
    Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)


def report(browser: Browser, run: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto((run / "report.html").resolve().as_uri())
    save("report.png", page.screenshot())
    page.get_by_role("heading", name="The arms side by side").evaluate("heading => heading.scrollIntoView()")
    save("report-arms.png", page.screenshot())


def clinic(browser: Browser, run: Path) -> None:
    command = [sys.executable, "-m", "seimbang.cli", "serve", str(run), "--no-browser", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().split(" is at ")[1].split()[0]
        page = browser.new_page(viewport={"width": 1000, "height": 1400})
        page.set_default_timeout(WAIT)
        page.goto(f"{address}/?lang=en")
        page.get_by_role("tab", name="Predict").click()
        page.locator("input[type=file]").set_input_files(run / "samples" / "1_0.png")
        page.locator(".st-key-verdict_class h3").wait_for()
        page.wait_for_timeout(3000)  # for what comes below the verdict
        height = page.locator("[data-testid=stMain]").evaluate("part => part.scrollHeight")
        page.set_viewport_size({"width": 1000, "height": height})
        page.wait_for_timeout(1000)
        save("page.png", page.screenshot())
    finally:
        server.terminate()


if __name__ == "__main__":
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        report(browser, RUN)
        clinic(browser, RUN)

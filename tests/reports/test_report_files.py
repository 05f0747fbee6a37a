"""What a report writes: one page that loads nothing, and tables that equal the numbers they were made from."""

import base64
import csv
import hashlib
import io
import json
import re
import shutil
from html.parser import HTMLParser
from importlib.resources import files
from typing import get_args

import pytest
from PIL import Image

from run_folder import fake_run
from seimbang.record.read import read
from seimbang.reports.figures import Kind
from seimbang.reports.report import report_files, write_report
from seimbang.reports.tables import compared, published, ranked, tex
from seimbang.reports.takeaways import takeaways

VOID = {"meta", "img", "br", "link", "input", "hr"}
HOSTILE = "<script>alert(\"1\")</script> & 'co'"


class Page(HTMLParser):
    """Collects what a browser would load or follow, and what a reader would see; complains about unmatched tags."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.images, self.headings, self.ids, self.open = [], [], [], [], [], []
        self.scripts, self.styles, self.policy = [], [], ""
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        found = [values[name] for name in ("src", "href", "data", "action", "srcset", "poster") if name in values]
        self.links += found if tag == "a" else []
        self.loads += found if tag != "a" else []
        self.images += [values] if tag == "img" else []
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        self.policy += values["content"] if values.get("http-equiv") == "Content-Security-Policy" else ""
        assert "style" not in values
        self.ids += [values["id"]] if "id" in values else []
        assert not any(name.startswith("on") for name in values)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        kept = {"style": self.styles, "script": self.scripts}.get(inside)
        if kept is None:
            self.text += data
        else:
            kept.append(data)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    run = fake_run(tmp_path_factory.mktemp("files") / "run", arms=4)
    assert write_report(run) == run / "report.html"
    return run


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


def page(run):
    return Page((run / "report.html").read_text(encoding="utf-8"))


def change(file, edit):
    content = json.loads(file.read_text())
    edit(content)
    file.write_text(json.dumps(content))


def test_the_page_loads_nothing(whole):
    text = (whole / "report.html").read_text(encoding="utf-8")
    found = page(whole)
    assert all(address.startswith("data:image/") for address in found.loads)
    assert {address[1:] for address in found.links if address.startswith("#")} <= set(found.ids)
    saved = {address for address in found.links if not address.startswith("#")}
    assert saved == {f"figures/{file.name}" for file in (whole / "figures").iterdir()}
    assert not re.search(r"https?:|url\(|@import", text)
    for code in re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", text):
        assert not re.search(r'(href|src)="(?!#)|url\((?!#)|<script', base64.b64decode(code).decode())


def test_the_policy_allows_the_own_style_and_script_by_digest_and_nothing_else(whole):
    found = page(whole)
    style, script = (
        base64.b64encode(hashlib.sha256("".join(parts).encode()).digest()).decode()
        for parts in (found.styles, found.scripts)
    )
    assert found.policy == (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_every_figure_has_a_caption_and_can_be_saved(whole):
    text = (whole / "report.html").read_text(encoding="utf-8")
    charts = re.findall('<figure class="chart">.*?</figure>', text, re.S)
    names = [re.search('data-name="([^"]+)"', chart)[1] for chart in charts]
    assert {f"{name}.svg" for name in names} == {file.name for file in (whole / "figures").glob("*.svg")}
    for chart in charts:
        assert len(re.search("<figcaption>(.*?)<span", chart, re.S)[1]) > 15


def test_the_first_screen_has_three_numbers_of_the_best_arm_without_a_leak(whole):
    run = read(whole)
    found = takeaways(run)
    best = ranked(run, "")[0]
    assert [number.kind for number in found] == ["internal", "external", "change"]
    assert found[0].value == best.values["balanced_accuracy"]
    assert found[1].value == best.on("external:NIH").metrics["balanced_accuracy"]
    assert found[1].moved == best.arm.metrics.gap("external:NIH", "balanced_accuracy", best.tuned)
    assert found[2].beside == "none"
    text = " ".join(page(whole).text.split())
    assert f"balanced accuracy of “{best.label}” on the internal test, 120 cases" in text
    assert f"the same on “NIH”, {best.arm.metrics.sets['external:NIH'].n} cases" in text


def test_without_balancing_and_elsewhere_the_numbers_are_of_the_classes(tmp_path):
    run = read(fake_run(tmp_path / "run", arms=2, external=False))
    assert [(number.kind, number.beside) for number in takeaways(run)] == [
        ("internal", ""),
        ("recall", "NORMAL"),
        ("recall", "PNEUMONIA"),
    ]


def test_the_page_is_accessible(whole):
    found = page(whole)
    assert all(image["alt"] for image in found.images)
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(found.headings, found.headings[1:], strict=False))
    assert len(found.ids) == len(set(found.ids))


def test_question_and_answer_come_before_every_table(whole):
    text = page(whole).text
    order = [
        text.index(part)
        for part in ("Does SMOTE help", "Highest on the test set", "What not to trust", "Internal test set, 120")
    ]
    assert order == sorted(order)


def test_every_arm_and_every_headline_number_is_on_the_page(whole):
    text = page(whole).text
    for row in compared(read(whole)):
        assert row.label in text
        for value in row.values.values():
            assert f"{value.number}{value.range}" in text
    assert "none + tuned threshold" in text


@pytest.mark.parametrize("quick", [False, True])
def test_every_figure_is_also_kept_for_a_paper_but_not_by_a_quick_run(tmp_path, monkeypatch, quick):
    monkeypatch.setattr("seimbang.reports.report.KINDS", get_args(Kind))
    run = fake_run(tmp_path / "run", arms=2)
    change(run / "provenance.json", lambda facts: facts.update(quick=quick))
    of_run, asked_for = report_files(run), report_files(run, whole=True)
    drawings = {name for name in asked_for if name.endswith(".svg")}
    assert {f"figures/{name}.svg" for name in ("forest-accuracy", "roc", "loss-none", "calibration-none")} <= drawings
    every = {f"{name[:-4]}.{kind}" for name in drawings for kind in ("svg", "pdf", "png")}
    assert {name for name in asked_for if name.startswith("figures/")} == every
    assert {name for name in of_run if name.startswith("figures/")} == (drawings if quick else every)
    assert asked_for["figures/calibration-none.pdf"].startswith(b"%PDF-")
    assert Image.open(io.BytesIO(asked_for["figures/roc.png"])).size == (1320, 1260)  # 4.4 by 4.2 inches
    for said in ("figures as SVG only", "<code>seimbang audit</code> compares all cases"):
        assert (said in of_run["report.html"]) == quick


def test_metrics_csv_holds_every_number_of_metrics_json(whole):
    with (whole / "metrics.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = ("arm", "set", "threshold", "class", "metric")
    table = {tuple(row[key] for key in keys): row for row in rows}
    assert len(table) == len(rows)
    for arm in read(whole).arms:
        metrics = json.loads((arm.folder / "metrics.json").read_text())
        for part, found in metrics["sets"].items():
            for name, value in found["default"]["metrics"].items():
                row = table[arm.name, part, "default", "", name]
                assert (float(row["value"]), float(row["high"])) == (value["value"], value["high"])
                assert row["interval"] == value["interval"]
            recall = found["tuned"]["per_class"]["NORMAL"]["recall"]
            assert float(table[arm.name, part, "tuned", "NORMAL", "recall"]["low"]) == recall["low"]
            macro = found["default"]["macro"]["f1"]["value"]
            assert float(table[arm.name, part, "default", "macro", "f1"]["value"]) == macro
        gap = metrics["gaps"]["external:NIH"]["auc"]["value"]
        assert float(table[arm.name, "external:NIH", "default", "", "gap_auc"]["value"]) == gap


def test_latex_is_well_formed(whole):
    text = (whole / "table.tex").read_text(encoding="utf-8")
    bare = re.sub(r"\\[{}&%$#_]", "", text)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    body = bare[bare.index(r"\toprule") : bare.index(r"\bottomrule")]
    lines = [line for line in body.splitlines() if "&" in line]
    assert [line.count("&") for line in lines] == [7] * 6
    assert all(line.endswith(r"\\") for line in lines)
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
    assert r"as published$^{\dagger}$ &" in text


def test_latex_escapes_every_special_sign():
    assert tex("50% & $x_1$ #{}") == r"50\% \& \$x\_1\$ \#\{\}"
    assert tex("~^\\\n–") == r"\textasciitilde{}\textasciicircum{}\textbackslash{} --"


def test_hostile_names_are_escaped_everywhere(run):
    change(run / "study.json", lambda study: study.update(title=HOSTILE, question=HOSTILE))
    change(run / "arms/none/arm.json", lambda facts: facts.update(name=HOSTILE))
    compared = (run / "comparisons.json").read_text().replace('"none', json.dumps(HOSTILE)[:-1])
    (run / "comparisons.json").write_text(compared)
    change(run / "arms/none/examples.json", lambda rows: rows[0].update(case_id=HOSTILE))
    change(run / "audit.json", lambda audit: audit["findings"][0].update(sentence=HOSTILE, cases=[HOSTILE]))
    change(run / "data.json", lambda data: data["facts"].update({HOSTILE: HOSTILE}))
    (run / "study.toml").write_text(f"# {HOSTILE}")
    write_report(run)
    found = page(run)
    assert found.scripts == [(files("seimbang.reports") / "templates/report.js").read_text(encoding="utf-8")]
    assert found.text.count(HOSTILE) >= 8
    assert any(HOSTILE in image["alt"] for image in found.images)


def test_quick_phantom_and_leaking_runs_say_so_before_the_answer(run):
    assert "leaks test information into training: as published." in page(run).text
    assert "A rough answer" not in page(run).text
    assert "Synthetic data." not in page(run).text
    change(run / "provenance.json", lambda facts: facts.update(quick=True))
    change(run / "data.json", lambda data: data.update(synthetic=True))
    write_report(run)
    text = page(run).text
    marks = ("a rough answer", "synthetic data", "1 of 4 arms leaks", "Does SMOTE help", "A rough answer.")
    order = [text.index(mark) for mark in (*marks, "Synthetic data.", "Internal test set, 120")]
    assert order == sorted(order)


def test_what_is_not_estimable_says_why(run):
    nothing = {"value": None, "low": None, "high": None, "interval": "", "why": "one class only"}

    def edit(metrics):
        metrics["sets"]["test"]["default"]["metrics"]["auc"] = nothing
        metrics["sets"]["test"]["default"]["calibration"] = []
        metrics["sets"].pop("external:NIH")
        metrics["gaps"] = {}

    change(run / "arms/none/metrics.json", edit)
    write_report(run)
    assert "not estimableone class only" in page(run).text
    assert "not estimable" in (run / "table.tex").read_text()
    assert "none,test,default,,auc,,,," in (run / "metrics.csv").read_text()


def test_an_arm_without_test_set_or_epochs_still_has_a_page(run):
    change(run / "arms/none/metrics.json", lambda metrics: metrics["sets"].pop("test"))
    history = run / "arms/none/jobs/0/0/history.csv"
    history.write_text(history.read_text().splitlines()[0] + "\n")
    write_report(run)
    text = page(run).text
    assert "Not estimable: this arm has no internal test set." in text
    assert "This arm has no epochs." in text


def test_three_classes_show_macro_averages(run):
    def third(measures):
        measures["confusion"] = [[5, 1, 0], [1, 6, 1], [0, 2, 8]]
        measures["per_class"]["COVID"] = measures["per_class"]["NORMAL"]
        measures["roc"] = []

    def edit(metrics):
        metrics["classes"].append("COVID")
        for found in metrics["sets"].values():
            found["tuned"] = found["local"] = found["other"] = None
            found["bands"] = {}
            third(found["default"])

    change(run / "data.json", lambda data: data.update(classes=["NORMAL", "PNEUMONIA", "COVID"], positive="COVID"))
    for arm in read(run).arms:
        change(arm.folder / "metrics.json", edit)
        change(arm.folder / "clinical.json", lambda clinical: clinical.update(positive="", sets={}))
    write_report(run)
    text = page(run).text
    assert "Macro recall" in text
    assert "Sensitivity" not in text
    assert "chance is 0.33" in text
    assert "ROC curves" not in text


def test_published_figures_of_classes_and_averages_find_their_counterpart(run):
    extra = {"arm": "none", "set": "test", "sensitivity": 0.7, "recall": {"NORMAL": 0.72, "COVID": 0.9}}
    extra |= {"macro_f1": 0.71}
    change(run / "study.json", lambda study: study["published"].append(extra))
    found = {one.figure: one for one in published(read(run)) if one.arm == "none"}
    measures = next(arm for arm in read(run).arms if arm.name == "none").test.default
    assert found["sensitivity"].ours == measures.per_class["PNEUMONIA"].metrics["recall"]
    assert found["recall (NORMAL)"].ours == measures.per_class["NORMAL"].metrics["recall"]
    assert found["macro F1"].ours == measures.macro["f1"]
    assert found["recall (COVID)"].verdict == "not measured in this run"


def test_a_second_report_equals_the_first(run):
    before = {path: path.read_bytes() for path in (run / "report.html", *(run / "figures").iterdir())}
    write_report(run)
    assert {path: path.read_bytes() for path in before} == before

"""What the report says of single images: heat maps with their warning, errors by quality, the most confident errors."""

import json
import re
import shutil

import pytest

from run_folder import fake_run
from seimbang.explain import WARNING
from seimbang.record.cases import QualityRow
from seimbang.record.read import read
from seimbang.reports.curves import draw as draw_curves
from seimbang.reports.quality import draw, sentence
from seimbang.reports.report import write_report


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("images") / "run", arms=2)


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


def change(file, edit):
    content = json.loads(file.read_text())
    edit(content)
    file.write_text(json.dumps(content))


def section(run, name):
    write_report(run)
    text = (run / "report.html").read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", text[text.index(f'<section id="{name}"') :].split("</section>")[0])


def test_the_warning_is_under_every_map(run):
    text = section(run, "heat")
    maps = len(re.findall('alt="Heat map of', text))
    assert maps == 2 * (2 + 1)  # each arm: two cases, and one with random weights
    assert text.count(f"{WARNING}</figcaption>") == maps
    assert text.count("gives other maps (mean rank correlation 0.12") == 2
    assert text.count("a map of text burnt into the image, of a marker or of the border passes it as well") == 2
    assert "Yes" not in text


def test_a_map_that_shows_the_image_alone_is_not_to_be_interpreted(run):
    failed = {"occlusion": {"similarity": 0.83, "passed": False}}
    change(run / "arms/none/heat.json", lambda heat: heat.update(sanity=failed))
    text = section(run, "heat")
    assert "gives nearly the same maps" in text
    assert "do not interpret them (mean rank correlation 0.83" in text
    assert text.count("gives other maps") == 1


def test_the_most_confident_errors_are_shown_with_true_and_predicted_class_and_probability(run):
    text = section(run, "worst")
    for one in json.loads((run / "arms/none/quality.json").read_text())["worst"]:
        assert f"predicted {one['predicted']}, {one['confidence'] * 100:.0f}&nbsp;%<br>true: {one['label']}" in text


def row(measure, holm, rates=(0.4, 0.1, 0.1, 0.05)):
    quarters = [
        {"low": k, "high": k + 1, "n": 100, "errors": round(100 * rate), "rate": {"value": rate}}
        for k, rate in enumerate(rates)
    ]
    return {"measure": measure, "quarters": quarters, "p": holm, "holm": holm}


def said(run, *rows):
    arm = read(run).arms[0]
    arm.quality.measures[:] = map(QualityRow.model_validate, rows)
    return sentence(arm)


def test_one_sentence_says_whether_errors_depend_on_quality(run):
    found = said(run, row("sharpness", 0.002), row("brightness", 0.6), row("clipped", None))
    assert found.startswith("Errors depend on sharpness beyond chance")
    assert "(Holm-corrected p = .002): of the images that are most blurred, 0.40 were wrong" in found
    assert "of those most sharp, 0.05" in found
    assert "brightness" not in found
    nothing = said(run, row("sharpness", 0.31), row("brightness", 0.6))
    assert nothing == "Errors are not shown to depend on image quality (smallest Holm-corrected p = .31)."
    assert said(run, row("clipped", None)).startswith("Whether errors depend on image quality cannot be tested")


def test_the_figure_names_the_ends_and_marks_what_matters(run):
    change(
        run / "arms/none/quality.json", lambda one: one.update(measures=[row("sharpness", 0.002), row("noise", 1.0)])
    )
    figure = draw(read(run))["quality-none"]
    for text in ("blurred", "sharp", "smooth", "noisy", "sharpness *"):
        assert f">{text}</text>" in figure.svg
    assert "sharpness, from blurred to sharp: 0.40, 0.10, 0.10, 0.05" in figure.alt


def test_runs_without_these_files_and_tables_have_a_report_without_them(run):
    for file in (*run.glob("arms/*/heat.json"), *run.glob("arms/*/quality.json")):
        file.unlink()
    assert "No arm has heat maps" in section(run, "heat")
    assert "Errors were not judged by image quality." in section(run, "quality")
    change(run / "data.json", lambda data: data.update(kind="table"))
    write_report(run)
    text = (run / "report.html").read_text(encoding="utf-8")
    assert not re.search("id=.(heat|quality|worst|examples)[^-]|#(heat|quality|worst|examples)", text)


def test_each_class_of_several_has_its_roc_curve(run):
    curves = {"curve": [[0, 0], [0.1, 0.8], [1, 1]], "precision_recall": [[0.5, 1.0], [1.0, 0.4]]}
    ranking = {"auc": {"value": 0.9, "low": 0.8, "high": 0.95}, **curves}
    nothing = {"auc": {"value": None, "why": "no case"}, "curve": [], "precision_recall": []}

    band = {"x": [0.0, 0.1, 1.0], "value": [0, 0.8, 1], "low": [0, 0.7, 0.9], "high": [0.2, 0.9, 1]}
    bands = {name: {"roc": band, "precision_recall": band} for name in ("glioma", "meningioma")}

    def edit(metrics):
        metrics["sets"]["test"]["bands"] = bands  # a class without a case has none
        measures = metrics["sets"]["test"]["default"]
        measures.update(roc=[], one_vs_rest={"glioma": ranking, "meningioma": ranking, "other": nothing})

    change(run / "arms/none/metrics.json", edit)
    figure = draw_curves(read(run))["roc-none"]
    assert "glioma AUC 0.90 (0.80–0.95), sensitivity at 90% specificity 0.80 (0.70–0.90)" in figure.alt
    assert "meningioma, AUC 0.90" in figure.svg
    assert "other, AUC" not in figure.svg
    assert "95 % of such intervals hold the true height" in section(run, "probabilities")

"""The paper of a run: every number is the run's, its text compiles and opens, its figures fit journals."""

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from run_folder import CLASSES, fake_run
from seimbang.balance import METHODS
from seimbang.cli import app
from seimbang.errors import IntegrityError
from seimbang.evaluation import evaluate
from seimbang.record.read import read, read_predictions
from seimbang.reports import figures
from seimbang.reports.paper import pictures, word
from seimbang.reports.paper.bibliography import bibtex, cited, entries, reference
from seimbang.reports.paper.document import Document, Section
from seimbang.reports.paper.draft import Draft, keys_in, uncited
from seimbang.reports.paper.folder import SECTIONS, paper
from seimbang.reports.paper.latex import escape, latex, paragraph
from seimbang.reports.paper.numbers import COUNT, EVERY, Numbers, at, pointer, written
from seimbang.reports.paper.tables import Table, main_tables
from seimbang.study.models import MODELS

MILLIMETRE = 72 / 25.4  # points


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("run") / "run", arms=3)


@pytest.fixture(scope="module")
def written_paper(run, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "ROOMS", ())  # the flow diagram alone
        made = paper(run, run.parent / "paper")
    for name, content in made.files.items():
        file = run.parent / "paper" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return run.parent / "paper"


@pytest.fixture
def draft(run):
    return Draft(read(run), Numbers(run))


def sources(folder):
    return list(csv.DictReader(io.StringIO((folder / "numbers.csv").read_text())))


def value_at(content, place):
    keys = [key.replace("~1", "/").replace("~0", "~") for key in place.split("/")[1:]]
    return _value_at(content, keys)


def _value_at(content, keys):
    for k, key in enumerate(keys):
        if key == EVERY:
            every = content.values() if isinstance(content, dict) else content
            return sum(total(_value_at(each, keys[k + 1 :])) for each in every)
        if key == COUNT:
            return len(content)
        content = content[int(key) if isinstance(content, list) else key]
    return content


def total(value):
    return sum(map(total, value.values())) if isinstance(value, dict) else value


def test_every_number_is_in_its_file_as_it_is_written(run, written_paper):
    rows = sources(written_paper)
    assert len(rows) > 100
    for row in rows:
        inside = value_at(json.loads((run / row["file"]).read_text()), row["key"])
        raw = json.loads(row["value"])
        assert raw == inside or raw == total(inside), row
        assert written(raw) == row["text"], row


def test_every_figure_is_what_the_predictions_give(run, written_paper):
    figures = [row for row in sources(written_paper) if row["file"].endswith("metrics.json")]
    assert len(figures) > 70
    again = {}
    for row in figures:
        arm = run / Path(row["file"]).parent
        if arm not in again:
            again[arm] = evaluate(read_predictions(arm), CLASSES, seed=0, resamples=200)
        assert written(value_at(again[arm], row["key"])) == row["text"], row


def test_counts_are_those_of_the_division(run, draft):
    with (run / "splits.csv").open() as file:
        parts = [row["part"] for row in csv.DictReader(file)]
    assert draft.numbers("data.json", "counts", "test") == f"{parts.count('test'):,}"
    assert draft.numbers("data.json", "counts") == f"{len(parts):,}"


def test_no_number_of_the_text_is_from_elsewhere(draft):
    texts = [uncited(make(draft)) for parts in SECTIONS.values() for part in parts for make in part.paragraphs]
    names = [
        draft.run.study.title,
        draft.run.data.name,
        *draft.run.provenance.libraries,
        *draft.run.data.facts.values(),
    ]
    known = [row["text"] for row in csv.DictReader(io.StringIO(draft.numbers.sources()))]
    for text in texts:
        for said in sorted([*known, *names, "95 %"], key=len, reverse=True):
            text = text.replace(said, "")
        assert not re.search(r"\d", text), text


def test_a_number_that_is_not_there_is_an_error(run):
    with pytest.raises(IntegrityError, match=r"arm.json damaged: none there; expected a value at /balance/nothing"):
        Numbers(run)("arms/none/arm.json", "balance", "nothing")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234, "1,234"),
        (0.0718, "0.0718"),
        (-0.5, "−0.5"),
        (1.0, "1"),
        (3061.4, "3,061"),
        (True, "yes"),
        ([64, 32], "64 × 32"),
        (None, "none"),
    ],
)
def test_how_values_are_written(value, text):
    assert written(value) == text


def test_sums_counts_and_pointers():
    content = {"a/b": {"x": 1, "y": 2}, "rows": [{"n": 3}, {"n": 4}]}
    assert at(content, ("a/b",)) == 3
    assert at(content, ("rows", EVERY, "n")) == 7
    assert at(content, ("rows", COUNT)) == 2
    assert pointer(("a/b", 0, "~")) == "/a~1b/0/~0"


def test_the_methods_say_what_was_done(draft):
    text = " ".join(make(draft) for part in SECTIONS["Methods"] for make in part.paragraphs)
    assert "Arm “SMOTE”: SMOTE [@chawla2002] (k 5" in text
    assert "(k 5), on all cases before the split." in text  # arm “as published”
    assert "Training cases went from NORMAL 60, PNEUMONIA 170 to" in text
    assert "resized to 32 × 32 pixels" in text
    assert "at most 8 epochs" in text
    assert "external data: “NIH” (80 cases)" in text


def test_the_results_say_the_figures_of_the_tables(draft):
    text = " ".join(make(draft) for part in SECTIONS["Results"] for make in part.paragraphs)
    figures = next(table for table in main_tables(draft) if table.name == "figures")
    column = list(figures.header).index("Balanced accuracy")
    rows = {row[0].removesuffix(" †"): row[column] for row in figures.rows}
    assert f"{rows['SMOTE']} for “SMOTE”" in text
    assert f"{rows['as published']} for “as published” (leaks)" in text
    assert rows["SMOTE"] == str(draft.run.arms[2].test.default.metrics["balanced_accuracy"])


@pytest.mark.parametrize("name", METHODS)
def test_every_balancing_method_is_cited_by_its_own_source(name):
    keys, source = cited()["balance"][name], METHODS[name].source
    assert bool(keys) == bool(source)
    for key in keys:
        author, year = re.match(r"(\w+?)(?: et al\.| &|) .*?(\d{4})|$", source).groups()
        assert key == f"{author.lower()}{year}"


def test_every_model_has_its_sources_and_every_source_an_entry():
    assert set(cited()["model"]) == set(MODELS)
    assert {key for kind in cited().values() for keys in kind.values() for key in keys} <= set(entries())
    for key in entries():
        assert re.search(rf"\({key[-4:]}\)\.", reference(key)), key
        assert not re.search(r"[{}\\]", reference(key)), key


def test_the_bibliography_holds_what_is_cited(written_paper):
    text = (written_paper / "paper.tex").read_text()
    keys = {key for group in re.findall(r"\\cite\{([^}]*)\}", text) for key in group.split(",")}
    assert {"chawla2002", "elman1990", "kingma2015", "delong1988"} <= keys
    assert (written_paper / "references.bib").read_text() == bibtex(keys)


def test_signs_of_users_are_escaped():
    assert escape("50 % & _x_ #1 $") == r"50 \% \& \_x\_ \#1 \$"
    assert escape("“a” × b − c") == r"``a'' $\times$ b $-$ c"
    assert escape("run --data x") == r"run -\allowbreak{}-data x"
    assert escape("中") == "[U+4E2D]"
    assert paragraph("SMOTE [@chawla2002, @he2008].") == r"SMOTE~\cite{chawla2002,he2008}."
    assert keys_in("a [@b1] c [@d2, @e3]") == ["b1", "d2", "e3"]


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX here")
def test_the_paper_compiles(written_paper, tmp_path):
    shutil.copytree(written_paper, tmp_path / "paper")
    for command in ("pdflatex paper", "bibtex paper", "pdflatex paper", "pdflatex paper", "pdflatex supplement"):
        program, name = command.split()
        mode = ["-interaction=nonstopmode", "-halt-on-error"] if program == "pdflatex" else []
        done = subprocess.run([program, *mode, name], cwd=tmp_path / "paper", capture_output=True, timeout=120)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    log = (tmp_path / "paper" / "paper.log").read_text(errors="replace")
    assert "undefined" not in log
    assert (tmp_path / "paper" / "supplement.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX here")
def test_odd_names_compile(tmp_path):
    odd = r'A_b & 50 % #1 $x$ {y} \z ~ ^ "q" <b> | é ß 中 — … ‘’'
    table = Table("odd", odd, [odd, "n"], [[odd, "0.50 (0.40–0.60; corrected p < .001)"]] * 2)
    text = latex(Document(odd, [Section(odd, [(odd, [odd])])], [table], []))
    (tmp_path / "odd.tex").write_text(text)
    mode = ["-interaction=nonstopmode", "-halt-on-error", "odd"]
    done = subprocess.run(["pdflatex", *mode], cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


def test_word_files_hold_text_tables_and_figures(written_paper):
    docx = pytest.importorskip("docx")
    file = docx.Document(str(written_paper / "paper.docx"))
    text = "\n".join(paragraph.text for paragraph in file.paragraphs)
    assert re.search(r"SMOTE \[\d\]", text)
    assert re.search(r"\[\d\] Chawla, Nitesh V\.; Bowyer", text)
    assert len(file.tables) == len([row for row in text.splitlines() if row.startswith("Table ")])
    assert len(file.inline_shapes) == 1
    assert len(docx.Document(str(written_paper / "supplement.docx")).tables) >= 3


@pytest.mark.skipif(not shutil.which("soffice"), reason="no LibreOffice here")
def test_word_files_open_in_libreoffice(written_paper, tmp_path):
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/user", "--headless", "--convert-to", "pdf"]
    file = str(written_paper / "paper.docx")
    subprocess.run([*command, "--outdir", str(tmp_path), file], check=True, capture_output=True, timeout=180)
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(("template", "width"), [("ieee", 182.0), ("elsevier", 190.0)])
def test_figures_have_the_widths_of_journals(written_paper, template, width):
    folder = written_paper / "figures" / template
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ", (folder / "flow.pdf").read_bytes())
    assert float(box[1]) == pytest.approx(width * MILLIMETRE, abs=0.5)
    for dots in (300, 600):
        assert Image.open(folder / f"flow-{dots}.png").width == pytest.approx(width / 25.4 * dots, abs=1)
    assert "<svg" in (folder / "flow.svg").read_text()


def test_a_figure_goes_into_one_column_or_two(draft, monkeypatch):
    monkeypatch.setattr(pictures, "COLUMNS", {"ieee": (88.9, 182.0)})
    monkeypatch.setattr(pictures, "SHOWN", "ieee")
    monkeypatch.setattr(
        pictures, "_figures", lambda draft: [figures._roc(draft.run), figures._forest(draft.run, "auc")]
    )
    roc, forest = pictures.draw(draft).pictures
    assert (roc.millimetres, forest.millimetres) == (88.9, 182.0)
    assert roc.caption == "ROC curves on the test set. Dotted: chance."
    assert not re.search(r"0\.\d", forest.caption)


def test_tables_are_the_same_in_every_form(written_paper):
    rows = list(csv.reader(io.StringIO((written_paper / "tables" / "figures.csv").read_text())))
    tex = (written_paper / "tables" / "figures.tex").read_text()
    value, interval = rows[1][1].split(" (")
    assert rf"{value}\\({interval}".replace("–", "--") in tex
    assert r"\toprule" in tex


def test_the_command_says_how_far_the_checklists_are_filled(run, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "ROOMS", ())
    monkeypatch.setattr(pictures, "COLUMNS", {"elsevier": (90.0, 190.0)})
    monkeypatch.setattr(word, "available", lambda: False)
    done = CliRunner().invoke(app, ["paper", str(run), "--out", str(tmp_path / "p")])
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert re.search(r"CLAIM 2024: \d+ of \d+ lines that a run can know are filled, of 44 \(44 items\)", said)
    assert "No Word files: pip install 'seimbang[paper]' writes them too." in said
    assert (tmp_path / "p" / "paper.tex").is_file()
    assert not list((tmp_path / "p").rglob("*.docx"))


def test_a_gap_between_subgroups_is_written_in_words():
    gap = {"highest": "F", "lowest": "M", "difference": 0.12, "p": 0.01, "corrected": 0.02, "why": ""}
    assert written(gap).startswith("largest gap of balanced accuracy 0.12, “F” over “M”; corrected p = .020")

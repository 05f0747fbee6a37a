"""Every sentence of the code and the templates has a translation, and the page in a language shows no other."""

import re
from html.parser import HTMLParser

import pytest
from catalogue import messages

import seimbang.text as text
from run_folder import fake_run
from seimbang.record.comparison import Difference
from seimbang.record.metrics import Value
from seimbang.record.over_findings import FindingRow, FindingRun, OverFindings
from seimbang.reports import figures
from seimbang.reports.over_findings import files
from seimbang.reports.report import report_files
from seimbang.serving.words import load
from seimbang.study.models import make
from seimbang.text import catalogue, day, ntr, number, recorded, spoken, tr
from seimbang.text.recorded import PATTERNS

GRAMMAR = {"are", "has"}
"""What only English verbs need."""
CODE = {"code", "pre", "script", "style"}
KEPT = {"seimbang", "SVG", "PDF", "PNG", "SMOTE", "Python", "DeLong", "logit", "Januari"}
"""Names that are the same in every language."""


def key(message):
    return message if isinstance(message, str) else message[0]


def placeholders(message):
    return set(re.findall(r"\{(\w+)\}|%\((\w+)\)s", message))


@pytest.fixture(scope="module")
def indonesian():
    return {key(message.id): message.string for message in catalogue("id") if message.id}


def test_the_catalogue_has_every_message_and_no_other(indonesian):
    wanted = {key(message) for message in messages()}
    fix = "run  python tests/text/catalogue.py  and translate what is empty in src/seimbang/text/id.po"
    assert (sorted(wanted - indonesian.keys()), sorted(indonesian.keys() - wanted)) == ([], []), fix
    assert [source for source, target in indonesian.items() if not all(target or [""])] == [], fix


def test_a_translation_has_the_placeholders_and_tags_of_its_source(indonesian):
    many = {key(message): message[1] for message in messages() if not isinstance(message, str)}
    for source, target in indonesian.items():
        said = target if isinstance(target, str) else target[0]
        lacks = placeholders(many.get(source, source)) ^ placeholders(said)
        assert {name for pair in lacks for name in pair if name} <= GRAMMAR, source
        assert re.findall(r"</?\w+|&\w+;", source) == re.findall(r"</?\w+|&\w+;", said), source
        assert re.match(r"\s*", source)[0] == re.match(r"\s*", said)[0], source


def test_metrics_are_called_as_on_the_page(indonesian):
    page = load("id").texts
    for name in ("accuracy", "balanced_accuracy"):
        assert page[f"model.{name}"].lower() == indonesian[name.replace("_", " ")]


def test_numbers_and_days():
    assert (number(1234.5, ",.1f"), day("2026-11-28T09:30:00"), str(Value(value=0.5))) == (
        "1,234.5",
        "2026-11-28",
        "0.50",
    )
    with spoken("id"):
        assert (number(1234.5, ",.1f"), day("2026-11-28T09:30:00")) == ("1.234,5", "28 November 2026")
        assert str(Value(value=0.5, low=-0.1, high=0.75)) == "0,50 (−0,10 sampai 0,75)"
        assert tr("corrected p {p}", p=tr("< .001")) == "p terkoreksi < 0,001"
        assert ntr("{count} finding", "{count} findings", 1200) == "1.200 temuan"


def test_what_is_recorded_in_english_is_told_with_its_numbers_and_names():
    sentence = "1,275 of 3,681 synthetic training cases were generated from test cases."
    assert recorded(sentence) == sentence
    with spoken("id"):
        assert recorded(sentence) == "1.275 dari 3.681 kasus latih sintetis dibuat dari kasus uji."
        assert recorded("no interval: fewer than 5 patients of A, B") == "tanpa selang: kurang dari 5 pasien A, B"
        assert recorded("Wilson (patients), and seeds") == "Wilson (pasien), serta seed"
        assert recorded("nobody wrote this") == "nobody wrote this"


def test_no_recorded_text_is_there_twice():
    assert len(set(PATTERNS)) == len(PATTERNS)


class Texts(HTMLParser):
    """Collects what is read or read aloud, but for code and what is marked as English."""

    def __init__(self, page):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        foreign = tag in CODE or values.get("lang") == "en" or any(skip for _, skip in self.open)
        if not foreign:
            self.texts += [values[name] for name in ("alt", "aria-label", "data-words") if values.get(name)]
        if tag not in ("img", "meta", "br", "link", "input"):
            self.open.append((tag, foreign))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not any(skip for _, skip in self.open):
            self.texts.append(data)


def veiled(message):
    """A message whose letters are gone, but for placeholders, tags and entities."""
    parts = re.split(r"(\{\w+\}|%\(\w+\)s|%%|<[^>]*>|&\w+;)", message)
    return "".join(part if place % 2 else re.sub("[A-Za-z]", "ж", part) for place, part in enumerate(parts))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("text") / "run", arms=2)


@pytest.fixture
def write(run, monkeypatch):
    """Return what writes the report, without pictures."""
    monkeypatch.setattr(figures, "_as", lambda canvas, kind: b"<svg/>")
    return lambda language: report_files(run, language)


def test_no_sentence_of_the_page_is_left_untranslated(run, write, monkeypatch):
    """In a language without letters, what has letters is a name of the data or a file, or was not translated."""
    known = {key(message): veiled(key(message)) for message in messages()}
    monkeypatch.setattr(text, "_messages", lambda language: known)
    page = write("id")["report.html"]
    records = [
        *map(run.joinpath, ("study.toml", "data.json", "provenance.json", "audit.json")),
        *run.glob("arms/*/arm.json"),
    ]
    pictures = re.findall(r'data-name="([^"]+)"', page)
    names = words(" ".join([*pictures, *(record.read_text() for record in records)])) | KEPT
    assert {word for shown in Texts(page).texts for word in words(shown)} - names == set()


def test_no_sentence_over_findings_is_left_untranslated(monkeypatch):
    known = {key(message): veiled(key(message)) for message in messages()}
    monkeypatch.setattr(text, "_messages", lambda language: known)
    value = Value(value=0.5, low=0.4, high=0.6)
    test = Difference(difference=0.2, low=0.1, high=0.3, p=0.01, corrected=0.02, why="")
    rows = [
        FindingRow(finding=name, protocol="", arm=arm, leaky=False, values={"auc": value}, against=against)
        for name in ("", "Edema")
        for arm, against in (("Plain", {}), ("Weights", {"auc": test}))
    ]
    run = FindingRun(finding="Edema", folder="findings/edema", cases=1200, positives=30)
    over = OverFindings(
        title="Chest", quick=True, synthetic=True, metrics=["auc"], runs=[run], rows=rows[2:], averages=rows[:2]
    )
    page = files(over, "id")["findings.html"]
    names = {"Edema", "Plain", "Weights", "Chest", "findings", "edema", "report", "html"}
    assert {word for shown in Texts(page).texts for word in words(shown)} - names == set()
    assert "1.200" in page


def words(shown):
    return set(re.findall(r"[A-Za-z]{3,}", shown))


def test_the_report_in_indonesian(write):
    english, indonesian = write("en"), write("id")
    page = indonesian["report.html"]
    assert '<html lang="id">' in page
    assert '<html lang="en">' in english["report.html"]
    terms = "akurasi seimbang, Presisi, recall, Spesifisitas, kelas minoritas, selang kepercayaan 95 %, Kurva ROC"
    assert [term for term in (*terms.split(", "), "Matriks konfusi", "data latih") if term not in page] == []
    assert [shown for shown in Texts(page).texts if re.search(r"[ (–−]0\.\d\d", shown)] == []
    assert indonesian["metrics.csv"] == english["metrics.csv"]
    assert " & 0,85 (" in indonesian["table.tex"]


def test_the_english_page_needs_no_catalogue(write, monkeypatch):
    monkeypatch.setattr(text, "_messages", lambda language: pytest.fail("opened"))
    assert "Question and answer" in write("en")["report.html"]


def test_the_numbers_at_an_axis():
    with spoken("id"):
        drawn = figures.render("name", "", "", (3, 2), lambda axes: axes.plot([0, 1], [0, 0.5]))
    assert {"0,0", "0,5", "1,0"} <= set(re.findall(r">([^<]*)</text>", drawn.svg))


@pytest.mark.parametrize("model", ["rnn", "lstm", "gru", "cnn", "cnn_rnn", "kidney_cnn"])
def test_what_each_layer_does_is_told(model):
    with spoken("id"):
        layers = make({"name": model}).describe((64, 64, 1), 2)
        assert [layer.purpose for layer in layers if recorded(layer.purpose) == layer.purpose] == []

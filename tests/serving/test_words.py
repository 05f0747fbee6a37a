"""The page's two languages: the same sentences in both, numbers as each writes them, nothing read as markup."""

import re
from pathlib import Path
from string import Formatter

import pytest

from seimbang import datasets, serving
from seimbang.balance import METHODS
from seimbang.imaging.pseudo_patients import FACT
from seimbang.record.metrics import Value
from seimbang.serving.words import Markup, load, plain
from seimbang.study.models import MODELS
from seimbang.text import LANGUAGES

CODE = "".join(path.read_text(encoding="utf-8") for path in Path(serving.__file__).parent.glob("*.py"))
TEXTS = load("en").texts
ENGLISH, INDONESIAN = load("en"), load("id")


def placeholders(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_sentences_with_the_same_placeholders():
    assert set(LANGUAGES) == {"en", "id"}
    shape = [{key: placeholders(text) for key, text in load(name).texts.items()} for name in LANGUAGES]
    assert shape[0] == shape[1]


def test_sentences_are_translated():
    same = {key for key, text in TEXTS.items() if text == INDONESIAN.texts[key] and " " in text}
    assert not same


def test_every_sentence_the_code_names_is_there_and_none_is_left_over():
    named = set(re.findall(r'words\("([a-z]+\.[a-z_]+)"', CODE))
    assert named
    assert named <= set(TEXTS)
    made = re.compile("|".join(re.escape(start) + ".+" for start in re.findall(r'f"([a-z]+\.[a-z_]*)\{', CODE)))
    assert not {key for key in TEXTS if f'"{key}' not in CODE and not made.fullmatch(key)}


def test_methods_and_models_with_a_sentence_exist():
    assert {key.removeprefix("balance.") for key in TEXTS if key.startswith("balance.")} <= set(METHODS)
    assert {key.removeprefix("network.") for key in TEXTS if key.startswith("network.")} <= set(MODELS)


@pytest.mark.parametrize(
    ("share", "digits", "english", "indonesian"),
    [
        (0.5, 1, "50.0 %", "50,0 %"),
        (0.99962, 1, "> 99.9 %", "> 99,9 %"),
        (1.0, 1, "100.0 %", "100,0 %"),
        (0.00038, 1, "< 0.1 %", "< 0,1 %"),
        (0.0, 1, "0.0 %", "0,0 %"),
        (0.9, 0, "90 %", "90 %"),
        (0.004, 0, "< 1 %", "< 1 %"),
    ],
)
def test_percentages(share, digits, english, indonesian):
    assert ENGLISH.percent(share, digits).replace("\N{NO-BREAK SPACE}", " ") == english
    assert INDONESIAN.percent(share, digits).replace("\N{NO-BREAK SPACE}", " ") == indonesian


def test_numbers_and_intervals():
    assert ENGLISH.number(-1234.5, 1) == "−1,234.5"
    assert INDONESIAN.number(-1234.5, 1) == "−1.234,5"
    interval = Value(value=0.912, low=0.85, high=0.95)
    assert re.sub("[\N{NO-BREAK SPACE}\N{WORD JOINER}]", "", ENGLISH.interval(interval)) == "91.2% (85.0–95.0)"
    assert ENGLISH.interval(Value(value=-0.1, low=-0.2, high=0.1)).endswith("(−20.0; 10.0)")
    assert ENGLISH.interval(Value(value=None)) == "–"
    assert "(" not in ENGLISH.interval(Value(value=0.5))


def test_what_is_filled_in_is_no_markup():
    name = "**[x](http://a.example)** <b> $y$ :red[z]"
    said = ENGLISH("upload.says", name=name, confidence=Markup("*"))
    assert plain(name) in said
    assert not re.search(r"(?<!\\)[*\[\]()<>$:]", plain(name))
    assert said.endswith("*.")


def test_what_the_languages_do_not_know_is_shown_as_it_is_called():
    assert ENGLISH.known("balance.unheard_of", "new way_1") == r"New way\_1"
    assert INDONESIAN.known("balance.none", "no balancing") == INDONESIAN.texts["balance.none"]


def test_every_fact_that_seimbang_finds_of_a_data_set_has_a_name_in_both_languages():
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(datasets.__file__).parent.glob("*.py"))
    tables = re.findall(r"\bfacts = \{(.*?)\}(?=\n| \|)", sources, re.DOTALL)
    found = {name for table in tables for name in re.findall(r'"([a-z_]+)":', table)} | {FACT}
    assert {"source", "format"} < found
    assert not {name for name in found if f"data.{name}" not in TEXTS}

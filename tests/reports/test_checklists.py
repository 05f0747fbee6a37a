"""Checklists and model card: complete as published, filled in as far as the run knows, honest about the rest."""

import json
import re

import pytest

from run_folder import fake_run
from seimbang.record.read import read
from seimbang.reports.paper import checklists, facts
from seimbang.reports.paper.checklists import NAMES, checklist_files, fill, load
from seimbang.reports.paper.draft import Draft
from seimbang.reports.paper.facts import FACTS, Fact
from seimbang.reports.paper.model_card import CHAI, MITCHELL, UNKNOWN, card_files, model_card
from seimbang.reports.paper.numbers import Numbers

LINES = {"claim_2024": (44, 44), "tripod_ai": (27, 52), "stard_ai": (40, 48)}
"""Items and, with their sub-items, lines, as published."""


@pytest.fixture(scope="module")
def draft(tmp_path_factory):
    run = fake_run(tmp_path_factory.mktemp("run") / "run", arms=3)
    return Draft(read(run), Numbers(run))


@pytest.fixture(scope="module")
def filled(draft):
    return {each.name: each for each in fill(draft)}


@pytest.mark.parametrize("name", NAMES)
def test_a_checklist_has_every_item_once_and_in_order(name):
    checklist = load(name)
    numbers = [item.number for item in checklist.item]
    places = [int(re.match(r"\d+", number)[0]) for number in numbers]
    assert (checklist.items, len(numbers)) == LINES[name]
    assert list(dict.fromkeys(places)) == list(range(1, checklist.items + 1))
    assert len(set(numbers)) == len(numbers)
    for item in checklist.item:
        assert item.fills or item.author, item.number
        assert set(item.fills) <= set(FACTS), item.number
    assert "compared with a public" in checklist.verified


def test_every_fact_is_asked_for():
    asked = {fact for name in NAMES for item in load(name).item for fact in item.fills}
    asked |= {fact for of in (MITCHELL, CHAI) for fields in of.values() for field in fields for fact in field.facts}
    assert set(FACTS) <= asked


@pytest.mark.parametrize("name", NAMES)
def test_nine_in_ten_of_what_a_run_can_know_is_filled(filled, name):
    assert filled[name].known / filled[name].knowable >= 0.9
    assert filled[name].knowable < len(filled[name].answers)


def test_what_no_software_knows_is_left_to_the_author(filled):
    funding = next(each for each in filled["claim_2024"].answers if each.item.number == "44")
    assert (funding.state, funding.text) == ("for the author", "not known to software: funding")


def test_an_item_says_what_the_run_knows_and_where(filled, draft):
    item = next(each for each in filled["claim_2024"].answers if each.item.number == "38")
    arm = facts.best(draft)[0]
    assert str(arm.test.default.per_class["PNEUMONIA"].metrics["recall"]) in item.text
    assert item.files == ("metrics.csv", "report.html")
    weights = next(each for each in filled["claim_2024"].answers if each.item.number == "27")
    assert weights.files == (f"arms/{arm.facts.slug}/model.json",)


def test_what_this_run_does_not_hold_is_not_called_filled(draft, monkeypatch):
    monkeypatch.setitem(checklists.FACTS, "question", Fact(lambda draft: "", ("study.toml",)))
    claim = fill(draft)[0]
    aims = claim.answers[3]
    assert (aims.state, aims.files) == ("not in this run", ())
    assert claim.known == claim.knowable - 1


def test_every_file_that_an_item_names_is_there(filled, draft):
    named = {file for each in filled.values() for answer in each.answers for file in answer.files}
    late = {"report.html", "metrics.csv"}  # written with the report, which this folder is without
    missing = [file for file in named - late if not (draft.run.folder / file).is_file()]
    assert missing in ([], ["cases.csv"])


def test_pages_are_escaped_and_link_to_the_run(filled, draft, tmp_path):
    files = checklist_files(filled["tripod_ai"], draft.run.folder, tmp_path)
    page = files["checklists/tripod_ai.html"]
    assert 'http-equiv="Content-Security-Policy"' in page
    link = re.search(r'href="([^"]*data\.json)"', page)[1]
    assert (tmp_path / "checklists").joinpath(link).resolve() == (draft.run.folder / "data.json").resolve()
    assert files["checklists/tripod_ai.csv"].count("not known to software") >= 15
    assert {name.rpartition(".")[2] for name in files} >= {"html", "csv"}


def test_the_card_has_every_field_and_says_which_arm(draft):
    card = model_card(draft)
    arms = {arm.name for arm in draft.run.arms if not arm.facts.leaky}
    assert card["arm"] in arms
    assert set(card["chai"]) == set(CHAI)
    assert set(card["model_card"]) == set(MITCHELL)
    texts = {
        name: text
        for sections in (card["model_card"], card["chai"])
        for of in sections.values()
        for name, text in of.items()
    }
    assert all(texts.values())
    assert texts["FundingSource"] == f"[{UNKNOWN}funding]"
    arm = next(each for each in draft.run.arms if each.name == card["arm"])
    assert f"balanced accuracy {arm.test.default.metrics['balanced_accuracy']}" in texts["UsefulnessUsabilityEfficacy"]


def test_the_card_is_json_and_a_page(draft):
    files = card_files(draft)
    assert json.loads(files["model_card.json"])["title"] == draft.run.study.title
    assert "KnownRisksAndLimitations" in files["model_card.html"]

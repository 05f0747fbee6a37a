"""The page, drawn by Streamlit without a browser from a run folder alone: parts, languages, uploads, damage."""

import csv
import hashlib
import io
import json
import shutil
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save
from typer.testing import CliRunner

from run_folder import COUNTS, JOB, SIZE, fake_run, seal, with_gate
from seimbang.cli import app
from seimbang.evaluation.intervals import proportion
from seimbang.explain import WARNING
from seimbang.imaging.files import file_digest
from seimbang.record.contents import read as read_contents
from seimbang.record.metrics import Value
from seimbang.record.profile import Profile
from seimbang.record.read import read
from seimbang.serving import sentences
from seimbang.serving.page_server import APP
from seimbang.serving.predictor import Prediction, Predictor
from seimbang.serving.sentences import FEW, caption, trust
from seimbang.serving.words import load, plain
from seimbang.study.models import make
from seimbang.text import LANGUAGES

testing = pytest.importorskip("streamlit.testing.v1", reason="the page's extra is not installed")
images = pytest.importorskip("seimbang.serving.images")
PARTS = ("purpose", "data", "model", "use", "upload", "examples")
UPLOAD = PARTS.index("upload")


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("fake"), arms=2)


@pytest.fixture
def run(fake, tmp_path):
    return shutil.copytree(fake, tmp_path / "run")


@pytest.fixture
def draw(monkeypatch):
    def page(run, language=None, arm="none", upload=None, profile=""):
        monkeypatch.setattr(sys, "argv", [str(APP), str(run), arm, "", str(profile)])
        at = testing.AppTest.from_file(str(APP), default_timeout=60)
        if language:
            at.query_params["lang"] = language
        at.run()
        return give(at, upload) if upload else at

    return page


def give(at, upload):
    at.file_uploader[0].set_value((*upload, "image/png")).run()
    return at


def texts(node):
    """Return everything an element tree says, as one text."""
    found = []
    for name in ("title", "header", "subheader", "markdown", "warning", "error", "info", "success"):
        found += [one.value for one in node.get(name)]
    found += [image.caption for one in node.get("image") for image in one.proto.imgs]
    found += [one.value.to_string() for one in node.table]
    found += [one.proto.spec for one in node.get("vega_lite_chart")]
    return clean("\n".join(found))


def clean(text):
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "")


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


PICTURE = png(np.random.default_rng(5).integers(0, 255, (90, 120), dtype=np.uint8))


def edit(file, change):
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_parts_are_drawn_from_the_run_folder_alone(run, draw, language):
    at, words = draw(run, language), load(language)
    assert not at.exception
    assert not at.error
    assert [tab.label for tab in at.tabs] == [words(f"part.{name}") for name in PARTS]
    purpose, data, model, _, upload, examples = (texts(tab) for tab in at.tabs)
    assert "Does SMOTE help an RNN" in purpose
    assert words("balance.none") in purpose
    assert "Kermany" in data
    for counts in COUNTS.values():
        assert all(str(number) in data for number in counts.values())
    assert [len(tab.get("image")) for tab in at.tabs] == [0, 4, 0, 0, 0, 6]
    arms = {arm.name: arm for arm in read(run).arms}
    assert all(layer.name in model for layer in arms["none"].facts.layers)
    for arm in arms.values():
        for name in ("test", "external:NIH"):
            assert clean(words.interval(arm.metrics.sets[name].default.metrics["balanced_accuracy"])) in model
    assert words("upload.waiting") in upload
    assert words("upload.not_diagnosis") in upload
    assert all(clean(caption(example, words)) in examples for example in arms["none"].examples)


def test_indonesian_page_holds_no_english_sentence(run, draw):
    at = draw(run, "id", upload=("x.png", PICTURE))
    said = texts(at.main)
    assert load("id")("page.statement") in said
    english = [text for text in load("en").texts.values() if " " in text and "{" not in text]
    assert not [text for text in english if text in said]


def test_title_and_question_are_the_studys_own_in_each_language_that_it_gives(run, draw):
    own = {"title_id": "Pneumonia pada rontgen dada", "question_id": "Apakah SMOTE membantu?"}
    edit(run / "study.json", lambda study: study.update(own))
    indonesian, english = draw(run, "id"), draw(run, "en")
    assert indonesian.title[0].value == own["title_id"]
    assert "Apakah SMOTE membantu?" in texts(indonesian.tabs[0])
    assert "Does SMOTE help" in texts(english.tabs[0])
    edit(run / "study.json", lambda study: study.update(title_id="", question_id=""))
    assert "Does SMOTE help" in texts(draw(run, "id").tabs[0])


def test_every_picture_has_a_text_to_read_aloud(run, draw):
    at = draw(run, "id", upload=("x.png", PICTURE))
    spoken = [image.alt for one in at.get("image") for image in one.proto.imgs]
    assert len(spoken) == 11
    assert all(text.strip() for text in spoken)
    assert "Contoh gambar dari kelas NORMAL" in spoken
    assert "Gambar yang Anda pilih: x.png" in spoken


def test_language_is_taken_from_the_address_and_switched(run, draw):
    at = draw(run, "klingon")
    assert load("en")("page.statement") in texts(at.main)
    at.radio[0].set_value("id").run()
    assert load("id")("page.statement") in texts(at.main)
    assert at.query_params["lang"] == "id"


def test_a_leaky_quick_and_synthetic_run_says_so(run, draw):
    edit(run / "data.json", lambda data: data.update(synthetic=True))
    edit(run / "provenance.json", lambda facts: facts.update(quick=True))
    words = load("en")
    expected = [words(f"page.{name}") for name in ("synthetic", "quick", "leaky")]
    assert [one.value for one in draw(run, arm="as-published").warning][:3] == expected
    assert words("page.leaky") not in texts(draw(run).main)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_upload_gets_the_class_and_confidence_of_the_predictor_and_the_command(run, draw, language, tmp_path):
    found = Predictor.load(run / "arms/none").predict(PICTURE, "x.png")
    at, words = draw(run, language, upload=("x.png", PICTURE)), load(language)
    assert not at.exception
    confidence = words.percent(found.confidence)
    shown = [one.value for one in at.markdown if "###" in one.value]
    expected = [
        f"{words('upload.class')}\n### {found.label}",
        f"{words('upload.confidence')}\n### {plain(confidence)}",
    ]
    assert shown == expected
    assert words("upload.says", name=found.label, confidence=confidence) in [one.value for one in at.markdown]
    bars = [(one.proto.value, one.proto.text) for one in at.get("progress")]
    assert bars == [
        (int(share * 100), f"{name}: {plain(words.percent(share))}") for name, share in found.probabilities.items()
    ]
    (tmp_path / "x.png").write_bytes(PICTURE)
    said = CliRunner().invoke(app, ["predict", str(run), str(tmp_path / "x.png"), "--arm", "none"]).stdout
    row = [found.label, f"{found.confidence:.6f}", found.label_tuned, str(found.advice)]
    assert said.splitlines()[-1].split("\t")[1:] == row


def test_the_page_says_of_how_many_in_100_such_an_answer_was_right(run, draw):
    table = csv.DictReader((run / "arms/none/predictions.csv").read_text().splitlines())
    rows = [row for row in table if row["set"] == "test"]
    tests = [(float(row["p_PNEUMONIA"]), row["label"], row["group"]) for row in rows]
    label = Predictor.load(run / "arms/none").predict(PICTURE, "x.png").label
    called = [(truth == label, group) for p, truth, group in tests if (p > 0.5) == (label == "PNEUMONIA")]
    alike = [truth for p, truth, _ in tests if 0.5 < (p if label == "PNEUMONIA" else 1 - p) < 0.6]
    assert len(alike) < FEW <= len(called)  # so that all of the class are counted
    hits, groups = zip(*called, strict=True)
    right = sum(hits)
    low, high, _ = proportion(np.array(hits), np.unique(groups, return_inverse=True)[1])
    said = texts(draw(run, "en", upload=("x.png", PICTURE)).main)
    assert f"Test: of 100 images that the model called {label}, {100 * right / len(called):.0f} were {label}." in said
    assert f"Counted: {right} of {len(called)} (95 % interval: {100 * low:.0f}–{100 * high:.0f} of 100)." in said
    assert f"{plain('External: NIH')}: of 100 images that the model called" in said
    common = 100 * COUNTS["test"][label] / 120
    assert f"Of 100 test images {common:.0f} were {label}." in said


def test_enough_answers_of_such_a_confidence_are_counted_alone(run, monkeypatch):
    monkeypatch.setattr(sentences, "FEW", 10)
    contents = read_contents(run, "none")
    said = Prediction("PNEUMONIA", 0.91, {}, None, None)
    (test, *_) = trust(contents, said, load("en"), load("en").text)
    rows = csv.DictReader((run / "arms/none/predictions.csv").read_text().splitlines())
    alike = [row for row in rows if row["set"] == "test" and float(row["p_PNEUMONIA"]) >= 0.9]
    right = sum(row["label"] == "PNEUMONIA" for row in alike)
    assert len(alike) >= 10
    assert f"Counted: {right} of {len(alike)} that the model called PNEUMONIA with a confidence of 90" in test


def test_before_any_use_the_population_and_the_figures_from_elsewhere_come_first(run, draw):
    words, tab = load("en"), draw(run, "en").tabs[PARTS.index("use")]
    said = texts(tab)
    assert "Test: 120 images (NORMAL 45; PNEUMONIA 75)" in said
    assert "Kermany" in said
    assert "in the test part 62 of 100 images" in said
    for table in tab.table:
        assert list(table.value.columns[1:]) == ["External: NIH", "Test"]
    there = next(arm for arm in read(run).arms if arm.name == "none")
    assert clean(words.interval(there.metrics.sets["external:NIH"].served.metrics["balanced_accuracy"])) in said
    assert clean(words.interval(there.refusal.sets["external:NIH"].accuracy)) in said


def test_without_an_external_set_nobody_knows_how_it_does_here(tmp_path, draw):
    run = fake_run(tmp_path / "alone", arms=2, external=False)
    assert load("en")("use.never") in texts(draw(run, "en").tabs[PARTS.index("use")])


OTHER = png(np.random.default_rng(6).integers(0, 255, (80, 80), dtype=np.uint8))


def test_several_images_are_answered_in_one_table_and_each_can_be_looked_at(run, draw, monkeypatch):
    at, words, asked = draw(run, "en"), load("en"), []
    predict = Predictor.predict
    monkeypatch.setattr(Predictor, "predict", lambda *args: asked.append(args[2]) or predict(*args))
    files = [("a.png", PICTURE, "image/png"), ("letter.jpg", b"Dear colleague", "image/jpeg"), ("b.png", OTHER, "x")]
    at.file_uploader[0].set_value(files).run()
    assert not at.exception
    assert not at.error
    cells = at.tabs[UPLOAD].table[0].value
    assert [clean(name) for name in cells["Image"]] == [plain(name) for name, *_ in files]
    assert cells["Answer"][1] == words("error.IMG_NOT_IMAGE").replace("the", "The", 1)
    assert "3 images: " in texts(at.tabs[UPLOAD])
    assert "1 that could not be read" in texts(at.tabs[UPLOAD])
    for position, name in ((2, "b.png"), (1, None)):
        at.selectbox(key="which").set_value(position).run()
        pictures = [image.caption for one in at.tabs[UPLOAD].get("image") for image in one.proto.imgs]
        assert [caption[: len(plain("b.png"))] for caption in pictures] == ([plain(name)] if name else [])
    assert plain("IMG_NOT_IMAGE") in at.error[0].value
    assert asked == ["a.png", "letter.jpg", "b.png"]  # looking at one asks the model nothing


def test_more_images_than_fit_are_not_looked_at_and_that_is_said(run, draw, monkeypatch):
    monkeypatch.setattr(images, "MOST", 1)
    at = draw(run, "en")
    at.file_uploader[0].set_value([("a.png", PICTURE, "x"), ("b.png", OTHER, "x")]).run()
    assert load("en")("upload.too_many", most=1) in [one.value for one in at.warning]
    assert not at.selectbox


def shown(at):
    """Return the address of the picture and the bars of the answer."""
    picture = at.tabs[UPLOAD].get("image")[0].proto.imgs[0].url
    return picture, [(bar.proto.value, bar.proto.text) for bar in at.get("progress")]


def test_window_level_and_zoom_change_the_picture_and_never_the_answer(run, draw):
    at = draw(run, "en", upload=("x.png", PICTURE))
    assert load("en")("view.text") in texts(at.tabs[UPLOAD])
    pictures, answers = {shown(at)[0]}, shown(at)[1]
    assert "view_across" not in [slider.key for slider in at.slider]  # there is nowhere to go without zoom
    for name, value in (("centre", 90), ("width", 60), ("zoom", 2.0), ("across", 0), ("down", 100)):
        at.slider(key=f"view_{name}").set_value(value).run()
        assert not at.exception
        picture, bars = shown(at)
        assert picture not in pictures
        assert bars == answers
        pictures.add(picture)


GIF = io.BytesIO()
Image.new("L", (9, 9)).save(GIF, "GIF", save_all=True, append_images=[Image.new("L", (9, 9), 255)])
BAD = {
    "letter.jpg": (b"Dear colleague, this is no image.", "IMG_NOT_IMAGE"),
    "cut.png": (PICTURE[: len(PICTURE) // 2], "IMG_TRUNCATED"),
    "flipped.png": (PICTURE[:200] + bytes([PICTURE[200] ^ 1]) + PICTURE[201:], "IMG_CORRUPT"),
    "empty.png": (b"", "IMG_EMPTY"),
    "moving.png": (GIF.getvalue(), "IMG_MULTIFRAME"),
    "scan.dcm": (bytes(128) + b"DICM" + bytes(50), "IMG_NO_PIXELS"),
}


def test_an_upload_that_is_no_whole_image_gets_a_sentence_with_its_code(run, draw):
    at, words = draw(run, "en"), load("en")
    for name, (content, code) in BAD.items():
        give(at, (name, content))
        assert not at.exception, name
        assert [one.value for one in at.error] == [words("error.frame", sentence=words(f"error.{code}"), code=code)]
        assert not at.get("progress"), name
    give(at, ("x.png", PICTURE))
    assert not at.error
    assert len(at.get("progress")) == 2


def test_a_missing_or_broken_file_of_the_run_is_named(run, draw):
    at = draw(run)
    for name in ("study.json", "data.json", "provenance.json", "arms/none/metrics.json"):
        whole = (run / name).read_bytes()
        for code in ("RUN_MISSING", "RUN_DAMAGED"):
            if code == "RUN_MISSING":
                (run / name).unlink()
            else:
                (run / name).write_bytes(whole[:-9])
            at.run()
            assert not at.exception
            (said,) = (one.value for one in at.error)
            assert plain(code) in said
            assert plain(name.split("/")[-1]) in said
        (run / name).write_bytes(whole)
    assert not at.run().error


def test_a_missing_picture_or_table_spoils_only_its_part(run, draw):
    (run / "samples/NORMAL_0.png").unlink()
    (run / "arms/none/predictions.csv").unlink()
    at = draw(run, upload=("x.png", PICTURE))
    assert not at.exception
    said = [[one.value for one in tab.error] for tab in at.tabs]
    assert [len(one) for one in said] == [0, 1, 0, 0, 1, 0]
    assert plain("NORMAL_0.png") in said[1][0]
    assert plain("predictions.csv") in said[UPLOAD][0]
    assert len(at.get("progress")) == 2


def damage(file):
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)


DAMAGE = [
    (f"{JOB}/model.safetensors", damage, "MODEL_DIGEST"),
    ("model.json", lambda file: edit(file, lambda package: package.update(positive="COVID")), "MODEL_CLASSES"),
    (f"{JOB}/model.safetensors", lambda file: file.unlink(), "MODEL_MISSING"),
]


def test_damaged_weights_predict_nothing(run, draw):
    at, words = draw(run, "en"), load("en")
    for name, spoil, code in DAMAGE:
        file = run / "arms/none" / name
        whole = file.read_bytes()
        spoil(file)
        give(at, ("x.png", PICTURE))
        assert not at.exception
        assert not at.get("progress")
        assert [one.value for one in at.error] == [words("error.frame", sentence=words(f"error.{code}"), code=code)]
        file.write_bytes(whole)
    assert len(give(at, ("x.png", PICTURE)).get("progress")) == 2


def test_an_internal_error_shows_no_traceback(run, draw):
    edit(run / "arms/none/arm.json", lambda arm: arm["layers"][0].update(shape=[]))
    at = draw(run, "en")
    assert not at.exception
    assert [error.value for error in at.error] == [load("en")("error.unexpected")]


def test_names_from_the_data_are_no_markup(run, draw):
    name = "<b>N</b> [x](http://a.example) $y$"
    for file in (*run.rglob("*.json"), *run.rglob("*.csv")):
        file.write_text(file.read_text(encoding="utf-8").replace("NORMAL", name), encoding="utf-8")
    edit(run / "data.json", lambda data: data.update(samples=[]))
    seal(run / "arms/none")
    at = draw(run, upload=(name + ".png", PICTURE))
    assert not at.exception
    assert not at.error
    assert plain(name) in texts(at.main)
    assert name not in "\n".join(one.value for one in at.markdown)


def test_folds_and_a_protocol_of_its_own_are_told(run, draw):
    protocol = {
        "name": "patients",
        "leaky": False,
        "folds": 5,
        "groups": 9,
        "counts": {"train": {"NORMAL": 1, "PNEUMONIA": 999}},
    }
    split = {"test": 0.2, "validation": 0.2, "folds": 5, "repeats": 1, "group": "auto", "seed": 0}
    edit(run / "data.json", lambda data: data["protocols"].append(protocol | {"split": split}))
    edit(run / "study.json", lambda study: study["image"].update(augment={"rotation": 5.0, "flip_left_right": False}))
    edit(run / "arms/none/arm.json", lambda arm: arm.update(protocol="patients"))
    words, said = load("en"), texts(draw(run, "en").main)
    for key in ("data.first_fold", "data.folds", "model.folds"):
        assert words(key, folds=5) in said
    assert words("data.provided") not in said
    assert words("data.grouped") in said
    assert words("data.augmented") in said
    assert "999" in said


def test_without_a_threshold_there_is_one_reading(run, draw):
    edit(run / "arms/none/model.json", lambda package: package.update(threshold=None))
    edit(run / "arms/none/metrics.json", lambda metrics: metrics["sets"]["test"].update(tuned=None))
    at = draw(run, "en", upload=("x.png", PICTURE))
    assert not at.exception
    assert not at.error
    assert "threshold" not in texts(at.main).lower()


def made_convolutional(arm):
    """Put an untrained convolutional network into an arm's package."""
    torch.manual_seed(0)
    model = {"name": "cnn", "widths": [4, 8]}
    state = make(model).build((*SIZE, 1), 2).state_dict()
    weights = save({name: value.contiguous() for name, value in state.items()})
    file = f"{JOB}/model.safetensors"
    (arm / file).write_bytes(weights)
    files = {file: hashlib.sha256(weights).hexdigest()}
    edit(arm / "model.json", lambda package: package.update(model=model, files=files))
    edit(arm / "arm.json", lambda facts: facts.update(model=model))


def shown_maps(at):
    """Return what stands under the images beside the slider."""
    return [image.caption for one in at.tabs[UPLOAD].get("image") for image in one.proto.imgs][1:]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_convolutional_network_gets_both_maps_beside_the_image(run, draw, language):
    made_convolutional(run / "arms/none")
    at, words = draw(run, language, upload=("x.png", PICTURE)), load(language)
    label = Predictor.load(run / "arms/none").predict(PICTURE, "x.png").label
    for method in ("grad_cam", "occlusion"):
        if method != "grad_cam":
            at.radio(key="heat_method").set_value(method).run()
        assert not at.exception
        assert not at.error
        assert shown_maps(at) == [words("heat.original"), words("heat.map", name=label)]
        assert words("heat.warning") in [one.value for one in at.tabs[UPLOAD].warning]
        assert words("heat.both") in texts(at.tabs[UPLOAD])
    at.radio(key="heat_method").set_value("none").run()
    assert shown_maps(at) == []
    assert load("en")("heat.warning") == WARNING


def test_a_recurrent_network_gets_occlusion_when_asked_and_the_slider_does_not_recompute_it(run, draw):
    at, words = draw(run, "en", upload=("x.png", PICTURE)), load("en")
    assert shown_maps(at) == []
    assert len(at.radio(key="heat_method").options) == 2
    at.radio(key="heat_method").set_value("occlusion").run()
    first = at.session_state["heat_map"]
    assert first.shape == SIZE
    at.slider(key="heat_opacity").set_value(80).run()
    assert not at.exception
    assert at.session_state["heat_map"] is first
    assert words("heat.both") not in texts(at.tabs[UPLOAD])
    at.slider(key="heat_opacity").set_value(0).run()
    assert len(shown_maps(at)) == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_of_another_kind_gets_no_answer_but_the_reason_and_what_to_do(run, draw, language):
    with_gate(run / "arms/none", np.full((20, *SIZE, 1), 90, np.uint8))
    at, words = draw(run, language, upload=("x.png", PICTURE)), load(language)
    assert not at.exception
    said = "\n".join(one.value for one in at.warning)
    assert words("refusal.next") in said
    assert words("refusal.refused", distance="").split("(")[0] in said
    assert "NIH" in said  # before every answer: the model was at chance there
    assert not at.get("progress")
    assert words("heat.title") not in texts(at.main)


def test_the_page_says_where_it_was_adapted_and_counts_no_confidence_of_before(run, draw, tmp_path):
    arm = run / "arms/none"
    table = {"balanced_accuracy": Value(value=0.8, low=0.7, high=0.9)}
    known = {"model": file_digest(arm / "model.json"), "place": "Ward 7", "cases": "", "patients": {}, "level": 0.95}
    figures = {"whole": table, "before": table, "after": table, "coverage": {}, "refused": Value(value=0.0)}
    correction = {"slope": 1.0, "shift": [0.0, 9.0], "threshold": 0.5, "least": {"NORMAL": 0.0, "PNEUMONIA": 0.9}}
    made = Profile(**known, **figures, **correction, at_chance=False, seimbang="")
    (tmp_path / "ward.json").write_text(made.text())
    at = draw(run, "en", upload=("x.png", PICTURE), profile=tmp_path / "ward.json")
    assert not at.exception
    said, words = texts(at.main), load("en")
    assert plain("Ward 7") in said
    assert words("upload.says", name="PNEUMONIA", confidence=words.percent(0.999)).split("with")[0] in said
    assert words("upload.how_sure") not in said
    (tmp_path / "edited.json").write_text(made.text().replace("Ward 7", "Ward 8"))
    at = draw(run, "en", upload=("x.png", PICTURE), profile=tmp_path / "edited.json")
    assert plain("PROFILE_DAMAGED") in "\n".join(error.value for error in at.error)

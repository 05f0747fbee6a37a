"""The REST service as it is really started, and in a thread where its insides matter."""

import importlib.util
import io
import json
import re
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from typer.testing import CliRunner

from run_folder import fake_run
from seimbang.cli import app
from seimbang.errors import ResourceError, StudyError
from seimbang.record.contents import read
from seimbang.serving import api
from seimbang.serving.advice import Advice
from seimbang.serving.api_types import answered, card
from seimbang.serving.door import Door
from seimbang.serving.predictor import Predictor
from seimbang.serving.server import Api, serve_api
from serving_calls import started

ROOT = Path(__file__).parents[2]
HEAD = b'--y\r\nContent-Disposition: form-data; name="files"; filename="x"\r\n\r\n'
TOKEN = "a-long-random-text"
CANARY = "Mustermann-4711"


def film(seed=0, text=""):
    """Return a PNG, with ``text`` inside and out."""
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 36), dtype=np.uint8)
    notes, file = PngInfo(), io.BytesIO()
    notes.add_text("PatientName", text)
    Image.fromarray(pixels).save(file, "PNG", pnginfo=notes)
    return file.getvalue()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return fake_run(tmp_path_factory.mktemp("fake") / "run", arms=1, external=True)


@pytest.fixture(scope="module")
def server(serve, run):
    """The service as a user starts it, with a token; yields its address, and how it is called."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEIMBANG_TOKEN", TOKEN)
        with serve(run, "--api") as (_, address), requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {TOKEN}"
            yield address, session


@pytest.fixture(scope="module")
def predictor(run):
    return Predictor.load(next((run / "arms").iterdir()))


def problem(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert {"type", "title", "status", "detail", "code", "found", "expected", "fix"} == set(said)
    assert said["status"] == answer.status_code
    return answer.status_code, said["code"]


def test_a_batch_is_answered_in_its_order_with_what_failed_named(server, predictor):
    files = [("files", (CANARY, film(k))) for k in range(3)] + [("files", ("x", b"no image"))]
    answer = server[1].post(f"{server[0]}/v1/predict", files=files, timeout=60)
    assert answer.status_code == 200
    cases = answer.json()["cases"]
    assert [case["number"] for case in cases] == [1, 2, 3, 4]
    for k in range(3):
        assert cases[k]["probabilities"] == pytest.approx(predictor.predict(film(k), "x").probabilities, abs=1e-5)
    assert cases[3]["error"]["code"] == "IMG_NOT_IMAGE"
    assert "label" not in cases[3]
    assert "Not a medical device" in answer.json()["notice"]


def test_nothing_that_names_a_person_comes_back(server):
    data = film(1, CANARY)
    for content in (data, data[:-30], CANARY.encode()):
        answer = server[1].post(f"{server[0]}/v1/predict", files={"files": (f"{CANARY}.png", content)}, timeout=60)
        assert CANARY not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"files": {"files": b"text"}}, (422, "IMG_NOT_IMAGE")),
        ({"files": {"files": b""}}, (422, "IMG_EMPTY")),
        ({"files": {"other": film()}}, (400, "HTTP_FORM")),
        ({"files": {"files": film()}, "data": {"path": "/etc/passwd"}}, (400, "HTTP_FORM")),
        ({"files": [("files", film())] * 65}, (400, "HTTP_FORM")),
        ({"json": {"url": "http://127.0.0.1/film.png"}}, (415, "HTTP_MEDIA")),
        ({"data": b"--x", "headers": {"Content-Type": "multipart/form-data; boundary=y"}}, (400, "HTTP_FORM")),
        ({"data": b"--x", "headers": {"Content-Type": "multipart/form-data"}}, (400, "HTTP_FORM")),
        (
            {
                "data": iter([HEAD, *[b"0" * 2**20] * 66]),
                "headers": {"Content-Type": "multipart/form-data; boundary=y"},
            },
            None,
        ),
    ],
)
def test_what_is_no_image_is_refused_with_its_code(server, body, expected):
    try:
        answer = server[1].post(f"{server[0]}/v1/predict", timeout=60, **body)
    except requests.exceptions.ConnectionError:
        assert expected is None  # it was cut off in the middle of what is too long
        return
    assert problem(answer) == (expected or (413, "HTTP_TOO_LARGE"))


def test_foreign_callers_and_other_paths_are_refused(server):
    def get(path, **headers):
        return problem(server[1].get(server[0] + path, headers=headers, timeout=60))

    assert get("/v1/model", Host="evil.example") == (400, "HTTP_HOST")
    assert get("/v1/model", Origin="http://evil.example") == (403, "HTTP_ORIGIN")
    assert get("/v1/other") == (404, "HTTP_PATH")
    assert get("/v1/predict") == (405, "HTTP_METHOD")
    assert get("/docs") == (404, "HTTP_PATH")  # that page would load its script from elsewhere


def test_the_model_says_what_it_is_and_how_well_it_did(server, run):
    said = server[1].get(f"{server[0]}/v1/model", timeout=60).json()
    contents = read(run, next((run / "arms").iterdir()).name)
    assert said["classes"] == ["NORMAL", "PNEUMONIA"]
    assert said["takes"] == {"height": 32, "width": 32, "channels": 1}
    assert set(said["figures"]) == {"test", "external:NIH"}
    auc = contents.arm.metrics.sets["test"].served.metrics["auc"]
    assert said["figures"]["test"]["auc"]["value"] == pytest.approx(auc.value)
    assert said["figures"]["test"]["auc"]["low"] == pytest.approx(auc.low)
    assert any("saw information from the test images" in warning for warning in said["warnings"])


def test_it_describes_itself(server):
    said = server[1].get(f"{server[0]}/openapi.json", timeout=60).json()
    assert set(said["paths"]) == {"/v1/predict", "/v1/model", "/healthz"}
    assert "multipart/form-data" in said["paths"]["/v1/predict"]["post"]["requestBody"]["content"]
    assert server[1].get(f"{server[0]}/healthz", timeout=60).json() == {"status": "ok"}


def test_many_at_once_get_each_their_own_answer(server, predictor):
    films = [film(seed) for seed in range(24)]

    def ask(data):
        return server[1].post(f"{server[0]}/v1/predict", files={"files": data}, timeout=60).json()["cases"][0]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, films))
    for data, answer in zip(films, answers, strict=True):
        assert answer["probabilities"] == pytest.approx(predictor.predict(data, "x").probabilities, abs=1e-5)


def test_a_refused_image_gets_no_label(server, run, predictor):
    one = server[1].post(f"{server[0]}/v1/predict", files={"files": film()}, timeout=60).json()["cases"][0]
    assert one["answer"] == predictor.predict(film(), "x").advice.answer
    advice = Advice("refused", (), 0.9, 2.5, "", {})
    said = answered(1, replace(predictor.predict(film(), "x"), advice=advice))
    assert (said.answer, said.label, said.confidence) == ("refused", None, None)
    assert said.reason


class Slow:
    """A predictor that waits for leave."""

    table = None

    def __init__(self, predictor):
        self.predictor, self.leave = predictor, threading.Event()

    def __getattr__(self, name):
        return getattr(self.predictor, name)

    def predict(self, data, name):
        assert self.leave.wait(30)
        return self.predictor.predict(data, name)


def application(predictor, run):
    about = card(read(run, next((run / "arms").iterdir()).name), predictor, "digest")
    return Door(api.create(predictor, about))


def test_a_full_queue_asks_to_come_again_and_does_so_before_it_reads(predictor, run, monkeypatch):
    monkeypatch.setattr(api, "PLACES", 2)
    slow = Slow(predictor)
    with started(application(slow, run)) as address, ThreadPoolExecutor(3) as pool:
        ask = partial(requests.post, f"{address}/v1/predict", timeout=60)
        held = [pool.submit(ask, files={"files": film(k)}) for k in range(3)]
        assert next(as_completed(held)).result().status_code == 503  # of three one finds no place; the others wait
        answer = ask(files={"files": b"no image"})
        assert problem(answer) == (503, "HTTP_BUSY")
        assert int(answer.headers["retry-after"]) > 0
        assert requests.get(f"{address}/healthz", timeout=60).status_code == 200
        slow.leave.set()
        assert sorted(one.result().status_code for one in held) == [200, 200, 503]
        assert ask(files={"files": film()}).status_code == 200


def test_an_internal_error_is_a_problem_without_what_happened(predictor, run, caplog):
    def fail(data, name):
        raise ZeroDivisionError(CANARY)

    broken = Slow(replace(predictor))
    broken.predict = fail
    with started(application(broken, run)) as address:
        answer = requests.post(f"{address}/v1/predict", files={"files": film()}, timeout=60)
    assert problem(answer) == (500, "HTTP_INTERNAL")
    assert CANARY not in answer.text
    assert "a request failed" in caplog.text


def test_others_than_this_computer_need_a_token(run, monkeypatch):
    with pytest.raises(StudyError, match="SERVE_TOKEN") as error:
        serve_api(run, 0, None, "", Api(host="0.0.0.0"))
    assert error.value.exit_code == 2
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ResourceError, match=r"EXTRA_MISSING.*pip install 'seimbang\[api\]'"):
        serve_api(run, 0, None, "", Api())


def test_the_page_is_for_this_computer_alone(run):
    done = CliRunner().invoke(app, ["serve", str(run), "--host", "0.0.0.0"])
    assert isinstance(done.exception, StudyError)
    assert done.exception.code == "SERVE_API"


def test_the_token_is_asked_for(server):
    for headers in ({}, {"Authorization": "Bearer other"}):
        assert problem(requests.get(f"{server[0]}/v1/model", headers=headers, timeout=60)) == (401, "HTTP_TOKEN")
    assert requests.get(f"{server[0]}/healthz", timeout=60).status_code == 200


def test_the_curl_lines_of_the_page_work(server, tmp_path, monkeypatch):
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", TOKEN)
    for name in ("film1.png", "film2.png"):
        Path(name).write_bytes(film())
    lines = re.findall(r"^curl .*", (ROOT / "docs/api.md").read_text(encoding="utf-8"), re.M)
    assert len(lines) >= 4
    for line in lines:
        call = line.replace("http://127.0.0.1:8501", server[0])
        said = json.loads(subprocess.run(["bash", "-c", call], capture_output=True, timeout=60).stdout)
        named = re.search(r'# \d+ "(\w+)"', line)
        code = "HTTP_MEDIA" if "rows" in line else named and named[1]  # this run is of images
        assert said.get("code") == code, line


def test_every_code_of_the_service_is_in_the_page():
    listed = re.findall(r"^\| `(HTTP_\w+)` \| (\d+) \|", (ROOT / "docs/api.md").read_text(encoding="utf-8"), re.M)
    text = "".join((Path(api.__file__).parent / f"{name}.py").read_text() for name in ("api", "api_input", "door"))
    assert {code for code, _ in listed} == set(re.findall(r'"(HTTP_\w+)"', text))

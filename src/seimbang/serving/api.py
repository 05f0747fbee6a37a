"""The REST service, run by uvicorn: ``python -m seimbang.serving.api``; ``seimbang serve RUN --api`` starts it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser

from seimbang import __version__
from seimbang.errors import SeimbangError
from seimbang.record.contents import read
from seimbang.record.package import read_package, served_alone
from seimbang.serving.api_input import images, rows
from seimbang.serving.api_types import Answer, Card, CaseAnswer, Health, Problem, answered, card, of_error, request_body
from seimbang.serving.door import LOOPBACK, TOKEN, Door, Refused
from seimbang.serving.predictor import Predictor
from seimbang.serving.rows import read_rows
from seimbang.serving.server import end_with_starter

PLACES = 8
"""Requests that are read, wait or are answered at once; the next one is asked to come again."""
AGAIN = 2
"""Seconds after which it may."""
HEALTH = "/healthz"
PROBLEMS = (400, 401, 403, 408, 413, 415, 422, 500, 503)
CODES = {400: "HTTP_FORM", 404: "HTTP_PATH", 405: "HTTP_METHOD"}
T = TypeVar("T")


class Queue:
    """The cases of one request after another; its places are bounded, so memory is."""

    def __init__(self, places: int) -> None:
        self._free, self._worker = places, ThreadPoolExecutor(1)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place while a request is read and answered.

        Raises:
            Refused: HTTP_BUSY: none is free.
        """
        if not self._free:
            fix = f"send it again after {AGAIN} seconds"
            raise Refused(503, "HTTP_BUSY", "a full queue", "a free place", fix, {"retry-after": str(AGAIN)})
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def answer(self, work: Callable[[], T]) -> T:
        """Return what ``work`` does, when its turn has come."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)


def create(predictor: Predictor, about: Card) -> FastAPI:
    """Return the application; it needs a door before it.

    Args:
        predictor: Answers.
        about: What ``/v1/model`` says.
    """
    app = FastAPI(title=about.title, version=__version__, docs_url=None, redoc_url=None)
    queue = Queue(PLACES)
    problems: dict[int | str, dict[str, Any]] = {status: _described() for status in PROBLEMS}
    body = {"requestBody": request_body(predictor)}

    @app.post("/v1/predict", responses=problems, openapi_extra=body, response_model_exclude_none=True)
    async def predict(request: Request) -> Answer:
        """Classify images, or rows of a table; each case is answered, in the order of the request."""
        async with queue.place():
            cases = await _cases(request, predictor, queue)
        return Answer(notice=about.notice, model=about.model, cases=cases)

    @app.get("/v1/model", responses=problems)
    async def model() -> Card:
        """Say what the model is, what it may be used for, and how well it did."""
        return about

    @app.get(HEALTH)
    async def health() -> Health:
        """Say that the service answers."""
        return Health(status="ok")

    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(SeimbangError, _failed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    return app


async def _cases(request: Request, predictor: Predictor, queue: Queue) -> list[CaseAnswer]:
    if predictor.table is None:
        given = await images(request)
        return await queue.answer(lambda: _of_images(predictor, given))
    table = await rows(request, predictor)
    return await queue.answer(lambda: _of_rows(predictor, table))


def _of_images(predictor: Predictor, given: list[bytes]) -> list[CaseAnswer]:
    """Answer each image; where there is only one and it cannot be read, that is the answer to the request.

    A file's name may tell who was imaged: it is neither used nor sent back.
    """
    cases = []
    for number, data in enumerate(given, 1):
        try:
            cases.append(answered(number, predictor.predict(data, f"image {number}")))
        except SeimbangError as error:
            if len(given) == 1:
                raise
            cases.append(answered(number, error))
    return cases


def _of_rows(predictor: Predictor, table: pd.DataFrame) -> list[CaseAnswer]:
    return [answered(number, said) for number, said in enumerate(read_rows(predictor, table)[1], 1)]


def _described() -> dict[str, Any]:
    return {"model": Problem, "content": {"application/problem+json": {}}}


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return Response(error.body(), error.status, error.headers, "application/problem+json")


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, SeimbangError)
    said = of_error(error)
    return await _refused(request, Refused(said["status"], error.code, error.found, error.expected, error.fix))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = CODES.get(error.status_code, "HTTP_FORM")
    fix, headers = "see /openapi.json", dict(error.headers or {})
    said = Refused(error.status_code, code, str(error.detail), "a request that is described", fix, headers)
    return await _refused(request, said)


async def _unexpected(request: Request, error: Exception) -> Response:
    """Answer in plain words; what happened goes to the server's log."""
    logging.getLogger("seimbang").error("a request failed", exc_info=error)
    fix = "report it with the lines in the server's log"
    return await _refused(request, Refused(500, "HTTP_INTERNAL", "an internal error", "an answer", fix))


def service(
    run: Path,
    arm: str,
    seed: str = "",
    onnx: Path | None = None,
    profile: str = "",
    names: tuple[str, ...] = LOOPBACK,
    token: str = "",
) -> Door:
    """Return the whole service of an arm of a run.

    Args:
        run: The run folder.
        arm: Name of the arm's folder.
        seed: The one whose model alone predicts; ``""`` for those of all seeds together.
        onnx: Its exported form, which then predicts.
        profile: File of a local profile; ``""`` for none.
        names: Under which it is called.
        token: What callers must send; ``""`` for nothing.
    """
    MultiPartParser.spool_max_size = Door.limit + 1  # no upload is parked in a file
    contents = read(run, arm, seed)
    predictor = Predictor.load(contents.arm.folder, seed, profile, onnx)
    files = served_alone(read_package(contents.arm.folder)[0], seed).files
    digest = hashlib.sha256("".join(files.values()).encode()).hexdigest()
    app = create(predictor, card(contents, predictor, digest))
    return Door(app, names, token, free=(HEALTH,))


def main(host: str, port: str, run: str, arm: str, seed: str, onnx: str, profile: str) -> None:
    """Serve until the process is ended."""
    import uvicorn

    end_with_starter()
    names = LOOPBACK if host in LOOPBACK else (*LOOPBACK, host.lower(), socket.gethostname().lower())
    app = service(Path(run), arm, seed, Path(onnx) if onnx else None, profile, names, os.environ.get(TOKEN, ""))
    settings = uvicorn.Config(
        app,
        host=host,
        port=int(port),
        http="h11",
        ws="none",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="critical",
    )
    uvicorn.Server(settings).run()


if __name__ == "__main__":
    main(*sys.argv[1:])

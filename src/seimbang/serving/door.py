"""The door before a web server: who may come in, how much they may bring, and what every answer must say.

One layer of ASGI, of no framework.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN = "SEIMBANG_TOKEN"
"""Variable with what callers must send."""
HOST = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[0-9a-zA-Z._-]+))(?::[0-9]*)?")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SECURITY = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Headers of every answer, unless the application sets them itself."""


class Refused(Exception):
    """A request that is answered by a problem instead (RFC 9457).

    Attributes:
        status: Of HTTP.
        code: Stable name; scripts may rely on it.
        found: What was found.
        expected: What was expected instead.
        fix: What the caller can do about it.
        headers: More headers of the answer.
    """

    def __init__(
        self, status: int, code: str, found: str, expected: str, fix: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.found, self.expected, self.fix = status, code, found, expected, fix
        self.headers = headers or {}

    def body(self) -> bytes:
        """Return the ``application/problem+json``."""
        return json.dumps(problem(self.status, self.code, self.found, self.expected, self.fix)).encode()


def problem(status: int, code: str, found: str, expected: str, fix: str) -> dict[str, Any]:
    """Return the object that tells of an error: RFC 9457's members, and what every error of seimbang says."""
    detail = f"found {found}; expected {expected}. To fix it: {fix}"
    own = {"code": code, "found": found, "expected": expected, "fix": fix}
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **own}


@dataclass(frozen=True)
class Door:
    """An ASGI application before another one.

    Attributes:
        app: What is behind.
        names: Names in ``Host`` that are answered, without ports; and the address at which the caller came in.
        token: What ``Authorization: Bearer`` must hold; ``""`` for nothing.
        limit: Bytes of a request's body at most; they are counted as they come, whatever the caller says.
        free: Paths that need no token.
        closed: Paths that are not answered.
        headers: Of every answer.
    """

    app: App
    names: Collection[str] = LOOPBACK
    token: str = ""
    limit: int = 64 * 2**20
    free: Collection[str] = ()
    closed: Collection[str] = ()
    headers: dict[str, str] = field(default_factory=lambda: dict(SECURITY))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        counted, answering = _Counted(receive, self.limit), _Answer(send, self.headers)
        try:
            self._check(scope)
            await self.app(scope, counted.receive, answering.send_unless(counted))
        except Refused as refused:
            await answering.refuse(scope, refused)
        except Exception:
            if not counted.refused:
                raise
        if counted.refused:
            await answering.refuse(scope, counted.refused)

    def _check(self, scope: Scope) -> None:
        """Refuse whoever has no business here.

        Raises:
            Refused: HTTP_HOST, HTTP_ORIGIN, HTTP_PATH, HTTP_TOKEN or HTTP_TOO_LARGE.
        """
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        hosts = [value for name, value in scope["headers"] if name.lower() == b"host"]
        host = given.get("host", "")
        names = {*self.names, (scope.get("server") or ("",))[0]}
        if len(hosts) != 1 or _name(host) not in names:
            fix = "use the address that the server printed when it started"
            raise Refused(400, "HTTP_HOST", "an unknown Host", "a name of this server", fix)
        if "origin" in given and urlsplit(given["origin"]).netloc.lower() != host.lower():
            found, fix = "a request of another web page", "call it from a program, or from its own page"
            raise Refused(403, "HTTP_ORIGIN", found, "no Origin, or this server's own", fix)
        if scope["path"] in self.closed:
            raise Refused(404, "HTTP_PATH", "a path that is closed", "a path of the page", "use the page itself")
        if self.token and scope["path"] not in self.free:
            sent = given.get("authorization", "").encode("latin-1")
            if not hmac.compare_digest(sent, f"Bearer {self.token}".encode()):
                fix = "send the header Authorization: Bearer TOKEN with the token that the server was started with"
                asked = {"www-authenticate": "Bearer"}
                raise Refused(401, "HTTP_TOKEN", "no valid token", "the token of this server", fix, asked)
        length = given.get("content-length", "")
        if length.isdigit() and int(length) > self.limit:
            raise too_large(self.limit)


def too_large(limit: int) -> Refused:
    """Return the answer to a body of more than ``limit`` bytes."""
    expected = f"at most {limit / 2**20:g} MiB"
    return Refused(413, "HTTP_TOO_LARGE", "a larger request", expected, "send fewer or smaller files at once")


def _name(host: str) -> str:
    """Return the name in a Host header, in lower case and without its port; ``""`` where it is none."""
    parts = HOST.fullmatch(host)
    return (parts["six"] or parts["name"]).lower() if parts else ""


class _Counted:
    """A body whose bytes are counted; ``refused`` is set once there are too many."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._left, self._limit = receive, limit, limit
        self.refused: Refused | None = None

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.refused = too_large(self._limit)
            raise self.refused
        return message


class _Answer:
    """What is sent back: with the headers of the door, and once only."""

    def __init__(self, send: Send, headers: dict[str, str]) -> None:
        self._send, self._headers, self._started = send, headers, False

    def send_unless(self, counted: _Counted) -> Send:
        """Return what the application sends with: nothing more after the body was too long."""

        async def send(message: Message) -> None:
            if counted.refused and not self._started:
                return
            if message["type"] == "http.response.start":
                self._started = True
                message = {**message, "headers": self._with(message.get("headers", []))}
            await self._send(message)

        return send

    def _with(self, headers: Any, more: dict[str, str] | None = None) -> list[tuple[bytes, bytes]]:
        given = [(bytes(name), bytes(value)) for name, value in headers]
        known = {name.lower() for name, _ in given}
        own = {name.encode(): value.encode() for name, value in {**self._headers, **(more or {})}.items()}
        return given + [(name, value) for name, value in own.items() if name not in known]

    async def refuse(self, scope: Scope, refused: Refused) -> None:
        """Send the problem, unless an answer is on its way; a websocket is closed where it cannot be told why."""
        if self._started:
            return
        self._started = True
        kind = scope["type"]
        if kind == "websocket":
            if "websocket.http.response" not in scope.get("extensions", {}):
                await self._send({"type": "websocket.close", "code": 1008})
                return
            kind = "websocket.http"
        body = refused.body()
        plain = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
        headers = self._with(plain, {"connection": "close", **refused.headers})
        await self._send({"type": f"{kind}.response.start", "status": refused.status, "headers": headers})
        await self._send({"type": f"{kind}.response.body", "body": body})

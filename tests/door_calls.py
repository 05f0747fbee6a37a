"""Calls of the door before a server, without a server."""

import asyncio
import json

from seimbang.serving.door import SECURITY


async def behind(scope, receive, send):
    """Read the body and say how long it was, as careless as an application may be."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    length, more = 0, True
    while more:
        message = await receive()
        length, more = length + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": str(length).encode()})


def call(door, headers=(), body=(b"",), path="/", kind="http"):
    """Return status, headers and body of the answer, or the messages of a websocket."""
    parts, sent = list(body), []

    async def receive():
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    pairs = headers.items() if isinstance(headers, dict) else headers
    given = [(name.encode(), value.encode()) for name, value in pairs]
    scope = {"type": kind, "path": path, "headers": given, "server": ("10.0.0.7", 80)}
    asyncio.run(door(scope, receive, send))
    if kind == "websocket":
        return [message["type"] for message in sent]
    first, last = sent
    return first["status"], {name.decode(): value.decode() for name, value in first["headers"]}, last["body"]


def refused(*args, **more):
    status, headers, body = call(*args, **more)
    problem = json.loads(body)
    assert headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert set(SECURITY) <= set(headers)
    return status, problem["code"]


HOME = {"host": "localhost:8501"}

"""The door before a server, without a server: who comes in, how much they bring, what every answer says."""

import pytest

from door_calls import HOME, behind, call, refused
from seimbang.serving.door import SECURITY, Door

TOKEN = {"authorization": "Bearer secret"}


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1", "[::1]:80", "LOCALHOST", "10.0.0.7:80"])
def test_own_names_and_the_address_called_are_answered(host):
    status, headers, body = call(Door(behind), {"host": host}, [b"ab", b"c"])
    assert (status, body) == (200, b"3")
    assert SECURITY.items() <= headers.items()


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.8", "", "[::1", "localhost@evil"])
def test_an_unknown_host_is_refused(host):
    assert refused(Door(behind), {"host": host}) == (400, "HTTP_HOST")


def test_no_host_or_two_are_refused():
    assert refused(Door(behind)) == (400, "HTTP_HOST")
    assert refused(Door(behind), [("host", "localhost"), ("host", "localhost")]) == (400, "HTTP_HOST")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:9999", "http://localhost"])
def test_a_foreign_page_is_refused_and_its_websocket_closed(origin):
    assert refused(Door(behind), HOME | {"origin": origin}) == (403, "HTTP_ORIGIN")
    assert call(Door(behind), HOME | {"origin": origin}, kind="websocket") == ["websocket.close"]


def test_its_own_page_comes_in():
    own = HOME | {"origin": "http://localhost:8501"}
    assert call(Door(behind), own)[0] == 200
    assert call(Door(behind), own, kind="websocket") == ["websocket.accept"]


def test_a_token_is_asked_for_but_where_it_is_free():
    door = Door(behind, token="secret", free=("/healthz",))
    for wrong in ({}, {"authorization": "Bearer other"}, {"authorization": "secret"}, {"authorization": "Bearer é"}):
        assert refused(door, HOME | wrong) == (401, "HTTP_TOKEN")
    assert call(door, HOME)[1]["www-authenticate"] == "Bearer"
    assert call(door, HOME | TOKEN)[0] == 200
    assert call(door, HOME, path="/healthz")[0] == 200


def test_bytes_are_counted_whatever_the_caller_says():
    door = Door(behind, limit=10)
    assert call(door, HOME, [b"x" * 10])[2] == b"10"
    assert refused(door, HOME | {"content-length": "11"}) == (413, "HTTP_TOO_LARGE")
    assert refused(door, HOME | {"content-length": "3"}, [b"x" * 6, b"x" * 6]) == (413, "HTTP_TOO_LARGE")


def test_an_application_that_hides_the_refusal_cannot_answer_instead():
    async def stubborn(scope, receive, send):
        try:
            await receive()
        except Exception:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise ValueError from None

    assert refused(Door(stubborn, limit=3), HOME, [b"four"]) == (413, "HTTP_TOO_LARGE")


def test_what_the_application_says_itself_stays():
    async def own(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-frame-options", b"SAMEORIGIN")]})
        await send({"type": "http.response.body", "body": b""})

    assert call(Door(own), HOME)[1]["x-frame-options"] == "SAMEORIGIN"

"""Requests from hostile pages and programs at the door of page and REST service: each has one answer."""

import pytest

from door_calls import HOME, behind, call, refused
from seimbang.serving.door import Door

LIMIT = 1000
OWN, FOREIGN, TOO_LARGE = 200, (400, "HTTP_HOST"), (413, "HTTP_TOO_LARGE")
REQUESTS = {
    "its own name": (HOME, [b""], OWN),
    "its own page": (HOME | {"origin": "http://localhost:8501"}, [b""], OWN),
    "as much as is allowed": (HOME, [b"x" * LIMIT], OWN),
    "a name that ends in its own": ({"host": "evil-localhost"}, [b""], FOREIGN),
    "a name that begins with its own": ({"host": "localhost.evil.example"}, [b""], FOREIGN),
    "a name that leads to 127.0.0.1": ({"host": "127.0.0.1.nip.io"}, [b""], FOREIGN),
    "0.0.0.0": ({"host": "0.0.0.0"}, [b""], FOREIGN),
    "127.0.0.1 as a number": ({"host": "2130706433"}, [b""], FOREIGN),
    "a name with a dot at its end": ({"host": "evil.example."}, [b""], FOREIGN),
    "an empty name": ({"host": ""}, [b""], FOREIGN),
    "a port alone": ({"host": ":8501"}, [b""], FOREIGN),
    "half a bracket": ({"host": "[::1"}, [b""], FOREIGN),
    "a user before the name": ({"host": "localhost@evil.example"}, [b""], FOREIGN),
    "two names in one": ({"host": "localhost,evil.example"}, [b""], FOREIGN),
    "a path in the name": ({"host": "localhost/evil.example"}, [b""], FOREIGN),
    "a line break in the name": ({"host": "localhost\r\nx: y"}, [b""], FOREIGN),
    "two hosts": ([("host", "localhost"), ("host", "evil.example")], [b""], FOREIGN),
    "no host": ({}, [b""], FOREIGN),
    "a foreign page": (HOME | {"origin": "http://evil.example"}, [b""], (403, "HTTP_ORIGIN")),
    "a page of another port": (HOME | {"origin": "http://localhost:9999"}, [b""], (403, "HTTP_ORIGIN")),
    "a page by another protocol": (HOME | {"origin": "file://"}, [b""], (403, "HTTP_ORIGIN")),
    "a page that hides where it is from": (HOME | {"origin": "null"}, [b""], (403, "HTTP_ORIGIN")),
    "a page whose name begins like its own": (
        HOME | {"origin": "http://localhost:8501.evil.example"},
        [b""],
        (403, "HTTP_ORIGIN"),
    ),
    "a byte too many": (HOME, [b"x" * (LIMIT + 1)], TOO_LARGE),
    "many small pieces": (HOME, [b"x"] * (LIMIT + 1), TOO_LARGE),
    "a length that is too large": (HOME | {"content-length": str(LIMIT + 1)}, [b""], TOO_LARGE),
    "a length that is a lie": (HOME | {"content-length": "1"}, [b"x" * (LIMIT + 1)], TOO_LARGE),
    "a length that is no number, and too much": (HOME | {"content-length": "many"}, [b"x" * (LIMIT + 1)], TOO_LARGE),
    "a negative length, and too much": (HOME | {"content-length": "-1"}, [b"x" * (LIMIT + 1)], TOO_LARGE),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_each_request_has_its_answer(name):
    headers, body, expected = REQUESTS[name]
    door = Door(behind, limit=LIMIT)
    if expected == OWN:
        assert call(door, headers, body)[0] == OWN
    else:
        assert refused(door, headers, body) == expected

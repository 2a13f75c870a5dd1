"""When an answer is compressed, and how; on the face that compresses."""

from __future__ import annotations

from gzip import decompress as gunzip
from typing import TYPE_CHECKING, Any
from zlib import decompress as inflate

import pytest

from mockserver.engine import Reply
from mockserver.providers.kotauth import PROVIDER
from mockserver.providers.kotauth.wire.compression import choose_coding, compress_reply
from tests.support.harness import Harness, make_harness

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

BASE = "/t/kotauth/api/v1"


@pytest.fixture
def harness() -> Harness:
    """A world that compresses."""
    made = make_harness(PROVIDER)
    face = {"compression": "observed"}
    assert made.admin("PATCH", "/sandboxes/kotauth", {"assumptions": face}).status_code == 200
    return made


def send_request(harness: Harness, path: str, accepted: str | None) -> ApiResponse:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    return harness.request("GET", f"{BASE}{path}", headers=headers)


@pytest.mark.parametrize(("coding", "decode"), [("gzip", gunzip), ("deflate", inflate)])
def test_a_long_answer_is_compressed_as_the_client_takes_it(harness: Harness, coding: str, decode: Any) -> None:
    plain, packed = send_request(harness, "/users", None), send_request(harness, "/users", coding)
    assert len(plain.data) >= 1024 > len(packed.data)
    assert packed.headers["Content-Encoding"] == coding
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    assert decode(packed.data) == plain.data
    assert not {"Content-Encoding", "Vary"} & set(plain.headers.keys())


def test_a_short_answer_is_left_as_it_is(harness: Harness) -> None:
    assert "Content-Encoding" not in send_request(harness, "/users/1", "gzip, deflate").headers


@pytest.mark.parametrize(("size", "is_compressed"), [(1023, False), (1024, True)])
def test_an_answer_is_long_from_1024_bytes(harness: Harness, size: int, is_compressed: bool) -> None:
    send_request(harness, "/users/1", "deflate")
    reply = Reply(200, body=b"x" * size)
    compress_reply(harness.sandbox.journal.entries()[-1].call, reply)
    assert (reply.header("Content-Encoding") == "deflate") == is_compressed
    assert (len(reply.body) < size) == is_compressed


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("GZIP", "gzip"),
        ("gzip, deflate", "gzip"),
        ("deflate, gzip", "gzip"),
        ("deflate;q=1, gzip;q=0.9", "deflate"),
        ("deflate; Q=0.5 , br", "deflate"),
        ("*", "gzip"),
        ("gzip;q=0, *", "deflate"),
        ("*;q=0.1", "gzip"),
        ("gzip;q=nonsense", "gzip"),
        ("identity, gzip", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0", None),
        ("gzip;q=0", None),
        ("gzip;q=0.0, deflate;q=0", None),
        ("*;q=0", None),
        ("identity", None),
        ("br, zstd", None),
        ("xgzip", None),
        (";q=1,,", None),
        ("", None),
    ],
)
def test_the_coding_that_is_liked_best_is_taken_and_none_that_is_forbidden(accepted: str, coding: str | None) -> None:
    assert choose_coding(accepted) == coding

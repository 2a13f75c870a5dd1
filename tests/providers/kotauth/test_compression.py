"""Which responses are compressed, and with which coding, under observed compression."""

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
    harness = make_harness(PROVIDER)
    assumptions = {"compression": "observed"}
    assert harness.admin("PATCH", "/sandboxes/kotauth", {"assumptions": assumptions}).status_code == 200
    return harness


def send_request(harness: Harness, path: str, accepted: str | None) -> ApiResponse:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    return harness.request("GET", f"{BASE}{path}", headers=headers)


@pytest.mark.parametrize(("coding", "decode"), [("gzip", gunzip), ("deflate", inflate)])
def test_a_long_response_is_compressed_with_the_accepted_coding(harness: Harness, coding: str, decode: Any) -> None:
    uncompressed, compressed = send_request(harness, "/users", None), send_request(harness, "/users", coding)
    assert len(uncompressed.data) >= 1024 > len(compressed.data)
    assert compressed.headers["Content-Encoding"] == coding
    assert compressed.headers["Vary"] == "Accept-Encoding"
    assert int(compressed.headers["Content-Length"]) == len(compressed.data)
    assert decode(compressed.data) == uncompressed.data
    assert not {"Content-Encoding", "Vary"} & set(uncompressed.headers.keys())


def test_a_short_response_is_not_compressed(harness: Harness) -> None:
    assert "Content-Encoding" not in send_request(harness, "/users/1", "gzip, deflate").headers


@pytest.mark.parametrize(("size", "is_compressed"), [(1023, False), (1024, True)])
def test_responses_are_compressed_from_1024_bytes(harness: Harness, size: int, is_compressed: bool) -> None:
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
def test_the_preferred_coding_is_used_and_a_forbidden_one_never(accepted: str, coding: str | None) -> None:
    assert choose_coding(accepted) == coding

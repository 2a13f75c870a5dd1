"""Webhook signatures: Standard Webhooks, timestamped and plain; and the webhooks that a receiver must refuse."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from mockserver.engine.webhooks.signatures import (
    InvalidSignature,
    sign_body,
    sign_standard,
    sign_timestamped,
    verify_body,
    verify_standard,
    verify_timestamped,
)

SECRET = "whsec_" + b64encode(b"twenty-four secret bytes").decode()
OLD = "whsec_" + b64encode(b"the one before rotation!").decode()
AT = 1_772_366_400
BODY = '{"type":"note.created","data":{"text":"ü"}}'.encode()
bodies = st.text(st.characters(codec="utf-8")).map(str.encode)


def headers(signature: str, id: str = "evt_1", at: object = AT) -> dict[str, str]:
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": signature}


@given(body=bodies, at=st.integers(0, 4_000_000_000), key=st.binary(min_size=24, max_size=64))
def test_the_standard_webhooks_library_makes_the_same_signature(body: bytes, at: int, key: bytes) -> None:
    secret = "whsec_" + b64encode(key).decode()
    expected = Webhook(secret).sign("evt_1", datetime.fromtimestamp(at, UTC), body.decode())
    assert sign_standard([secret], "evt_1", at, body) == expected


@given(body=bodies)
def test_signatures_of_the_library_are_accepted(body: bytes) -> None:
    expected = Webhook(SECRET).sign("evt_1", datetime.fromtimestamp(AT, UTC), body.decode())
    verify_standard(headers(expected), [SECRET], AT, body, 300)


def test_the_library_accepts_a_signature_with_either_of_two_secrets() -> None:
    now = int(datetime.now(UTC).timestamp())
    for secret in (SECRET, OLD):
        signed = sign_standard([SECRET, OLD], "evt_1", now, BODY)
        assert Webhook(secret).verify(BODY, headers(signed, at=now))["type"] == "note.created"


def test_a_standard_secret_that_is_not_base64_is_used_as_text() -> None:
    mac = hmac.new(b"not base64!", b"evt_1.5." + BODY, sha256).digest()
    assert sign_standard(["not base64!"], "evt_1", 5, BODY) == f"v1,{b64encode(mac).decode()}"


@pytest.mark.parametrize(
    ("changed", "body", "secret", "now", "why"),
    [
        ({"webhook-id": "evt_2"}, BODY, SECRET, AT, "does not match the secret"),
        ({"webhook-timestamp": str(AT + 1)}, BODY, SECRET, AT, "does not match the secret"),
        ({"webhook-timestamp": ""}, BODY, SECRET, AT, "webhook-timestamp is missing"),
        ({"webhook-timestamp": "1e9"}, BODY, SECRET, AT, "webhook-timestamp is missing"),
        ({"webhook-timestamp": "١"}, BODY, SECRET, AT, "webhook-timestamp is missing"),
        ({"webhook-timestamp": "9" * 40}, BODY, SECRET, AT, "webhook-timestamp is missing"),
        ({"webhook-signature": ""}, BODY, SECRET, AT, "does not match the secret"),
        ({"webhook-signature": "v1,"}, BODY, SECRET, AT, "does not match the secret"),
        ({"webhook-signature": "v1,ü"}, BODY, SECRET, AT, "does not match the secret"),
        ({}, BODY + b" ", SECRET, AT, "does not match the secret"),
        ({}, BODY[:-1], SECRET, AT, "does not match the secret"),
        ({}, BODY, OLD, AT, "does not match the secret"),
        ({}, BODY, SECRET, AT + 301, "was made 301 s ago, and 300 s are allowed"),
        ({}, BODY, SECRET, AT - 301, "was made -301 s ago"),
    ],
)
def test_a_forged_or_old_standard_webhook_is_refused(
    changed: dict[str, str], body: bytes, secret: str, now: int, why: str
) -> None:
    sent_headers = headers(sign_standard([SECRET], "evt_1", AT, BODY)) | changed
    with pytest.raises(InvalidSignature, match=why):
        verify_standard(sent_headers, [secret], now, body, 300)


@pytest.mark.parametrize("now", [AT - 300, AT, AT + 300])
def test_a_signature_is_accepted_up_to_the_tolerance(now: int) -> None:
    verify_standard(headers(sign_standard([SECRET], "evt_1", AT, BODY)), [SECRET], now, BODY, 300)
    verify_timestamped(sign_timestamped([SECRET], AT, BODY), [SECRET], now, BODY, 300)


def test_a_timestamped_signature_is_computed_over_time_dot_and_body() -> None:
    mac = hmac.new(SECRET.encode(), f"{AT}.".encode() + BODY, sha256).hexdigest()
    assert sign_timestamped([SECRET], AT, BODY) == f"t={AT},v1={mac}"
    both = sign_timestamped([SECRET, OLD], AT, BODY)
    assert both == f"t={AT},v1={mac},{sign_timestamped([OLD], AT, BODY).partition(',')[2]}"
    for secret in (SECRET, OLD):
        verify_timestamped(both, [secret], AT, BODY, 300)


VALID_SIGNATURE = sign_timestamped([SECRET], AT, BODY)
MAC = VALID_SIGNATURE.partition(",")[2]


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        ("", "no valid timestamp"),
        (MAC, "no valid timestamp"),
        (f"t=,{MAC}", "no valid timestamp"),
        (f"t=x,{MAC}", "no valid timestamp"),
        (f"t=-1,{MAC}", "no valid timestamp"),
        (f"t={AT},t={AT},{MAC}", "no valid timestamp"),
        (f"t={AT}", "does not match the secret"),
        (f"t={AT},v1=", "does not match the secret"),
        (f"t={AT},{MAC.replace('v1', 'v0')}", "does not match the secret"),
        (f"t={AT},{MAC.upper()}", "does not match the secret"),
        (f"t={AT + 1},{MAC}", "does not match the secret"),
        (sign_timestamped([OLD], AT, BODY), "does not match the secret"),
        (sign_timestamped([SECRET], AT, BODY + b" "), "does not match the secret"),
        (sign_timestamped([SECRET], AT - 301, BODY), "301 s ago"),
    ],
)
def test_a_forged_or_old_timestamped_signature_is_refused(signature: str, why: str) -> None:
    with pytest.raises(InvalidSignature, match=why):
        verify_timestamped(signature, [SECRET], AT, BODY, 300)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_plain_signature_is_computed_over_the_body(algorithm: str) -> None:
    signature = sign_body(SECRET, BODY, algorithm)
    assert signature == f"{algorithm}={hmac.new(SECRET.encode(), BODY, algorithm).hexdigest()}"
    verify_body(signature, [OLD, SECRET], BODY, algorithm)
    for wrong in ("", "sha1=", signature.upper(), signature[:-1], "ü", sign_body(OLD, BODY, algorithm)):
        with pytest.raises(InvalidSignature, match="does not match the secret"):
            verify_body(wrong, [SECRET], BODY, algorithm)


def test_the_standard_secret_is_read_with_and_without_its_prefix() -> None:
    bare = SECRET.removeprefix("whsec_")
    assert len(b64decode(bare)) == 24
    assert sign_standard([bare], "evt_1", AT, BODY) == sign_standard([SECRET], "evt_1", AT, BODY)


NON_ASCII_SIGNATURES = (f"t={AT},v1=ü", f"t={AT},v1=\xff\xfe", f"t={AT},ü={MAC[3:]}", f"t={AT},v1={MAC[3:-1]}é")


@pytest.mark.parametrize("signature", NON_ASCII_SIGNATURES)
def test_a_timestamped_signature_with_non_ascii_characters_is_refused(signature: str) -> None:
    with pytest.raises(InvalidSignature, match="does not match the secret"):
        verify_timestamped(signature, [SECRET], AT, BODY, 300)


def test_a_timestamped_signature_may_contain_parts_of_another_scheme() -> None:
    verify_timestamped(f"v0=ü,{MAC},t={AT}", [SECRET], AT, BODY, 300)


@pytest.mark.parametrize("secret", ["abcd efgh!", "whsec_abcd-efg h_", "YWJjZA==YWJj!", "ab\ncd"])
def test_a_secret_that_is_almost_base64_is_used_as_text(secret: str) -> None:
    key = secret.encode()
    mac = hmac.new(key, f"evt_1.{AT}.".encode() + BODY, sha256).digest()
    signed = sign_standard([secret], "evt_1", AT, BODY)
    assert signed == f"v1,{b64encode(mac).decode()}"
    verify_standard(headers(signed), [secret], AT, BODY, 300)


def test_a_timestamp_of_18_digits_is_accepted_and_one_of_19_is_refused() -> None:
    far = 10**18 - 1
    verify_timestamped(sign_timestamped([SECRET], far, BODY), [SECRET], far, BODY, 300)
    verify_standard(headers(sign_standard([SECRET], "evt_1", far, BODY), at=far), [SECRET], far, BODY, 300)
    with pytest.raises(InvalidSignature, match="no valid timestamp"):
        verify_timestamped(sign_timestamped([SECRET], far + 1, BODY), [SECRET], far + 1, BODY, 300)
    with pytest.raises(InvalidSignature, match="webhook-timestamp is missing"):
        verify_standard(headers("", at=far + 1), [SECRET], far + 1, BODY, 300)

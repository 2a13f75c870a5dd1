"""The signature schemes of webhooks. Each has a function that signs and a function that verifies."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from hashlib import sha1, sha256
from typing import Any

HeaderMapping = Mapping[str, str]
"""Received headers, by lower-case name."""


class InvalidSignature(ValueError):
    """Raised when a receiver must refuse the delivery; the message says why."""


def sign_timestamped(secrets: Sequence[str], at: int, body: bytes) -> str:
    """Returns Stripe's scheme, ``t=<unix seconds>,v1=<hex>``: HMAC-SHA256 over ``<t>.<body>``, once per secret."""
    signed = f"{at}.".encode() + body
    return ",".join([f"t={at}", *(f"v1={_hmac_hex(secret.encode(), signed, sha256)}" for secret in secrets)])


def verify_timestamped(signature: str, secrets: Sequence[str], now: int, body: bytes, tolerance: int) -> None:
    """Raises InvalidSignature when a signature of ``sign_timestamped`` is wrong or over ``tolerance`` seconds old."""
    parts = [part.partition("=") for part in signature.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) < 19):
        raise InvalidSignature("the signature has no valid timestamp: it must have one member t=<unix seconds>")
    valid = {
        part.encode() for part in sign_timestamped(secrets, int(times[0]), body).split(",") if part.startswith("v1=")
    }
    if not any(hmac.compare_digest(f"{name}={value}".encode(), good) for name, _, value in parts for good in valid):
        raise InvalidSignature("the signature does not match the secret and the body")
    _check_age(int(times[0]), now, tolerance)


def sign_body(secret: str, body: bytes, algorithm: str) -> str:
    """Returns GitHub's scheme, ``<algorithm>=<hex>``: the HMAC of the body; the algorithm is sha1 or sha256."""
    return f"{algorithm}={_hmac_hex(secret.encode(), body, _ALGORITHMS[algorithm])}"


def verify_body(signature: str, secrets: Sequence[str], body: bytes, algorithm: str) -> None:
    """Raises InvalidSignature when a signature of ``sign_body`` is wrong."""
    if not any(hmac.compare_digest(signature.encode(), sign_body(each, body, algorithm).encode()) for each in secrets):
        raise InvalidSignature("the signature does not match the secret and the body")


def sign_standard(secrets: Sequence[str], id: str, at: int, body: bytes) -> str:
    """Returns scheme v1 of https://www.standardwebhooks.com: ``v1,<base64>`` for each secret, joined by spaces."""
    signed = f"{id}.{at}.".encode() + body
    return " ".join(f"v1,{b64encode(hmac.digest(_standard_key(each), signed, 'sha256')).decode()}" for each in secrets)


def verify_standard(headers: HeaderMapping, secrets: Sequence[str], now: int, body: bytes, tolerance: int) -> None:
    """Raises InvalidSignature when a Standard Webhooks signature is wrong or over ``tolerance`` seconds old."""
    at = headers.get("webhook-timestamp", "")
    if not (at.isascii() and at.isdigit() and len(at) < 19):
        raise InvalidSignature("the header webhook-timestamp is missing or is not a number of seconds")
    valid = sign_standard(secrets, headers.get("webhook-id", ""), int(at), body).split(" ")
    received = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(each.encode(), good.encode()) for each in received for good in valid):
        raise InvalidSignature("the signature does not match the secret and the body")
    _check_age(int(at), now, tolerance)


def _check_age(at: int, now: int, tolerance: int) -> None:
    if abs(now - at) > tolerance:
        raise InvalidSignature(f"the signature was made {now - at} s ago, and {tolerance} s are allowed")


def _standard_key(secret: str) -> bytes:
    try:
        return b64decode(secret.removeprefix("whsec_"), validate=True)
    except NotBase64:
        return secret.encode()


def _hmac_hex(secret: bytes, data: bytes, algorithm: Any) -> str:
    return hmac.new(secret, data, algorithm).hexdigest()


_ALGORITHMS = {"sha1": sha1, "sha256": sha256}

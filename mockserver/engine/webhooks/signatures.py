"""How webhooks are signed, and how a receiver checks them: the schemes in use, each as a pair of functions."""

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
    """A delivery that its receiver must refuse; the message says why."""


def sign_timestamped(secrets: Sequence[str], at: int, body: bytes) -> str:
    """``t=<unix seconds>,v1=<hex>``: HMAC-SHA256 over ``<t>.<body>``, once per secret; Stripe made it known."""
    signed = f"{at}.".encode() + body
    return ",".join([f"t={at}", *(f"v1={_hmac_hex(secret.encode(), signed, sha256)}" for secret in secrets)])


def verify_timestamped(shown: str, secrets: Sequence[str], now: int, body: bytes, tolerance: int) -> None:
    """Refuse a signature of ``sign_timestamped`` that is wrong or ``tolerance`` seconds old; Forged says which."""
    parts = [part.partition("=") for part in shown.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) < 19):
        raise InvalidSignature("the signature has no time")
    right = {
        part.encode() for part in sign_timestamped(secrets, int(times[0]), body).split(",") if part.startswith("v1=")
    }
    if not any(hmac.compare_digest(f"{name}={value}".encode(), good) for name, _, value in parts for good in right):
        raise InvalidSignature("the signature is not one of this secret over this body")
    _check_age(int(times[0]), now, tolerance)


def sign_body(secret: str, body: bytes, algorithm: str) -> str:
    """``<algorithm>=<hex>``: the HMAC of the body alone, as GitHub made it known; ``sha1`` or ``sha256``."""
    return f"{algorithm}={_hmac_hex(secret.encode(), body, _ALGORITHMS[algorithm])}"


def verify_body(shown: str, secrets: Sequence[str], body: bytes, algorithm: str) -> None:
    """Refuse a signature of ``sign_body`` that is wrong; Forged says so."""
    if not any(hmac.compare_digest(shown.encode(), sign_body(each, body, algorithm).encode()) for each in secrets):
        raise InvalidSignature("the signature is not one of this secret over this body")


def sign_standard(secrets: Sequence[str], id: str, at: int, body: bytes) -> str:
    """``v1,<base64>``, once per secret, parted by blanks: https://www.standardwebhooks.com, signature scheme v1."""
    signed = f"{id}.{at}.".encode() + body
    return " ".join(f"v1,{b64encode(hmac.digest(_standard_key(each), signed, 'sha256')).decode()}" for each in secrets)


def verify_standard(headers: HeaderMapping, secrets: Sequence[str], now: int, body: bytes, tolerance: int) -> None:
    """Refuse a delivery of the Standard Webhooks style that is forged or too old; Forged says which."""
    at = headers.get("webhook-timestamp", "")
    if not (at.isascii() and at.isdigit() and len(at) < 19):
        raise InvalidSignature("there is no webhook-timestamp")
    right = sign_standard(secrets, headers.get("webhook-id", ""), int(at), body).split(" ")
    shown = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(each.encode(), good.encode()) for each in shown for good in right):
        raise InvalidSignature("the signature is not one of this secret over this body")
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

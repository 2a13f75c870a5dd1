"""Quote tokens contain the whole quote and a signature, so no record is stored and no client can change a price."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

from mockserver.engine import Call, Problem, Space, as_json, parse_body
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.wire.auth import is_livemode
from mockserver.providers.kasko.wire.dialect import bad_request

EXPIRIES = "expiries"
"""The collection that contains when the simulation expire_tokens ran; tokens created until then have expired."""


def encode_quote(call: Call, quote: dict[str, Any]) -> str:
    payload = as_json({**quote, "at": call.now, "live": is_livemode(call), "owner": call.sandbox.id})
    return b64encode(_sign(call, payload) + payload).decode()


def decode_quote(call: Call, token: str) -> dict[str, Any]:
    """Returns the quote in a token. Raises Problem if it was changed, has expired or is of another mode or sandbox."""
    try:
        decoded = b64decode(token, validate=True)
    except ValueError:
        raise _invalid_token(call) from None
    signature, payload = decoded[:16], decoded[16:]
    # The comparison with the encoded form refuses other base64 texts with the same bytes.
    if signature != _sign(call, payload) or b64encode(decoded).decode() != token:
        raise _invalid_token(call)
    quote: dict[str, Any] = parse_body(payload)
    if quote["owner"] != call.sandbox.id or quote["live"] != is_livemode(call):
        raise _invalid_token(call)
    if has_expired(call.space, "quotes", quote["at"], call.now, assumptions_of(call).quote_lifetime):
        raise bad_request("The quote token has expired.")
    return quote


def has_expired(space: Space, kind: str, created_at: int, now: int, lifetime: int) -> bool:
    """Whether a token of ``kind`` (quotes, payments) has expired by lifetime (0: no limit) or by expire_tokens."""
    expiry = space.get(EXPIRIES, kind)
    return (lifetime > 0 and now >= created_at + lifetime) or (expiry is not None and created_at <= expiry["at"])


def digest_token(token: str) -> str:
    """Returns the SHA-256 of a token, which offers store to find out whether a quote was used."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _sign(call: Call, payload: bytes) -> bytes:
    purpose = sha256(payload).hexdigest()
    return call.sandbox.randomness.digest(f"quote-token:{call.sandbox.id}", purpose)[:16]


def _invalid_token(call: Call) -> Problem:
    return bad_request("The quote token is not valid.", int(assumptions_of(call).forged))

"""Quote tokens: the whole quote, signed, so that nobody can change a price and nothing has to be kept."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

from mockserver.engine import Call, Problem, Space, as_json, parse_body
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.wire.auth import is_livemode
from mockserver.providers.kasko.wire.dialect import bad_request

EXPIRIES = "expiries"
"""From when on tokens count: what the simulation expire_tokens has said."""


def encode_quote(call: Call, quote: dict[str, Any]) -> str:
    """The token of a quote."""
    inner = as_json({**quote, "at": call.now, "live": is_livemode(call), "owner": call.sandbox.id})
    return b64encode(_signature(call, inner) + inner).decode()


def decode_quote(call: Call, token: str) -> dict[str, Any]:
    """The quote of a token; a Problem when it was changed, has expired or is of the other mode."""
    try:
        raw = b64decode(token, validate=True)
    except ValueError:
        raise _invalid(call) from None
    signature, inner = raw[:16], raw[16:]
    if signature != _signature(call, inner) or b64encode(raw).decode() != token:
        raise _invalid(call)
    quote: dict[str, Any] = parse_body(inner)
    if quote["owner"] != call.sandbox.id or quote["live"] != is_livemode(call):
        raise _invalid(call)
    if has_expired(call.space, "quotes", quote["at"], call.now, assumptions_of(call).quote_lifetime):
        raise bad_request("The quote token has expired.")
    return quote


def has_expired(space: Space, kind: str, made: int, now: int, lifetime: int) -> bool:
    """Whether a token made at an instant is good no more."""
    told = space.get(EXPIRIES, kind)
    return (lifetime > 0 and now >= made + lifetime) or (told is not None and made <= told["at"])


def token_digest(token: str) -> str:
    """By what a quote is known again without its whole token."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _signature(call: Call, inner: bytes) -> bytes:
    purpose = sha256(inner).hexdigest()
    return call.sandbox.randomness.digest(f"quote-token:{call.sandbox.id}", purpose)[:16]


def _invalid(call: Call) -> Problem:
    return bad_request("The quote token is not valid.", int(assumptions_of(call).forged))

"""Authenticates calls with bearer keys, and refuses plain HTTP and live keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mockserver.engine import Call, Credential, KeyPolicy, Problem, Randomness, Reply
from mockserver.engine import authenticate as engine_authenticate
from mockserver.providers.kota.assumptions import assumptions_of


def credential(headers: Mapping[str, str], query: str) -> Credential:  # noqa: ARG001
    """Reads ``Authorization: Bearer pk_...``; a header with another scheme counts as a wrong key."""
    header = headers.get("authorization")
    if header is None:
        return Credential()
    scheme, _, secret = header.partition(" ")
    return Credential(secret.strip() if scheme.lower() == "bearer" else None, shown=True)


def authenticate(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
    """Refuses plain HTTP and live keys if the assumptions require it, then runs the engine's authentication."""
    assumptions = assumptions_of(call)
    if assumptions.https_only and not call.origin.startswith("https:"):
        raise Problem("scope_missing", "Plain HTTP is refused")
    key = call.sandbox.keys.get(call.credential.secret or "")
    if key is not None and key.mode == "live" and assumptions.live_keys == "refused":
        raise Problem("bad_credentials", "This is a key of the live mode")
    return engine_authenticate(call, proceed)


def _mint(randomness: Randomness, sandbox: str, nth: int, mode: str) -> str:
    return f"pk_{mode}_{randomness.token(f'key:{sandbox}:{mode}', nth, 43)}"


KEYS = KeyPolicy(mint=_mint, modes=("test", "live"))
"""Keys are ``pk_test_`` or ``pk_live_`` and 43 characters. They are secret, despite the prefix ``pk_``."""

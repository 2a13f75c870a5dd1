"""How KASKO's clients show their keys, what the keys look like, and which key may do what."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from mockserver.engine import Call, Credential, KeyPolicy, Problem, Randomness, Reply, parse_body
from mockserver.engine import authenticate as engine_authenticate
from mockserver.engine import locate as engine_locate
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.wire import forms

HEX = "0123456789abcdef"
MODES = ("test", "public_test", "live", "public_live")
DATA_API_OPERATIONS = frozenset({"get_dataset", "list_dataset_items", "list_distinct_values", "get_dataset_item"})
PUBLIC_OPERATIONS = DATA_API_OPERATIONS | {"create_quote", "create_payment", "get_quote"}
"""Operations that a key meant for browsers may ask for."""
BODY_KEY_OPERATIONS = frozenset({"create_quote", "create_payment"})
"""Operations whose body may have the public key."""


def credential(headers: Mapping[str, str], query: str) -> Credential:
    """Read Basic (the key as user, no password), Bearer, and `?key=`; the header counts before the query."""
    for name in ("authorization", "authentication"):
        if name in headers:
            return Credential(_secret(headers[name]), shown=True)
    key = query_key(query)
    return Credential(key, shown=key is not None)


def query_key(query: str) -> str | None:
    """The key in a query, the last one when there are several."""
    return dict(parse_qsl(query, keep_blank_values=True)).get("key") if "key=" in query else None


def body_credential(data: bytes, content_type: str) -> Credential:
    """Read a public key beside a quote's or a payment's own fields; a secret key has no place there."""
    try:
        document = parse_body(forms.to_json(data, content_type)) if data else None
    except Problem:
        return Credential()
    key = document.get("key") if isinstance(document, dict) else None
    is_public = isinstance(key, str) and key.startswith("pk_")
    return Credential(key, shown=True) if is_public else Credential()


def _secret(header: str) -> str | None:
    scheme, _, shown = header.partition(" ")
    if scheme.lower() == "bearer":
        return shown.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = b64decode(shown.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return user if user and colon and not password else None


def authenticate(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
    """The engine's stage; public datasets need no key, and public keys open little."""
    _drop_ignored_credentials(call)
    name = call.operation.name if call.operation else ""
    if name in DATA_API_OPERATIONS and not call.credential.shown:
        return proceed(call)
    return engine_authenticate(call, lambda admitted: _authorize(admitted, proceed))


def locate(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
    """The engine's stage; a key may be asked for even where nothing is, and a path may be one only by assumption."""
    if _is_withheld(call):
        call.operation = call.allowed = None
    if call.operation is not None or assumptions_of(call).unknown_path == "404":
        return engine_locate(call, proceed)
    _drop_ignored_credentials(call)
    return engine_authenticate(call, lambda admitted: engine_locate(admitted, proceed))


def _is_withheld(call: Call) -> bool:
    """Whether the path has operations, none of which this sandbox offers."""
    parts = call.path.removeprefix(call.mount).split("/")
    here = [op for op in call.sandbox.provider.operations if op is call.operation or _fits(op.path.split("/"), parts)]
    return bool(here) and not any(op.is_available(call.sandbox.assumptions) for op in here)


def _fits(pattern: list[str], parts: list[str]) -> bool:
    return len(pattern) == len(parts) and all(
        own.startswith("{") or own == part for own, part in zip(pattern, parts, strict=True)
    )


def _drop_ignored_credentials(call: Call) -> None:
    _drop_ignored_header(call)
    _drop_ignored_body_key(call)


def _drop_ignored_header(call: Call) -> None:
    given, headers = assumptions_of(call).authentication_header, call.headers
    if "authorization" in headers or "authentication" not in headers or given == "everywhere":
        return
    if given == "ignored" or call.operation is None or call.operation.name not in DATA_API_OPERATIONS:
        key = dict(call.query).get("key")
        call.credential = Credential(key, shown=key is not None)


def _drop_ignored_body_key(call: Call) -> None:
    name = call.operation.name if call.operation else ""
    if name in BODY_KEY_OPERATIONS and assumptions_of(call).body_key == "read":
        return
    if "key" not in dict(call.query) and not {"authorization", "authentication"} & call.headers.keys():
        call.credential = Credential()


def _authorize(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
    given, name = assumptions_of(call), call.operation.name if call.operation else ""
    other = dict(call.query).get("key")
    if other is not None and given.two_keys == "refused" and not _is_same_mode(call, other):
        raise Problem("bad_credentials", "Authorization and ?key= do not belong together")
    if is_public(call) and name not in PUBLIC_OPERATIONS:
        raise _forbidden(call)
    return proceed(call)


def _forbidden(call: Call) -> Problem:
    if assumptions_of(call).forbidden == "404":
        return Problem("no_such_path", f"There is nothing at {call.path[:200]}")
    return Problem("scope_missing", "A public key may not do this")


def _is_same_mode(call: Call, other: str) -> bool:
    key = call.sandbox.keys.get(other)
    return key is not None and call.key is not None and key.mode.endswith("live") == call.key.mode.endswith("live")


def is_public(call: Call) -> bool:
    """Whether the call shows a key meant for browsers."""
    return call.key is not None and call.key.mode.startswith("public")


def is_livemode(call: Call) -> bool:
    """Whether the call's key is one of LIVE mode."""
    return call.key is not None and call.key.mode.endswith("live")


def _mint(randomness: Randomness, sandbox: str, nth: int, mode: str) -> str:
    kind = "pk" if mode.startswith("public") else "sk"
    world = "live" if mode.endswith("live") else "test"
    return f"{kind}_{world}_{randomness.text(f'key:{sandbox}:{mode}', nth, 32, HEX)}"


KEYS = KeyPolicy(mint=_mint, modes=MODES, initial_modes=MODES)
"""A secret and a public key for TEST and for LIVE; the prefix says which."""

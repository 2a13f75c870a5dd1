"""KASKO's API keys: how requests carry them, how they are generated, and what they allow."""

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
"""Operations that a public key, meant for browsers, may call."""
BODY_KEY_OPERATIONS = frozenset({"create_quote", "create_payment"})
"""Operations whose body can contain the public key."""


def read_credential(headers: Mapping[str, str], query: str) -> Credential:
    """Reads the key from a header (Basic with the key as user and no password, or Bearer) or else from `?key=`."""
    for name in ("authorization", "authentication"):
        if name in headers:
            return Credential(_parse_authorization(headers[name]), shown=True)
    key = read_query_key(query)
    return Credential(key, shown=key is not None)


def read_query_key(query: str) -> str | None:
    """Returns the key in a query, or the last one if the query has several."""
    return dict(parse_qsl(query, keep_blank_values=True)).get("key") if "key=" in query else None


def read_body_credential(data: bytes, content_type: str) -> Credential:
    """Reads a public key from the body of a quote or payment; a secret key in a body is ignored."""
    try:
        document = parse_body(forms.to_json(data, content_type)) if data else None
    except Problem:
        return Credential()
    key = document.get("key") if isinstance(document, dict) else None
    is_public = isinstance(key, str) and key.startswith("pk_")
    return Credential(key, shown=True) if is_public else Credential()


def _parse_authorization(header: str) -> str | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return user if user and colon and not password else None


def authenticate(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
    """Runs the engine's stage and checks what the key may do; the Data API can be called without a key."""
    _drop_ignored_credentials(call)
    name = call.operation.name if call.operation else ""
    if name in DATA_API_OPERATIONS and not call.credential.shown:
        return proceed(call)
    return engine_authenticate(call, lambda admitted: _authorize(admitted, proceed))


def locate(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
    """Runs the engine's stage; assumptions can hide paths, and can require a key before a 404 or 405."""
    if _is_hidden(call):
        call.operation = call.allowed = None
    if call.operation is not None or assumptions_of(call).unknown_path == "404":
        return engine_locate(call, proceed)
    _drop_ignored_credentials(call)
    return engine_authenticate(call, lambda admitted: engine_locate(admitted, proceed))


def _is_hidden(call: Call) -> bool:
    """Whether operations of the path exist, but the assumptions of the sandbox make none of them available."""
    parts = call.path.removeprefix(call.mount).split("/")
    operations = [
        op
        for op in call.sandbox.provider.operations
        if op is call.operation or _matches_pattern(op.path.split("/"), parts)
    ]
    return bool(operations) and not any(op.is_available(call.sandbox.assumptions) for op in operations)


def _matches_pattern(pattern: list[str], parts: list[str]) -> bool:
    return len(pattern) == len(parts) and all(
        segment.startswith("{") or segment == part for segment, part in zip(pattern, parts, strict=True)
    )


def _drop_ignored_credentials(call: Call) -> None:
    _drop_ignored_header(call)
    _drop_ignored_body_key(call)


def _drop_ignored_header(call: Call) -> None:
    """Replaces a key from the header `Authentication` by the key in the query where the header is not read."""
    assumption, headers = assumptions_of(call).authentication_header, call.headers
    if "authorization" in headers or "authentication" not in headers or assumption == "everywhere":
        return
    if assumption == "ignored" or call.operation is None or call.operation.name not in DATA_API_OPERATIONS:
        key = dict(call.query).get("key")
        call.credential = Credential(key, shown=key is not None)


def _drop_ignored_body_key(call: Call) -> None:
    """Removes a key from the body where the body is not read; keys from the query or a header stay."""
    name = call.operation.name if call.operation else ""
    if name in BODY_KEY_OPERATIONS and assumptions_of(call).body_key == "read":
        return
    if "key" not in dict(call.query) and not {"authorization", "authentication"} & call.headers.keys():
        call.credential = Credential()


def _authorize(call: Call, proceed: Callable[[Call], Reply]) -> Reply:
    assumptions, name = assumptions_of(call), call.operation.name if call.operation else ""
    query_secret = dict(call.query).get("key")
    if query_secret is not None and assumptions.two_keys == "refused" and not _is_same_mode(call, query_secret):
        raise Problem("bad_credentials", "Authorization and ?key= are not keys of the same mode")
    if is_public(call) and name not in PUBLIC_OPERATIONS:
        raise _forbidden(call)
    return proceed(call)


def _forbidden(call: Call) -> Problem:
    if assumptions_of(call).forbidden == "404":
        return Problem("no_such_path", f"There is nothing at {call.path[:200]}")
    return Problem("scope_missing", "A public key may not do this")


def _is_same_mode(call: Call, query_secret: str) -> bool:
    key = call.sandbox.keys.get(query_secret)
    return key is not None and call.key is not None and key.mode.endswith("live") == call.key.mode.endswith("live")


def is_public(call: Call) -> bool:
    """Whether the call has a public key; public keys are meant for browsers."""
    return call.key is not None and call.key.mode.startswith("public")


def is_livemode(call: Call) -> bool:
    """Whether the call has a key of LIVE mode."""
    return call.key is not None and call.key.mode.endswith("live")


def _mint(randomness: Randomness, sandbox: str, nth: int, mode: str) -> str:
    prefix = "pk" if mode.startswith("public") else "sk"
    environment = "live" if mode.endswith("live") else "test"
    return f"{prefix}_{environment}_{randomness.text(f'key:{sandbox}:{mode}', nth, 32, HEX)}"


KEYS = KeyPolicy(mint=_mint, modes=MODES, initial_modes=MODES)
"""Each mode (TEST and LIVE) has a secret and a public key; the prefix, such as `pk_live_`, names kind and mode."""

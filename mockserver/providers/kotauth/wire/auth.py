"""The way of a call before its operation: which path, whose key, whose workspace, which ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mockserver.engine import Call, Credential, KeyPolicy, OperationView, Problem, Randomness, Reply
from mockserver.engine import authenticate as engine_authenticate
from mockserver.engine import locate as engine_locate
from mockserver.providers.kotauth.wire.problems import REFUSED_KEY_CODES, build_problem

Proceed = Callable[[Call], Reply]
SCOPES = (
    "users:read",
    "users:write",
    "roles:read",
    "roles:write",
    "groups:read",
    "groups:write",
    "applications:read",
    "applications:write",
    "sessions:read",
    "sessions:write",
    "audit_logs:read",
    "user_attributes:read",
    "user_attributes:write",
    "claim_mappers:read",
    "claim_mappers:write",
)
_ID_PROBLEMS = {
    "userId": "bad_user_id",
    "roleId": "bad_role_id",
    "groupId": "bad_group_id",
    "appId": "bad_application_id",
    "sessionId": "bad_session_id",
}
_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_INTEGER_LIMIT = 2**31


def credential(headers: Mapping[str, str], query: str) -> Credential:  # noqa: ARG001
    """Read `Authorization: Bearer kauth_...`; anything else counts as if no key had been sent."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip()
    good = scheme.lower() == "bearer" and token.startswith("kauth_")
    return Credential(token if good else None, shown=good)


def locate(call: Call, proceed: Proceed) -> Reply:
    """The engine's stage; a path that only the documents have is none at all where the product's face shows."""
    if is_hidden(call):
        raise Problem("no_such_path", f"There is nothing at {call.path[:200]}")
    if call.operation is not None and call.too_large:
        # No limit is documented; where there is one it is a proxy's, which asks for no key and reads no id.
        raise Problem("body_too_large", f"The body is longer than {call.sandbox.assumptions.body_limit} bytes")
    return engine_locate(call, proceed)


def is_hidden(call: Call) -> bool:
    """Whether the path is one that only the documents have, and this sandbox has not."""
    here = [op for op in call.sandbox.provider.operations if _fits(op, call)]
    return bool(here) and not any(op.is_available(call.sandbox.assumptions) for op in here)


def _fits(operation: OperationView, call: Call) -> bool:
    own, sent = operation.path.split("/"), call.path.removeprefix(call.mount).split("/")
    return len(own) == len(sent) and all(a.startswith("{") or a == b for a, b in zip(own, sent, strict=True))


def authenticate(call: Call, proceed: Proceed) -> Reply:
    """First whether a key was sent, then whether there is the workspace, then whether the key is one of its keys."""
    assert call.operation is not None
    public = call.operation.scope is None
    if not public and not call.credential.shown:
        raise Problem("no_credentials", "An API key is required: Authorization: Bearer kauth_...")
    if not call.tenant_known:
        raise build_problem("tenant_not_found", f"No workspace with slug '{call.args.get('slug', '')[:100]}' exists.")
    if public:
        return proceed(call)
    try:
        return engine_authenticate(call, proceed)
    except Problem as problem:
        # Why a key is refused is for the journal; the answer has one status for all of it.
        if problem.code in REFUSED_KEY_CODES:
            problem.status = 401
        raise


def identify(call: Call, proceed: Proceed) -> Reply:
    """Refuse ids that are no 32-bit integers, in the order the path has them: after the scope, before the body."""
    assert call.operation is not None
    ids = {name: call.args[name] for name in _ID_PROBLEMS if name in call.args}
    for name in re.findall(r"{(\w+)}", call.operation.path):
        if name in ids:
            ids[name] = _integer(name, ids)
    call.args = {**call.args, **ids}
    return proceed(call)


def _integer(name: str, ids: Mapping[str, str]) -> str:
    value = ids[name]
    number = int(value) if _INTEGER.fullmatch(value) else _INTEGER_LIMIT
    if not -_INTEGER_LIMIT <= number < _INTEGER_LIMIT:
        alone = list(ids) == ["userId"]
        raise build_problem(_ID_PROBLEMS[name], "userId must be an integer." if alone else "")
    return str(number)


def _mint(randomness: Randomness, tenant: str, nth: int, mode: str) -> str:
    return f"kauth_{tenant}_{randomness.token(f'key:{tenant}:{mode}', nth, 43)}"


KEYS = KeyPolicy(mint=_mint, modes=("live",), initial_modes=("live",), scopes=SCOPES)
"""`kauth_`, the workspace's slug, and 43 characters, the length of 32 bytes in base64url."""

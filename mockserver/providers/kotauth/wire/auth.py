"""The stages that check path, key, workspace and ids before an operation runs, and the generation of keys."""

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
"""Path parameter -> problem for a value that is not an integer."""
_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_INTEGER_LIMIT = 2**31
"""The first number that is too large for a 32-bit integer."""


def read_credential(headers: Mapping[str, str], query: str) -> Credential:  # noqa: ARG001
    """Reads the key from `Authorization: Bearer kauth_...`; any other header counts as no key."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip()
    well_formed = scheme.lower() == "bearer" and token.startswith("kauth_")
    return Credential(token if well_formed else None, shown=well_formed)


def locate(call: Call, proceed: Proceed) -> Reply:
    """Refuses hidden paths and too long bodies, then runs the engine's stage."""
    if is_hidden(call):
        raise Problem("no_such_path", f"There is nothing at {call.path[:200]}")
    if call.operation is not None and call.too_large:
        # No limit is documented. A proxy would enforce it before the product checks the key and the ids.
        raise Problem("body_too_large", f"The body is longer than {call.sandbox.assumptions.body_limit} bytes")
    return engine_locate(call, proceed)


def is_hidden(call: Call) -> bool:
    """Whether the path exists only in the documents, but this sandbox follows the source."""
    operations = [op for op in call.sandbox.provider.operations if _matches_path(op, call)]
    return bool(operations) and not any(op.is_available(call.sandbox.assumptions) for op in operations)


def _matches_path(operation: OperationView, call: Call) -> bool:
    segments, requested = operation.path.split("/"), call.path.removeprefix(call.mount).split("/")
    return len(segments) == len(requested) and all(
        a.startswith("{") or a == b for a, b in zip(segments, requested, strict=True)
    )


def authenticate(call: Call, proceed: Proceed) -> Reply:
    """Checks in this order that a key was sent, that the workspace exists, and that the key is valid there."""
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
        # The journal shows the reason by the code; clients receive 401 for every reason.
        if problem.code in REFUSED_KEY_CODES:
            problem.status = 401
        raise


def identify(call: Call, proceed: Proceed) -> Reply:
    """Refuses ids in the path that are not 32-bit integers, from left to right."""
    assert call.operation is not None
    ids = {name: call.args[name] for name in _ID_PROBLEMS if name in call.args}
    for name in re.findall(r"{(\w+)}", call.operation.path):
        if name in ids:
            ids[name] = _parse_id(name, ids)
    call.args = {**call.args, **ids}
    return proceed(call)


def _parse_id(name: str, ids: Mapping[str, str]) -> str:
    value = ids[name]
    number = int(value) if _INTEGER.fullmatch(value) else _INTEGER_LIMIT
    if not -_INTEGER_LIMIT <= number < _INTEGER_LIMIT:
        # The product explains the refusal only where userId is the only id of the path.
        detail = "userId must be an integer." if list(ids) == ["userId"] else ""
        raise build_problem(_ID_PROBLEMS[name], detail)
    return str(number)


def _mint(randomness: Randomness, tenant: str, nth: int, mode: str) -> str:
    return f"kauth_{tenant}_{randomness.token(f'key:{tenant}:{mode}', nth, 43)}"


KEYS = KeyPolicy(mint=_mint, modes=("live",), initial_modes=("live",), scopes=SCOPES)
"""Keys are ``kauth_``, the slug of the workspace, ``_`` and 43 characters: the length of 32 bytes in base64url."""

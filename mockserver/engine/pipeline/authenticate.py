"""The stage that checks the API key: its state, the client's address and the scope of the operation."""

from __future__ import annotations

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.clock import format_instant
from mockserver.engine.core.keys import Key
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply

_CODE_BY_STATE = {"propagating": "key_propagating", "revoked": "key_revoked", "expired": "key_expired"}


def authenticate(call: Call, proceed: Proceed) -> Reply:
    """Refuses a call unless its key is active in the sandbox and allows the client's address and the operation."""
    if not call.credential.shown:
        raise Problem("no_credentials", "No API key was sent")
    key = call.sandbox.keyring.by_secret.get(call.credential.secret or "")
    if key is None:
        raise Problem("bad_credentials", "The API key is not known")
    call.key = key
    _require_active(call, key)
    if key.cidrs and not key.allows_address(call.address):
        raise Problem("address_refused", f"{call.address} is outside the key's ranges {', '.join(key.cidrs)}")
    scope = call.operation.scope if call.operation else None
    if scope and scope not in key.scopes:
        raise Problem("scope_missing", scope)
    return proceed(call)


def _require_active(call: Call, key: Key) -> None:
    state = key.state(call.now)
    call.trace[-1].note = f"key {key.id} is {state}"
    if state in _CODE_BY_STATE:
        when = f"; active at {format_instant(key.active_at)}" if state == "propagating" else ""
        raise Problem(_CODE_BY_STATE[state], f"The API key {key.id} is {state}{when}")

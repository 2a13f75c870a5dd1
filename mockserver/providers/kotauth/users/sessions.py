"""Operations that list and revoke sessions; the sign-in simulations create them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth.assumptions import is_documented
from mockserver.providers.kotauth.wire import models
from mockserver.providers.kotauth.wire.dialect import no_content
from mockserver.providers.kotauth.wire.paths import BASE, READ_REFUSALS
from mockserver.providers.kotauth.wire.problems import build_problem
from mockserver.providers.kotauth.wire.records import render_instant, render_list


def _render_session(call: Call, record: Record) -> dict[str, Any]:
    fields = {name: record[name] for name in ("userId", "clientId", "scopes", "ipAddress")}
    times = {
        "createdAt": render_instant(call, record["_created"]),
        "expiresAt": render_instant(call, _expires_at(call, record)),
    }
    return {"id": int(record["id"]), **fields, **times}


def _expires_at(call: Call, record: Record) -> int:
    instant: int = record["_refresh_ends" if is_documented(call, "session_expiry") else "_access_ends"]
    return instant


def _is_active(call: Call, record: Record) -> bool:
    return record["_revoked"] is None and _expires_at(call, record) > call.now


def _list(call: Call) -> Reply:
    sessions = (record for _, record in call.space.scan("sessions", field="_created", descending=True))
    active = (record for record in sessions if _is_active(call, record))
    if is_documented(call, "session_expiry"):
        # Sessions of applications have no user; the documented list omits them.
        active = (record for record in active if record["userId"] is not None)
    return render_list(call, active, lambda record: _render_session(call, record))


def _revoke(call: Call) -> Reply:
    record = call.space.get("sessions", call.args["sessionId"])
    has_ended = record is not None and not _is_active(call, record)
    if record is None or (has_ended and is_documented(call, "session_revoked_twice")):
        raise build_problem("session_not_found", f"No session with id SessionId(value={call.args['sessionId']}).")
    if record["_revoked"] is None:
        call.space.put("sessions", {**record, "_revoked": call.now})
    return no_content()


def operations() -> Iterator[Operation]:
    yield Operation(
        "list_sessions", "GET", f"{BASE}/sessions", _list, "List sessions", query=models.OffsetQuery,
        response=models.Session, refusals=READ_REFUSALS, scope="sessions:read",
    )  # fmt: skip
    yield Operation(
        "revoke_session", "DELETE", f"{BASE}/sessions/{{sessionId}}", _revoke, "Revoke a session", status=204,
        refusals=(400, *READ_REFUSALS), scope="sessions:write",
    )  # fmt: skip

"""Acme, a provider for tests only: it has idempotency keys and scopes, which some of the real providers lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from json import loads
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine import (
    SECOND,
    Call,
    Collection,
    Credential,
    IdempotencyPolicy,
    KeyPolicy,
    Operation,
    Problem,
    Progress,
    Provider,
    Randomness,
    Record,
    Reply,
    State,
    WriteContext,
    as_json,
    emit,
    standard_webhooks,
)


class NewNote(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    text: str = Field(min_length=1, max_length=100)
    weight: float | None = None


class PlainDialect:
    """A dialect without quirks: plain JSON records, lists and problems."""

    def render_record(self, call: Call, record: Record, status: int = 200) -> Reply:
        return Reply(status, [("Content-Type", "application/json")], as_json(record))

    def render_list(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:
        return Reply(200, [("Content-Type", "application/json")], as_json({"data": list(records), "next": following}))

    def render_problem(self, call: Call, problem: Problem) -> Reply:
        body = {"code": problem.code, "detail": problem.detail, "raised_in": problem.raised_in}
        headers = [("Content-Type", "application/json"), *problem.headers]
        return Reply(problem.status, headers, as_json(body), problem)

    def decorate(self, call: Call, reply: Reply) -> None:
        reply.headers.append(("X-Acme", "1"))


def _create_note(call: Call) -> Reply:
    note = {"id": f"note_{call.nth('notes')}", **call.body.model_dump(exclude_none=True)}
    call.space.put("notes", note)
    return call.sandbox.provider.dialect.render_record(call, note, 201)


def _list_notes(call: Call) -> Reply:
    notes = [record for _, record in call.space.scan("notes")]
    return call.sandbox.provider.dialect.render_list(call, notes, None)


def _raise_bug(call: Call) -> Reply:
    raise RuntimeError("a bug, on purpose")


def _credential(headers: Mapping[str, str], query: str) -> Credential:
    secret = headers.get("authorization", "").removeprefix("Bearer ")
    return Credential(secret or None, shown="authorization" in headers)


def _mint(randomness: Randomness, sandbox: str, nth: int, mode: str) -> str:
    return f"acme_{mode}_{randomness.token(f'key:{sandbox}', nth, 24)}"


def _generate(randomness: Randomness, size: str, progress: Progress) -> State:
    return {"notes": []}


ACME = Provider(
    name="acme",
    title="Acme",
    tenant="account",
    version="1",
    prefix="/v1",
    operations=(
        Operation(
            "list_notes", "GET", "/v1/notes", _list_notes, "List notes", refusals=(401, 403, 429), scope="notes:read"
        ),
        Operation(
            "create_note",
            "POST",
            "/v1/notes",
            _create_note,
            "Create a note",
            body=NewNote,
            status=201,
            refusals=(400, 401, 403, 409, 413, 422, 429),
            scope="notes:write",
        ),
        Operation("explode", "GET", "/v1/boom", _raise_bug, "Hit a bug"),
    ),
    collections=(Collection("notes"),),
    dialect=PlainDialect(),
    credential=_credential,
    keys=KeyPolicy(mint=_mint, modes=("test", "live"), scopes=("notes:read", "notes:write")),
    generate=_generate,
    idempotency=IdempotencyPolicy(max_length=64, lifetime=3600 * SECOND),
)


def emit_event(at: WriteContext, type: str = "note.created", **data: Any) -> str:
    """Store an event with its deliveries, and return its id."""
    id = f"evt_{at.space.increment('events')}"
    emit(at, id, type, data)
    return id


def _create_and_emit(call: Call) -> Reply:
    reply = _create_note(call)
    emit_event(call, id=loads(reply.body)["id"])
    return reply


TYPES = ("note.created", "note.changed", "note.deleted")
ACME_WITH_WEBHOOKS = replace(
    ACME,
    operations=tuple(
        replace(each, perform=_create_and_emit) if each.name == "create_note" else each for each in ACME.operations
    ),
    webhooks=replace(standard_webhooks(TYPES), test_event_type="note.test"),
)
"""Acme with Standard Webhooks: creating a note emits `note.created`."""

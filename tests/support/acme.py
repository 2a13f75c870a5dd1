"""A provider that exists for the tests only: it has what the real ones lack, idempotency and scopes among it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from json import loads
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine import (
    SECOND,
    At,
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
    as_json,
    emit,
    standard_webhooks,
)


class NewNote(BaseModel):
    """A note to be made."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    text: str = Field(min_length=1, max_length=100)
    weight: float | None = None


class Plain:
    """A dialect without any peculiarity."""

    def one(self, call: Call, record: Record, status: int = 200) -> Reply:
        return Reply(status, [("Content-Type", "application/json")], as_json(record))

    def many(self, call: Call, records: Sequence[Record], following: str | None) -> Reply:
        return Reply(200, [("Content-Type", "application/json")], as_json({"data": list(records), "next": following}))

    def refuse(self, call: Call, problem: Problem) -> Reply:
        body = {"code": problem.code, "detail": problem.detail, "raised_in": problem.raised_in}
        headers = [("Content-Type", "application/json"), *problem.headers]
        return Reply(problem.status, headers, as_json(body), problem)

    def dress(self, call: Call, reply: Reply) -> None:
        reply.headers.append(("X-Acme", "1"))


def _create(call: Call) -> Reply:
    note = {"id": f"note_{call.nth('notes')}", **call.body.model_dump(exclude_none=True)}
    call.space.put("notes", note)
    return call.sandbox.provider.dialect.one(call, note, 201)


def _list(call: Call) -> Reply:
    notes = [record for _, record in call.space.scan("notes")]
    return call.sandbox.provider.dialect.many(call, notes, None)


def _boom(call: Call) -> Reply:
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
        Operation("list_notes", "GET", "/v1/notes", _list, "List notes", refusals=(401, 403, 429), scope="notes:read"),
        Operation(
            "create_note",
            "POST",
            "/v1/notes",
            _create,
            "Create a note",
            body=NewNote,
            status=201,
            refusals=(400, 401, 403, 409, 413, 422, 429),
            scope="notes:write",
        ),
        Operation("explode", "GET", "/v1/boom", _boom, "Hit a bug"),
    ),
    collections=(Collection("notes"),),
    dialect=Plain(),
    credential=_credential,
    keys=KeyPolicy(mint=_mint, modes=("test", "live"), scopes=("notes:read", "notes:write")),
    generate=_generate,
    idempotency=IdempotencyPolicy(longest=64, lifetime=3600 * SECOND),
)


def tell(at: At, type: str = "note.created", **data: Any) -> str:
    """Keep an event of Acme's, and have it delivered; answers its id."""
    id = f"evt_{at.space.bump('events')}"
    emit(at, id, type, data)
    return id


def _create_and_tell(call: Call) -> Reply:
    reply = _create(call)
    tell(call, id=loads(reply.body)["id"])
    return reply


TYPES = ("note.created", "note.changed", "note.deleted")
TELLING = replace(
    ACME,
    operations=tuple(
        replace(each, perform=_create_and_tell) if each.name == "create_note" else each for each in ACME.operations
    ),
    webhooks=replace(standard_webhooks(TYPES), test="note.test"),
)
"""Acme with webhooks of the Standard Webhooks kind: every note that is made is told of."""

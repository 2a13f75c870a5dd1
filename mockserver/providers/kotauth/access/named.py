"""What roles and groups have in common: a name, a description, and five operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import BaseModel

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth.assumptions import assumptions_of
from mockserver.providers.kotauth.wire import models, path_records
from mockserver.providers.kotauth.wire.paths import BASE, READ_REFUSALS, WRITE_REFUSALS
from mockserver.providers.kotauth.wire.records import render_list


@dataclass(frozen=True, slots=True)
class NamedResource:
    """Roles, or groups: their word, their models, and what is peculiar to making, changing and deleting one."""

    noun: str
    model: type[BaseModel]
    new: type[BaseModel]
    changed: type[BaseModel]
    create: Callable[[Call], Reply]
    update: Callable[[Call], Reply]
    delete: Callable[[Call], Reply]


def render_one(call: Call, model: type[BaseModel], record: Record, status: int = 200) -> Reply:
    """The answer that shows a single role or group."""
    return call.sandbox.provider.dialect.render_record(call, _show(call, model, record), status)


def _show(call: Call, model: type[BaseModel], record: Record) -> dict[str, Any]:
    known = {**record, "id": int(record["id"]), "tenantId": assumptions_of(call).tenant_id}
    return {name: known[name] for name in model.model_fields}


def _list(kind: NamedResource, call: Call) -> Reply:
    collection = f"{kind.noun}s"
    walk = (record for _, record in call.space.scan(collection, field="name"))
    return render_list(call, walk, lambda record: _show(call, kind.model, record), total=call.space.count(collection))


def _retrieve(kind: NamedResource, call: Call) -> Reply:
    return render_one(call, kind.model, path_records.get_for_read(call, f"{kind.noun}s"))


def operations(kind: NamedResource) -> Iterator[Operation]:
    """List, create, get, update and delete."""
    noun, many = kind.noun, f"{BASE}/{kind.noun}s"
    single, read, write = f"{many}/{{{noun}Id}}", f"{noun}s:read", f"{noun}s:write"
    refused = (400, *READ_REFUSALS)
    yield Operation(
        f"list_{noun}s", "GET", many, partial(_list, kind), f"List {noun}s", query=models.OffsetQuery, response=kind.model,
        refusals=READ_REFUSALS, scope=read,
    )  # fmt: skip
    yield Operation(
        f"create_{noun}", "POST", many, kind.create, f"Create a {noun}", body=kind.new, response=kind.model, status=201,
        refusals=WRITE_REFUSALS, scope=write,
    )  # fmt: skip
    yield Operation(
        f"get_{noun}", "GET", single, partial(_retrieve, kind), f"Get a {noun}", response=kind.model, refusals=refused,
        scope=read,
    )  # fmt: skip
    yield Operation(
        f"update_{noun}", "PUT", single, kind.update, f"Update a {noun}", body=kind.changed, response=kind.model,
        refusals=WRITE_REFUSALS, scope=write,
    )  # fmt: skip
    yield Operation(
        f"delete_{noun}", "DELETE", single, kind.delete, f"Delete a {noun}", status=204, refusals=refused, scope=write
    )

"""The operations that roles and groups have in common; both have a name and a description."""

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
    """What differs between roles and groups: the noun, the models, and the functions that change records."""

    noun: str
    model: type[BaseModel]
    new: type[BaseModel]
    changed: type[BaseModel]
    create: Callable[[Call], Reply]
    update: Callable[[Call], Reply]
    delete: Callable[[Call], Reply]


def render_one(call: Call, model: type[BaseModel], record: Record, status: int = 200) -> Reply:
    """Returns the response with a single role or group."""
    return call.sandbox.provider.dialect.render_record(call, _render_fields(call, model, record), status)


def _render_fields(call: Call, model: type[BaseModel], record: Record) -> dict[str, Any]:
    fields = {**record, "id": int(record["id"]), "tenantId": assumptions_of(call).tenant_id}
    return {name: fields[name] for name in model.model_fields}


def _list(resource: NamedResource, call: Call) -> Reply:
    collection = f"{resource.noun}s"
    records = (record for _, record in call.space.scan(collection, field="name"))
    return render_list(
        call, records, lambda record: _render_fields(call, resource.model, record), total=call.space.count(collection)
    )


def _retrieve(resource: NamedResource, call: Call) -> Reply:
    return render_one(call, resource.model, path_records.get_for_read(call, f"{resource.noun}s"))


def operations(resource: NamedResource) -> Iterator[Operation]:
    """Yields the operations list, create, get, update and delete."""
    noun, many = resource.noun, f"{BASE}/{resource.noun}s"
    single, read, write = f"{many}/{{{noun}Id}}", f"{noun}s:read", f"{noun}s:write"
    refused = (400, *READ_REFUSALS)
    yield Operation(
        f"list_{noun}s", "GET", many, partial(_list, resource), f"List {noun}s", query=models.OffsetQuery,
        response=resource.model, refusals=READ_REFUSALS, scope=read,
    )  # fmt: skip
    yield Operation(
        f"create_{noun}", "POST", many, resource.create, f"Create a {noun}", body=resource.new,
        response=resource.model, status=201, refusals=WRITE_REFUSALS, scope=write,
    )  # fmt: skip
    yield Operation(
        f"get_{noun}", "GET", single, partial(_retrieve, resource), f"Get a {noun}", response=resource.model,
        refusals=refused, scope=read,
    )  # fmt: skip
    yield Operation(
        f"update_{noun}", "PUT", single, resource.update, f"Update a {noun}", body=resource.changed,
        response=resource.model, refusals=WRITE_REFUSALS, scope=write,
    )  # fmt: skip
    yield Operation(
        f"delete_{noun}", "DELETE", single, resource.delete, f"Delete a {noun}", status=204, refusals=refused,
        scope=write,
    )  # fmt: skip

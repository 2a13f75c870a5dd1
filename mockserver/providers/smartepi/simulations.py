"""SmartEPI's simulations: devices record transactions; administrators manage keys and restore records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mockserver.engine import (
    Duration,
    Record,
    Refusal,
    Resource,
    Simulation,
    SimulationContext,
    UnknownName,
    deleted_collection,
    emit,
    normalize_cidr,
)
from mockserver.providers.smartepi.dialect import render_fields
from mockserver.providers.smartepi.organization import RESOURCES, TRANSACTION_COLLECTIONS

STATUS_FIELDS = {"withdrawals": "withdrawalStatus", "returns": "returnStatus", "exchanges": "exchangeStatus"}
ID_PREFIXES = {"withdrawals": "w-", "returns": "r-", "exchanges": "x-"}


class RecordTransactionParameters(BaseModel):
    """If the employee or the product is omitted, the rng chooses an existing one."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    employee_id: str | None = None
    product_id: str | None = None
    quantity: int = Field(default=1, ge=1, le=1000)
    status: str = Field(default="SUCCESS", min_length=1, max_length=50, description="The documents show only SUCCESS.")


class SmartEPIMakeKeyParameters(BaseModel):
    """The CIDR ranges of a key cannot be changed later."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    cidrs: list[Annotated[str, AfterValidator(normalize_cidr)]] = Field(default_factory=list, max_length=50)
    expires_in: Duration | None = None


class SmartEPIRevokeKeyParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)
    key: str = Field(description="The id or the secret of the key.")


class RestoreRecordParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)
    id: str


def _record_transaction(
    context: SimulationContext, parameters: RecordTransactionParameters, *, collection: str, noun: str
) -> Mapping[str, Any]:
    id = _next_free_id(context, collection)
    record = {
        "id": id,
        STATUS_FIELDS[collection]: parameters.status,
        "employeeId": _choose_record_id(context, "employees", parameters.employee_id, id),
        "productId": _choose_record_id(context, "products", parameters.product_id, id),
        "quantity": parameters.quantity,
        "_created": context.now,
    }
    context.space.put(collection, record)
    rendered = render_fields(context.sandbox.assumptions, record)  # type: ignore[arg-type]
    emit(context, f"evt_{noun}_created_{id}", f"{noun}.created", rendered)
    return rendered


def _next_free_id(context: SimulationContext, collection: str) -> str:
    nth = context.space.count(collection) + 1
    while context.space.get(collection, id := f"{ID_PREFIXES[collection]}{nth}") is not None:
        nth += 1
    return id


def _choose_record_id(context: SimulationContext, collection: str, id: str | None, purpose: str) -> str:
    if id is not None:
        if context.space.get(collection, id) is None:
            raise UnknownName(collection.removesuffix("s"), id, [])
        return id
    count = context.space.count(collection)
    if not count:
        raise Refusal(f"there are no {collection}; create one first")
    nth = int(context.sandbox.randomness.uniform(f"simulation:{collection}", purpose) * count)
    return str(context.space.nth(collection, nth)["id"])


def _make_key(context: SimulationContext, parameters: SmartEPIMakeKeyParameters) -> Mapping[str, Any]:
    expires_at = None if parameters.expires_in is None else context.now + parameters.expires_in
    key = context.mint(cidrs=parameters.cidrs, expires_at=expires_at)
    return {"id": key.id, "secret": key.secret, "state": key.state(context.now)}


def _revoke_key(context: SimulationContext, parameters: SmartEPIRevokeKeyParameters) -> Mapping[str, Any]:
    key = context.revoke(parameters.key)
    return {"id": key.id, "state": key.state(context.now)}


def _restore_record(context: SimulationContext, parameters: RestoreRecordParameters) -> Mapping[str, Any]:
    for resource in RESOURCES:
        record = context.space.get(deleted_collection(resource.collection), parameters.id)
        if record is not None:
            _check_restorable(context, resource, record)
            context.space.drop(deleted_collection(resource.collection), parameters.id)
            restored = {**record, "_version": record["_version"] + 1, "_updated": context.now}
            context.space.put(resource.collection, restored)
            resource.on_write(context.space, parameters.id, restored)
            return {"id": parameters.id, "collection": resource.collection}
    raise UnknownName("deleted record", parameters.id, [])


def _check_restorable(context: SimulationContext, resource: Resource, record: Record) -> None:
    """Raises Refusal if the API would now refuse to create the record."""
    for path, collection, id in resource.references(record):
        if context.space.get(collection, id) is None:
            raise Refusal(f"{record['id']} cannot be restored: its {path} refers to {id}, which does not exist")
    for name in resource.unique_fields(context):
        value = record.get(name)
        owners = (other for other in context.space.find(resource.collection, name, value) if other[name] == value)
        if value is not None and (other := next(owners, None)) is not None:
            raise Refusal(f"{record['id']} cannot be restored: {other['id']} has the same {name} {value!r}")


def _device_simulation(collection: str) -> Simulation:
    noun = collection.removesuffix("s")
    run: Callable[[SimulationContext, Any], Mapping[str, Any]] = partial(
        _record_transaction, collection=collection, noun=noun
    )
    article = "an" if noun[0] in "aeiou" else "a"
    return Simulation(f"record_{noun}", f"A device records {article} {noun}.", RecordTransactionParameters, run)


SIMULATIONS = (
    *map(_device_simulation, TRANSACTION_COLLECTIONS),
    Simulation("make_key", "An administrator creates an API key in the console.", SmartEPIMakeKeyParameters, _make_key),
    Simulation(
        "revoke_key", "An administrator revokes an API key in the console.", SmartEPIRevokeKeyParameters, _revoke_key
    ),
    Simulation(
        "restore_record",
        "A soft-deleted record is restored; the API has no operation for that.",
        RestoreRecordParameters,
        _restore_record,
    ),
)

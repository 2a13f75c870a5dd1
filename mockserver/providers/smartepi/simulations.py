"""What happens off stage at SmartEPI: devices record transactions, administrators make and revoke keys."""

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
from mockserver.providers.smartepi.dialect import show
from mockserver.providers.smartepi.organization import RESOURCES, TRANSACTION_COLLECTIONS

STATUS_FIELDS = {"withdrawals": "withdrawalStatus", "returns": "returnStatus", "exchanges": "exchangeStatus"}
ID_PREFIXES = {"withdrawals": "w-", "returns": "r-", "exchanges": "x-"}


class RecordTransactionParameters(BaseModel):
    """What a device records; without an employee or a product it is one of those there are."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    employee_id: str | None = None
    product_id: str | None = None
    quantity: int = Field(default=1, ge=1, le=1000)
    status: str = Field(default="SUCCESS", min_length=1, max_length=50, description="SUCCESS is the only one seen.")


class SmartEPIMakeKeyParameters(BaseModel):
    """A key made in the console; its CIDR ranges are fixed when it is made."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    cidrs: list[Annotated[str, AfterValidator(normalize_cidr)]] = Field(default_factory=list, max_length=50)
    expires_in: Duration | None = None


class SmartEPIRevokeKeyParameters(BaseModel):
    """A key revoked in the console."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    key: str = Field(description="The key's id or secret.")


class RestoreRecordParameters(BaseModel):
    """A softly deleted record that someone brings back."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    id: str


def _record_transaction(
    moment: SimulationContext, parameters: RecordTransactionParameters, *, collection: str, word: str
) -> Mapping[str, Any]:
    id = _free_id(moment, collection)
    record = {
        "id": id,
        STATUS_FIELDS[collection]: parameters.status,
        "employeeId": _choose_record_id(moment, "employees", parameters.employee_id, id),
        "productId": _choose_record_id(moment, "products", parameters.product_id, id),
        "quantity": parameters.quantity,
        "_created": moment.now,
    }
    moment.space.put(collection, record)
    shown = show(moment.sandbox.assumptions, record)  # type: ignore[arg-type]
    emit(moment, f"evt_{word}_created_{id}", f"{word}.created", shown)
    return shown


def _free_id(moment: SimulationContext, collection: str) -> str:
    nth = moment.space.count(collection) + 1
    while moment.space.get(collection, id := f"{ID_PREFIXES[collection]}{nth}") is not None:
        nth += 1
    return id


def _choose_record_id(moment: SimulationContext, collection: str, id: str | None, purpose: str) -> str:
    if id is not None:
        if moment.space.get(collection, id) is None:
            raise UnknownName(collection.removesuffix("s"), id, [])
        return id
    known = moment.space.count(collection)
    if not known:
        raise Refusal(f"there are no {collection}; create one first")
    nth = int(moment.sandbox.randomness.uniform(f"simulation:{collection}", purpose) * known)
    return str(moment.space.nth(collection, nth)["id"])


def _make_key(moment: SimulationContext, parameters: SmartEPIMakeKeyParameters) -> Mapping[str, Any]:
    expires_at = None if parameters.expires_in is None else moment.now + parameters.expires_in
    key = moment.mint(cidrs=parameters.cidrs, expires_at=expires_at)
    return {"id": key.id, "secret": key.secret, "state": key.state(moment.now)}


def _revoke_key(moment: SimulationContext, parameters: SmartEPIRevokeKeyParameters) -> Mapping[str, Any]:
    key = moment.revoke(parameters.key)
    return {"id": key.id, "state": key.state(moment.now)}


def _restore(moment: SimulationContext, parameters: RestoreRecordParameters) -> Mapping[str, Any]:
    for resource in RESOURCES:
        record = moment.space.get(deleted_collection(resource.collection), parameters.id)
        if record is not None:
            _check_restorable(moment, resource, record)
            moment.space.drop(deleted_collection(resource.collection), parameters.id)
            revived = {**record, "_version": record["_version"] + 1, "_updated": moment.now}
            moment.space.put(resource.collection, revived)
            resource.on_write(moment.space, parameters.id, revived)
            return {"id": parameters.id, "collection": resource.collection}
    raise UnknownName("deleted record", parameters.id, [])


def _check_restorable(moment: SimulationContext, resource: Resource, record: Record) -> None:
    """Refuse to bring back what the API would not let anyone create now."""
    for path, collection, id in resource.references(record):
        if moment.space.get(collection, id) is None:
            raise Refusal(f"{path} of {record['id']} points at {id}, which is not there any more")
    for name in resource.unique_fields(moment):
        value = record.get(name)
        taken = (found for found in moment.space.find(resource.collection, name, value) if found[name] == value)
        if value is not None and (other := next(taken, None)) is not None:
            raise Refusal(f"{name} {value!r} of {record['id']} is taken by {other['id']}")


def _device_simulation(collection: str) -> Simulation:
    word = collection.removesuffix("s")
    run: Callable[[SimulationContext, Any], Mapping[str, Any]] = partial(
        _record_transaction, collection=collection, word=word
    )
    article = "an" if word[0] in "aeiou" else "a"
    return Simulation(f"record_{word}", f"A device records {article} {word}.", RecordTransactionParameters, run)


SIMULATIONS = (
    *map(_device_simulation, TRANSACTION_COLLECTIONS),
    Simulation("make_key", "An administrator makes an API key in the console.", SmartEPIMakeKeyParameters, _make_key),
    Simulation(
        "revoke_key", "An administrator revokes an API key in the console.", SmartEPIRevokeKeyParameters, _revoke_key
    ),
    Simulation(
        "restore_record",
        "Someone brings a deleted record back; the API has no way to.",
        RestoreRecordParameters,
        _restore,
    ),
)

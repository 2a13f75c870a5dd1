"""Employers: made, checked, changed, offboarded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from mockserver.engine import At, Call, Lifecycle, Operation, Record, Reply, Step, Timed
from mockserver.providers.kota import models
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.employees import logic as employees
from mockserver.providers.kota.employees import offboarding
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.values.addresses import address_errors, moved
from mockserver.providers.kota.values.records import (
    changed,
    found,
    found_with_body,
    new_id,
    one,
    outcome,
    platform_id,
    refuse_fields,
    today,
    written,
)
from mockserver.providers.kota.wire.lists import Page, chosen, listed, states, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown

STATES = ("pending", "active", "offboarding", "inactive", "restricted")


class EmployersPage(Page):
    """The query of the list of employers."""

    filter: Annotated[str | None, states(*STATES)] = None


def _told(at: At, record: Record) -> None:
    # There is no event of its own for a check that is over.
    type = {"pending": "created", "inactive": "offboarded"}.get(record["status"], "updated")
    tell_employer(at, type, record)
    if record["status"] == "inactive":
        offboarding.end_employer(at, record)


def tell_employer(at: At, what: str, record: Record) -> None:
    """Keep an event about an employer."""
    tell(at, f"employer.{what}", "employer", {"id": record["id"], "metadata": record["metadata"]}, record)


def _check(_at: At, record: Record) -> str | None:
    wanted = outcome("employer", record)
    return (LIFECYCLE.leads_to(record, wanted) if wanted else None) or "pass_check"


def _leave(at: At, record: dict[str, Any]) -> None:
    record["offboard_on"] = record["offboard_on"] or written(at, at.now)


LIFECYCLE: Lifecycle = Lifecycle(
    "employer",
    "employers",
    steps=(
        Step("pass_check", ("pending", "restricted"), "active"),
        Step("fail_check", ("pending", "active"), "restricted"),
        Step("begin_offboarding", ("pending", "active", "restricted"), "offboarding"),
        Step("offboard", ("pending", "active", "offboarding", "restricted"), "inactive"),
    ),
    timed=(
        Timed("pending", lambda at, _record: at.now + assume(at).employer_check, _check),
        Timed("offboarding", lambda at, _record: at.now + assume(at).employer_offboarding, lambda *_: "offboard"),
    ),
    entering=dict.fromkeys(("offboarding", "inactive"), _leave),
    entered=_told,
)


def create_employer(at: At, fields: dict[str, Any]) -> Record:
    """Make an employer, whose check begins."""
    record = {
        "object": "employer",
        "id": new_id(at, "er"),
        "platform_id": platform_id(at),
        "status": "pending",
        "legal_name": fields["legal_name"],
        "registration_number": fields.get("registration_number"),
        "legal_address": fields["legal_address"],
        "contact": fields["contact"],
        "offboard_on": None,
        "earliest_benefits_start_date": fields.get("earliest_benefits_start_date"),
        "metadata": fields.get("metadata"),
    }
    return LIFECYCLE.begin(at, record, "pending")


def _create(call: Call) -> Reply:
    body: models.CreateEmployerRequest = call.body
    start = body.earliest_benefits_start_date
    if start is not None and start <= today(call):
        refuse_fields([("earliest_benefits_start_date", "must be in the future")])
    return one(call, create_employer(call, body.model_dump(mode="json")))


def _list(call: Call) -> Reply:
    query: Any = call.parameters
    return listed(call, walk(call.space, "employers", status=chosen(query.filter)))


def _retrieve(call: Call) -> Reply:
    return one(call, found(call, "employer", "employer_id"))


def _update(call: Call) -> Reply:
    record, body = found_with_body(call, "employer", "employer_id")
    refuse_fields(address_errors("legal_address", record["legal_address"], body.legal_address))
    if body.earliest_benefits_start_date is not None and _has_scheme(call, record):
        refuse_fields([("earliest_benefits_start_date", "cannot change once there is a group quote or policy")])
    fields = changed(
        record, body, "legal_name", "registration_number", "contact", "earliest_benefits_start_date", "metadata"
    )
    if body.legal_address is not None:
        fields["legal_address"] = moved(record["legal_address"], body.legal_address)
    call.space.put("employers", fields)
    employees.wait_anew(call, fields)
    tell_employer(call, "updated", fields)
    return one(call, fields)


def _has_scheme(call: Call, record: Record) -> bool:
    groups = list(walk(call.space, "groups", employer_id=record["id"]))
    return any(group["group_quote_intent_ids"] or group["group_policy_ids"] for group in groups)


def _offboard(call: Call) -> Reply:
    record = found(call, "employer", "employer_id")
    at_once = record["status"] == "offboarding" or assume(call).employer_offboarding == 0
    return one(call, LIFECYCLE.take(call, record, "offboard" if at_once else "begin_offboarding"))


def operations() -> Iterator[Operation]:
    """The operations on employers."""
    answer, single = shown("EmployerResponse"), "/employers/{employer_id}"
    create, update = models.CreateEmployerRequest, models.UpdateEmployerRequest
    yield row("create_employer", "POST /employers", _create, "Create an employer", body=create, answer=answer)
    yield row("list_employers", "GET /employers", _list, "List employers", query=EmployersPage, answer=paged(answer))
    yield row("update_employer", f"PUT {single}", _update, "Update an employer", body=update, answer=answer)
    yield row("get_employer", f"GET {single}", _retrieve, "Get an employer", answer=answer)
    yield row("offboard_employer", f"POST {single}/offboard", _offboard, "Offboard an employer", answer=answer)

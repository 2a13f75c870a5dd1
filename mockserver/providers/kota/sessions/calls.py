"""Operations that open sessions: with a token for embedded pages, or with a link to pages that Kota hosts."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

from mockserver.engine import SECOND, Call, Operation, Record, Reply, as_json
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.sessions import schemas
from mockserver.providers.kota.values.customers import resolve_customer
from mockserver.providers.kota.values.records import (
    format_date_time,
    get_referenced,
    platform_id,
    refuse_fields,
    render_one,
)
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import response_model

LINK_LIFETIME = 60 * 60 * SECOND
"""Microseconds for which a link to hosted pages is valid."""


def _create_embed_session(call: Call) -> Reply:
    body: schemas.CreateSessionTokenRequest = call.body
    employer = get_referenced(call, "employer", "employer_id", body.employer_id)
    employee = _get_employee(call, employer, body.employee_id) if body.employee_id is not None else None
    customer = resolve_customer(call, body.external_customer_id, required=employee is None)
    expiry = call.now + assumptions_of(call).embed_session_lives
    claims = {
        "sub": employer["id"] if employee is None else employee["id"],
        "platform_id": platform_id(call),
        "external_customer_id": customer,
        "exp": expiry // SECOND,
    }
    return render_one(call, {"token": _create_token(call, claims), "expiry": format_date_time(call, expiry)})


def _create_hosted_session(call: Call) -> Reply:
    body: schemas.CreateSessionTokenLinkRequest = call.body
    employer = get_referenced(call, "employer", "employer_id", body.employer_id)
    _get_employee(call, employer, body.employee_id)
    secret = call.sandbox.randomness.token("hosted_session", call.space.increment("hosted_session"), 43)
    return render_one(
        call,
        {"link": f"https://hosted.kota.example/s/{secret}", "expiry": format_date_time(call, call.now + LINK_LIFETIME)},
    )


def _get_employee(call: Call, employer: Record, id: str) -> Record:
    employee = get_referenced(call, "employee", "employee_id", id)
    if employee["employer_id"] != employer["id"]:
        refuse_fields([("employee_id", "no employee of the employer has this id")])
    return employee


def _create_token(call: Call, claims: dict[str, Any]) -> str:
    """Returns a token in the form of a JSON Web Token; its signature is random and cannot be verified."""
    nth = call.space.increment("embed_session")
    parts = ({"alg": "HS256", "typ": "JWT"}, {**claims, "jti": nth})
    encoded = [urlsafe_b64encode(as_json(part)).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, call.sandbox.randomness.token("embed_session", nth, 43)])


def operations() -> Iterator[Operation]:
    token, link = schemas.CreateSessionTokenRequest, schemas.CreateSessionTokenLinkRequest
    yield define_operation(
        "create_embed_session",
        "POST /embed/sessions",
        _create_embed_session,
        "Open a session for embedded pages",
        body=token,
        response=response_model("sessions", "CreateSessionTokenResponse"),
    )
    yield define_operation(
        "create_hosted_session",
        "POST /hosted/sessions",
        _create_hosted_session,
        "Open a session on hosted pages",
        body=link,
        response=response_model("sessions", "CreateHostedSessionTokenResponse"),
    )

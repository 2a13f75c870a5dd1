"""Sessions: tokens for pages that a platform embeds, links to pages that Kota hosts."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

from mockserver.engine import SECOND, Call, Operation, Record, Reply, as_json
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.sessions import schemas
from mockserver.providers.kota.values.customers import customer_given
from mockserver.providers.kota.values.records import one, platform_id, referred, refuse_fields, written
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import shown

LINK_LIVES = 60 * 60 * SECOND


def _embed(call: Call) -> Reply:
    body: schemas.CreateSessionTokenRequest = call.body
    employer = referred(call, "employer", "employer_id", body.employer_id)
    employee = _employee(call, employer, body.employee_id) if body.employee_id is not None else None
    customer = customer_given(call, body.external_customer_id, needed=employee is None)
    expiry = call.now + assume(call).embed_session_lives
    claims = {
        "sub": employer["id"] if employee is None else employee["id"],
        "platform_id": platform_id(call),
        "external_customer_id": customer,
        "exp": expiry // SECOND,
    }
    return one(call, {"token": _token(call, claims), "expiry": written(call, expiry)})


def _hosted(call: Call) -> Reply:
    body: schemas.CreateSessionTokenLinkRequest = call.body
    employer = referred(call, "employer", "employer_id", body.employer_id)
    _employee(call, employer, body.employee_id)
    secret = call.sandbox.randomness.token("hosted_session", call.space.bump("hosted_session"), 43)
    return one(
        call, {"link": f"https://hosted.kota.example/s/{secret}", "expiry": written(call, call.now + LINK_LIVES)}
    )


def _employee(call: Call, employer: Record, id: str) -> Record:
    employee = referred(call, "employee", "employee_id", id)
    if employee["employer_id"] != employer["id"]:
        refuse_fields([("employee_id", "no employee of the employer has this id")])
    return employee


def _token(call: Call, claims: dict[str, Any]) -> str:
    """Looks like a JSON Web Token; nobody has signed it."""
    nth = call.space.bump("embed_session")
    parts = ({"alg": "HS256", "typ": "JWT"}, {**claims, "jti": nth})
    encoded = [urlsafe_b64encode(as_json(part)).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, call.sandbox.randomness.token("embed_session", nth, 43)])


def operations() -> Iterator[Operation]:
    """The operations that open sessions."""
    token, link = schemas.CreateSessionTokenRequest, schemas.CreateSessionTokenLinkRequest
    yield row(
        "create_embed_session",
        "POST /embed/sessions",
        _embed,
        "Open a session for embedded pages",
        body=token,
        answer=shown("sessions", "CreateSessionTokenResponse"),
    )
    yield row(
        "create_hosted_session",
        "POST /hosted/sessions",
        _hosted,
        "Open a session on hosted pages",
        body=link,
        answer=shown("sessions", "CreateHostedSessionTokenResponse"),
    )

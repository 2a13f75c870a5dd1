"""Operations that list, get, update and disable applications (OAuth clients); only the console creates them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver.engine import Call, FieldError, Operation, Problem, Record, Reply
from mockserver.providers.kotauth.assumptions import is_documented
from mockserver.providers.kotauth.users.calls import require_fields
from mockserver.providers.kotauth.wire import models, path_records
from mockserver.providers.kotauth.wire.dialect import no_content
from mockserver.providers.kotauth.wire.paths import BASE, READ_REFUSALS, WRITE_REFUSALS
from mockserver.providers.kotauth.wire.problems import build_problem
from mockserver.providers.kotauth.wire.records import audit, check_columns, is_blank, render_list

ACCESS_TYPES = ("public", "confidential", "bearer_only")


def _render_application(call: Call, record: Record) -> dict[str, Any]:
    fields = {name: record[name] for name in ("clientId", "name", "description", "accessType", "enabled")}
    return {"id": int(record["id"]), **fields, "redirectUris": get_redirect_uris(call, record)}


def get_redirect_uris(call: Call, record: Record) -> list[str]:
    uris: list[str] | None = record["redirectUris"]
    # None marks the built-in portal, whose URI depends on the address of the workspace.
    return [f"{call.origin}{call.mount}/t/{call.sandbox.slug}/account/callback"] if uris is None else uris


def _list(call: Call) -> Reply:
    applications = (record for _, record in call.space.scan("applications"))
    return render_list(
        call, applications, lambda record: _render_application(call, record), total=call.space.count("applications")
    )


def _retrieve(call: Call) -> Reply:
    return call.sandbox.provider.dialect.render_record(
        call, _render_application(call, path_records.get_for_read(call, "applications"))
    )


def _update(call: Call) -> Reply:
    body = call.body
    follows_documents = is_documented(call, "application_update_fields")
    if follows_documents:
        require_fields(body, "name", "accessType", "redirectUris")
    access_type = _parse_access_type(call, body.accessType)
    record = dict(path_records.get_for_write(call, "applications"))
    if body.name is not None:
        if is_blank(body.name):
            raise build_problem("validation", "Name is required.")
        record["name"] = body.name.strip()
    is_cleared = follows_documents and "description" in body.model_fields_set
    if body.description is not None or is_cleared:
        record["description"] = (body.description or "").strip() or None
    record["accessType"] = access_type or record["accessType"]
    if body.redirectUris is not None:
        record["redirectUris"] = body.redirectUris
    _check_lengths(call, record)
    call.space.put("applications", record)
    audit(call, "ADMIN_CLIENT_UPDATED", client=int(record["id"]), clientId=record["clientId"])
    return call.sandbox.provider.dialect.render_record(call, _render_application(call, record))


def _parse_access_type(call: Call, text: str | None) -> str | None:
    """Returns the access type. An unknown one is refused (documented) or becomes public (observed)."""
    if text is None:
        return None
    if not is_documented(call, "access_types"):
        return text if text in ACCESS_TYPES else "public"
    if text not in ("public", "confidential"):
        detail = "is not public or confidential"
        raise Problem("invalid_field", f"accessType: {detail}", fields=[FieldError("accessType", detail)])
    return text


def _check_lengths(call: Call, record: Record) -> None:
    check_columns(call, application_name=record["name"], description=record["description"])
    for uri in record["redirectUris"] or ():
        check_columns(call, redirectUri=uri)


def _disable(call: Call) -> Reply:
    record = {**path_records.get_for_write(call, "applications"), "enabled": False}
    call.space.put("applications", record)
    audit(call, "ADMIN_CLIENT_DISABLED", client=int(record["id"]), clientId=record["clientId"], enabled="false")
    return no_content()


def operations() -> Iterator[Operation]:
    """Yields the operations; the API has none that creates an application."""
    many, single = f"{BASE}/applications", f"{BASE}/applications/{{appId}}"
    read, write = "applications:read", "applications:write"
    app = models.Application
    yield Operation(
        "list_applications", "GET", many, _list, "List applications", query=models.OffsetQuery, response=app,
        refusals=READ_REFUSALS, scope=read,
    )  # fmt: skip
    yield Operation(
        "get_application", "GET", single, _retrieve, "Get an application", response=app, refusals=(400, *READ_REFUSALS),
        scope=read,
    )  # fmt: skip
    yield Operation(
        "update_application", "PUT", single, _update, "Update an application", body=models.ChangedApplication,
        response=app, refusals=tuple(status for status in WRITE_REFUSALS if status != 409), scope=write,
    )  # fmt: skip
    yield Operation(
        "disable_application", "DELETE", single, _disable, "Disable an application", status=204,
        refusals=(400, *READ_REFUSALS), scope=write,
    )  # fmt: skip

"""Operations on user attributes, and on the claim mappers that add attributes to tokens."""

from __future__ import annotations

from collections.abc import Iterator

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth.assumptions import is_documented
from mockserver.providers.kotauth.wire import models
from mockserver.providers.kotauth.wire.dialect import no_content
from mockserver.providers.kotauth.wire.paths import BASE, READ_REFUSALS
from mockserver.providers.kotauth.wire.problems import build_problem
from mockserver.providers.kotauth.wire.records import audit, check_columns, is_blank

MAX_MAPPERS = 20
"""Claim mappers per workspace; a further one is refused with 409."""
RESERVED_CLAIMS = frozenset(
    """
    sub iss aud exp iat nbf jti nonce auth_time acr amr azp email email_verified name preferred_username
    given_name family_name middle_name nickname profile picture website gender birthdate zoneinfo locale
    phone_number phone_number_verified address updated_at tenant_id username scope client_id realm_access
    resource_access
    """.split()  # noqa: SIM905
)
_MAPPER_FIELDS = ("claimName", "includeInAccess", "includeInId")


def _get_user_or_404(call: Call) -> Record:
    record = call.space.get("users", call.args["userId"])
    if record is None:
        raise build_problem("nothing_found", "No user matched the request.")
    return record


def _list_attributes(call: Call) -> Reply:
    user = _get_user_or_404(call)
    records = call.space.find("user_attributes", "userId", int(user["id"]))
    attributes = {record["key"]: record["value"] for record in records}
    return call.sandbox.provider.dialect.render_record(call, {"attributes": attributes})


def _set_attribute(call: Call) -> Reply:
    key, value = call.args["key"], call.body.value
    if is_blank(key):
        raise build_problem("validation", "Attribute key must not be blank.")
    if len(key) > 64:
        raise build_problem("validation", "Attribute key must be at most 64 characters.")
    if len(value) > 1024:
        raise build_problem("validation", "Attribute value must be at most 1024 characters.")
    user = _get_user_or_404(call)
    record = {"id": f"{user['id']}/{key}", "userId": int(user["id"]), "key": key, "value": value}
    call.space.put("user_attributes", record)
    _audit_attribute(call, "SET", user, key)
    return no_content()


def _delete_attribute(call: Call) -> Reply:
    user, key = _get_user_or_404(call), call.args["key"]
    id = f"{user['id']}/{key}"
    if call.space.get("user_attributes", id) is None:
        return _refuse_or_ignore_missing(call, f"Attribute '{key[:100]}' not found.")
    call.space.drop("user_attributes", id)
    _audit_attribute(call, "DELETED", user, key)
    return no_content()


def _refuse_or_ignore_missing(call: Call, detail: str) -> Reply:
    """Responds to the deletion of an unknown attribute or mapper: 404 (documented) or 204 (observed)."""
    if is_documented(call, "missing_attribute"):
        raise build_problem("nothing_found", detail)
    return no_content()


def _audit_attribute(call: Call, action: str, user: Record, key: str) -> None:
    if is_documented(call, "attribute_events"):
        details = {"username": user["username"], "attributeKey": key}
        audit(call, f"ADMIN_USER_ATTRIBUTE_{action}", user=int(user["id"]), **details)


def _list_mappers(call: Call) -> Reply:
    records = sorted((record for _, record in call.space.scan("claim_mappers")), key=lambda record: str(record["id"]))
    mappers = [{"attributeKey": record["id"], **{name: record[name] for name in _MAPPER_FIELDS}} for record in records]
    return call.sandbox.provider.dialect.render_record(call, {"mappers": mappers})


def _set_mapper(call: Call) -> Reply:
    body, key = call.body, call.args["attributeKey"]
    _check_claim(key, body.claimName)
    is_new = call.space.get("claim_mappers", key) is None
    if is_new and call.space.count("claim_mappers") >= MAX_MAPPERS:
        raise build_problem("mapper_limit", f"This tenant has reached the maximum of {MAX_MAPPERS} claim mappers.")
    for other in call.space.find("claim_mappers", "claimName", body.claimName):
        if other["claimName"] == body.claimName and other["id"] != key:
            detail = f"Another attribute in this tenant already maps to claim name '{body.claimName}'."
            raise build_problem("claim_name_taken", detail)
    check_columns(call, attributeKey=key)
    call.space.put("claim_mappers", {"id": key, **body.model_dump()})
    _audit_mapper(call, "CREATED" if is_new else "UPDATED", key, body.claimName)
    return no_content()


def _check_claim(key: str, name: str) -> None:
    if is_blank(key):
        raise build_problem("validation", "Attribute key must not be blank.")
    if is_blank(name):
        raise build_problem("validation", "Claim name must not be blank.")
    if len(name) > 128:
        raise build_problem("validation", "Claim name must be at most 128 characters.")
    if name in RESERVED_CLAIMS:
        detail = f"The claim name '{name}' is reserved by OIDC/KotAuth and cannot be used."
        raise build_problem("claim_name_reserved", f"{detail} Use a custom prefix, e.g. 'custom:{name}'.")


def _delete_mapper(call: Call) -> Reply:
    key = call.args["attributeKey"]
    record = call.space.get("claim_mappers", key)
    if record is None:
        return _refuse_or_ignore_missing(call, f"Claim mapper '{key[:100]}' not found.")
    call.space.drop("claim_mappers", key)
    _audit_mapper(call, "DELETED", key, record["claimName"])
    return no_content()


def _audit_mapper(call: Call, action: str, key: str, claim: str) -> None:
    if is_documented(call, "attribute_events"):
        audit(call, f"ADMIN_CLAIM_MAPPER_{action}", attributeKey=key, claimName=claim)


def operations() -> Iterator[Operation]:
    many, mappers = f"{BASE}/users/{{userId}}/attributes", f"{BASE}/claim-mappers"
    single, mapper = f"{many}/{{key}}", f"{mappers}/{{attributeKey}}"
    read, write = "user_attributes:read", "user_attributes:write"
    yield Operation(
        "list_attributes", "GET", many, _list_attributes, "List a user's attributes", response=models.UserAttributes,
        refusals=(400, *READ_REFUSALS), scope=read,
    )  # fmt: skip
    yield Operation(
        "set_attribute", "PUT", single, _set_attribute, "Set an attribute of a user", body=models.NewValue, status=204,
        refusals=(400, 401, 403, 404, 413, 422, 429), scope=write,
    )  # fmt: skip
    yield Operation(
        "delete_attribute", "DELETE", single, _delete_attribute, "Delete an attribute of a user", status=204,
        refusals=(400, *READ_REFUSALS), scope=write,
    )  # fmt: skip
    read, write = "claim_mappers:read", "claim_mappers:write"
    yield Operation(
        "list_mappers", "GET", mappers, _list_mappers, "List claim mappers", response=models.ClaimMappers,
        refusals=READ_REFUSALS, scope=read,
    )  # fmt: skip
    yield Operation(
        "set_mapper", "PUT", mapper, _set_mapper, "Set a claim mapper", body=models.NewMapper, status=204,
        refusals=(400, 401, 403, 404, 409, 413, 422, 429), scope=write,
    )  # fmt: skip
    yield Operation(
        "delete_mapper", "DELETE", mapper, _delete_mapper, "Delete a claim mapper", status=204, refusals=READ_REFUSALS,
        scope=write,
    )  # fmt: skip

"""User attributes, and the claim mappers that put them into tokens."""

from __future__ import annotations

from collections.abc import Iterator

from mockserver.engine import Call, Operation, Record, Reply
from mockserver.providers.kotauth.assumptions import documented
from mockserver.providers.kotauth.wire import models
from mockserver.providers.kotauth.wire.dialect import nothing
from mockserver.providers.kotauth.wire.paths import BASE, READ
from mockserver.providers.kotauth.wire.problems import refuse
from mockserver.providers.kotauth.wire.records import audit, blank, check_columns

MOST_MAPPERS = 20
RESERVED = frozenset(
    """
    sub iss aud exp iat nbf jti nonce auth_time acr amr azp email email_verified name preferred_username
    given_name family_name middle_name nickname profile picture website gender birthdate zoneinfo locale
    phone_number phone_number_verified address updated_at tenant_id username scope client_id realm_access
    resource_access
    """.split()  # noqa: SIM905
)
_FIELDS = ("claimName", "includeInAccess", "includeInId")


def _user(call: Call) -> Record:
    record = call.space.get("users", call.args["userId"])
    if record is None:
        raise refuse("nothing_found", "No user matched the request.")
    return record


def _list(call: Call) -> Reply:
    user = _user(call)
    kept = call.space.find("user_attributes", "userId", int(user["id"]))
    attributes = {record["key"]: record["value"] for record in kept}
    return call.sandbox.provider.dialect.one(call, {"attributes": attributes})


def _set(call: Call) -> Reply:
    key, value = call.args["key"], call.body.value
    if blank(key):
        raise refuse("validation", "Attribute key must not be blank.")
    if len(key) > 64:
        raise refuse("validation", "Attribute key must be at most 64 characters.")
    if len(value) > 1024:
        raise refuse("validation", "Attribute value must be at most 1024 characters.")
    user = _user(call)
    record = {"id": f"{user['id']}/{key}", "userId": int(user["id"]), "key": key, "value": value}
    call.space.put("user_attributes", record)
    _note(call, "SET", user, key)
    return nothing()


def _unset(call: Call) -> Reply:
    user, key = _user(call), call.args["key"]
    id = f"{user['id']}/{key}"
    if call.space.get("user_attributes", id) is None:
        return _missing(call, f"Attribute '{key[:100]}' not found.")
    call.space.drop("user_attributes", id)
    _note(call, "DELETED", user, key)
    return nothing()


def _missing(call: Call, detail: str) -> Reply:
    if documented(call, "missing_attribute"):
        raise refuse("nothing_found", detail)
    return nothing()


def _note(call: Call, what: str, user: Record, key: str) -> None:
    if documented(call, "attribute_events"):
        details = {"username": user["username"], "attributeKey": key}
        audit(call, f"ADMIN_USER_ATTRIBUTE_{what}", user=int(user["id"]), **details)


def _list_mappers(call: Call) -> Reply:
    kept = sorted((record for _, record in call.space.scan("claim_mappers")), key=lambda record: str(record["id"]))
    mappers = [{"attributeKey": record["id"], **{name: record[name] for name in _FIELDS}} for record in kept]
    return call.sandbox.provider.dialect.one(call, {"mappers": mappers})


def _set_mapper(call: Call) -> Reply:
    body, key = call.body, call.args["attributeKey"]
    _check_claim(key, body.claimName)
    is_new = call.space.get("claim_mappers", key) is None
    if is_new and call.space.count("claim_mappers") >= MOST_MAPPERS:
        raise refuse("mapper_limit", f"This tenant has reached the maximum of {MOST_MAPPERS} claim mappers.")
    for other in call.space.find("claim_mappers", "claimName", body.claimName):
        if other["claimName"] == body.claimName and other["id"] != key:
            detail = f"Another attribute in this tenant already maps to claim name '{body.claimName}'."
            raise refuse("claim_name_taken", detail)
    check_columns(call, attributeKey=key)
    call.space.put("claim_mappers", {"id": key, **body.model_dump()})
    _note_mapper(call, "CREATED" if is_new else "UPDATED", key, body.claimName)
    return nothing()


def _check_claim(key: str, name: str) -> None:
    if blank(key):
        raise refuse("validation", "Attribute key must not be blank.")
    if blank(name):
        raise refuse("validation", "Claim name must not be blank.")
    if len(name) > 128:
        raise refuse("validation", "Claim name must be at most 128 characters.")
    if name in RESERVED:
        detail = f"The claim name '{name}' is reserved by OIDC/KotAuth and cannot be used."
        raise refuse("claim_name_reserved", f"{detail} Use a custom prefix, e.g. 'custom:{name}'.")


def _delete_mapper(call: Call) -> Reply:
    key = call.args["attributeKey"]
    record = call.space.get("claim_mappers", key)
    if record is None:
        return _missing(call, f"Claim mapper '{key[:100]}' not found.")
    call.space.drop("claim_mappers", key)
    _note_mapper(call, "DELETED", key, record["claimName"])
    return nothing()


def _note_mapper(call: Call, what: str, key: str, claim: str) -> None:
    if documented(call, "attribute_events"):
        audit(call, f"ADMIN_CLAIM_MAPPER_{what}", attributeKey=key, claimName=claim)


def operations() -> Iterator[Operation]:
    """The operations on user attributes and claim mappers."""
    many, mappers = f"{BASE}/users/{{userId}}/attributes", f"{BASE}/claim-mappers"
    single, mapper = f"{many}/{{key}}", f"{mappers}/{{attributeKey}}"
    read, write = "user_attributes:read", "user_attributes:write"
    yield Operation(
        "list_attributes", "GET", many, _list, "List a user's attributes", answer=models.UserAttributes,
        refusals=(400, *READ), scope=read,
    )  # fmt: skip
    yield Operation(
        "set_attribute", "PUT", single, _set, "Set an attribute of a user", body=models.NewValue, status=204,
        refusals=(400, 401, 403, 404, 413, 422, 429), scope=write,
    )  # fmt: skip
    yield Operation(
        "delete_attribute", "DELETE", single, _unset, "Delete an attribute of a user", status=204,
        refusals=(400, *READ), scope=write,
    )  # fmt: skip
    read, write = "claim_mappers:read", "claim_mappers:write"
    yield Operation(
        "list_mappers", "GET", mappers, _list_mappers, "List claim mappers", answer=models.ClaimMappers,
        refusals=READ, scope=read,
    )  # fmt: skip
    yield Operation(
        "set_mapper", "PUT", mapper, _set_mapper, "Set a claim mapper", body=models.NewMapper, status=204,
        refusals=(400, 401, 403, 404, 409, 413, 422, 429), scope=write,
    )  # fmt: skip
    yield Operation(
        "delete_mapper", "DELETE", mapper, _delete_mapper, "Delete a claim mapper", status=204, refusals=READ,
        scope=write,
    )  # fmt: skip

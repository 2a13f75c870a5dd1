"""Kotauth's operations, statuses, fields and scopes match its OpenAPI document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from mockserver.engine import Operation
from mockserver.providers.kotauth import PROVIDER
from mockserver.providers.kotauth.wire import models
from mockserver.providers.kotauth.wire.auth import SCOPES
from tests.support.harness import Harness
from tests.support.paths import load_contract

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

FACTS = load_contract("kotauth")
DOCUMENTED: list[dict[str, Any]] = FACTS["operations"]
BASE = "/t/{slug}/api/v1"
SERVED = {
    (op.method, op.path.removeprefix(BASE)): op for op in PROVIDER.operations if op.scope and op.available_if is None
}
IDS = {"userId": 1, "roleId": 2, "groupId": 1, "appId": 2, "sessionId": 1, "key": "department", "attributeKey": "plan"}
BODIES: dict[str, dict[str, Any]] = {
    "CreateUserRequest": {"username": "new", "email": "new@acme.test", "fullName": "New", "password": "long enough"},
    "UpdateUserRequest": {"email": "other@acme.test", "fullName": "Other"},
    "CreateRoleRequest": {"name": "auditor", "description": "Looks", "scope": "tenant"},
    "UpdateRoleRequest": {"name": "auditor", "description": None},
    "CreateGroupRequest": {"name": "Research", "description": "Thinks", "parentGroupId": 1},
    "UpdateGroupRequest": {"name": "Research", "description": None},
    "UpdateApplicationRequest": {
        "name": "Other",
        "description": None,
        "accessType": "public",
        "redirectUris": ["https://a.test/cb"],
    },
    "UpsertUserAttributeRequest": {"value": "free"},
    "UpsertClaimMapperRequest": {"claimName": "billing", "includeInAccess": True, "includeInId": False},
}
MODELS: dict[str, type[BaseModel]] = {
    "ApiMeta": models.Meta,
    "UserDto": models.User,
    "RoleDto": models.Role,
    "GroupDto": models.Group,
    "ApplicationDto": models.Application,
    "SessionDto": models.Session,
    "AuditEventDto": models.AuditEvent,
    "UserAttributesDto": models.UserAttributes,
    "ClaimMapperDto": models.ClaimMapper,
    "ClaimMappersDto": models.ClaimMappers,
}
CHECKED_KEYWORDS = {
    "type",
    "required",
    "nullable",
    "enum",
    "format",
    "maxLength",
    "minLength",
    "pattern",
    "default",
    "items",
}
"""Keywords that the contract uses for fields; every one is checked by a test in this file."""
TYPES: dict[str, Any] = {"integer": int, "string": str, "boolean": bool, "array": list, "object": dict}
FORMATS = {
    None: ".*",
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
    "email": r"[^@\s]+@[^@\s]+",
    "uri": r"https://\S+",
}
WRONG: dict[str, Any] = {"integer": "one", "string": 1, "boolean": "yes", "array": "none", "object": []}


def operation_title(fact: dict[str, Any]) -> str:
    return f"{fact['method']} {fact['path']}"


operations = pytest.mark.parametrize("fact", DOCUMENTED, ids=operation_title)
with_body = pytest.mark.parametrize("fact", [fact for fact in DOCUMENTED if fact["body"]], ids=operation_title)


def fill_path(fact: dict[str, Any]) -> str:
    return re.sub(r"{(\w+)}", lambda match: str(IDS[match[1]]), fact["path"])


def send_request(harness: Harness, method: str, path: str, **options: Any) -> ApiResponse:
    return harness.request(method, f"/t/kotauth/api/v1{path}", sandbox="kotauth", **options)


def call_operation(harness: Harness, fact: dict[str, Any], **changes: Any) -> ApiResponse:
    options = {"json": {**BODIES[fact["body"]], **changes}} if fact["body"] else {}
    return send_request(harness, fact["method"], fill_path(fact), **options)


def operation(fact: dict[str, Any]) -> Operation:
    return SERVED[fact["method"], fact["path"]]


def check_object(value: dict[str, Any], schema: str) -> None:
    """Asserts that an object has exactly the fields of the schema, with their types, enums and limits."""
    fields = FACTS["schemas"][schema]
    # `requiredActions` is documented on the page about users, not in the OpenAPI document.
    assert set(value) - {"requiredActions"} == set(fields), schema
    for name, fact in fields.items():
        member = value[name]
        if member is None:
            assert fact.get("nullable"), name
            continue
        assert type(member) is TYPES[fact["type"]], name
        assert "enum" not in fact or member in fact["enum"], name
        assert len(str(member)) <= fact.get("maxLength", 10_000)
        assert re.fullmatch(FORMATS[fact.get("format")], str(member), re.DOTALL), name
        for each in member if "items" in fact else ():
            check_item(each, fact["items"])


def check_item(value: Any, kind: str) -> None:
    if kind in TYPES:
        assert type(value) is TYPES[kind]
    else:
        check_object(value, kind)


def test_exactly_the_documented_operations_are_served() -> None:
    assert set(SERVED) == {(fact["method"], fact["path"]) for fact in DOCUMENTED}
    assert len(SERVED) == 32


def test_operations_outside_the_openapi_document_exist_under_documented_fidelity_only() -> None:
    observed = PROVIDER.assumptions.model_validate({"fidelity": "observed"})
    undocumented = [op for op in PROVIDER.operations if op.available_if is not None]
    assert {op.name for op in undocumented} == {"resend_invite", "show_workspace_docs"}
    for op in undocumented:
        assert op.available_if is not None
        assert op.available_if(PROVIDER.assumptions())
        assert not op.available_if(observed)


def test_there_are_fifteen_scopes_and_every_one_is_used() -> None:
    assert len(SCOPES) == 15
    assert {op.scope for op in SERVED.values()} == set(SCOPES)


@operations
def test_an_operation_needs_the_scope_of_its_kind(fact: dict[str, Any]) -> None:
    path = fact["path"]
    kind = "user_attributes" if "/attributes" in path else path.split("/")[1].replace("-", "_")
    access = "read" if fact["method"] == "GET" else "write"
    assert operation(fact).scope == f"{kind}:{access}"


@operations
def test_an_operation_declares_the_documented_statuses(fact: dict[str, Any]) -> None:
    op = operation(fact)
    assert op.status == fact["status"]
    assert set(fact["refusals"]) <= set(op.refusals)
    assert 404 in op.refusals  # for an unknown workspace


@operations
def test_an_operation_returns_the_documented_status_and_content_type(harness: Harness, fact: dict[str, Any]) -> None:
    response = call_operation(harness, fact)
    assert response.status_code == fact["status"], response.text
    empty = fact["status"] == 204
    assert response.headers["Content-Type"] == ("text/plain" if empty else "application/json")
    assert (response.data == b"") == empty


@operations
def test_a_response_has_exactly_the_documented_fields(harness: Harness, fact: dict[str, Any]) -> None:
    response = call_operation(harness, fact)
    match fact["answer"]:
        case None:
            assert response.data == b""
        case str() as schema:
            check_object(response.json, schema)
        case {"data": {"items": schema}}:
            assert list(response.json) == ["data", "meta"]
            assert response.json["data"]
            check_object(response.json["meta"], "ApiMeta")
            for record in response.json["data"]:
                check_object(record, schema)


@operations
def test_a_response_matches_the_declared_model(harness: Harness, fact: dict[str, Any]) -> None:
    model = operation(fact).response_model
    assert (model is None) == (fact["answer"] is None)
    if model is not None:
        body = call_operation(harness, fact).json
        for record in body.get("data", [body]):
            model.model_validate(record, strict=True)


@operations
def test_a_refusal_has_exactly_the_documented_fields(harness: Harness, fact: dict[str, Any]) -> None:
    response = send_request(harness, fact["method"], fill_path(fact), key=None)
    assert response.status_code == 401
    check_object(response.json, "ProblemDetail")


def test_every_keyword_of_the_contract_is_checked_here() -> None:
    field_keywords = {keyword for fields in FACTS["schemas"].values() for field in fields.values() for keyword in field}
    assert field_keywords == CHECKED_KEYWORDS
    parameter_keywords = {
        keyword for fact in DOCUMENTED for parameter in fact["parameters"].values() for keyword in parameter
    }
    assert parameter_keywords == {"in", "type", "required", "maxLength", "maximum", "default"}
    assert set(FACTS["schemas"]) == {*MODELS, *BODIES, "ProblemDetail"}


@pytest.mark.parametrize("schema", MODELS)
def test_a_model_has_the_documented_nullability_and_enums(schema: str) -> None:
    properties = MODELS[schema].model_json_schema()["properties"]
    for name, fact in FACTS["schemas"][schema].items():
        kinds = {each.get("type") for each in properties[name].get("anyOf", [properties[name]])}
        # Observed: a session of an application has no user. Documented: every session has one.
        assert ("null" in kinds) == bool(fact.get("nullable") or (schema, name) == ("SessionDto", "userId")), name
        # Observed: the product has a third access type.
        assert set(properties[name].get("enum", ())) - {"bearer_only"} == set(fact.get("enum", ())), name


@operations
def test_no_response_contains_internal_fields(harness: Harness, fact: dict[str, Any]) -> None:
    assert not re.search(r'"_\w+":', call_operation(harness, fact).text)


@operations
def test_the_documented_query_parameters_are_accepted(fact: dict[str, Any]) -> None:
    names = {name for name, parameter in fact["parameters"].items() if parameter["in"] == "query"}
    query = operation(fact).query
    assert names <= set(query.model_fields if query else ())


@operations
def test_path_parameters_are_validated_as_documented(harness: Harness, fact: dict[str, Any]) -> None:
    parameters = {name: parameter for name, parameter in fact["parameters"].items() if parameter["in"] == "path"}
    assert set(parameters) == set(re.findall(r"{(\w+)}", fact["path"]))
    assert all(parameter["required"] for parameter in parameters.values())
    body = {"json": BODIES[fact["body"]]} if fact["body"] else {}
    for name in (name for name, parameter in parameters.items() if parameter["type"] == "integer"):
        wrong = fill_path({"path": fact["path"].replace(f"{{{name}}}", "x")})
        assert send_request(harness, fact["method"], wrong, **body).status_code == 400
    for name, parameter in parameters.items():
        if "maxLength" in parameter and fact["method"] == "PUT":
            for more, status in ((1, 422), (0, fact["status"])):
                path = fill_path({"path": fact["path"].replace(f"{{{name}}}", "k" * (parameter["maxLength"] + more))})
                assert send_request(harness, "PUT", path, **body).status_code == status


def test_an_operation_reads_a_body_only_if_one_is_documented() -> None:
    for fact in DOCUMENTED:
        assert (operation(fact).body is None) == (fact["body"] is None), operation_title(fact)


@with_body
def test_a_nullable_field_may_be_null_and_a_required_field_may_not(harness: Harness, fact: dict[str, Any]) -> None:
    for name, field in FACTS["schemas"][fact["body"]].items():
        if field.get("nullable"):
            assert call_operation(harness, fact, **{name: None}).status_code == fact["status"], name
        elif field.get("required"):
            assert call_operation(harness, fact, **{name: None}).status_code == 400, name


@with_body
def test_the_documented_pattern_and_format_are_enforced(harness: Harness, fact: dict[str, Any]) -> None:
    for name, field in FACTS["schemas"][fact["body"]].items():
        if "pattern" in field:
            for text in ("Az09._-", "a b", "é", "a/"):
                status = fact["status"] if re.fullmatch(field["pattern"], text) else 422
                assert call_operation(harness, fact, **{name: text}).status_code == status, text
        if field.get("format") == "email":
            assert call_operation(harness, fact, **{name: "nobody"}).status_code == 422


@with_body
def test_every_documented_enum_value_is_accepted_and_returned(harness: Harness, fact: dict[str, Any]) -> None:
    for name, field in FACTS["schemas"][fact["body"]].items():
        for value in field.get("enum", ()):
            body = {name: value, **({"name": f"role-{value}"} if name == "scope" else {})}
            assert call_operation(harness, fact, **body).json[name].lower() == value
        if "items" in field:
            assert call_operation(harness, fact, **{name: [WRONG[field["items"]]]}).status_code == 400


def test_a_role_without_a_scope_has_the_documented_default(harness: Harness) -> None:
    default = FACTS["schemas"]["CreateRoleRequest"]["scope"]["default"]
    assert send_request(harness, "POST", "/roles", json={"name": "fresh"}).json["scope"].lower() == default


@with_body
def test_a_body_accepts_every_documented_field(fact: dict[str, Any]) -> None:
    model = operation(fact).body
    assert model is not None
    assert set(FACTS["schemas"][fact["body"]]) == set(BODIES[fact["body"]])
    assert set(model.model_fields) - {"sendInvite"} == set(BODIES[fact["body"]])


@with_body
def test_a_body_without_a_required_field_is_refused(harness: Harness, fact: dict[str, Any]) -> None:
    for name, field in FACTS["schemas"][fact["body"]].items():
        body = {other: value for other, value in BODIES[fact["body"]].items() if other != name}
        response = send_request(harness, fact["method"], fill_path(fact), json=body)
        assert (response.status_code == 400) == bool(field.get("required")), name


@with_body
def test_a_field_of_another_type_is_refused(harness: Harness, fact: dict[str, Any]) -> None:
    for name, field in FACTS["schemas"][fact["body"]].items():
        assert call_operation(harness, fact, **{name: WRONG[field["type"]]}).status_code == 400, name


@with_body
def test_a_text_over_its_documented_limit_is_refused(harness: Harness, fact: dict[str, Any]) -> None:
    for name, field in FACTS["schemas"][fact["body"]].items():
        if "maxLength" in field:
            assert call_operation(harness, fact, **{name: "x" * field["maxLength"]}).status_code == fact["status"], name
            assert call_operation(harness, fact, **{name: "x" * (field["maxLength"] + 1)}).status_code == 422, name
        if "minLength" in field:
            assert call_operation(harness, fact, **{name: "x" * (field["minLength"] - 1)}).status_code == 422, name


def test_a_mapper_without_flags_has_the_documented_defaults(harness: Harness) -> None:
    fields = FACTS["schemas"]["UpsertClaimMapperRequest"]
    assert send_request(harness, "PUT", "/claim-mappers/fresh", json={"claimName": "fresh"}).status_code == 204
    created = next(
        each
        for each in send_request(harness, "GET", "/claim-mappers").json["mappers"]
        if each["attributeKey"] == "fresh"
    )
    for name in ("includeInAccess", "includeInId"):
        assert created[name] == fields[name]["default"]


def test_audit_logs_have_the_documented_page_size_and_maximum(harness: Harness) -> None:
    parameters = next(fact for fact in DOCUMENTED if fact["path"] == "/audit-logs")["parameters"]
    limit = parameters["limit"]
    assert send_request(harness, "GET", "/audit-logs").json["meta"]["offset"] == parameters["offset"]["default"]
    assert send_request(harness, "GET", "/audit-logs").json["meta"]["limit"] == limit["default"]
    assert send_request(harness, "GET", "/audit-logs?limit=5000").json["meta"]["limit"] == limit["maximum"]

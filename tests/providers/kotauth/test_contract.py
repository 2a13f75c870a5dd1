"""Kotauth's operations, statuses, fields and scopes against the bare facts of its OpenAPI document."""

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
"""What a fact may say of a field, all of it held by a test here."""
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
    return re.sub(r"{(\w+)}", lambda found: str(IDS[found[1]]), fact["path"])


def send_request(harness: Harness, method: str, path: str, **options: Any) -> ApiResponse:
    return harness.request(method, f"/t/kotauth/api/v1{path}", sandbox="kotauth", **options)


def call_operation(harness: Harness, fact: dict[str, Any], **changes: Any) -> ApiResponse:
    options = {"json": {**BODIES[fact["body"]], **changes}} if fact["body"] else {}
    return send_request(harness, fact["method"], fill_path(fact), **options)


def operation(fact: dict[str, Any]) -> Operation:
    return SERVED[fact["method"], fact["path"]]


def check_object(shown: dict[str, Any], schema: str) -> None:
    """Every field of the schema is there, none that is not, each of its type, within its enum and its limits."""
    fields = FACTS["schemas"][schema]
    # Documented on the page about users, and not in the OpenAPI document.
    assert set(shown) - {"requiredActions"} == set(fields), schema
    for name, fact in fields.items():
        value = shown[name]
        if value is None:
            assert fact.get("nullable"), name
            continue
        assert type(value) is TYPES[fact["type"]], name
        assert "enum" not in fact or value in fact["enum"], name
        assert len(str(value)) <= fact.get("maxLength", 10_000)
        assert re.fullmatch(FORMATS[fact.get("format")], str(value), re.DOTALL), name
        for each in value if "items" in fact else ():
            check_item(each, fact["items"])


def check_item(shown: Any, kind: str) -> None:
    if kind in TYPES:
        assert type(shown) is TYPES[kind]
    else:
        check_object(shown, kind)


def test_exactly_the_documented_operations_are_served() -> None:
    assert set(SERVED) == {(fact["method"], fact["path"]) for fact in DOCUMENTED}
    assert len(SERVED) == 32


def test_what_only_pages_speak_of_is_offered_by_the_documented_face_only() -> None:
    given = PROVIDER.assumptions.model_validate({"fidelity": "observed"})
    ours = [op for op in PROVIDER.operations if op.available_if is not None]
    assert {op.name for op in ours} == {"resend_invite", "show_workspace_docs"}
    for op in ours:
        assert op.available_if is not None
        assert op.available_if(PROVIDER.assumptions())
        assert not op.available_if(given)


def test_there_are_fifteen_scopes_and_every_one_opens_something() -> None:
    assert len(SCOPES) == 15
    assert {op.scope for op in SERVED.values()} == set(SCOPES)


@operations
def test_an_operation_needs_the_scope_of_its_kind(fact: dict[str, Any]) -> None:
    path = fact["path"]
    kind = "user_attributes" if "/attributes" in path else path.split("/")[1].replace("-", "_")
    right = "read" if fact["method"] == "GET" else "write"
    assert operation(fact).scope == f"{kind}:{right}"


@operations
def test_an_operation_declares_the_documented_statuses(fact: dict[str, Any]) -> None:
    op = operation(fact)
    assert op.status == fact["status"]
    assert set(fact["refusals"]) <= set(op.refusals)
    assert 404 in op.refusals  # The workspace may be missing.


@operations
def test_an_operation_answers_with_the_documented_status_and_type(harness: Harness, fact: dict[str, Any]) -> None:
    answer = call_operation(harness, fact)
    assert answer.status_code == fact["status"], answer.text
    empty = fact["status"] == 204
    assert answer.headers["Content-Type"] == ("text/plain" if empty else "application/json")
    assert (answer.data == b"") == empty


@operations
def test_an_answer_has_exactly_the_documented_fields(harness: Harness, fact: dict[str, Any]) -> None:
    answer = call_operation(harness, fact)
    match fact["answer"]:
        case None:
            assert answer.data == b""
        case str() as schema:
            check_object(answer.json, schema)
        case {"data": {"items": schema}}:
            assert list(answer.json) == ["data", "meta"]
            assert answer.json["data"]
            check_object(answer.json["meta"], "ApiMeta")
            for record in answer.json["data"]:
                check_object(record, schema)


@operations
def test_an_answer_is_what_the_operation_declares(harness: Harness, fact: dict[str, Any]) -> None:
    model = operation(fact).response_model
    assert (model is None) == (fact["answer"] is None)
    if model is not None:
        said = call_operation(harness, fact).json
        for record in said.get("data", [said]):
            model.model_validate(record, strict=True)


@operations
def test_a_refusal_has_exactly_the_documented_fields(harness: Harness, fact: dict[str, Any]) -> None:
    answer = send_request(harness, fact["method"], fill_path(fact), key=None)
    assert answer.status_code == 401
    check_object(answer.json, "ProblemDetail")


def test_every_fact_about_a_field_is_of_a_kind_that_is_held_here() -> None:
    said = {kind for fields in FACTS["schemas"].values() for fact in fields.values() for kind in fact}
    assert said == CHECKED_KEYWORDS
    told = {kind for fact in DOCUMENTED for said in fact["parameters"].values() for kind in said}
    assert told == {"in", "type", "required", "maxLength", "maximum", "default"}
    assert set(FACTS["schemas"]) == {*MODELS, *BODIES, "ProblemDetail"}


@pytest.mark.parametrize("schema", MODELS)
def test_a_model_says_null_and_values_where_the_documents_do(schema: str) -> None:
    properties = MODELS[schema].model_json_schema()["properties"]
    for name, fact in FACTS["schemas"][schema].items():
        kinds = {each.get("type") for each in properties[name].get("anyOf", [properties[name]])}
        # In the product a session of an application has no user; its documents give every session one.
        assert ("null" in kinds) == bool(fact.get("nullable") or (schema, name) == ("SessionDto", "userId")), name
        # The product has a third access type.
        assert set(properties[name].get("enum", ())) - {"bearer_only"} == set(fact.get("enum", ())), name


@operations
def test_no_body_shows_what_is_kept_beside_a_record(harness: Harness, fact: dict[str, Any]) -> None:
    assert not re.search(r'"_\w+":', call_operation(harness, fact).text)


@operations
def test_the_documented_parameters_are_taken(fact: dict[str, Any]) -> None:
    names = {name for name, said in fact["parameters"].items() if said["in"] == "query"}
    query = operation(fact).query
    assert names <= set(query.model_fields if query else ())


@operations
def test_a_path_takes_ids_and_keys_as_documented(harness: Harness, fact: dict[str, Any]) -> None:
    said = {name: each for name, each in fact["parameters"].items() if each["in"] == "path"}
    assert set(said) == set(re.findall(r"{(\w+)}", fact["path"]))
    assert all(each["required"] for each in said.values())
    body = {"json": BODIES[fact["body"]]} if fact["body"] else {}
    for name in (name for name, each in said.items() if each["type"] == "integer"):
        wrong = fill_path({"path": fact["path"].replace(f"{{{name}}}", "x")})
        assert send_request(harness, fact["method"], wrong, **body).status_code == 400
    for name, each in said.items():
        if "maxLength" in each and fact["method"] == "PUT":
            for more, status in ((1, 422), (0, fact["status"])):
                path = fill_path({"path": fact["path"].replace(f"{{{name}}}", "k" * (each["maxLength"] + more))})
                assert send_request(harness, "PUT", path, **body).status_code == status


def test_only_operations_with_a_documented_body_read_one() -> None:
    for fact in DOCUMENTED:
        assert (operation(fact).body is None) == (fact["body"] is None), operation_title(fact)


@with_body
def test_a_field_may_be_null_where_the_documents_say_so_and_not_where_it_is_required(
    harness: Harness, fact: dict[str, Any]
) -> None:
    for name, said in FACTS["schemas"][fact["body"]].items():
        if said.get("nullable"):
            assert call_operation(harness, fact, **{name: None}).status_code == fact["status"], name
        elif said.get("required"):
            assert call_operation(harness, fact, **{name: None}).status_code == 400, name


@with_body
def test_a_text_is_of_its_documented_pattern_and_format(harness: Harness, fact: dict[str, Any]) -> None:
    for name, said in FACTS["schemas"][fact["body"]].items():
        if "pattern" in said:
            for text in ("Az09._-", "a b", "é", "a/"):
                status = fact["status"] if re.fullmatch(said["pattern"], text) else 422
                assert call_operation(harness, fact, **{name: text}).status_code == status, text
        if said.get("format") == "email":
            assert call_operation(harness, fact, **{name: "nobody"}).status_code == 422


@with_body
def test_every_documented_value_of_a_field_is_taken_and_shown(harness: Harness, fact: dict[str, Any]) -> None:
    for name, said in FACTS["schemas"][fact["body"]].items():
        for value in said.get("enum", ()):
            body = {name: value, **({"name": f"role-{value}"} if name == "scope" else {})}
            assert call_operation(harness, fact, **body).json[name].lower() == value
        if "items" in said:
            assert call_operation(harness, fact, **{name: [WRONG[said["items"]]]}).status_code == 400


def test_a_role_without_a_scope_has_the_documented_default(harness: Harness) -> None:
    default = FACTS["schemas"]["CreateRoleRequest"]["scope"]["default"]
    assert send_request(harness, "POST", "/roles", json={"name": "fresh"}).json["scope"].lower() == default


@with_body
def test_a_body_takes_every_documented_field(fact: dict[str, Any]) -> None:
    model = operation(fact).body
    assert model is not None
    assert set(FACTS["schemas"][fact["body"]]) == set(BODIES[fact["body"]])
    assert set(model.model_fields) - {"sendInvite"} == set(BODIES[fact["body"]])


@with_body
def test_a_body_without_a_required_field_is_refused(harness: Harness, fact: dict[str, Any]) -> None:
    for name, said in FACTS["schemas"][fact["body"]].items():
        body = {other: value for other, value in BODIES[fact["body"]].items() if other != name}
        answer = send_request(harness, fact["method"], fill_path(fact), json=body)
        assert (answer.status_code == 400) == bool(said.get("required")), name


@with_body
def test_a_field_of_another_type_is_refused(harness: Harness, fact: dict[str, Any]) -> None:
    for name, said in FACTS["schemas"][fact["body"]].items():
        assert call_operation(harness, fact, **{name: WRONG[said["type"]]}).status_code == 400, name


@with_body
def test_a_text_over_its_documented_limit_is_refused(harness: Harness, fact: dict[str, Any]) -> None:
    for name, said in FACTS["schemas"][fact["body"]].items():
        if "maxLength" in said:
            assert call_operation(harness, fact, **{name: "x" * said["maxLength"]}).status_code == fact["status"], name
            assert call_operation(harness, fact, **{name: "x" * (said["maxLength"] + 1)}).status_code == 422, name
        if "minLength" in said:
            assert call_operation(harness, fact, **{name: "x" * (said["minLength"] - 1)}).status_code == 422, name


def test_a_mapper_without_flags_has_the_documented_defaults(harness: Harness) -> None:
    fields = FACTS["schemas"]["UpsertClaimMapperRequest"]
    assert send_request(harness, "PUT", "/claim-mappers/fresh", json={"claimName": "fresh"}).status_code == 204
    made = next(
        each
        for each in send_request(harness, "GET", "/claim-mappers").json["mappers"]
        if each["attributeKey"] == "fresh"
    )
    for name in ("includeInAccess", "includeInId"):
        assert made[name] == fields[name]["default"]


def test_audit_logs_have_the_documented_page_size_and_maximum(harness: Harness) -> None:
    said = next(fact for fact in DOCUMENTED if fact["path"] == "/audit-logs")["parameters"]
    limit = said["limit"]
    assert send_request(harness, "GET", "/audit-logs").json["meta"]["offset"] == said["offset"]["default"]
    assert send_request(harness, "GET", "/audit-logs").json["meta"]["limit"] == limit["default"]
    assert send_request(harness, "GET", "/audit-logs?limit=5000").json["meta"]["limit"] == limit["maximum"]

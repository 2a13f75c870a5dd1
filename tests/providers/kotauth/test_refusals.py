"""Kotauth's refusals, their order and their texts, under both fidelities unless a setting differs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.engine import Settings
from mockserver.providers.kotauth import PROVIDER
from tests.support.harness import Harness, make_harness

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

BASE = "/t/kotauth/api/v1"
INVALID = ("Invalid API key", "The provided API key is invalid, expired, or has been revoked.")
NEW_USER = {"username": "new", "email": "new@acme.test", "fullName": "New", "password": "long enough"}
NAME_RULE = "may only contain letters, digits, dots, underscores, and hyphens."
EMAIL_RULE = "A valid email address is required."


@pytest.fixture(params=["documented", "observed"])
def harness(request: pytest.FixtureRequest) -> Harness:
    return make_harness(PROVIDER, first_settings={"kotauth": Settings(assumptions={"fidelity": request.param})})


def send_request(harness: Harness, method: str, path: str, **options: Any) -> ApiResponse:
    return harness.request(method, f"{BASE}{path}", **options)


def mint_scoped_key(harness: Harness, *scopes: str) -> str:
    created = harness.admin("POST", "/sandboxes/kotauth/keys", {"scopes": list(scopes)})
    assert created.status_code == 201
    return str(created.json["secret"])


def check(response: ApiResponse, status: int, title: str, detail: str) -> None:
    """Asserts that a response is exactly this problem."""
    assert response.status_code == status, response.text
    assert response.headers.getlist("Content-Type") == ["application/problem+json"]
    assert list(response.json.items()) == [
        ("type", f"https://kotauth.dev/errors/{status}"),
        ("title", title),
        ("status", status),
        ("detail", detail),
    ]


# Order of the checks


def test_an_unknown_path_is_404_before_the_key_is_checked(harness: Harness) -> None:
    assert send_request(harness, "GET", "/nothing", key=None).status_code == 404
    assert send_request(harness, "GET", "/users/1/nothing", key=None).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "HEAD", "OPTIONS", "DELETE"])
def test_an_unsupported_method_is_405_before_the_key_is_checked(harness: Harness, method: str) -> None:
    assert send_request(harness, method, "/users", key=None).status_code == 405


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer sk_x", "Basic kauth_x", "kauth_x"])
def test_without_a_well_formed_key_a_call_is_401_even_for_an_unknown_workspace(
    harness: Harness, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    for slug in ("kotauth", "nobodys"):
        response = harness.request("GET", f"/t/{slug}/api/v1/users", key=None, headers=headers)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="KotAuth REST API"'


@pytest.mark.parametrize("key", ["kauth_wrong", None])
def test_an_unknown_workspace_is_404_whatever_the_key_is(harness: Harness, key: str | None) -> None:
    response = harness.request("GET", "/t/nobodys/api/v1/users/x", key=key or harness.key())
    check(response, 404, "Tenant not found", "No workspace with slug 'nobodys' exists.")


def make_bad_key(harness: Harness, defect: str) -> str:
    if defect == "another workspace's":
        created = harness.admin("POST", "/sandboxes", {"provider": "kotauth", "name": "other", "slug": "other"})
        return str(created.json["keys"][0]["secret"])
    if defect == "unknown":
        return "kauth_kotauth_" + "x" * 43
    parameters = {"name": defect, "expires_on": "2026-03-01"} if defect == "expired" else {"name": defect}
    created = harness.admin("POST", "/sandboxes/kotauth/simulations/make_key", parameters)
    assert created.status_code == 200, created.text
    secret = str(created.json["result"]["secret"] if "result" in created.json else created.json["secret"])
    if defect == "revoked":
        assert harness.admin("POST", "/sandboxes/kotauth/simulations/revoke_key", {"key": secret}).status_code == 200
    return secret


@pytest.mark.parametrize("defect", ["unknown", "another workspace's", "revoked", "expired"])
def test_every_invalid_key_gets_the_same_response(harness: Harness, defect: str) -> None:
    for path in ("/users", "/users/x"):
        check(send_request(harness, "GET", path, key=make_bad_key(harness, defect)), 401, *INVALID)
        if defect == "another workspace's":
            return


def test_a_key_is_valid_until_midnight_at_the_start_of_its_last_day(harness: Harness) -> None:
    midnight = {"action": "freeze", "at": "2026-03-02T00:00:00Z"}
    parameters = {"name": "day", "expires_on": "2026-03-02"}
    created = harness.admin("POST", "/sandboxes/kotauth/simulations/make_key", parameters).json
    secret = (created.get("result") or created)["secret"]
    assert harness.admin("PUT", "/sandboxes/kotauth/clock", midnight).status_code == 200
    assert send_request(harness, "GET", "/users", key=secret).status_code == 200
    harness.advance("1ms", "kotauth")
    check(send_request(harness, "GET", "/users", key=secret), 401, *INVALID)


@pytest.mark.parametrize(
    "operation", [op for op in PROVIDER.operations if op.scope], ids=[op.name for op in PROVIDER.operations if op.scope]
)
def test_the_scope_is_checked_before_ids_and_bodies(harness: Harness, operation: Any) -> None:
    others = [scope for scope in PROVIDER.keys.scopes if scope != operation.scope]
    path = re.sub(r"\{\w+\}", "x", operation.path.replace("{slug}", "kotauth"))
    response = harness.request(operation.method, path, key=mint_scoped_key(harness, *others), data=b"{")
    if operation.available_if and not operation.available_if(harness.sandbox.assumptions):
        assert (response.status_code, response.data) == (404, b"")
        return
    detail = f"This API key does not have the '{operation.scope}' permission."
    check(response, 403, "Insufficient scope", detail)


@pytest.mark.parametrize("id", ["x", "1.5", "2147483648", "-2147483649", "1e3", "%20", "9" * 30])
def test_an_id_that_is_not_a_32_bit_integer_is_refused_before_the_body_is_read(harness: Harness, id: str) -> None:
    check(send_request(harness, "PUT", f"/users/{id}", data=b"{"), 400, "Invalid user ID", "userId must be an integer.")


@pytest.mark.parametrize(
    ("method", "path", "title", "detail"),
    [
        ("GET", "/users/x", "Invalid user ID", "userId must be an integer."),
        ("DELETE", "/users/x", "Invalid user ID", "userId must be an integer."),
        ("GET", "/users/x/attributes", "Invalid user ID", "userId must be an integer."),
        ("PUT", "/users/x/attributes/a", "Invalid user ID", "userId must be an integer."),
        ("DELETE", "/users/x/attributes/a", "Invalid user ID", "userId must be an integer."),
        ("POST", "/users/x/roles/x", "Invalid user ID", ""),
        ("DELETE", "/users/1/roles/x", "Invalid role ID", ""),
        ("POST", "/groups/x/members/x", "Invalid group ID", ""),
        ("DELETE", "/groups/1/members/x", "Invalid user ID", ""),
        ("GET", "/roles/x", "Invalid role ID", ""),
        ("PUT", "/groups/x", "Invalid group ID", ""),
        ("GET", "/applications/acme-mobile", "Invalid application ID", ""),
        ("DELETE", "/sessions/x", "Invalid session ID", ""),
    ],
)
def test_every_kind_of_id_has_its_own_refusal(
    harness: Harness, method: str, path: str, title: str, detail: str
) -> None:
    check(send_request(harness, method, path), 400, title, detail)


def test_ids_are_read_as_integers(harness: Harness) -> None:
    for id in ("+1", "01", "0000000001"):
        assert send_request(harness, "GET", f"/users/{id}").json["id"] == 1
    check(
        send_request(harness, "GET", "/users/-1"),
        404,
        "User not found",
        "No user with id UserId(value=-1) in this workspace.",
    )


def test_the_body_is_checked_before_records_are_looked_up(harness: Harness) -> None:
    expected = 400 if harness.sandbox.assumptions.model_dump()["fidelity"] == "documented" else 500
    for path in ("/users/99", "/roles/99", "/groups/99", "/applications/99"):
        assert send_request(harness, "PUT", path, data=b"{").status_code == expected
        assert send_request(harness, "PUT", path, json={"name": 1.5, "email": []}).status_code == expected


# Missing records


UPDATE = {"name": "n", "email": "e@acme.test", "fullName": "F", "accessType": "public", "redirectUris": []}


@pytest.mark.parametrize(
    ("method", "path", "fields", "title", "detail"),
    [
        ("GET", "/users/99", "", "User not found", "No user with id UserId(value=99) in this workspace."),
        ("GET", "/roles/99", "", "Role not found", "No role with id RoleId(value=99)."),
        ("GET", "/groups/99", "", "Group not found", "No group with id GroupId(value=99)."),
        ("GET", "/applications/99", "", "Application not found", "No application with id ApplicationId(value=99)."),
        ("DELETE", "/sessions/99", "", "Session not found", "No session with id SessionId(value=99)."),
        ("PUT", "/users/99", "email fullName", "Not Found", "User 99 not found."),
        ("DELETE", "/users/99", "", "Not Found", "User 99 not found."),
        ("PUT", "/roles/99", "name", "Not Found", "Role not found."),
        ("DELETE", "/roles/99", "", "Not Found", "Role not found."),
        ("PUT", "/groups/99", "name", "Not Found", "Group not found."),
        ("DELETE", "/groups/99", "", "Not Found", "Group not found."),
        ("PUT", "/applications/99", "name accessType redirectUris", "Not Found", "Application not found."),
        ("DELETE", "/applications/99", "", "Not Found", "Application not found."),
        ("GET", "/users/99/attributes", "", "Not Found", "No user matched the request."),
        ("DELETE", "/users/99/attributes/a", "", "Not Found", "No user matched the request."),
    ],
)
def test_a_missing_record_is_refused_word_for_word(
    harness: Harness, method: str, path: str, fields: str, title: str, detail: str
) -> None:
    body = {"json": {name: UPDATE[name] for name in fields.split()}} if fields else {}
    check(send_request(harness, method, path, **body), 404, title, detail)


def test_the_parent_of_a_new_group_must_exist(harness: Harness) -> None:
    response = send_request(harness, "POST", "/groups", json={"name": "x", "parentGroupId": 99})
    check(response, 404, "Not Found", "Parent group not found in this workspace.")


# Invalid content


@pytest.mark.parametrize(
    ("changes", "status", "detail"),
    [
        ({"username": " ", "email": "no"}, 422, "Username is required."),
        ({"username": "a b", "email": "no"}, 422, f"Username {NAME_RULE}"),
        ({"username": "a\n"}, 422, f"Username {NAME_RULE}"),
        ({"email": "no", "password": ""}, 422, EMAIL_RULE),
        ({"email": " "}, 422, EMAIL_RULE),
        ({"username": "wayne.simpson.1", "password": "abc"}, 422, "Password must be at least <n> characters."),
        ({"username": "wayne.simpson.1", "email": "wayne.simpson.1@acme.test"}, 409,
         "Username 'wayne.simpson.1' is already taken."),
        ({"email": "Wayne.Simpson.1@ACME.test"}, 409, "Email 'wayne.simpson.1@acme.test' is already registered."),
    ],
)  # fmt: skip
def test_a_new_user_is_refused_for_the_first_rule_it_breaks(
    harness: Harness, changes: dict[str, str], status: int, detail: str
) -> None:
    response = send_request(harness, "POST", "/users", json={**NEW_USER, **changes})
    minimum = "4" if harness.sandbox.assumptions.model_dump()["fidelity"] == "documented" else "8"
    title = {422: "Validation Error", 409: "Conflict"}[status]
    check(response, status, title, detail.replace("<n>", minimum))


def test_usernames_are_case_sensitive_and_emails_are_not(harness: Harness) -> None:
    assert send_request(harness, "POST", "/users", json={**NEW_USER, "username": "Wayne.Simpson.1"}).status_code == 201
    changed = send_request(harness, "PUT", "/users/2", json={"email": "NEW@acme.test", "fullName": "x"})
    check(changed, 409, "Conflict", "Email 'new@acme.test' is already registered.")
    assert (
        send_request(harness, "PUT", "/users/11", json={"email": "NEW@acme.test", "fullName": "x"}).status_code == 200
    )


@pytest.mark.parametrize(
    ("policy", "password", "detail"),
    [
        ({"password_special": True}, "long enough1"[:8] + "a", "one special character."),
        ({"password_uppercase": True, "password_digit": True}, "longenough", "one uppercase letter."),
        ({"password_digit": True}, "longenough", "one number."),
    ],
)
def test_a_password_is_refused_by_the_policy(
    harness: Harness, policy: dict[str, bool], password: str, detail: str
) -> None:
    assert harness.admin("PATCH", "/sandboxes/kotauth", {"assumptions": policy}).status_code == 200
    response = send_request(harness, "POST", "/users", json={**NEW_USER, "password": password.replace(" ", "")})
    check(response, 422, "Validation Error", f"Password must contain at least {detail}")


def test_a_common_password_is_refused_if_the_policy_says_so(harness: Harness) -> None:
    assert (
        harness.admin("PATCH", "/sandboxes/kotauth", {"assumptions": {"password_blacklist": True}}).status_code == 200
    )
    response = send_request(harness, "POST", "/users", json={**NEW_USER, "password": "Password123"})
    check(response, 422, "Validation Error", "This password is too common. Please choose a different one.")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "title", "detail"),
    [
        ("PUT", "/users/1", {"email": "no", "fullName": "x"}, 422, "Validation Error", EMAIL_RULE),
        ("POST", "/roles", {"name": " "}, 422, "Validation Error", "Role name is required."),
        ("POST", "/roles", {"name": "a b"}, 422, "Validation Error", f"Role name {NAME_RULE}"),
        ("POST", "/roles", {"name": "admin"}, 409, "Conflict", "Role 'admin' already exists in this scope."),
        ("PUT", "/roles/1", {"name": ""}, 422, "Validation Error", "Role name is required."),
        ("PUT", "/roles/1", {"name": "user"}, 409, "Conflict", "Role 'user' already exists in this scope."),
        ("POST", "/groups", {"name": " "}, 422, "Validation Error", "Group name is required."),
        ("POST", "/groups", {"name": "Engineering"}, 409, "Conflict",
         "Group 'Engineering' already exists at this level."),
        ("PUT", "/groups/3", {"name": "Engineering"}, 409, "Conflict",
         "Group 'Engineering' already exists at this level."),
        ("PUT", "/applications/2", {**UPDATE, "name": " "}, 422, "Validation Error", "Name is required."),
        ("PUT", "/users/99/attributes/%20", {"value": "x"}, 422, "Validation Error",
         "Attribute key must not be blank."),
        ("PUT", f"/users/99/attributes/{'k' * 65}", {"value": "x"}, 422, "Validation Error",
         "Attribute key must be at most 64 characters."),
        ("PUT", "/users/99/attributes/k", {"value": "x" * 1025}, 422, "Validation Error",
         "Attribute value must be at most 1024 characters."),
        ("PUT", "/users/99/attributes/k", {"value": ""}, 404, "Not Found", "No user matched the request."),
        ("PUT", "/claim-mappers/%20", {"claimName": ""}, 422, "Validation Error", "Attribute key must not be blank."),
        ("PUT", "/claim-mappers/k", {"claimName": " "}, 422, "Validation Error", "Claim name must not be blank."),
        ("PUT", "/claim-mappers/k", {"claimName": "x" * 129}, 422, "Validation Error",
         "Claim name must be at most 128 characters."),
        ("PUT", "/claim-mappers/k", {"claimName": "sub"}, 400, "Reserved Claim Name",
         "The claim name 'sub' is reserved by OIDC/KotAuth and cannot be used."
         " Use a custom prefix, e.g. 'custom:sub'."),
        ("PUT", "/claim-mappers/k", {"claimName": "acme_plan"}, 409, "Duplicate Claim Name",
         "Another attribute in this tenant already maps to claim name 'acme_plan'."),
    ],
)  # fmt: skip
def test_invalid_content_is_refused_word_for_word(
    harness: Harness, method: str, path: str, body: dict[str, Any], status: int, title: str, detail: str
) -> None:
    if "applications" in path:
        body = {name: body[name] for name in ("name", "accessType", "redirectUris")}
    check(send_request(harness, method, path, json=body), status, title, detail)


def test_reserved_claims_are_compared_exactly(harness: Harness) -> None:
    assert send_request(harness, "PUT", "/claim-mappers/k", json={"claimName": "Sub"}).status_code == 204


def test_there_are_at_most_twenty_claim_mappers_and_existing_ones_can_be_changed(harness: Harness) -> None:
    for nth in range(18):
        assert send_request(harness, "PUT", f"/claim-mappers/k{nth}", json={"claimName": f"c{nth}"}).status_code == 204
    full = send_request(harness, "PUT", "/claim-mappers/k20", json={"claimName": "c1"})
    check(full, 409, "Mapper Limit Reached", "This tenant has reached the maximum of 20 claim mappers.")
    assert send_request(harness, "PUT", "/claim-mappers/k1", json={"claimName": "c1"}).status_code == 204


def test_too_many_calls_are_refused_with_retry_after(harness: Harness) -> None:
    assert harness.admin("PATCH", "/sandboxes/kotauth", {"limits": {"rate": 1, "burst": 1}}).status_code == 200
    assert send_request(harness, "GET", "/users").status_code == 200
    response = send_request(harness, "GET", "/users")
    detail = "API write rate limit exceeded for this key in this workspace. Retry after 60 seconds."
    check(response, 429, "Rate limit exceeded", detail)
    assert response.headers["Retry-After"] == "60"


def test_a_refusal_changes_nothing_and_is_not_audited(harness: Harness) -> None:
    before = harness.engine.export("kotauth")["collections"]
    for path in ("/users", "/roles", "/groups"):
        send_request(harness, "POST", path, json={"name": " "})
        send_request(harness, "PUT", f"{path}/99", json={"name": "x", "email": "a@acme.test", "fullName": "x"})
    after = harness.engine.export("kotauth")["collections"]
    assert {name: after[name] for name in after if name[0] != "_"} == {
        name: before[name] for name in before if name[0] != "_"
    }

"""What Kotauth refuses, in which order and in which words; the same on both faces unless a setting says otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.engine import Settings
from mockserver.providers.kotauth import PROVIDER
from tests.support.worlds import World, make_world

if TYPE_CHECKING:
    from tests.support.worlds import Answer

BASE = "/t/kotauth/api/v1"
INVALID = ("Invalid API key", "The provided API key is invalid, expired, or has been revoked.")
NEW_USER = {"username": "new", "email": "new@acme.test", "fullName": "New", "password": "long enough"}
NAME_RULE = "may only contain letters, digits, dots, underscores, and hyphens."
EMAIL_RULE = "A valid email address is required."


@pytest.fixture(params=["documented", "observed"])
def world(request: pytest.FixtureRequest) -> World:
    """A world that shows one face, then one that shows the other."""
    return make_world(PROVIDER, firsts={"kotauth": Settings(assumptions={"fidelity": request.param})})


def ask(world: World, method: str, path: str, **options: Any) -> Answer:
    return world.ask(method, f"{BASE}{path}", **options)


def scoped(world: World, *scopes: str) -> str:
    made = world.admin("POST", "/sandboxes/kotauth/keys", {"scopes": list(scopes)})
    assert made.status_code == 201
    return str(made.json["secret"])


def check(answer: Answer, status: int, title: str, detail: str) -> None:
    """The answer is exactly this problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers.getlist("Content-Type") == ["application/problem+json"]
    assert list(answer.json.items()) == [
        ("type", f"https://kotauth.dev/errors/{status}"),
        ("title", title),
        ("status", status),
        ("detail", detail),
    ]


# The order, each refusal before the next


def test_a_path_nobody_knows_is_404_before_any_key_is_asked_for(world: World) -> None:
    assert ask(world, "GET", "/nothing", key=None).status_code == 404
    assert ask(world, "GET", "/users/1/nothing", key=None).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "HEAD", "OPTIONS", "DELETE"])
def test_a_method_the_path_has_not_is_405_before_any_key_is_asked_for(world: World, method: str) -> None:
    assert ask(world, method, "/users", key=None).status_code == 405


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer sk_x", "Basic kauth_x", "kauth_x"])
def test_without_a_key_that_could_be_one_it_is_401_even_where_no_workspace_is(world: World, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for slug in ("kotauth", "nobodys"):
        answer = world.ask("GET", f"/t/{slug}/api/v1/users", key=None, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="KotAuth REST API"'


@pytest.mark.parametrize("key", ["kauth_wrong", None])
def test_a_workspace_nobody_knows_is_404_whatever_the_key_is(world: World, key: str | None) -> None:
    answer = world.ask("GET", "/t/nobodys/api/v1/users/x", key=key or world.key())
    check(answer, 404, "Tenant not found", "No workspace with slug 'nobodys' exists.")


def bad_key(world: World, why: str) -> str:
    if why == "another workspace's":
        made = world.admin("POST", "/sandboxes", {"provider": "kotauth", "name": "other", "slug": "other"})
        return str(made.json["keys"][0]["secret"])
    if why == "unknown":
        return "kauth_kotauth_" + "x" * 43
    run = {"name": why, "expires_on": "2026-03-01"} if why == "expired" else {"name": why}
    made = world.admin("POST", "/sandboxes/kotauth/simulations/make_key", run)
    assert made.status_code == 200, made.text
    secret = str(made.json["result"]["secret"] if "result" in made.json else made.json["secret"])
    if why == "revoked":
        assert world.admin("POST", "/sandboxes/kotauth/simulations/revoke_key", {"key": secret}).status_code == 200
    return secret


@pytest.mark.parametrize("why", ["unknown", "another workspace's", "revoked", "expired"])
def test_a_bad_key_gets_the_same_answer_whatever_is_bad_about_it(world: World, why: str) -> None:
    for path in ("/users", "/users/x"):
        check(ask(world, "GET", path, key=bad_key(world, why)), 401, *INVALID)
        if why == "another workspace's":
            return


def test_a_key_is_good_until_the_first_instant_of_its_last_day_has_passed(world: World) -> None:
    midnight = {"action": "freeze", "at": "2026-03-02T00:00:00Z"}
    run = {"name": "day", "expires_on": "2026-03-02"}
    made = world.admin("POST", "/sandboxes/kotauth/simulations/make_key", run).json
    secret = (made.get("result") or made)["secret"]
    assert world.admin("PUT", "/sandboxes/kotauth/clock", midnight).status_code == 200
    assert ask(world, "GET", "/users", key=secret).status_code == 200
    world.advance("1ms", "kotauth")
    check(ask(world, "GET", "/users", key=secret), 401, *INVALID)


@pytest.mark.parametrize(
    "operation", [op for op in PROVIDER.operations if op.scope], ids=[op.name for op in PROVIDER.operations if op.scope]
)
def test_a_scope_is_asked_for_before_ids_and_bodies_are_read(world: World, operation: Any) -> None:
    others = [scope for scope in PROVIDER.keys.scopes if scope != operation.scope]
    path = re.sub(r"\{\w+\}", "x", operation.path.replace("{slug}", "kotauth"))
    answer = world.ask(operation.method, path, key=scoped(world, *others), data=b"{")
    if operation.offered and not operation.offered(world.sandbox.assumptions):
        assert (answer.status_code, answer.data) == (404, b"")
        return
    detail = f"This API key does not have the '{operation.scope}' permission."
    check(answer, 403, "Insufficient scope", detail)


@pytest.mark.parametrize("id", ["x", "1.5", "2147483648", "-2147483649", "1e3", "%20", "9" * 30])
def test_an_id_that_is_no_32_bit_integer_is_refused_before_the_body_is_read(world: World, id: str) -> None:
    check(ask(world, "PUT", f"/users/{id}", data=b"{"), 400, "Invalid user ID", "userId must be an integer.")


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
def test_every_kind_of_id_has_its_own_refusal(world: World, method: str, path: str, title: str, detail: str) -> None:
    check(ask(world, method, path), 400, title, detail)


def test_ids_are_read_as_integers(world: World) -> None:
    for id in ("+1", "01", "0000000001"):
        assert ask(world, "GET", f"/users/{id}").json["id"] == 1
    check(ask(world, "GET", "/users/-1"), 404, "User not found", "No user with id UserId(value=-1) in this workspace.")


def test_a_body_is_read_before_records_are_looked_for(world: World) -> None:
    expected = 400 if world.sandbox.assumptions.model_dump()["fidelity"] == "documented" else 500
    for path in ("/users/99", "/roles/99", "/groups/99", "/applications/99"):
        assert ask(world, "PUT", path, data=b"{").status_code == expected
        assert ask(world, "PUT", path, json={"name": 1.5, "email": []}).status_code == expected


# Missing


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
def test_what_is_not_there_is_said_word_for_word(
    world: World, method: str, path: str, fields: str, title: str, detail: str
) -> None:
    body = {"json": {name: UPDATE[name] for name in fields.split()}} if fields else {}
    check(ask(world, method, path, **body), 404, title, detail)


def test_the_parent_of_a_new_group_must_be_there(world: World) -> None:
    answer = ask(world, "POST", "/groups", json={"name": "x", "parentGroupId": 99})
    check(answer, 404, "Not Found", "Parent group not found in this workspace.")


# Content


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
    world: World, changes: dict[str, str], status: int, detail: str
) -> None:
    answer = ask(world, "POST", "/users", json={**NEW_USER, **changes})
    least = "4" if world.sandbox.assumptions.model_dump()["fidelity"] == "documented" else "8"
    title = {422: "Validation Error", 409: "Conflict"}[status]
    check(answer, status, title, detail.replace("<n>", least))


def test_usernames_differ_by_case_and_emails_do_not(world: World) -> None:
    assert ask(world, "POST", "/users", json={**NEW_USER, "username": "Wayne.Simpson.1"}).status_code == 201
    changed = ask(world, "PUT", "/users/2", json={"email": "NEW@acme.test", "fullName": "x"})
    check(changed, 409, "Conflict", "Email 'new@acme.test' is already registered.")
    assert ask(world, "PUT", "/users/11", json={"email": "NEW@acme.test", "fullName": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("policy", "password", "detail"),
    [
        ({"password_special": True}, "long enough1"[:8] + "a", "one special character."),
        ({"password_uppercase": True, "password_digit": True}, "longenough", "one uppercase letter."),
        ({"password_digit": True}, "longenough", "one number."),
    ],
)
def test_a_password_is_refused_by_the_policy(world: World, policy: dict[str, bool], password: str, detail: str) -> None:
    assert world.admin("PATCH", "/sandboxes/kotauth", {"assumptions": policy}).status_code == 200
    answer = ask(world, "POST", "/users", json={**NEW_USER, "password": password.replace(" ", "")})
    check(answer, 422, "Validation Error", f"Password must contain at least {detail}")


def test_a_common_password_is_refused_where_the_policy_says_so(world: World) -> None:
    assert world.admin("PATCH", "/sandboxes/kotauth", {"assumptions": {"password_blacklist": True}}).status_code == 200
    answer = ask(world, "POST", "/users", json={**NEW_USER, "password": "Password123"})
    check(answer, 422, "Validation Error", "This password is too common. Please choose a different one.")


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
def test_content_is_refused_word_for_word(
    world: World, method: str, path: str, body: dict[str, Any], status: int, title: str, detail: str
) -> None:
    if "applications" in path:
        body = {name: body[name] for name in ("name", "accessType", "redirectUris")}
    check(ask(world, method, path, json=body), status, title, detail)


def test_reserved_claims_are_compared_exactly(world: World) -> None:
    assert ask(world, "PUT", "/claim-mappers/k", json={"claimName": "Sub"}).status_code == 204


def test_there_are_twenty_claim_mappers_at_most_and_they_can_still_be_changed(world: World) -> None:
    for nth in range(18):
        assert ask(world, "PUT", f"/claim-mappers/k{nth}", json={"claimName": f"c{nth}"}).status_code == 204
    full = ask(world, "PUT", "/claim-mappers/k20", json={"claimName": "c1"})
    check(full, 409, "Mapper Limit Reached", "This tenant has reached the maximum of 20 claim mappers.")
    assert ask(world, "PUT", "/claim-mappers/k1", json={"claimName": "c1"}).status_code == 204


def test_too_many_calls_are_refused_with_a_time_to_wait(world: World) -> None:
    assert world.admin("PATCH", "/sandboxes/kotauth", {"limits": {"rate": 1, "burst": 1}}).status_code == 200
    assert ask(world, "GET", "/users").status_code == 200
    answer = ask(world, "GET", "/users")
    detail = "API write rate limit exceeded for this key in this workspace. Retry after 60 seconds."
    check(answer, 429, "Rate limit exceeded", detail)
    assert answer.headers["Retry-After"] == "60"


def test_a_refusal_changes_nothing_and_is_not_audited(world: World) -> None:
    before = world.engine.export("kotauth")["collections"]
    for path in ("/users", "/roles", "/groups"):
        ask(world, "POST", path, json={"name": " "})
        ask(world, "PUT", f"{path}/99", json={"name": "x", "email": "a@acme.test", "fullName": "x"})
    after = world.engine.export("kotauth")["collections"]
    assert {name: after[name] for name in after if name[0] != "_"} == {
        name: before[name] for name in before if name[0] != "_"
    }

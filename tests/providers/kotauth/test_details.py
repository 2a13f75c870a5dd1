"""Edge cases of Kotauth's operations, under both fidelities unless a test names one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mockserver.engine import Settings
from mockserver.providers.kotauth import PROVIDER
from mockserver.providers.kotauth.audit_logs import EVENT_TYPES
from mockserver.providers.kotauth.users.attributes import RESERVED_CLAIMS
from mockserver.providers.kotauth.wire import records
from tests.support.harness import Harness, make_harness

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

BASE = "/t/kotauth/api/v1"
NEW_USER = {"username": "new", "email": "new@acme.test", "fullName": "New", "password": "long enough"}
FULL_APPLICATION = {"name": "n", "accessType": "public", "redirectUris": ["https://a.test"]}


def make_harness_with(**assumptions: Any) -> Harness:
    return make_harness(PROVIDER, first_settings={"kotauth": Settings(assumptions=assumptions)})


@pytest.fixture(params=["documented", "observed"])
def harness(request: pytest.FixtureRequest) -> Harness:
    return make_harness_with(fidelity=request.param)


@pytest.fixture
def observed_harness() -> Harness:
    return make_harness_with(fidelity="observed")


def is_documented(harness: Harness) -> bool:
    return bool(harness.sandbox.assumptions.model_dump()["fidelity"] == "documented")


def send_request(harness: Harness, method: str, path: str, json: Any = None, **options: Any) -> ApiResponse:
    body = {} if json is None else {"json": json}
    return harness.request(method, f"{BASE}{path}", **body, **options)


def create(harness: Harness, kind: str, **body: Any) -> Any:
    response = send_request(harness, "POST", f"/{kind}", body)
    assert response.status_code == 201, response.text
    return response.json


def run(harness: Harness, name: str, /, **parameters: Any) -> Any:
    response = harness.admin("POST", f"/sandboxes/kotauth/simulations/{name}", parameters)
    assert response.status_code == 200, response.text
    return response.json.get("result") or response.json


def audit_events(harness: Harness, number: int) -> list[tuple[str, Any, Any, Any]]:
    events = send_request(harness, "GET", f"/audit-logs?limit={number}").json["data"][::-1]
    return [(each["eventType"], each["userId"], each["clientId"], each["details"]) for each in events]


def stored_users(harness: Harness) -> Any:
    collections = harness.engine.export("kotauth")["collections"]
    return {name: records for name, records in collections.items() if name[0] != "_"}


# Keys


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_authorization_scheme_is_case_insensitive(harness: Harness, scheme: str) -> None:
    assert (
        send_request(
            harness, "GET", "/users", key=None, headers={"Authorization": f"{scheme} {harness.key()}"}
        ).status_code
        == 200
    )


def test_the_documentation_pages_exist_under_both_fidelities(harness: Harness) -> None:
    for path in ("/api/docs", "/api/docs/openapi.yaml"):
        assert harness.request("GET", path, key=None).status_code == 200


# Users


def test_users_are_searched_by_username_email_and_full_name_and_a_blank_search_finds_all(harness: Harness) -> None:
    user = create(harness, "users", **{**NEW_USER, "username": "qqq", "email": "www@acme.test", "fullName": "Xxx Yyy"})
    for text in ("QQ", "www", "xxx y"):
        found = send_request(harness, "GET", "/users", query_string={"search": text}).json["data"]
        assert [each["id"] for each in found] == [user["id"]]
    for blank in ("", "  "):
        assert send_request(harness, "GET", "/users", query_string={"search": blank}).json["meta"]["total"] == 11


def test_observed_fidelity_searches_with_sql_wildcards(observed_harness: Harness) -> None:
    create(observed_harness, "users", **{**NEW_USER, "username": "q-qz"})
    for text, total in (("q_q", 1), ("q%z", 1), ("_", 11), ("q__q", 0)):
        assert (
            send_request(observed_harness, "GET", "/users", query_string={"search": text}).json["meta"]["total"]
            == total
        )


def test_a_new_user_is_verified_and_has_no_role(harness: Harness) -> None:
    before = stored_users(harness)["user_roles"]
    user = create(harness, "users", **{**NEW_USER, "email": "New@Acme.test "})
    assert (user["email"], user["emailVerified"], user["enabled"], user["mfaEnabled"]) == (
        "new@acme.test", True, True, False
    )  # fmt: skip
    assert stored_users(harness)["user_roles"] == before


def test_observed_fidelity_keeps_fields_that_an_update_omits_or_sets_to_null(observed_harness: Harness) -> None:
    before = send_request(observed_harness, "GET", "/users/1").json
    for body in ({}, {"email": None}, {"email": None, "fullName": None}):
        assert send_request(observed_harness, "PUT", "/users/1", body).json == before
    assert send_request(observed_harness, "PUT", "/users/1", {"fullName": ""}).json == {**before, "fullName": ""}
    assert audit_events(observed_harness, 1) == [("ADMIN_USER_UPDATED", 1, None, {"username": before["username"]})]


def test_password_rules_are_checked_in_order() -> None:
    policy = ("password_special", "password_uppercase", "password_digit", "password_blacklist")
    harness = make_harness_with(password_minimum="observed", **dict.fromkeys(policy, True))
    phrases = {"abc": "at least 8", "abcdefgh": "special", "abcdefg!": "uppercase", "ABCDEFG!": "number"}
    for password, phrase in phrases.items():
        response = send_request(harness, "POST", "/users", {**NEW_USER, "password": password})
        assert response.status_code == 422
        assert phrase in response.json["detail"]
    assert send_request(harness, "POST", "/users", {**NEW_USER, "password": "ABCDEF1!"}).status_code == 201


def test_observed_fidelity_ignores_an_assignment_to_an_unknown_record(observed_harness: Harness) -> None:
    before = stored_users(observed_harness)
    for path in ("/users/99/roles/1", "/users/1/roles/99", "/groups/99/members/1", "/groups/1/members/99"):
        for method in ("POST", "DELETE"):
            assert send_request(observed_harness, method, path).status_code == 204
    assert stored_users(observed_harness) == before


def test_a_repeated_assignment_changes_nothing(harness: Harness) -> None:
    for path in ("/users/1/roles/2", "/groups/1/members/3"):
        assert send_request(harness, "POST", path).status_code == 204
        before = stored_users(harness)
        assert send_request(harness, "POST", path).status_code == (204 if is_documented(harness) else 500)
        assert stored_users(harness) == before


def test_removing_a_role_that_is_not_assigned_succeeds_and_is_audited(harness: Harness) -> None:
    role, user = create(harness, "roles", name="fresh"), send_request(harness, "GET", "/users/1").json
    assert send_request(harness, "DELETE", f"/users/1/roles/{role['id']}").status_code == 204
    details = {"roleName": "fresh", "username": user["username"]}
    assert audit_events(harness, 1) == [("ADMIN_ROLE_UNASSIGNED", 1, None, details)]


# Roles


@pytest.mark.parametrize("scope", [{}, {"scope": None}, {"scope": "REALM"}, {"scope": "Tenant"}, {"scope": "clients"}])
def test_an_unknown_role_scope_becomes_tenant(harness: Harness, scope: dict[str, Any]) -> None:
    assert create(harness, "roles", name="r", **scope)["scope"] == "TENANT"


def test_role_names_are_case_sensitive(harness: Harness) -> None:
    create(harness, "roles", name="Admin")
    assert send_request(harness, "PUT", "/roles/2", {"name": "ADMIN"}).status_code == 200


def test_a_new_role_is_checked_for_its_name_then_its_scope_then_duplicates(observed_harness: Harness) -> None:
    for body, detail in (
        ({"name": " ", "scope": "client"}, "Role name is required."),
        (
            {"name": "a b", "scope": "client"},
            "Role name may only contain letters, digits, dots, underscores, and hyphens.",
        ),
        ({"name": "admin", "scope": "client"}, "Client-scoped roles require a client ID."),
        ({"name": "admin", "scope": "tenant"}, "Role 'admin' already exists in this scope."),
    ):
        assert send_request(observed_harness, "POST", "/roles", body).json["detail"] == detail


@pytest.mark.parametrize("description", [{}, {"description": None}, {"description": "  "}])
@pytest.mark.parametrize("kind", ["roles", "groups"])
def test_an_update_without_a_description_clears_it(harness: Harness, kind: str, description: dict[str, Any]) -> None:
    record = create(harness, kind, name="Fresh", description=" What it is for ")
    assert record["description"] == "What it is for"
    changed = send_request(harness, "PUT", f"/{kind}/{record['id']}", {"name": "Fresh", **description}).json
    assert changed == {**record, "description": None}


def test_an_application_role_keeps_its_scope_and_its_audit_events_name_the_application(harness: Harness) -> None:
    id = run(harness, "make_client_role", application="acme-mobile", name="reader")["id"]
    changed = send_request(harness, "PUT", f"/roles/{id}", {"name": "writer"}).json
    assert (changed["name"], changed["scope"]) == ("writer", "CLIENT")
    assert id in [role["id"] for role in send_request(harness, "GET", "/roles").json["data"]]
    assert send_request(harness, "DELETE", f"/roles/{id}").status_code == 204
    assert audit_events(harness, 2) == [
        ("ADMIN_ROLE_UPDATED", None, 3, {"roleId": str(id), "roleName": "writer"}),
        ("ADMIN_ROLE_DELETED", None, 3, {"roleName": "writer"}),
    ]


def test_the_initial_roles_of_a_workspace_may_be_deleted(harness: Harness) -> None:
    for id in (1, 2):
        assert send_request(harness, "DELETE", f"/roles/{id}").status_code == 204
        assert send_request(harness, "DELETE", f"/roles/{id}").status_code == 404


# Groups


def test_a_group_name_may_be_anything_but_blank_and_is_checked_before_the_parent(harness: Harness) -> None:
    assert create(harness, "groups", name="Ä / b & c!")["name"] == "Ä / b & c!"
    refused = send_request(harness, "POST", "/groups", {"name": " ", "parentGroupId": 99})
    assert (refused.status_code, refused.json["detail"]) == (422, "Group name is required.")


def test_group_names_are_compared_as_sent_and_stored_trimmed(harness: Harness) -> None:
    assert create(harness, "groups", name=" Engineering ")["name"] == "Engineering"
    assert send_request(harness, "POST", "/groups", {"name": "Engineering"}).status_code == 409
    assert send_request(harness, "PUT", "/groups/3", {"name": "engineering"}).status_code == 200


def test_the_parent_of_a_group_cannot_be_changed(harness: Harness) -> None:
    before = send_request(harness, "GET", "/groups/2").json
    moved = send_request(harness, "PUT", "/groups/2", {"name": "Moved", "parentGroupId": 3})
    assert moved.status_code == (200 if is_documented(harness) else 500)
    assert send_request(harness, "GET", "/groups/2").json["parentGroupId"] == before["parentGroupId"] == 1


def test_changes_of_groups_and_members_are_audited(harness: Harness) -> None:
    id, name = create(harness, "groups", name="Fresh")["id"], send_request(harness, "GET", "/users/1").json["username"]
    for method, path, body in (
        ("PUT", f"/groups/{id}", {"name": "Renamed"}),
        ("POST", f"/groups/{id}/members/1", None),
        ("DELETE", f"/groups/{id}/members/1", None),
        ("DELETE", f"/groups/{id}/members/1", None),
        ("DELETE", f"/groups/{id}", None),
    ):
        assert send_request(harness, method, path, body).status_code in (200, 204)
    member = {"groupName": "Renamed", "username": name}
    assert audit_events(harness, 6) == [
        ("ADMIN_GROUP_CREATED", None, None, {"groupName": "Fresh"}),
        ("ADMIN_GROUP_UPDATED", None, None, {"groupId": str(id), "groupName": "Renamed"}),
        ("ADMIN_GROUP_MEMBER_ADDED", 1, None, member),
        *[("ADMIN_GROUP_MEMBER_REMOVED", 1, None, member)] * 2,
        ("ADMIN_GROUP_DELETED", None, None, {"groupName": "Renamed"}),
    ]


def test_observed_fidelity_deletes_all_descendants_of_a_group_and_their_members(observed_harness: Harness) -> None:
    child = create(observed_harness, "groups", name="Child", parentGroupId=3)["id"]
    grandchild = create(observed_harness, "groups", name="Grandchild", parentGroupId=child)["id"]
    for id in (child, grandchild):
        assert send_request(observed_harness, "POST", f"/groups/{id}/members/1").status_code == 204
    assert send_request(observed_harness, "DELETE", "/groups/3").status_code == 204
    for id in (child, grandchild):
        assert send_request(observed_harness, "GET", f"/groups/{id}").status_code == 404
    assert not [
        link for link in stored_users(observed_harness)["group_members"] if link["groupId"] in (3, child, grandchild)
    ]
    assert audit_events(observed_harness, 1) == [("ADMIN_GROUP_DELETED", None, None, {"groupName": "Support"})]


# Applications and sessions


def test_applications_are_listed_by_id_with_the_disabled_ones(harness: Harness) -> None:
    assert send_request(harness, "DELETE", "/applications/2").status_code == 204
    listed = send_request(harness, "GET", "/applications").json["data"]
    assert [(app["id"], app["enabled"]) for app in listed] == [(1, True), (2, False), (3, True)]


def test_redirect_uris_are_replaced_as_a_whole_and_may_be_anything(harness: Harness) -> None:
    for uris in (["b", "a", "b"], ["not a uri"], []):
        assert (
            send_request(harness, "PUT", "/applications/2", {**FULL_APPLICATION, "redirectUris": uris}).json[
                "redirectUris"
            ]
            == uris
        )


def test_observed_fidelity_keeps_omitted_application_fields_and_an_empty_description_clears(
    observed_harness: Harness,
) -> None:
    before = send_request(observed_harness, "PUT", "/applications/2", {**FULL_APPLICATION, "description": "d"}).json
    nulls = dict.fromkeys((*FULL_APPLICATION, "description"))
    for body in ({}, nulls):
        assert send_request(observed_harness, "PUT", "/applications/2", body).json == before
    assert send_request(observed_harness, "PUT", "/applications/2", {"description": ""}).json == {
        **before,
        "description": None,
    }
    assert audit_events(observed_harness, 1) == [("ADMIN_CLIENT_UPDATED", None, 2, {"clientId": "acme-dashboard"})]


def test_observed_fidelity_deletes_an_expired_session_without_an_audit_event(observed_harness: Harness) -> None:
    run(observed_harness, "sign_in", user=1)
    observed_harness.advance("6m", "kotauth")
    assert 5 not in [session["id"] for session in send_request(observed_harness, "GET", "/sessions").json["data"]]
    before = audit_events(observed_harness, 200)
    assert send_request(observed_harness, "DELETE", "/sessions/5").status_code == 204
    assert audit_events(observed_harness, 200) == before


# Audit logs and claim mappers


def test_the_total_of_audit_logs_counts_all_filtered_events(harness: Harness) -> None:
    for _ in range(3):
        assert send_request(harness, "DELETE", "/users/2").status_code == 204
    page = send_request(harness, "GET", "/audit-logs?eventType=ADMIN_USER_DISABLED&userId=2&limit=1&offset=1").json
    assert (len(page["data"]), page["meta"]) == (1, {"total": 3, "offset": 1, "limit": 1})
    assert len(EVENT_TYPES) == 62


def test_the_oldest_audit_events_are_dropped_beyond_the_bound(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MAX_EVENTS", 3)
    bounds = {each["name"]: each["value"] for each in harness.admin("GET", "/settings").json["bounds"]}
    assert bounds["audit_events"] == 3
    for _ in range(5):
        assert send_request(harness, "DELETE", "/users/2").status_code == 204
    page = send_request(harness, "GET", "/audit-logs").json
    assert page["meta"]["total"] == 3
    assert {event["eventType"] for event in page["data"]} == {"ADMIN_USER_DISABLED"}


def test_reserved_claim_names_are_refused_before_the_limit_is_checked(harness: Harness) -> None:
    assert len(RESERVED_CLAIMS) == 37
    for nth in range(18):
        assert send_request(harness, "PUT", f"/claim-mappers/k{nth}", {"claimName": f"c{nth}"}).status_code == 204
    for name in sorted(RESERVED_CLAIMS):
        response = send_request(harness, "PUT", "/claim-mappers/new", {"claimName": name})
        assert (response.status_code, response.json["title"]) == (400, "Reserved Claim Name")


# Maximum lengths

LENGTH_LIMITS = [
    ("POST", "/users", {**NEW_USER, "username": "{}"}, 50),
    ("POST", "/users", {**NEW_USER, "email": "{}@acme.test"}, 245),
    ("POST", "/users", {**NEW_USER, "fullName": "{}"}, 100),
    ("PUT", "/users/1", {"email": "{}@acme.test", "fullName": "n"}, 245),
    ("PUT", "/users/1", {"email": "e@acme.test", "fullName": "{}"}, 100),
    ("POST", "/roles", {"name": "{}"}, 100),
    ("POST", "/roles", {"name": "r", "description": "{}"}, 500),
    ("PUT", "/roles/1", {"name": "{}"}, 100),
    ("PUT", "/roles/1", {"name": "r", "description": "{}"}, 500),
    ("POST", "/groups", {"name": "{}"}, 100),
    ("POST", "/groups", {"name": "g", "description": "{}"}, 500),
    ("PUT", "/groups/1", {"name": "{}"}, 100),
    ("PUT", "/groups/1", {"name": "g", "description": "{}"}, 500),
    ("PUT", "/applications/2", {**FULL_APPLICATION, "name": "{}"}, 100),
    ("PUT", "/applications/2", {**FULL_APPLICATION, "description": "{}"}, 500),
    ("PUT", "/applications/2", {**FULL_APPLICATION, "redirectUris": ["a", "{}"]}, 500),
    ("PUT", "/claim-mappers/{}", {"claimName": "c"}, 64),
]


def fill_value(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {name: fill_value(each, text) for name, each in value.items()}
    return [fill_value(each, text) for each in value] if isinstance(value, list) else value.replace("{}", text)


@pytest.mark.parametrize(("method", "path", "body", "limit"), LENGTH_LIMITS)
def test_a_text_may_be_as_long_as_its_column_and_no_longer(
    harness: Harness, method: str, path: str, body: Any, limit: int
) -> None:
    before = stored_users(harness)
    long = send_request(harness, method, fill_value(path, "x" * (limit + 1)), fill_value(body, "x" * (limit + 1)))
    assert long.status_code == (422 if is_documented(harness) else 500), long.text
    assert stored_users(harness) == before
    assert send_request(harness, method, fill_value(path, "x" * limit), fill_value(body, "x" * limit)).status_code in (
        200,
        201,
        204,
    )

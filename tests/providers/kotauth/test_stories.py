"""Sequences of calls to Kotauth: the effects of an operation are visible to the next one."""

from __future__ import annotations

import re
from json import loads
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kotauth import PROVIDER
from tests.support.harness import Harness, make_harness

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

BASE = "/t/kotauth/api/v1"
NEW_USER = {"username": "ada", "email": " Ada@Acme.test ", "fullName": " Ada L ", "password": "long enough"}


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


def send_request(harness: Harness, method: str, path: str, **options: Any) -> ApiResponse:
    return harness.request(method, f"{BASE}{path}", **options)


def run(harness: Harness, name: str, status: int = 200, /, **parameters: Any) -> Any:
    response = harness.admin("POST", f"/sandboxes/kotauth/simulations/{name}", parameters)
    assert response.status_code == status, response.text
    return response.json


def audit_events(harness: Harness, number: int) -> list[dict[str, Any]]:
    """Returns the last ``number`` audit events, oldest first, without ``createdAt``."""
    events = send_request(harness, "GET", f"/audit-logs?limit={number}").json["data"]
    return [{name: value for name, value in event.items() if name != "createdAt"} for event in events[::-1]]


def expected_event(type: str, user: int | None = None, client: int | None = None, **details: str) -> dict[str, Any]:
    return {"eventType": type, "userId": user, "clientId": client, "ipAddress": None, "details": details}


def stored_records(harness: Harness, collection: str) -> list[dict[str, Any]]:
    response = harness.admin("GET", f"/sandboxes/kotauth/collections/{collection}")
    assert response.status_code == 200, response.text
    body = response.json
    return list(body["records"] if isinstance(body, dict) else body)


def event_payloads(harness: Harness) -> list[tuple[str, Any]]:
    events = harness.engine.export("kotauth")["collections"]["_events"]
    return [(event["type"], event["data"]) for event in events]


def test_a_user_is_created_changed_and_disabled(harness: Harness) -> None:
    created = send_request(harness, "POST", "/users", json=NEW_USER)
    assert created.json == {
        "id": 11,
        "username": "ada",
        "email": "ada@acme.test",
        "fullName": "Ada L",
        "emailVerified": True,
        "enabled": True,
        "mfaEnabled": False,
        "requiredActions": [],
    }
    assert send_request(harness, "GET", "/users/11").json == created.json
    changed = send_request(harness, "PUT", "/users/11", json={"email": "L@acme.test", "fullName": ""}).json
    assert (changed["email"], changed["fullName"], changed["username"]) == ("l@acme.test", "", "ada")
    for _ in range(2):
        assert send_request(harness, "DELETE", "/users/11").status_code == 204
    assert send_request(harness, "GET", "/users/11").json == {**changed, "enabled": False}
    assert send_request(harness, "GET", "/users?search=ADA").json["data"][0]["id"] == 11
    assert audit_events(harness, 4) == [
        expected_event("ADMIN_USER_CREATED", 11, username="ada", invite="false"),
        expected_event("ADMIN_USER_UPDATED", 11, username="ada"),
        expected_event("ADMIN_USER_DISABLED", 11, username="ada", enabled="false"),
        expected_event("ADMIN_USER_DISABLED", 11, username="ada", enabled="false"),
    ]
    assert [type for type, _ in event_payloads(harness)] == ["user.created", *["user.updated"] * 3]
    assert event_payloads(harness)[0][1] == {"userId": 11, "username": "ada", "invite": "false"}
    run(harness, "enable_user", user="ada")
    assert send_request(harness, "GET", "/users/11").json["enabled"]


def test_a_simulation_accepts_the_invitation_of_a_user(harness: Harness) -> None:
    body = {name: value for name, value in NEW_USER.items() if name != "password"} | {"sendInvite": True}
    created = send_request(harness, "POST", "/users", json=body).json
    assert (created["requiredActions"], created["emailVerified"]) == (["SET_PASSWORD"], False)
    assert send_request(harness, "POST", f"/users/{created['id']}/resend-invite").status_code == 200
    run(harness, "accept_invite", user=created["id"])
    accepted = send_request(harness, "GET", f"/users/{created['id']}").json
    assert (accepted["requiredActions"], accepted["emailVerified"]) == ([], True)
    assert send_request(harness, "POST", f"/users/{created['id']}/resend-invite").status_code == 400
    names = ["ADMIN_USER_CREATED", "USER_INVITE_SENT", "USER_INVITE_ACCEPTED"]
    assert [each["eventType"] for each in audit_events(harness, 3)] == names
    run(harness, "accept_invite", 422, user=created["id"])


def test_a_role_is_created_assigned_unassigned_and_deleted_with_its_assignments(harness: Harness) -> None:
    created = send_request(harness, "POST", "/roles", json={"name": "auditor", "description": " "}).json
    assert created == {"id": 6, "name": "auditor", "description": None, "scope": "TENANT", "tenantId": 2}
    for user in (1, 2):
        assert send_request(harness, "POST", f"/users/{user}/roles/6").status_code == 204
    assert {link["userId"] for link in stored_records(harness, "user_roles") if link["roleId"] == 6} == {1, 2}
    for _ in range(2):
        assert send_request(harness, "DELETE", "/users/2/roles/6").status_code == 204
    renamed = send_request(harness, "PUT", "/roles/6", json={"name": "viewer2"}).json
    assert (renamed["name"], renamed["description"]) == ("viewer2", None)
    assert send_request(harness, "DELETE", "/roles/6").status_code == 204
    assert not [link for link in stored_records(harness, "user_roles") if link["roleId"] == 6]
    assert send_request(harness, "DELETE", "/roles/6").status_code == 404
    assert send_request(harness, "POST", "/roles", json={"name": "auditor"}).json["id"] == 7
    name = (
        send_request(harness, "GET", "/users/1").json["username"],
        send_request(harness, "GET", "/users/2").json["username"],
    )
    assert audit_events(harness, 8)[:-1] == [
        expected_event("ADMIN_ROLE_CREATED", roleName="auditor", scope="tenant"),
        expected_event("ADMIN_ROLE_ASSIGNED", 1, roleName="auditor", username=name[0]),
        expected_event("ADMIN_ROLE_ASSIGNED", 2, roleName="auditor", username=name[1]),
        *[expected_event("ADMIN_ROLE_UNASSIGNED", 2, roleName="auditor", username=name[1])] * 2,
        expected_event("ADMIN_ROLE_UPDATED", roleId="6", roleName="viewer2"),
        expected_event("ADMIN_ROLE_DELETED", roleName="viewer2"),
    ]


def test_roles_and_groups_are_listed_by_name_and_users_by_id(harness: Harness) -> None:
    for kind in ("roles", "groups"):
        send_request(harness, "POST", f"/{kind}", json={"name": "Middle"})
        names = [record["name"] for record in send_request(harness, "GET", f"/{kind}").json["data"]]
        assert names == sorted(names, key=str.casefold)
    assert [user["id"] for user in send_request(harness, "GET", "/users").json["data"]] == list(range(1, 11))


def test_a_simulation_creates_an_application_role(harness: Harness) -> None:
    created = run(harness, "make_client_role", application="acme-mobile", name="admin")
    id = (created.get("result") or created)["id"]
    assert send_request(harness, "GET", f"/roles/{id}").json["scope"] == "CLIENT"
    assert send_request(harness, "POST", f"/users/1/roles/{id}").status_code == 204
    assert audit_events(harness, 1)[0]["clientId"] == 3
    run(harness, "make_client_role", 422, application="acme-mobile", name="admin")


def test_groups_are_nested_and_have_members(harness: Harness) -> None:
    child = send_request(harness, "POST", "/groups", json={"name": " Backend ", "parentGroupId": 1}).json
    assert (child["name"], child["parentGroupId"], child["tenantId"]) == ("Backend", 1, 2)
    assert send_request(harness, "POST", "/groups", json={"name": "Backend"}).status_code == 201
    assert send_request(harness, "POST", "/groups", json={"name": "Backend", "parentGroupId": 1}).status_code == 409
    assert send_request(harness, "POST", f"/groups/{child['id']}/members/3").status_code == 204
    assert [link["userId"] for link in stored_records(harness, "group_members") if link["groupId"] == child["id"]] == [
        3
    ]
    assert send_request(harness, "DELETE", f"/groups/{child['id']}").status_code == 204
    assert not [link for link in stored_records(harness, "group_members") if link["groupId"] == child["id"]]
    username = send_request(harness, "GET", "/users/3").json["username"]
    assert audit_events(harness, 2) == [
        expected_event("ADMIN_GROUP_MEMBER_ADDED", 3, groupName="Backend", username=username),
        expected_event("ADMIN_GROUP_DELETED", groupName="Backend"),
    ]


def test_an_application_is_registered_by_simulation_and_changed_and_disabled_by_call(harness: Harness) -> None:
    application = {
        "client_id": "shop",
        "name": "Shop",
        "access_type": "confidential",
        "redirect_uris": ["https://s.test/cb"],
    }
    run(harness, "register_application", **application)
    run(harness, "register_application", 422, **application)
    registered = send_request(harness, "GET", "/applications/4").json
    assert (registered["clientId"], registered["accessType"], registered["redirectUris"]) == (
        "shop",
        "confidential",
        ["https://s.test/cb"],
    )
    changes = {"name": "Shop 2", "accessType": "public", "redirectUris": ["https://b.test", "https://a.test"]}
    changed = send_request(harness, "PUT", "/applications/4", json=changes).json
    assert changed == {**registered, **changes}
    for _ in range(2):
        assert send_request(harness, "DELETE", "/applications/4").status_code == 204
    assert not send_request(harness, "GET", "/applications/4").json["enabled"]
    run(harness, "sign_in", 422, application="shop")
    run(harness, "enable_application", application="shop")
    run(harness, "sign_in", application="shop")
    assert audit_events(harness, 6)[:4] == [
        expected_event("ADMIN_CLIENT_CREATED", None, 4, clientId="shop"),
        expected_event("ADMIN_APPLICATION_UPDATED", None, 4, clientId="shop"),
        *[expected_event("ADMIN_APPLICATION_DISABLED", None, 4, clientId="shop", enabled="false")] * 2,
    ]


def test_the_redirect_uri_of_the_portal_is_the_url_of_the_workspace(harness: Harness) -> None:
    portal = send_request(harness, "GET", "/applications/1").json
    assert portal["redirectUris"] == ["http://localhost/kotauth/t/kotauth/account/callback"]


def test_a_sign_in_creates_a_session_that_expires_or_is_revoked(harness: Harness) -> None:
    for address in ("203.0.113.7", "203.0.113.8"):
        run(harness, "sign_in", user=1, application="acme-dashboard", ip=address)
        harness.advance("1s", "kotauth")
    first, second = send_request(harness, "GET", "/sessions").json["data"][1::-1]
    assert (first["id"], second["id"], first["ipAddress"]) == (5, 6, "203.0.113.7")
    assert (first["createdAt"], first["expiresAt"]) == ("2026-03-01T12:00:00.000000Z", "2026-03-02T12:00:00.000000Z")
    events = send_request(harness, "GET", "/audit-logs").json["meta"]["total"]
    assert send_request(harness, "DELETE", "/sessions/5").status_code == 204
    assert 5 not in [session["id"] for session in send_request(harness, "GET", "/sessions").json["data"]]
    assert send_request(harness, "GET", "/audit-logs").json["meta"]["total"] == events
    harness.advance("1d", "kotauth")
    assert 6 not in [session["id"] for session in send_request(harness, "GET", "/sessions").json["data"]]
    assert send_request(harness, "DELETE", "/sessions/6").status_code == 404
    assert [type for type, _ in event_payloads(harness)] == ["login.success"] * 2


def test_disabling_a_user_keeps_the_sessions_and_prevents_the_next_sign_in(harness: Harness) -> None:
    run(harness, "sign_in", user=1)
    before = send_request(harness, "GET", "/sessions").json
    send_request(harness, "DELETE", "/users/1")
    assert send_request(harness, "GET", "/sessions").json == before
    run(harness, "sign_in", 422, user=1)
    run(harness, "sign_in", 404, user="nobody")


def test_failed_sign_in_sign_out_and_mfa_enrolment_are_audited(harness: Harness) -> None:
    run(harness, "fail_sign_in", username="nobody", ip="198.51.100.42")
    assert audit_events(harness, 1) == [
        {
            **expected_event("LOGIN_FAILURE", username="nobody", reason="invalid_credentials"),
            "ipAddress": "198.51.100.42",
        }
    ]
    run(harness, "sign_in", user=1)
    run(harness, "sign_out", session=5)
    run(harness, "enrol_mfa", user=1)
    assert [each["eventType"] for each in audit_events(harness, 2)] == ["LOGOUT", "USER_MFA_ENROLLED"]
    assert send_request(harness, "GET", "/users/1").json["mfaEnabled"]
    assert [type for type, _ in event_payloads(harness)] == ["login.failed", "login.success", "mfa.enrolled"]


def test_an_attribute_may_have_any_key(harness: Harness) -> None:
    for key, segment in (("a/b", "a%2Fb"), ("ä ?", "%C3%A4%20%3F"), ("plan", "plan")):
        assert (
            send_request(harness, "PUT", f"/users/2/attributes/{segment}", json={"value": f"<{key}>"}).status_code
            == 204
        )
    assert send_request(harness, "PUT", "/users/2/attributes/plan", json={"value": ""}).status_code == 204
    attributes = send_request(harness, "GET", "/users/2/attributes").json["attributes"]
    assert {key: attributes[key] for key in ("a/b", "ä ?", "plan")} == {"a/b": "<a/b>", "ä ?": "<ä ?>", "plan": ""}
    assert send_request(harness, "DELETE", "/users/2/attributes/a%2fb").status_code == 204
    assert "a/b" not in send_request(harness, "GET", "/users/2/attributes").json["attributes"]
    assert send_request(harness, "GET", "/users/9/attributes").json == {"attributes": {}}
    types = ["ADMIN_USER_ATTRIBUTE_SET"] * 4 + ["ADMIN_USER_ATTRIBUTE_DELETED"]
    assert [each["eventType"] for each in audit_events(harness, 5)] == types


def test_replacing_a_claim_mapper_resets_omitted_flags_to_their_defaults(harness: Harness) -> None:
    body = {"claimName": "billing", "includeInAccess": False, "includeInId": True}
    assert send_request(harness, "PUT", "/claim-mappers/a%2Fplan", json=body).status_code == 204
    mappers = send_request(harness, "GET", "/claim-mappers").json["mappers"]
    assert mappers[0] == {"attributeKey": "a/plan", **body}
    assert [mapper["attributeKey"] for mapper in mappers] == ["a/plan", "department", "plan"]
    assert send_request(harness, "PUT", "/claim-mappers/a%2Fplan", json={"claimName": "billing"}).status_code == 204
    replaced = send_request(harness, "GET", "/claim-mappers").json["mappers"][0]
    assert (replaced["includeInAccess"], replaced["includeInId"]) == (True, False)
    assert send_request(harness, "DELETE", "/claim-mappers/a%2Fplan").status_code == 204


def test_audit_logs_are_paged_and_invalid_filters_are_ignored(harness: Harness) -> None:
    newest = send_request(harness, "GET", "/audit-logs").json
    assert newest["meta"] == {"total": 10, "offset": 0, "limit": 50}
    assert [each["createdAt"] for each in newest["data"]] == sorted(
        (each["createdAt"] for each in newest["data"]), reverse=True
    )
    page = send_request(harness, "GET", "/audit-logs?limit=3&offset=4").json
    assert (page["data"], page["meta"]) == (newest["data"][4:7], {"total": 10, "offset": 4, "limit": 3})
    for query, limit in (("limit=0", 1), ("limit=-5", 1), ("limit=x", 50), ("limit=999", 200)):
        assert send_request(harness, "GET", f"/audit-logs?{query}&offset=-3").json["meta"] == {
            "total": 10, "offset": 0, "limit": limit
        }  # fmt: skip
    for query in ("userId=x", "eventType=login_success", "eventType=", "userId="):
        assert send_request(harness, "GET", f"/audit-logs?{query}").json["meta"]["total"] == 10
    user = next(each["userId"] for each in newest["data"] if each["userId"])
    matching = [each for each in newest["data"] if each["userId"] == user and each["eventType"] == "LOGIN_SUCCESS"]
    assert send_request(harness, "GET", f"/audit-logs?userId={user}&eventType=LOGIN_SUCCESS").json["data"] == matching


def test_the_first_of_two_equal_query_parameters_counts(harness: Harness) -> None:
    assert send_request(harness, "GET", "/audit-logs?limit=3&limit=4&offset=1&offset=x").json["meta"] == {
        "total": 10, "offset": 1, "limit": 3
    }  # fmt: skip
    assert send_request(harness, "GET", "/audit-logs?limit=x&limit=4").json["meta"]["limit"] == 50


def test_two_workspaces_share_nothing(harness: Harness) -> None:
    created = harness.admin("POST", "/sandboxes", {"provider": "kotauth", "name": "other", "slug": "acme"}).json
    assert created["base_url"] == "http://localhost/kotauth/t/acme/api/v1"
    secret = created["keys"][0]["secret"]
    assert re.fullmatch(r"kauth_acme_[A-Za-z0-9_-]{43}", secret)
    other = harness.request("POST", "/t/acme/api/v1/users", key=secret, json=NEW_USER)
    assert other.status_code == 201
    assert send_request(harness, "GET", f"/users/{other.json['id']}").status_code == 404
    assert send_request(harness, "GET", "/users", key=secret).status_code == 401
    assert harness.request("GET", "/t/acme/api/v1/users").status_code == 401
    more = harness.admin("POST", "/sandboxes/other/keys", {}).json["secret"]
    assert more.startswith("kauth_acme_")


def test_a_key_has_its_requested_scopes_without_unknown_ones(harness: Harness) -> None:
    created = run(harness, "make_key", name="ci", scopes=["users:write", "made:up"])
    created = created.get("result") or created
    assert created["scopes"] == ["users:write"]
    assert send_request(harness, "POST", "/users", key=created["secret"], json=NEW_USER).status_code == 201
    assert send_request(harness, "GET", "/users", key=created["secret"]).status_code == 403
    run(harness, "make_key", 422, name="none", scopes=["made:up"])
    run(harness, "revoke_key", key=created["id"])
    assert send_request(harness, "GET", "/users", key=created["secret"]).status_code == 401


def test_every_response_has_the_headers_of_the_product_and_a_unique_request_id(harness: Harness) -> None:
    responses = [
        send_request(harness, "GET", "/users"),
        send_request(harness, "GET", "/users/99"),
        send_request(harness, "GET", "/no", key=None),
        send_request(harness, "DELETE", "/users/1"),
        send_request(harness, "GET", "/docs", key=None),
    ]
    for response in responses:
        assert response.headers.getlist("Server") == ["KotAuth"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert response.headers["Content-Security-Policy"]
        assert not {"ETag", "Location", "Strict-Transport-Security"} & set(response.headers.keys())
    assert len({response.headers["X-Request-ID"] for response in responses}) == len(responses)


def test_the_documentation_pages_need_no_key_and_load_only_local_assets(harness: Harness) -> None:
    for path in ("/api/docs", f"{BASE}/docs"):
        page = harness.request("GET", path, key=None)
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(loaded) == 3
        for place in loaded:
            assert place.startswith("/kotauth/static/swagger/")
            asset = harness.request("GET", place.removeprefix("/kotauth"), key=None)
            assert asset.status_code == 200
            assert asset.headers["Content-Type"] in ("text/css", "text/javascript")
    assert harness.request("GET", "/t/nobodys/api/v1/docs", key=None).status_code == 404
    assert harness.request("GET", "/static/swagger/LICENSE", key=None).status_code == 404


def test_the_openapi_document_has_the_operations_of_the_sandbox(harness: Harness) -> None:
    document = harness.request("GET", "/api/docs/openapi.yaml", key=None)
    assert document.headers["Content-Type"] == "application/yaml"
    paths = loads(document.data)["paths"]
    assert sum(len(methods) for methods in paths.values()) == 33
    assert loads(document.data)["servers"] == [{"url": "/kotauth/t/kotauth/api/v1"}]


def test_ids_may_have_gaps(harness: Harness) -> None:
    assert (
        harness.admin("PATCH", "/sandboxes/kotauth", {"assumptions": {"id_step": 7, "tenant_id": 9}}).status_code == 200
    )
    created = [send_request(harness, "POST", "/roles", json={"name": f"r{nth}"}).json for nth in range(2)]
    assert [(role["id"], role["tenantId"]) for role in created] == [(12, 9), (19, 9)]


def test_instants_may_have_as_few_digits_as_needed(harness: Harness) -> None:
    assert (
        harness.admin("PATCH", "/sandboxes/kotauth", {"assumptions": {"fraction_digits": "as needed"}}).status_code
        == 200
    )
    for by, expected in (("1s", "12:00:01Z"), ("5ms", "12:00:01.005Z"), ("0.5ms", "12:00:01.005500Z")):
        harness.advance(by, "kotauth")
        run(harness, "fail_sign_in")
        assert (
            send_request(harness, "GET", "/audit-logs?limit=1").json["data"][0]["createdAt"] == f"2026-03-01T{expected}"
        )


def test_a_reset_restores_the_seed_data(harness: Harness) -> None:
    before = send_request(harness, "GET", "/users").json
    send_request(harness, "POST", "/users", json=NEW_USER)
    send_request(harness, "DELETE", "/users/1")
    assert harness.admin("POST", "/sandboxes/kotauth/reset").status_code == 200
    assert send_request(harness, "GET", "/users").json == before
    assert send_request(harness, "POST", "/users", json=NEW_USER).json["id"] == 11

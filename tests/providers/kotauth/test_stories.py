"""What people do with Kotauth, from the first call to the last: what an operation says it does, the next one sees."""

from __future__ import annotations

import re
from json import loads
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kotauth import PROVIDER
from tests.support.worlds import World, make_world

if TYPE_CHECKING:
    from tests.support.worlds import Answer

BASE = "/t/kotauth/api/v1"
NEW_USER = {"username": "ada", "email": " Ada@Acme.test ", "fullName": " Ada L ", "password": "long enough"}


@pytest.fixture
def world() -> World:
    """A world of Kotauth alone."""
    return make_world(PROVIDER)


def ask(world: World, method: str, path: str, **options: Any) -> Answer:
    return world.ask(method, f"{BASE}{path}", **options)


def run(world: World, name: str, status: int = 200, /, **parameters: Any) -> Any:
    answer = world.admin("POST", f"/sandboxes/kotauth/simulations/{name}", parameters)
    assert answer.status_code == status, answer.text
    return answer.json


def audited(world: World, number: int) -> list[dict[str, Any]]:
    """The last so many audit events, oldest first, as they are but for their instants."""
    events = ask(world, "GET", f"/audit-logs?limit={number}").json["data"]
    return [{name: value for name, value in event.items() if name != "createdAt"} for event in events[::-1]]


def event(type: str, user: int | None = None, client: int | None = None, **details: str) -> dict[str, Any]:
    return {"eventType": type, "userId": user, "clientId": client, "ipAddress": None, "details": details}


def kept(world: World, collection: str) -> list[dict[str, Any]]:
    answer = world.admin("GET", f"/sandboxes/kotauth/collections/{collection}")
    assert answer.status_code == 200, answer.text
    found = answer.json
    return list(found["records"] if isinstance(found, dict) else found)


def told(world: World) -> list[tuple[str, Any]]:
    events = world.engine.export("kotauth")["collections"]["_events"]
    return [(event["type"], event["data"]) for event in events]


def test_a_user_is_made_changed_and_disabled_and_everyone_can_see_it(world: World) -> None:
    made = ask(world, "POST", "/users", json=NEW_USER)
    assert made.json == {
        "id": 11,
        "username": "ada",
        "email": "ada@acme.test",
        "fullName": "Ada L",
        "emailVerified": True,
        "enabled": True,
        "mfaEnabled": False,
        "requiredActions": [],
    }
    assert ask(world, "GET", "/users/11").json == made.json
    changed = ask(world, "PUT", "/users/11", json={"email": "L@acme.test", "fullName": ""}).json
    assert (changed["email"], changed["fullName"], changed["username"]) == ("l@acme.test", "", "ada")
    for _ in range(2):
        assert ask(world, "DELETE", "/users/11").status_code == 204
    assert ask(world, "GET", "/users/11").json == {**changed, "enabled": False}
    assert ask(world, "GET", "/users?search=ADA").json["data"][0]["id"] == 11
    assert audited(world, 4) == [
        event("ADMIN_USER_CREATED", 11, username="ada", invite="false"),
        event("ADMIN_USER_UPDATED", 11, username="ada"),
        event("ADMIN_USER_DISABLED", 11, username="ada", enabled="false"),
        event("ADMIN_USER_DISABLED", 11, username="ada", enabled="false"),
    ]
    assert [type for type, _ in told(world)] == ["user.created", *["user.updated"] * 3]
    assert told(world)[0][1] == {"userId": 11, "username": "ada", "invite": "false"}
    run(world, "enable_user", user="ada")
    assert ask(world, "GET", "/users/11").json["enabled"]


def test_an_invited_user_gets_a_password_off_stage(world: World) -> None:
    body = {name: value for name, value in NEW_USER.items() if name != "password"} | {"sendInvite": True}
    made = ask(world, "POST", "/users", json=body).json
    assert (made["requiredActions"], made["emailVerified"]) == (["SET_PASSWORD"], False)
    assert ask(world, "POST", f"/users/{made['id']}/resend-invite").status_code == 200
    run(world, "accept_invite", user=made["id"])
    accepted = ask(world, "GET", f"/users/{made['id']}").json
    assert (accepted["requiredActions"], accepted["emailVerified"]) == ([], True)
    assert ask(world, "POST", f"/users/{made['id']}/resend-invite").status_code == 400
    names = ["ADMIN_USER_CREATED", "USER_INVITE_SENT", "USER_INVITE_ACCEPTED"]
    assert [each["eventType"] for each in audited(world, 3)] == names
    run(world, "accept_invite", 422, user=made["id"])


def test_a_role_is_made_given_taken_and_deleted_with_everything_that_hangs_on_it(world: World) -> None:
    made = ask(world, "POST", "/roles", json={"name": "auditor", "description": " "}).json
    assert made == {"id": 6, "name": "auditor", "description": None, "scope": "TENANT", "tenantId": 2}
    for user in (1, 2):
        assert ask(world, "POST", f"/users/{user}/roles/6").status_code == 204
    assert {link["userId"] for link in kept(world, "user_roles") if link["roleId"] == 6} == {1, 2}
    for _ in range(2):
        assert ask(world, "DELETE", "/users/2/roles/6").status_code == 204
    renamed = ask(world, "PUT", "/roles/6", json={"name": "viewer2"}).json
    assert (renamed["name"], renamed["description"]) == ("viewer2", None)
    assert ask(world, "DELETE", "/roles/6").status_code == 204
    assert not [link for link in kept(world, "user_roles") if link["roleId"] == 6]
    assert ask(world, "DELETE", "/roles/6").status_code == 404
    assert ask(world, "POST", "/roles", json={"name": "auditor"}).json["id"] == 7
    name = ask(world, "GET", "/users/1").json["username"], ask(world, "GET", "/users/2").json["username"]
    assert audited(world, 8)[:-1] == [
        event("ADMIN_ROLE_CREATED", roleName="auditor", scope="tenant"),
        event("ADMIN_ROLE_ASSIGNED", 1, roleName="auditor", username=name[0]),
        event("ADMIN_ROLE_ASSIGNED", 2, roleName="auditor", username=name[1]),
        *[event("ADMIN_ROLE_UNASSIGNED", 2, roleName="auditor", username=name[1])] * 2,
        event("ADMIN_ROLE_UPDATED", roleId="6", roleName="viewer2"),
        event("ADMIN_ROLE_DELETED", roleName="viewer2"),
    ]


def test_roles_and_groups_are_listed_by_name_and_users_by_id(world: World) -> None:
    for kind in ("roles", "groups"):
        ask(world, "POST", f"/{kind}", json={"name": "Middle"})
        names = [record["name"] for record in ask(world, "GET", f"/{kind}").json["data"]]
        assert names == sorted(names, key=str.casefold)
    assert [user["id"] for user in ask(world, "GET", "/users").json["data"]] == list(range(1, 11))


def test_a_role_of_an_application_is_made_in_the_console(world: World) -> None:
    made = run(world, "make_client_role", application="acme-mobile", name="admin")
    id = (made.get("result") or made)["id"]
    assert ask(world, "GET", f"/roles/{id}").json["scope"] == "CLIENT"
    assert ask(world, "POST", f"/users/1/roles/{id}").status_code == 204
    assert audited(world, 1)[0]["clientId"] == 3
    run(world, "make_client_role", 422, application="acme-mobile", name="admin")


def test_groups_stand_in_groups_and_have_members(world: World) -> None:
    child = ask(world, "POST", "/groups", json={"name": " Backend ", "parentGroupId": 1}).json
    assert (child["name"], child["parentGroupId"], child["tenantId"]) == ("Backend", 1, 2)
    assert ask(world, "POST", "/groups", json={"name": "Backend"}).status_code == 201
    assert ask(world, "POST", "/groups", json={"name": "Backend", "parentGroupId": 1}).status_code == 409
    assert ask(world, "POST", f"/groups/{child['id']}/members/3").status_code == 204
    assert [link["userId"] for link in kept(world, "group_members") if link["groupId"] == child["id"]] == [3]
    assert ask(world, "DELETE", f"/groups/{child['id']}").status_code == 204
    assert not [link for link in kept(world, "group_members") if link["groupId"] == child["id"]]
    username = ask(world, "GET", "/users/3").json["username"]
    assert audited(world, 2) == [
        event("ADMIN_GROUP_MEMBER_ADDED", 3, groupName="Backend", username=username),
        event("ADMIN_GROUP_DELETED", groupName="Backend"),
    ]


def test_an_application_is_registered_off_stage_and_changed_and_disabled_here(world: World) -> None:
    given = {"client_id": "shop", "name": "Shop", "access_type": "confidential", "redirect_uris": ["https://s.test/cb"]}
    run(world, "register_application", **given)
    run(world, "register_application", 422, **given)
    shown = ask(world, "GET", "/applications/4").json
    assert (shown["clientId"], shown["accessType"], shown["redirectUris"]) == (
        "shop",
        "confidential",
        ["https://s.test/cb"],
    )
    whole = {"name": "Shop 2", "accessType": "public", "redirectUris": ["https://b.test", "https://a.test"]}
    changed = ask(world, "PUT", "/applications/4", json=whole).json
    assert changed == {**shown, **whole}
    for _ in range(2):
        assert ask(world, "DELETE", "/applications/4").status_code == 204
    assert not ask(world, "GET", "/applications/4").json["enabled"]
    run(world, "sign_in", 422, application="shop")
    run(world, "enable_application", application="shop")
    run(world, "sign_in", application="shop")
    assert audited(world, 6)[:4] == [
        event("ADMIN_CLIENT_CREATED", None, 4, clientId="shop"),
        event("ADMIN_APPLICATION_UPDATED", None, 4, clientId="shop"),
        *[event("ADMIN_APPLICATION_DISABLED", None, 4, clientId="shop", enabled="false")] * 2,
    ]


def test_the_portal_leads_to_where_the_workspace_is(world: World) -> None:
    portal = ask(world, "GET", "/applications/1").json
    assert portal["redirectUris"] == ["http://localhost/kotauth/t/kotauth/account/callback"]


def test_a_sign_in_makes_a_session_that_ends_by_itself_or_by_revocation(world: World) -> None:
    for address in ("203.0.113.7", "203.0.113.8"):
        run(world, "sign_in", user=1, application="acme-dashboard", ip=address)
        world.advance("1s", "kotauth")
    first, second = ask(world, "GET", "/sessions").json["data"][1::-1]
    assert (first["id"], second["id"], first["ipAddress"]) == (5, 6, "203.0.113.7")
    assert (first["createdAt"], first["expiresAt"]) == ("2026-03-01T12:00:00.000000Z", "2026-03-02T12:00:00.000000Z")
    events = ask(world, "GET", "/audit-logs").json["meta"]["total"]
    assert ask(world, "DELETE", "/sessions/5").status_code == 204
    assert 5 not in [session["id"] for session in ask(world, "GET", "/sessions").json["data"]]
    assert ask(world, "GET", "/audit-logs").json["meta"]["total"] == events
    world.advance("1d", "kotauth")
    assert 6 not in [session["id"] for session in ask(world, "GET", "/sessions").json["data"]]
    assert ask(world, "DELETE", "/sessions/6").status_code == 404
    assert [type for type, _ in told(world)] == ["login.success"] * 2


def test_disabling_a_user_leaves_the_sessions_and_forbids_the_next_sign_in(world: World) -> None:
    run(world, "sign_in", user=1)
    before = ask(world, "GET", "/sessions").json
    ask(world, "DELETE", "/users/1")
    assert ask(world, "GET", "/sessions").json == before
    run(world, "sign_in", 422, user=1)
    run(world, "sign_in", 404, user="nobody")


def test_a_failed_sign_in_a_sign_out_and_a_second_factor_leave_their_marks(world: World) -> None:
    run(world, "fail_sign_in", username="nobody", ip="198.51.100.42")
    assert audited(world, 1) == [
        {**event("LOGIN_FAILURE", username="nobody", reason="invalid_credentials"), "ipAddress": "198.51.100.42"}
    ]
    run(world, "sign_in", user=1)
    run(world, "sign_out", session=5)
    run(world, "enrol_mfa", user=1)
    assert [each["eventType"] for each in audited(world, 2)] == ["LOGOUT", "USER_MFA_ENROLLED"]
    assert ask(world, "GET", "/users/1").json["mfaEnabled"]
    assert [type for type, _ in told(world)] == ["login.failed", "login.success", "mfa.enrolled"]


def test_attributes_are_texts_under_any_key(world: World) -> None:
    for key, sent in (("a/b", "a%2Fb"), ("ä ?", "%C3%A4%20%3F"), ("plan", "plan")):
        assert ask(world, "PUT", f"/users/2/attributes/{sent}", json={"value": f"<{key}>"}).status_code == 204
    assert ask(world, "PUT", "/users/2/attributes/plan", json={"value": ""}).status_code == 204
    attributes = ask(world, "GET", "/users/2/attributes").json["attributes"]
    assert {key: attributes[key] for key in ("a/b", "ä ?", "plan")} == {"a/b": "<a/b>", "ä ?": "<ä ?>", "plan": ""}
    assert ask(world, "DELETE", "/users/2/attributes/a%2fb").status_code == 204
    assert "a/b" not in ask(world, "GET", "/users/2/attributes").json["attributes"]
    assert ask(world, "GET", "/users/9/attributes").json == {"attributes": {}}
    types = ["ADMIN_USER_ATTRIBUTE_SET"] * 4 + ["ADMIN_USER_ATTRIBUTE_DELETED"]
    assert [each["eventType"] for each in audited(world, 5)] == types


def test_a_claim_mapper_is_set_again_with_the_defaults_of_what_is_left_out(world: World) -> None:
    body = {"claimName": "billing", "includeInAccess": False, "includeInId": True}
    assert ask(world, "PUT", "/claim-mappers/a%2Fplan", json=body).status_code == 204
    mappers = ask(world, "GET", "/claim-mappers").json["mappers"]
    assert mappers[0] == {"attributeKey": "a/plan", **body}
    assert [mapper["attributeKey"] for mapper in mappers] == ["a/plan", "department", "plan"]
    assert ask(world, "PUT", "/claim-mappers/a%2Fplan", json={"claimName": "billing"}).status_code == 204
    again = ask(world, "GET", "/claim-mappers").json["mappers"][0]
    assert (again["includeInAccess"], again["includeInId"]) == (True, False)
    assert ask(world, "DELETE", "/claim-mappers/a%2Fplan").status_code == 204


def test_audit_logs_are_paged_and_filters_that_mean_nothing_are_none(world: World) -> None:
    newest = ask(world, "GET", "/audit-logs").json
    assert newest["meta"] == {"total": 10, "offset": 0, "limit": 50}
    assert [each["createdAt"] for each in newest["data"]] == sorted(
        (each["createdAt"] for each in newest["data"]), reverse=True
    )
    page = ask(world, "GET", "/audit-logs?limit=3&offset=4").json
    assert (page["data"], page["meta"]) == (newest["data"][4:7], {"total": 10, "offset": 4, "limit": 3})
    for query, limit in (("limit=0", 1), ("limit=-5", 1), ("limit=x", 50), ("limit=999", 200)):
        assert ask(world, "GET", f"/audit-logs?{query}&offset=-3").json["meta"] == {
            "total": 10, "offset": 0, "limit": limit
        }  # fmt: skip
    for query in ("userId=x", "eventType=login_success", "eventType=", "userId="):
        assert ask(world, "GET", f"/audit-logs?{query}").json["meta"]["total"] == 10
    user = next(each["userId"] for each in newest["data"] if each["userId"])
    of_user = [each for each in newest["data"] if each["userId"] == user and each["eventType"] == "LOGIN_SUCCESS"]
    assert ask(world, "GET", f"/audit-logs?userId={user}&eventType=LOGIN_SUCCESS").json["data"] == of_user


def test_of_a_parameter_that_is_sent_twice_the_first_counts(world: World) -> None:
    assert ask(world, "GET", "/audit-logs?limit=3&limit=4&offset=1&offset=x").json["meta"] == {
        "total": 10, "offset": 1, "limit": 3
    }  # fmt: skip
    assert ask(world, "GET", "/audit-logs?limit=x&limit=4").json["meta"]["limit"] == 50


def test_two_workspaces_share_nothing(world: World) -> None:
    made = world.admin("POST", "/sandboxes", {"provider": "kotauth", "name": "other", "slug": "acme"}).json
    assert made["base_url"] == "http://localhost/kotauth/t/acme/api/v1"
    secret = made["keys"][0]["secret"]
    assert re.fullmatch(r"kauth_acme_[A-Za-z0-9_-]{43}", secret)
    there = world.ask("POST", "/t/acme/api/v1/users", key=secret, json=NEW_USER)
    assert there.status_code == 201
    assert ask(world, "GET", f"/users/{there.json['id']}").status_code == 404
    assert ask(world, "GET", "/users", key=secret).status_code == 401
    assert world.ask("GET", "/t/acme/api/v1/users").status_code == 401
    more = world.admin("POST", "/sandboxes/other/keys", {}).json["secret"]
    assert more.startswith("kauth_acme_")


def test_a_key_has_the_scopes_it_was_made_with_and_unknown_ones_are_dropped(world: World) -> None:
    made = run(world, "make_key", name="ci", scopes=["users:write", "made:up"])
    made = made.get("result") or made
    assert made["scopes"] == ["users:write"]
    assert ask(world, "POST", "/users", key=made["secret"], json=NEW_USER).status_code == 201
    assert ask(world, "GET", "/users", key=made["secret"]).status_code == 403
    run(world, "make_key", 422, name="none", scopes=["made:up"])
    run(world, "revoke_key", key=made["id"])
    assert ask(world, "GET", "/users", key=made["secret"]).status_code == 401


def test_every_answer_has_the_headers_of_the_product_and_an_id_of_its_own(world: World) -> None:
    answers = [ask(world, "GET", "/users"), ask(world, "GET", "/users/99"), ask(world, "GET", "/no", key=None),
               ask(world, "DELETE", "/users/1"), ask(world, "GET", "/docs", key=None)]  # fmt: skip
    for answer in answers:
        assert answer.headers.getlist("Server") == ["KotAuth"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert answer.headers["Content-Security-Policy"]
        assert not {"ETag", "Location", "Strict-Transport-Security"} & set(answer.headers.keys())
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == len(answers)


def test_the_pages_about_the_api_need_no_key_and_load_nothing_from_elsewhere(world: World) -> None:
    for path in ("/api/docs", f"{BASE}/docs"):
        page = world.ask("GET", path, key=None)
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(loaded) == 3
        for place in loaded:
            assert place.startswith("/kotauth/static/swagger/")
            asset = world.ask("GET", place.removeprefix("/kotauth"), key=None)
            assert asset.status_code == 200
            assert asset.headers["Content-Type"] in ("text/css", "text/javascript")
    assert world.ask("GET", "/t/nobodys/api/v1/docs", key=None).status_code == 404
    assert world.ask("GET", "/static/swagger/LICENSE", key=None).status_code == 404


def test_the_openapi_document_has_what_the_sandbox_offers(world: World) -> None:
    document = world.ask("GET", "/api/docs/openapi.yaml", key=None)
    assert document.headers["Content-Type"] == "application/yaml"
    paths = loads(document.data)["paths"]
    assert sum(len(methods) for methods in paths.values()) == 33
    assert loads(document.data)["servers"] == [{"url": "/kotauth/t/kotauth/api/v1"}]


def test_ids_may_have_gaps_as_where_other_workspaces_take_them(world: World) -> None:
    assert (
        world.admin("PATCH", "/sandboxes/kotauth", {"assumptions": {"id_step": 7, "tenant_id": 9}}).status_code == 200
    )
    made = [ask(world, "POST", "/roles", json={"name": f"r{nth}"}).json for nth in range(2)]
    assert [(role["id"], role["tenantId"]) for role in made] == [(12, 9), (19, 9)]


def test_instants_may_have_only_the_digits_they_need(world: World) -> None:
    assert (
        world.admin("PATCH", "/sandboxes/kotauth", {"assumptions": {"fraction_digits": "as needed"}}).status_code == 200
    )
    for by, expected in (("1s", "12:00:01Z"), ("5ms", "12:00:01.005Z"), ("0.5ms", "12:00:01.005500Z")):
        world.advance(by, "kotauth")
        run(world, "fail_sign_in")
        assert ask(world, "GET", "/audit-logs?limit=1").json["data"][0]["createdAt"] == f"2026-03-01T{expected}"


def test_a_reset_takes_the_workspace_back_to_its_seed(world: World) -> None:
    before = ask(world, "GET", "/users").json
    ask(world, "POST", "/users", json=NEW_USER)
    ask(world, "DELETE", "/users/1")
    assert world.admin("POST", "/sandboxes/kotauth/reset").status_code == 200
    assert ask(world, "GET", "/users").json == before
    assert ask(world, "POST", "/users", json=NEW_USER).json["id"] == 11

"""The admin API: valid requests, and refusals of invalid ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from mockserver.admin.api import ADMIN_PREFIX, ROUTES
from mockserver.app import create_app
from tests.support.collect_failures import collect_failures
from tests.support.harness import TOKEN, Harness

SANDBOX_PATH = "/sandboxes/smartepi"


def fill_path(path: str) -> str:
    return path.replace("{", "").replace("}", "")


@pytest.mark.parametrize(
    "header", [None, "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ", TOKEN], ids=str
)
def test_every_route_requires_the_token(harness: Harness, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    with collect_failures() as case:
        for route in ROUTES:
            with case(route.method, route.path):
                answer = harness.app.test_client().open(
                    ADMIN_PREFIX + fill_path(route.path), method=route.method, headers=headers
                )
                assert answer.status_code == 401
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                assert answer.content_type == "application/problem+json"


def test_every_registered_admin_rule_is_in_the_table(harness: Harness) -> None:
    served = {
        rule.rule for rule in create_app(harness.engine).url_map.iter_rules() if rule.rule.startswith(ADMIN_PREFIX)
    }
    known = {ADMIN_PREFIX + route.path.replace("{", "<").replace("}", ">") for route in ROUTES}
    pages = (f"{ADMIN_PREFIX}/console/", f"{ADMIN_PREFIX}/docs")
    console = {rule for rule in served if rule == f"{ADMIN_PREFIX}/" or rule.startswith(pages)}
    assert served - console == known | {f"{ADMIN_PREFIX}/openapi.json"}
    assert not console & known


@pytest.mark.parametrize("path", ["/__admin", "/__admin/", "/__admin/nothing", "/__admin//version", "/__admin/%2e%2e"])
def test_unknown_admin_path_requires_authentication(harness: Harness, path: str) -> None:
    assert harness.app.test_client().get(path).status_code == 401


@pytest.mark.parametrize("path", ["/__adminx/version", "/__admin;x/version", "//__admin/version", "/__ADMIN/version"])
def test_path_resembling_the_admin_api_is_not_found(harness: Harness, path: str) -> None:
    # The raw path: the test client would take the text after two slashes for a host.
    environ, headers = {"PATH_INFO": path, "RAW_URI": path}, {"Authorization": f"Bearer {TOKEN}"}
    answer = harness.app.test_client().get("/", headers=headers, environ_overrides=environ)
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_the_refusal_of_a_method_names_the_allowed_ones(harness: Harness) -> None:
    answer = harness.admin("PUT", "/sandboxes")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("path", ["/health", "/healthz", "/ready", "/readyz"])
def test_health_needs_no_token(harness: Harness, path: str) -> None:
    assert harness.app.test_client().get(path).status_code == 200


def test_the_refusal_of_an_unknown_path_names_the_providers_and_the_admin_api(harness: Harness) -> None:
    answer = harness.app.test_client().get("/v1/employees")
    assert answer.status_code == 404
    assert "/smartepi/v1" in answer.text
    assert ADMIN_PREFIX in answer.text


def test_a_new_sandbox_has_a_key_that_selects_it(harness: Harness) -> None:
    response = harness.admin("POST", "/sandboxes", {"provider": "smartepi", "name": "mine", "seed": 7, "size": "small"})
    assert response.status_code == 201
    sandbox = response.json
    assert {"id": "mine", "provider": "smartepi", "name": "mine", "seed": "7"}.items() <= sandbox.items()
    assert sandbox["base_url"] == "http://localhost/smartepi/v1"
    key = sandbox["keys"][0]
    assert key["state"] == "active"
    answer = harness.request("GET", "/v1/employees", key=key["secret"])
    assert answer.status_code == 200
    assert answer.json != harness.request("GET", "/v1/employees").json
    assert [call["path"] for call in harness.admin("GET", "/sandboxes/mine/requests").json["requests"]] == [
        "/smartepi/v1/employees"
    ]


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"provider": "smartepy"}, 404, "did you mean 'smartepi'"),
        ({"provider": "smartepi", "sized": "small"}, 422, "did you mean 'size'"),
        ({"provider": "smartepi", "size": "smal"}, 404, "did you mean 'small'"),
        ({"provider": "smartepi", "name": "Not An Id"}, 422, "'Not An Id' is not a sandbox id"),
        ({"provider": "smartepi", "name": "smartepi"}, 409, "there is a sandbox 'smartepi' already"),
        ({"provider": "smartepi", "assumptions": {"timestamp": "iso"}}, 404, "did you mean 'timestamps'"),
        ({"provider": "smartepi", "assumptions": {"timestamps": "is"}}, 422, "timestamps"),
        ({"provider": "smartepi", "limits": {"rate": 0}}, 422, "limits.rate"),
        ({"provider": "smartepi", "latency": {"type": "fixed", "ms": -1}}, 422, "latency"),
        ({}, 422, "provider"),
    ],
)
def test_the_refusal_of_an_invalid_sandbox_names_the_nearest_valid_value(
    harness: Harness, body: dict[str, Any], status: int, named: str
) -> None:
    before = harness.admin("GET", "/sandboxes").json
    answer = harness.admin("POST", "/sandboxes", body)
    assert answer.status_code == status, answer.text
    assert named in answer.json["detail"]
    assert harness.admin("GET", "/sandboxes").json == before


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"provider": NaN}', "application/json", 400),
        (b'{"provider": "smartepi"}', "text/plain", 415),
        (b"provider=smartepi", "application/x-www-form-urlencoded", 415),
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused(
    harness: Harness, data: bytes, content_type: str, status: int
) -> None:
    answer = harness.admin("POST", "/sandboxes", data=data, headers={"Content-Type": content_type})
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"


def test_every_route_refuses_an_unknown_sandbox_and_names_the_nearest_one(harness: Harness) -> None:
    bodies: dict[str, Any] = {
        "set_clock": {"action": "resume"},
        "create_fault": {"fault": {"kind": "reset"}},
        "set_fault": {"fault": {"kind": "reset"}},
        "preview_fault": {"fault": {"kind": "reset"}},
        "replace_faults": {"rules": []},
        "create_webhook": {"url": "http://127.0.0.1:9/"},
        "import_state": {"provider": "smartepi", "collections": {}},
    }
    with collect_failures() as case:
        for route in [each for each in ROUTES if "{sandbox}" in each.path]:
            with case(route.method, route.path):
                path = fill_path(route.path.replace("{sandbox}", "smartep"))
                answer = harness.admin(route.method, path, bodies.get(route.handler.__name__))
                assert answer.status_code == 404, answer.text
                assert answer.json["detail"] == "there is no sandbox 'smartep'; did you mean 'smartepi'?"


def test_the_first_sandbox_cannot_be_deleted(harness: Harness) -> None:
    answer = harness.admin("DELETE", SANDBOX_PATH)
    assert answer.status_code == 422
    assert "reset it instead" in answer.json["detail"]


def test_deleting_a_sandbox_deletes_its_keys(harness: Harness) -> None:
    sandbox = harness.admin("POST", "/sandboxes", {"provider": "smartepi", "name": "gone"}).json
    assert harness.admin("DELETE", "/sandboxes/gone").status_code == 204
    assert harness.admin("GET", "/sandboxes/gone").status_code == 404
    assert harness.request("GET", "/v1/sectors", key=sandbox["keys"][0]["secret"]).status_code == 403


def test_settings_are_changed_and_restored_by_null(harness: Harness) -> None:
    changes = {
        "limits": {"rate": 1, "burst": 1},
        "latency": {"type": "fixed", "ms": 5},
        "assumptions": {"titles": "words"},
    }
    changed = harness.admin("PATCH", SANDBOX_PATH, changes).json
    assert changed["limits"]["burst"] == 1
    assert changed["latency"] == {"type": "fixed", "ms": 5}
    assert changed["assumptions"]["titles"] == "words"
    restored = harness.admin(
        "PATCH", SANDBOX_PATH, {"limits": None, "latency": None, "assumptions": {"titles": None}}
    ).json
    assert restored["limits"]["rate"] == 10_000
    assert restored["latency"] is None
    assert restored["assumptions"]["titles"] == "sentence"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"latencies": {}}, "did you mean 'latency'"),
        ({"assumptions": {"title": "words"}}, "did you mean 'titles'"),
        ({"assumptions": {"titles": "shouted"}}, "titles"),
        ({"limits": {"rates": 1}}, "did you mean 'rate'"),
        ({"seed": "2"}, "there is no field 'seed'"),
    ],
)
def test_an_invalid_setting_changes_nothing(harness: Harness, changes: dict[str, Any], named: str) -> None:
    before = harness.admin("GET", SANDBOX_PATH).json
    answer = harness.admin("PATCH", SANDBOX_PATH, changes)
    assert answer.status_code == 422, answer.text
    assert named in answer.json["detail"]
    assert harness.admin("GET", SANDBOX_PATH).json == before


def test_a_key_is_created_listed_and_revoked(harness: Harness) -> None:
    created = harness.admin("POST", f"{SANDBOX_PATH}/keys", {"expires_in": "2h", "activates_in": "0s"})
    assert created.status_code == 201
    assert created.json["state"] == "expiring"
    assert created.json["secret"].startswith("sk_")
    assert created.json["id"] in [key["id"] for key in harness.admin("GET", f"{SANDBOX_PATH}/keys").json]
    revoked = harness.admin("DELETE", f"{SANDBOX_PATH}/keys/{created.json['id']}", {"lingers": "5s"}).json
    assert revoked["state"] == "lingering"
    harness.advance("5s")
    assert harness.request("GET", "/v1/sectors", key=created.json["secret"]).status_code == 403


def test_key_can_be_created_with_an_expiry(harness: Harness) -> None:
    key = harness.admin("POST", f"{SANDBOX_PATH}/keys", {"activates_in": "0s", "revokes_in": "10m"}).json["secret"]
    harness.advance("10m")
    assert harness.request("GET", "/v1/sectors", key=key).status_code == 200  # A revoked key lingers, as documented.
    harness.advance("60s")
    assert harness.request("GET", "/v1/sectors", key=key).status_code == 403


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"cidrs": ["10.0.0.0/33"]}, "10.0.0.0/33"),
        ({"scopes": ["employees:read"]}, "has no scope 'employees:read'"),
        ({"mode": "test"}, "has no mode 'test'"),
        ({"expires_in": "tomorrow"}, "'tomorrow' is not a duration"),
        ({"expire_in": "1h"}, "did you mean 'expires_in'"),
    ],
)
def test_an_invalid_key_is_refused(harness: Harness, body: dict[str, Any], named: str) -> None:
    answer = harness.admin("POST", f"{SANDBOX_PATH}/keys", body)
    assert answer.status_code == 422, answer.text
    assert named in answer.json["detail"]


def test_the_refusal_to_revoke_an_unknown_key_names_the_nearest_one(harness: Harness) -> None:
    answer = harness.admin("DELETE", f"{SANDBOX_PATH}/keys/key_9", {})
    assert answer.status_code == 404
    assert "did you mean 'key_1'" in answer.json["detail"]


def test_the_clock_is_frozen_advanced_and_reset(harness: Harness) -> None:
    at = "2027-05-01T00:00:00Z"
    frozen = harness.admin("PUT", f"{SANDBOX_PATH}/clock", {"action": "freeze", "at": at}).json
    assert frozen["now"] == "2027-05-01T00:00:00.000000Z"
    assert frozen["state"] == "frozen"
    assert harness.advance("1h30m")["now"] == "2027-05-01T01:30:00.000000Z"
    assert harness.request("GET", "/v1/sectors").headers["Date"] == "Sat, 01 May 2027 01:30:00 GMT"
    assert harness.admin("PUT", f"{SANDBOX_PATH}/clock", {"action": "resume"}).json["state"] == "running"
    assert harness.admin("PUT", f"{SANDBOX_PATH}/clock", {"action": "reset"}).json["state"] == "running"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"action": "advance"}, "'by'"),
        ({"action": "advance", "by": "-5s"}, "'-5s' is not a duration"),
        ({"action": "freeze", "by": "5s"}, "'by'"),
        ({"action": "freeze", "at": "noon"}, "'noon' is not an ISO 8601 instant"),
        ({"action": "resume", "at": "2027-05-01T00:00:00Z"}, "'at'"),
        ({"action": "stop"}, "action"),
        ({"action": "advance", "by": "3000000d"}, "'3000000d' is too long"),
        ({"action": "freeze", "at": "0001-01-01T00:00:00Z"}, "1970"),
    ],
)
def test_an_invalid_move_of_the_clock_changes_nothing(harness: Harness, body: dict[str, Any], named: str) -> None:
    answer = harness.admin("PUT", f"{SANDBOX_PATH}/clock", body)
    assert answer.status_code == 422, answer.text
    assert named in answer.json["detail"]
    assert harness.admin("GET", f"{SANDBOX_PATH}/clock").json["now"] == "2026-03-01T12:00:00.000000Z"


def test_fault_rules_are_set_replaced_read_and_removed(harness: Harness) -> None:
    rule = {"id": "one", "fault": {"kind": "status", "status": 503}}
    assert harness.admin("POST", f"{SANDBOX_PATH}/faults", rule).status_code == 201
    assert harness.admin("POST", f"{SANDBOX_PATH}/faults", rule).status_code == 409
    assert harness.admin("PUT", f"{SANDBOX_PATH}/faults/one", {"fault": {"kind": "reset"}}).json["fault"] == {
        "kind": "reset"
    }
    assert (
        harness.admin("PUT", f"{SANDBOX_PATH}/faults/one", {"id": "two", "fault": {"kind": "reset"}}).status_code == 422
    )
    assert [each["id"] for each in harness.admin("GET", f"{SANDBOX_PATH}/faults").json] == ["one"]
    replaced = harness.admin("PUT", f"{SANDBOX_PATH}/faults", {"rules": [{"id": "a", "fault": {"kind": "empty"}}]}).json
    assert [each["id"] for each in replaced] == ["a"]
    assert harness.admin("DELETE", f"{SANDBOX_PATH}/faults/b").status_code == 404
    assert harness.admin("DELETE", f"{SANDBOX_PATH}/faults/a").status_code == 204
    assert harness.admin("DELETE", f"{SANDBOX_PATH}/faults").status_code == 204
    assert harness.admin("GET", f"{SANDBOX_PATH}/faults").json == []


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"fault": {"kind": "rest"}}, "there is no fault kind 'rest'; did you mean 'reset'"),
        ({"fault": {"kind": "status", "stats": 1}}, "did you mean 'status'"),
        ({"match": {"pth": "*"}, "fault": {"kind": "reset"}}, "did you mean 'path'"),
        ({"trigger": {"probability": 2}, "fault": {"kind": "reset"}}, "trigger.probability"),
        ({"trigger": {"ttl": "soon"}, "fault": {"kind": "reset"}}, "'soon' is not a duration"),
        ({"match": {"body": {"email": {"equals": 1}}}, "fault": {"kind": "reset"}}, "$.email"),
        ({}, "fault"),
    ],
)
def test_an_invalid_rule_is_refused(harness: Harness, rule: dict[str, Any], named: str) -> None:
    answer = harness.admin("POST", f"{SANDBOX_PATH}/faults", rule)
    assert answer.status_code == 422, answer.text
    assert named in answer.json["detail"]
    assert harness.admin("GET", f"{SANDBOX_PATH}/faults").json == []


def test_deleting_all_rules_keeps_those_of_scenarios(harness: Harness) -> None:
    harness.admin("PUT", f"{SANDBOX_PATH}/scenarios/outage", {})
    harness.admin("POST", f"{SANDBOX_PATH}/faults", {"id": "mine", "fault": {"kind": "reset"}})
    harness.admin("DELETE", f"{SANDBOX_PATH}/faults")
    assert [rule["scenario"] for rule in harness.admin("GET", f"{SANDBOX_PATH}/faults").json] == ["outage"]


def test_the_journal_is_read_call_by_call_and_cleared(harness: Harness) -> None:
    for _ in range(3):
        harness.request("GET", "/v1/sectors")
    calls = harness.admin("GET", f"{SANDBOX_PATH}/requests?limit=2").json["requests"]
    assert len(calls) == 2
    call = harness.admin("GET", f"{SANDBOX_PATH}/requests/{calls[0]['id']}").json
    assert [step["stage"] for step in call["trace"]][-1] == "perform"
    after = harness.admin("GET", f"{SANDBOX_PATH}/requests?after={calls[0]['id']}").json["requests"]
    assert [call["id"] for call in after] == [calls[1]["id"]]
    assert harness.admin("GET", f"{SANDBOX_PATH}/requests/req_999").status_code == 404
    assert harness.admin("GET", f"{SANDBOX_PATH}/requests?limt=1").status_code == 422
    assert harness.admin("DELETE", f"{SANDBOX_PATH}/requests").status_code == 204
    assert harness.admin("GET", f"{SANDBOX_PATH}/requests").json == {"requests": [], "dropped": 0}


def test_a_state_is_exported_and_imported(harness: Harness) -> None:
    before = harness.admin("GET", f"{SANDBOX_PATH}/state")
    harness.request("POST", "/v1/sectors", json={"name": "Later"})
    assert harness.admin("PUT", f"{SANDBOX_PATH}/state", before.json).status_code == 200
    assert harness.admin("GET", f"{SANDBOX_PATH}/state").data == before.data
    assert harness.request("GET", "/v1/sectors?name=later").json["data"] == []


@pytest.mark.parametrize(
    ("state", "named"),
    [
        ({"provider": "kota", "collections": {}}, "'kota'"),
        ({"provider": "smartepi", "collections": {"sectors": {}}}, "collections.sectors"),
        ({"provider": "smartepi", "collections": {"sectors": [{"name": "no id"}]}}, "collections.sectors"),
        ({"provider": "smartepi", "collections": {"sectrs": []}}, "did you mean 'sectors'"),
        ({"provider": "smartepi", "collections": {"_keys": [{"id": "key_1"}]}}, "state"),
        ({"provider": "smartepi"}, "collections"),
    ],
)
def test_an_invalid_state_changes_nothing(harness: Harness, state: dict[str, Any], named: str) -> None:
    before = harness.admin("GET", f"{SANDBOX_PATH}/state").data
    answer = harness.admin("PUT", f"{SANDBOX_PATH}/state", state)
    assert answer.status_code == 422, answer.text
    assert named in answer.json["detail"]
    assert harness.admin("GET", f"{SANDBOX_PATH}/state").data == before
    assert harness.request("GET", "/v1/sectors").status_code == 200


def test_a_provider_lists_its_operations_assumptions_and_simulations(harness: Harness) -> None:
    provider = harness.admin("GET", "/providers/smartepi").json
    assert len([op for op in provider["operations"] if op["name"].startswith("list_")]) == 10
    for assumption in provider["assumptions"]:
        assert assumption["sentence"].endswith(".")
        assert assumption["evidence"]
    assert {each["name"] for each in provider["simulations"]} >= {"record_withdrawal", "make_key", "revoke_key"}
    assert harness.admin("GET", "/providers/smartepie").json["detail"].endswith("did you mean 'smartepi'?")


def test_metrics_count_responses_by_status(harness: Harness) -> None:
    harness.request("GET", "/v1/sectors")
    harness.request("GET", "/v1/sectors", key=None)
    text = harness.admin("GET", "/metrics").text
    assert 'testmode_calls_total{provider="smartepi",sandbox="smartepi",status="200"} 1' in text
    assert 'testmode_calls_total{provider="smartepi",sandbox="smartepi",status="401"} 1' in text


def test_the_openapi_document_is_valid_and_has_every_route(harness: Harness) -> None:
    document = harness.admin("GET", "/openapi.json").json
    validate(document)
    served = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert served == {(route.method, ADMIN_PREFIX + route.path) for route in ROUTES}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path


def test_no_response_of_the_admin_api_has_cors_headers(harness: Harness) -> None:
    answer = harness.admin("GET", "/version", headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers.keys() if name.lower().startswith("access-control")]  # noqa: SIM118


def test_admin_calls_and_health_are_neither_journalled_nor_faulted(harness: Harness) -> None:
    harness.admin("POST", f"{SANDBOX_PATH}/faults", {"fault": {"kind": "status", "status": 503}})
    harness.app.test_client().get("/health")
    assert harness.admin("GET", SANDBOX_PATH).status_code == 200
    assert harness.admin("GET", f"{SANDBOX_PATH}/requests").json["requests"] == []


def test_the_refusal_of_unknown_scenarios_and_simulations_names_the_nearest_one(harness: Harness) -> None:
    assert "did you mean 'outage'" in harness.admin("PUT", f"{SANDBOX_PATH}/scenarios/outag", {}).json["detail"]
    assert (
        "did you mean 'record_return'"
        in harness.admin("POST", f"{SANDBOX_PATH}/simulations/record_retur", {}).json["detail"]
    )
    refused = harness.admin("POST", f"{SANDBOX_PATH}/simulations/record_return", {"quantty": 1})
    assert refused.status_code == 422
    assert "quantty" in json.dumps(refused.json)


def test_collections_list_records_that_the_provider_does_not_expose(harness: Harness) -> None:
    counts = {each["name"]: each["records"] for each in harness.admin("GET", f"{SANDBOX_PATH}/collections").json}
    assert counts["employees"] == 15
    page = harness.admin("GET", f"{SANDBOX_PATH}/collections/rules?limit=2").json
    assert page["total"] == counts["rules"]
    assert [set(record) for record in page["records"]] == [{"id", "groupId", "productId"}] * 2
    refused = harness.admin("GET", f"{SANDBOX_PATH}/collections/employes")
    assert (refused.status_code, "did you mean 'employees'" in refused.json["detail"]) == (404, True)
    assert harness.admin("GET", f"{SANDBOX_PATH}/collections/_keys").status_code == 404

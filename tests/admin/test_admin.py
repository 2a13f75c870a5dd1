"""The admin API as operators use it, and as they misuse it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from mockserver.admin.api import PREFIX, ROUTES
from mockserver.app import create_app
from tests.support.cases import every_case
from tests.support.worlds import TOKEN, World

S = "/sandboxes/smartepi"


def filled(path: str) -> str:
    return path.replace("{", "").replace("}", "")


@pytest.mark.parametrize(
    "header", [None, "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ", TOKEN], ids=str
)
def test_every_route_is_closed_without_the_token(world: World, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    with every_case() as case:
        for route in ROUTES:
            with case(route.method, route.path):
                answer = world.app.test_client().open(PREFIX + filled(route.path), method=route.method, headers=headers)
                assert answer.status_code == 401
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                assert answer.content_type == "application/problem+json"


def test_every_registered_admin_rule_is_in_the_table(world: World) -> None:
    served = {rule.rule for rule in create_app(world.engine).url_map.iter_rules() if rule.rule.startswith(PREFIX)}
    known = {PREFIX + route.path.replace("{", "<").replace("}", ">") for route in ROUTES}
    pages = (f"{PREFIX}/console/", f"{PREFIX}/docs")
    console = {rule for rule in served if rule == f"{PREFIX}/" or rule.startswith(pages)}
    assert served - console == known | {f"{PREFIX}/openapi.json"}
    assert not console & known


@pytest.mark.parametrize("path", ["/__admin", "/__admin/", "/__admin/nothing", "/__admin//version", "/__admin/%2e%2e"])
def test_what_does_not_exist_is_closed_too(world: World, path: str) -> None:
    assert world.app.test_client().get(path).status_code == 401


@pytest.mark.parametrize("path", ["/__adminx/version", "/__admin;x/version", "//__admin/version", "/__ADMIN/version"])
def test_what_only_looks_like_the_admin_api_is_nothing(world: World, path: str) -> None:
    # As it is written: the client would take what stands behind two slashes for a host.
    sent, headers = {"PATH_INFO": path, "RAW_URI": path}, {"Authorization": f"Bearer {TOKEN}"}
    answer = world.app.test_client().get("/", headers=headers, environ_overrides=sent)
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_a_wrong_method_names_the_right_ones(world: World) -> None:
    answer = world.admin("PUT", "/sandboxes")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("path", ["/health", "/healthz", "/ready", "/readyz"])
def test_health_needs_no_token(world: World, path: str) -> None:
    assert world.app.test_client().get(path).status_code == 200


def test_a_path_of_nobody_says_where_things_are(world: World) -> None:
    answer = world.app.test_client().get("/v1/employees")
    assert answer.status_code == 404
    assert "/smartepi/v1" in answer.text
    assert PREFIX in answer.text


def test_a_sandbox_is_made_with_a_key_that_opens_it(world: World) -> None:
    made = world.admin("POST", "/sandboxes", {"provider": "smartepi", "name": "mine", "seed": 7, "size": "small"})
    assert made.status_code == 201
    shown = made.json
    assert {"id": "mine", "provider": "smartepi", "name": "mine", "seed": "7"}.items() <= shown.items()
    assert shown["base_url"] == "http://localhost/smartepi/v1"
    key = shown["keys"][0]
    assert key["state"] == "active"
    answer = world.ask("GET", "/v1/employees", key=key["secret"])
    assert answer.status_code == 200
    assert answer.json != world.ask("GET", "/v1/employees").json
    assert [call["path"] for call in world.admin("GET", "/sandboxes/mine/requests").json["requests"]] == [
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
def test_a_wrong_sandbox_is_refused_with_the_nearest_right_word(
    world: World, body: dict[str, Any], status: int, named: str
) -> None:
    before = world.admin("GET", "/sandboxes").json
    answer = world.admin("POST", "/sandboxes", body)
    assert answer.status_code == status, answer.text
    assert named in answer.json["detail"]
    assert world.admin("GET", "/sandboxes").json == before


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
def test_a_body_that_is_no_json_object_is_refused(world: World, data: bytes, content_type: str, status: int) -> None:
    answer = world.admin("POST", "/sandboxes", data=data, headers={"Content-Type": content_type})
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"


def test_a_sandbox_that_is_not_there_is_named_with_the_nearest(world: World) -> None:
    bodies: dict[str, Any] = {
        "set_clock": {"action": "resume"},
        "create_fault": {"fault": {"kind": "reset"}},
        "set_fault": {"fault": {"kind": "reset"}},
        "preview_fault": {"fault": {"kind": "reset"}},
        "replace_faults": {"rules": []},
        "create_webhook": {"url": "http://127.0.0.1:9/"},
        "import_state": {"provider": "smartepi", "collections": {}},
    }
    with every_case() as case:
        for route in [each for each in ROUTES if "{sandbox}" in each.path]:
            with case(route.method, route.path):
                path = filled(route.path.replace("{sandbox}", "smartep"))
                answer = world.admin(route.method, path, bodies.get(route.handler.__name__))
                assert answer.status_code == 404, answer.text
                assert answer.json["detail"] == "there is no sandbox 'smartep'; did you mean 'smartepi'?"


def test_the_first_sandbox_stays(world: World) -> None:
    answer = world.admin("DELETE", S)
    assert answer.status_code == 422
    assert "reset it instead" in answer.json["detail"]


def test_a_deleted_sandbox_and_its_keys_are_gone(world: World) -> None:
    made = world.admin("POST", "/sandboxes", {"provider": "smartepi", "name": "gone"}).json
    assert world.admin("DELETE", "/sandboxes/gone").status_code == 204
    assert world.admin("GET", "/sandboxes/gone").status_code == 404
    assert world.ask("GET", "/v1/sectors", key=made["keys"][0]["secret"]).status_code == 403


def test_settings_are_changed_and_taken_back(world: World) -> None:
    changes = {
        "limits": {"rate": 1, "burst": 1},
        "latency": {"type": "fixed", "ms": 5},
        "assumptions": {"titles": "words"},
    }
    changed = world.admin("PATCH", S, changes).json
    assert changed["limits"]["burst"] == 1
    assert changed["latency"] == {"type": "fixed", "ms": 5}
    assert changed["assumptions"]["titles"] == "words"
    back = world.admin("PATCH", S, {"limits": None, "latency": None, "assumptions": {"titles": None}}).json
    assert back["limits"]["rate"] == 10_000
    assert back["latency"] is None
    assert back["assumptions"]["titles"] == "sentence"


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
def test_a_wrong_setting_changes_nothing(world: World, changes: dict[str, Any], named: str) -> None:
    before = world.admin("GET", S).json
    answer = world.admin("PATCH", S, changes)
    assert answer.status_code == 422, answer.text
    assert named in answer.json["detail"]
    assert world.admin("GET", S).json == before


def test_a_key_is_made_listed_and_revoked(world: World) -> None:
    made = world.admin("POST", f"{S}/keys", {"expires_in": "2h", "activates_in": "0s"})
    assert made.status_code == 201
    assert made.json["state"] == "expiring"
    assert made.json["secret"].startswith("sk_")
    assert made.json["id"] in [key["id"] for key in world.admin("GET", f"{S}/keys").json]
    revoked = world.admin("DELETE", f"{S}/keys/{made.json['id']}", {"lingers": "5s"}).json
    assert revoked["state"] == "lingering"
    world.advance("5s")
    assert world.ask("GET", "/v1/sectors", key=made.json["secret"]).status_code == 403


def test_a_key_can_be_told_when_to_stop(world: World) -> None:
    key = world.admin("POST", f"{S}/keys", {"activates_in": "0s", "revokes_in": "10m"}).json["secret"]
    world.advance("10m")
    assert world.ask("GET", "/v1/sectors", key=key).status_code == 200  # It lingers as documented.
    world.advance("60s")
    assert world.ask("GET", "/v1/sectors", key=key).status_code == 403


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
def test_a_wrong_key_is_refused(world: World, body: dict[str, Any], named: str) -> None:
    answer = world.admin("POST", f"{S}/keys", body)
    assert answer.status_code == 422, answer.text
    assert named in answer.json["detail"]


def test_revoking_what_is_not_there_names_the_nearest(world: World) -> None:
    answer = world.admin("DELETE", f"{S}/keys/key_9", {})
    assert answer.status_code == 404
    assert "did you mean 'key_1'" in answer.json["detail"]


def test_the_clock_is_frozen_advanced_and_reset(world: World) -> None:
    at = "2027-05-01T00:00:00Z"
    frozen = world.admin("PUT", f"{S}/clock", {"action": "freeze", "at": at}).json
    assert frozen["now"] == "2027-05-01T00:00:00.000000Z"
    assert frozen["state"] == "frozen"
    assert world.advance("1h30m")["now"] == "2027-05-01T01:30:00.000000Z"
    assert world.ask("GET", "/v1/sectors").headers["Date"] == "Sat, 01 May 2027 01:30:00 GMT"
    assert world.admin("PUT", f"{S}/clock", {"action": "resume"}).json["state"] == "running"
    assert world.admin("PUT", f"{S}/clock", {"action": "reset"}).json["state"] == "running"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"action": "advance"}, "'by'"),
        ({"action": "advance", "by": "-5s"}, "'-5s' is not a duration"),
        ({"action": "freeze", "by": "5s"}, "'by'"),
        ({"action": "freeze", "at": "noon"}, "'noon' is not an ISO 8601 instant"),
        ({"action": "resume", "at": "2027-05-01T00:00:00Z"}, "'at'"),
        ({"action": "stop"}, "action"),
        ({"action": "advance", "by": "3000000d"}, "clock"),
        ({"action": "freeze", "at": "0001-01-01T00:00:00Z"}, "1970"),
    ],
)
def test_a_wrong_move_of_the_clock_moves_nothing(world: World, body: dict[str, Any], named: str) -> None:
    answer = world.admin("PUT", f"{S}/clock", body)
    assert answer.status_code == 422, answer.text
    assert named in answer.json["detail"]
    assert world.admin("GET", f"{S}/clock").json["now"] == "2026-03-01T12:00:00.000000Z"


def test_fault_rules_are_set_replaced_read_and_removed(world: World) -> None:
    rule = {"id": "one", "fault": {"kind": "status", "status": 503}}
    assert world.admin("POST", f"{S}/faults", rule).status_code == 201
    assert world.admin("POST", f"{S}/faults", rule).status_code == 409
    assert world.admin("PUT", f"{S}/faults/one", {"fault": {"kind": "reset"}}).json["fault"] == {"kind": "reset"}
    assert world.admin("PUT", f"{S}/faults/one", {"id": "two", "fault": {"kind": "reset"}}).status_code == 422
    assert [each["id"] for each in world.admin("GET", f"{S}/faults").json] == ["one"]
    replaced = world.admin("PUT", f"{S}/faults", {"rules": [{"id": "a", "fault": {"kind": "empty"}}]}).json
    assert [each["id"] for each in replaced] == ["a"]
    assert world.admin("DELETE", f"{S}/faults/b").status_code == 404
    assert world.admin("DELETE", f"{S}/faults/a").status_code == 204
    assert world.admin("DELETE", f"{S}/faults").status_code == 204
    assert world.admin("GET", f"{S}/faults").json == []


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
def test_a_wrong_rule_is_refused(world: World, rule: dict[str, Any], named: str) -> None:
    answer = world.admin("POST", f"{S}/faults", rule)
    assert answer.status_code == 422, answer.text
    assert named in answer.json["detail"]
    assert world.admin("GET", f"{S}/faults").json == []


def test_clearing_the_rules_leaves_those_of_scenarios(world: World) -> None:
    world.admin("PUT", f"{S}/scenarios/outage", {})
    world.admin("POST", f"{S}/faults", {"id": "mine", "fault": {"kind": "reset"}})
    world.admin("DELETE", f"{S}/faults")
    assert [rule["scenario"] for rule in world.admin("GET", f"{S}/faults").json] == ["outage"]


def test_the_journal_is_read_call_by_call_and_cleared(world: World) -> None:
    for _ in range(3):
        world.ask("GET", "/v1/sectors")
    calls = world.admin("GET", f"{S}/requests?limit=2").json["requests"]
    assert len(calls) == 2
    shown = world.admin("GET", f"{S}/requests/{calls[0]['id']}").json
    assert [step["stage"] for step in shown["trace"]][-1] == "perform"
    after = world.admin("GET", f"{S}/requests?after={calls[0]['id']}").json["requests"]
    assert [call["id"] for call in after] == [calls[1]["id"]]
    assert world.admin("GET", f"{S}/requests/req_999").status_code == 404
    assert world.admin("GET", f"{S}/requests?limt=1").status_code == 422
    assert world.admin("DELETE", f"{S}/requests").status_code == 204
    assert world.admin("GET", f"{S}/requests").json == {"requests": [], "dropped": 0}


def test_a_state_is_exported_and_imported(world: World) -> None:
    before = world.admin("GET", f"{S}/state")
    world.ask("POST", "/v1/sectors", json={"name": "Later"})
    assert world.admin("PUT", f"{S}/state", before.json).status_code == 200
    assert world.admin("GET", f"{S}/state").data == before.data
    assert world.ask("GET", "/v1/sectors?name=later").json["data"] == []


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
def test_a_wrong_state_changes_nothing(world: World, state: dict[str, Any], named: str) -> None:
    before = world.admin("GET", f"{S}/state").data
    answer = world.admin("PUT", f"{S}/state", state)
    assert answer.status_code == 422, answer.text
    assert named in answer.json["detail"]
    assert world.admin("GET", f"{S}/state").data == before
    assert world.ask("GET", "/v1/sectors").status_code == 200


def test_a_provider_tells_what_it_assumes(world: World) -> None:
    shown = world.admin("GET", "/providers/smartepi").json
    assert len([op for op in shown["operations"] if op["name"].startswith("list_")]) == 10
    for assumption in shown["assumptions"]:
        assert assumption["sentence"].endswith(".")
        assert assumption["evidence"]
    assert {each["name"] for each in shown["simulations"]} >= {"record_withdrawal", "make_key", "revoke_key"}
    assert world.admin("GET", "/providers/smartepie").json["detail"].endswith("did you mean 'smartepi'?")


def test_metrics_count_answers_by_status(world: World) -> None:
    world.ask("GET", "/v1/sectors")
    world.ask("GET", "/v1/sectors", key=None)
    text = world.admin("GET", "/metrics").text
    assert 'testmode_calls_total{provider="smartepi",sandbox="smartepi",status="200"} 1' in text
    assert 'testmode_calls_total{provider="smartepi",sandbox="smartepi",status="401"} 1' in text


def test_the_openapi_document_is_valid_and_has_every_route(world: World) -> None:
    document = world.admin("GET", "/openapi.json").json
    validate(document)
    served = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert served == {(route.method, PREFIX + route.path) for route in ROUTES}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path


def test_no_answer_of_the_admin_api_lets_other_origins_in(world: World) -> None:
    answer = world.admin("GET", "/version", headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers.keys() if name.lower().startswith("access-control")]  # noqa: SIM118


def test_admin_calls_and_health_are_neither_journalled_nor_faulted(world: World) -> None:
    world.admin("POST", f"{S}/faults", {"fault": {"kind": "status", "status": 503}})
    world.app.test_client().get("/health")
    assert world.admin("GET", S).status_code == 200
    assert world.admin("GET", f"{S}/requests").json["requests"] == []


def test_unknown_scenarios_and_simulations_are_named_with_the_nearest(world: World) -> None:
    assert "did you mean 'outage'" in world.admin("PUT", f"{S}/scenarios/outag", {}).json["detail"]
    assert "did you mean 'record_return'" in world.admin("POST", f"{S}/simulations/record_retur", {}).json["detail"]
    refused = world.admin("POST", f"{S}/simulations/record_return", {"quantty": 1})
    assert refused.status_code == 422
    assert "quantty" in json.dumps(refused.json)


def test_collections_show_what_the_api_itself_cannot(world: World) -> None:
    counts = {each["name"]: each["records"] for each in world.admin("GET", f"{S}/collections").json}
    assert counts["employees"] == 15
    shown = world.admin("GET", f"{S}/collections/rules?limit=2").json
    assert shown["total"] == counts["rules"]
    assert [set(record) for record in shown["records"]] == [{"id", "groupId", "productId"}] * 2
    refused = world.admin("GET", f"{S}/collections/employes")
    assert (refused.status_code, "did you mean 'employees'" in refused.json["detail"]) == (404, True)
    assert world.admin("GET", f"{S}/collections/_keys").status_code == 404

"""Scenarios: their effects, their parameters, and switching them on and off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected
from itertools import permutations
from json import JSONDecodeError, dumps
from math import sqrt
from pathlib import Path
from statistics import median
from subprocess import run
from sys import executable
from typing import Any

import pytest

from mockserver.app import fixtures_folder
from mockserver.engine import SECOND, InvalidSignature, Refusal, Scenarios, load_scenarios
from mockserver.storage.tinydb.store import TinyStore
from tests.support.harness import NOON, Harness, make_harness
from tests.support.server_process import start_server
from tests.support.socket_server import HttpResponse, LiveServer, create_tenant, serve_on_socket
from tests.support.webhook_receivers import CapturedWebhook, run_receiver, verify_webhook

SANDBOX_PATH = "/sandboxes/smartepi"
ONE_RECORD_PATH = "/v1/employees?limit=1"


def switch_on(harness: Harness, name: str, **parameters: Any) -> Any:
    response = harness.admin("PUT", f"{SANDBOX_PATH}/scenarios/{name}", parameters)
    assert response.status_code == 200, response.text
    return response.json


def switch_off(harness: Harness, name: str) -> None:
    assert harness.admin("DELETE", f"{SANDBOX_PATH}/scenarios/{name}").status_code == 204


def statuses(
    harness: Harness, calls: int, method: str = "GET", path: str = ONE_RECORD_PATH, **options: Any
) -> list[int]:
    return [harness.request(method, path, **options).status_code for _ in range(calls)]


def scenario_state(harness: Harness) -> Any:
    """Returns what scenarios may change: settings and rules."""
    sandbox: Any = harness.admin("GET", SANDBOX_PATH).json
    return {name: sandbox[name] for name in ("limits", "latency", "assumptions", "scenarios")} | {
        "rules": harness.admin("GET", f"{SANDBOX_PATH}/faults").json
    }


def count_outcomes(name: str, calls: int, send: Callable[[Any, int], HttpResponse]) -> Counter[Any]:
    """Makes calls over a socket with a scenario on; counts statuses, exceptions, and created sectors as "kept"."""
    outcomes: Counter[Any] = Counter()
    with serve_on_socket(make_harness()) as server:
        tenant = create_tenant(server)
        server.admin("PUT", f"/sandboxes/{tenant.id}/scenarios/{name}")
        for nth in range(calls):
            try:
                response = send(tenant, nth)
                _ = response.json
                outcomes[response.status] += 1
            except Exception as error:
                outcomes[type(error)] += 1
        server.admin("DELETE", f"/sandboxes/{tenant.id}/scenarios/{name}")
        names = [each["name"] for each in tenant.request("GET", "/v1/sectors?limit=100").json["data"]]
        outcomes["kept"] = sum(name.startswith("New ") for name in names)
    return outcomes


def test_every_scenario_has_a_test() -> None:
    names = [file.stem for file in (fixtures_folder() / "scenarios").glob("*.json")]
    tested = {name for name in globals() if name.startswith("test_scenario_")}
    assert {f"test_scenario_{name.replace('-', '_')}" for name in names} == tested


def deliver_events(
    harness: Harness, number: int, name: str, **parameters: Any
) -> tuple[list[CapturedWebhook], list[bool], list[str]]:
    """Emits events with a scenario on; returns the webhooks, whether each is valid, and the event ids in order."""
    with run_receiver() as receiver:
        secret = harness.sandbox.endpoints.add(receiver.url())["secret"]
        switch_on(harness, name, **parameters)
        for _ in range(number):
            assert harness.admin("POST", f"{SANDBOX_PATH}/simulations/record_return", {}).status_code == 200
        harness.deliver_due()
        harness.advance("1h")
        switch_off(harness, name)
        event_ids = [event["id"] for event in harness.admin("GET", f"{SANDBOX_PATH}/events").json]
        return (
            receiver.received,
            [is_valid_webhook(harness, webhook, secret) for webhook in receiver.received],
            event_ids,
        )


def is_valid_webhook(harness: Harness, webhook: CapturedWebhook, secret: str) -> bool:
    try:
        verify_webhook(harness.sandbox, webhook, secret, int(webhook.headers["x-smartepi-signature"][2:12]))
    except InvalidSignature:
        return False
    return webhook.headers["x-smartepi-signature"][2:12] >= str(NOON // SECOND)


def test_scenario_webhook_duplicates(harness: Harness) -> None:
    webhooks, is_valid, event_ids = deliver_events(harness, 60, "webhook-duplicates", probability=0.5)
    arrived = Counter(webhook.json["id"] for webhook in webhooks)
    assert set(arrived) == set(event_ids)
    assert set(arrived.values()) == {1, 2}
    assert 15 < Counter(arrived.values())[2] < 45
    assert all(is_valid)


def test_webhook_duplicates_have_the_given_number_of_copies(harness: Harness) -> None:
    webhooks, _, _ = deliver_events(harness, 2, "webhook-duplicates", probability=1, copies=4)
    assert len(webhooks) == 8


def test_scenario_webhook_disorder(harness: Harness) -> None:
    webhooks, is_valid, event_ids = deliver_events(harness, 60, "webhook-disorder")
    arrived = [webhook.json["id"] for webhook in webhooks]
    assert arrived != event_ids
    assert sorted(arrived) == sorted(event_ids)
    assert all(is_valid)


def test_scenario_webhook_forged(harness: Harness) -> None:
    webhooks, is_valid, event_ids = deliver_events(harness, 100, "webhook-forged", probability=0.2)
    assert len(webhooks) == len(event_ids) == 100
    assert 30 < is_valid.count(False) < 90
    whole = [webhook for webhook in webhooks if webhook.body.endswith(b"}}")]
    assert len(whole) < len(webhooks)


def test_webhook_forged_with_probability_one_makes_all_signatures_invalid(harness: Harness) -> None:
    _, is_valid, _ = deliver_events(harness, 5, "webhook-forged", probability=1)
    assert is_valid == [False] * 5


def test_scenario_webhook_loss(harness: Harness) -> None:
    webhooks, is_valid, event_ids = deliver_events(harness, 100, "webhook-loss")
    arrived = [webhook.json["id"] for webhook in webhooks]
    assert arrived == [id for id in event_ids if id in arrived]
    assert 5 < len(event_ids) - len(arrived) < 40
    assert all(is_valid)


def test_scenario_outage(harness: Harness) -> None:
    switch_on(harness, "outage")
    response = harness.request("GET", ONE_RECORD_PATH)
    assert (response.status_code, response.content_type) == (503, "text/html")
    harness.advance("30d")
    assert statuses(harness, 5) == [503] * 5
    switch_off(harness, "outage")
    assert statuses(harness, 1) == [200]


def test_scenario_outage_then_recovery(harness: Harness) -> None:
    switch_on(harness, "outage-then-recovery")
    assert statuses(harness, 3) == [503] * 3
    harness.advance("59s")
    assert statuses(harness, 1) == [503]
    harness.advance("1s")
    assert statuses(harness, 3) == [200] * 3


def test_scenario_burst_then_recover(harness: Harness) -> None:
    switch_on(harness, "burst-then-recover")
    responses = [harness.request("GET", ONE_RECORD_PATH) for _ in range(8)]
    assert [response.status_code for response in responses] == [429] * 5 + [200] * 3
    assert responses[0].headers["Retry-After"] == "1"


def test_scenario_rate_limited(harness: Harness) -> None:
    switch_on(harness, "rate-limited")
    assert statuses(harness, 7) == [200] * 5 + [429] * 2
    harness.advance("1s")
    assert statuses(harness, 2) == [200, 429]
    switch_off(harness, "rate-limited")
    harness.advance("1s")
    assert statuses(harness, 50) == [200] * 50


def test_scenario_slow(harness: Harness) -> None:
    switch_on(harness, "slow")
    assert statuses(harness, 200) == [200] * 200
    assert len(harness.sleeps) == 200
    assert 0.7 <= median(harness.sleeps) <= 0.9
    assert 0 < min(harness.sleeps) < max(harness.sleeps) <= 5


def test_scenario_tail_latency(harness: Harness) -> None:
    switch_on(harness, "tail-latency")
    assert statuses(harness, 600) == [200] * 600
    assert set(harness.sleeps) == {3.0}
    assert abs(len(harness.sleeps) - 30) <= 3 * sqrt(600 * 0.05 * 0.95)


def test_scenario_idempotency_conflict(harness: Harness) -> None:
    switch_on(harness, "idempotency-conflict")
    assert statuses(harness, 1) == [200]
    assert statuses(harness, 1, "POST", "/v1/sectors", json={"name": "Foundry"}) == [409]
    assert statuses(harness, 1, "POST", "/v1/sectors", json={"name": "Foundry"}) == [201]


def test_scenario_new_key_propagation(harness: Harness) -> None:
    switch_on(harness, "new-key-propagation")
    assert statuses(harness, 1) == [403]
    harness.advance("60s")
    assert statuses(harness, 1) == [200]
    later: Any = harness.admin("POST", f"{SANDBOX_PATH}/keys", {}).json
    harness.advance("59s")
    assert statuses(harness, 1, key=later["secret"]) == [403]
    harness.advance("1s")
    assert statuses(harness, 1, key=later["secret"]) == [200]


def test_scenario_revoked_key_lingers(harness: Harness) -> None:
    harness.admin("PATCH", SANDBOX_PATH, {"assumptions": {"revocation_lag": "0s"}})
    switch_on(harness, "revoked-key-lingers")
    key: Any = harness.admin("POST", f"{SANDBOX_PATH}/keys", {"activates_in": "0s"}).json
    for seconds, status in (("0s", 200), ("59s", 200), ("1s", 403)):
        harness.admin("DELETE", f"{SANDBOX_PATH}/keys/{key['id']}")
        harness.advance(seconds)
        assert statuses(harness, 1, key=key["secret"]) == [status]
    switch_off(harness, "revoked-key-lingers")
    harness.admin("DELETE", f"{SANDBOX_PATH}/keys/key_1")
    assert statuses(harness, 1) == [403]


def test_scenario_brownout(harness: Harness) -> None:
    switch_on(harness, "brownout")
    calls = 150
    for share, seconds in ((0.12, 0.4), (0.36, 1.2), (0.6, 2.0), (0.36, 1.2), (0.12, 0.4)):
        harness.sleeps.clear()
        errors = statuses(harness, calls).count(503)
        assert abs(errors - calls * share) <= 3 * sqrt(calls * share * (1 - share))
        assert harness.sleeps == [seconds] * calls
        harness.advance("1m")
    harness.sleeps.clear()
    assert statuses(harness, 20) == [200] * 20
    assert harness.sleeps == []


def test_scenario_lost_responses() -> None:
    seen = count_outcomes(
        "lost-responses", 40, lambda tenant, n: tenant.request("POST", "/v1/sectors", json={"name": f"New {n}"})
    )
    assert set(seen) == {201, ConnectionResetError, "kept"}
    assert seen["kept"] == 40
    assert abs(seen[ConnectionResetError] - 12) <= 3 * sqrt(40 * 0.3 * 0.7)


def test_scenario_flaky_network() -> None:
    seen = count_outcomes("flaky-network", 100, lambda tenant, n: tenant.request("GET", ONE_RECORD_PATH))
    assert set(seen) == {200, ConnectionResetError, RemoteDisconnected, IncompleteRead, "kept"}
    assert abs(seen[200] - 100 * 0.9**3) <= 3 * sqrt(100 * 0.9**3 * (1 - 0.9**3))


def test_scenario_malformed_answers() -> None:
    seen = count_outcomes("malformed-answers", 100, lambda tenant, n: tenant.request("GET", ONE_RECORD_PATH))
    assert set(seen) == {200, BadStatusLine, JSONDecodeError, IncompleteRead, "kept"}
    assert abs(seen[200] - 100 * 0.8**3) <= 3 * sqrt(100 * 0.8**3 * (1 - 0.8**3))


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("outage-then-recovery", {"duraton": "5s"}, "has no parameter 'duraton'; did you mean 'duration'?"),
        ("outage", {"duration": "5s"}, "scenario outage has no parameter 'duration'"),
        ("outage-then-recovery", {"duration": "soon"}, "duration: 'soon' is not a duration"),
        ("outage-then-recovery", {"duration": -5}, "duration: -5 is not a duration"),
        ("outage-then-recovery", {"duration": None}, "duration:"),
        ("brownout", {"peak": 1.1}, "peak: 1.1 is not a probability"),
        ("brownout", {"peak": -0.1}, "peak: -0.1 is not a probability"),
        ("brownout", {"peak": "high"}, "peak:"),
        ("brownout", {"peak": "nan"}, "peak"),
        ("slow", {"median_ms": -1}, "median_ms: -1 is not a milliseconds"),
        ("slow", {"median_ms": "inf"}, "median_ms"),
        ("slow", {"max_ms": 600_001}, "max_ms"),
        ("burst-then-recover", {"calls": 1.5}, "calls:"),
        ("burst-then-recover", {"calls": -1}, "calls: -1 is not a count"),
        ("rate-limited", {"rate": 0}, "rate"),
        ("rate-limited", {"burst": 0}, "burst"),
    ],
)
def test_an_invalid_parameter_is_refused_and_changes_nothing(
    harness: Harness, name: str, parameters: dict[str, Any], message: str
) -> None:
    switch_on(harness, name)
    before = scenario_state(harness)
    refused = harness.admin("PUT", f"{SANDBOX_PATH}/scenarios/{name}", parameters)
    assert (refused.status_code, message in refused.json["detail"]) == (422, True), refused.text
    assert scenario_state(harness) == before
    assert harness.admin("GET", f"{SANDBOX_PATH}/scenarios/{name}").json["on"] is True


def test_a_scenario_that_needs_too_many_rules_is_refused(harness: Harness) -> None:
    rules = [{"id": f"r{nth}", "enabled": False, "fault": {"kind": "reset"}} for nth in range(999)]
    harness.admin("PUT", f"{SANDBOX_PATH}/faults", {"rules": rules})
    assert harness.admin("PUT", f"{SANDBOX_PATH}/scenarios/brownout").status_code == 422
    assert harness.admin("GET", f"{SANDBOX_PATH}/scenarios/brownout").json["on"] is False
    assert len(scenario_state(harness)["rules"]) == 999
    assert switch_on(harness, "outage")["on"] is True


def test_given_parameters_are_used_and_shown(harness: Harness) -> None:
    scenario = switch_on(harness, "brownout", duration="50s", peak=1, peak_ms=100)
    assert scenario["chosen"] == {"duration": "50s", "peak": 1, "peak_ms": 100}
    assert scenario["since"] == "2026-03-01T12:00:00.000000Z"
    harness.advance("20s")
    assert statuses(harness, 5) == [503] * 5
    assert harness.sleeps == [0.1] * 5
    harness.advance("30s")
    assert statuses(harness, 5) == [200] * 5


def test_switching_on_again_restarts_the_scenario(harness: Harness) -> None:
    switch_on(harness, "burst-then-recover")
    assert statuses(harness, 3) == [429] * 3
    switch_on(harness, "burst-then-recover")
    assert statuses(harness, 6) == [429] * 5 + [200]
    switch_on(harness, "burst-then-recover", calls=1)
    assert statuses(harness, 2) == [429, 200]


NAMES = ("rate-limited", "revoked-key-lingers", "new-key-propagation")


@pytest.mark.parametrize("order", list(permutations(NAMES)), ids=" ".join)
def test_switching_off_in_any_order_restores_settings_and_rules(harness: Harness, order: tuple[str, ...]) -> None:
    own = {"limits": {"rate": 50}, "assumptions": {"key_propagation": "7s"}, "latency": {"type": "fixed", "ms": 2}}
    assert harness.admin("PATCH", SANDBOX_PATH, own).status_code == 200
    harness.admin("PUT", f"{SANDBOX_PATH}/faults/mine", {"fault": {"kind": "status"}, "trigger": {"skip": 100}})
    states = [scenario_state(harness)]
    for name in NAMES:
        switch_on(harness, name)
        states.append(scenario_state(harness))
    assert [state["limits"]["rate"] for state in states] == [50, 1, 1, 1]
    assert [state["assumptions"]["key_propagation"] for state in states] == ["7s", "7s", "7s", "1m"]
    for name in order:
        switch_off(harness, name)
    assert scenario_state(harness) == states[0]


def test_settings_changed_while_a_scenario_is_on_apply_once_it_is_off(harness: Harness) -> None:
    switch_on(harness, "rate-limited")
    harness.admin("PATCH", SANDBOX_PATH, {"limits": {"rate": 40}})
    assert scenario_state(harness)["limits"]["rate"] == 1
    switch_off(harness, "rate-limited")
    assert scenario_state(harness)["limits"]["rate"] == 40


def test_switching_off_a_scenario_that_is_off_changes_nothing(harness: Harness) -> None:
    before = scenario_state(harness)
    switch_off(harness, "outage")
    assert scenario_state(harness) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_unknown_scenario_is_refused_with_the_nearest(harness: Harness, method: str) -> None:
    refused = harness.admin(method, f"{SANDBOX_PATH}/scenarios/outtage")
    assert (refused.status_code, "did you mean 'outage'?" in refused.json["detail"]) == (404, True)


def test_the_list_has_the_sentence_and_the_state_of_each_scenario(harness: Harness) -> None:
    switch_on(harness, "slow")
    listed: Any = harness.admin("GET", f"{SANDBOX_PATH}/scenarios").json
    assert [each["name"] for each in listed if each["on"]] == ["slow"]
    assert all(each["sentence"].endswith(".") for each in listed)
    sentences = [parameter["sentence"] for each in listed for parameter in each["parameters"].values()]
    assert all(sentence.endswith(".") for sentence in sentences)
    assert [each["name"] for each in harness.admin("GET", "/scenarios").json] == [each["name"] for each in listed]


def test_scenarios_stay_on_after_a_restart(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    harness = make_harness(store=store)
    untouched = scenario_state(harness)
    switch_on(harness, "rate-limited", rate=3)
    switch_on(harness, "burst-then-recover", calls=4)
    assert statuses(harness, 3) == [429] * 3
    before, listed = scenario_state(harness), harness.admin("GET", f"{SANDBOX_PATH}/scenarios").json
    store.close()
    store = TinyStore(tmp_path)
    harness = make_harness(store=store)
    assert (scenario_state(harness), harness.admin("GET", f"{SANDBOX_PATH}/scenarios").json) == (before, listed)
    assert statuses(harness, 2) == [429, 200]
    switch_off(harness, "burst-then-recover")
    switch_off(harness, "rate-limited")
    assert scenario_state(harness) == untouched
    store.close()


def test_a_reset_of_the_sandbox_switches_scenarios_off(harness: Harness) -> None:
    before = scenario_state(harness)
    switch_on(harness, "rate-limited")
    switch_on(harness, "outage")
    harness.admin("POST", f"{SANDBOX_PATH}/reset")
    assert scenario_state(harness) == before


GOOD = {"name": "mine", "sentence": "It fails.", "rules": [{"fault": {"kind": "reset"}}]}


def test_scenarios_are_read_once_on_first_use(tmp_path: Path) -> None:
    scenarios = Scenarios(tmp_path)
    (tmp_path / "fine.json").write_text(dumps(GOOD | {"name": "fine"}))
    assert (list(scenarios), len(scenarios), scenarios["fine"].name) == (["fine"], 1, "fine")
    (tmp_path / "fine.json").unlink()
    assert "fine" in scenarios


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "JSON"),
        ("[]", "mine.json"),
        (GOOD | {"name": "My Own"}, "name"),
        ({"name": "mine"}, "sentence"),
        (GOOD | {"rule": []}, "rule"),
        (GOOD | {"rules": [{"fault": {"kind": "rest"}}]}, "did you mean 'reset'?"),
        (GOOD | {"rules": [{"fault": {"kind": "reset"}, "tigger": {}}]}, "tigger"),
        (GOOD | {"rules": [{"trigger": {"ttl": {"$": "lenght"}}, "fault": {"kind": "reset"}}]}, "'lenght'"),
        (GOOD | {"settings": {"limts": {"rate": 1}}}, "did you mean 'limits'?"),
        (GOOD | {"settings": {"limits": {"rate": {"$": "rate"}}}}, "'rate'"),
        (GOOD | {"parameters": {"p": {"type": "probability", "default": 2, "sentence": "."}}}, "p: 2 is not"),
        (GOOD | {"parameters": {"p": {"type": "chance", "default": 1, "sentence": "."}}}, "parameters.p.type"),
    ],
)
def test_a_broken_scenario_file_is_refused_with_its_name(tmp_path: Path, content: Any, message: str) -> None:
    (tmp_path / "fine.json").write_text(dumps(GOOD | {"name": "fine"}))
    assert list(load_scenarios(tmp_path)) == ["fine"]
    (tmp_path / "mine.json").write_text(content if isinstance(content, str) else dumps(content))
    with pytest.raises(Refusal) as refused:
        load_scenarios(tmp_path)
    assert str(refused.value).startswith(str(tmp_path / "mine.json"))
    assert message in str(refused.value)


def test_the_server_can_start_with_a_scenario_on() -> None:
    arguments = ("serve", "smartepi", "--port", "0", "--memory", "--admin-token", "t", "--scenario", "slow")
    with start_server(*arguments) as (_, url):
        server = LiveServer(url, "t")
        listed = server.admin("GET", f"{SANDBOX_PATH}/scenarios")
        assert [each["name"] for each in listed if each["on"]] == ["slow"]
        key = server.admin("GET", f"{SANDBOX_PATH}/keys")[0]["secret"]
        response = server.request("GET", f"/smartepi{ONE_RECORD_PATH}", key=key)
        assert (response.status, response.headers["X-Testmode-Fault"]) == (200, "slow.1")
        requests = server.admin("GET", f"{SANDBOX_PATH}/requests")["requests"]
        assert [entry["faults"] for entry in requests] == [["slow.1"]]


def test_the_server_does_not_start_with_an_unknown_scenario() -> None:
    command = [executable, "-m", "mockserver", "serve", "smartepi", "--port", "0", "--memory", "--scenario", "slwo"]
    ended = run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, "did you mean 'slow'?" in ended.stderr) == (78, True)

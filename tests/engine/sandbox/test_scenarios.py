"""Every scenario does what its sentence says, and switching it off leaves no trace."""

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
    answer = harness.admin("PUT", f"{SANDBOX_PATH}/scenarios/{name}", parameters)
    assert answer.status_code == 200, answer.text
    return answer.json


def switch_off(harness: Harness, name: str) -> None:
    assert harness.admin("DELETE", f"{SANDBOX_PATH}/scenarios/{name}").status_code == 204


def statuses(
    harness: Harness, calls: int, method: str = "GET", path: str = ONE_RECORD_PATH, **options: Any
) -> list[int]:
    return [harness.request(method, path, **options).status_code for _ in range(calls)]


def scenario_state(harness: Harness) -> Any:
    """What scenarios may change: settings and rules."""
    shown: Any = harness.admin("GET", SANDBOX_PATH).json
    return {name: shown[name] for name in ("limits", "latency", "assumptions", "scenarios")} | {
        "rules": harness.admin("GET", f"{SANDBOX_PATH}/faults").json
    }


def count_outcomes(name: str, calls: int, ask: Callable[[Any, int], HttpResponse]) -> Counter[Any]:
    """How often which status or error came over a real socket with a scenario on."""
    seen: Counter[Any] = Counter()
    with serve_on_socket(make_harness()) as served:
        home = create_tenant(served)
        served.admin("PUT", f"/sandboxes/{home.id}/scenarios/{name}")
        for nth in range(calls):
            try:
                heard = ask(home, nth)
                _ = heard.json
                seen[heard.status] += 1
            except Exception as error:
                seen[type(error)] += 1
        served.admin("DELETE", f"/sandboxes/{home.id}/scenarios/{name}")
        kept = [each["name"] for each in home.request("GET", "/v1/sectors?limit=100").json["data"]]
        seen["kept"] = sum(name.startswith("New ") for name in kept)
    return seen


def test_every_scenario_there_is_has_a_test_here() -> None:
    names = [file.stem for file in (fixtures_folder() / "scenarios").glob("*.json")]
    tested = {name for name in globals() if name.startswith("test_scenario_")}
    assert {f"test_scenario_{name.replace('-', '_')}" for name in names} == tested


def deliver_events(
    harness: Harness, number: int, name: str, **parameters: Any
) -> tuple[list[CapturedWebhook], list[bool], list[str]]:
    """What arrives of so many events, whether each may be taken, and the events in the order they happened."""
    with run_receiver() as receiver:
        secret = harness.sandbox.endpoints.add(receiver.url())["secret"]
        switch_on(harness, name, **parameters)
        for _ in range(number):
            assert harness.admin("POST", f"{SANDBOX_PATH}/simulations/record_return", {}).status_code == 200
        harness.deliver_due()
        harness.advance("1h")
        switch_off(harness, name)
        happened = [event["id"] for event in harness.admin("GET", f"{SANDBOX_PATH}/events").json]
        return receiver.received, [is_valid_webhook(harness, letter, secret) for letter in receiver.received], happened


def is_valid_webhook(harness: Harness, letter: CapturedWebhook, secret: str) -> bool:
    try:
        verify_webhook(harness.sandbox, letter, secret, int(letter.headers["x-smartepi-signature"][2:12]))
    except InvalidSignature:
        return False
    return letter.headers["x-smartepi-signature"][2:12] >= str(NOON // SECOND)


def test_scenario_webhook_duplicates(harness: Harness) -> None:
    heard, right, happened = deliver_events(harness, 60, "webhook-duplicates", probability=0.5)
    arrived = Counter(letter.json["id"] for letter in heard)
    assert set(arrived) == set(happened)
    assert set(arrived.values()) == {1, 2}
    assert 15 < Counter(arrived.values())[2] < 45
    assert all(right)


def test_duplicates_are_as_many_as_asked(harness: Harness) -> None:
    heard, _, _ = deliver_events(harness, 2, "webhook-duplicates", probability=1, copies=4)
    assert len(heard) == 8


def test_scenario_webhook_disorder(harness: Harness) -> None:
    heard, right, happened = deliver_events(harness, 60, "webhook-disorder")
    arrived = [letter.json["id"] for letter in heard]
    assert arrived != happened
    assert sorted(arrived) == sorted(happened)
    assert all(right)


def test_scenario_webhook_forged(harness: Harness) -> None:
    heard, right, happened = deliver_events(harness, 100, "webhook-forged", probability=0.2)
    assert len(heard) == len(happened) == 100
    assert 30 < right.count(False) < 90
    whole = [letter for letter in heard if letter.body.endswith(b"}}")]
    assert len(whole) < len(heard)


def test_what_is_forged_for_certain_is_never_right(harness: Harness) -> None:
    _, right, _ = deliver_events(harness, 5, "webhook-forged", probability=1)
    assert right == [False] * 5


def test_scenario_webhook_loss(harness: Harness) -> None:
    heard, right, happened = deliver_events(harness, 100, "webhook-loss")
    arrived = [letter.json["id"] for letter in heard]
    assert arrived == [id for id in happened if id in arrived]
    assert 5 < len(happened) - len(arrived) < 40
    assert all(right)


def test_scenario_outage(harness: Harness) -> None:
    switch_on(harness, "outage")
    answer = harness.request("GET", ONE_RECORD_PATH)
    assert (answer.status_code, answer.content_type) == (503, "text/html")
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
    answers = [harness.request("GET", ONE_RECORD_PATH) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [429] * 5 + [200] * 3
    assert answers[0].headers["Retry-After"] == "1"


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
    kept: Any = harness.admin("POST", f"{SANDBOX_PATH}/keys", {"activates_in": "0s"}).json
    for seconds, status in (("0s", 200), ("59s", 200), ("1s", 403)):
        harness.admin("DELETE", f"{SANDBOX_PATH}/keys/{kept['id']}")
        harness.advance(seconds)
        assert statuses(harness, 1, key=kept["secret"]) == [status]
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
        "lost-responses", 40, lambda home, n: home.request("POST", "/v1/sectors", json={"name": f"New {n}"})
    )
    assert set(seen) == {201, ConnectionResetError, "kept"}
    assert seen["kept"] == 40
    assert abs(seen[ConnectionResetError] - 12) <= 3 * sqrt(40 * 0.3 * 0.7)


def test_scenario_flaky_network() -> None:
    seen = count_outcomes("flaky-network", 100, lambda home, n: home.request("GET", ONE_RECORD_PATH))
    assert set(seen) == {200, ConnectionResetError, RemoteDisconnected, IncompleteRead, "kept"}
    assert abs(seen[200] - 100 * 0.9**3) <= 3 * sqrt(100 * 0.9**3 * (1 - 0.9**3))


def test_scenario_malformed_answers() -> None:
    seen = count_outcomes("malformed-answers", 100, lambda home, n: home.request("GET", ONE_RECORD_PATH))
    assert set(seen) == {200, BadStatusLine, JSONDecodeError, IncompleteRead, "kept"}
    assert abs(seen[200] - 100 * 0.8**3) <= 3 * sqrt(100 * 0.8**3 * (1 - 0.8**3))


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
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
def test_a_parameter_that_cannot_be_is_refused_and_changes_nothing(
    harness: Harness, name: str, parameters: dict[str, Any], said: str
) -> None:
    switch_on(harness, name)
    before = scenario_state(harness)
    refused = harness.admin("PUT", f"{SANDBOX_PATH}/scenarios/{name}", parameters)
    assert (refused.status_code, said in refused.json["detail"]) == (422, True), refused.text
    assert scenario_state(harness) == before
    assert harness.admin("GET", f"{SANDBOX_PATH}/scenarios/{name}").json["on"] is True


def test_a_scenario_that_would_need_too_many_rules_is_refused_and_stays_off(harness: Harness) -> None:
    rules = [{"id": f"r{nth}", "enabled": False, "fault": {"kind": "reset"}} for nth in range(999)]
    harness.admin("PUT", f"{SANDBOX_PATH}/faults", {"rules": rules})
    assert harness.admin("PUT", f"{SANDBOX_PATH}/scenarios/brownout").status_code == 422
    assert harness.admin("GET", f"{SANDBOX_PATH}/scenarios/brownout").json["on"] is False
    assert len(scenario_state(harness)["rules"]) == 999
    assert switch_on(harness, "outage")["on"] is True


def test_parameters_that_are_given_are_used_and_shown(harness: Harness) -> None:
    shown = switch_on(harness, "brownout", duration="50s", peak=1, peak_ms=100)
    assert shown["chosen"] == {"duration": "50s", "peak": 1, "peak_ms": 100}
    assert shown["since"] == "2026-03-01T12:00:00.000000Z"
    harness.advance("20s")
    assert statuses(harness, 5) == [503] * 5
    assert harness.sleeps == [0.1] * 5
    harness.advance("30s")
    assert statuses(harness, 5) == [200] * 5


def test_switching_on_again_begins_anew(harness: Harness) -> None:
    switch_on(harness, "burst-then-recover")
    assert statuses(harness, 3) == [429] * 3
    switch_on(harness, "burst-then-recover")
    assert statuses(harness, 6) == [429] * 5 + [200]
    switch_on(harness, "burst-then-recover", calls=1)
    assert statuses(harness, 2) == [429, 200]


NAMES = ("rate-limited", "revoked-key-lingers", "new-key-propagation")


@pytest.mark.parametrize("order", list(permutations(NAMES)), ids=" ".join)
def test_off_leaves_settings_and_rules_as_they_were_in_whatever_order(harness: Harness, order: tuple[str, ...]) -> None:
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


def test_settings_changed_while_a_scenario_is_on_hold_once_it_is_off(harness: Harness) -> None:
    switch_on(harness, "rate-limited")
    harness.admin("PATCH", SANDBOX_PATH, {"limits": {"rate": 40}})
    assert scenario_state(harness)["limits"]["rate"] == 1
    switch_off(harness, "rate-limited")
    assert scenario_state(harness)["limits"]["rate"] == 40


def test_switching_off_what_is_not_on_changes_nothing(harness: Harness) -> None:
    before = scenario_state(harness)
    switch_off(harness, "outage")
    assert scenario_state(harness) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_scenario_nobody_knows_is_refused_with_the_nearest(harness: Harness, method: str) -> None:
    refused = harness.admin(method, f"{SANDBOX_PATH}/scenarios/outtage")
    assert (refused.status_code, "did you mean 'outage'?" in refused.json["detail"]) == (404, True)


def test_the_list_says_of_each_what_it_does_and_whether_it_is_on(harness: Harness) -> None:
    switch_on(harness, "slow")
    listed: Any = harness.admin("GET", f"{SANDBOX_PATH}/scenarios").json
    assert [each["name"] for each in listed if each["on"]] == ["slow"]
    assert all(each["sentence"].endswith(".") for each in listed)
    said = [parameter["sentence"] for each in listed for parameter in each["parameters"].values()]
    assert all(sentence.endswith(".") for sentence in said)
    assert [each["name"] for each in harness.admin("GET", "/scenarios").json] == [each["name"] for each in listed]


def test_what_is_on_stays_on_over_a_restart(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    harness = make_harness(store=store)
    untouched = scenario_state(harness)
    switch_on(harness, "rate-limited", rate=3)
    switch_on(harness, "burst-then-recover", calls=4)
    assert statuses(harness, 3) == [429] * 3
    before, shown = scenario_state(harness), harness.admin("GET", f"{SANDBOX_PATH}/scenarios").json
    store.close()
    store = TinyStore(tmp_path)
    harness = make_harness(store=store)
    assert (scenario_state(harness), harness.admin("GET", f"{SANDBOX_PATH}/scenarios").json) == (before, shown)
    assert statuses(harness, 2) == [429, 200]
    switch_off(harness, "burst-then-recover")
    switch_off(harness, "rate-limited")
    assert scenario_state(harness) == untouched
    store.close()


def test_a_reset_of_the_sandbox_switches_everything_off(harness: Harness) -> None:
    before = scenario_state(harness)
    switch_on(harness, "rate-limited")
    switch_on(harness, "outage")
    harness.admin("POST", f"{SANDBOX_PATH}/reset")
    assert scenario_state(harness) == before


GOOD = {"name": "mine", "sentence": "It fails.", "rules": [{"fault": {"kind": "reset"}}]}


def test_scenarios_are_read_when_the_first_is_asked_for_and_once(tmp_path: Path) -> None:
    scenarios = Scenarios(tmp_path)
    (tmp_path / "fine.json").write_text(dumps(GOOD | {"name": "fine"}))
    assert (list(scenarios), len(scenarios), scenarios["fine"].name) == (["fine"], 1, "fine")
    (tmp_path / "fine.json").unlink()
    assert "fine" in scenarios


@pytest.mark.parametrize(
    ("content", "said"),
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
def test_a_broken_scenario_file_is_refused_with_its_name(tmp_path: Path, content: Any, said: str) -> None:
    (tmp_path / "fine.json").write_text(dumps(GOOD | {"name": "fine"}))
    assert list(load_scenarios(tmp_path)) == ["fine"]
    (tmp_path / "mine.json").write_text(content if isinstance(content, str) else dumps(content))
    with pytest.raises(Refusal) as refused:
        load_scenarios(tmp_path)
    assert str(refused.value).startswith(str(tmp_path / "mine.json"))
    assert said in str(refused.value)


def test_the_server_can_be_started_with_a_scenario_on() -> None:
    arguments = ("serve", "smartepi", "--port", "0", "--memory", "--admin-token", "t", "--scenario", "slow")
    with start_server(*arguments) as (_, url):
        served = LiveServer(url, "t")
        listed = served.admin("GET", f"{SANDBOX_PATH}/scenarios")
        assert [each["name"] for each in listed if each["on"]] == ["slow"]
        key = served.admin("GET", f"{SANDBOX_PATH}/keys")[0]["secret"]
        heard = served.request("GET", f"/smartepi{ONE_RECORD_PATH}", key=key)
        assert (heard.status, heard.headers["X-Testmode-Fault"]) == (200, "slow.1")
        shown = served.admin("GET", f"{SANDBOX_PATH}/requests")["requests"]
        assert [entry["faults"] for entry in shown] == [["slow.1"]]


def test_the_server_does_not_start_with_a_scenario_nobody_knows() -> None:
    command = [executable, "-m", "mockserver", "serve", "smartepi", "--port", "0", "--memory", "--scenario", "slwo"]
    ended = run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, "did you mean 'slow'?" in ended.stderr) == (78, True)

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

from mockserver.app import fixtures
from mockserver.engine import SECOND, Forged, Refusal, Scenarios, load_scenarios
from mockserver.storage.tinydb.store import TinyStore
from tests.support.server_process import start_server
from tests.support.socket_server import Heard, Served, listening, tenant
from tests.support.webhook_receivers import Letter, receiving, verified
from tests.support.worlds import NOON, World, make_world

HERE = "/sandboxes/smartepi"
ONE = "/v1/employees?limit=1"


def on(world: World, name: str, **parameters: Any) -> Any:
    answer = world.admin("PUT", f"{HERE}/scenarios/{name}", parameters)
    assert answer.status_code == 200, answer.text
    return answer.json


def off(world: World, name: str) -> None:
    assert world.admin("DELETE", f"{HERE}/scenarios/{name}").status_code == 204


def statuses(world: World, calls: int, method: str = "GET", path: str = ONE, **options: Any) -> list[int]:
    return [world.ask(method, path, **options).status_code for _ in range(calls)]


def everything(world: World) -> Any:
    """What scenarios may change: settings and rules."""
    shown: Any = world.admin("GET", HERE).json
    return {name: shown[name] for name in ("limits", "latency", "assumptions", "scenarios")} | {
        "rules": world.admin("GET", f"{HERE}/faults").json
    }


def outcomes(name: str, calls: int, ask: Callable[[Any, int], Heard]) -> Counter[Any]:
    """How often which status or error came over a real socket with a scenario on."""
    seen: Counter[Any] = Counter()
    with listening(make_world()) as served:
        home = tenant(served)
        served.admin("PUT", f"/sandboxes/{home.id}/scenarios/{name}")
        for nth in range(calls):
            try:
                heard = ask(home, nth)
                _ = heard.json
                seen[heard.status] += 1
            except Exception as error:
                seen[type(error)] += 1
        served.admin("DELETE", f"/sandboxes/{home.id}/scenarios/{name}")
        kept = [each["name"] for each in home.ask("GET", "/v1/sectors?limit=100").json["data"]]
        seen["kept"] = sum(name.startswith("New ") for name in kept)
    return seen


def test_every_scenario_there_is_has_a_test_here() -> None:
    names = [file.stem for file in (fixtures() / "scenarios").glob("*.json")]
    tested = {name for name in globals() if name.startswith("test_scenario_")}
    assert {f"test_scenario_{name.replace('-', '_')}" for name in names} == tested


def told(world: World, number: int, name: str, **parameters: Any) -> tuple[list[Letter], list[bool], list[str]]:
    """What arrives of so many events, whether each may be taken, and the events in the order they happened."""
    with receiving() as receiver:
        secret = world.sandbox.endpoints.add(receiver.url())["secret"]
        on(world, name, **parameters)
        for _ in range(number):
            assert world.admin("POST", f"{HERE}/simulations/record_return", {}).status_code == 200
        world.settle()
        world.advance("1h")
        off(world, name)
        happened = [event["id"] for event in world.admin("GET", f"{HERE}/events").json]
        return receiver.heard, [is_right(world, letter, secret) for letter in receiver.heard], happened


def is_right(world: World, letter: Letter, secret: str) -> bool:
    try:
        verified(world.sandbox, letter, secret, int(letter.headers["x-smartepi-signature"][2:12]))
    except Forged:
        return False
    return letter.headers["x-smartepi-signature"][2:12] >= str(NOON // SECOND)


def test_scenario_webhook_duplicates(world: World) -> None:
    heard, right, happened = told(world, 60, "webhook-duplicates", probability=0.5)
    arrived = Counter(letter.json["id"] for letter in heard)
    assert set(arrived) == set(happened)
    assert set(arrived.values()) == {1, 2}
    assert 15 < Counter(arrived.values())[2] < 45
    assert all(right)


def test_duplicates_are_as_many_as_asked(world: World) -> None:
    heard, _, _ = told(world, 2, "webhook-duplicates", probability=1, copies=4)
    assert len(heard) == 8


def test_scenario_webhook_disorder(world: World) -> None:
    heard, right, happened = told(world, 60, "webhook-disorder")
    arrived = [letter.json["id"] for letter in heard]
    assert arrived != happened
    assert sorted(arrived) == sorted(happened)
    assert all(right)


def test_scenario_webhook_forged(world: World) -> None:
    heard, right, happened = told(world, 100, "webhook-forged", probability=0.2)
    assert len(heard) == len(happened) == 100
    assert 30 < right.count(False) < 90
    whole = [letter for letter in heard if letter.body.endswith(b"}}")]
    assert len(whole) < len(heard)


def test_what_is_forged_for_certain_is_never_right(world: World) -> None:
    _, right, _ = told(world, 5, "webhook-forged", probability=1)
    assert right == [False] * 5


def test_scenario_webhook_loss(world: World) -> None:
    heard, right, happened = told(world, 100, "webhook-loss")
    arrived = [letter.json["id"] for letter in heard]
    assert arrived == [id for id in happened if id in arrived]
    assert 5 < len(happened) - len(arrived) < 40
    assert all(right)


def test_scenario_outage(world: World) -> None:
    on(world, "outage")
    answer = world.ask("GET", ONE)
    assert (answer.status_code, answer.content_type) == (503, "text/html")
    world.advance("30d")
    assert statuses(world, 5) == [503] * 5
    off(world, "outage")
    assert statuses(world, 1) == [200]


def test_scenario_outage_then_recovery(world: World) -> None:
    on(world, "outage-then-recovery")
    assert statuses(world, 3) == [503] * 3
    world.advance("59s")
    assert statuses(world, 1) == [503]
    world.advance("1s")
    assert statuses(world, 3) == [200] * 3


def test_scenario_burst_then_recover(world: World) -> None:
    on(world, "burst-then-recover")
    answers = [world.ask("GET", ONE) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [429] * 5 + [200] * 3
    assert answers[0].headers["Retry-After"] == "1"


def test_scenario_rate_limited(world: World) -> None:
    on(world, "rate-limited")
    assert statuses(world, 7) == [200] * 5 + [429] * 2
    world.advance("1s")
    assert statuses(world, 2) == [200, 429]
    off(world, "rate-limited")
    world.advance("1s")
    assert statuses(world, 50) == [200] * 50


def test_scenario_slow(world: World) -> None:
    on(world, "slow")
    assert statuses(world, 200) == [200] * 200
    assert len(world.waited) == 200
    assert 0.7 <= median(world.waited) <= 0.9
    assert 0 < min(world.waited) < max(world.waited) <= 5


def test_scenario_tail_latency(world: World) -> None:
    on(world, "tail-latency")
    assert statuses(world, 600) == [200] * 600
    assert set(world.waited) == {3.0}
    assert abs(len(world.waited) - 30) <= 3 * sqrt(600 * 0.05 * 0.95)


def test_scenario_idempotency_conflict(world: World) -> None:
    on(world, "idempotency-conflict")
    assert statuses(world, 1) == [200]
    assert statuses(world, 1, "POST", "/v1/sectors", json={"name": "Foundry"}) == [409]
    assert statuses(world, 1, "POST", "/v1/sectors", json={"name": "Foundry"}) == [201]


def test_scenario_new_key_propagation(world: World) -> None:
    on(world, "new-key-propagation")
    assert statuses(world, 1) == [403]
    world.advance("60s")
    assert statuses(world, 1) == [200]
    later: Any = world.admin("POST", f"{HERE}/keys", {}).json
    world.advance("59s")
    assert statuses(world, 1, key=later["secret"]) == [403]
    world.advance("1s")
    assert statuses(world, 1, key=later["secret"]) == [200]


def test_scenario_revoked_key_lingers(world: World) -> None:
    world.admin("PATCH", HERE, {"assumptions": {"revocation_lag": "0s"}})
    on(world, "revoked-key-lingers")
    kept: Any = world.admin("POST", f"{HERE}/keys", {"activates_in": "0s"}).json
    for seconds, status in (("0s", 200), ("59s", 200), ("1s", 403)):
        world.admin("DELETE", f"{HERE}/keys/{kept['id']}")
        world.advance(seconds)
        assert statuses(world, 1, key=kept["secret"]) == [status]
    off(world, "revoked-key-lingers")
    world.admin("DELETE", f"{HERE}/keys/key_1")
    assert statuses(world, 1) == [403]


def test_scenario_brownout(world: World) -> None:
    on(world, "brownout")
    calls = 150
    for share, seconds in ((0.12, 0.4), (0.36, 1.2), (0.6, 2.0), (0.36, 1.2), (0.12, 0.4)):
        world.waited.clear()
        errors = statuses(world, calls).count(503)
        assert abs(errors - calls * share) <= 3 * sqrt(calls * share * (1 - share))
        assert world.waited == [seconds] * calls
        world.advance("1m")
    world.waited.clear()
    assert statuses(world, 20) == [200] * 20
    assert world.waited == []


def test_scenario_lost_responses() -> None:
    seen = outcomes("lost-responses", 40, lambda home, n: home.ask("POST", "/v1/sectors", json={"name": f"New {n}"}))
    assert set(seen) == {201, ConnectionResetError, "kept"}
    assert seen["kept"] == 40
    assert abs(seen[ConnectionResetError] - 12) <= 3 * sqrt(40 * 0.3 * 0.7)


def test_scenario_flaky_network() -> None:
    seen = outcomes("flaky-network", 100, lambda home, n: home.ask("GET", ONE))
    assert set(seen) == {200, ConnectionResetError, RemoteDisconnected, IncompleteRead, "kept"}
    assert abs(seen[200] - 100 * 0.9**3) <= 3 * sqrt(100 * 0.9**3 * (1 - 0.9**3))


def test_scenario_malformed_answers() -> None:
    seen = outcomes("malformed-answers", 100, lambda home, n: home.ask("GET", ONE))
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
    world: World, name: str, parameters: dict[str, Any], said: str
) -> None:
    on(world, name)
    before = everything(world)
    refused = world.admin("PUT", f"{HERE}/scenarios/{name}", parameters)
    assert (refused.status_code, said in refused.json["detail"]) == (422, True), refused.text
    assert everything(world) == before
    assert world.admin("GET", f"{HERE}/scenarios/{name}").json["on"] is True


def test_a_scenario_that_would_need_too_many_rules_is_refused_and_stays_off(world: World) -> None:
    rules = [{"id": f"r{nth}", "enabled": False, "fault": {"kind": "reset"}} for nth in range(999)]
    world.admin("PUT", f"{HERE}/faults", {"rules": rules})
    assert world.admin("PUT", f"{HERE}/scenarios/brownout").status_code == 422
    assert world.admin("GET", f"{HERE}/scenarios/brownout").json["on"] is False
    assert len(everything(world)["rules"]) == 999
    assert on(world, "outage")["on"] is True


def test_parameters_that_are_given_are_used_and_shown(world: World) -> None:
    shown = on(world, "brownout", duration="50s", peak=1, peak_ms=100)
    assert shown["chosen"] == {"duration": "50s", "peak": 1, "peak_ms": 100}
    assert shown["since"] == "2026-03-01T12:00:00.000000Z"
    world.advance("20s")
    assert statuses(world, 5) == [503] * 5
    assert world.waited == [0.1] * 5
    world.advance("30s")
    assert statuses(world, 5) == [200] * 5


def test_switching_on_again_begins_anew(world: World) -> None:
    on(world, "burst-then-recover")
    assert statuses(world, 3) == [429] * 3
    on(world, "burst-then-recover")
    assert statuses(world, 6) == [429] * 5 + [200]
    on(world, "burst-then-recover", calls=1)
    assert statuses(world, 2) == [429, 200]


NAMES = ("rate-limited", "revoked-key-lingers", "new-key-propagation")


@pytest.mark.parametrize("order", list(permutations(NAMES)), ids=" ".join)
def test_off_leaves_settings_and_rules_as_they_were_in_whatever_order(world: World, order: tuple[str, ...]) -> None:
    own = {"limits": {"rate": 50}, "assumptions": {"key_propagation": "7s"}, "latency": {"type": "fixed", "ms": 2}}
    assert world.admin("PATCH", HERE, own).status_code == 200
    world.admin("PUT", f"{HERE}/faults/mine", {"fault": {"kind": "status"}, "trigger": {"skip": 100}})
    states = [everything(world)]
    for name in NAMES:
        on(world, name)
        states.append(everything(world))
    assert [state["limits"]["rate"] for state in states] == [50, 1, 1, 1]
    assert [state["assumptions"]["key_propagation"] for state in states] == ["7s", "7s", "7s", "1m"]
    for name in order:
        off(world, name)
    assert everything(world) == states[0]


def test_settings_changed_while_a_scenario_is_on_hold_once_it_is_off(world: World) -> None:
    on(world, "rate-limited")
    world.admin("PATCH", HERE, {"limits": {"rate": 40}})
    assert everything(world)["limits"]["rate"] == 1
    off(world, "rate-limited")
    assert everything(world)["limits"]["rate"] == 40


def test_switching_off_what_is_not_on_changes_nothing(world: World) -> None:
    before = everything(world)
    off(world, "outage")
    assert everything(world) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_scenario_nobody_knows_is_refused_with_the_nearest(world: World, method: str) -> None:
    refused = world.admin(method, f"{HERE}/scenarios/outtage")
    assert (refused.status_code, "did you mean 'outage'?" in refused.json["detail"]) == (404, True)


def test_the_list_says_of_each_what_it_does_and_whether_it_is_on(world: World) -> None:
    on(world, "slow")
    listed: Any = world.admin("GET", f"{HERE}/scenarios").json
    assert [each["name"] for each in listed if each["on"]] == ["slow"]
    assert all(each["sentence"].endswith(".") for each in listed)
    said = [parameter["sentence"] for each in listed for parameter in each["parameters"].values()]
    assert all(sentence.endswith(".") for sentence in said)
    assert [each["name"] for each in world.admin("GET", "/scenarios").json] == [each["name"] for each in listed]


def test_what_is_on_stays_on_over_a_restart(tmp_path: Path) -> None:
    store = TinyStore(tmp_path)
    world = make_world(store=store)
    untouched = everything(world)
    on(world, "rate-limited", rate=3)
    on(world, "burst-then-recover", calls=4)
    assert statuses(world, 3) == [429] * 3
    before, shown = everything(world), world.admin("GET", f"{HERE}/scenarios").json
    store.close()
    store = TinyStore(tmp_path)
    world = make_world(store=store)
    assert (everything(world), world.admin("GET", f"{HERE}/scenarios").json) == (before, shown)
    assert statuses(world, 2) == [429, 200]
    off(world, "burst-then-recover")
    off(world, "rate-limited")
    assert everything(world) == untouched
    store.close()


def test_a_reset_of_the_sandbox_switches_everything_off(world: World) -> None:
    before = everything(world)
    on(world, "rate-limited")
    on(world, "outage")
    world.admin("POST", f"{HERE}/reset")
    assert everything(world) == before


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
        served = Served(url, "t")
        listed = served.admin("GET", f"{HERE}/scenarios")
        assert [each["name"] for each in listed if each["on"]] == ["slow"]
        key = served.admin("GET", f"{HERE}/keys")[0]["secret"]
        heard = served.ask("GET", f"/smartepi{ONE}", key=key)
        assert (heard.status, heard.headers["X-Testmode-Fault"]) == (200, "slow.1")
        shown = served.admin("GET", f"{HERE}/requests")["requests"]
        assert [entry["faults"] for entry in shown] == [["slow.1"]]


def test_the_server_does_not_start_with_a_scenario_nobody_knows() -> None:
    command = [executable, "-m", "mockserver", "serve", "smartepi", "--port", "0", "--memory", "--scenario", "slwo"]
    ended = run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, "did you mean 'slow'?" in ended.stderr) == (78, True)

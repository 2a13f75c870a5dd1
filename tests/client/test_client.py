"""The Python client of the admin API: it has a method for every route, and reports errors in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from mockserver.admin.api import ADMIN_PREFIX, ROUTES
from mockserver.testing import models
from mockserver.testing.api import Api
from mockserver.testing.client import NotVerified, Sandbox, Testmode, TestmodeError
from tests.support.server_process import start_server

TOKEN = "token-of-these-tests"
UNAUTHENTICATED_ROUTES = (("GET", "/health"), ("GET", "/ready"), ("GET", f"{ADMIN_PREFIX}/openapi.json"))
"""The routes of the server that are not in ROUTES."""


@pytest.fixture(scope="module")
def testmode() -> Iterator[Testmode]:
    with start_server("serve", "--port", "0", "--memory", "--admin-token", TOKEN) as (_, url):
        yield Testmode(url, TOKEN)


@pytest.fixture
def sandbox(testmode: Testmode) -> Iterator[Sandbox]:
    created = testmode.create_sandbox("smartepi", seed=7)
    yield created
    created.delete()


def request_status(
    sandbox: Sandbox, path: str, key: str | None = None, method: str = "GET", body: str | None = None
) -> int:
    address = urlsplit(sandbox.base_url)
    connection = HTTPConnection(address.netloc, timeout=60)
    headers = {"Authorization": f"Bearer {key or sandbox.key}", "Content-Type": "application/json"}
    connection.request(method, address.path + path, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def use_everything(testmode: Testmode) -> None:
    """Call every method of the client once."""
    testmode.wait(60)
    assert testmode.alive()
    assert testmode.version()["name"] == "testmode"
    assert {each["name"]: each["value"] for each in testmode.settings()["bounds"]}["keys"] == 1000
    assert "testmode_sandboxes" in testmode.metrics()
    assert testmode.openapi()["openapi"] == testmode.openapi("kota")["openapi"]
    assert testmode.provider("kota") in testmode.providers()
    assert "outage" in [each["name"] for each in testmode.scenarios()]
    assert "lost_response" in [each["kind"] for each in testmode.fault_kinds()["kinds"]]
    sandbox = testmode.create_sandbox("smartepi", name="everything")
    assert sandbox.id in [each.id for each in testmode.sandboxes()]
    assert testmode.sandbox("everything").base_url == sandbox.base_url
    use_settings(sandbox)
    use_failures(sandbox)
    use_journal(sandbox)
    use_webhooks(sandbox)
    use_state(sandbox)
    fork = sandbox.fork(name="fork-of-everything")
    assert fork.collections == sandbox.collections
    fork.delete()
    sandbox.delete()


def use_settings(sandbox: Sandbox) -> None:
    assert sandbox.configure(latency={"type": "fixed", "ms": 0})["latency"] == {"type": "fixed", "ms": 0}
    assert sandbox.show()["latency"] == {"type": "fixed", "ms": 0}
    key = sandbox.mint_key(activates_in="0s")
    assert sandbox.revoke_key(key["id"], lingers="0s")["state"] == "revoked"
    sandbox.clock.freeze()
    sandbox.clock.resume()
    sandbox.clock.advance("1s")
    sandbox.clock.reset()
    assert sandbox.clock.show()["state"] == "running"


def use_failures(sandbox: Sandbox) -> None:
    sandbox.faults.replace([{"id": "one", "fault": {"kind": "hang"}}])
    sandbox.faults.set("one", {"fault": {"kind": "reset"}})
    assert sandbox.faults.get("one")["fault"] == {"kind": "reset"}
    two = sandbox.faults.add("status", status=503, match={"path": "*/sectors"}, trigger={"times": 1})
    sandbox.faults.remove("one")
    assert [each["id"] for each in sandbox.faults.list()] == [two["id"]]
    sandbox.faults.clear()
    with sandbox.scenario("slow", median_ms=1, max_ms=2):
        assert sandbox.scenarios.get("slow")["on"]
    assert not any(each["on"] for each in sandbox.scenarios.list())


def use_journal(sandbox: Sandbox) -> None:
    assert request_status(sandbox, "/sectors") == 200
    (call,) = sandbox.requests.list()
    assert sandbox.requests.get(call["id"])["trace"]
    assert sandbox.requests.verify(operation="list_sectors") == 1
    assert sandbox.requests.replay(call["id"])["path"] == call["path"]
    assert sandbox.traffic(seconds=60)["seconds"]
    assert sandbox.faults.preview("hang", match={"path": "*/sectors"})["hit"] > 0
    watch(sandbox)
    sandbox.requests.clear()
    assert sandbox.requests.list() == []


def watch(sandbox: Sandbox) -> None:
    """Read a call from the stream; calls repeat because the stream can start after the first one."""
    with ThreadPoolExecutor(1) as pool:
        next_call = pool.submit(next, sandbox.requests.stream())
        while not next_call.done():
            request_status(sandbox, "/groups")
        assert next_call.result()["path"] == "/smartepi/v1/groups"


def use_webhooks(sandbox: Sandbox) -> None:
    webhook = sandbox.webhooks.add("http://127.0.0.1:9/", description="nobody there")
    assert sandbox.webhooks.change(webhook["id"], events=["return.created"])["events"] == ["return.created"]
    assert sandbox.webhooks.rotate(webhook["id"])["secret"] != webhook["secret"]
    delivery = sandbox.webhooks.test(webhook["id"])
    assert len(sandbox.deliveries.retry(delivery["id"])["attempts"]) == 2
    assert sandbox.deliveries.get(delivery["id"]) in sandbox.deliveries.list(endpoint=webhook["id"])
    assert sandbox.webhooks.get(webhook["id"]) in sandbox.webhooks.list()
    sandbox.webhooks.remove(webhook["id"])


def use_state(sandbox: Sandbox) -> None:
    assert "record_return" in [each["name"] for each in sandbox.simulations]
    record = sandbox.simulate("record_return", quantity=3)
    assert [each["id"] for each in sandbox.records("returns", limit=1)] == [record["id"]]
    assert sandbox.events[-1]["type"] == "return.created"
    assert sandbox.collections["returns"] > 0
    assert sandbox.snapshot("here") in sandbox.snapshots
    state = sandbox.state.export()
    sandbox.reset()
    assert sandbox.events == []
    sandbox.state.put(state)
    assert sandbox.state.export() == state
    sandbox.restore("here")
    assert sandbox.events[-1]["data"]["id"] == record["id"]


def test_the_client_has_a_method_for_every_route_of_the_admin_api(
    testmode: Testmode, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = [(route.method, ADMIN_PREFIX + route.path) for route in ROUTES]
    routes = {*rules, *UNAUTHENTICATED_ROUTES}
    url_map = Map([Rule(path.replace("{", "<").replace("}", ">"), endpoint=path, methods=[m]) for m, path in routes])
    used, open_ = set(), Api._open

    def record_and_open(api: Api, method: str, path: str, body: Any = None) -> Any:
        endpoint, _ = url_map.bind("").match(path.partition("?")[0], method=method)
        used.add((method, endpoint))
        return open_(api, method, path, body)

    monkeypatch.setattr(Api, "_open", record_and_open)
    use_everything(testmode)
    assert used == routes


def test_the_matching_of_routes_rejects_another_path_or_method() -> None:
    url_map = Map([Rule("/__admin/sandboxes/<sandbox>", methods=["GET"])]).bind("")
    with pytest.raises(NotFound):
        url_map.match("/__admin/sandboxs/one", method="GET")
    with pytest.raises(MethodNotAllowed):
        url_map.match("/__admin/sandboxes/one", method="PUT")


def check_declared_keys(answer: Mapping[str, Any], model: Any) -> None:
    """Assert that all members are declared and that the required ones are there."""
    assert set(answer) <= set(get_type_hints(model))
    assert set(answer) >= model.__required_keys__


def test_the_declared_types_match_the_responses(testmode: Testmode, sandbox: Sandbox) -> None:
    check_declared_keys(sandbox.show(), models.SandboxView)
    check_declared_keys(sandbox.mint_key(), models.Key)
    sandbox.simulate("record_return", after="5m")
    check_declared_keys(sandbox.clock.show()["due"][0], models.Due)
    check_declared_keys(sandbox.clock.advance("10m"), models.Time)
    check_declared_keys(sandbox.faults.add("hang", match={"path": "*/nowhere"}), models.Fault)
    request_status(sandbox, "/sectors")
    check_declared_keys(sandbox.faults.list()[0]["nearest_miss"] or {}, models.Missed)
    (call,) = sandbox.requests.list()
    check_declared_keys(call, models.Call)
    check_declared_keys(sandbox.requests.get(call["id"]), models.WholeCall)
    check_declared_keys(sandbox.scenarios.list()[0], models.Scenario)
    check_declared_keys(sandbox.events[0], models.Event)
    check_declared_keys(sandbox.snapshot("here"), models.Snapshot)
    check_declared_keys(sandbox.state.export(), models.ExportedState)
    webhook = sandbox.webhooks.add("http://127.0.0.1:9/")
    check_declared_keys(webhook, models.Webhook)
    delivery = sandbox.webhooks.test(webhook["id"])
    check_declared_keys(delivery, models.Delivery)
    check_declared_keys(delivery["attempts"][0], models.Attempt)


def test_the_declared_types_of_providers_match_the_responses(testmode: Testmode) -> None:
    for provider in testmode.providers():
        check_declared_keys(provider, models.Provider)
        check_declared_keys(provider["operations"][0], models.Operation)
        check_declared_keys(provider["assumptions"][0], models.Assumption)
        check_declared_keys(provider["simulations"][0], models.Simulation)
        assert not [each for each in provider["simulations"] if "after" in each["parameters"]], (
            "simulate() has its own parameter `after`"
        )
    check_declared_keys(testmode.scenarios()[0], models.Scenario)


def test_a_refusal_raises_an_error_with_sentence_status_and_url(testmode: Testmode) -> None:
    with pytest.raises(TestmodeError, match="did you mean 'smartepi'") as refusal:
        testmode.create_sandbox("smartep")
    assert (refusal.value.status, refusal.value.url) == (404, f"{testmode.url}/__admin/sandboxes")
    assert refusal.value.sentence in str(refusal.value)


def test_an_unreachable_server_raises_an_error_without_a_status() -> None:
    client = Testmode("http://127.0.0.1:9", TOKEN, timeout=2)
    assert not client.ready()
    assert not client.alive()
    with pytest.raises(TestmodeError, match="cannot reach Testmode") as refusal:
        client.providers()
    assert (refusal.value.status, refusal.value.url) == (None, "http://127.0.0.1:9")
    with pytest.raises(TestmodeError, match=r"not ready within 0\.1 s"):
        client.wait(0.1)


def test_a_wrong_token_is_refused(testmode: Testmode) -> None:
    with pytest.raises(TestmodeError, match="send the admin token") as refusal:
        Testmode(testmode.url, "another").providers()
    assert refusal.value.status == 401


def test_url_and_token_come_from_the_environment(
    testmode: Testmode, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    monkeypatch.setenv("TESTMODE_URL", f"{testmode.url}/")
    monkeypatch.setenv("TESTMODE_ADMIN_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.delenv("TESTMODE_ADMIN_TOKEN", raising=False)
    assert Testmode.from_environment().providers()
    monkeypatch.delenv("TESTMODE_ADMIN_TOKEN_FILE")
    (tmp_path / "token").rename(tmp_path / "admin-token")
    monkeypatch.setenv("TESTMODE_DATA", str(tmp_path))
    assert Testmode.from_environment().providers()
    monkeypatch.setenv("TESTMODE_ADMIN_TOKEN", "wrong")
    with pytest.raises(TestmodeError):
        Testmode.from_environment().providers()


def test_a_failed_verification_shows_the_nearest_miss(sandbox: Sandbox) -> None:
    request_status(sandbox, "/groups")
    with pytest.raises(NotVerified) as missing:
        sandbox.requests.verify(path="*/sectors", method="GET")
    assert "found 0" in str(missing.value)
    assert "GET /smartepi/v1/groups -> 200: path is /smartepi/v1/groups, not like */sectors" in str(missing.value)
    assert sandbox.requests.verify(path="*/sectors", count=0) == 0
    request_status(sandbox, "/sectors")
    assert sandbox.requests.verify(in_order=[{"path": "*/groups"}, {"path": "*/sectors"}], status=200) == 2
    with pytest.raises(NotVerified):
        sandbox.requests.verify(in_order=[{"path": "*/sectors"}, {"path": "*/groups"}])


def test_the_clock_returns_and_accepts_instants(sandbox: Sandbox) -> None:
    noon = datetime(2027, 3, 1, 12, tzinfo=UTC)
    sandbox.clock.freeze(noon)
    assert sandbox.clock.now == noon
    sandbox.clock.advance("1h30m")
    assert sandbox.clock.now - noon == timedelta(minutes=90)
    sandbox.clock.freeze("2027-04-01T00:00:00Z")
    assert sandbox.clock.now == datetime(2027, 4, 1, tzinfo=UTC)


def test_a_scenario_is_off_after_its_block_even_if_the_test_fails(sandbox: Sandbox) -> None:
    with pytest.raises(ZeroDivisionError), sandbox.scenario("outage"):
        assert request_status(sandbox, "/sectors") == 503
        raise ZeroDivisionError
    assert request_status(sandbox, "/sectors") == 200
    scenario = sandbox.scenario("burst-then-recover", calls=1)
    assert sandbox.scenarios.get(scenario.name)["chosen"] == {"calls": 1}
    scenario.off()
    assert request_status(sandbox, "/sectors") == 200


def test_key_returns_a_key_that_works_now(sandbox: Sandbox) -> None:
    first = sandbox.key
    new = sandbox.mint_key()["secret"]
    assert request_status(sandbox, "/sectors", new) == 403
    sandbox.revoke_key(first, lingers="0s")
    with pytest.raises(TestmodeError, match="has no key that works now"):
        _ = sandbox.key
    sandbox.clock.advance("60s")
    assert sandbox.key == new
    assert request_status(sandbox, "/sectors") == 200
    assert new not in repr(sandbox)

"""The client of the admin API in the code of a test: it can do everything, and says what went wrong in one sentence."""

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
"""What the server answers beside the table of routes."""


@pytest.fixture(scope="module")
def testmode() -> Iterator[Testmode]:
    with start_server("serve", "--port", "0", "--memory", "--admin-token", TOKEN) as (_, url):
        yield Testmode(url, TOKEN)


@pytest.fixture
def sandbox(testmode: Testmode) -> Iterator[Sandbox]:
    made = testmode.create_sandbox("smartepi", seed=7)
    yield made
    made.delete()


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
    """See a call in the stream, which may begin a moment after it was asked for."""
    with ThreadPoolExecutor(1) as pool:
        seen = pool.submit(next, sandbox.requests.stream())
        while not seen.done():
            request_status(sandbox, "/groups")
        assert seen.result()["path"] == "/smartepi/v1/groups"


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
    made = sandbox.simulate("record_return", quantity=3)
    assert [each["id"] for each in sandbox.records("returns", limit=1)] == [made["id"]]
    assert sandbox.events[-1]["type"] == "return.created"
    assert sandbox.collections["returns"] > 0
    assert sandbox.snapshot("here") in sandbox.snapshots
    state = sandbox.state.export()
    sandbox.reset()
    assert sandbox.events == []
    sandbox.state.put(state)
    assert sandbox.state.export() == state
    sandbox.restore("here")
    assert sandbox.events[-1]["data"]["id"] == made["id"]


def test_every_route_of_the_admin_api_has_a_method(testmode: Testmode, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [(route.method, ADMIN_PREFIX + route.path) for route in ROUTES]
    wanted = {*rules, *UNAUTHENTICATED_ROUTES}
    known = Map([Rule(path.replace("{", "<").replace("}", ">"), endpoint=path, methods=[m]) for m, path in wanted])
    used, asked = set(), Api._open

    def written_down(api: Api, method: str, path: str, body: Any = None) -> Any:
        endpoint, _ = known.bind("").match(path.partition("?")[0], method=method)
        used.add((method, endpoint))
        return asked(api, method, path, body)

    monkeypatch.setattr(Api, "_open", written_down)
    use_everything(testmode)
    assert used == wanted


def test_that_test_would_notice_a_route_of_another_name() -> None:
    known = Map([Rule("/__admin/sandboxes/<sandbox>", methods=["GET"])]).bind("")
    with pytest.raises(NotFound):
        known.match("/__admin/sandboxs/one", method="GET")
    with pytest.raises(MethodNotAllowed):
        known.match("/__admin/sandboxes/one", method="PUT")


def check_declared_keys(answer: Mapping[str, Any], model: Any) -> None:
    """Every member that is there is declared, and every one that is required is there."""
    assert set(answer) <= set(get_type_hints(model))
    assert set(answer) >= model.__required_keys__


def test_the_types_are_those_of_the_answers(testmode: Testmode, sandbox: Sandbox) -> None:
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


def test_the_types_of_a_provider_are_those_of_the_answers(testmode: Testmode) -> None:
    for provider in testmode.providers():
        check_declared_keys(provider, models.Provider)
        check_declared_keys(provider["operations"][0], models.Operation)
        check_declared_keys(provider["assumptions"][0], models.Assumption)
        check_declared_keys(provider["simulations"][0], models.Simulation)
        assert not [each for each in provider["simulations"] if "after" in each["parameters"]], "simulate() takes it"
    check_declared_keys(testmode.scenarios()[0], models.Scenario)


def test_a_refusal_is_one_error_with_the_sentence_the_status_and_the_url(testmode: Testmode) -> None:
    with pytest.raises(TestmodeError, match="did you mean 'smartepi'") as refusal:
        testmode.create_sandbox("smartep")
    assert (refusal.value.status, refusal.value.url) == (404, f"{testmode.url}/__admin/sandboxes")
    assert refusal.value.sentence in str(refusal.value)


def test_a_server_that_is_not_there_is_the_same_error_without_a_status() -> None:
    nobody = Testmode("http://127.0.0.1:9", TOKEN, timeout=2)
    assert not nobody.ready()
    assert not nobody.alive()
    with pytest.raises(TestmodeError, match="cannot reach Testmode") as refusal:
        nobody.providers()
    assert (refusal.value.status, refusal.value.url) == (None, "http://127.0.0.1:9")
    with pytest.raises(TestmodeError, match=r"not ready within 0\.1 s"):
        nobody.wait(0.1)


def test_a_wrong_token_is_refused(testmode: Testmode) -> None:
    with pytest.raises(TestmodeError, match="send the admin token") as refusal:
        Testmode(testmode.url, "another").providers()
    assert refusal.value.status == 401


def test_the_environment_says_where_the_server_is(
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


def test_what_was_expected_and_did_not_happen_says_what_came_nearest(sandbox: Sandbox) -> None:
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


def test_the_clock_speaks_of_instants(sandbox: Sandbox) -> None:
    noon = datetime(2027, 3, 1, 12, tzinfo=UTC)
    sandbox.clock.freeze(noon)
    assert sandbox.clock.now == noon
    sandbox.clock.advance("1h30m")
    assert sandbox.clock.now - noon == timedelta(minutes=90)
    sandbox.clock.freeze("2027-04-01T00:00:00Z")
    assert sandbox.clock.now == datetime(2027, 4, 1, tzinfo=UTC)


def test_a_scenario_is_off_at_the_end_of_its_block_even_when_the_test_fails(sandbox: Sandbox) -> None:
    with pytest.raises(ZeroDivisionError), sandbox.scenario("outage"):
        assert request_status(sandbox, "/sectors") == 503
        raise ZeroDivisionError
    assert request_status(sandbox, "/sectors") == 200
    stays = sandbox.scenario("burst-then-recover", calls=1)
    assert sandbox.scenarios.get(stays.name)["chosen"] == {"calls": 1}
    stays.off()
    assert request_status(sandbox, "/sectors") == 200


def test_a_key_is_one_that_works_now(sandbox: Sandbox) -> None:
    first = sandbox.key
    fresh = sandbox.mint_key()["secret"]
    assert request_status(sandbox, "/sectors", fresh) == 403
    sandbox.revoke_key(first, lingers="0s")
    with pytest.raises(TestmodeError, match="has no key that works now"):
        _ = sandbox.key
    sandbox.clock.advance("60s")
    assert sandbox.key == fresh
    assert request_status(sandbox, "/sectors") == 200
    assert fresh not in repr(sandbox)

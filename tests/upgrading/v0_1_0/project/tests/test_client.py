"""Everything that docs/testing.md of 0.1.0 says the client can do."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from mockserver.testing.client import NotVerified, Sandbox, Switch, Testmode, TestmodeError


def sectors(sandbox):
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    return requests.get(f"{sandbox.base_url}/sectors", headers=headers, timeout=20)


def test_a_server_by_its_address_and_from_the_environment(testmode_server, monkeypatch):
    monkeypatch.setenv("TESTMODE_URL", testmode_server.url)
    monkeypatch.setenv("TESTMODE_ADMIN_TOKEN", testmode_server.token)
    for server in (Testmode.from_environment(), Testmode(testmode_server.url, testmode_server.token, timeout=20)):
        server.wait(5)
        assert server.alive()
        assert server.ready()
        assert server.version()["version"]
        assert server.settings()["bounds"]
        assert "testmode" in server.metrics()
        assert server.openapi("smartepi")["openapi"]
        assert server.provider("kota")["operations"]
        assert {each["kind"] for each in server.fault_kinds()["kinds"]} > {"reset", "lost_response"}
        assert "outage" in [each["name"] for each in server.scenarios()]


def test_the_clock(testmode):
    testmode.clock.freeze("2027-03-01T12:00:00Z")
    assert testmode.clock.advance("1h30m")["now"] == "2027-03-01T13:30:00.000000Z"
    assert testmode.clock.now == datetime(2027, 3, 1, 13, 30, tzinfo=UTC)
    assert testmode.clock.resume()["state"] == testmode.clock.reset()["state"] == "running"
    assert testmode.clock.show()["due"] == []


def test_keys(testmode):
    made = testmode.mint_key(activates_in="0s", expires_in="1h", cidrs=["127.0.0.0/8"])
    assert testmode.revoke_key(made["id"], lingers="0s")["state"] == "revoked"
    assert [key["state"] for key in testmode.keys] == ["active", "revoked"]


def test_faults_and_scenarios(testmode):
    rule = testmode.faults.add("status", id="down", status=503, match={"path": "*/sectors"}, trigger={"times": 1})
    assert sectors(testmode).status_code == 503
    assert testmode.faults.get("down")["fired"] == 1
    assert rule["priority"] == testmode.faults.list()[0]["priority"]
    assert testmode.faults.preview("reset", match={"path": "*/sectors"})["hit"] == 1
    testmode.faults.set("down", {"fault": {"kind": "reset"}, "trigger": {"times": 1}})
    testmode.faults.replace([{"id": "other", "fault": {"kind": "hang"}, "match": {"path": "*/nowhere"}}])
    testmode.faults.remove("other")
    testmode.faults.clear()
    with testmode.scenario("slow", median_ms=1, max_ms=2) as switch:
        assert isinstance(switch, Switch)
        assert [each["name"] for each in testmode.scenarios.list() if each["on"]] == ["slow"]
    testmode.scenarios.on("outage").off()
    assert testmode.scenarios.get("outage")["on"] is False


def test_what_was_asked(testmode):
    assert sectors(testmode).ok
    (call,) = testmode.requests.list()
    assert testmode.requests.get(call["id"])["trace"]
    assert testmode.requests.replay(call["id"])["status"] == 200
    assert testmode.requests.verify(method="GET", path="*/sectors", status=200, count=2) == 2
    with pytest.raises(NotVerified, match="nearest: GET"):
        testmode.requests.verify(method="POST", path="*/sectors", at_least=1)
    assert testmode.requests.verify(in_order=[{"method": "GET"}, {"path": "*/sectors"}]) == 2
    testmode.requests.clear()
    assert testmode.traffic(seconds=60)["parts"]


def test_webhooks(testmode, receiver):
    hook = testmode.webhooks.add(receiver.url, ["withdrawal.created"], secret="whsec_mine")
    testmode.simulate("record_withdrawal", quantity=2)
    testmode.clock.advance("0s")
    ((headers, _),) = receiver.arrived
    assert headers["X-SmartEPI-Signature"].startswith("t=")
    (delivery,) = testmode.deliveries.list(state="delivered", endpoint=hook["id"])
    assert testmode.deliveries.get(delivery["id"])["event"] == testmode.events[-1]
    assert testmode.deliveries.retry(delivery["id"])["attempts"][-1]["status"] == 200
    assert testmode.webhooks.test(hook["id"])["state"] == "delivered"
    assert testmode.webhooks.rotate(hook["id"], overlap="1h")["previous_secret"]["secret"] == "whsec_mine"
    assert testmode.webhooks.change(hook["id"], enabled=False) == testmode.webhooks.get(hook["id"])
    testmode.webhooks.remove(hook["id"])
    assert testmode.webhooks.list() == []


def test_data_states_and_settings(testmode):
    assert testmode.simulate("record_return", after="10m") == {
        "scheduled": "timer_1",
        "at": testmode.clock.show()["due"][0]["at"],
    }
    assert "record_return" in [each["name"] for each in testmode.simulations]
    assert len(testmode.records("sectors", limit=2)) == 2
    assert testmode.collections["sectors"] == 4
    state = testmode.state.export()
    testmode.snapshot("before")
    assert [each["name"] for each in testmode.snapshots] == ["before"]
    testmode.restore("before")
    testmode.state.put(state)
    assert testmode.configure(limits={"rate": 5, "burst": 6}, latency=None)["limits"]["burst"] == 6
    copy = testmode.fork(name=f"{testmode.id}-copy")
    assert isinstance(copy, Sandbox)
    copy.delete()
    testmode.reset()
    assert testmode.clock.show()["due"] == []


def test_an_error_says_what_was_wrong(testmode):
    with pytest.raises(TestmodeError) as error:
        testmode.simulate("approve_everything")
    assert (error.value.status, error.value.url.startswith("http://127.0.0.1:")) == (404, True)
    assert "there is no simulation" in error.value.sentence


def test_the_command_finds_the_server_by_the_environment(testmode_server, testmode, monkeypatch):
    monkeypatch.setenv("TESTMODE_URL", testmode_server.url)
    monkeypatch.setenv("TESTMODE_ADMIN_TOKEN", testmode_server.token)
    command = str(Path(sys.executable).with_name("testmode"))
    done = subprocess.run([command, "key", "show", testmode.id], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == testmode.key

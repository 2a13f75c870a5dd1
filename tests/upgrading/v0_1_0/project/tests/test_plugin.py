"""The plugin's marker and fixtures, as docs/testing.md of 0.1.0 shows them."""

from __future__ import annotations

import pytest
import requests

from mockserver.testing.client import Sandbox, Testmode


def asked(sandbox, path, key=None):
    return requests.get(sandbox.base_url + path, headers={"Authorization": f"Bearer {key or sandbox.key}"}, timeout=20)


@pytest.mark.testmode("smartepi")
def test_a_new_key_works_after_a_minute(testmode):
    new = {"Authorization": f"Bearer {testmode.mint_key()['secret']}"}
    assert requests.get(f"{testmode.base_url}/sectors", headers=new, timeout=20).status_code == 403
    testmode.clock.advance("60s")
    assert requests.get(f"{testmode.base_url}/sectors", headers=new, timeout=20).status_code == 200


@pytest.mark.testmode(
    "smartepi",
    seed=7,
    size="small",
    assumptions={"timestamps": "iso"},
    limits={"rate": 100, "burst": 200},
    latency={"type": "fixed", "ms": 1},
    scenario={"burst-then-recover": {"calls": 2}},
)
def test_a_marker_says_how_the_sandbox_begins(testmode):
    assert [asked(testmode, "/sectors").status_code for _ in range(3)] == [429, 429, 200]
    view = testmode.show()
    assert (view["seed"], view["limits"]["rate"], view["assumptions"]["timestamps"]) == ("7", 100, "iso")


@pytest.mark.testmode("kotauth", slug="acme-of-a-test", scenario=["outage", "slow"])
def test_several_scenarios_are_on_and_a_slug_is_in_the_path(testmode):
    assert "/acme-of-a-test/" in testmode.base_url
    assert asked(testmode, "/users").status_code == 503


def test_the_provider_comes_from_the_settings_of_pytest(testmode, pytestconfig):
    assert testmode.provider == pytestconfig.getini("testmode_provider") == "smartepi"


def test_as_many_sandboxes_as_a_test_needs(make_sandbox):
    made = [make_sandbox("kota", seed=2, scenario="outage"), make_sandbox("kasko"), make_sandbox()]
    assert [each.provider for each in made] == ["kota", "kasko", "smartepi"]
    assert asked(made[0], "/employers").status_code == 503


@pytest.mark.parametrize(("name", "path"), [("smartepi", "/sectors"), ("kotauth", "/users"), ("kota", "/employers")])
def test_providers_go_by_their_names(testmode_server, name, path):
    sandbox = testmode_server.create_sandbox(name)
    assert asked(sandbox, path).status_code == 200
    sandbox.delete()


def test_the_server_is_the_typed_client(testmode_server, testmode):
    assert isinstance(testmode_server, Testmode)
    assert isinstance(testmode, Sandbox)
    assert testmode.id in [each.id for each in testmode_server.sandboxes()]
    names = [each["name"] for each in testmode_server.providers()]
    assert names == ["smartepi", "kotauth", "kasko", "kota"]


def test_waiting_takes_no_time(testmode, sleep):
    key = testmode.mint_key()["secret"]
    sleep(61)
    assert asked(testmode, "/sectors", key).status_code == 200

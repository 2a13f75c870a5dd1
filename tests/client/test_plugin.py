"""The pytest plugin as other projects use it: each test runs pytest with the plugin."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockserver.testing.client import Testmode
from tests.support.server_process import start_server

pytest_plugins = ["pytester"]

TOKEN = "token-of-these-tests"
HEAVY_MODULES = ("flask", "werkzeug", "gevent", "pydantic", "click", "tinydb", "mockserver.engine")
HELPERS_SOURCE = """
    import http.client, json, os, pathlib, urllib.parse
    import pytest

    def get_status(sandbox, path="/sectors", key=None):
        address = urllib.parse.urlsplit(sandbox.base_url)
        connection = http.client.HTTPConnection(address.netloc, timeout=60)
        connection.request("GET", address.path + path, headers={"Authorization": f"Bearer {key or sandbox.key}"})
        status = connection.getresponse().status
        connection.close()
        return status

    def note(**values):
        with open(os.environ["NOTES"], "a") as notes:
            notes.write(json.dumps(values) + "\\n")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Testmode]:
    with start_server("serve", "--port", "0", "--memory", "--admin-token", TOKEN) as (_, url):
        yield Testmode(url, TOKEN)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    return tmp_path / "notes"


@pytest.fixture
def running(server: Testmode, monkeypatch: pytest.MonkeyPatch) -> Testmode:
    """Sets the environment so that the inner runs use the running server instead of starting one."""
    monkeypatch.setenv("TESTMODE_URL", server.url)
    monkeypatch.setenv("TESTMODE_ADMIN_TOKEN", server.token)
    return server


def read_notes(notes: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in notes.read_text().splitlines()]


OTHER_PLUGINS = ("schemathesis", "faker", "anyio", "hypothesispytest")
"""Installed plugins of other projects, whose import takes longer than an inner run."""
OPTIONS = (
    "-p",
    "no:cacheprovider",
    *(word for each in OTHER_PLUGINS for word in ("-p", f"no:{each}")),
    "--strict-markers",
)


def run(pytester: pytest.Pytester, source: str, *words: str) -> pytest.RunResult:
    """Runs pytest in a subprocess, for runs that start a server or crash."""
    pytester.makepyfile(HELPERS_SOURCE + source)
    return pytester.runpytest_subprocess(*OPTIONS, *words)


def run_in_process(pytester: pytest.Pytester, source: str) -> pytest.RunResult:
    """Runs pytest in this process, which is faster because pytest is already imported."""
    pytester.makepyfile(HELPERS_SOURCE + source)
    return pytester.runpytest_inprocess(*OPTIONS)


def test_the_plugin_is_registered_and_imports_no_server_code(pytester: pytest.Pytester) -> None:
    source = f"""
    import sys

    def test_light(pytestconfig):
        assert pytestconfig.pluginmanager.has_plugin("testmode")
        assert [name for name in {HEAVY_MODULES!r} if name in sys.modules] == []
"""
    run(pytester, source).assert_outcomes(passed=1)


def test_every_test_has_its_own_sandbox_which_is_deleted_afterwards(
    pytester: pytest.Pytester, running: Testmode, notes: Path
) -> None:
    source = """
    @pytest.mark.testmode("smartepi")
    @pytest.mark.parametrize("nth", range(3))
    def test_counts(testmode, nth):
        assert testmode.requests.list() == []
        assert get_status(testmode) == 200
        testmode.requests.verify(path="*/sectors", count=1)
        note(id=testmode.id)
"""
    run_in_process(pytester, source).assert_outcomes(passed=3)
    assert len({each["id"] for each in read_notes(notes)}) == 3
    assert {each.id for each in running.sandboxes()} == {each["name"] for each in running.providers()}


def test_the_marker_configures_the_sandbox(pytester: pytest.Pytester, running: Testmode) -> None:
    source = """
    @pytest.mark.testmode("smartepi", seed="nine", scenario="outage", assumptions={"timestamps": "iso"})
    def test_marked(testmode):
        view = testmode.show()
        assert (view["seed"], view["scenarios"]) == ("nine", ["outage"])
        assert view["assumptions"]["timestamps"] == "iso"
        assert get_status(testmode) == 503

    @pytest.mark.testmode("kota", scenario={"slow": {"median_ms": 1, "max_ms": 2}, "burst-then-recover": {"calls": 1}})
    def test_parameters(testmode):
        assert testmode.scenarios.get("slow")["chosen"] == {"median_ms": 1.0, "max_ms": 2.0}
        assert get_status(testmode, "/employers") == 429

    @pytest.mark.testmode("kota")
    class TestClass:
        @pytest.mark.testmode("kotauth", scenario=["outage", "tail-latency"])
        def test_nearest_wins(self, testmode):
            assert testmode.provider == "kotauth"
            assert testmode.show()["scenarios"] == ["outage", "tail-latency"]

        def test_outer(self, testmode):
            assert testmode.provider == "kota"
"""
    run_in_process(pytester, source).assert_outcomes(passed=4)


def test_the_configuration_sets_the_default_provider(pytester: pytest.Pytester, running: Testmode) -> None:
    pytester.makeini("[pytest]\ntestmode_provider = kasko\n")
    source = """
    def test_default(testmode):
        assert testmode.provider == "kasko"

    @pytest.mark.testmode(seed=3)
    def test_settings_alone(testmode):
        assert (testmode.provider, testmode.show()["seed"]) == ("kasko", "3")
"""
    run_in_process(pytester, source).assert_outcomes(passed=2)


USAGE_ERRORS = {
    "": "no provider: mark the test with @pytest.mark.testmode",
    '@pytest.mark.testmode("kotta")': "there is no provider 'kotta'; did you mean 'kota'?",
    '@pytest.mark.testmode("kota", sed=1)': "there is no field 'sed'; did you mean 'seed'?",
    '@pytest.mark.testmode("kota", scenario="outrage")': "there is no scenario 'outrage'; did you mean 'outage'?",
}


def test_a_usage_error_is_reported_in_one_sentence(pytester: pytest.Pytester, running: Testmode) -> None:
    tests = [
        f"    {marker}\n    def test_slip_{nth}(testmode):\n        pass\n" for nth, marker in enumerate(USAGE_ERRORS)
    ]
    result = run_in_process(pytester, "\n" + "\n".join(tests))
    result.assert_outcomes(errors=len(USAGE_ERRORS))
    _, *errors = re.split(
        r"_ ERROR at setup of test_slip_\d _", result.stdout.str().partition("= short test summary")[0]
    )
    assert [sentence in each for each, sentence in zip(errors, USAGE_ERRORS.values(), strict=True)] == [True] * len(
        USAGE_ERRORS
    )


def test_a_test_can_create_several_isolated_sandboxes(pytester: pytest.Pytester, running: Testmode) -> None:
    source = """
    def test_two(make_sandbox, testmode_server):
        one, two = make_sandbox("smartepi"), make_sandbox("smartepi", seed=2, scenario="outage")
        assert (get_status(one), get_status(two)) == (200, 503)
        assert testmode_server.sandbox(two.id).base_url == two.base_url
        with pytest.raises(AssertionError):
            one.requests.verify(status=503)
"""
    run_in_process(pytester, source).assert_outcomes(passed=1)
    assert {each.id for each in running.sandboxes()} == {each["name"] for each in running.providers()}


def test_the_report_of_a_failing_test_shows_calls_and_rules_that_never_fired(
    pytester: pytest.Pytester, running: Testmode
) -> None:
    source = """
    @pytest.mark.testmode("smartepi")
    def test_fails(testmode, make_sandbox):
        make_sandbox("kota", name="quiet-one")
        testmode.faults.add("status", id="once", status=500, match={"path": "*/sectors"}, trigger={"times": 1})
        testmode.faults.add("hang", id="elsewhere", match={"path": "*/employees"})
        testmode.faults.add("hang", id="spared", match={"path": "*/groups"}, trigger={"skip": 5})
        testmode.faults.add("dropped_webhook", id="other-event", match={"event": "return.*"})
        testmode.webhooks.add("http://127.0.0.1:9/")
        testmode.simulate("record_withdrawal")
        assert [get_status(testmode), get_status(testmode), get_status(testmode, "/groups")] == []

    @pytest.mark.testmode("smartepi")
    def test_passes(testmode):
        assert get_status(testmode, "/products") == 200
"""
    result = run_in_process(pytester, source)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*- Testmode requests -*",
            "smartepi-* at http://127.0.0.1:*/smartepi/v1",
            "  GET /smartepi/v1/sectors -> 500  by once",
            "  GET /smartepi/v1/sectors -> 200",
            "  GET /smartepi/v1/groups -> 200",
            "  the rule elsewhere (hang) never fired: nearest was GET *: path is /smartepi/v1/*, not like */employees",
            "  the rule spared (hang) never fired: it matched 1, but its trigger selected none",
            "  the rule other-event (dropped_webhook) never fired: nearest was the webhook withdrawal.created: *",
            "quiet-one at http://127.0.0.1:*/kota",
            "  no calls; a call with an unknown key is in the journal of 'kota'",
        ]
    )
    result.stdout.no_fnmatch_line("*products*")


def test_a_run_on_two_workers_shares_one_server_and_stops_it(
    pytester: pytest.Pytester, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
    @pytest.fixture(scope="session")
    def whole_run(testmode_server):
        sandbox = testmode_server.create_sandbox("smartepi")
        yield sandbox
        sandbox.delete()

    @pytest.mark.testmode("smartepi")
    @pytest.mark.parametrize("nth", range(8))
    def test_alone(testmode, testmode_server, whole_run, nth, worker_id):
        assert [get_status(testmode), get_status(testmode)] == [200, 200]
        testmode.requests.verify(count=2)
        note(worker=worker_id, url=testmode_server.url, id=testmode.id)
"""
    run(pytester, source, "-n", "2").assert_outcomes(passed=8)
    seen = read_notes(notes)
    assert {each["worker"] for each in seen} == {"gw0", "gw1"}
    assert len({each["id"] for each in seen}) == 8
    (url,) = {each["url"] for each in seen}
    assert not Testmode(url, "", timeout=60).alive()


def test_a_crashed_worker_does_not_stop_the_server_and_the_run_stops_it(pytester: pytest.Pytester, notes: Path) -> None:
    source = """
    @pytest.mark.testmode("smartepi")
    @pytest.mark.parametrize("nth", range(6))
    def test_dies(testmode, testmode_server, nth):
        note(url=testmode_server.url)
        if nth == 1:
            os._exit(1)
        assert get_status(testmode) == 200
"""
    run(pytester, source, "-n", "2").assert_outcomes(passed=5, failed=1)
    (url,) = {each["url"] for each in read_notes(notes)}
    assert not Testmode(url, "", timeout=60).alive()


def test_a_run_without_workers_stops_its_server_after_session_fixtures(pytester: pytest.Pytester, notes: Path) -> None:
    source = """
    @pytest.fixture(scope="session")
    def whole_run(testmode_server):
        sandbox = testmode_server.create_sandbox("smartepi")
        yield sandbox
        assert get_status(sandbox) == 200
        sandbox.delete()
        note(url=testmode_server.url)

    def test_uses_it(whole_run):
        assert get_status(whole_run) == 200
"""
    run(pytester, source).assert_outcomes(passed=1)
    (seen,) = read_notes(notes)
    assert not Testmode(seen["url"], "", timeout=60).alive()


def test_the_error_of_a_server_that_cannot_start_has_the_reason(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTMODE_LATENCY", "soon")
    result = run(pytester, '\n    @pytest.mark.testmode("kota")\n    def test_never(testmode):\n        pass\n')
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ended before it was ready: testmode: latency: 'soon' is not a latency*"])

"""The content of each page of the console, and the effect of each button."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.admin.api import ROUTES
from mockserver.admin.client import Client
from mockserver.console.routes import CONSOLE_ROUTES
from mockserver.console.view import load_handler
from tests.console.test_security import sign_in_client
from tests.support.harness import Harness
from tests.support.socket_server import serve_on_socket
from tests.support.webhook_receivers import run_receiver

CONSOLE_PATH = "/__admin/console/sandboxes"
PROVIDERS = ("smartepi", "kotauth", "kasko", "kota")


@pytest.fixture
def browser(harness: Harness) -> FlaskClient:
    return sign_in_client(harness)


def page(browser: FlaskClient, path: str) -> str:
    answer = browser.get(path if path.startswith("/__admin") else f"{CONSOLE_PATH}/{path}")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def post_form(browser: FlaskClient, path: str, **form: str) -> str:
    """Submit a form, assert that it succeeds, and return the page that it redirects to."""
    answer = browser.post(path if path.startswith("/__admin") else f"{CONSOLE_PATH}/{path}", data=form)
    assert answer.status_code == 303, answer.text
    html = page(browser, answer.location)
    assert 'class="notice good" role="status"' in html or path.endswith("/replay")
    return html


def expect_refusal(browser: FlaskClient, path: str, status: int, **form: str) -> str:
    answer: TestResponse = browser.post(f"{CONSOLE_PATH}/{path}", data=form)
    assert answer.status_code == status, answer.text
    match = re.search(r'role="alert">(.*?)</p>', answer.text, re.DOTALL)
    assert match
    return unescape(match[1])


class HtmlOutline(HTMLParser):
    """Parses a page: collects its ids and unlabelled controls, and asserts that every element is closed."""

    VOID = {"meta", "link", "input", "img"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if attributes.get("id"):
            self.ids.append(str(attributes["id"]))
        if tag == "label" and attributes.get("for"):
            self.labelled.add(str(attributes["for"]))
        if tag in ("input", "select", "textarea") and attributes.get("type") != "hidden" and "label" not in self.open:
            self.controls.append(attributes)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else at {self.getpos()}"


TAB_NAMES = ("requests", "failures", "clock", "data", "webhooks", "charts")


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("place", TAB_NAMES)
def test_every_page_of_every_provider_is_well_formed_and_labels_its_fields(
    harness: Harness, browser: FlaskClient, provider: str, place: str
) -> None:
    outline = HtmlOutline(browser.get(f"{CONSOLE_PATH}/{provider}/{place}").text)
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert [each for each in outline.controls if each.get("id") not in outline.labelled] == []


def test_every_action_has_a_page_that_shows_its_refusal() -> None:
    assert all(
        callable(load_handler(name)) for route in CONSOLE_ROUTES for name in (route.handler, route.error_page) if name
    )
    without_page = [route.path for route in CONSOLE_ROUTES if route.method == "POST" and not route.error_page]
    assert without_page == ["/__admin/console/sandboxes/<sandbox>/failures/preview"]


# Sandboxes


def test_the_curl_command_of_every_provider_works(harness: Harness) -> None:
    browser = harness.app.test_client()
    with serve_on_socket(harness) as server:
        browser.post("/__admin/console/sign-in", data={"token": server.token}, base_url=server.url)
        html = unescape(browser.get("/__admin/", base_url=server.url).text)
        lines = re.findall(r'data-copy="(curl [^"]+)"', html)
        assert len(lines) == len(PROVIDERS)
        for line in lines:
            command = line.replace("curl -s", "curl -s -w '\n%{http_code}'")
            done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
            assert done.stdout.endswith("\n200"), (line, done.stdout)


def test_the_first_page_shows_url_key_and_example_of_each_sandbox(harness: Harness, browser: FlaskClient) -> None:
    html = page(browser, "/__admin/")
    for sandbox in harness.admin("GET", "/sandboxes").json:
        assert f'data-copy="{sandbox["base_url"]}"' in html
        assert f'data-copy="{sandbox["keys"][0]["secret"]}"' in html
        assert sandbox["example"] in html


def test_a_sandbox_is_created_forked_reset_and_deleted_with_buttons(harness: Harness, browser: FlaskClient) -> None:
    path = "/__admin/console/sandboxes"
    assert "Sandbox created." in post_form(browser, path, provider="kota", name="mine", seed="7", size="small")
    assert harness.admin("GET", "/sandboxes/mine").json["seed"] == "7"
    harness.admin("PUT", "/sandboxes/mine/scenarios/outage", {})
    assert "outage" in post_form(browser, "mine/fork", name="copy")
    assert harness.admin("GET", "/sandboxes/copy").json["scenarios"] == ["outage"]
    assert "reset to its seed data" in post_form(browser, "mine/reset")
    assert harness.admin("GET", "/sandboxes/mine").json["scenarios"] == []
    assert "Sandbox deleted." in post_form(browser, "mine/delete")
    assert "mine" not in harness.engine.sandboxes


def test_a_refusal_is_shown_on_the_page_of_the_action(harness: Harness, browser: FlaskClient) -> None:
    assert "reset it instead" in expect_refusal(browser, "kota/delete", 422)
    answer = browser.post("/__admin/console/sandboxes", data={"provider": "kota", "name": "Not An Id"})
    assert answer.status_code == 422
    assert "is not a sandbox id" in unescape(answer.text)
    assert "<h1>Sandboxes</h1>" in answer.text


# Requests


def test_the_newest_call_is_first_and_its_page_shows_the_trace(harness: Harness, browser: FlaskClient) -> None:
    harness.request("GET", "/v1/sectors?limit=1")
    harness.request("GET", "/v1/employees/emp_unknown")
    html = page(browser, "smartepi/requests")
    assert re.findall(r'data-call="(\w+)"', html) == ["req_2", "req_1"]
    opened = page(browser, "smartepi/requests/req_2")
    stages = re.findall(r'<li class="(\w+)[^"]*"><span class="node".*?class="stage">(\w+)<', opened)
    known = harness.admin("GET", "/providers/smartepi").json["stages"]
    assert [name for _, name in stages] == known
    assert [name for state, name in stages if state == "answered"] == ["perform"]
    assert "returned 404" in opened
    assert "emp_unknown" in opened


def test_the_trace_marks_the_stage_that_responded_and_the_unreached_ones(
    harness: Harness, browser: FlaskClient
) -> None:
    harness.request("GET", "/v1/sectors", key="sk_unknown")
    opened = page(browser, "smartepi/requests/req_1")
    stages = re.findall(r'<li class="(\w+)[^"]*"><span class="node".*?class="stage">(\w+)<', opened)
    states = {name: state for state, name in stages}
    assert states["authenticate"] == "answered"
    assert states["faults"] == "passed"
    assert states["perform"] == states["ratelimit"] == "unreached"


def test_a_call_shows_which_rule_fired_and_why_another_did_not_match(harness: Harness, browser: FlaskClient) -> None:
    faults = "/sandboxes/smartepi/faults"
    harness.admin("POST", faults, {"id": "hit", "fault": {"kind": "status", "status": 503}})
    harness.admin("POST", faults, {"id": "missed", "match": {"method": "PUT"}, "fault": {"kind": "reset"}})
    harness.request("GET", "/v1/sectors")
    opened = re.sub(r"<[^>]+>|\s+", " ", page(browser, "smartepi/requests/req_1"))
    assert re.search(r"hit +status +fired", opened)
    assert re.search(r"missed +reset +did not match: method is GET, not PUT", opened)


def test_rows_after_a_call_are_the_newer_ones_or_all_if_it_is_unknown(harness: Harness, browser: FlaskClient) -> None:
    for _ in range(3):
        harness.request("GET", "/v1/sectors")

    def rows(query: str = "") -> list[str]:
        return re.findall(r'data-call="(\w+)"', page(browser, f"smartepi/requests/rows{query}"))

    assert rows("?after=req_1") == ["req_3", "req_2"]
    assert rows("?after=req_3") == []
    assert rows("?after=req_99") == rows() == ["req_3", "req_2", "req_1"]


def test_buttons_replay_a_call_and_clear_the_journal(harness: Harness, browser: FlaskClient) -> None:
    harness.request("GET", "/v1/sectors")
    assert "req_2" in post_form(browser, "smartepi/requests/req_1/replay")
    assert "All calls deleted." in post_form(browser, "smartepi/requests/clear")
    assert harness.admin("GET", "/sandboxes/smartepi/requests").json["requests"] == []


def test_the_page_shows_at_most_a_hundred_calls(harness: Harness, browser: FlaskClient) -> None:
    for _ in range(150):
        harness.request("GET", "/v1/sectors?limit=1")
    assert page(browser, "smartepi/requests").count("data-call=") == 100


# Failures


def test_a_scenario_is_switched_on_with_its_parameters_and_off(harness: Harness, browser: FlaskClient) -> None:
    path = "smartepi/failures/scenarios/burst-then-recover"
    assert "Scenario switched on." in post_form(browser, f"{path}/on", calls="2")
    assert [harness.request("GET", "/v1/sectors").status_code for _ in range(3)] == [429, 429, 200]
    assert "Scenario switched off." in post_form(browser, f"{path}/off")
    post_form(browser, "smartepi/failures/scenarios/new-key-propagation/on", delay="90s")
    scenario = harness.admin("GET", "/sandboxes/smartepi/scenarios/new-key-propagation").json
    assert scenario["chosen"]["delay"] == "90s"


@pytest.mark.parametrize(("calls", "named"), [("many", "'many' is not a number"), ("-1", "is not a count")])
def test_an_invalid_scenario_parameter_is_refused_on_the_page(browser: FlaskClient, calls: str, named: str) -> None:
    assert named in expect_refusal(browser, "smartepi/failures/scenarios/burst-then-recover/on", 422, calls=calls)


RULE = {
    "kind": "status",
    "id": "mine",
    "fault.status": "418",
    "match.method": "GET",
    "match.operation": "list_sectors",
    "trigger.times": "1",
}


def test_a_rule_is_created_from_its_form_disabled_enabled_and_removed(harness: Harness, browser: FlaskClient) -> None:
    assert "Fault rule created." in post_form(browser, "smartepi/failures/rules", **RULE)
    assert [harness.request("GET", "/v1/sectors").status_code for _ in range(2)] == [418, 200]
    rule = harness.admin("GET", "/sandboxes/smartepi/faults/mine").json
    assert (rule["match"]["method"], rule["trigger"]["times"], rule["fired"]) == (["GET"], 1, 1)
    post_form(browser, "smartepi/failures/rules/mine/toggle")
    assert harness.admin("GET", "/sandboxes/smartepi/faults/mine").json["enabled"] is False
    assert harness.request("GET", "/v1/sectors").status_code == 200
    post_form(browser, "smartepi/failures/rules/mine/toggle")
    assert harness.request("GET", "/v1/sectors").status_code == 418
    assert "Fault rule removed." in post_form(browser, "smartepi/failures/rules/mine/remove")
    assert harness.admin("GET", "/sandboxes/smartepi/faults").json == []


def test_a_refused_rule_keeps_the_entered_values_and_shows_the_reason(browser: FlaskClient) -> None:
    answer = browser.post(f"{CONSOLE_PATH}/smartepi/failures/rules", data={**RULE, "fault.status": "1000"})
    assert answer.status_code == 422
    html = unescape(answer.text)
    assert "fault.status.status" in html
    for value in ("1000", "list_sectors", "mine"):
        assert f'value="{value}"' in html
    assert "is not a number" in expect_refusal(browser, "smartepi/failures/rules", 422, **{**RULE, "fault.status": "x"})


def test_the_form_for_a_call_is_filled_with_its_match(harness: Harness, browser: FlaskClient) -> None:
    harness.request("POST", "/v1/sectors", json={"name": "x"})
    harness.request("GET", "/v1/nothing")
    html = page(browser, "smartepi/failures?from=req_1")
    assert re.search(r'name="match.method"[^>]*>POST</textarea>', html)
    assert re.search(r'name="match.operation"[^>]*value="create_sector"', html)
    assert re.search(
        r'name="match.path"[^>]*value="/smartepi/v1/nothing"', page(browser, "smartepi/failures?from=req_2")
    )


def test_the_form_has_the_fields_of_the_chosen_kind(browser: FlaskClient) -> None:
    html = page(browser, "smartepi/failures/fields?kind=latency&match.path=*/x")
    assert 'name="fault.distribution.type"' in html
    assert 'value="*/x"' in html
    webhooks = page(browser, "smartepi/failures/fields?kind=delayed_webhook")
    assert 'name="match.event"' in webhooks
    assert 'name="match.method"' not in webhooks


def test_a_preview_shows_which_of_the_last_calls_would_have_been_hit(harness: Harness, browser: FlaskClient) -> None:
    for path in ("/v1/sectors", "/v1/groups", "/v1/sectors"):
        harness.request("GET", path)
    html = browser.post(f"{CONSOLE_PATH}/smartepi/failures/preview", data={**RULE, "trigger.times": ""}).text
    assert "<strong>2</strong> of the last 3 calls would have been hit" in html
    assert re.findall(r'<li class="(hit|miss)"', html) == ["hit", "miss", "hit"]
    assert harness.admin("GET", "/sandboxes/smartepi/faults").json == []
    wrong = browser.post(f"{CONSOLE_PATH}/smartepi/failures/preview", data={**RULE, "fault.status": "x"})
    assert (wrong.status_code, "is not a number" in unescape(wrong.text)) == (200, True)


# Clock


def test_the_clock_page_moves_the_clock_and_reports_due_timers(harness: Harness, browser: FlaskClient) -> None:
    harness.admin("POST", "/sandboxes/smartepi/simulations/record_withdrawal", {"in": "10m"})
    html = page(browser, "smartepi/clock")
    assert "2026-03-01" in html
    assert re.search(r"10m</td>.*record withdrawal", html, re.DOTALL)
    assert "Timers and deliveries that became due: 1." in post_form(
        browser, "smartepi/clock", action="advance", by="1h"
    )
    assert harness.admin("GET", "/sandboxes/smartepi/clock").json["now"] == "2026-03-01T13:00:00.000000Z"
    post_form(browser, "smartepi/clock", action="resume")
    assert harness.admin("GET", "/sandboxes/smartepi/clock").json["state"] == "running"
    post_form(browser, "smartepi/clock", action="freeze", at="2026-05-01T00:00:00Z")
    assert "00:00:00" in page(browser, "smartepi/clock")
    assert "duration" in expect_refusal(browser, "smartepi/clock", 422, action="advance", by="soon")


# Data


def test_every_collection_shows_its_records(harness: Harness, browser: FlaskClient) -> None:
    for collection in harness.admin("GET", "/sandboxes/kota/collections").json:
        html = page(browser, f"kota/data/{collection['name']}")
        assert html.count('<details class="record">') == min(collection["records"], 50), collection


def test_a_simulation_form_runs_it_now_or_schedules_it(harness: Harness, browser: FlaskClient) -> None:
    before = harness.admin("GET", "/sandboxes/smartepi/collections/withdrawals").json["total"]
    form = {"record_withdrawal.quantity": "3"}
    assert "Simulation run or scheduled." in post_form(browser, "smartepi/simulations/record_withdrawal", **form)
    records = harness.admin("GET", "/sandboxes/smartepi/collections/withdrawals").json
    assert records["total"] == before + 1
    post_form(browser, "smartepi/simulations/record_withdrawal", **{"in": "1d"})
    assert harness.admin("GET", "/sandboxes/smartepi/clock").json["due"][0]["at"] == "2026-03-02T12:00:00.000000Z"
    wrong = {"record_withdrawal.quantity": "0"}
    assert "quantity" in expect_refusal(browser, "smartepi/simulations/record_withdrawal", 422, **wrong)
    refusal = expect_refusal(browser, "smartepi/simulations/record_nothing", 404)
    assert "there is no simulation 'record_nothing'; did you mean 'record_exchange'?" in refusal


# Webhooks


def test_buttons_register_test_rotate_disable_and_delete_an_endpoint_and_test_a_fault(
    harness: Harness, browser: FlaskClient
) -> None:
    with run_receiver() as receiver:
        post_form(browser, "smartepi/webhooks", url=receiver.url(), events="webhook.test, withdrawal.created")
        (endpoint,) = harness.admin("GET", "/sandboxes/smartepi/webhooks").json
        path = f"smartepi/webhooks/{endpoint['id']}"
        assert endpoint["events"] == ["webhook.test", "withdrawal.created"]
        assert "delivered" in post_form(browser, f"{path}/test")
        post_form(browser, f"{path}/test-fault", kind="bad_signature")
        deliveries = harness.admin("GET", "/sandboxes/smartepi/deliveries").json
        assert [bool(each["faults"]) for each in deliveries] == [False, True]
        assert len(receiver.received) == 2
        post_form(browser, f"smartepi/deliveries/{deliveries[0]['id']}/retry")
        assert len(receiver.received) == 3
    post_form(browser, f"{path}/rotate", overlap="1h")
    assert harness.admin("GET", f"/sandboxes/{path}").json["previous_secret"]["secret"] == endpoint["secret"]
    assert "disabled" in post_form(browser, f"{path}/toggle")
    post_form(browser, f"{path}/delete")
    assert harness.admin("GET", "/sandboxes/smartepi/webhooks").json == []
    assert "did you mean" in expect_refusal(
        browser, "smartepi/webhooks", 422, url="http://127.0.0.1:9/", events="webhook.tes"
    )


def test_without_a_test_event_a_fault_happens_to_the_next_delivery(harness: Harness, browser: FlaskClient) -> None:
    post_form(browser, "kota/webhooks", url="http://127.0.0.1:9/hooks")
    (endpoint,) = harness.admin("GET", "/sandboxes/kota/webhooks").json
    html = post_form(browser, f"kota/webhooks/{endpoint['id']}/test-fault", kind="dropped_webhook")
    assert "The fault will happen to the next delivery to this endpoint." in html
    assert "Send test event" not in html
    (rule,) = harness.admin("GET", "/sandboxes/kota/faults").json
    assert (rule["fault"]["kind"], rule["match"]["endpoint"], rule["trigger"]["times"]) == (
        "dropped_webhook",
        endpoint["id"],
        1,
    )


# Charts


def test_the_charts_show_responses_by_status(harness: Harness, browser: FlaskClient) -> None:
    assert "no calls in this period" in page(browser, "smartepi/charts")
    for path in ("/v1/sectors", "/v1/nothing"):
        harness.request("GET", path)
    html = page(browser, "smartepi/charts/figures?seconds=60")
    assert len(re.findall(r'<rect class="c2xx"', html)) == 1
    assert len(re.findall(r'<rect class="c4xx"', html)) == 1
    assert re.search(r"2xx <strong>1</strong>", html)
    assert re.search(r'<path class="p99" d="M', html)
    assert "has no rate limit" in page(browser, "kota/charts?seconds=nonsense")


# Access to the admin API


def test_the_console_calls_only_routes_of_the_admin_api(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {(route.method, route.path) for route in ROUTES}
    called: set[tuple[str, str]] = set()
    original: Callable[..., Any] = Client.__call__

    def record_and_call(self: Client, method: str, path: str, *rest: Any, **args: Any) -> Any:
        called.add((method, path))
        return original(self, method, path, *rest, **args)

    monkeypatch.setattr(Client, "__call__", record_and_call)
    browser = sign_in_client(harness)
    harness.request("GET", "/v1/sectors")
    for place in ("requests", "requests/req_1", *TAB_NAMES):
        page(browser, f"smartepi/{place}")
    assert called
    assert called <= known


def test_documentation_pages_load_their_document_and_an_unknown_one_is_refused(browser: FlaskClient) -> None:
    assert 'data-document="/__admin/openapi.json"' in browser.get("/__admin/docs").text
    assert 'data-document="/__admin/providers/kota/openapi.json"' in browser.get("/__admin/docs/kota").text
    assert browser.get("/__admin/docs/kotta").status_code == 404

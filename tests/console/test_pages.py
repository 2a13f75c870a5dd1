"""What each page of the console shows, and what each of its buttons does."""

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
from mockserver.console.routes import PAGES
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
    """Press a button and see the page it leads to, which says what was done."""
    answer = browser.post(path if path.startswith("/__admin") else f"{CONSOLE_PATH}/{path}", data=form)
    assert answer.status_code == 303, answer.text
    shown = page(browser, answer.location)
    assert 'class="notice good" role="status"' in shown or path.endswith("/replay")
    return shown


def expect_refusal(browser: FlaskClient, path: str, status: int, **form: str) -> str:
    answer: TestResponse = browser.post(f"{CONSOLE_PATH}/{path}", data=form)
    assert answer.status_code == status, answer.text
    found = re.search(r'role="alert">(.*?)</p>', answer.text, re.DOTALL)
    assert found
    return unescape(found[1])


class HtmlOutline(HTMLParser):
    """The elements of a page, to ask whether everything has a name and every element its end."""

    VOID = {"meta", "link", "input", "img"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "label" and given.get("for"):
            self.labelled.add(str(given["for"]))
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden" and "label" not in self.open:
            self.controls.append(given)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else at {self.getpos()}"


TAB_NAMES = ("requests", "failures", "clock", "data", "webhooks", "charts")


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("place", TAB_NAMES)
def test_every_page_of_every_provider_is_whole_and_every_field_has_a_label(
    harness: Harness, browser: FlaskClient, provider: str, place: str
) -> None:
    outline = HtmlOutline(browser.get(f"{CONSOLE_PATH}/{provider}/{place}").text)
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert [each for each in outline.controls if each.get("id") not in outline.labelled] == []


def test_every_action_has_a_page_to_say_its_refusal_on() -> None:
    assert all(callable(load_handler(name)) for *_, act, back in PAGES for name in (act, back) if name)
    alone = [path for method, path, _, back in PAGES if method == "POST" and not back]
    assert alone == ["/__admin/console/sandboxes/<sandbox>/failures/preview"]


# Sandboxes


def test_the_curl_line_of_every_provider_works_as_it_is_copied(harness: Harness) -> None:
    browser = harness.app.test_client()
    with serve_on_socket(harness) as served:
        browser.post("/__admin/console/sign-in", data={"token": served.token}, base_url=served.url)
        shown = unescape(browser.get("/__admin/", base_url=served.url).text)
        lines = re.findall(r'data-copy="(curl [^"]+)"', shown)
        assert len(lines) == len(PROVIDERS)
        for line in lines:
            command = line.replace("curl -s", "curl -s -w '\n%{http_code}'")
            done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
            assert done.stdout.endswith("\n200"), (line, done.stdout)


def test_the_first_page_shows_where_each_sandbox_is_and_what_opens_it(harness: Harness, browser: FlaskClient) -> None:
    shown = page(browser, "/__admin/")
    for sandbox in harness.admin("GET", "/sandboxes").json:
        assert f'data-copy="{sandbox["base_url"]}"' in shown
        assert f'data-copy="{sandbox["keys"][0]["secret"]}"' in shown
        assert sandbox["example"] in shown


def test_a_sandbox_is_made_forked_reset_and_deleted_with_buttons(harness: Harness, browser: FlaskClient) -> None:
    here = "/__admin/console/sandboxes"
    assert "The sandbox is there." in post_form(browser, here, provider="kota", name="mine", seed="7", size="small")
    assert harness.admin("GET", "/sandboxes/mine").json["seed"] == "7"
    harness.admin("PUT", "/sandboxes/mine/scenarios/outage", {})
    assert "outage" in post_form(browser, "mine/fork", name="copy")
    assert harness.admin("GET", "/sandboxes/copy").json["scenarios"] == ["outage"]
    assert "back at its seed" in post_form(browser, "mine/reset")
    assert harness.admin("GET", "/sandboxes/mine").json["scenarios"] == []
    assert "The sandbox is gone." in post_form(browser, "mine/delete")
    assert "mine" not in harness.engine.sandboxes


def test_what_is_refused_is_said_on_the_page_it_was_wanted_on(harness: Harness, browser: FlaskClient) -> None:
    assert "reset it instead" in expect_refusal(browser, "kota/delete", 422)
    answer = browser.post("/__admin/console/sandboxes", data={"provider": "kota", "name": "Not An Id"})
    assert answer.status_code == 422
    assert "is not a sandbox id" in unescape(answer.text)
    assert "<h1>Sandboxes</h1>" in answer.text


# Requests


def test_the_newest_call_stands_first_and_opens_into_its_trace(harness: Harness, browser: FlaskClient) -> None:
    harness.request("GET", "/v1/sectors?limit=1")
    harness.request("GET", "/v1/employees/emp_unknown")
    shown = page(browser, "smartepi/requests")
    assert re.findall(r'data-call="(\w+)"', shown) == ["req_2", "req_1"]
    opened = page(browser, "smartepi/requests/req_2")
    stages = re.findall(r'<li class="(\w+)[^"]*"><span class="node".*?class="stage">(\w+)<', opened)
    known = harness.admin("GET", "/providers/smartepi").json["stages"]
    assert [name for _, name in stages] == known
    assert [name for state, name in stages if state == "answered"] == ["perform"]
    assert "answered 404" in opened
    assert "emp_unknown" in opened


def test_the_stage_that_answered_is_lit_and_those_behind_it_were_not_reached(
    harness: Harness, browser: FlaskClient
) -> None:
    harness.request("GET", "/v1/sectors", key="sk_unknown")
    opened = page(browser, "smartepi/requests/req_1")
    found = re.findall(r'<li class="(\w+)[^"]*"><span class="node".*?class="stage">(\w+)<', opened)
    states = {name: state for state, name in found}
    assert states["authenticate"] == "answered"
    assert states["faults"] == "passed"
    assert states["perform"] == states["ratelimit"] == "unreached"


def test_a_call_tells_which_rule_fired_and_why_the_nearest_did_not(harness: Harness, browser: FlaskClient) -> None:
    faults = "/sandboxes/smartepi/faults"
    harness.admin("POST", faults, {"id": "hit", "fault": {"kind": "status", "status": 503}})
    harness.admin("POST", faults, {"id": "missed", "match": {"method": "PUT"}, "fault": {"kind": "reset"}})
    harness.request("GET", "/v1/sectors")
    opened = re.sub(r"<[^>]+>|\s+", " ", page(browser, "smartepi/requests/req_1"))
    assert re.search(r"hit +status +fired", opened)
    assert re.search(r"missed +reset +did not match: method is GET, not PUT", opened)


def test_rows_are_those_behind_the_one_named_or_all_when_it_is_forgotten(
    harness: Harness, browser: FlaskClient
) -> None:
    for _ in range(3):
        harness.request("GET", "/v1/sectors")

    def rows(query: str = "") -> list[str]:
        return re.findall(r'data-call="(\w+)"', page(browser, f"smartepi/requests/rows{query}"))

    assert rows("?after=req_1") == ["req_3", "req_2"]
    assert rows("?after=req_3") == []
    assert rows("?after=req_99") == rows() == ["req_3", "req_2", "req_1"]


def test_a_call_is_replayed_and_the_journal_cleared_with_buttons(harness: Harness, browser: FlaskClient) -> None:
    harness.request("GET", "/v1/sectors")
    assert "req_2" in post_form(browser, "smartepi/requests/req_1/replay")
    assert "Every call is forgotten." in post_form(browser, "smartepi/requests/clear")
    assert harness.admin("GET", "/sandboxes/smartepi/requests").json["requests"] == []


def test_ten_thousand_calls_are_no_more_than_a_hundred_rows(harness: Harness, browser: FlaskClient) -> None:
    for _ in range(150):
        harness.request("GET", "/v1/sectors?limit=1")
    assert page(browser, "smartepi/requests").count("data-call=") == 100


# Failures


def test_a_scenario_is_switched_on_with_its_parameters_and_off(harness: Harness, browser: FlaskClient) -> None:
    here = "smartepi/failures/scenarios/burst-then-recover"
    assert "The scenario is on." in post_form(browser, f"{here}/on", calls="2")
    assert [harness.request("GET", "/v1/sectors").status_code for _ in range(3)] == [429, 429, 200]
    assert "The scenario is off." in post_form(browser, f"{here}/off")
    post_form(browser, "smartepi/failures/scenarios/new-key-propagation/on", delay="90s")
    shown = harness.admin("GET", "/sandboxes/smartepi/scenarios/new-key-propagation").json
    assert shown["chosen"]["delay"] == "90s"


@pytest.mark.parametrize(("calls", "named"), [("many", "'many' is not a number"), ("-1", "is not a count")])
def test_a_parameter_that_makes_no_sense_is_refused_on_the_page(browser: FlaskClient, calls: str, named: str) -> None:
    assert named in expect_refusal(browser, "smartepi/failures/scenarios/burst-then-recover/on", 422, calls=calls)


RULE = {
    "kind": "status",
    "id": "mine",
    "fault.status": "418",
    "match.method": "GET",
    "match.operation": "list_sectors",
    "trigger.times": "1",
}


def test_a_rule_is_set_from_its_form_disabled_enabled_and_removed(harness: Harness, browser: FlaskClient) -> None:
    assert "The fault rule is set." in post_form(browser, "smartepi/failures/rules", **RULE)
    assert [harness.request("GET", "/v1/sectors").status_code for _ in range(2)] == [418, 200]
    shown = harness.admin("GET", "/sandboxes/smartepi/faults/mine").json
    assert (shown["match"]["method"], shown["trigger"]["times"], shown["fired"]) == (["GET"], 1, 1)
    post_form(browser, "smartepi/failures/rules/mine/turn")
    assert harness.admin("GET", "/sandboxes/smartepi/faults/mine").json["enabled"] is False
    assert harness.request("GET", "/v1/sectors").status_code == 200
    post_form(browser, "smartepi/failures/rules/mine/turn")
    assert harness.request("GET", "/v1/sectors").status_code == 418
    assert "It is removed." in post_form(browser, "smartepi/failures/rules/mine/remove")
    assert harness.admin("GET", "/sandboxes/smartepi/faults").json == []


def test_a_refused_rule_keeps_what_was_written_and_says_why(browser: FlaskClient) -> None:
    answer = browser.post(f"{CONSOLE_PATH}/smartepi/failures/rules", data={**RULE, "fault.status": "1000"})
    assert answer.status_code == 422
    shown = unescape(answer.text)
    assert "fault.status.status" in shown
    for value in ("1000", "list_sectors", "mine"):
        assert f'value="{value}"' in shown
    assert "is not a number" in expect_refusal(browser, "smartepi/failures/rules", 422, **{**RULE, "fault.status": "x"})


def test_a_form_begins_with_what_a_call_suggests(harness: Harness, browser: FlaskClient) -> None:
    harness.request("POST", "/v1/sectors", json={"name": "x"})
    harness.request("GET", "/v1/nothing")
    shown = page(browser, "smartepi/failures?from=req_1")
    assert re.search(r'name="match.method"[^>]*>POST</textarea>', shown)
    assert re.search(r'name="match.operation"[^>]*value="create_sector"', shown)
    assert re.search(
        r'name="match.path"[^>]*value="/smartepi/v1/nothing"', page(browser, "smartepi/failures?from=req_2")
    )


def test_the_fields_are_those_of_the_kind_that_is_chosen(browser: FlaskClient) -> None:
    shown = page(browser, "smartepi/failures/fields?kind=latency&match.path=*/x")
    assert 'name="fault.distribution.type"' in shown
    assert 'value="*/x"' in shown
    webhooks = page(browser, "smartepi/failures/fields?kind=delayed_webhook")
    assert 'name="match.event"' in webhooks
    assert 'name="match.method"' not in webhooks


def test_a_preview_shows_which_of_the_last_calls_would_have_been_hit(harness: Harness, browser: FlaskClient) -> None:
    for path in ("/v1/sectors", "/v1/groups", "/v1/sectors"):
        harness.request("GET", path)
    shown = browser.post(f"{CONSOLE_PATH}/smartepi/failures/preview", data={**RULE, "trigger.times": ""}).text
    assert "<strong>2</strong> of the last 3 calls would have been hit" in shown
    assert re.findall(r'<li class="(hit|miss)"', shown) == ["hit", "miss", "hit"]
    assert harness.admin("GET", "/sandboxes/smartepi/faults").json == []
    wrong = browser.post(f"{CONSOLE_PATH}/smartepi/failures/preview", data={**RULE, "fault.status": "x"})
    assert (wrong.status_code, "is not a number" in unescape(wrong.text)) == (200, True)


# Clock


def test_the_clock_is_moved_frozen_and_resumed_and_says_what_fell_due(harness: Harness, browser: FlaskClient) -> None:
    harness.admin("POST", "/sandboxes/smartepi/simulations/record_withdrawal", {"in": "10m"})
    shown = page(browser, "smartepi/clock")
    assert "2026-03-01" in shown
    assert re.search(r"10m</td>.*record withdrawal", shown, re.DOTALL)
    assert "1 timers and deliveries fell due" in post_form(browser, "smartepi/clock", action="advance", by="1h")
    assert harness.admin("GET", "/sandboxes/smartepi/clock").json["now"] == "2026-03-01T13:00:00.000000Z"
    post_form(browser, "smartepi/clock", action="resume")
    assert harness.admin("GET", "/sandboxes/smartepi/clock").json["state"] == "running"
    post_form(browser, "smartepi/clock", action="freeze", at="2026-05-01T00:00:00Z")
    assert "00:00:00" in page(browser, "smartepi/clock")
    assert "duration" in expect_refusal(browser, "smartepi/clock", 422, action="advance", by="soon")


# Data


def test_every_collection_shows_its_records(harness: Harness, browser: FlaskClient) -> None:
    for collection in harness.admin("GET", "/sandboxes/kota/collections").json:
        shown = page(browser, f"kota/data/{collection['name']}")
        assert shown.count('<details class="record">') == min(collection["records"], 50), collection


def test_a_simulation_happens_from_its_form_now_or_later(harness: Harness, browser: FlaskClient) -> None:
    before = harness.admin("GET", "/sandboxes/smartepi/collections/withdrawals").json["total"]
    form = {"record_withdrawal.quantity": "3"}
    assert "It has happened." in post_form(browser, "smartepi/simulations/record_withdrawal", **form)
    records = harness.admin("GET", "/sandboxes/smartepi/collections/withdrawals").json
    assert records["total"] == before + 1
    post_form(browser, "smartepi/simulations/record_withdrawal", **{"in": "1d"})
    assert harness.admin("GET", "/sandboxes/smartepi/clock").json["due"][0]["at"] == "2026-03-02T12:00:00.000000Z"
    wrong = {"record_withdrawal.quantity": "0"}
    assert "quantity" in expect_refusal(browser, "smartepi/simulations/record_withdrawal", 422, **wrong)
    assert "there is no simulation" in expect_refusal(browser, "smartepi/simulations/record_nothing", 404)


# Webhooks


def test_an_endpoint_is_registered_tested_forged_rotated_switched_and_deleted(
    harness: Harness, browser: FlaskClient
) -> None:
    with run_receiver() as receiver:
        post_form(browser, "smartepi/webhooks", url=receiver.url(), events="webhook.test, withdrawal.created")
        (endpoint,) = harness.admin("GET", "/sandboxes/smartepi/webhooks").json
        here = f"smartepi/webhooks/{endpoint['id']}"
        assert endpoint["events"] == ["webhook.test", "withdrawal.created"]
        assert "delivered" in post_form(browser, f"{here}/test")
        post_form(browser, f"{here}/forge", kind="bad_signature")
        deliveries = harness.admin("GET", "/sandboxes/smartepi/deliveries").json
        assert [bool(each["faults"]) for each in deliveries] == [False, True]
        assert len(receiver.received) == 2
        post_form(browser, f"smartepi/deliveries/{deliveries[0]['id']}/retry")
        assert len(receiver.received) == 3
    post_form(browser, f"{here}/rotate", overlap="1h")
    assert harness.admin("GET", f"/sandboxes/{here}").json["previous_secret"]["secret"] == endpoint["secret"]
    assert "switched off" in post_form(browser, f"{here}/turn")
    post_form(browser, f"{here}/delete")
    assert harness.admin("GET", "/sandboxes/smartepi/webhooks").json == []
    assert "did you mean" in expect_refusal(
        browser, "smartepi/webhooks", 422, url="http://127.0.0.1:9/", events="webhook.tes"
    )


def test_where_the_vendor_has_no_test_event_the_next_delivery_is_spoiled(
    harness: Harness, browser: FlaskClient
) -> None:
    post_form(browser, "kota/webhooks", url="http://127.0.0.1:9/hooks")
    (endpoint,) = harness.admin("GET", "/sandboxes/kota/webhooks").json
    shown = post_form(browser, f"kota/webhooks/{endpoint['id']}/forge", kind="dropped_webhook")
    assert "The next delivery to this endpoint will be spoiled so." in shown
    assert "Send a test event" not in shown
    (rule,) = harness.admin("GET", "/sandboxes/kota/faults").json
    assert (rule["fault"]["kind"], rule["match"]["endpoint"], rule["trigger"]["times"]) == (
        "dropped_webhook",
        endpoint["id"],
        1,
    )


# Charts


def test_the_charts_draw_what_was_answered(harness: Harness, browser: FlaskClient) -> None:
    assert "no calls in this time" in page(browser, "smartepi/charts")
    for path in ("/v1/sectors", "/v1/nothing"):
        harness.request("GET", path)
    shown = page(browser, "smartepi/charts/figures?seconds=60")
    assert len(re.findall(r'<rect class="c2xx"', shown)) == 1
    assert len(re.findall(r'<rect class="c4xx"', shown)) == 1
    assert re.search(r"2xx <strong>1</strong>", shown)
    assert re.search(r'<path class="p99" d="M', shown)
    assert "no rate is set" in page(browser, "kota/charts?seconds=nonsense")


# What the console may know


def test_the_console_asks_nothing_but_routes_of_the_admin_api(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {(route.method, route.path) for route in ROUTES}
    asked: set[tuple[str, str]] = set()
    inner: Callable[..., Any] = Client.__call__

    def noted(self: Client, method: str, path: str, *rest: Any, **args: Any) -> Any:
        asked.add((method, path))
        return inner(self, method, path, *rest, **args)

    monkeypatch.setattr(Client, "__call__", noted)
    browser = sign_in_client(harness)
    harness.request("GET", "/v1/sectors")
    for place in ("requests", "requests/req_1", *TAB_NAMES):
        page(browser, f"smartepi/{place}")
    assert asked
    assert asked <= known


def test_apis_are_shown_by_their_documents_and_an_unknown_one_is_refused(browser: FlaskClient) -> None:
    assert 'data-document="/__admin/openapi.json"' in browser.get("/__admin/docs").text
    assert 'data-document="/__admin/providers/kota/openapi.json"' in browser.get("/__admin/docs/kota").text
    assert browser.get("/__admin/docs/kotta").status_code == 404

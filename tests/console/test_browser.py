"""The console in a real Chromium, against a real ``testmode serve``."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.support.browser import ConsoleUser, launch_browser, open_console
from tests.support.harness import TOKEN
from tests.support.paths import TESTS
from tests.support.server_process import start_server
from tests.support.socket_server import LiveServer, create_tenant
from tests.support.webhook_receivers import run_receiver

AXE_SOURCE = (TESTS / "vendor" / "axe-core" / "axe.min.js").read_text("utf-8")
PAGES = ("requests", "failures", "clock", "data", "webhooks", "charts")
PHONE_VIEWPORT = {"width": 360, "height": 740}
DESKTOP_VIEWPORT = {"width": 1280, "height": 800}
ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
APPEARANCE_RULES = ["color-contrast", "target-size"]
"""The rules whose result depends on the size or the colour scheme."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not wider than this module: while it is open, Playwright's event loop runs, and no other can start.
    with launch_browser() as started:
        yield started


@pytest.fixture(scope="module")
def live_server() -> Iterator[LiveServer]:
    """A server with data for every page of the sandbox ``smartepi``."""
    with start_server("serve", "--memory", "--port", "0", "--admin-token", TOKEN) as (_, url):
        server = LiveServer(url, TOKEN)
        sandbox_path = "/sandboxes/smartepi"
        key = server.admin("GET", f"{sandbox_path}/keys")[0]["secret"]
        rule = {"id": "mine", "match": {"path": "*/groups"}, "fault": {"kind": "status", "status": 503}}
        server.admin("POST", f"{sandbox_path}/faults", rule)
        for path in ("sectors?limit=2", "groups", "employees/emp_unknown"):
            server.request("GET", f"/smartepi/v1/{path}", key=key)
        with run_receiver() as receiver:
            receiver.response_statuses += [200, 500]
            endpoint = server.admin("POST", f"{sandbox_path}/webhooks", {"url": receiver.url()})
            for _ in range(2):
                server.admin("POST", f"{sandbox_path}/webhooks/{endpoint['id']}/test")
        server.admin("POST", f"{sandbox_path}/simulations/record_withdrawal", {"in": "3d"})
        yield server


@pytest.fixture
def console_user(browser: Browser, live_server: LiveServer) -> Iterator[ConsoleUser]:
    """A signed-in user; asserts at the end that there were no browser errors and no requests to other hosts."""
    with open_console(browser, live_server.url, viewport=DESKTOP_VIEWPORT) as user:
        user.sign_in(TOKEN)
        yield user
        assert user.browser_errors == []
        assert user.requested_hosts == {f"{live_server.host}:{live_server.port}"}


def page_paths(server: LiveServer) -> list[str]:
    newest = server.admin("GET", "/sandboxes/smartepi/requests")["requests"][0]["id"]
    tabs = [f"/__admin/console/sandboxes/smartepi/{place}" for place in (*PAGES, f"requests/{newest}")]
    return ["/__admin/", *tabs]


VIEWS: list[tuple[str, Any, Any, list[str]]] = [
    ("desktop, light", DESKTOP_VIEWPORT, "light", ALL_RULES),
    ("desktop, dark", DESKTOP_VIEWPORT, "dark", APPEARANCE_RULES),
    ("phone, light", PHONE_VIEWPORT, "light", APPEARANCE_RULES),
    ("phone, dark", PHONE_VIEWPORT, "dark", APPEARANCE_RULES),
]


def accessibility_violations(console_user: ConsoleUser, address: str) -> dict[str, list[str]]:
    """Returns the violations of a page by view: desktop and phone, light and dark."""
    console_user.page.goto(console_user.url + address)
    # Evaluated by the test, because the policy of the page would refuse a script element.
    console_user.page.evaluate(AXE_SOURCE)
    violations: dict[str, list[str]] = {}
    for view, size, scheme, rules in VIEWS:
        console_user.page.set_viewport_size(size)
        console_user.page.emulate_media(color_scheme=scheme)
        report = console_user.page.evaluate("rules => axe.run(document, {runOnly: rules})", rules)
        messages = [f"{each['id']}: {each['nodes'][0]['html']}" for each in report["violations"]]
        messages += ["too wide"] if console_user.overflow_pixels() else []
        violations |= {f"{address}, {view}": messages} if messages else {}
    return violations


def test_every_page_is_accessible_fits_and_breaks_no_policy(browser: Browser, live_server: LiveServer) -> None:
    with open_console(browser, live_server.url, viewport=DESKTOP_VIEWPORT) as console_user:
        assert accessibility_violations(console_user, "/__admin/") == {}
        console_user.sign_in(TOKEN)
        assert [
            violations
            for address in page_paths(live_server)
            if (violations := accessibility_violations(console_user, address))
        ] == []
        assert console_user.browser_errors == []
        assert console_user.requested_hosts == {f"{live_server.host}:{live_server.port}"}


def test_light_and_dark_have_different_backgrounds(browser: Browser, live_server: LiveServer) -> None:
    backgrounds = set()
    for scheme in ("light", "dark"):
        with open_console(browser, live_server.url, color_scheme=scheme) as console_user:
            console_user.page.goto(f"{live_server.url}/__admin/")
            backgrounds.add(console_user.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(backgrounds) == 2


def test_console_requires_a_token(browser: Browser, live_server: LiveServer) -> None:
    with open_console(browser, live_server.url) as console_user:
        console_user.open("smartepi", "clock")
        console_user.page.get_by_label("Admin token").fill("wrong")
        console_user.page.get_by_role("button", name="Sign in").click()
        expect(console_user.page.get_by_role("alert")).to_contain_text("That is not the admin token")
        console_user.page.get_by_label("Admin token").fill(TOKEN)
        console_user.page.get_by_role("button", name="Sign in").click()
        expect(console_user.page.get_by_role("heading", name="Clock")).to_be_visible()
        console_user.page.get_by_role("button", name="Sign out").click()
        console_user.page.wait_for_url("**/sign-in")
        console_user.open("smartepi", "clock")
        expect(console_user.page.get_by_label("Admin token")).to_be_visible()


def test_the_copied_curl_command_works(console_user: ConsoleUser) -> None:
    console_user.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for sandbox in ("smartepi", "kotauth", "kasko", "kota"):
        console_user.page.get_by_role("button", name=f"Copy the curl command of {sandbox}", exact=True).click()
        expect(
            console_user.page.get_by_role("button", name=f"Copy the curl command of {sandbox}", exact=True)
        ).to_have_text("Copied")
        line = console_user.page.evaluate("navigator.clipboard.readText()")
        done = subprocess.run(
            ["bash", "-c", f"{line} -f -o /dev/null -w '%{{http_code}}'"], capture_output=True, text=True
        )
        assert done.stdout == "200", line


def test_the_live_stream_shows_a_call_that_a_scenario_refuses(
    console_user: ConsoleUser, live_server: LiveServer
) -> None:
    tenant = create_tenant(live_server)
    console_user.open(tenant.id, "failures")
    console_user.page.get_by_role("switch", name="outage", exact=True).click()
    expect(console_user.page.get_by_role("switch", name="outage", exact=True)).to_be_checked()
    console_user.page.get_by_role("link", name="Requests").click()
    expect(console_user.page.get_by_text("Live", exact=True)).to_be_visible()
    assert tenant.request("GET", "/v1/sectors").status == 503
    row = console_user.page.locator(".call-row", has_text="/smartepi/v1/sectors")
    expect(row).to_contain_text("503")
    expect(row).to_contain_text("outage.1")
    row.click()
    expect(console_user.page.locator(".pipeline .answered")).to_contain_text("faults returned 503")
    expect(console_user.page).to_have_url(re.compile(r"/requests/req_\d+$"))
    expect(console_user.page.locator("#detail h2")).to_be_focused()
    console_user.page.go_back()
    expect(console_user.page.get_by_text("Choose a call")).to_be_visible()


def test_the_stream_can_be_paused_without_losing_a_call(console_user: ConsoleUser, live_server: LiveServer) -> None:
    tenant = create_tenant(live_server)
    console_user.open(tenant.id, "requests")
    expect(console_user.page.get_by_text("Live", exact=True)).to_be_visible()
    console_user.page.get_by_role("button", name="Pause").click()
    for _ in range(3):
        tenant.request("GET", "/v1/sectors")
    expect(console_user.page.get_by_text("Paused, 3 new")).to_be_visible()
    expect(console_user.page.locator(".call-row")).to_have_count(0)
    console_user.page.get_by_role("button", name="Pause").click()
    expect(console_user.page.locator(".call-row")).to_have_count(3)
    console_user.page.get_by_role("button", name="Pause").click()
    for _ in range(120):
        tenant.request("GET", "/v1/groups?limit=1")
    console_user.page.get_by_role("button", name="Pause").click()
    expect(console_user.page.locator(".call-row").first).to_have_attribute("data-call", "req_123")
    ids = console_user.page.locator(".call-row").evaluate_all("rows => rows.map(row => row.dataset.call)")
    assert ids == [f"req_{nth}" for nth in range(123, 23, -1)]


def test_a_call_is_replayed_and_becomes_a_fault_rule_that_hits_the_next_call(
    console_user: ConsoleUser, live_server: LiveServer
) -> None:
    tenant, page = create_tenant(live_server), console_user.page
    tenant.request("GET", "/v1/sectors")
    console_user.open(tenant.id, "requests")
    page.locator(".call-row").click()
    page.get_by_role("button", name="Replay").click()
    expect(page.locator(".call-row")).to_have_count(2)
    page.get_by_role("link", name="Create a fault from this call").click()
    page.get_by_label("Fault", exact=True).select_option("gateway")
    page.get_by_label("server").select_option("awselb/2.0")
    expect(page.get_by_label("operation")).to_have_value("list_sectors")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("2 of the last 2 calls would have been hit")
    page.get_by_role("button", name="Create rule").click()
    expect(page.get_by_role("status")).to_contain_text("Fault rule created.")
    response = tenant.request("GET", "/v1/sectors")
    assert (response.status, b"502 Bad Gateway" in response.body) == (502, True)


def test_a_choice_made_before_the_scripts_load_is_applied(console_user: ConsoleUser, live_server: LiveServer) -> None:
    page, held = console_user.page, list[Route]()
    page.route("**/htmx.min.js", lambda route: held.append(route))
    page.goto(
        f"{live_server.url}/__admin/console/sandboxes/{create_tenant(live_server).id}/failures", wait_until="commit"
    )
    page.get_by_label("Fault", exact=True).select_option("gateway")
    expect(page.get_by_label("server")).to_have_count(0)
    held[0].continue_()
    expect(page.get_by_label("server")).to_be_visible()


def test_a_form_shows_the_fields_of_the_chosen_kind_and_keeps_entered_values(
    console_user: ConsoleUser, live_server: LiveServer
) -> None:
    tenant, page = create_tenant(live_server), console_user.page
    console_user.open(tenant.id, "failures")
    page.get_by_role("spinbutton", name="times").fill("3")
    page.get_by_label("Fault", exact=True).select_option("latency")
    expect(page.get_by_label("distribution")).to_be_visible()
    # htmx activates inserted elements about 20 ms later, and a person is slower than that.
    expect(page.locator(".htmx-added, .htmx-settling")).to_have_count(0)
    page.get_by_label("distribution").select_option("lognormal")
    page.get_by_role("spinbutton", name="median ms").fill("1")
    page.get_by_role("spinbutton", name="sigma").fill("0")
    page.get_by_role("button", name="Create rule").click()
    expect(page.get_by_role("status")).to_contain_text("Fault rule created.")
    (rule,) = live_server.admin("GET", f"/sandboxes/{tenant.id}/faults")
    assert (rule["fault"]["distribution"]["type"], rule["trigger"]["times"]) == ("lognormal", 3)


def test_every_control_can_be_reached_with_the_keyboard(console_user: ConsoleUser, live_server: LiveServer) -> None:
    tenant, page = create_tenant(live_server), console_user.page
    tenant.request("GET", "/v1/sectors")
    console_user.open(tenant.id, "requests")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('call-row')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("#detail h2")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Replay")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".call-row")).to_have_count(2)
    console_user.open(tenant.id, "failures")
    page.get_by_role("switch", name="outage", exact=True).focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("switch", name="outage", exact=True)).to_be_checked()


def test_no_page_traps_keyboard_focus(console_user: ConsoleUser, live_server: LiveServer) -> None:
    script = "e => (e = document.activeElement) === document.body ? '' : e.outerHTML.slice(0, 200)"
    for address in page_paths(live_server):
        console_user.page.goto(live_server.url + address)
        seen: list[str] = []
        for _ in range(400):
            console_user.page.keyboard.press("Tab")
            focused = console_user.page.evaluate(script)
            if not focused or (seen and focused == seen[0] and len(seen) > 3):
                break
            seen.append(focused)
        assert len(seen) < 400, address
        assert len(seen) > 3, address


def test_an_irreversible_action_requires_confirmation(console_user: ConsoleUser, live_server: LiveServer) -> None:
    tenant = create_tenant(live_server)
    tenant.request("GET", "/v1/sectors")
    console_user.open(tenant.id, "requests")
    messages: list[str] = []

    def decline(dialog: Any) -> None:
        messages.append(dialog.message)
        dialog.dismiss()

    console_user.page.once("dialog", decline)
    console_user.page.get_by_role("button", name="Clear").click()
    assert messages == [f"Delete all calls of {tenant.id}?"]
    assert len(tenant.requests()) == 1
    console_user.page.once("dialog", lambda dialog: dialog.accept())
    console_user.page.get_by_role("button", name="Clear").click()
    expect(console_user.page.get_by_role("status").first).to_contain_text("All calls deleted.")
    assert tenant.requests() == []


def test_charts_refresh_automatically(console_user: ConsoleUser, live_server: LiveServer) -> None:
    tenant = create_tenant(live_server)
    console_user.open(tenant.id, "charts?seconds=60")
    expect(console_user.page.get_by_text("no calls in this period", exact=True)).to_be_visible()
    tenant.request("GET", "/v1/sectors")
    expect(console_user.page.locator("rect.c2xx")).to_have_count(1)


def test_the_clock_is_advanced_by_a_day(console_user: ConsoleUser, live_server: LiveServer) -> None:
    tenant = create_tenant(live_server)
    live_server.admin("PUT", f"/sandboxes/{tenant.id}/clock", {"action": "freeze", "at": "2026-03-01T12:00:00Z"})
    console_user.open(tenant.id, "clock")
    console_user.page.get_by_role("button", name="Advance a day").click()
    expect(console_user.page.locator(".time")).to_contain_text("2026-03-02")


XSS_PAYLOAD = "<script>document.title='owned'</script></pre><img src=x onerror=\"document.title='owned'\">"


def test_html_in_a_body_is_not_interpreted(console_user: ConsoleUser, live_server: LiveServer) -> None:
    tenant = create_tenant(live_server)
    tenant.request("POST", "/v1/sectors", json={"name": XSS_PAYLOAD})
    console_user.open(tenant.id, "requests")
    console_user.page.locator(".call-row").click()
    expect(console_user.page.locator("pre").first).to_contain_text("<script>document.title=")
    console_user.open(tenant.id, "data/sectors")
    console_user.page.locator(".record summary").first.click()
    assert console_user.page.title().endswith("Testmode")


@pytest.mark.parametrize(
    ("place", "title", "operation"),
    [
        ("/docs", "Testmode admin API", "/__admin/sandboxes/{sandbox}/clock"),
        ("/docs/smartepi", "SmartEPI", "/v1/sectors"),
    ],
)
def test_swagger_ui_shows_an_api_without_requests_to_other_hosts(
    console_user: ConsoleUser, place: str, title: str, operation: str
) -> None:
    console_user.page.goto(f"{console_user.url}/__admin/")
    console_user.page.locator(f'a[href="/__admin{place}"]').click()
    expect(console_user.page.get_by_role("heading", name=title)).to_be_visible()
    operation_row = console_user.page.locator(f'[data-path$="{operation}"]').first
    operation_row.click()
    expect(console_user.page.get_by_role("button", name="Try it out").first).to_be_visible()

"""``testmode webhooks`` against a real server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from json import loads
from pathlib import Path
from threading import Event, Timer
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.cli.test_cli import TOKEN, run
from tests.support.server_process import start_server
from tests.support.socket_server import LiveServer, create_tenant
from tests.support.suite.fork_server import run_command
from tests.support.webhook_receivers import Receiver, run_receiver

TIMEOUT_SECONDS = 60.0


@pytest.fixture(scope="module")
def live_server() -> Iterator[LiveServer]:
    arguments = ("serve", "smartepi", "kota", "--port", "0", "--memory", "--admin-token", TOKEN)
    with start_server(*arguments) as (_, url):
        yield LiveServer(url, TOKEN)


@dataclass(frozen=True)
class WebhookCommands:
    """A sandbox of one test, and the commands for its webhooks."""

    server: LiveServer
    id: str
    words: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TESTMODE_")}
        return run_command("webhooks", words[0], self.id, *words[1:], environment=inherited | self.environment)

    def output_of(self, *words: str) -> str:
        done = self(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        return {"TESTMODE_URL": self.server.url, "TESTMODE_ADMIN_TOKEN": TOKEN}

    def admin(self, method: str, path: str, json: Any = None) -> Any:
        return self.server.admin(method, f"/sandboxes/{self.id}{path}", json)

    def emit_event(self) -> None:
        self.admin("POST", "/simulations/record_withdrawal", {})


@pytest.fixture
def webhook_commands(live_server: LiveServer) -> WebhookCommands:
    commands = WebhookCommands(live_server, create_tenant(live_server).id)
    commands.admin("PUT", "/clock", {"action": "freeze", "at": "2026-03-01T12:00:00Z"})
    return commands


@contextmanager
def run_listen(commands: WebhookCommands, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Runs `testmode webhooks listen`, and yields the process and the id of the registered endpoint."""
    command = [sys.executable, "-m", "mockserver", "webhooks", "listen", commands.id, *words]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | commands.environment,
        # Processes that a shell starts in the background, and their children, ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        watchdog = Timer(TIMEOUT_SECONDS, process.kill)
        watchdog.start()
        try:
            first = process.stdout.readline()
            match = re.match(r"listening as (we_\w+) on http://127\.0\.0\.1:\d+/, secret whsec_\S+; Ctrl-C", first)
            assert match, first
            yield process, match[1]
            process.communicate()
        finally:
            watchdog.cancel()
            process.kill()


def read_delivery(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Returns the printed verdict on the next delivery, and its body."""
    assert process.stdout is not None
    assert process.stdout.readline() == "\n"
    verdict, body = process.stdout.readline(), process.stdout.readline()
    while body.startswith("{") and not body.endswith("\n}\n"):
        body += process.stdout.readline()
    return verdict.strip(), body


def test_an_endpoint_is_added_listed_rotated_and_deleted(webhook_commands: WebhookCommands) -> None:
    with run_receiver() as receiver:
        id, secret = webhook_commands.output_of("add", receiver.url(), "--event", "withdrawal.created").split()
        assert webhook_commands.output_of("list") == f"{id}  {receiver.url()}  withdrawal.created  {secret}\n"
        rotated = webhook_commands.output_of("rotate", id, "--overlap", "1h").strip()
        assert rotated.startswith("whsec_")
        assert rotated != secret
        assert rotated in webhook_commands.output_of("list")
        assert webhook_commands.output_of("delete", id) == ""
        assert webhook_commands.output_of("list") == ""


def test_an_endpoint_can_have_a_chosen_secret(webhook_commands: WebhookCommands) -> None:
    assert webhook_commands.output_of("add", "http://127.0.0.1:9/", "--secret", "mine").split()[1] == "mine"
    assert "  *  mine" in webhook_commands.output_of("list")


def test_deliveries_are_listed_and_retried(webhook_commands: WebhookCommands) -> None:
    with run_receiver() as receiver:
        receiver.response_statuses = [500]
        webhook_commands.output_of("add", receiver.url())
        webhook_commands.emit_event()
        receiver.wait_for(1)
        webhook_commands.admin("PUT", "/clock", {"action": "advance", "by": "1s"})
        id = webhook_commands.admin("GET", "/deliveries")[0]["id"]
        assert webhook_commands.output_of("deliveries") == f"{id}  pending   withdrawal.created  500\n"
        assert webhook_commands.output_of("retry", id) == "delivered\n"
        assert webhook_commands.output_of("deliveries") == f"{id}  delivered withdrawal.created  500 200\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "http://8.8.8.8/"), "only loopback and private addresses are called"),
        (("add", "http://127.0.0.1:9/", "--event", "withdrawal.craeted"), "did you mean 'withdrawal.created'?"),
        (("add", "http://127.0.0.1:9/", "--version", "v9"), "version: there is no 'v9'"),
        (("delete", "we_none"), "there is no webhook endpoint 'we_none'"),
        (("rotate", "we_none"), "there is no webhook endpoint 'we_none'"),
        (("retry", "del_none"), "there is no delivery 'del_none'"),
        (("listen", "--event", "nothing"), "there is no type 'nothing'"),
    ],
)
def test_a_refusal_is_printed_in_one_sentence(
    webhook_commands: WebhookCommands, words: tuple[str, ...], why: str
) -> None:
    refused = webhook_commands(*words)
    assert refused.returncode != 0
    assert refused.stderr.startswith("testmode: ")
    assert why in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("words", [("listen", "--status", "99"), ("listen", "--times", "-1"), ("add",), ("retry",)])
def test_an_invalid_option_or_argument_is_a_usage_error(
    webhook_commands: WebhookCommands, words: tuple[str, ...]
) -> None:
    assert webhook_commands(*words).returncode == 2


def test_the_refusal_of_an_unknown_sandbox_names_the_nearest_one(webhook_commands: WebhookCommands) -> None:
    refused = run("webhooks", "list", "smartepy", **webhook_commands.environment)
    assert "there is no sandbox 'smartepy'; did you mean 'smartepi'?" in refused.stderr


def test_listen_prints_deliveries_and_deletes_its_endpoint(webhook_commands: WebhookCommands) -> None:
    with run_listen(webhook_commands, "--times", "1", "--event", "withdrawal.created") as (process, id):
        assert webhook_commands.output_of("list").startswith(id)
        webhook_commands.emit_event()
        verdict, body = read_delivery(process)
    assert re.fullmatch(r"2026-03-01T12:00:00\.000000Z  \d+ bytes, signature ok", verdict)
    assert loads(body)["type"] == "withdrawal.created"
    assert (process.returncode, webhook_commands.output_of("list")) == (0, "")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("bad_signature", "the signature does not match the secret and the body"),
        ("old_timestamp", "the signature was made 600 s ago, and 300 s are allowed"),
    ],
)
def test_listen_reports_deliveries_that_a_receiver_must_refuse(
    webhook_commands: WebhookCommands, kind: str, why: str
) -> None:
    webhook_commands.admin("POST", "/faults", {"fault": {"kind": kind}})
    with run_listen(webhook_commands, "--times", "1") as (process, _):
        webhook_commands.emit_event()
        assert read_delivery(process)[0].endswith(f"REFUSE IT: {why}")


def test_listen_prints_a_truncated_body_unchanged(webhook_commands: WebhookCommands) -> None:
    webhook_commands.admin("POST", "/faults", {"fault": {"kind": "truncated_webhook", "fraction": 0.1}})
    with run_listen(webhook_commands, "--times", "1") as (process, _):
        webhook_commands.emit_event()
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)][1].endswith("the secret and the body\n")
        assert process.stdout.readline().startswith('{"id":"evt_')


def test_listen_verifies_every_retry_of_an_advance_at_its_own_time(webhook_commands: WebhookCommands) -> None:
    with run_listen(webhook_commands, "--status", "500", "--times", "4") as (process, _):
        webhook_commands.emit_event()
        first = read_delivery(process)
        webhook_commands.admin("PUT", "/clock", {"action": "advance", "by": "30d"})
        verdicts = [first[0], *(read_delivery(process)[0] for _ in range(3))]
    assert [verdict.rpartition(", ")[2] for verdict in verdicts] == ["signature ok"] * 4
    assert [verdict[11:16] for verdict in verdicts] == ["12:00", "12:05", "12:35", "14:35"]


def test_listen_uses_the_current_secret(webhook_commands: WebhookCommands) -> None:
    with run_listen(webhook_commands, "--times", "1") as (process, id):
        webhook_commands.output_of("rotate", id)
        webhook_commands.emit_event()
        assert read_delivery(process)[0].endswith("signature ok")


@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM])
def test_listen_ends_normally_on_a_signal(webhook_commands: WebhookCommands, stop_signal: signal.Signals) -> None:
    with run_listen(webhook_commands) as (process, _):
        process.send_signal(stop_signal)
        process.wait(TIMEOUT_SECONDS)
    assert (process.returncode, webhook_commands.output_of("list")) == (0, "")


def test_an_endpoint_receives_one_version_of_events(live_server: LiveServer) -> None:
    commands = WebhookCommands(live_server, create_tenant(live_server, "kota").id)
    endpoint = commands.admin("POST", "/webhooks", {"url": "http://127.0.0.1:9/", "version": "v1"})
    assert endpoint["version"] == "v1"
    assert commands.output_of("add", "http://127.0.0.1:9/", "--version", "v1").startswith("whe_")
    assert [each["version"] for each in commands.admin("GET", "/webhooks")] == ["v1", "v1"]


def deliver_one_withdrawal(server: LiveServer, receiver: Receiver) -> None:
    """Register a receiver, record a withdrawal, and wait for its webhook."""
    server.admin("POST", "/sandboxes/smartepi/webhooks", {"url": receiver.url()})
    server.admin("POST", "/sandboxes/smartepi/simulations/record_withdrawal", {})
    receiver.wait_for(1)


def test_a_delivery_in_flight_when_the_server_is_killed_is_sent_again(tmp_path: Path) -> None:
    arguments = ("serve", "smartepi", "--port", "0", "--data", str(tmp_path), "--admin-token", TOKEN)
    gate = Event()
    with run_receiver(gate) as receiver:
        with start_server(*arguments) as (process, url):
            deliver_one_withdrawal(LiveServer(url, TOKEN), receiver)
            process.kill()
            process.wait(TIMEOUT_SECONDS)
        gate.set()
        with start_server(*arguments) as (_, url):
            receiver.wait_for(2)
            LiveServer(url, TOKEN).admin("PUT", "/sandboxes/smartepi/clock", {"action": "advance", "by": "1s"})
            (delivery,) = LiveServer(url, TOKEN).admin("GET", "/sandboxes/smartepi/deliveries")
    assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 1)
    first, second = receiver.received
    assert first.body == second.body


def test_a_hanging_receiver_delays_neither_calls_nor_the_shutdown(tmp_path: Path) -> None:
    gate = Event()
    with run_receiver(gate) as receiver:
        arguments = ("serve", "smartepi", "--port", "0", "--data", str(tmp_path), "--admin-token", TOKEN)
        with start_server(*arguments) as (process, url):
            server = LiveServer(url, TOKEN)
            server.admin("PATCH", "/sandboxes/smartepi", {"assumptions": {"webhook_timeout": "60s"}})
            deliver_one_withdrawal(server, receiver)
            key = server.admin("GET", "/sandboxes/smartepi/keys")[0]["secret"]
            response = server.request("GET", "/smartepi/v1/sectors", key=key)
            (delivery,) = server.admin("GET", "/sandboxes/smartepi/deliveries")
            assert (response.status, delivery["attempts"]) == (200, [])
            process.terminate()
            assert process.wait(50) == 0
        gate.set()


def test_listen_refuses_a_non_ascii_signature_and_continues(webhook_commands: WebhookCommands) -> None:
    with run_listen(webhook_commands, "--times", "2") as (process, id):
        (endpoint,) = [each for each in webhook_commands.admin("GET", "/webhooks") if each["id"] == id]
        request = Request(endpoint["url"], b"nothing", {"X-SmartEPI-Signature": "t=1772366400,v1=\xe9"})
        with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            assert answer.status == 200
        assert read_delivery(process)[0].endswith("REFUSE IT: the signature does not match the secret and the body")
        webhook_commands.emit_event()
        assert read_delivery(process)[0].endswith("signature ok")

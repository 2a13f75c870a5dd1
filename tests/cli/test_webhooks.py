"""``testmode webhooks`` as people type it, against a real server."""

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
from tests.support.socket_server import Served, tenant
from tests.support.suite.fork_server import ran
from tests.support.webhook_receivers import Receiver, receiving

PATIENCE = 60.0


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    arguments = ("serve", "smartepi", "kota", "--port", "0", "--memory", "--admin-token", TOKEN)
    with start_server(*arguments) as (_, url):
        yield Served(url, TOKEN)


@dataclass(frozen=True)
class Desk:
    """A sandbox of its own, and the commands to speak about it."""

    served: Served
    id: str
    words: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        given = {name: value for name, value in os.environ.items() if not name.startswith("TESTMODE_")}
        return ran("webhooks", words[0], self.id, *words[1:], environment=given | self.environment)

    def said(self, *words: str) -> str:
        done = self(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        return {"TESTMODE_URL": self.served.url, "TESTMODE_ADMIN_TOKEN": TOKEN}

    def admin(self, method: str, path: str, json: Any = None) -> Any:
        return self.served.admin(method, f"/sandboxes/{self.id}{path}", json)

    def happen(self) -> None:
        self.admin("POST", "/simulations/record_withdrawal", {})


@pytest.fixture
def desk(served: Served) -> Desk:
    made = Desk(served, tenant(served).id)
    made.admin("PUT", "/clock", {"action": "freeze", "at": "2026-03-01T12:00:00Z"})
    return made


@contextmanager
def listening(desk: Desk, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`testmode webhooks listen` as a process of its own, and the endpoint it has registered."""
    command = [sys.executable, "-m", "mockserver", "webhooks", "listen", desk.id, *words]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | desk.environment,
        # A shell that runs the tests in the background has them ignore SIGINT, and what they start too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        watchdog = Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            first = process.stdout.readline()
            found = re.match(r"listening as (we_\w+) on http://127\.0\.0\.1:\d+/, secret whsec_\S+; Ctrl-C", first)
            assert found, first
            yield process, found[1]
            process.communicate()
        finally:
            watchdog.cancel()
            process.kill()


def heard(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The verdict on the next delivery, and its body."""
    assert process.stdout is not None
    assert process.stdout.readline() == "\n"
    verdict, body = process.stdout.readline(), process.stdout.readline()
    while body.startswith("{") and not body.endswith("\n}\n"):
        body += process.stdout.readline()
    return verdict.strip(), body


def test_an_endpoint_is_added_listed_rotated_and_deleted(desk: Desk) -> None:
    with receiving() as receiver:
        id, secret = desk.said("add", receiver.url(), "--event", "withdrawal.created").split()
        assert desk.said("list") == f"{id}  {receiver.url()}  withdrawal.created  {secret}\n"
        rotated = desk.said("rotate", id, "--overlap", "1h").strip()
        assert rotated.startswith("whsec_")
        assert rotated != secret
        assert rotated in desk.said("list")
        assert desk.said("delete", id) == ""
        assert desk.said("list") == ""


def test_a_secret_of_ones_own_is_taken(desk: Desk) -> None:
    assert desk.said("add", "http://127.0.0.1:9/", "--secret", "mine").split()[1] == "mine"
    assert "  *  mine" in desk.said("list")


def test_deliveries_are_listed_and_tried_again(desk: Desk) -> None:
    with receiving() as receiver:
        receiver.answers = [500]
        desk.said("add", receiver.url())
        desk.happen()
        receiver.wait_for(1)
        desk.admin("PUT", "/clock", {"action": "advance", "by": "1s"})
        id = desk.admin("GET", "/deliveries")[0]["id"]
        assert desk.said("deliveries") == f"{id}  pending   withdrawal.created  500\n"
        assert desk.said("retry", id) == "delivered\n"
        assert desk.said("deliveries") == f"{id}  delivered withdrawal.created  500 200\n"


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
def test_what_is_refused_is_said_in_one_sentence(desk: Desk, words: tuple[str, ...], why: str) -> None:
    refused = desk(*words)
    assert refused.returncode != 0
    assert refused.stderr.startswith("testmode: ")
    assert why in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("words", [("listen", "--status", "99"), ("listen", "--times", "-1"), ("add",), ("retry",)])
def test_what_makes_no_sense_is_a_usage_error(desk: Desk, words: tuple[str, ...]) -> None:
    assert desk(*words).returncode == 2


def test_a_sandbox_nobody_knows_is_refused_with_the_nearest(desk: Desk) -> None:
    refused = run("webhooks", "list", "smartepy", **desk.environment)
    assert "there is no sandbox 'smartepy'; did you mean 'smartepi'?" in refused.stderr


def test_listen_prints_what_arrives_and_leaves_no_endpoint_behind(desk: Desk) -> None:
    with listening(desk, "--times", "1", "--event", "withdrawal.created") as (process, id):
        assert desk.said("list").startswith(id)
        desk.happen()
        verdict, body = heard(process)
    assert re.fullmatch(r"2026-03-01T12:00:00\.000000Z  \d+ bytes, signature ok", verdict)
    assert loads(body)["type"] == "withdrawal.created"
    assert (process.returncode, desk.said("list")) == (0, "")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("bad_signature", "the signature is not one of this secret over this body"),
        ("old_timestamp", "the signature was made 600 s ago, and 300 s are allowed"),
    ],
)
def test_listen_says_what_a_receiver_must_refuse(desk: Desk, kind: str, why: str) -> None:
    desk.admin("POST", "/faults", {"fault": {"kind": kind}})
    with listening(desk, "--times", "1") as (process, _):
        desk.happen()
        assert heard(process)[0].endswith(f"REFUSE IT: {why}")


def test_listen_shows_half_a_body_as_it_came(desk: Desk) -> None:
    desk.admin("POST", "/faults", {"fault": {"kind": "truncated_webhook", "fraction": 0.1}})
    with listening(desk, "--times", "1") as (process, _):
        desk.happen()
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)][1].endswith("over this body\n")
        assert process.stdout.readline().startswith('{"id":"evt_')


def test_listen_finds_every_retry_of_an_advance_signed_at_its_own_time(desk: Desk) -> None:
    with listening(desk, "--status", "500", "--times", "4") as (process, _):
        desk.happen()
        first = heard(process)
        desk.admin("PUT", "/clock", {"action": "advance", "by": "30d"})
        verdicts = [first[0], *(heard(process)[0] for _ in range(3))]
    assert [verdict.rpartition(", ")[2] for verdict in verdicts] == ["signature ok"] * 4
    assert [verdict[11:16] for verdict in verdicts] == ["12:00", "12:05", "12:35", "14:35"]


def test_listen_takes_the_secret_as_it_is_now(desk: Desk) -> None:
    with listening(desk, "--times", "1") as (process, id):
        desk.said("rotate", id)
        desk.happen()
        assert heard(process)[0].endswith("signature ok")


@pytest.mark.parametrize("with_", [signal.SIGINT, signal.SIGTERM])
def test_listen_ends_in_good_order_when_it_is_told_to(desk: Desk, with_: signal.Signals) -> None:
    with listening(desk) as (process, _):
        process.send_signal(with_)
        process.wait(PATIENCE)
    assert (process.returncode, desk.said("list")) == (0, "")


def test_listen_hears_of_one_form_of_events(served: Served) -> None:
    desk = Desk(served, tenant(served, "kota").id)
    made = desk.admin("POST", "/webhooks", {"url": "http://127.0.0.1:9/", "version": "v1"})
    assert made["version"] == "v1"
    assert desk.said("add", "http://127.0.0.1:9/", "--version", "v1").startswith("whe_")
    assert [each["version"] for each in desk.admin("GET", "/webhooks")] == ["v1", "v1"]


def shop(served: Served, receiver: Receiver) -> None:
    """Have a server tell a receiver of one withdrawal."""
    served.admin("POST", "/sandboxes/smartepi/webhooks", {"url": receiver.url()})
    served.admin("POST", "/sandboxes/smartepi/simulations/record_withdrawal", {})
    receiver.wait_for(1)


def test_what_was_under_way_when_the_server_was_killed_is_sent_again(tmp_path: Path) -> None:
    arguments = ("serve", "smartepi", "--port", "0", "--data", str(tmp_path), "--admin-token", TOKEN)
    gate = Event()
    with receiving(gate) as receiver:
        with start_server(*arguments) as (process, url):
            shop(Served(url, TOKEN), receiver)
            process.kill()
            process.wait(PATIENCE)
        gate.set()
        with start_server(*arguments) as (_, url):
            receiver.wait_for(2)
            Served(url, TOKEN).admin("PUT", "/sandboxes/smartepi/clock", {"action": "advance", "by": "1s"})
            (delivery,) = Served(url, TOKEN).admin("GET", "/sandboxes/smartepi/deliveries")
    assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 1)
    first, second = receiver.heard
    assert first.body == second.body


def test_a_receiver_that_hangs_keeps_neither_calls_nor_the_end_of_the_server_waiting(tmp_path: Path) -> None:
    gate = Event()
    with receiving(gate) as receiver:
        arguments = ("serve", "smartepi", "--port", "0", "--data", str(tmp_path), "--admin-token", TOKEN)
        with start_server(*arguments) as (process, url):
            served = Served(url, TOKEN)
            served.admin("PATCH", "/sandboxes/smartepi", {"assumptions": {"webhook_timeout": "60s"}})
            shop(served, receiver)
            key = served.admin("GET", "/sandboxes/smartepi/keys")[0]["secret"]
            asked = served.ask("GET", "/smartepi/v1/sectors", key=key)
            (waiting,) = served.admin("GET", "/sandboxes/smartepi/deliveries")
            assert (asked.status, waiting["attempts"]) == (200, [])
            process.terminate()
            assert process.wait(50) == 0
        gate.set()


def test_listen_refuses_a_signature_that_is_not_ascii_and_goes_on(desk: Desk) -> None:
    with listening(desk, "--times", "2") as (process, id):
        (made,) = [each for each in desk.admin("GET", "/webhooks") if each["id"] == id]
        asked = Request(made["url"], b"nothing", {"X-SmartEPI-Signature": "t=1772366400,v1=\xe9"})
        with urlopen(asked, timeout=PATIENCE) as answer:
            assert answer.status == 200
        assert heard(process)[0].endswith("REFUSE IT: the signature is not one of this secret over this body")
        desk.happen()
        assert heard(process)[0].endswith("signature ok")

"""Data of older versions still works: state, exports, testmode.toml, and tests with the plugin.

``make_fixtures.py`` made the fixtures. They are never made again: a change that breaks them breaks users.
"""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from shutil import copy, copytree
from typing import Any

import pytest
import requests

from mockserver.testing.client import Sandbox, Testmode
from tests.support.server_process import start_command
from tests.support.webhook_receivers import CapturedWebhook, Receiver, run_receiver
from tests.upgrading.read_state import TIMEOUT, read_sandbox, request_path, request_paths

OLD = Path(__file__).resolve().parent / "v0_1_0"
EXPECTED: dict[str, Any] = json.loads((OLD / "expected.json").read_text("utf-8"))
EXPORTS: dict[str, Any] = {file.stem: json.loads(file.read_text("utf-8")) for file in OLD.glob("exports/*.json")}
COMMAND = str(Path(sys.executable).with_name("testmode"))
every_sandbox = pytest.mark.parametrize("name", sorted(EXPECTED))


def copy_data(folder: Path) -> Path:
    """Copies the data directory, with the permissions of a real one: readable by its owner only."""
    data = copytree(OLD / "state", folder / "state")
    for path in (data, *data.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return data


@contextmanager
def serving(data: Path) -> Iterator[Testmode]:
    with start_command([COMMAND, "serve", "--port", "0", "--data", str(data)]) as (_, url):
        yield Testmode(url, (data / "admin-token").read_text("utf-8").strip())


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testmode]:
    """The current server on a copy of the state; the tests that share it change nothing."""
    with serving(copy_data(tmp_path_factory.mktemp("opened"))) as server:
        yield server


def find_missing(now: Any, then: Any, place: str = "") -> list[str]:
    """Returns every difference from an old value, except for new members."""
    if isinstance(then, dict) and isinstance(now, dict):
        missing = [f"{place}/{name} is missing" for name in then.keys() - now.keys()]
        return missing + [
            each for name in then.keys() & now.keys() for each in find_missing(now[name], then[name], f"{place}/{name}")
        ]
    if isinstance(then, list) and isinstance(now, list) and len(now) == len(then):
        return [
            each
            for nth, pair in enumerate(zip(now, then, strict=True))
            for each in find_missing(*pair, f"{place}/{nth}")
        ]
    return [] if now == then else [f"{place} is {now!r}, was {then!r}"]


def comparable_state(state: Any) -> Any:
    """Returns a state without the serial numbers of calls, which each server reserves in advance."""
    records = [record for record in state["collections"]["_sandbox"] if record["id"] != "serial"]
    return {**state, "collections": {**state["collections"], "_sandbox": records}}


def send_request(sandbox: Sandbox, method: str, path: str, body: Any, **headers: str) -> requests.Response:
    all_headers = {"Authorization": f"Bearer {EXPECTED[sandbox.id]['key']}"}
    all_headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, sandbox.base_url + path, json=body, headers=all_headers, timeout=TIMEOUT)


def test_state_check_reports_every_file_as_intact_and_changes_none(tmp_path: Path) -> None:
    data = copy_data(tmp_path)
    for name in EXPECTED:
        for kind in ("json", "log", "log.prev"):
            assert (data / "sandboxes" / f"{name}.{kind}").stat().st_size, (
                "the fixture has checkpoints and later log records"
            )
    done = subprocess.run([COMMAND, "state", "check", "--data", str(data)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == sorted(EXPECTED)
    assert all(line.endswith("intact") for line in done.stdout.splitlines()[1:])
    for file in (OLD / "state").rglob("*.*"):
        assert (data / file.relative_to(OLD / "state")).read_bytes() == file.read_bytes()


@every_sandbox
def test_every_record_is_unchanged(opened: Testmode, name: str) -> None:
    sandbox, expected = opened.sandbox(name), EXPECTED[name]
    assert find_missing(read_sandbox(sandbox), expected["shown"]) == []
    assert find_missing(request_paths(sandbox, expected["key"], expected["answers"]), expected["answers"]) == []
    assert find_missing(comparable_state(sandbox.state.export()), comparable_state(EXPORTS[name])) == []


@every_sandbox
def test_valid_keys_work_and_revoked_keys_do_not(opened: Testmode, name: str) -> None:
    keys, sandbox = EXPECTED[name]["keys"], opened.sandbox(name)
    assert {key: request_path(sandbox, key, keys["path"])[0] for key in keys["statuses"]} == keys["statuses"]


def test_a_moved_clock_keeps_its_offset(opened: Testmode) -> None:
    ahead = timedelta(days=EXPECTED["nightly"]["kept"]["ahead of the machine"])
    assert abs(opened.sandbox("nightly").clock.now - datetime.now(UTC) - ahead) < timedelta(minutes=1)


def test_faults_timers_retries_keys_and_simulations_continue(tmp_path: Path) -> None:
    data = copy_data(tmp_path)
    with run_receiver() as receiver:
        with serving(data) as server:
            check_smartepi_continues(server.sandbox("smartepi"), receiver)
            check_kotauth_continues(server.sandbox("kotauth"))
            check_kasko_continues(server.sandbox("kasko"))
            check_kota_continues(server.sandbox("kota"))
            written = {name: comparable_state(server.sandbox(name).state.export()) for name in EXPECTED}
            snapshots = server.sandbox("smartepi").snapshots
        with serving(data) as server:
            assert {name: comparable_state(server.sandbox(name).state.export()) for name in EXPECTED} == written
            assert server.sandbox("smartepi").snapshots == snapshots
            check_snapshot_restore(server.sandbox("smartepi"))
            for name, exported in EXPORTS.items():
                check_export_restore(server.sandbox(name), exported)


def check_smartepi_continues(sandbox: Sandbox, receiver: Receiver) -> None:
    """A rule that skipped two calls hits the third; a timer and a retry become due; a key ends, another activates."""
    method, path, body, status = EXPECTED["smartepi"]["kept"]["the rule fires next at"]
    assert [send_request(sandbox, method, path, body).status_code for _ in range(2)] == [status, 201]
    assert sandbox.faults.get("third-time")["fired"] == 1
    for hook in sandbox.webhooks.list():
        sandbox.webhooks.change(hook["id"], url=receiver.url(f"/{hook['id']}"))
    states = {key["id"]: key["state"] for key in sandbox.keys}
    assert states == {
        "key_1": "active",
        "key_2": "active",
        "key_3": "revoked",
        "key_4": "lingering",
        "key_5": "propagating",
    }
    done = sandbox.clock.advance("3h")["done"]
    assert [(each["id"], each["action"]) for each in done] == [("timer_1", "record_withdrawal")]
    states = {key["id"]: key["state"] for key in sandbox.keys}
    assert (states["key_4"], states["key_5"]) == ("revoked", "active")
    sandbox.clock.advance("0s")
    deliveries = sandbox.deliveries.list()
    assert [(each["event"]["type"], each["state"]) for each in deliveries] == [
        ("withdrawal.created", "delivered"),
        ("return.created", "delivered"),
        ("withdrawal.created", "delivered"),
    ]
    assert [attempt["status"] for attempt in deliveries[1]["attempts"]] == [None, 200]
    secrets = {hook["id"]: hook["secret"] for hook in EXPECTED["smartepi"]["shown"]["webhooks"]}
    assert len(receiver.received) == 2
    for webhook in receiver.received:
        assert is_signed(webhook, secrets[webhook.path.lstrip("/")])


def is_signed(webhook: CapturedWebhook, secret: str) -> bool:
    at, _, signature = webhook.headers["x-smartepi-signature"].removeprefix("t=").partition(",v1=")
    return signature == hmac.new(secret.encode(), f"{at}.".encode() + webhook.body, sha256).hexdigest()


def check_kotauth_continues(sandbox: Sandbox) -> None:
    """Ids continue, and unique values are still taken."""
    ada = {"username": "ada", "email": "ada@acme.test", "fullName": "Ada Lovelace", "password": "Correct-Horse-7"}
    assert send_request(sandbox, "POST", "/users", ada).status_code == 409
    user = send_request(sandbox, "POST", "/users", {**ada, "username": "grace", "email": "grace@acme.test"}).json()
    assert user["id"] == EXPECTED["kotauth"]["shown"]["collections"]["users"] + 1
    assert sandbox.show()["limits"]["burst"] == 200
    sandbox.scenarios.off("rate-limited")
    assert sandbox.show()["limits"]["burst"] != 200


def check_kasko_continues(sandbox: Sandbox) -> None:
    """The paid policy is issued when the clock reaches the instant."""
    path = f"/policies/{EXPECTED['kasko']['kept']['policy to come']}"
    key = EXPECTED["kasko"]["key"]
    assert request_path(sandbox, key, path)[0] == 404
    sandbox.clock.advance("2s")
    status, policy = request_path(sandbox, key, path)
    assert (status, policy["status"]) == (200, "paid")


def check_kota_continues(sandbox: Sandbox) -> None:
    """A scenario hits its call, an idempotency key returns the stored reply, and pending records proceed."""
    values, key = EXPECTED["kota"]["kept"], EXPECTED["kota"]["key"]
    body = json.loads(values["asked"])
    refused, repeated = (
        send_request(sandbox, "POST", "/employers", body, Idempotency_Key="order-4712") for _ in range(2)
    )
    assert (refused.status_code, repeated.status_code, repeated.json()) == (409, 200, values["another"])
    assert values["another"]["status"] == "pending"
    assert request_path(sandbox, key, f"/group_quote_intents/{values['quote']}")[1]["status"] == "processing"
    sandbox.clock.advance("3s")
    assert request_path(sandbox, key, f"/employers/{values['another']['id']}")[1]["status"] == "active"
    assert request_path(sandbox, key, f"/group_quote_intents/{values['quote']}")[1]["status"] == "action_required"


def check_snapshot_restore(sandbox: Sandbox) -> None:
    """The snapshot was taken after the sector and two of the keys were created, and before the cost centers."""
    key = EXPECTED["smartepi"]["key"]
    before = len(request_path(sandbox, key, "/cost-centers")[1]["data"])
    sandbox.restore("before")
    assert len(request_path(sandbox, key, "/cost-centers")[1]["data"]) == before - 3
    assert [each["id"] for each in sandbox.keys] == ["key_1", "key_2", "key_3"]
    assert "Paint shop, hall 2" in [each["name"] for each in request_path(sandbox, key, "/sectors")[1]["data"]]


def check_export_restore(sandbox: Sandbox, exported: Any) -> None:
    """An old export can be imported; the sandbox then exports and shows the same state."""
    sandbox.state.put(exported)
    assert find_missing(comparable_state(sandbox.state.export()), comparable_state(exported)) == []
    expected = EXPECTED[sandbox.id]
    assert find_missing(read_sandbox(sandbox), {**expected["shown"], "snapshots": sandbox.snapshots}) == []
    assert find_missing(request_paths(sandbox, expected["key"], expected["answers"]), expected["answers"]) == []


def test_an_old_configuration_file_has_the_same_effect(tmp_path: Path) -> None:
    for name in ("testmode.toml", "shop.yaml"):
        copy(OLD / name, tmp_path)
    configuration = tomllib.loads((OLD / "testmode.toml").read_text("utf-8"))
    with start_command(["sh", "-c", 'cd "$0" && exec "$@"', str(tmp_path), COMMAND, "serve"]) as (_, url):
        server = Testmode(url, "token-of-the-file")
        assert find_missing(server.settings()["settings"], normalize_settings(configuration["server"])) == []
        first = ["smartepi", "kotauth", "kasko", "kota", "shop"]
        assert sorted(each.id for each in server.sandboxes()) == sorted([*first, "nightly", "acme", "live"])
        assert {server.sandbox(name).show()["seed"] for name in first} == {"42"}
        check_planned_sandboxes({name: server.sandbox(name) for name in ("kota", "nightly", "acme", "live")})
        shop = server.sandbox("shop")
        status, orders = request_path(shop, shop.key, "/orders")
        assert (status, len(orders)) == (200, 3)
    assert (tmp_path / "kept" / "sandboxes" / "nightly.json").is_file()


def normalize_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings of the file as the admin API shows them."""
    latency = {"type": "uniform", "min_ms": 1, "max_ms": 2}
    return {**settings, "evict_after": 0, "latency": latency, "admin_token": "***file"}


def check_planned_sandboxes(sandboxes: dict[str, Sandbox]) -> None:
    """Checks every part of a sandbox that the file can configure."""
    kota, nightly, acme, live = sandboxes.values()
    assert kota.show()["assumptions"]["hosted"] is True
    assert kota.show()["scenarios"] == ["burst-then-recover", "revoked-key-lingers"]
    view = nightly.show()
    assert (view["seed"], view["assumptions"]["timestamps"], view["limits"]["rate"]) == ("9", "iso", 50)
    assert view["latency"] == {"type": "fixed", "ms": 1}
    assert nightly.scenarios.get("outage-then-recovery")["chosen"] == {"duration": "90s"}
    assert nightly.faults.get("once")["fault"]["kind"] == "reset"
    assert [(key["state"], key["cidrs"]) for key in nightly.keys[1:]] == [
        ("active", ["10.0.0.0/8"]),
        ("propagating", []),
    ]
    (hook,) = nightly.webhooks.list()
    assert (hook["events"], hook["secret"], hook["description"]) == (["return.created"], "whsec_mine", "ours")
    assert "/t/acme-inc/" in acme.base_url
    assert acme.keys[-1]["scopes"] == ["users:read"]
    assert live.keys[-1]["mode"] == "live"
    assert live.webhooks.list()[0]["version"] == "test"


def test_the_tests_of_an_old_project_with_the_plugin_pass(tmp_path: Path) -> None:
    project = copytree(OLD / "project", tmp_path / "project")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TESTMODE_", "PYTEST_"))}
    # Users do not have the plugin of schemathesis, which Testmode's own tests need.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout

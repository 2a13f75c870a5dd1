"""The command line: output, refusals and exit codes."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mockserver.cli.group import COMMANDS
from mockserver.testing.client import Testmode
from tests.support.server_process import start_server

TOKEN = "token-of-these-tests"


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mockserver", *words]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TESTMODE_")}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=inherited | environment,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@dataclass(frozen=True)
class CommandRunner:
    """Runs commands against a running server."""

    url: str

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run(*words, TESTMODE_URL=self.url, TESTMODE_ADMIN_TOKEN=TOKEN)

    def status(self, path: str, key: str) -> int:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status


@pytest.fixture(scope="module")
def command_runner() -> Iterator[CommandRunner]:
    with start_server("serve", "smartepi", "--port", "0", "--memory", "--admin-token", TOKEN) as (_, url):
        yield CommandRunner(url)


def test_version_and_help_are_printed() -> None:
    assert run("--version").stdout.startswith("testmode, version ")
    help_text = run("--help").stdout
    for command in COMMANDS:
        assert command in help_text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_text(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


def test_the_refusal_of_an_unknown_command_names_the_nearest_one() -> None:
    refused = run("scenaro")
    assert refused.returncode == 2
    assert "there is no command 'scenaro'; did you mean 'scenario'?" in refused.stderr


def test_an_unknown_option_is_a_usage_error() -> None:
    assert run("serve", "--prot", "1").returncode == 2


def test_routes_lists_every_operation() -> None:
    lines = run("routes", "smartepi").stdout.splitlines()
    assert len([line for line in lines if "off unless assumed" not in line]) == 34
    assert run("routes", "smartepie").returncode == 2


def test_seed_prints_the_same_data_twice_and_other_data_for_another_seed() -> None:
    first = run("seed", "smartepi").stdout
    assert first == run("seed", "smartepi").stdout
    assert json.loads(first).keys() == json.loads(run("seed", "smartepi", "--seed", "2").stdout).keys()
    assert first != run("seed", "smartepi", "--seed", "2").stdout


def test_a_started_server_is_ready_and_stops_on_sigterm() -> None:
    with start_server("serve", "--port", "0", "--memory", "--admin-token", TOKEN) as (process, url):
        connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
        connection.request("GET", "/ready")
        assert connection.getresponse().status == 200
        connection.close()
        process.terminate()
        assert process.wait(60) == 0


def test_a_key_is_created_shown_listed_and_revoked(command_runner: CommandRunner) -> None:
    key = command_runner("key", "show", "smartepi").stdout.strip()
    assert command_runner.status("/smartepi/v1/sectors", key) == 200
    new = command_runner("key", "create", "smartepi", "--activates-in", "0s", "--cidr", "127.0.0.0/8").stdout.strip()
    assert command_runner.status("/smartepi/v1/sectors", new) == 200
    assert new in command_runner("key", "list", "smartepi").stdout
    assert command_runner("key", "revoke", "smartepi", new).stdout == "lingering\n"


def test_key_show_without_a_working_key_fails_with_a_sentence(command_runner: CommandRunner) -> None:
    sandbox = Testmode(command_runner.url, TOKEN).create_sandbox("smartepi", name="keyless")
    for key in sandbox.keys:
        sandbox.revoke_key(key["id"], lingers="0s")
    done = command_runner("key", "show", "keyless")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "testmode: sandbox 'keyless' has no key that works now; create one with `testmode key create keyless`\n"
    )
    assert "revoked" in command_runner("key", "list", "keyless").stdout
    sandbox.delete()


@pytest.mark.parametrize("module", ["mockserver", "mockserver.cli"])
def test_the_command_also_runs_as_a_module(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == run("--version").stdout


def test_a_sandbox_is_created_listed_reset_and_deleted(command_runner: CommandRunner) -> None:
    created = json.loads(command_runner("sandbox", "create", "smartepi", "--name", "mine").stdout)
    assert command_runner.status("/smartepi/v1/sectors", created["keys"][0]["secret"]) == 200
    assert "mine" in command_runner("sandbox", "list").stdout
    assert json.loads(command_runner("sandbox", "show", "mine").stdout)["id"] == "mine"
    assert command_runner("sandbox", "reset", "mine").returncode == 0
    assert command_runner("sandbox", "delete", "mine").returncode == 0
    refused = command_runner("sandbox", "show", "mine")
    assert refused.returncode == 1
    assert "there is no sandbox 'mine'" in refused.stderr


def test_a_scenario_is_switched_on_with_parameters_and_off(command_runner: CommandRunner) -> None:
    key = command_runner("key", "show", "smartepi").stdout.strip()
    chosen = json.loads(command_runner("scenario", "on", "smartepi", "outage-then-recovery", "duration=5m").stdout)
    assert chosen == {"duration": "5m"}
    assert command_runner.status("/smartepi/v1/sectors", key) == 503
    assert "on   outage-then-recovery" in command_runner("scenario", "list", "smartepi").stdout
    assert command_runner("scenario", "off", "smartepi", "outage-then-recovery").returncode == 0
    assert command_runner.status("/smartepi/v1/sectors", key) == 200
    refused = command_runner("scenario", "on", "smartepi", "slow", "median=1")
    assert refused.returncode == 1
    assert "did you mean 'median_ms'" in refused.stderr
    assert command_runner("scenario", "on", "smartepi", "slow", "median_ms").returncode == 2


def test_a_state_is_exported_to_a_file_and_imported(command_runner: CommandRunner, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    assert command_runner("state", "export", "smartepi", str(file)).returncode == 0
    assert command_runner("state", "import", "smartepi", str(file)).returncode == 0
    file.write_text("{")
    refused = command_runner("state", "import", "smartepi", str(file))
    assert refused.returncode == 2
    assert str(file) in refused.stderr


def test_an_unreachable_server_is_reported_with_its_url() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    refused = run("sandbox", "list", TESTMODE_URL=url)
    assert refused.returncode == 69
    assert url in refused.stderr
    assert run("healthcheck", url).returncode == 1


def test_a_wrong_token_is_reported_in_a_sentence(command_runner: CommandRunner) -> None:
    refused = run("sandbox", "list", TESTMODE_URL=command_runner.url, TESTMODE_ADMIN_TOKEN="wrong")
    assert refused.returncode == 1
    assert "send the admin token" in refused.stderr


def test_healthcheck_ends_with_0_for_a_ready_server(command_runner: CommandRunner) -> None:
    assert run("healthcheck", command_runner.url).returncode == 0
    assert run("healthcheck", TESTMODE_URL=command_runner.url).returncode == 0
    assert run("healthcheck", TESTMODE_PORT=str(urlsplit(command_runner.url).port)).returncode == 0


def test_a_port_in_use_ends_with_69(command_runner: CommandRunner) -> None:
    refused = run("serve", "--memory", "--port", str(urlsplit(command_runner.url).port))
    assert refused.returncode == 69
    assert "cannot listen on 127.0.0.1:" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("words", "environment", "named"),
    [
        (["smartepy"], {}, "did you mean 'smartepi'"),
        (["--size", "big"], {}, "size"),
        (["--scenario", "slo"], {}, "did you mean 'slow'"),
        (["--latency", "often"], {}, "'often' is not a latency"),
        ([], {"TESTMODE_PROT": "1"}, "did you mean 'TESTMODE_PORT'"),
        (["--admin-token", ""], {}, "admin_token"),
    ],
)
def test_an_invalid_setting_ends_with_78_and_one_sentence(
    words: list[str], environment: dict[str, str], named: str
) -> None:
    refused = run("serve", "--memory", "--port", "0", *words, **environment)
    assert refused.returncode == 78, refused.stderr
    assert named in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_an_unusable_data_directory_ends_with_74(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a directory")
    refused = run("serve", "--port", "0", "--data", str(file))
    assert refused.returncode == 74
    assert str(file) in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_restart_keeps_the_token_the_keys_and_the_scenarios(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start_server("serve", "--port", "0", "--data", str(data), "--scenario", "outage") as (_, url):
        token = (data / "admin-token").read_text().strip()
        assert stat.S_IMODE((data / "admin-token").stat().st_mode) == 0o600
        key = run("key", "show", "smartepi", TESTMODE_URL=url, TESTMODE_DATA=str(data)).stdout.strip()
        assert CommandRunner(url).status("/smartepi/v1/sectors", key) == 503
    with start_server("serve", "--port", "0", "--data", str(data)) as (_, url):
        assert (data / "admin-token").read_text().strip() == token
        assert CommandRunner(url).status("/smartepi/v1/sectors", key) == 503


def test_a_provider_served_alone_is_also_at_the_root(command_runner: CommandRunner) -> None:
    key = command_runner("key", "show", "smartepi").stdout.strip()
    assert command_runner.status("/v1/sectors", key) == 200
    assert command_runner.status("/smartepi/v1/sectors", key) == 200


def test_sigint_stops_a_server_like_sigterm() -> None:
    with start_server("serve", "--port", "0", "--memory") as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_latency_from_the_command_line_is_configured() -> None:
    arguments = ("serve", "--port", "0", "--memory", "--admin-token", TOKEN, "--latency", "1ms")
    with start_server(*arguments) as (_, url):
        sandbox = json.loads(CommandRunner(url)("sandbox", "show", "smartepi").stdout)
    assert sandbox["latency"] == {"type": "fixed", "ms": 1}


def test_the_server_and_the_commands_read_the_token_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    secret = {"TESTMODE_ADMIN_TOKEN_FILE": str(tmp_path / "token")}
    with start_server("serve", "smartepi", "--port", "0", "--memory", **secret) as (_, url):
        assert run("key", "show", "smartepi", TESTMODE_URL=url, TESTMODE_ADMIN_TOKEN=TOKEN).returncode == 0
        assert run("key", "show", "smartepi", TESTMODE_URL=url, **secret).returncode == 0
        assert run("key", "show", "smartepi", TESTMODE_URL=url).returncode == 1

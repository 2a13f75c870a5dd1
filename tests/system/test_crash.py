"""A real server that is killed: every acknowledged write is there after the restart."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from itertools import count
from json import dumps, loads
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.server_process import start_server
from tests.support.suite.fork_server import run_command

CLIENTS = 8
KILLS = int(os.environ.get("SOAK_KILLS", "100"))
KILL_CHAINS = max(2, KILLS // 50)
"""The number of data directories per durability; the servers of each are killed repeatedly."""
EXIT_STORE, EXIT_LOCKED = 74, 75
TOKEN = "crash-token"
TIMEOUT_SECONDS = 60.0


class Client:
    """Creates records until the connection breaks, and collects the acknowledged ones by path."""

    def __init__(self, url: str, key: str, name: str) -> None:
        self._address = urlsplit(url).netloc
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._name = name
        self.acknowledged: dict[str, Any] = {}
        self.refused: list[bytes] = []

    def run(self, begun: Event) -> None:
        """Create records; sets `begun` at the first acknowledged one."""
        connection = HTTPConnection(self._address, timeout=TIMEOUT_SECONDS)
        with suppress(OSError, HTTPException):
            for nth in count():
                path, record = self._next(nth)
                connection.request("POST", path, dumps(record), self._headers)
                response = connection.getresponse()
                body = response.read()
                if response.status != 201:
                    self.refused.append(body)
                    break
                created = loads(body)["data"]
                self.acknowledged[f"{path}/{created['id']}"] = created
                begun.set()
        connection.close()

    def _next(self, nth: int) -> tuple[str, dict[str, str]]:
        name = f"{self._name} {nth}"
        if nth % 2:
            return "/smartepi/v1/sectors", {"name": name}
        return "/smartepi/v1/employees", {"name": name, "email": f"{name.replace(' ', '.')}@epi.test"}


@contextmanager
def run_server(directory: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Runs a server on a directory, and yields the process, its URL and the key of the first sandbox."""
    with start_server(*arguments(directory, *more)) as (process, url):
        yield process, url, first_key(url)


def arguments(directory: Path, *more: str) -> tuple[str, ...]:
    return ("serve", "smartepi", "--port", "0", "--data", str(directory), "--admin-token", TOKEN, *more)


def first_key(url: str) -> str:
    secret: str = fetch(url, "/__admin/sandboxes/smartepi", TOKEN)["keys"][0]["secret"]
    return secret


def fetch(url: str, path: str, key: str) -> Any:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, (path, body)
        return loads(body)
    finally:
        connection.close()


def list_records(url: str, path: str, key: str) -> dict[str, Any]:
    """Returns every record of a list by its path."""
    records, cursor = {}, ""
    while cursor is not None:
        page = fetch(url, f"{path}?limit=100{cursor and f'&cursor={cursor}'}", key)
        records.update({f"{path}/{record['id']}": record for record in page["data"]})
        cursor = page["cursor"]
    return records


def kill_under_load(url: str, key: str, name: str, kill: Callable[[], None]) -> dict[str, Any]:
    """Let clients write, kill the server under this load, and return the acknowledged records by path."""
    clients = [Client(url, key, f"{name}.{nth}") for nth in range(CLIENTS)]
    begun = Event()
    threads = [Thread(target=client.run, args=(begun,)) for client in clients]
    for thread in threads:
        thread.start()
    assert begun.wait(TIMEOUT_SECONDS)
    kill()
    for thread in threads:
        thread.join(TIMEOUT_SECONDS)
        assert not thread.is_alive()
    assert [client.refused for client in clients if client.refused] == []
    return {path: record for client in clients for path, record in client.acknowledged.items()}


@pytest.mark.parametrize("durability", ["commit", "interval"])
@pytest.mark.parametrize("chain", range(KILL_CHAINS))
def test_after_a_kill_every_acknowledged_record_is_there_and_complete(
    tmp_path: Path, chain: int, durability: str
) -> None:
    rng, acknowledged, kills = Random(chain), dict[str, Any](), KILLS // KILL_CHAINS // 2
    for nth in range(kills + 1):
        with run_server(tmp_path, "--durability", durability) as (process, url, key):
            check_records(url, key, acknowledged, CLIENTS * nth)

            def kill_at_a_random_moment(server: subprocess.Popen[str] = process) -> None:
                # A random moment under load, determined by the seed.
                Event().wait(rng.uniform(0.0, 0.1))
                server.kill()
                server.wait(TIMEOUT_SECONDS)

            if nth < kills:
                acknowledged |= kill_under_load(url, key, f"round {chain}.{nth}", kill_at_a_random_moment)
    assert len(acknowledged) > 2 * kills


def check_records(url: str, key: str, acknowledged: dict[str, Any], under_way: int) -> None:
    """Assert that every acknowledged record is there once and complete, with at most `under_way` other new records."""
    found = list_records(url, "/smartepi/v1/sectors", key) | list_records(url, "/smartepi/v1/employees", key)
    assert {path: found.get(path) for path in acknowledged} == acknowledged
    new_records = {path: record for path, record in found.items() if record["name"].startswith("round")}
    assert all(record.get("email", "@") and record["createdAt"] for record in new_records.values())
    # One request per client can be committed without its response having arrived.
    assert len(new_records) - len(acknowledged) <= under_way
    assert len({record["name"] for record in new_records.values()}) == len(new_records)


def expect_refused_start(directory: Path) -> subprocess.CompletedProcess[str]:
    """Runs ``serve`` on a directory that it must refuse."""
    return run_command("serve", "smartepi", "--port", "0", "--data", str(directory))


def test_a_second_process_on_the_same_directory_is_refused_with_one_sentence(tmp_path: Path) -> None:
    with run_server(tmp_path) as (_, url, key):
        second = expect_refused_start(tmp_path)
        assert (second.returncode, second.stdout) == (EXIT_LOCKED, "")
        assert second.stderr == f"testmode: {tmp_path / '.lock'}: another process uses this data directory\n"
        assert fetch(url, "/smartepi/v1/sectors", key)["data"]


def test_the_directory_of_a_killed_server_can_be_served_at_once(tmp_path: Path) -> None:
    for _ in range(4):
        with run_server(tmp_path) as (process, url, key):
            assert fetch(url, "/smartepi/v1/sectors", key)["data"]
            process.kill()
            process.wait(TIMEOUT_SECONDS)


@pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
def test_a_damaged_checkpoint_is_reported_with_its_position_and_not_changed(tmp_path: Path, position: float) -> None:
    with run_server(tmp_path) as (process, _, _):
        process.send_signal(signal.SIGTERM)
        process.wait(TIMEOUT_SECONDS)
    file = tmp_path / "sandboxes" / "smartepi.json"
    data = bytearray(file.read_bytes())
    data[int(len(data) * position)] ^= 0x01
    file.write_bytes(data)
    before = {path: path.read_bytes() for path in (tmp_path / "sandboxes").iterdir()}
    second = expect_refused_start(tmp_path)
    assert (second.returncode, second.stdout) == (EXIT_STORE, "")
    assert str(file) in second.stderr
    assert any(word.strip(",.:;()").isdigit() for word in second.stderr.split())
    assert "Traceback" not in second.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "sandboxes").iterdir()} == before


def test_a_stopped_server_keeps_every_acknowledged_record(tmp_path: Path) -> None:
    with run_server(tmp_path) as (process, url, key):
        client = Client(url, key, "stopped")
        begun = Event()
        thread = Thread(target=client.run, args=(begun,))
        thread.start()
        assert begun.wait(TIMEOUT_SECONDS)
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_SECONDS) == 0
        thread.join(TIMEOUT_SECONDS)
    with run_server(tmp_path) as (_, url, key):
        found = list_records(url, "/smartepi/v1/sectors", key) | list_records(url, "/smartepi/v1/employees", key)
    assert client.acknowledged.items() <= found.items()

"""The shipped server, killed: what it has acknowledged is there when it comes back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
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

CLIENTS = 8
KILLS = int(os.environ.get("SOAK_KILLS", "100"))
CHAINS = max(2, KILLS // 50)
"""How many directories there are of either durability, each of which sees its servers killed again and again."""
STORE, LOCKED = 74, 75
TOKEN = "crash-token"


class Client:
    """Creates one record after the other until the server is gone, and remembers what was acknowledged."""

    def __init__(self, url: str, key: str, name: str) -> None:
        self._address = urlsplit(url).netloc
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._name = name
        self.kept: dict[str, Any] = {}
        self.refused: list[bytes] = []

    def run(self, begun: Event) -> None:
        """Go on until the connection breaks."""
        connection = HTTPConnection(self._address, timeout=10)
        with suppress(OSError, HTTPException):
            for nth in count():
                path, record = self._next(nth)
                connection.request("POST", path, dumps(record), self._headers)
                response = connection.getresponse()
                body = response.read()
                if response.status != 201:
                    self.refused.append(body)
                    break
                made = loads(body)["data"]
                self.kept[f"{path}/{made['id']}"] = made
                begun.set()
        connection.close()

    def _next(self, nth: int) -> tuple[str, dict[str, str]]:
        name = f"{self._name} {nth}"
        if nth % 2:
            return "/smartepi/v1/sectors", {"name": name}
        return "/smartepi/v1/employees", {"name": name, "email": f"{name.replace(' ', '.')}@epi.test"}


@contextmanager
def greeted(directory: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """A server over a directory, its URL, and the key of its first sandbox, which the directory determines."""
    with start_server(*arguments(directory)) as (process, url):
        yield process, url, first_key(url)


def arguments(directory: Path, *more: str) -> tuple[str, ...]:
    return ("serve", "smartepi", "--port", "0", "--data", str(directory), "--admin-token", TOKEN, *more)


def first_key(url: str) -> str:
    secret: str = fetch(url, "/__admin/sandboxes/smartepi", TOKEN)["keys"][0]["secret"]
    return secret


class Nursery:
    """Starts the server command again and again in processes forked off one that has imported it already."""

    PROGRAM = """
import os, sys
from mockserver.cli.group import cli
import mockserver.cli.serve, mockserver.providers
for line in iter(sys.stdin.readline, ""):
    child = os.fork()
    if not child:
        cli(line.split())
    print("started", child, flush=True)
    os.waitpid(child, 0)
    print("ended", child, flush=True)
"""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, *words: str) -> tuple[int, str]:
        """The process id and the URL of a server that is ready."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        return int(self._said(r"started (\d+)")), self._said(r"Ready\. listening on (\S+)")

    def kill(self, child: int, number: int = signal.SIGKILL) -> None:
        """End a server, and wait until it has ended."""
        os.kill(child, number)
        self._said(rf"ended ({child})")

    def _said(self, wanted: str) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("ended") and not wanted.startswith("ended"):
                raise AssertionError(f"the server ended before it said {wanted!r}")
            if found := re.match(wanted, line):
                return found[1]
        raise AssertionError(f"nobody said {wanted!r}")


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    command = [sys.executable, "-c", Nursery.PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Nursery(process)
        process.kill()


def fetch(url: str, path: str, key: str) -> Any:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, (path, body)
        return loads(body)
    finally:
        connection.close()


def listed(url: str, path: str, key: str) -> dict[str, Any]:
    """Every record of a list by the path of its own."""
    records, cursor = {}, ""
    while cursor is not None:
        page = fetch(url, f"{path}?limit=100{cursor and f'&cursor={cursor}'}", key)
        records.update({f"{path}/{record['id']}": record for record in page["data"]})
        cursor = page["cursor"]
    return records


def loaded(url: str, key: str, name: str, kill: Callable[[], None]) -> dict[str, Any]:
    """Let clients write, have the server killed amid it, and answer what it had acknowledged."""
    clients = [Client(url, key, f"{name}.{nth}") for nth in range(CLIENTS)]
    begun = Event()
    threads = [Thread(target=client.run, args=(begun,)) for client in clients]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    kill()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert [client.refused for client in clients if client.refused] == []
    return {path: record for client in clients for path, record in client.kept.items()}


@pytest.mark.parametrize("durability", ["commit", "interval"])
@pytest.mark.parametrize("chain", range(CHAINS))
def test_after_a_kill_every_acknowledged_record_is_there_and_none_is_half_there(
    tmp_path: Path, nursery: Nursery, chain: int, durability: str
) -> None:
    dice, kept, kills = Random(chain), dict[str, Any](), KILLS // CHAINS // 2
    for nth in range(kills + 1):
        child, url = nursery.start(*arguments(tmp_path, "--durability", durability))
        key = first_key(url)
        examine(url, key, kept, CLIENTS * nth)
        if nth == kills:
            nursery.kill(child)
            break

        def at_some_moment(server: int = child) -> None:
            # Not a moment that is waited for but one in the middle of the load, at random by the seed.
            Event().wait(dice.uniform(0.0, 0.1))
            nursery.kill(server)

        kept |= loaded(url, key, f"round {chain}.{nth}", at_some_moment)
    assert len(kept) > 2 * kills


def examine(url: str, key: str, kept: dict[str, Any], under_way: int) -> None:
    """Find every record that was acknowledged, each once and whole, and few others."""
    found = listed(url, "/smartepi/v1/sectors", key) | listed(url, "/smartepi/v1/employees", key)
    assert {path: found.get(path) for path in kept} == kept
    ours = {path: record for path, record in found.items() if record["name"].startswith("round")}
    assert all(record.get("email", "@") and record["createdAt"] for record in ours.values())
    # Beside what was acknowledged there may be what each client was just being answered.
    assert len(ours) - len(kept) <= under_way
    assert len({record["name"] for record in ours.values()}) == len(ours)


def refused(directory: Path) -> subprocess.CompletedProcess[str]:
    """What the command says over a directory it cannot serve."""
    command = [sys.executable, "-m", "mockserver", "serve", "smartepi", "--port", "0", "--data", str(directory)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def test_a_second_process_on_the_same_directory_is_refused_with_one_sentence(tmp_path: Path) -> None:
    with greeted(tmp_path) as (_, url, key):
        second = refused(tmp_path)
        assert (second.returncode, second.stdout) == (LOCKED, "")
        assert second.stderr == f"testmode: {tmp_path / '.lock'}: another process has this data directory\n"
        assert fetch(url, "/smartepi/v1/sectors", key)["data"]


def test_a_killed_servers_directory_is_free_and_served_at_once(tmp_path: Path) -> None:
    for _ in range(4):
        with greeted(tmp_path) as (process, url, key):
            assert fetch(url, "/smartepi/v1/sectors", key)["data"]
            process.kill()
            process.wait(10)


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
def test_a_damaged_checkpoint_is_named_with_its_place_and_left_as_it_is(tmp_path: Path, where: float) -> None:
    with greeted(tmp_path) as (process, _, _):
        process.send_signal(signal.SIGTERM)
        process.wait(15)
    file = tmp_path / "sandboxes" / "smartepi.json"
    data = bytearray(file.read_bytes())
    data[int(len(data) * where)] ^= 0x01
    file.write_bytes(data)
    left = {path: path.read_bytes() for path in (tmp_path / "sandboxes").iterdir()}
    second = refused(tmp_path)
    assert (second.returncode, second.stdout) == (STORE, "")
    assert str(file) in second.stderr
    assert any(word.strip(",.:;()").isdigit() for word in second.stderr.split())
    assert "Traceback" not in second.stderr
    assert {path: path.read_bytes() for path in (tmp_path / "sandboxes").iterdir()} == left


def test_a_stopped_server_keeps_what_it_has_without_a_log(tmp_path: Path) -> None:
    with greeted(tmp_path) as (process, url, key):
        client = Client(url, key, "stopped")
        begun = Event()
        thread = Thread(target=client.run, args=(begun,))
        thread.start()
        assert begun.wait(10)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        thread.join(15)
    with greeted(tmp_path) as (_, url, key):
        found = listed(url, "/smartepi/v1/sectors", key) | listed(url, "/smartepi/v1/employees", key)
    assert client.kept.items() <= found.items()

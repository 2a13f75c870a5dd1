"""The receiver of ``testmode webhooks listen``: which errors end it."""

from __future__ import annotations

from http.client import HTTPConnection, RemoteDisconnected
from threading import Thread
from typing import Any

import pytest

from mockserver.cli.webhooks import _Listener
from mockserver.testing.api import TestmodeError


def send(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/", b"{}")
        connection.getresponse().read()
    except (RemoteDisconnected, ConnectionResetError):
        pass
    finally:
        connection.close()


def handle_one(listener: _Listener) -> None:
    sender = Thread(target=send, args=(listener.server_port,))
    sender.start()
    try:
        listener.handle_request()
    finally:
        listener.server_close()
        sender.join()


def refuse(_headers: dict[str, str], _body: bytes) -> None:
    raise TestmodeError("there is no sandbox 'gone'", 404, "http://127.0.0.1:8080")


def test_a_refusal_of_the_server_ends_the_listener() -> None:
    with pytest.raises(TestmodeError, match="there is no sandbox 'gone'"):
        handle_one(_Listener(200, refuse))


def test_a_broken_connection_does_not_end_the_listener(capsys: pytest.CaptureFixture[str]) -> None:
    def reset_connection(_headers: dict[str, str], _body: bytes) -> Any:
        raise ConnectionResetError

    handle_one(_Listener(200, reset_connection))
    assert "ConnectionResetError" in capsys.readouterr().err

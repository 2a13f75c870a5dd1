"""Sends requests to the admin API over HTTP; uses only the standard library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from json import dumps, loads
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from mockserver.testing import server_address


class TestmodeError(Exception):
    """The server refused a request or could not be reached; ``status`` is None if there was no response."""

    __test__ = False  # pytest would collect the class because of its name.

    def __init__(self, sentence: str, status: int | None, url: str) -> None:
        super().__init__(f"{sentence} ({status or 'no response'} from {url})")
        self.sentence = sentence
        self.status = status
        self.url = url


class Api:
    """A client of a server's admin API; each request has its own connection and a timeout in seconds."""

    def __init__(self, url: str, token: str, timeout: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.timeout = timeout

    def request(self, method: str, *path: str, body: Any = None, **query: Any) -> Any:
        """Returns the parsed body of a response, or None if it is empty; ``path`` are segments below ``/__admin``.

        Raises TestmodeError for a refusal, for a body that is not JSON, and if there is no response.
        """
        status, text = self.request_text(method, *path, body=body, **query)
        try:
            return loads(text) if text else None
        except ValueError:
            sentence = f"{self.url} is not the admin API of Testmode: it returned {text[:80]!r}"
            raise TestmodeError(sentence, status, self.url + _admin_path(path)) from None

    def request_text(self, method: str, *path: str, body: Any = None, **query: Any) -> tuple[int, str]:
        """Returns status and body of a response, like ``request``; query parameters that are None are omitted."""
        parameters = {name: value for name, value in query.items() if value is not None}
        address = _admin_path(path)
        status, text = self.send(method, f"{address}?{urlencode(parameters)}" if parameters else address, body)
        self._raise_for_status(status, text, address)
        return status, text

    def _raise_for_status(self, status: int, text: str, address: str) -> None:
        if status >= 400:
            raise TestmodeError(_error_detail(text) or f"{self.url} returned {status}", status, self.url + address)

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Returns status and body of any response; raises TestmodeError if there is none within the timeout."""
        with self._open(method, path, body) as response:
            return response.status, response.read().decode()

    def stream_events(self, *path: str) -> Iterator[Any]:
        """Yields the data of each server-sent event; raises TestmodeError if none arrives within the timeout."""
        address = _admin_path(path)
        with self._open("GET", address) as response:
            if response.status >= 400:
                self._raise_for_status(response.status, response.read().decode(), address)
            for line in response:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "data":
                    yield loads(value)

    @contextmanager
    def _open(self, method: str, path: str, body: Any = None) -> Iterator[HTTPResponse]:
        address = urlsplit(self.url)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection: HTTPConnection | None = None
        try:
            if address.scheme == "https":
                connection = HTTPSConnection(address.netloc, timeout=self.timeout, context=server_address.ssl_context())
            else:
                connection = HTTPConnection(address.netloc, timeout=self.timeout)
            connection.request(method, address.path + path, None if body is None else dumps(body), headers)
            yield connection.getresponse()
        except (OSError, HTTPException) as error:
            raise TestmodeError(f"cannot reach Testmode: {error or type(error).__name__}", None, self.url) from error
        finally:
            if connection is not None:
                connection.close()


def from_environment() -> Api:
    """Returns a client for the server at TESTMODE_URL.

    The token is read from TESTMODE_ADMIN_TOKEN, the file TESTMODE_ADMIN_TOKEN_FILE, or the data directory.
    """
    default = Path(os.environ.get("TESTMODE_DATA", ".testmode")) / "admin-token"
    file = Path(os.environ.get("TESTMODE_ADMIN_TOKEN_FILE", default))
    token = os.environ.get("TESTMODE_ADMIN_TOKEN") or (file.read_text("utf-8").strip() if file.is_file() else "")
    return Api(server_address.server_url(), token)


@dataclass(frozen=True)
class ApiPath:
    """A path of the admin API; its requests are relative to this path."""

    api: Api
    path: tuple[str, ...]

    def child(self, *path: str) -> ApiPath:
        """Returns this path with further segments."""
        return ApiPath(self.api, self.path + path)

    def request(self, method: str, *path: str, body: Any = None, **query: Any) -> Any:
        """Sends ``Api.request`` to this path, or to further segments below it."""
        return self.api.request(method, *self.path, *path, body=body, **query)

    def stream_events(self, *path: str) -> Iterator[Any]:
        """Yields the events of ``Api.stream_events`` at further segments below this path."""
        return self.api.stream_events(*self.path, *path)


def _admin_path(path: tuple[str, ...]) -> str:
    return "/__admin" + "".join(f"/{quote(part, safe='')}" for part in path)


def _error_detail(text: str) -> str:
    """Returns the ``detail`` of a problem document, or the first 200 characters of any other text."""
    try:
        body = loads(text)
    except ValueError:
        return text[:200]
    return str(body["detail"]) if isinstance(body, dict) and "detail" in body else str(body or "")[:200]

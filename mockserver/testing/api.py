"""One admin request over plain HTTP, and the one error it can end in."""

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
    """The server refused, or could not be reached; ``status`` is None where there was no answer."""

    __test__ = False  # pytest would take it for a test by its name.

    def __init__(self, sentence: str, status: int | None, url: str) -> None:
        super().__init__(f"{sentence} ({status or 'no answer'} from {url})")
        self.sentence = sentence
        self.status = status
        self.url = url


class Api:
    """The server's address and token, and how it is asked; every request has its own connection and a timeout."""

    def __init__(self, url: str, token: str, timeout: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.timeout = timeout

    def request(self, method: str, *path: str, body: Any = None, **query: Any) -> Any:
        """What the admin API answers at a path of these segments; None where it has nothing to say."""
        status, text = self.request_text(method, *path, body=body, **query)
        try:
            return loads(text) if text else None
        except ValueError:
            sentence = f"{self.url} is not the admin API of Testmode: it answered {text[:80]!r}"
            raise TestmodeError(sentence, status, self.url + _admin_path(path)) from None

    def request_text(self, method: str, *path: str, body: Any = None, **query: Any) -> tuple[int, str]:
        """The status and the text the admin API answers at a path of these segments; TestmodeError for a refusal."""
        known = {name: value for name, value in query.items() if value is not None}
        address = _admin_path(path)
        status, text = self.send(method, f"{address}?{urlencode(known)}" if known else address, body)
        self._raise_for_status(status, text, address)
        return status, text

    def _raise_for_status(self, status: int, text: str, address: str) -> None:
        if status >= 400:
            raise TestmodeError(_error_detail(text) or f"{self.url} answered {status}", status, self.url + address)

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """The status and the body of one answer, whatever it is; TestmodeError where none comes in time."""
        with self._open(method, path, body) as answer:
            return answer.status, answer.read().decode()

    def stream_events(self, *path: str) -> Iterator[Any]:
        """The data of each server-sent event, as they come; TestmodeError where none comes in time."""
        address = _admin_path(path)
        with self._open("GET", address) as answer:
            if answer.status >= 400:
                self._raise_for_status(answer.status, answer.read().decode(), address)
            for line in answer:
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
    """The server that the environment names.

    At TESTMODE_URL; its token is in TESTMODE_ADMIN_TOKEN, in the file TESTMODE_ADMIN_TOKEN_FILE, or in the data
    directory.
    """
    kept = Path(os.environ.get("TESTMODE_DATA", ".testmode")) / "admin-token"
    file = Path(os.environ.get("TESTMODE_ADMIN_TOKEN_FILE", kept))
    token = os.environ.get("TESTMODE_ADMIN_TOKEN") or (file.read_text("utf-8").strip() if file.is_file() else "")
    return Api(server_address.server_url(), token)


@dataclass(frozen=True)
class ApiPath:
    """A path of the admin API, below which one part of a sandbox is asked."""

    api: Api
    path: tuple[str, ...]

    def child(self, *path: str) -> ApiPath:
        """A place further down."""
        return ApiPath(self.api, self.path + path)

    def request(self, method: str, *path: str, body: Any = None, **query: Any) -> Any:
        """What the admin API answers here, or at the path of these further segments."""
        return self.api.request(method, *self.path, *path, body=body, **query)

    def stream_events(self, *path: str) -> Iterator[Any]:
        """The data of each server-sent event at the path of these further segments."""
        return self.api.stream_events(*self.path, *path)


def _admin_path(path: tuple[str, ...]) -> str:
    return "/__admin" + "".join(f"/{quote(part, safe='')}" for part in path)


def _error_detail(text: str) -> str:
    """What a refusal says; empty when it says nothing."""
    try:
        answer = loads(text)
    except ValueError:
        return text[:200]
    return str(answer["detail"]) if isinstance(answer, dict) and "detail" in answer else str(answer or "")[:200]

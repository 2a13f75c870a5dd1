"""A small client for Kota that handles what its documentation requires. Copy it and adapt it."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

TIMEOUT = (5, 30)
"""Seconds to connect, and to wait for data. Without a timeout, a server that never responds blocks the program."""


class Refused(Exception):
    """Kota returned an error. Branch on ``code``, one of nine error codes; ``errors`` has the messages per field."""

    def __init__(self, response: requests.Response) -> None:
        body = response.json() if "json" in response.headers.get("Content-Type", "") else {}
        self.status, self.code, self.errors = response.status_code, body.get("error_code"), body.get("errors")
        super().__init__(f"{self.status} {self.code} from {response.url}: {self.errors or body.get('detail', '')}")


class Kota:
    """The API of one platform, which the key selects."""

    def __init__(self, base_url: str, key: str, backoff: float = 0.5, sleep: Callable[[float], object] = time.sleep):
        self.base_url, self._sleep, self._backoff = base_url, sleep, backoff
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        # Every POST carries an idempotency key, so a lost request can be sent again.
        retry = Retry(
            total=5,
            backoff_factor=backoff,
            backoff_jitter=backoff,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=("GET", "POST"),
            raise_on_status=False,
        )
        self._session.mount(base_url, HTTPAdapter(max_retries=retry))

    def _request(self, method: str, path: str, **options: Any) -> Any:
        response = self._session.request(method, self.base_url + path, timeout=TIMEOUT, **options)
        if not response.ok:
            raise Refused(response)
        return response.json() if response.content else None

    def post(self, path: str, body: Mapping[str, Any], key: str | None = None) -> Any:
        """Send a POST that is executed once.

        To continue after a crash, store ``key`` with your own record; it is valid for an hour.
        """
        headers = {"Idempotency-Key": key or str(uuid4())}
        for attempt in range(1, 5):
            try:
                return self._request("POST", path, json=body, headers=headers)
            except Refused as refusal:
                # After a lost response the first request may still be running, so try again later.
                # A key that was used for a different request stays refused.
                if refusal.code != "idempotency_error" or attempt == 4:
                    raise
                self._sleep(self._backoff * 2**attempt)
            except requests.RequestException:
                # A truncated response is an error here; urllib3 does not retry it, because the status had arrived.
                if attempt == 4:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def all(self, path: str, page: int = 100, **filters: Any) -> Iterator[dict[str, Any]]:
        """Yield every item of a list, page by page."""
        number = 1
        while True:
            response = self._request("GET", path, params={**filters, "page": number, "page_size": page})
            yield from response["items"]
            if not response["has_next_page"]:
                return
            number += 1

    def wait_for(self, path: str, *states: str, seconds: float = 120, every: float = 2) -> dict[str, Any]:
        """Wait until the object at a path is in one of these states: a call can start work that finishes later.

        Raises TimeoutError after ``seconds``.
        """
        for _ in range(int(seconds / every)):
            record: dict[str, Any] = self._request("GET", path)
            if record["status"] in states:
                return record
            self._sleep(every)
        raise TimeoutError(f"{path} was not {' or '.join(states)} within {seconds} s, but {record['status']}")


def read_webhook(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> dict[str, Any]:
    """Return the event in a webhook; raise ValueError if it must be refused.

    An event can arrive twice, so recognize it by its id.
    """
    header = headers.get("x-kota-webhook-signature", "")
    parts = [part.partition("=") for part in header.split(",")]
    at = next((value for name, _, value in parts if name == "t"), "")
    expected = hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
    if not any(name == "v1" and hmac.compare_digest(value, expected) for name, _, value in parts):
        raise ValueError("the signature is wrong")
    if abs(now - int(at)) > 300:
        raise ValueError("the signature is too old")
    event: dict[str, Any] = json.loads(body)
    return event

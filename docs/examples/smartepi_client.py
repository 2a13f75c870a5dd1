"""A small client for SmartEPI that handles what its documentation requires. Copy it and adapt it."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

TIMEOUT = (5, 30)
"""Seconds to connect, and to wait for data. Without a timeout, a server that never responds blocks the program."""


class Refused(Exception):
    """SmartEPI returned an error. ``kind`` is the last part of the problem's type; it is empty for gateway errors."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(f"{response.status_code} from {response.url}: {response.text[:200]}")
        self.status = response.status_code
        body = response.json() if "json" in response.headers.get("Content-Type", "") else {}
        self.kind = str(body.get("type", "")).rpartition(":")[2]


class RetryOn429(Retry):
    """Retries every method after 429, because a call refused with 429 did no work."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return status_code == 429 or super().is_retry(method, status_code, has_retry_after)


class SmartEPI:
    """The API of one organization, which the key selects."""

    def __init__(self, base_url: str, key: str, backoff: float = 0.5, sleep: Callable[[float], object] = time.sleep):
        self.base_url, self._sleep = base_url, sleep
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        # SmartEPI sends no Retry-After, so the delays grow. After a 5xx or a broken connection only reads are retried.
        retry = RetryOn429(
            total=5,
            backoff_factor=backoff,
            backoff_jitter=backoff,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=("GET",),
            raise_on_status=False,
        )
        self._session.mount(base_url, HTTPAdapter(max_retries=retry))

    def _request(self, method: str, path: str, **options: Any) -> requests.Response:
        response = self._session.request(method, self.base_url + path, timeout=TIMEOUT, **options)
        if not response.ok:
            raise Refused(response)
        return response

    def wait_for_key(self, seconds: float = 90, every: float = 5) -> None:
        """Wait until the key works: a new key is refused with 403 for about a minute.

        Raises TimeoutError after ``seconds``.
        """
        for _ in range(int(seconds / every)):
            try:
                self._request("GET", "/sectors", params={"limit": 1})
            except Refused as refusal:
                if refusal.status != 403:
                    raise
                self._sleep(every)
            else:
                return
        raise TimeoutError(f"the key was still refused after {seconds} s")

    def employees(self, page: int = 100) -> Iterator[dict[str, Any]]:
        """Yield every employee, page by page. Only a null cursor marks the last page."""
        cursor = None
        while True:
            response = self._request("GET", "/employees", params={"limit": page, "cursor": cursor}).json()
            yield from response["data"]
            cursor = response["cursor"]
            if cursor is None:
                return

    def sector_named(self, name: str) -> dict[str, Any] | None:
        """Return the sector with exactly this name; the API's filter also matches the beginning of a name."""
        sectors = self._request("GET", "/sectors", params={"name": name}).json()["data"]
        return next((each for each in sectors if each["name"] == name), None)

    def create_sector(self, name: str) -> dict[str, Any]:
        """Create a sector once, even if the response is lost.

        SmartEPI has no idempotency keys, so look for the sector before the retry.
        """
        try:
            return self._create(name)
        except requests.RequestException:
            return self.sector_named(name) or self._create(name)

    def _create(self, name: str) -> dict[str, Any]:
        record: dict[str, Any] = self._request("POST", "/sectors", json={"name": name}).json()["data"]
        return record

    def rename_sector(self, id: str, renamed: Callable[[str], str]) -> dict[str, Any]:
        """Change a sector's name. If another client changed the sector first, start again from its new name."""
        for _ in range(3):
            response = self._request("GET", f"/sectors/{id}")
            name = renamed(response.json()["data"]["name"])
            try:
                changed = self._request(
                    "PUT", f"/sectors/{id}", json={"name": name}, headers={"If-Match": response.headers["ETag"]}
                )
            except Refused as refusal:
                if refusal.kind != "conflict":
                    raise
            else:
                record: dict[str, Any] = changed.json()["data"]
                return record
        raise TimeoutError(f"sector {id} changes faster than it can be renamed")


def read_webhook(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> dict[str, Any]:
    """Return the event in a webhook; raise ValueError if it must be refused.

    An event can arrive twice, so recognize it by its id.
    """
    header = headers.get("X-SmartEPI-Signature", "")
    parts = [part.partition("=") for part in header.split(",")]
    at = next((value for name, _, value in parts if name == "t"), "")
    expected = hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
    if not any(name == "v1" and hmac.compare_digest(value, expected) for name, _, value in parts):
        raise ValueError("the signature is wrong")
    if abs(now - int(at)) > 300:
        raise ValueError("the signature is too old")
    event: dict[str, Any] = json.loads(body)
    return event

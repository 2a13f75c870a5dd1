"""A small client for Kotauth that handles what its documentation requires. Copy it and adapt it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

TIMEOUT = (5, 30)
"""Seconds to connect, and to wait for data. Without a timeout, a server that never responds blocks the program."""


class Refused(Exception):
    """Kotauth returned an error; ``detail`` is its text."""

    def __init__(self, response: requests.Response) -> None:
        body = response.json() if "json" in response.headers.get("Content-Type", "") else {}
        self.status, self.detail = response.status_code, str(body.get("detail", ""))
        super().__init__(f"{self.status} from {response.url}: {self.detail or response.text[:200]}")


class KeyRejected(Refused):
    """The key is wrong, expired or revoked; Kotauth does not say which. A retry cannot help."""


class RetryOn429(Retry):
    """Retries every method after 429, because a call refused with 429 did no work."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return status_code == 429 or super().is_retry(method, status_code, has_retry_after)


class Kotauth:
    """The API of one workspace. The base URL contains the workspace's slug; the key belongs to that workspace."""

    def __init__(self, base_url: str, key: str, backoff: float = 0.5) -> None:
        self.base_url = base_url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        # Retry obeys Retry-After; without one the delays grow. After a 5xx only reads are retried.
        retry = RetryOn429(
            total=5,
            backoff_factor=backoff,
            backoff_jitter=backoff,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=("GET",),
            raise_on_status=False,
        )
        self._session.mount(base_url, HTTPAdapter(max_retries=retry))

    def _request(self, method: str, path: str, **options: Any) -> Any:
        response = self._session.request(method, self.base_url + path, timeout=TIMEOUT, **options)
        if response.status_code == 401:
            raise KeyRejected(response)
        if not response.ok:
            raise Refused(response)
        return response.json() if response.content else None

    def users(self, search: str | None = None, page: int = 100) -> Iterator[dict[str, Any]]:
        """Yield every user once, also from a server that has no pages and returns all users every time."""
        seen: set[int] = set()
        while True:
            response = self._request("GET", "/users", params={"search": search, "limit": page, "offset": len(seen)})
            new = [user for user in response["data"] if user["id"] not in seen]
            yield from new
            seen.update(user["id"] for user in new)
            if not new or len(seen) >= response["meta"]["total"]:
                return

    def user_named(self, username: str) -> dict[str, Any] | None:
        """Return the user with exactly this name; the API's search also matches parts of names and e-mail addresses."""
        return next((user for user in self.users(search=username) if user["username"] == username), None)

    def create_user(self, username: str, email: str, full_name: str, password: str) -> dict[str, Any]:
        """Create a user once, even if the response is lost.

        If the retry gets a conflict, and the existing user has the same name and e-mail, the first try succeeded.
        """
        body = {"username": username, "email": email, "fullName": full_name, "password": password}
        try:
            return self._create(body)
        except requests.RequestException:
            try:
                return self._create(body)
            except Refused as refusal:
                existing = self.user_named(username) if refusal.status == 409 else None
                if existing is None or existing["email"] != email:
                    raise
                return existing

    def _create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        user: dict[str, Any] = self._request("POST", "/users", json=body)
        return user

    def set_attribute(self, user: int, key: str, value: str) -> None:
        """Set an attribute. The key can be any text, also with slashes; in the path it is one encoded segment."""
        self._request("PUT", f"/users/{user}/attributes/{quote(key, safe='')}", json={"value": value})

    def attributes(self, user: int) -> dict[str, str]:
        attributes: dict[str, str] = self._request("GET", f"/users/{user}/attributes")["attributes"]
        return attributes


def read_webhook(headers: Mapping[str, str], body: bytes, secret: str) -> dict[str, Any]:
    """Return the event in a webhook; raise ValueError if it must be refused.

    A webhook has neither an id nor a send time. A duplicate is identical byte for byte, and an old webhook cannot be
    recognized.
    """
    expected = "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()
    if not hmac.compare_digest(headers.get("X-KotAuth-Signature", "").encode(), expected.encode()):
        raise ValueError("the signature is wrong")
    event: dict[str, Any] = json.loads(body)
    return event

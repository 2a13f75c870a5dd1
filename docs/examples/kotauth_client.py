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

    def __init__(self, answer: requests.Response) -> None:
        said = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        self.status, self.detail = answer.status_code, str(said.get("detail", ""))
        super().__init__(f"{self.status} from {answer.url}: {self.detail or answer.text[:200]}")


class KeyRejected(Refused):
    """The key is wrong, expired or revoked; Kotauth does not say which. A retry cannot help."""


class Patience(Retry):
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
        retry = Patience(
            total=5,
            backoff_factor=backoff,
            backoff_jitter=backoff,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=("GET",),
            raise_on_status=False,
        )
        self._session.mount(base_url, HTTPAdapter(max_retries=retry))

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = self._session.request(method, self.base_url + path, timeout=TIMEOUT, **options)
        if answer.status_code == 401:
            raise KeyRejected(answer)
        if not answer.ok:
            raise Refused(answer)
        return answer.json() if answer.content else None

    def users(self, search: str | None = None, page: int = 100) -> Iterator[dict[str, Any]]:
        """Yield every user once, also from a server that has no pages and returns all users every time."""
        seen: set[int] = set()
        while True:
            answer = self._ask("GET", "/users", params={"search": search, "limit": page, "offset": len(seen)})
            fresh = [user for user in answer["data"] if user["id"] not in seen]
            yield from fresh
            seen.update(user["id"] for user in fresh)
            if not fresh or len(seen) >= answer["meta"]["total"]:
                return

    def user_named(self, username: str) -> dict[str, Any] | None:
        """Return the user with exactly this name; the API's search also matches parts of names and e-mail addresses."""
        return next((user for user in self.users(search=username) if user["username"] == username), None)

    def create_user(self, username: str, email: str, full_name: str, password: str) -> dict[str, Any]:
        """Create a user once, even if the response is lost.

        If the retry gets a conflict, and the existing user has the same name and e-mail, the first try succeeded.
        """
        wanted = {"username": username, "email": email, "fullName": full_name, "password": password}
        try:
            return self._create(wanted)
        except requests.RequestException:
            try:
                return self._create(wanted)
            except Refused as refusal:
                found = self.user_named(username) if refusal.status == 409 else None
                if found is None or found["email"] != email:
                    raise
                return found

    def _create(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        user: dict[str, Any] = self._ask("POST", "/users", json=wanted)
        return user

    def set_attribute(self, user: int, key: str, value: str) -> None:
        """Set an attribute. The key can be any text, also with slashes; in the path it is one encoded segment."""
        self._ask("PUT", f"/users/{user}/attributes/{quote(key, safe='')}", json={"value": value})

    def attributes(self, user: int) -> dict[str, str]:
        attributes: dict[str, str] = self._ask("GET", f"/users/{user}/attributes")["attributes"]
        return attributes


def read_webhook(headers: Mapping[str, str], body: bytes, secret: str) -> dict[str, Any]:
    """Return the event in a webhook; raise ValueError if it must be refused.

    A webhook has neither an id nor a send time. A duplicate is identical byte for byte, and an old webhook cannot be
    recognized.
    """
    right = "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()
    if not hmac.compare_digest(headers.get("X-KotAuth-Signature", "").encode(), right.encode()):
        raise ValueError("the signature is wrong")
    event: dict[str, Any] = json.loads(body)
    return event

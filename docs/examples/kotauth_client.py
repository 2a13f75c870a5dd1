"""A small client for Kotauth: what its documents demand of one, and nothing else. Copy it and make it yours."""

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
"""Seconds to connect, and to wait for an answer. Without them a server that says nothing holds the program for ever."""


class Refused(Exception):
    """Kotauth said no, in the words of ``detail``."""

    def __init__(self, answer: requests.Response) -> None:
        said = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        self.status, self.detail = answer.status_code, str(said.get("detail", ""))
        super().__init__(f"{self.status} from {answer.url}: {self.detail or answer.text[:200]}")


class KeyRejected(Refused):
    """The key is wrong, expired or revoked, and no further try will help: Kotauth does not say which."""


class Patience(Retry):
    """Asks again after 429 whatever the method was: such a call was refused before any work was done."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Whether an answer is worth another try."""
        return status_code == 429 or super().is_retry(method, status_code, has_retry_after)


class Kotauth:
    """One workspace, by its base URL, which has the slug in it, and a key of that workspace."""

    def __init__(self, base_url: str, key: str, backoff: float = 0.5) -> None:
        self.base_url = base_url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        # A Retry-After is obeyed; where there is none the waits grow. Only reads are repeated after a 5xx.
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
        """Every user once; a server that knows no pages, and answers all of them to each question, is understood."""
        seen: set[int] = set()
        while True:
            answer = self._ask("GET", "/users", params={"search": search, "limit": page, "offset": len(seen)})
            fresh = [user for user in answer["data"] if user["id"] not in seen]
            yield from fresh
            seen.update(user["id"] for user in fresh)
            if not fresh or len(seen) >= answer["meta"]["total"]:
                return

    def user_named(self, username: str) -> dict[str, Any] | None:
        """The user of exactly this name; the search alone would be content with a part of a name, or of an e-mail."""
        return next((user for user in self.users(search=username) if user["username"] == username), None)

    def create_user(self, username: str, email: str, full_name: str, password: str) -> dict[str, Any]:
        """Make a user, once, even where the answer is lost: then a conflict with a user like this one is a success."""
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
        """Set an attribute; its key may be any text, also one with slashes, and is one segment of the path."""
        self._ask("PUT", f"/users/{user}/attributes/{quote(key, safe='')}", json={"value": value})

    def attributes(self, user: int) -> dict[str, str]:
        """The attributes of a user."""
        attributes: dict[str, str] = self._ask("GET", f"/users/{user}/attributes")["attributes"]
        return attributes


def read_webhook(headers: Mapping[str, str], body: bytes, secret: str) -> dict[str, Any]:
    """The event in a webhook; ValueError where it must be refused.

    It carries no id and no time of sending: what comes twice is equal to the byte, and nothing shows its age.
    """
    right = "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()
    if not hmac.compare_digest(headers.get("X-KotAuth-Signature", "").encode(), right.encode()):
        raise ValueError("the signature is wrong")
    event: dict[str, Any] = json.loads(body)
    return event

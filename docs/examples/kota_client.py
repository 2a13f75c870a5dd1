"""A small client for Kota: what its documents demand of one, and nothing else. Copy it and make it yours."""

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
"""Seconds to connect, and to wait for an answer. Without them a server that says nothing holds the program for ever."""


class Refused(Exception):
    """Kota said no; ``code`` is the one of nine words to branch on, ``errors`` what is wrong with which field."""

    def __init__(self, answer: requests.Response) -> None:
        said = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        self.status, self.code, self.errors = answer.status_code, said.get("error_code"), said.get("errors")
        super().__init__(f"{self.status} {self.code} from {answer.url}: {self.errors or said.get('detail', '')}")


class Kota:
    """One platform, by its key."""

    def __init__(self, base_url: str, key: str, backoff: float = 0.5, sleep: Callable[[float], object] = time.sleep):
        self.base_url, self._sleep, self._backoff = base_url, sleep, backoff
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        # Every POST goes with an idempotency key, so whatever was lost on the way may simply be sent again.
        retry = Retry(
            total=5,
            backoff_factor=backoff,
            backoff_jitter=backoff,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=("GET", "POST"),
            raise_on_status=False,
        )
        self._session.mount(base_url, HTTPAdapter(max_retries=retry))

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = self._session.request(method, self.base_url + path, timeout=TIMEOUT, **options)
        if not answer.ok:
            raise Refused(answer)
        return answer.json() if answer.content else None

    def post(self, path: str, body: Mapping[str, Any], key: str | None = None) -> Any:
        """Have something done, once; keep ``key`` with your own record to go on after a crash within the hour."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        for attempt in range(1, 5):
            try:
                return self._ask("POST", path, json=body, headers=headers)
            except Refused as refusal:
                # The one before may still be under way, when its answer was lost; a key used for something else stays.
                if refusal.code != "idempotency_error" or attempt == 4:
                    raise
                self._sleep(self._backoff * 2**attempt)
            except requests.RequestException:
                # Half an answer is none, and urllib3 does not see it: the status had arrived.
                if attempt == 4:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def all(self, path: str, page: int = 100, **filters: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page."""
        number = 1
        while True:
            answer = self._ask("GET", path, params={**filters, "page": number, "page_size": page})
            yield from answer["items"]
            if not answer["has_next_page"]:
                return
            number += 1

    def wait_for(self, path: str, *states: str, seconds: float = 120, every: float = 2) -> dict[str, Any]:
        """The object at a path, once it is in one of these states: what is begun by a call is done later."""
        for _ in range(int(seconds / every)):
            found: dict[str, Any] = self._ask("GET", path)
            if found["status"] in states:
                return found
            self._sleep(every)
        raise TimeoutError(f"{path} was not {' or '.join(states)} within {seconds} s, but {found['status']}")


def read_webhook(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> dict[str, Any]:
    """The event in a webhook; ValueError where it must be refused. Know an event by its id: it may come twice."""
    shown = headers.get("x-kota-webhook-signature", "")
    parts = [part.partition("=") for part in shown.split(",")]
    at = next((value for name, _, value in parts if name == "t"), "")
    right = hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
    if not any(name == "v1" and hmac.compare_digest(value, right) for name, _, value in parts):
        raise ValueError("the signature is wrong")
    if abs(now - int(at)) > 300:
        raise ValueError("the signature is too old")
    event: dict[str, Any] = json.loads(body)
    return event

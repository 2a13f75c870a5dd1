"""A small client for KASKO that handles what its documentation requires. Copy it and adapt it."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha1
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

TIMEOUT = (5, 30)
"""Seconds to connect, and to wait for data. Without a timeout, a server that never responds blocks the program."""
QUOTES = {"Accept": "application/vnd.kasko.v3+json"}


class Refused(Exception):
    """KASKO returned an error. ``fields`` names the fields that the product's rules refuse."""

    def __init__(self, response: requests.Response) -> None:
        body = response.json() if "json" in response.headers.get("Content-Type", "") else {}
        self.status = response.status_code
        self.fields = [error.get("field") for error in body.get("errors", [])]
        super().__init__(f"{self.status} from {response.url}: {body.get('message') or response.text[:200]}")


class Kasko:
    """The API of one account, in the mode of the key."""

    def __init__(self, base_url: str, key: str, backoff: float = 0.5, sleep: Callable[[float], object] = time.sleep):
        self.base_url, self._sleep = base_url, sleep
        self._session = requests.Session()
        self._session.auth = (key, "")
        # Only requests without side effects are retried: reads, and quotes, which only calculate a price.
        retry = Retry(
            total=5,
            backoff_factor=backoff,
            backoff_jitter=backoff,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=None,
            raise_on_status=False,
        )
        reads = retry.new(allowed_methods=("GET",))
        self._session.mount(base_url, HTTPAdapter(max_retries=reads))
        self._session.mount(f"{base_url}/quotes", HTTPAdapter(max_retries=retry))

    def _request(self, method: str, path: str, **options: Any) -> requests.Response:
        response = self._session.request(method, self.base_url + path, timeout=TIMEOUT, **options)
        if not response.ok:
            raise Refused(response)
        return response

    def quote(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return a price and the token from which an offer is made."""
        quote: dict[str, Any] = self._request("POST", "/quotes", json=parameters, headers=QUOTES).json()
        return quote

    def offer(self, quote_token: str, person: Mapping[str, Any]) -> dict[str, Any]:
        """Make an offer from a quote. If the response is lost, make another; the first one is never paid."""
        body = {"quote_token": quote_token, **person}
        try:
            response = self._request("POST", "/policies", json=body)
        except requests.RequestException:
            response = self._request("POST", "/policies", json=body)
        offer: dict[str, Any] = response.json()
        return offer

    def pay(self, offer: Mapping[str, Any]) -> None:
        """Pay an offer by invoice, once. If the response is lost, pay again only if the offer is still ``ready``."""
        payment = {
            "token": offer["payment_token"],
            "policy_id": offer["id"],
            "method": "invoice",
            "provider": "invoice",
        }
        try:
            self._request("POST", "/payments", json=payment)
        except requests.RequestException:
            if self._request("GET", f"/offers/{offer['id']}").json()["status"] == "ready":
                self._request("POST", "/payments", json=payment)

    def policy(self, id: str, seconds: float = 60, every: float = 1) -> requests.Response:
        """Wait for the policy of a paid offer: it is issued later, and a read gets 404 until then.

        Raises TimeoutError after ``seconds``.
        """
        for _ in range(int(seconds / every)):
            try:
                return self._request("GET", f"/policies/{id}")
            except Refused as refusal:
                if refusal.status != 404:
                    raise
                self._sleep(every)
        raise TimeoutError(f"there was no policy {id} within {seconds} s")

    def cancel(self, id: str, reason: str) -> None:
        """Cancel a policy. If it changes between the read and the cancellation, read it again."""
        body = {"status": "cancelled", "cancellation_reason": reason}
        for _ in range(3):
            precondition = {"If-Match": self.policy(id).headers["ETag"]}
            try:
                self._request("PUT", f"/policies/{id}", json=body, headers=precondition)
            except Refused as refusal:
                if refusal.status != 412:
                    raise
            else:
                return
        raise TimeoutError(f"policy {id} changes faster than it can be cancelled")

    def dataset(self, id: str, fields: list[str], language: str = "en", page: int = 100) -> Iterator[dict[str, Any]]:
        """Yield these fields of every item of a dataset; the Link header names the next page."""
        parameters = {"fields": json.dumps(fields), "language": language, "limit": page}
        response = self._request("GET", f"/datasets/{id}/dataset_items", params=parameters)
        yield from response.json()
        while "next" in response.links:
            response = self._request("GET", response.links["next"]["url"].removeprefix(self.base_url))
            yield from response.json()


def read_webhook(headers: Mapping[str, str], body: bytes, secret: str) -> tuple[str, str, dict[str, Any]]:
    """Return the event's type, the delivery's id and the policy; raise ValueError if the webhook must be refused.

    A delivery can arrive twice. Nothing in a webhook shows how old it is.
    """
    expected = "sha1=" + hmac.new(secret.encode(), body, sha1).hexdigest()
    if not hmac.compare_digest(headers.get("X-KASKO-Signature", "").encode(), expected.encode()):
        raise ValueError("the signature is wrong")
    return headers["X-KASKO-Event"], headers["X-KASKO-Delivery"], json.loads(body)

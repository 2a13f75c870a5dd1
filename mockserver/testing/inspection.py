"""The parts of a sandbox that a test inspects: journal, webhook endpoints, deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockserver.testing import models
from mockserver.testing.api import ApiPath

CallList = list[models.Call]
DeliveryList = list[models.Delivery]
WebhookList = list[models.Webhook]


class NotVerified(AssertionError):
    """The journal lacks expected calls; the message has the near misses and why they did not match."""


class Requests:
    """The journal of a sandbox, which has its most recent calls."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def list(self, limit: int = 100, after: str | None = None) -> CallList:
        """Returns the most recent calls in chronological order; ``after`` is the id of the call before the first."""
        calls: CallList = self._path.request("GET", limit=limit, after=after)["requests"]
        return calls

    def get(self, id: str) -> models.WholeCall:
        """Returns a call with its bodies and its trace."""
        call: models.WholeCall = self._path.request("GET", id)
        return call

    def stream(self) -> Iterator[models.Call]:
        """Yields each new call; raises TestmodeError if the server sends nothing within the timeout."""
        return self._path.stream_events("stream")

    def replay(self, id: str) -> models.WholeCall:
        """Sends a recorded call again, without latency, and returns the new call."""
        call: models.WholeCall = self._path.request("POST", id, "replay")
        return call

    def clear(self) -> None:
        """Deletes all calls."""
        self._path.request("DELETE")

    def verify(
        self,
        *,
        status: int | None = None,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        in_order: Sequence[Mapping[str, Any]] | None = None,
        **match: Any,
    ) -> int:
        """Returns how many calls match (``method``, ``path``, ``operation``, ``key``, ``headers``, ``body``).

        Raises NotVerified if the number or the order is not as expected; without an expectation, if no call matches.
        """
        options: dict[str, Any] = {"status": status, "count": count, "at_least": at_least, "at_most": at_most}
        options |= {"in_order": in_order and list(in_order), "match": match or None}
        expected = {name: value for name, value in options.items() if value is not None}
        result = self._path.request("POST", "verify", body=expected)
        if not result["verified"]:
            raise NotVerified(_describe_mismatch(expected, result))
        return int(result["count"])


def _describe_mismatch(expected: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    lines = [f"expected {expected or 'a call'}, found {result['count']}"]
    for call in result["near_misses"]:
        lines.append(f"nearest: {format_call(call)}: {', '.join(call['why'])}")
    return "\n".join(lines)


def format_call(call: models.Call) -> str:
    """Returns one line with method, path, status, and the ids of the rules that fired."""
    rules = f"  by {', '.join(call['faults'])}" if call["faults"] else ""
    return f"{call['method']} {call['path']} -> {call['status'] or 'no response'}{rules}"


class Webhooks:
    """The webhook endpoints of a sandbox."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def add(self, url: str, events: Sequence[str] = ("*",), **settings: Any) -> models.Webhook:
        """Registers an endpoint; ``version``, ``secret`` and ``description`` are optional settings."""
        webhook: models.Webhook = self._path.request("POST", body={"url": url, "events": list(events), **settings})
        return webhook

    def list(self) -> WebhookList:
        """Returns all endpoints with their secrets."""
        webhooks: WebhookList = self._path.request("GET")
        return webhooks

    def get(self, id: str) -> models.Webhook:
        webhook: models.Webhook = self._path.request("GET", id)
        return webhook

    def change(self, id: str, **changes: Any) -> models.Webhook:
        """Changes ``url``, ``events``, ``description`` or ``enabled``."""
        webhook: models.Webhook = self._path.request("PATCH", id, body=changes)
        return webhook

    def remove(self, id: str) -> None:
        self._path.request("DELETE", id)

    def rotate(self, id: str, **options: Any) -> models.Webhook:
        """Gives an endpoint a new ``secret``; the old secret also signs for the duration ``overlap``."""
        webhook: models.Webhook = self._path.request("POST", id, "rotate", body=options)
        return webhook

    def test(self, id: str) -> models.Delivery:
        """Sends the vendor's test event to an endpoint and returns the delivery."""
        delivery: models.Delivery = self._path.request("POST", id, "test")
        return delivery


class Deliveries:
    """The deliveries of a sandbox to its webhook endpoints."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def list(self, limit: int = 100, state: str | None = None, endpoint: str | None = None) -> DeliveryList:
        """Returns the most recent deliveries in chronological order, optionally of one state or endpoint."""
        deliveries: DeliveryList = self._path.request("GET", limit=limit, state=state, endpoint=endpoint)
        return deliveries

    def get(self, id: str) -> models.Delivery:
        delivery: models.Delivery = self._path.request("GET", id)
        return delivery

    def retry(self, id: str) -> models.Delivery:
        """Attempts a delivery again now and returns the delivery."""
        delivery: models.Delivery = self._path.request("POST", id, "retry")
        return delivery

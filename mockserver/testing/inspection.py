"""What a test looks at in a sandbox: the calls made, the webhooks that left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mockserver.testing import models
from mockserver.testing.api import ApiPath

CallList = list[models.Call]
DeliveryList = list[models.Delivery]
WebhookList = list[models.Webhook]


class NotVerified(AssertionError):
    """The calls made are not those expected; it says which came nearest, and why they were not meant."""


class Requests:
    """The journal of a sandbox: every call its keys made."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def list(self, limit: int = 100, after: str | None = None) -> CallList:
        """The newest so many calls, oldest first; with ``after``, only those behind that one."""
        calls: CallList = self._path.request("GET", limit=limit, after=after)["requests"]
        return calls

    def get(self, id: str) -> models.WholeCall:
        """One call whole, with what each stage said to it."""
        call: models.WholeCall = self._path.request("GET", id)
        return call

    def stream(self) -> Iterator[models.Call]:
        """Every call from now on, as it is answered; TestmodeError where the server says nothing for too long."""
        return self._path.stream_events("stream")

    def replay(self, id: str) -> models.WholeCall:
        """Send a call once more, as it was; answers the new one. It takes no latency."""
        call: models.WholeCall = self._path.request("POST", id, "replay")
        return call

    def clear(self) -> None:
        """Forget every call."""
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
        """How many calls match (``method``, ``path``, ``operation``, ``key``, ``headers``, ``body``).

        Raises NotVerified where they are not as many as expected, or not in this order; without an expectation
        there must be one at least.
        """
        wanted: dict[str, Any] = {"status": status, "count": count, "at_least": at_least, "at_most": at_most}
        wanted |= {"in_order": in_order and list(in_order), "match": match or None}
        asked = {name: value for name, value in wanted.items() if value is not None}
        answer = self._path.request("POST", "verify", body=asked)
        if not answer["verified"]:
            raise NotVerified(_describe_mismatch(asked, answer))
        return int(answer["count"])


def _describe_mismatch(asked: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    lines = [f"expected {asked or 'a call'}, found {answer['count']}"]
    for missed in answer["near_misses"]:
        lines.append(f"nearest: {format_call(missed)}: {', '.join(missed['why'])}")
    return "\n".join(lines)


def format_call(call: models.Call) -> str:
    """A call in one line, for a person."""
    by = f"  by {', '.join(call['faults'])}" if call["faults"] else ""
    return f"{call['method']} {call['path']} -> {call['status'] or 'no answer'}{by}"


class Webhooks:
    """The webhook endpoints of a sandbox."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def add(self, url: str, events: Sequence[str] = ("*",), **wanted: Any) -> models.Webhook:
        """Tell a URL of events; ``version``, ``secret`` and ``description`` may be given."""
        webhook: models.Webhook = self._path.request("POST", body={"url": url, "events": list(events), **wanted})
        return webhook

    def list(self) -> WebhookList:
        """Every endpoint, with its secret."""
        webhooks: WebhookList = self._path.request("GET")
        return webhooks

    def get(self, id: str) -> models.Webhook:
        """One endpoint."""
        webhook: models.Webhook = self._path.request("GET", id)
        return webhook

    def change(self, id: str, **changes: Any) -> models.Webhook:
        """Change ``url``, ``events`` or ``description``, or switch it off and on with ``enabled``."""
        webhook: models.Webhook = self._path.request("PATCH", id, body=changes)
        return webhook

    def remove(self, id: str) -> None:
        """Tell an endpoint nothing any more."""
        self._path.request("DELETE", id)

    def rotate(self, id: str, **wanted: Any) -> models.Webhook:
        """Give an endpoint a new secret; the one before signs beside it for ``overlap``."""
        webhook: models.Webhook = self._path.request("POST", id, "rotate", body=wanted)
        return webhook

    def test(self, id: str) -> models.Delivery:
        """Send an endpoint the vendor's test event; answers what came of it."""
        delivery: models.Delivery = self._path.request("POST", id, "test")
        return delivery


class Deliveries:
    """What is on its way to the webhook endpoints, and what became of it."""

    def __init__(self, path: ApiPath) -> None:
        self._path = path

    def list(self, limit: int = 100, state: str | None = None, endpoint: str | None = None) -> DeliveryList:
        """The newest so many, oldest first; those in a state or to an endpoint only, where one is given."""
        deliveries: DeliveryList = self._path.request("GET", limit=limit, state=state, endpoint=endpoint)
        return deliveries

    def get(self, id: str) -> models.Delivery:
        """One delivery, with every attempt."""
        delivery: models.Delivery = self._path.request("GET", id)
        return delivery

    def retry(self, id: str) -> models.Delivery:
        """Try a delivery once more, now; answers what came of it."""
        delivery: models.Delivery = self._path.request("POST", id, "retry")
        return delivery

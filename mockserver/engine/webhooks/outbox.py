"""The outbox of one sandbox: leases due deliveries, performs their attempts and schedules the retries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Condition
from typing import Any, Protocol

from mockserver.engine.core.call import CallRules
from mockserver.engine.core.problem import Refusal
from mockserver.engine.webhooks import deliveries, endpoints
from mockserver.engine.webhooks.attempt import Attempt
from mockserver.engine.webhooks.deliveries import COLLECTION, schedule_members
from mockserver.engine.webhooks.owner import WebhookOwner
from mockserver.engine.webhooks.sender import SendResult
from mockserver.storage.base import Record, Space

DeliverySelector = Callable[[Space], Record | None]
MAX_STORED_RESPONSE_BYTES = 4_096
"""The maximum number of bytes of the response body that are stored with an attempt."""
MAX_STORED_BODY_BYTES = 65_536
"""The maximum number of bytes of the request body that are stored with an attempt."""
MAX_STORED_ATTEMPTS = 100
"""Stored attempts per delivery; beyond it the oldest are deleted."""
_LEASE_POLL_SECONDS = 0.05
"""Seconds between two attempts to get a lease that another process may hold."""
NEAR_MISS_CANDIDATES = 100
"""The number of deliveries, the newest, that are searched for a near miss."""


@dataclass(frozen=True, slots=True)
class LeasedDelivery:
    """A delivery whose endpoint is leased, so that no other delivery is sent to it until ``Outbox.send`` returns."""

    delivery: Record
    attempt: Attempt | None
    """None when the endpoint is deleted or disabled."""
    epoch: int
    is_manual: bool
    """Whether an operator retries it; the attempt then does not count in the retry schedule."""


class WebhookRule(Protocol):
    """An active fault rule for deliveries."""

    def apply_to_attempt(self, attempt: Attempt, space: Space) -> None:
        """Counts the attempt and, if the rule hits, lets the fault change it."""

    def delivery_mismatches(self, attempt: Attempt) -> Iterator[str]:
        """Yields every reason why the rule does not match an attempt."""


class WebhookRules(CallRules, Protocol):
    @property
    def webhook_rules(self) -> Sequence[WebhookRule]: ...


class OutboxOwner(WebhookOwner, Protocol):
    """The part of a sandbox that its outbox uses."""

    @property
    def ruleset(self) -> WebhookRules: ...


class Outbox:
    """Sends the deliveries of a sandbox, one at a time per endpoint, without holding the sandbox's lock."""

    def __init__(self, sandbox: OutboxOwner) -> None:
        self._sandbox = sandbox
        self._lease_released = Condition()
        self.next_due: int | None = None
        """The due instant of the first waiting delivery, or None."""
        self.next_free: int | None = None
        """The due instant of the first waiting delivery whose endpoint is not leased, or None."""
        self.wake: Callable[[], None] = lambda: None
        """Called when a delivery or a timer may have become due."""

    def note_due(self, instant: int) -> None:
        """Lowers the cached due instants; if the transaction is rolled back, they are too early until ``reload``."""
        self.next_due = instant if self.next_due is None else min(self.next_due, instant)
        self.next_free = instant if self.next_free is None else min(self.next_free, instant)
        self.wake()

    def reload(self, space: Space) -> None:
        heads = deliveries.next_per_endpoint(space)
        self.next_due = next((each["due"] for each in heads), None)
        self.next_free = next((each["due"] for each in heads if not space.is_claimed(_lease_key(each))), None)

    def lease_next(self, until: int) -> LeasedDelivery | None:
        """Leases the first delivery due at ``until`` or before whose endpoint is free; the caller must ``send`` it."""
        return self._acquire(lambda space: _if_due(until, _first_unleased(space)))[0]

    def deliver_next(self, until: int) -> bool:
        """Waits until the endpoint of the next due delivery is free, then sends it; returns False if none is due."""
        leased = self._acquire_when_free(
            lambda space: _if_due(until, next(iter(deliveries.next_per_endpoint(space)), None))
        )
        if leased is not None:
            self.send(leased)
        return leased is not None

    def deliver(self, id: str) -> Record:
        """Sends a pending delivery at once; a delivery in a final state is returned unchanged."""
        leased = self._acquire_when_free(lambda space: deliveries.get_pending(space, id))
        return self.get(id) if leased is None else self.send(leased)

    def retry(self, id: str) -> Record:
        """Sends a delivery in any state at once, outside its retry schedule.

        Raises UnknownName for an unknown id, Refusal when the endpoint is deleted or disabled.
        """
        leased = self._acquire_when_free(lambda space: deliveries.get_deliverable(space, id), is_manual=True)
        assert leased is not None
        return self.send(leased)

    def enqueue(
        self, space: Space, now: int, event: Record, endpoint: str | None = None, *, once: bool = False
    ) -> list[str]:
        """Creates deliveries of an event in the caller's transaction; see ``deliveries.enqueue``."""
        ids = deliveries.enqueue(self._sandbox, space, now, event, endpoint, once=once)
        if ids:
            self.note_due(now)
        return ids

    def send_test(self, space: Space, now: int, endpoint: str) -> list[str]:
        """Enqueues the vendor's test event for an endpoint, without retries; raises Refusal if the vendor has none."""
        provider = self._sandbox.provider
        style = provider.webhooks
        if style is None or style.test_event_type is None:
            raise Refusal(f"{provider.title} has no test event")
        id = f"evt_{style.test_event_type.replace('.', '_')}_{space.increment('test-events')}"
        event = {"id": id, "type": style.test_event_type, "created_at": now, "data": {}}
        event = {**event, "version": style.versions[-1]} if style.versions[-1] else event
        return self.enqueue(space, now, event, endpoint, once=True)

    def replay(self, event: Record) -> list[Record]:
        """Sends an event again at once to the endpoints subscribed now, without retries; returns the deliveries."""
        now = self._sandbox.now()
        with self._sandbox.transaction() as space:
            ids = self.enqueue(space, now, event, once=True)
        return [self.deliver(id) for id in ids]

    def all(self) -> list[Record]:
        """Returns all stored deliveries, oldest first."""
        with self._sandbox.transaction() as space:
            return [record for _, record in space.scan(COLLECTION)]

    def get(self, id: str) -> Record:
        """Returns a delivery; raises UnknownName with the nearest id."""
        with self._sandbox.transaction() as space:
            return deliveries.get_delivery(space, id)

    def near_miss(self, rule: WebhookRule) -> dict[str, Any] | None:
        """Returns the delivery that almost matches, with its fewest mismatches as ``why``, or None."""
        style = self._sandbox.provider.webhooks
        misses: list[dict[str, Any]] = []
        with self._sandbox.transaction() as space:
            for _, delivery in islice(space.scan(COLLECTION, descending=True), NEAR_MISS_CANDIDATES):
                endpoint = space.get(endpoints.COLLECTION, delivery["endpoint"])
                if endpoint is not None and style is not None:
                    at = delivery["attempts"][-1]["at"] if delivery["attempts"] else delivery["event"]["created_at"]
                    attempt = Attempt.create(self._sandbox, style, delivery, endpoint, at)
                    miss = {"id": delivery["id"], "event": delivery["event"]["type"]}
                    misses.append({**miss, "why": list(rule.delivery_mismatches(attempt))})
        return min((each for each in misses if each["why"]), key=lambda each: len(each["why"]), default=None)

    def send(self, leased: LeasedDelivery) -> Record:
        """Performs a leased attempt, stores its result and releases the lease; returns the changed delivery."""
        changes: dict[str, Any] = {}
        try:
            changes = self._perform(leased)
        finally:
            record = {**leased.delivery, **changes}
            self._complete(leased, record)
        return record

    def _acquire_when_free(self, select: DeliverySelector, *, is_manual: bool = False) -> LeasedDelivery | None:
        """Leases the delivery that ``select`` returns, when its endpoint is free; returns None if ``select`` does."""
        with self._lease_released:
            while True:
                leased, delivery = self._acquire(select, is_manual)
                if leased is not None or delivery is None:
                    return leased
                self._lease_released.wait(_LEASE_POLL_SECONDS)  # Polled: another process may hold the lease.

    def _acquire(
        self, select: DeliverySelector, is_manual: bool = False
    ) -> tuple[LeasedDelivery | None, Record | None]:
        leased = None
        with self._sandbox.transaction(durable=False) as space:
            delivery = select(space)
            if delivery is not None and space.claim(_lease_key(delivery)):
                attempt = self._prepare(space, delivery)
                leased = LeasedDelivery(delivery, attempt, self._sandbox.epoch, is_manual)
            self.reload(space)
        return leased, delivery

    def _prepare(self, space: Space, delivery: Record) -> Attempt | None:
        endpoint = space.get(endpoints.COLLECTION, delivery["endpoint"])
        style = self._sandbox.provider.webhooks
        if endpoint is None or style is None or not endpoint["enabled"]:
            return None
        attempt = Attempt.create(self._sandbox, style, delivery, endpoint, self._sandbox.clock_time())
        attempt.is_awaited = any(space.find(COLLECTION, "behind", delivery["endpoint"]))
        for active in self._sandbox.ruleset.webhook_rules:
            active.apply_to_attempt(attempt, space)
        return attempt

    def _perform(self, leased: LeasedDelivery) -> dict[str, Any]:
        """Returns the members of the delivery that change."""
        delivery, attempt = leased.delivery, leased.attempt
        if attempt is None:
            return {"state": "abandoned", **schedule_members(delivery["endpoint"], None)}
        faults = list(dict.fromkeys([*delivery["faults"], *attempt.fired]))
        if attempt.dropped:
            return {"state": "dropped", **schedule_members(delivery["endpoint"], None), "faults": faults}
        if attempt.postponed_by is not None:
            behind = delivery["endpoint"] if attempt.until_next_sent else None
            schedule = schedule_members(delivery["endpoint"], attempt.now + attempt.postponed_by, behind)
            # A final delivery that an operator retries gets no further retries if a fault postpones it.
            once = delivery["once"] or delivery["state"] != "pending"
            return {"state": "pending", **schedule, "once": once, "put_off": True, "faults": faults}
        return {**self._send_copies(leased, attempt), "faults": faults}

    def _send_copies(self, leased: LeasedDelivery, attempt: Attempt) -> dict[str, Any]:
        sandbox, style = self._sandbox, self._sandbox.provider.webhooks
        assert style is not None
        headers, timeout = attempt.headers(style), sandbox.assumptions.webhook_timeout / 1_000_000
        url = attempt.endpoint["url"]
        results = [sandbox.sender.send(url, headers, attempt.body, timeout) for _ in range(attempt.copies)]
        records = [_attempt_record(attempt, headers, result) for result in results]
        tries = leased.delivery["tries"] + (not leased.is_manual)
        due = None if any(each.is_delivered for each in results) else self._next_due(leased, attempt.now, tries)
        state = (
            "pending" if due is not None else "delivered" if any(each.is_delivered for each in results) else "failed"
        )
        attempts = [*leased.delivery["attempts"], *records][-MAX_STORED_ATTEMPTS:]
        return {"state": state, **schedule_members(attempt.endpoint["id"], due), "tries": tries, "attempts": attempts}

    def _next_due(self, leased: LeasedDelivery, now: int, tries: int) -> int | None:
        """Returns the due instant of the next attempt, or None."""
        delays, delivery = self._sandbox.assumptions.webhook_retries, leased.delivery
        if leased.is_manual:
            due: int | None = delivery["due"]
            return due
        return None if delivery["once"] or tries > len(delays) else now + delays[tries - 1]

    def _complete(self, leased: LeasedDelivery, record: Record) -> None:
        try:
            with self._sandbox.transaction(durable=False) as space:
                # During the attempt a reset, a restore or an eviction may have removed or replaced the delivery.
                if leased.epoch == self._sandbox.epoch:
                    space.release(_lease_key(record))
                    self._replace(space, leased, record)
                self.reload(space)
        except BaseException:
            self._sandbox.release_claim(_lease_key(record), leased.epoch)
            raise
        finally:
            with self._lease_released:
                self._lease_released.notify_all()
            self.wake()

    def _replace(self, space: Space, leased: LeasedDelivery, record: Record) -> None:
        if space.get(COLLECTION, record["id"]) == leased.delivery:
            space.put(COLLECTION, record)
            if leased.attempt is not None and leased.attempt.is_sent:
                deliveries.release_postponed(space, record["endpoint"], leased.attempt.now)


def _lease_key(delivery: Record) -> str:
    """Returns the name of the claim that is the lease of the delivery's endpoint."""
    return f"webhook:{delivery['endpoint']}"


def _first_unleased(space: Space) -> Record | None:
    return next((each for each in deliveries.next_per_endpoint(space) if not space.is_claimed(_lease_key(each))), None)


def _if_due(until: int, delivery: Record | None) -> Record | None:
    return delivery if delivery is not None and delivery["due"] <= until else None


def _attempt_record(attempt: Attempt, headers: list[tuple[str, str]], result: SendResult) -> dict[str, Any]:
    return {
        "at": attempt.now,
        "status": result.status,
        "error": result.error,
        "milliseconds": round(result.seconds * 1000, 3),
        "headers": [list(pair) for pair in headers],
        "body": attempt.body[:MAX_STORED_BODY_BYTES].decode("utf-8", "replace"),
        "answer": result.body[:MAX_STORED_RESPONSE_BYTES].decode("utf-8", "replace"),
        "faults": list(attempt.fired),
    }

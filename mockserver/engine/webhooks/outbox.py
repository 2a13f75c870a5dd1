"""What is on its way out of one sandbox: deliveries wait, are sent in the order they fall due, and are tried again."""

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
"""So many bytes of a receiver's answer are kept."""
MAX_STORED_BODY_BYTES = 65_536
"""So many bytes of what was sent are kept with each attempt."""
MAX_STORED_ATTEMPTS = 100
"""So many attempts are kept of each delivery; the oldest go first."""
_LEASE_POLL_SECONDS = 0.05
NEAR_MISS_CANDIDATES = 100
"""So many deliveries are looked through for the one that a rule nearly hit."""


@dataclass(frozen=True, slots=True)
class LeasedDelivery:
    """A delivery in someone's hands: until it is sent, nobody else sends anything to its endpoint."""

    delivery: Record
    attempt: Attempt | None
    """None when its endpoint is gone or switched off."""
    epoch: int
    is_manual: bool
    """Whether an operator wants it now: it then stands outside the schedule."""


class WebhookRule(Protocol):
    """A fault rule that is at work on the deliveries of a sandbox."""

    def apply_to_attempt(self, attempt: Attempt, space: Space) -> None:
        """Change an attempt that the rule hits."""

    def delivery_mismatches(self, attempt: Attempt) -> Iterator[str]:
        """Every reason why the rule does not count an attempt."""


class WebhookRules(CallRules, Protocol):
    """The fault rules of a sandbox."""

    @property
    def webhook_rules(self) -> Sequence[WebhookRule]: ...


class OutboxOwner(WebhookOwner, Protocol):
    """The sandbox of an outbox."""

    @property
    def ruleset(self) -> WebhookRules: ...


class Outbox:
    """The deliveries of a sandbox, one at a time to each endpoint. Nothing is sent while the sandbox's lock is held."""

    def __init__(self, sandbox: OutboxOwner) -> None:
        self._sandbox = sandbox
        self._lease_released = Condition()
        self.next_due: int | None = None
        """When the first delivery that waits is due, or None while none does."""
        self.next_free: int | None = None
        """The same for those whose endpoints nobody is sending to."""
        self.wake: Callable[[], None] = lambda: None
        """Called when something waits to be sent."""

    def note_due(self, instant: int) -> None:
        """Something falls due at an instant, should the running transaction be kept."""
        self.next_due = instant if self.next_due is None else min(self.next_due, instant)
        self.next_free = instant if self.next_free is None else min(self.next_free, instant)
        self.wake()

    def reload(self, space: Space) -> None:
        """Take over what the store holds."""
        heads = deliveries.next_per_endpoint(space)
        self.next_due = next((each["due"] for each in heads), None)
        self.next_free = next((each["due"] for each in heads if not space.is_claimed(_lease_key(each))), None)

    def lease_next(self, until: int) -> LeasedDelivery | None:
        """The delivery that is due first by an instant, if its endpoint is at rest; whoever takes it must send it."""
        return self._acquire(lambda space: _if_due(until, _first_unleased(space)))[0]

    def deliver_next(self, until: int) -> bool:
        """Make the attempt that is due first, when it is due by an instant; False when none is."""
        parcel = self._acquire_when_free(
            lambda space: _if_due(until, next(iter(deliveries.next_per_endpoint(space)), None))
        )
        if parcel is not None:
            self.send(parcel)
        return parcel is not None

    def deliver(self, id: str) -> Record:
        """Make the first attempt of a delivery at once, unless it has been made meanwhile."""
        parcel = self._acquire_when_free(lambda space: deliveries.get_pending(space, id))
        return self.get(id) if parcel is None else self.send(parcel)

    def retry(self, id: str) -> Record:
        """Try a delivery once more at once, whatever has become of it; its schedule goes on as if nothing had been."""
        parcel = self._acquire_when_free(lambda space: deliveries.get_deliverable(space, id), is_manual=True)
        assert parcel is not None
        return self.send(parcel)

    def enqueue(
        self, space: Space, now: int, event: Record, only: str | None = None, *, once: bool = False
    ) -> list[str]:
        """Have an event delivered within the transaction it is told in; see ``deliveries.post``."""
        ids = deliveries.enqueue(self._sandbox, space, now, event, only, once=once)
        if ids:
            self.note_due(now)
        return ids

    def send_test(self, space: Space, now: int, endpoint: str) -> list[str]:
        """Send an endpoint, once, the event that the vendor's console sends as a test; Refusal where it sends none."""
        provider = self._sandbox.provider
        style = provider.webhooks
        if style is None or style.test_event_type is None:
            raise Refusal(f"{provider.title} has no test event")
        id = f"evt_{style.test_event_type.replace('.', '_')}_{space.increment('test-events')}"
        event = {"id": id, "type": style.test_event_type, "created_at": now, "data": {}}
        event = {**event, "version": style.versions[-1]} if style.versions[-1] else event
        return self.enqueue(space, now, event, endpoint, once=True)

    def replay(self, event: Record) -> list[Record]:
        """Send an event once more to everyone who asks for it now, once and at once; answers the deliveries."""
        now = self._sandbox.now()
        with self._sandbox.transaction() as space:
            ids = self.enqueue(space, now, event, once=True)
        return [self.deliver(id) for id in ids]

    def all(self) -> list[Record]:
        """Every delivery kept, oldest first."""
        with self._sandbox.transaction() as space:
            return [record for _, record in space.scan(COLLECTION)]

    def get(self, id: str) -> Record:
        """The delivery of that id; Unknown names the nearest."""
        with self._sandbox.transaction() as space:
            return deliveries.get_delivery(space, id)

    def near_miss(self, rule: WebhookRule) -> dict[str, Any] | None:
        """Which of the newest deliveries comes nearest to being hit by a rule without being meant, and why not."""
        style = self._sandbox.provider.webhooks
        missed: list[dict[str, Any]] = []
        with self._sandbox.transaction() as space:
            for _, delivery in islice(space.scan(COLLECTION, descending=True), NEAR_MISS_CANDIDATES):
                endpoint = space.get(endpoints.COLLECTION, delivery["endpoint"])
                if endpoint is not None and style is not None:
                    at = delivery["attempts"][-1]["at"] if delivery["attempts"] else delivery["event"]["created_at"]
                    attempt = Attempt.create(self._sandbox, style, delivery, endpoint, at)
                    told = {"id": delivery["id"], "event": delivery["event"]["type"]}
                    missed.append({**told, "why": list(rule.delivery_mismatches(attempt))})
        return min((each for each in missed if each["why"]), key=lambda each: len(each["why"]), default=None)

    def send(self, parcel: LeasedDelivery) -> Record:
        """Do what a parcel says and keep what came of it; answers the delivery as it is then."""
        changes: dict[str, Any] = {}
        try:
            changes = self._perform(parcel)
        finally:
            record = {**parcel.delivery, **changes}
            self._complete(parcel, record)
        return record

    def _acquire_when_free(self, pick: DeliverySelector, *, is_manual: bool = False) -> LeasedDelivery | None:
        """Take what ``pick`` finds in hand, once its endpoint is at rest; None when it finds nothing."""
        with self._lease_released:
            while True:
                parcel, wanted = self._acquire(pick, is_manual)
                if parcel is not None or wanted is None:
                    return parcel
                self._lease_released.wait(_LEASE_POLL_SECONDS)  # It may be another process that sends.

    def _acquire(self, pick: DeliverySelector, is_manual: bool = False) -> tuple[LeasedDelivery | None, Record | None]:
        parcel = None
        with self._sandbox.transaction(durable=False) as space:
            wanted = pick(space)
            if wanted is not None and space.claim(_lease_key(wanted)):
                attempt = self._prepare(space, wanted)
                parcel = LeasedDelivery(wanted, attempt, self._sandbox.epoch, is_manual)
            self.reload(space)
        return parcel, wanted

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

    def _perform(self, parcel: LeasedDelivery) -> dict[str, Any]:
        """What becomes of the delivery."""
        delivery, attempt = parcel.delivery, parcel.attempt
        if attempt is None:
            return {"state": "abandoned", **schedule_members(delivery["endpoint"], None)}
        faults = list(dict.fromkeys([*delivery["faults"], *attempt.fired]))
        if attempt.dropped:
            return {"state": "dropped", **schedule_members(delivery["endpoint"], None), "faults": faults}
        if attempt.postponed_by is not None:
            behind = delivery["endpoint"] if attempt.until_next_sent else None
            wait = schedule_members(delivery["endpoint"], attempt.now + attempt.postponed_by, behind)
            once = delivery["once"] or delivery["state"] != "pending"
            return {"state": "pending", **wait, "once": once, "put_off": True, "faults": faults}
        return {**self._send_copies(parcel, attempt), "faults": faults}

    def _send_copies(self, parcel: LeasedDelivery, attempt: Attempt) -> dict[str, Any]:
        sandbox, style = self._sandbox, self._sandbox.provider.webhooks
        assert style is not None
        headers, limit = attempt.headers(style), sandbox.assumptions.webhook_timeout / 1_000_000
        url = attempt.endpoint["url"]
        outcomes = [sandbox.sender.send(url, headers, attempt.body, limit) for _ in range(attempt.copies)]
        shown = [_attempt_record(attempt, headers, outcome) for outcome in outcomes]
        tries = parcel.delivery["tries"] + (not parcel.is_manual)
        due = None if any(each.is_delivered for each in outcomes) else self._next_due(parcel, attempt.now, tries)
        state = (
            "pending" if due is not None else "delivered" if any(each.is_delivered for each in outcomes) else "failed"
        )
        attempts = [*parcel.delivery["attempts"], *shown][-MAX_STORED_ATTEMPTS:]
        return {"state": state, **schedule_members(attempt.endpoint["id"], due), "tries": tries, "attempts": attempts}

    def _next_due(self, parcel: LeasedDelivery, now: int, tries: int) -> int | None:
        """When it is tried again, if it is."""
        waits, delivery = self._sandbox.assumptions.webhook_retries, parcel.delivery
        if parcel.is_manual:
            due: int | None = delivery["due"]
            return due
        return None if delivery["once"] or tries > len(waits) else now + waits[tries - 1]

    def _complete(self, parcel: LeasedDelivery, record: Record) -> None:
        try:
            with self._sandbox.transaction(durable=False) as space:
                # A reset or an overfull outbox may have forgotten it meanwhile, a restore brought back another.
                if parcel.epoch == self._sandbox.epoch:
                    space.release(_lease_key(record))
                    self._replace(space, parcel, record)
                self.reload(space)
        except BaseException:
            self._sandbox.release_claim(_lease_key(record), parcel.epoch)
            raise
        finally:
            with self._lease_released:
                self._lease_released.notify_all()
            self.wake()

    def _replace(self, space: Space, parcel: LeasedDelivery, record: Record) -> None:
        if space.get(COLLECTION, record["id"]) == parcel.delivery:
            space.put(COLLECTION, record)
            if parcel.attempt is not None and parcel.attempt.is_sent:
                deliveries.release_postponed(space, record["endpoint"], parcel.attempt.now)


def _lease_key(delivery: Record) -> str:
    """The claim on an endpoint: who has it sends to it, and nobody else does."""
    return f"webhook:{delivery['endpoint']}"


def _first_unleased(space: Space) -> Record | None:
    """The delivery that is due first among those whose endpoints nobody is sending to."""
    return next((each for each in deliveries.next_per_endpoint(space) if not space.is_claimed(_lease_key(each))), None)


def _if_due(until: int, delivery: Record | None) -> Record | None:
    return delivery if delivery is not None and delivery["due"] <= until else None


def _attempt_record(attempt: Attempt, headers: list[tuple[str, str]], outcome: SendResult) -> dict[str, Any]:
    return {
        "at": attempt.now,
        "status": outcome.status,
        "error": outcome.error,
        "milliseconds": round(outcome.seconds * 1000, 3),
        "headers": [list(pair) for pair in headers],
        "body": attempt.body[:MAX_STORED_BODY_BYTES].decode("utf-8", "replace"),
        "answer": outcome.body[:MAX_STORED_RESPONSE_BYTES].decode("utf-8", "replace"),
        "faults": list(attempt.fired),
    }

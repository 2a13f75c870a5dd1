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
from mockserver.engine.webhooks.deliveries import KEPT, waiting
from mockserver.engine.webhooks.owner import WebhookOwner
from mockserver.engine.webhooks.post import Outcome
from mockserver.storage.base import Record, Space

Pick = Callable[[Space], Record | None]
ANSWER_KEPT = 4_096
"""So many bytes of a receiver's answer are kept."""
BODY_KEPT = 65_536
"""So many bytes of what was sent are kept with each attempt."""
ATTEMPTS_KEPT = 100
"""So many attempts are kept of each delivery; the oldest go first."""
_LOOK_AGAIN = 0.05
LOOKED_AT = 100
"""So many deliveries are looked through for the one that a rule nearly hit."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery in someone's hands: until it is sent, nobody else sends anything to its endpoint."""

    delivery: Record
    attempt: Attempt | None
    """None when its endpoint is gone or switched off."""
    epoch: int
    asked_for: bool
    """Whether an operator wants it now: it then stands outside the schedule."""


class WebhookRule(Protocol):
    """A fault rule that is at work on the deliveries of a sandbox."""

    def spoil(self, attempt: Attempt, space: Space) -> None:
        """Change an attempt that the rule hits."""

    def delivery_misses(self, attempt: Attempt) -> Iterator[str]:
        """Every reason why the rule does not count an attempt."""


class WebhookRules(CallRules, Protocol):
    """The fault rules of a sandbox."""

    @property
    def of_webhooks(self) -> Sequence[WebhookRule]: ...


class OutboxOwner(WebhookOwner, Protocol):
    """The sandbox of an outbox."""

    @property
    def ruleset(self) -> WebhookRules: ...


class Outbox:
    """The deliveries of a sandbox, one at a time to each endpoint. Nothing is sent while the sandbox's lock is held."""

    def __init__(self, sandbox: OutboxOwner) -> None:
        self._sandbox = sandbox
        self._freed = Condition()
        self.next_due: int | None = None
        """When the first delivery that waits is due, or None while none does."""
        self.next_free: int | None = None
        """The same for those whose endpoints nobody is sending to."""
        self.wake: Callable[[], None] = lambda: None
        """Called when something waits to be sent."""

    def note(self, instant: int) -> None:
        """Something falls due at an instant, should the running transaction be kept."""
        self.next_due = instant if self.next_due is None else min(self.next_due, instant)
        self.next_free = instant if self.next_free is None else min(self.next_free, instant)
        self.wake()

    def read(self, space: Space) -> None:
        """Take over what the store holds."""
        heads = deliveries.heads(space)
        self.next_due = next((each["due"] for each in heads), None)
        self.next_free = next((each["due"] for each in heads if not space.claimed(_hands(each))), None)

    def take(self, until: int) -> Parcel | None:
        """The delivery that is due first by an instant, if its endpoint is at rest; whoever takes it must send it."""
        return self._lift(lambda space: _by(until, _first_at_rest(space)))[0]

    def deliver_next(self, until: int) -> bool:
        """Make the attempt that is due first, when it is due by an instant; False when none is."""
        parcel = self._await(lambda space: _by(until, next(iter(deliveries.heads(space)), None)))
        if parcel is not None:
            self.send(parcel)
        return parcel is not None

    def deliver(self, id: str) -> Record:
        """Make the first attempt of a delivery at once, unless it has been made meanwhile."""
        parcel = self._await(lambda space: deliveries.waiting_still(space, id))
        return self.get(id) if parcel is None else self.send(parcel)

    def retry(self, id: str) -> Record:
        """Try a delivery once more at once, whatever has become of it; its schedule goes on as if nothing had been."""
        parcel = self._await(lambda space: deliveries.within_reach(space, id), asked_for=True)
        assert parcel is not None
        return self.send(parcel)

    def post(self, space: Space, now: int, event: Record, only: str | None = None, *, once: bool = False) -> list[str]:
        """Have an event delivered within the transaction it is told in; see ``deliveries.post``."""
        ids = deliveries.post(self._sandbox, space, now, event, only, once=once)
        if ids:
            self.note(now)
        return ids

    def send_test(self, space: Space, now: int, endpoint: str) -> list[str]:
        """Send an endpoint, once, the event that the vendor's console sends as a test; Refusal where it sends none."""
        provider = self._sandbox.provider
        style = provider.webhooks
        if style is None or style.test is None:
            raise Refusal(f"{provider.title} has no test event")
        id = f"evt_{style.test.replace('.', '_')}_{space.bump('test-events')}"
        event = {"id": id, "type": style.test, "created_at": now, "data": {}}
        event = {**event, "version": style.versions[-1]} if style.versions[-1] else event
        return self.post(space, now, event, endpoint, once=True)

    def replay(self, event: Record) -> list[Record]:
        """Send an event once more to everyone who asks for it now, once and at once; answers the deliveries."""
        now = self._sandbox.now()
        with self._sandbox.transaction() as space:
            ids = self.post(space, now, event, once=True)
        return [self.deliver(id) for id in ids]

    def all(self) -> list[Record]:
        """Every delivery kept, oldest first."""
        with self._sandbox.transaction() as space:
            return [record for _, record in space.scan(KEPT)]

    def get(self, id: str) -> Record:
        """The delivery of that id; Unknown names the nearest."""
        with self._sandbox.transaction() as space:
            return deliveries.found(space, id)

    def near_miss(self, rule: WebhookRule) -> dict[str, Any] | None:
        """Which of the newest deliveries comes nearest to being hit by a rule without being meant, and why not."""
        style = self._sandbox.provider.webhooks
        missed: list[dict[str, Any]] = []
        with self._sandbox.transaction() as space:
            for _, delivery in islice(space.scan(KEPT, descending=True), LOOKED_AT):
                endpoint = space.get(endpoints.KEPT, delivery["endpoint"])
                if endpoint is not None and style is not None:
                    at = delivery["attempts"][-1]["at"] if delivery["attempts"] else delivery["event"]["created_at"]
                    attempt = Attempt.of(self._sandbox, style, delivery, endpoint, at)
                    told = {"id": delivery["id"], "event": delivery["event"]["type"]}
                    missed.append({**told, "why": list(rule.delivery_misses(attempt))})
        return min((each for each in missed if each["why"]), key=lambda each: len(each["why"]), default=None)

    def send(self, parcel: Parcel) -> Record:
        """Do what a parcel says and keep what came of it; answers the delivery as it is then."""
        changes: dict[str, Any] = {}
        try:
            changes = self._sent(parcel)
        finally:
            record = {**parcel.delivery, **changes}
            self._put_down(parcel, record)
        return record

    def _await(self, pick: Pick, *, asked_for: bool = False) -> Parcel | None:
        """Take what ``pick`` finds in hand, once its endpoint is at rest; None when it finds nothing."""
        with self._freed:
            while True:
                parcel, wanted = self._lift(pick, asked_for)
                if parcel is not None or wanted is None:
                    return parcel
                self._freed.wait(_LOOK_AGAIN)  # It may be another process that sends.

    def _lift(self, pick: Pick, asked_for: bool = False) -> tuple[Parcel | None, Record | None]:
        parcel = None
        with self._sandbox.transaction(durable=False) as space:
            wanted = pick(space)
            if wanted is not None and space.claim(_hands(wanted)):
                attempt = self._prepare(space, wanted)
                parcel = Parcel(wanted, attempt, self._sandbox.epoch, asked_for)
            self.read(space)
        return parcel, wanted

    def _prepare(self, space: Space, delivery: Record) -> Attempt | None:
        endpoint = space.get(endpoints.KEPT, delivery["endpoint"])
        style = self._sandbox.provider.webhooks
        if endpoint is None or style is None or not endpoint["enabled"]:
            return None
        attempt = Attempt.of(self._sandbox, style, delivery, endpoint, self._sandbox.instant())
        attempt.awaited = any(space.find(KEPT, "behind", delivery["endpoint"]))
        for active in self._sandbox.ruleset.of_webhooks:
            active.spoil(attempt, space)
        return attempt

    def _sent(self, parcel: Parcel) -> dict[str, Any]:
        """What becomes of the delivery."""
        delivery, attempt = parcel.delivery, parcel.attempt
        if attempt is None:
            return {"state": "abandoned", **waiting(delivery["endpoint"], None)}
        faults = list(dict.fromkeys([*delivery["faults"], *attempt.fired]))
        if attempt.dropped:
            return {"state": "dropped", **waiting(delivery["endpoint"], None), "faults": faults}
        if attempt.put_off is not None:
            behind = delivery["endpoint"] if attempt.let_pass else None
            wait = waiting(delivery["endpoint"], attempt.now + attempt.put_off, behind)
            once = delivery["once"] or delivery["state"] != "pending"
            return {"state": "pending", **wait, "once": once, "put_off": True, "faults": faults}
        return {**self._carried(parcel, attempt), "faults": faults}

    def _carried(self, parcel: Parcel, attempt: Attempt) -> dict[str, Any]:
        sandbox, style = self._sandbox, self._sandbox.provider.webhooks
        assert style is not None
        headers, limit = attempt.headers(style), sandbox.assumptions.webhook_timeout / 1_000_000
        url = attempt.endpoint["url"]
        outcomes = [sandbox.post.send(url, headers, attempt.body, limit) for _ in range(attempt.copies)]
        shown = [_shown(attempt, headers, outcome) for outcome in outcomes]
        tries = parcel.delivery["tries"] + (not parcel.asked_for)
        due = None if any(each.delivered for each in outcomes) else self._again(parcel, attempt.now, tries)
        state = "pending" if due is not None else "delivered" if any(each.delivered for each in outcomes) else "failed"
        attempts = [*parcel.delivery["attempts"], *shown][-ATTEMPTS_KEPT:]
        return {"state": state, **waiting(attempt.endpoint["id"], due), "tries": tries, "attempts": attempts}

    def _again(self, parcel: Parcel, now: int, tries: int) -> int | None:
        """When it is tried again, if it is."""
        waits, delivery = self._sandbox.assumptions.webhook_retries, parcel.delivery
        if parcel.asked_for:
            due: int | None = delivery["due"]
            return due
        return None if delivery["once"] or tries > len(waits) else now + waits[tries - 1]

    def _put_down(self, parcel: Parcel, record: Record) -> None:
        try:
            with self._sandbox.transaction(durable=False) as space:
                # A reset or an overfull outbox may have forgotten it meanwhile, a restore brought back another.
                if parcel.epoch == self._sandbox.epoch:
                    space.release(_hands(record))
                    self._replace(space, parcel, record)
                self.read(space)
        except BaseException:
            self._sandbox.release_claim(_hands(record), parcel.epoch)
            raise
        finally:
            with self._freed:
                self._freed.notify_all()
            self.wake()

    def _replace(self, space: Space, parcel: Parcel, record: Record) -> None:
        if space.get(KEPT, record["id"]) == parcel.delivery:
            space.put(KEPT, record)
            if parcel.attempt is not None and parcel.attempt.leaves:
                deliveries.let_go(space, record["endpoint"], parcel.attempt.now)


def _hands(delivery: Record) -> str:
    """The claim on an endpoint: who has it sends to it, and nobody else does."""
    return f"webhook:{delivery['endpoint']}"


def _first_at_rest(space: Space) -> Record | None:
    """The delivery that is due first among those whose endpoints nobody is sending to."""
    return next((each for each in deliveries.heads(space) if not space.claimed(_hands(each))), None)


def _by(until: int, delivery: Record | None) -> Record | None:
    return delivery if delivery is not None and delivery["due"] <= until else None


def _shown(attempt: Attempt, headers: list[tuple[str, str]], outcome: Outcome) -> dict[str, Any]:
    return {
        "at": attempt.now,
        "status": outcome.status,
        "error": outcome.error,
        "milliseconds": round(outcome.seconds * 1000, 3),
        "headers": [list(pair) for pair in headers],
        "body": attempt.body[:BODY_KEPT].decode("utf-8", "replace"),
        "answer": outcome.body[:ANSWER_KEPT].decode("utf-8", "replace"),
        "faults": list(attempt.fired),
    }

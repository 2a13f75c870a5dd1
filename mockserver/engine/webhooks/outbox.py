"""What is on its way out of one sandbox: deliveries wait, are sent in the order they fall due, and are tried again."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

from mockserver.engine.problem import Refusal, Unknown
from mockserver.engine.provider import Moment
from mockserver.engine.webhooks import endpoints
from mockserver.engine.webhooks.attempt import Attempt, Outcome
from mockserver.engine.webhooks.style import WebhookStyle
from mockserver.storage.base import Record, Space

if TYPE_CHECKING:
    from mockserver.engine.lifecycle import At
    from mockserver.engine.sandbox import Sandbox

KEPT = "_deliveries"
BOUND = 10_000
"""So many deliveries are kept per sandbox, waiting and done; the oldest go first."""
ANSWER_KEPT = 4_096
"""So many bytes of a receiver's answer are kept."""


def post(at: At, event: Record, only: str | None = None, *, held: bool = False) -> list[str]:
    """Have an event delivered to everyone who asked for it, within the transaction it is told in.

    ``only`` names one endpoint, which then need not have asked; what is ``held`` leaves when it is retried. Answers
    the deliveries' ids.
    """
    style = at.sandbox.provider.webhooks
    if style is None or not at.space.count(endpoints.KEPT):
        return []
    version = event.get("version", "")
    asked = [record for _, record in at.space.scan(endpoints.KEPT)]
    told = [
        each for each in asked if (style.wants(each, event["type"], version) if only is None else each["id"] == only)
    ]
    return [_wait(at, style, event, endpoint, held) for endpoint in told]


def _wait(at: At, style: WebhookStyle, event: Record, endpoint: Record, held: bool) -> str:
    delivery = {
        "id": style.delivery_id(at.sandbox.randomness, at.space.bump("deliveries")),
        "endpoint": endpoint["id"],
        "event": event,
        "state": "pending",
        "due": None if held else _due(at.now),
        "put_off": False,
        "behind": None,
        "attempts": [],
        "faults": [],
    }
    at.space.append(KEPT, delivery, keep=BOUND)
    if not held:
        at.sandbox.outbox.note(at.now)
    return str(delivery["id"])


def _due(instant: int) -> str:
    return f"{instant:020d}"


class Outbox:
    """The deliveries of a sandbox. Nothing is sent while the sandbox's lock is held."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._sending = Lock()
        self._next: int | None = None
        self._epoch = 0
        self.wake: Callable[[], None] = lambda: None
        """Called when something waits to be sent."""

    def note(self, instant: int) -> None:
        """Something falls due at an instant, should the running transaction be kept."""
        self._next = instant if self._next is None else min(self._next, instant)
        self.wake()

    def read(self, space: Space) -> None:
        """Take over what the store holds."""
        self._next = _first_due(space)

    @property
    def next_due(self) -> int | None:
        """When the next attempt is due, or None while nothing waits."""
        return self._next

    def deliver(self, until: int) -> int:
        """Make every attempt that is due by an instant, in order, each at its own; answers how many."""
        made = 0
        while self.deliver_next(until):
            made += 1
        return made

    def deliver_next(self, until: int) -> bool:
        """Make the attempt that is due first, when it is due by an instant; False when none is."""
        with self._sending:
            with self._sandbox.transaction(durable=False) as space:
                delivery = _first(space)
                if delivery is None or int(delivery["due"]) > until:
                    self._next = _first_due(space)
                    return False
                attempt = self._prepare(space, delivery, int(delivery["due"]))
            self._make(delivery, attempt)
        return True

    def retry(self, id: str) -> Record:
        """Try a delivery once more at once, whatever has become of it; a failure is not tried again by itself."""
        with self._sending:
            now = self._sandbox.now()
            with self._sandbox.transaction(durable=False) as space:
                delivery = _found(space, id)
                attempt = self._prepare(space, {**delivery, "state": "retried"}, now)
            self._make({**delivery, "state": "retried"}, attempt)
        with self._sandbox.transaction() as space:
            return _found(space, id)

    def replay(self, event: Record) -> list[Record]:
        """Send an event once more to everyone who asks for it now, once and at once; answers the deliveries."""
        now = self._sandbox.now()
        with self._sandbox.transaction() as space:
            ids = post(Moment(self._sandbox, now, space), event, held=True)
        return [self.retry(id) for id in ids]

    def all(self) -> list[Record]:
        """Every delivery kept, oldest first."""
        with self._sandbox.transaction() as space:
            return [record for _, record in space.scan(KEPT)]

    def get(self, id: str) -> Record:
        """The delivery of that id; Unknown names the nearest."""
        with self._sandbox.transaction() as space:
            return _found(space, id)

    def _prepare(self, space: Space, delivery: Record, now: int) -> Attempt | None:
        self._epoch = self._sandbox.epoch
        endpoint = space.get(endpoints.KEPT, delivery["endpoint"])
        style = self._sandbox.provider.webhooks
        if endpoint is None or style is None or not endpoint["enabled"]:
            return None
        attempt = Attempt.of(self._sandbox, style, delivery, endpoint, now)
        for active in self._sandbox.ruleset.of_webhooks:
            active.spoil(attempt, space)
        return attempt

    def _make(self, delivery: Record, attempt: Attempt | None) -> None:
        if attempt is None:
            self._keep(delivery, state="abandoned", due=None)
        elif attempt.dropped:
            self._keep(delivery, state="dropped", due=None, faults=attempt.fired)
        elif attempt.put_off is not None:
            due = _due(attempt.now + attempt.put_off)
            behind = delivery["endpoint"] if attempt.let_pass else None
            self._keep(delivery, put_off=True, behind=behind, due=due, faults=attempt.fired)
        else:
            self._send(delivery, attempt)

    def _send(self, delivery: Record, attempt: Attempt) -> None:
        sandbox, style = self._sandbox, self._sandbox.provider.webhooks
        assert style is not None
        headers, limit = attempt.headers(style), sandbox.assumptions.webhook_timeout / 1_000_000
        for _ in range(attempt.copies):
            outcome = sandbox.post.send(attempt.endpoint["url"], headers, attempt.body, limit)
            delivery = self._record(delivery, attempt, headers, outcome)

    def _record(self, delivery: Record, attempt: Attempt, headers: list[tuple[str, str]], outcome: Outcome) -> Record:
        attempts = [*delivery["attempts"], _shown(attempt, headers, outcome)]
        due = None if outcome.delivered else self._again(delivery, attempt.now, len(attempts))
        state = "delivered" if outcome.delivered else "pending" if due else "failed"
        faults = [*delivery["faults"], *attempt.fired] if delivery["attempts"] else attempt.fired
        return self._keep(delivery, attempts=attempts, due=due, state=state, faults=faults, at=attempt.now)

    def _again(self, delivery: Record, now: int, made: int) -> str | None:
        waits = self._sandbox.assumptions.webhook_retries
        if delivery["state"] == "retried" or made > len(waits):
            return None
        return _due(now + waits[made - 1])

    def _keep(self, delivery: Record, at: int | None = None, **changes: Any) -> Record:
        record = {**delivery, **changes}
        with self._sandbox.transaction(durable=False) as space:
            # A reset or an overfull outbox may have forgotten it meanwhile.
            if self._epoch == self._sandbox.epoch and space.get(KEPT, delivery["id"]) is not None:
                space.put(KEPT, record)
                if at is not None:
                    _let_go(space, record, at)
            self._next = _first_due(space)
        return record


def _let_go(space: Space, gone: Record, now: int) -> None:
    """Let those go that were waiting for another delivery of the same endpoint."""
    for record in list(space.find(KEPT, "behind", gone["endpoint"])):
        if record["id"] != gone["id"]:
            space.put(KEPT, {**record, "behind": None, "due": _due(now)})


def _first(space: Space) -> Record | None:
    return next((record for _, record in space.scan(KEPT, field="due")), None)


def _first_due(space: Space) -> int | None:
    first = _first(space)
    return None if first is None else int(first["due"])


def _found(space: Space, id: str) -> Record:
    record = space.get(KEPT, id)
    if record is None:
        newest = [each["id"] for _, each in space.scan(KEPT, descending=True)]
        raise Unknown("delivery", id, newest[:20])
    return record


def _shown(attempt: Attempt, headers: list[tuple[str, str]], outcome: Outcome) -> dict[str, Any]:
    return {
        "at": attempt.now,
        "status": outcome.status,
        "error": outcome.error,
        "milliseconds": round(outcome.seconds * 1000, 3),
        "headers": [list(pair) for pair in headers],
        "body": attempt.body.decode("utf-8", "replace"),
        "answer": outcome.body[:ANSWER_KEPT].decode("utf-8", "replace"),
        "faults": list(attempt.fired),
    }


def test_event(at: At, endpoint: str) -> list[str]:
    """Send an endpoint the event that the vendor's console sends as a test; Refusal where it sends none."""
    style = at.sandbox.provider.webhooks
    if style is None or style.test is None:
        raise Refusal(f"{at.sandbox.provider.title} has no test event")
    nth = at.space.bump("test-events")
    version = style.versions[-1]
    event = {"id": f"evt_test_{nth}", "type": style.test, "created_at": at.now, "data": {}}
    return post(at, {**event, "version": version} if version else event, only=endpoint)

"""What the engine keeps only so much of, and what happens beyond: shown by the admin API and in the documents."""

from __future__ import annotations

from dataclasses import dataclass

from mockserver.engine.core.bound import Bound, HasJournals, Number
from mockserver.engine.pipeline.journals import Journals


@dataclass(frozen=True, slots=True)
class JournalBound(Bound):
    """One that each server sets for its journals."""

    def value(self, engine: HasJournals | None) -> Number:
        """The bound as an engine has it; without one, as it is where nobody says otherwise."""
        journals = engine.journals if engine else Journals()
        value: Number = getattr(journals, self.constant)
        return value


_OLDEST = "the oldest go"
_REFUSED = "one more is refused with 422"
_JOURNALS = "engine.pipeline.journals"
ENGINE_BOUNDS = (
    Bound("sandboxes", "Sandboxes of a server.", _REFUSED, "engine.sandbox.engine", "MAX_SANDBOXES"),
    Bound(
        "templates",
        "Sets of seeded records that new sandboxes are copied from.",
        "the one unused for longest is made anew when it is wanted",
        "engine.sandbox.templates",
        "MAX_TEMPLATES",
    ),
    Bound(
        "records",
        "Records of a sandbox, all collections of its provider together.",
        "one more is refused with 507, and its call undone; a larger state is refused with 422",
        "storage.tinydb.space",
        "MAX_RECORDS",
    ),
    Bound(
        "softly_deleted",
        "Softly deleted records of a collection.",
        "the oldest go for good",
        "engine.records.resource",
        "MAX_DELETED",
    ),
    Bound("keys", "Keys of a sandbox, revoked ones too.", _REFUSED, "engine.sandbox.keyring", "MAX_KEYS"),
    Bound("timers", "What waits to happen in a sandbox.", _REFUSED, "engine.sandbox.timers", "MAX_TIMERS"),
    Bound("snapshots", "Snapshots of a sandbox.", _REFUSED, "engine.sandbox.snapshots", "MAX_SNAPSHOTS"),
    Bound("fault_rules", "Fault rules of a sandbox.", _REFUSED, "engine.sandbox.ruleset", "MAX_RULES"),
    Bound(
        "fault_counters",
        "Keys that the fault rules of a sandbox count apart.",
        "the oldest count begins anew",
        "engine.faults.rule",
        "MAX_KEYED_COUNTS",
    ),
    Bound(
        "idempotency_keys",
        "Answers a sandbox keeps to repeat.",
        _OLDEST,
        "engine.pipeline.idempotency",
        "MAX_IDEMPOTENCY_RECORDS",
    ),
    Bound("events", "Events a sandbox remembers.", _OLDEST, "engine.webhooks.events", "MAX_EVENTS"),
    Bound(
        "webhook_endpoints",
        "Receivers of webhooks of a sandbox.",
        _REFUSED,
        "engine.webhooks.endpoints",
        "MAX_ENDPOINTS",
    ),
    Bound(
        "deliveries",
        "Deliveries of webhooks of a sandbox.",
        "the oldest that has ended goes; where none has, the oldest, with a warning",
        "engine.webhooks.deliveries",
        "MAX_DELIVERIES",
    ),
    Bound(
        "delivery_attempts",
        "Attempts remembered of a delivery.",
        _OLDEST,
        "engine.webhooks.outbox",
        "MAX_STORED_ATTEMPTS",
    ),
    Bound(
        "delivery_body", "Bytes remembered of what was sent.", "cut", "engine.webhooks.outbox", "MAX_STORED_BODY_BYTES"
    ),
    Bound(
        "delivery_answer",
        "Bytes remembered of the answer.",
        "cut",
        "engine.webhooks.outbox",
        "MAX_STORED_RESPONSE_BYTES",
    ),
    JournalBound("journal_entries", "Calls of a journal.", _OLDEST, _JOURNALS, "entries"),
    JournalBound("journal_bytes", "Bytes of memory of a journal.", _OLDEST, _JOURNALS, "bytes"),
    JournalBound(
        "journals_bytes",
        "Bytes of memory of all journals of a process.",
        "the oldest of the largest go",
        _JOURNALS,
        "total_bytes",
    ),
    Bound(
        "journal_body",
        "Bytes of a body a journal shows.",
        "cut, with size and hash",
        "engine.pipeline.journal",
        "MAX_SHOWN_BODY_BYTES",
    ),
    Bound(
        "body_limit",
        "Bytes that the assumption body_limit of a sandbox can be set to.",
        "a longer body is refused as the provider does it, with 413",
        "engine.core.assumptions",
        "MAX_BODY_BYTES",
    ),
    Bound("json_depth", "Levels of a JSON body.", "refused with 400", "engine.pipeline.validate", "MAX_JSON_DEPTH"),
    Bound(
        "latency_ms", "Milliseconds that a latency can be set to.", _REFUSED, "engine.core.latency", "MAX_LATENCY_MS"
    ),
)
"""Every one of them; a test overfills each."""

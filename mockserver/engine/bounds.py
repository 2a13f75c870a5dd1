"""The bounds of the engine, which the admin API and the documentation list."""

from __future__ import annotations

from dataclasses import dataclass

from mockserver.engine.core.bound import Bound, HasJournals, Number
from mockserver.engine.pipeline.journals import Journals


@dataclass(frozen=True, slots=True)
class JournalBound(Bound):
    """A bound of the journals, which each server can set."""

    def value(self, engine: HasJournals | None) -> Number:
        journals = engine.journals if engine else Journals()
        value: Number = getattr(journals, self.constant)
        return value


_OLDEST = "the oldest are deleted"
_REFUSED = "one more is refused with 422"
_JOURNALS = "engine.pipeline.journals"
ENGINE_BOUNDS = (
    Bound("sandboxes", "Sandboxes of a server.", _REFUSED, "engine.sandbox.engine", "MAX_SANDBOXES"),
    Bound(
        "templates",
        "Sets of generated seed data that new sandboxes are copied from.",
        "the least recently used is dropped, and generated again when needed",
        "engine.sandbox.templates",
        "MAX_TEMPLATES",
    ),
    Bound(
        "records",
        "Records of a sandbox in all collections of its provider.",
        "one more is refused with 507 and its call rolled back; a larger state is refused with 422",
        "storage.tinydb.space",
        "MAX_RECORDS",
    ),
    Bound(
        "softly_deleted",
        "Softly deleted records of a collection.",
        "the oldest are deleted permanently",
        "engine.records.resource",
        "MAX_DELETED",
    ),
    Bound("keys", "Keys of a sandbox, including revoked keys.", _REFUSED, "engine.sandbox.keyring", "MAX_KEYS"),
    Bound("timers", "Timers of a sandbox.", _REFUSED, "engine.sandbox.timers", "MAX_TIMERS"),
    Bound("snapshots", "Snapshots of a sandbox.", _REFUSED, "engine.sandbox.snapshots", "MAX_SNAPSHOTS"),
    Bound("fault_rules", "Fault rules of a sandbox.", _REFUSED, "engine.sandbox.ruleset", "MAX_RULES"),
    Bound(
        "fault_counters",
        "API keys and idempotency keys that the fault rules of a sandbox count separately.",
        "the oldest count is deleted and starts again at zero",
        "engine.faults.rule",
        "MAX_KEYED_COUNTS",
    ),
    Bound(
        "idempotency_keys",
        "Idempotency records of a sandbox.",
        _OLDEST,
        "engine.pipeline.idempotency",
        "MAX_IDEMPOTENCY_RECORDS",
    ),
    Bound("events", "Events that a sandbox stores.", _OLDEST, "engine.webhooks.events", "MAX_EVENTS"),
    Bound(
        "webhook_endpoints",
        "Webhook endpoints of a sandbox.",
        _REFUSED,
        "engine.webhooks.endpoints",
        "MAX_ENDPOINTS",
    ),
    Bound(
        "deliveries",
        "Webhook deliveries of a sandbox.",
        "the oldest finished one is deleted; if none is finished, the oldest one, with a warning",
        "engine.webhooks.deliveries",
        "MAX_DELIVERIES",
    ),
    Bound(
        "delivery_attempts",
        "Attempts stored of a delivery.",
        _OLDEST,
        "engine.webhooks.outbox",
        "MAX_STORED_ATTEMPTS",
    ),
    Bound(
        "delivery_body",
        "Bytes stored of the request body of an attempt.",
        "cut",
        "engine.webhooks.outbox",
        "MAX_STORED_BODY_BYTES",
    ),
    Bound(
        "delivery_answer",
        "Bytes stored of the response to an attempt.",
        "cut",
        "engine.webhooks.outbox",
        "MAX_STORED_RESPONSE_BYTES",
    ),
    JournalBound("journal_entries", "Calls in a journal.", _OLDEST, _JOURNALS, "entries"),
    JournalBound("journal_bytes", "Bytes of memory of a journal.", _OLDEST, _JOURNALS, "bytes"),
    JournalBound(
        "journals_bytes",
        "Bytes of memory of all journals of a process.",
        "the oldest calls of the largest journal are deleted",
        _JOURNALS,
        "total_bytes",
    ),
    Bound(
        "journal_body",
        "Bytes of a body that a journal shows.",
        "cut, with the size and SHA-256 of the whole body",
        "engine.pipeline.journal",
        "MAX_SHOWN_BODY_BYTES",
    ),
    Bound(
        "body_limit",
        "Largest value of the assumption body_limit, in bytes.",
        "a larger value is refused with 422; a longer body is refused with the provider's 413",
        "engine.core.assumptions",
        "MAX_BODY_BYTES",
    ),
    Bound(
        "json_depth", "Nesting levels of a JSON body.", "refused with 400", "engine.pipeline.validate", "MAX_JSON_DEPTH"
    ),
    Bound(
        "latency_ms",
        "Largest latency in milliseconds.",
        "a larger value is refused with 422",
        "engine.core.latency",
        "MAX_LATENCY_MS",
    ),
)
"""A test exceeds each of them."""

"""Lists the bounds of the engine, for the admin API and the documentation."""

from __future__ import annotations

from dataclasses import dataclass

from mockserver.engine.core.bound import Bound, HasJournals, Number
from mockserver.engine.pipeline.journals import Journals


@dataclass(frozen=True, slots=True)
class JournalBound(Bound):
    """A bound of the journals, which the server's settings can change; ``constant`` is an attribute of ``Journals``."""

    def value(self, engine: HasJournals | None) -> Number:
        journals = engine.journals if engine else Journals()
        value: Number = getattr(journals, self.constant)
        return value


_OLDEST = "the oldest are deleted"
_REFUSED = "one more is refused with 422"
_JOURNALS = "engine.pipeline.journals"
ENGINE_BOUNDS = (
    Bound("sandboxes", "Sandboxes per server.", _REFUSED, "engine.sandbox.engine", "MAX_SANDBOXES"),
    Bound(
        "templates",
        "Cached sets of seed data from which new sandboxes are copied.",
        "the oldest set is dropped, and generated again when needed",
        "engine.sandbox.templates",
        "MAX_TEMPLATES",
    ),
    Bound(
        "records",
        "Records per sandbox, in all collections of its provider together.",
        "a call that adds one more is refused with 507 and rolled back; a larger imported state is refused with 422",
        "storage.tinydb.space",
        "MAX_RECORDS",
    ),
    Bound(
        "softly_deleted",
        "Soft-deleted records per collection.",
        "the oldest are deleted permanently",
        "engine.records.resource",
        "MAX_DELETED",
    ),
    Bound("keys", "Keys per sandbox, including revoked keys.", _REFUSED, "engine.sandbox.keyring", "MAX_KEYS"),
    Bound("timers", "Timers per sandbox.", _REFUSED, "engine.sandbox.timers", "MAX_TIMERS"),
    Bound("snapshots", "Snapshots per sandbox.", _REFUSED, "engine.sandbox.snapshots", "MAX_SNAPSHOTS"),
    Bound("fault_rules", "Fault rules per sandbox.", _REFUSED, "engine.sandbox.ruleset", "MAX_RULES"),
    Bound(
        "fault_counters",
        "API keys and idempotency keys per sandbox for which fault rules keep a separate count.",
        "the oldest count is deleted and starts again at zero",
        "engine.faults.rule",
        "MAX_KEYED_COUNTS",
    ),
    Bound(
        "idempotency_keys",
        "Idempotency records per sandbox.",
        _OLDEST,
        "engine.pipeline.idempotency",
        "MAX_IDEMPOTENCY_RECORDS",
    ),
    Bound("events", "Stored events per sandbox.", _OLDEST, "engine.webhooks.events", "MAX_EVENTS"),
    Bound(
        "webhook_endpoints",
        "Webhook endpoints per sandbox.",
        _REFUSED,
        "engine.webhooks.endpoints",
        "MAX_ENDPOINTS",
    ),
    Bound(
        "deliveries",
        "Webhook deliveries per sandbox.",
        "the oldest finished delivery is deleted; if none is finished, the oldest pending one, and a warning is logged",
        "engine.webhooks.deliveries",
        "MAX_DELIVERIES",
    ),
    Bound(
        "delivery_attempts",
        "Stored attempts per delivery.",
        _OLDEST,
        "engine.webhooks.outbox",
        "MAX_STORED_ATTEMPTS",
    ),
    Bound(
        "delivery_body",
        "Stored bytes of the request body, per attempt.",
        "the rest is cut off",
        "engine.webhooks.outbox",
        "MAX_STORED_BODY_BYTES",
    ),
    Bound(
        "delivery_answer",
        "Stored bytes of the response body, per attempt.",
        "the rest is cut off",
        "engine.webhooks.outbox",
        "MAX_STORED_RESPONSE_BYTES",
    ),
    JournalBound("journal_entries", "Calls per journal.", _OLDEST, _JOURNALS, "entries"),
    JournalBound("journal_bytes", "Memory per journal, in bytes.", _OLDEST, _JOURNALS, "bytes"),
    JournalBound(
        "journals_bytes",
        "Memory of all journals of a process together, in bytes.",
        "the oldest calls of the largest journal are deleted",
        _JOURNALS,
        "total_bytes",
    ),
    Bound(
        "journal_body",
        "Bytes of each body that a journal shows.",
        "the rest is cut off; size and SHA-256 of the whole body are shown",
        "engine.pipeline.journal",
        "MAX_SHOWN_BODY_BYTES",
    ),
    Bound(
        "body_limit",
        "Largest value of the assumption body_limit, in bytes.",
        "a larger value is refused with 422; a body longer than the set value is refused with the provider's 413",
        "engine.core.assumptions",
        "MAX_BODY_BYTES",
    ),
    Bound(
        "json_depth",
        "Nesting levels of a JSON body.",
        "a deeper body is refused with 400",
        "engine.pipeline.validate",
        "MAX_JSON_DEPTH",
    ),
    Bound(
        "latency_ms",
        "Largest latency in milliseconds.",
        "a larger value is refused with 422",
        "engine.core.latency",
        "MAX_LATENCY_MS",
    ),
)
"""The bounds of the engine. Each has a test that exceeds it."""

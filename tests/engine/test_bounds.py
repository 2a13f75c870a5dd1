"""The bounds have their documented values; changing one changes the documentation."""

from __future__ import annotations

from mockserver.admin.bounds import BOUNDS
from mockserver.engine.pipeline.journals import EVICTION_DIVISOR

DOCUMENTED_LIMITS = {
    "sandboxes": 200,
    "templates": 8,
    "records": 200_000,
    "softly_deleted": 10_000,
    "keys": 1_000,
    "timers": 10_000,
    "snapshots": 20,
    "fault_rules": 1_000,
    "fault_counters": 10_000,
    "idempotency_keys": 50_000,
    "events": 10_000,
    "webhook_endpoints": 100,
    "deliveries": 10_000,
    "delivery_attempts": 100,
    "delivery_body": 65_536,
    "delivery_answer": 4_096,
    "journal_entries": 10_000,
    "journal_bytes": 67_108_864,
    "journals_bytes": 536_870_912,
    "journal_body": 65_536,
    "body_limit": 67_108_864,
    "json_depth": 64,
    "latency_ms": 600_000,
    "wait_seconds": 600,
    "admin_body": 67_108_864,
    "request_line": 8_192,
    "headers": 100,
    "header_bytes": 16_384,
    "webhook_url": 2_048,
    "webhook_answer": 65_536,
}


def test_every_bound_has_its_documented_value() -> None:
    assert {bound.name: bound.value(None) for bound in BOUNDS} == DOCUMENTED_LIMITS


def test_a_sixty_fourth_of_all_journals_is_evicted_at_once() -> None:
    assert EVICTION_DIVISOR == 64

"""The collections that every sandbox keeps beside its provider's own."""

from __future__ import annotations

from mockserver.engine.faults.rule import COUNTS, COUNTS_APART
from mockserver.engine.sandbox.shared import USED
from mockserver.storage.base import Collection

COLLECTIONS = (
    Collection("_sandbox"),
    Collection("_keys"),
    Collection("_faults"),
    Collection(COUNTS, indexes=("rule",)),
    Collection(COUNTS_APART, indexes=("rule",)),
    Collection("_scenarios"),
    Collection("_timers", indexes=("due",)),
    Collection("_idempotency"),
    Collection("_events"),
    Collection("_endpoints"),
    Collection("_deliveries", indexes=("lane", "behind", "state")),
    Collection("_snapshots"),
    Collection("_quota"),
    Collection("_buckets", volatile=True),
    USED,
)
"""What every sandbox keeps beside its provider's own collections."""
UNFINISHED = "unfinished"
"""A mark on a sandbox that whoever made it has more to do to."""

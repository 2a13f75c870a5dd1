"""The collections that every sandbox has in addition to those of its provider."""

from __future__ import annotations

from mockserver.engine.faults.rule import COUNT_COLLECTION, KEYED_COUNT_COLLECTION
from mockserver.engine.sandbox.sandbox_sync import USAGE_COLLECTION
from mockserver.storage.base import Collection

COLLECTIONS = (
    Collection("_sandbox"),
    Collection("_keys"),
    Collection("_faults"),
    Collection(COUNT_COLLECTION, indexes=("rule",)),
    Collection(KEYED_COUNT_COLLECTION, indexes=("rule",)),
    Collection("_scenarios"),
    Collection("_timers", indexes=("due",)),
    Collection("_idempotency"),
    Collection("_events"),
    Collection("_endpoints"),
    Collection("_deliveries", indexes=("lane", "behind", "state")),
    Collection("_snapshots"),
    Collection("_quota"),
    Collection("_buckets", volatile=True),
    USAGE_COLLECTION,
)
PROVISIONING = "unfinished"
"""The id of the record in ``_sandbox`` that marks a sandbox as not completely set up."""

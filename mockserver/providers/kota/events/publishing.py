"""Publishes events. Version 2 of an event has ids; seventeen event types also have version 1, which has the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import Record, WriteContext, emit
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.values.records import new_id
from mockserver.providers.kota.wire.dialect import show

VERSION_1_TYPES = frozenset(
    {
        *(f"employer.{change}" for change in ("created", "updated", "offboarded")),
        *(f"employee.{change}" for change in ("created", "updated", "offboarded")),
        *(
            f"employer.health_insurance.quote.{change}"
            for change in ("created", "action_required", "not_undertaken", "accepted", "pending_quote")
        ),
        "employer.health_insurance.quote.pending_insurer_acceptance",
        "employee.health_insurance.offer.action_required",
        *(f"employee.health_insurance.policy.{change}" for change in ("activated", "cancelled", "expired")),
        "contribution_report.finalized",
    }
)
"""The event types that also exist in version 1."""


def publish_event(
    at: WriteContext, type: str, subject: str, data: Mapping[str, Any], whole: Record | None = None
) -> None:
    """Stores an event, once for each version of its type.

    ``subject`` is the kind of the record, ``data`` has the ids for version 2, ``whole`` is the record for version 1.
    """
    if type in VERSION_1_TYPES and whole is not None:
        emit(at, new_id(at, "evt"), type, show(assumptions_of(at), dict(whole)), version="v1")
    ids = {**data, "resource_type": subject, "object": f"{subject}_event"}
    emit(at, new_id(at, "evt"), type, ids, version="v2")

"""Publishing of events: each as version 2, which has ids; seventeen types also as version 1, which has the object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.engine import Record, WriteContext, emit
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.values.records import new_id
from mockserver.providers.kota.wire.dialect import show

VERSION_1_TYPES = frozenset(
    {
        *(f"employer.{what}" for what in ("created", "updated", "offboarded")),
        *(f"employee.{what}" for what in ("created", "updated", "offboarded")),
        *(
            f"employer.health_insurance.quote.{what}"
            for what in ("created", "action_required", "not_undertaken", "accepted", "pending_quote")
        ),
        "employer.health_insurance.quote.pending_insurer_acceptance",
        "employee.health_insurance.offer.action_required",
        *(f"employee.health_insurance.policy.{what}" for what in ("activated", "cancelled", "expired")),
        "contribution_report.finalized",
    }
)
"""The event types that also exist in version 1."""


def publish_event(
    at: WriteContext, type: str, subject: str, data: Mapping[str, Any], whole: Record | None = None
) -> None:
    """Stores an event, once per version that its type has.

    ``subject`` is the kind of object, ``data`` the ids that version 2 has, and ``whole`` the record that version 1
    embeds.
    """
    if type in VERSION_1_TYPES and whole is not None:
        emit(at, new_id(at, "evt"), type, show(assumptions_of(at), dict(whole)), version="v1")
    thin = {**data, "resource_type": subject, "object": f"{subject}_event"}
    emit(at, new_id(at, "evt"), type, thin, version="v2")

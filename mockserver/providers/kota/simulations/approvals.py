"""Creates approvable actions and invoices. Kota publishes events about them, but no operation returns them."""

from __future__ import annotations

from mockserver.engine import Lifecycle, Record, TimedTransition, Transition, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.events.publishing import publish_event
from mockserver.providers.kota.values.records import new_id


def _publish_state(at: WriteContext, record: Record) -> None:
    publish_event(at, f"approvable_action.{record['status']}", "approvable_action", {"id": record["id"]})


LIFECYCLE: Lifecycle = Lifecycle(
    "approvable_action",
    "approvable_actions",
    transitions=(
        Transition("approve", ("pending_approval",), "approved"),
        Transition("reject", ("pending_approval",), "rejected"),
        Transition("apply", ("approved",), "applying"),
        Transition("finish", ("applying",), "applied"),
        Transition("fail", ("applying",), "failed"),
    ),
    timed_transitions=(
        TimedTransition(
            "approved", lambda at, _record: at.now + assumptions_of(at).approval_applied, lambda *_: "apply"
        ),
        TimedTransition(
            "applying", lambda at, _record: at.now + assumptions_of(at).approval_applied, lambda *_: "finish"
        ),
    ),
    after_enter=_publish_state,
)


def create_approvable_action(at: WriteContext) -> Record:
    """Creates an approvable action in the state pending_approval."""
    return LIFECYCLE.create(at, {"object": "approvable_action", "id": new_id(at, "aa")}, "pending_approval")


def issue_invoice(at: WriteContext, provider: Record) -> Record:
    """Creates an invoice of a provider and publishes ``invoice.created``."""
    record = {"object": "invoice", "id": new_id(at, "inv"), "provider_id": provider["id"]}
    at.space.put("invoices", record)
    _publish_invoice_event(at, "created", record)
    return record


def publish_invoice_updated(at: WriteContext, record: Record) -> Record:
    """Publishes ``invoice.updated``; the record of the invoice stays the same."""
    _publish_invoice_event(at, "updated", record)
    return record


def _publish_invoice_event(at: WriteContext, change: str, record: Record) -> None:
    publish_event(at, f"invoice.{change}", "invoice", {name: record[name] for name in ("id", "provider_id")})

"""Approvable actions and invoices: Kota tells of them, and no operation shows them."""

from __future__ import annotations

from mockserver.engine import At, Lifecycle, Record, Step, Timed
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.values.records import new_id


def _told(at: At, record: Record) -> None:
    tell(at, f"approvable_action.{record['status']}", "approvable_action", {"id": record["id"]})


LIFECYCLE: Lifecycle = Lifecycle(
    "approvable_action",
    "approvable_actions",
    steps=(
        Step("approve", ("pending_approval",), "approved"),
        Step("reject", ("pending_approval",), "rejected"),
        Step("apply", ("approved",), "applying"),
        Step("finish", ("applying",), "applied"),
        Step("fail", ("applying",), "failed"),
    ),
    timed=(
        Timed("approved", lambda at, _record: at.now + assume(at).approval_applied, lambda *_: "apply"),
        Timed("applying", lambda at, _record: at.now + assume(at).approval_applied, lambda *_: "finish"),
    ),
    entered=_told,
)


def ask_for_approval(at: At) -> Record:
    """Have something wait for somebody's approval."""
    return LIFECYCLE.begin(at, {"object": "approvable_action", "id": new_id(at, "aa")}, "pending_approval")


def issue_invoice(at: At, provider: Record) -> Record:
    """Have a provider write an invoice."""
    record = {"object": "invoice", "id": new_id(at, "inv"), "provider_id": provider["id"]}
    at.space.put("invoices", record)
    _tell_invoice(at, "created", record)
    return record


def change_invoice(at: At, record: Record) -> Record:
    """Have a provider change an invoice."""
    _tell_invoice(at, "updated", record)
    return record


def _tell_invoice(at: At, what: str, record: Record) -> None:
    tell(at, f"invoice.{what}", "invoice", {name: record[name] for name in ("id", "provider_id")})

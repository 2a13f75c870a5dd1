"""What happens off stage around people: months begin, invoices are written, actions wait for approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine import Moment, Refusal, Simulation
from mockserver.providers.kota.contributions.logic import OPEN_REPORT, Payer, month_begins
from mockserver.providers.kota.simulations import approvals
from mockserver.providers.kota.values.records import kept


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)


class MonthBegun(_Asked):
    """Whose month begins."""

    employer_id: str
    external_customer_id: str | None
    month: str


class InvoiceIssued(_Asked):
    """Who writes an invoice."""

    provider_id: str = Field(description="The provider's id: pr_...")


class InvoiceChanged(_Asked):
    """Which invoice changes."""

    invoice_id: str = Field(description="The invoice's id, which its event of creation gave: inv_...")


class ApprovalAsked(_Asked):
    """Nothing has to be said."""


def open_contribution_report(moment: Moment, asked: MonthBegun) -> Mapping[str, Any]:
    """A month begins for a payer of premiums."""
    month_begins(moment, Payer(asked.employer_id, asked.external_customer_id), asked.month)
    return {"month": asked.month}


def issue_invoice(moment: Moment, asked: InvoiceIssued) -> Mapping[str, Any]:
    """A provider writes an invoice."""
    provider = kept(moment, "provider", asked.provider_id)
    if provider is None:
        raise Refusal(f"there is no provider {asked.provider_id!r}")
    return {"id": approvals.issue_invoice(moment, provider)["id"]}


def change_invoice(moment: Moment, asked: InvoiceChanged) -> Mapping[str, Any]:
    """A provider changes an invoice."""
    invoice = kept(moment, "invoice", asked.invoice_id)
    if invoice is None:
        raise Refusal(f"there is no invoice {asked.invoice_id!r}")
    return {"id": approvals.change_invoice(moment, invoice)["id"]}


def ask_for_approval(moment: Moment, _asked: ApprovalAsked) -> Mapping[str, Any]:
    """Something waits for approval."""
    record = approvals.ask_for_approval(moment)
    return {"id": record["id"], "status": record["status"]}


SIMULATIONS = (
    Simulation(OPEN_REPORT, "A month begins, and its report is opened.", MonthBegun, open_contribution_report, False),
    Simulation("issue_invoice", "A provider writes an invoice.", InvoiceIssued, issue_invoice),
    Simulation("change_invoice", "A provider changes an invoice.", InvoiceChanged, change_invoice),
    Simulation("ask_for_approval", "An action waits for approval.", ApprovalAsked, ask_for_approval),
)

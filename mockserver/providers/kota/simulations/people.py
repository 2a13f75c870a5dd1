"""What happens off stage around people: months begin, invoices are written, actions wait for approval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine import Refusal, Simulation, SimulationContext
from mockserver.providers.kota.contributions.logic import OPEN_REPORT, Payer, begin_month
from mockserver.providers.kota.simulations import approvals
from mockserver.providers.kota.values.records import find_record


class _PeopleParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)


class OpenReportParameters(_PeopleParameters):
    """Whose month begins."""

    employer_id: str
    external_customer_id: str | None
    month: str


class IssueInvoiceParameters(_PeopleParameters):
    """Who writes an invoice."""

    provider_id: str = Field(description="The provider's id: pr_...")


class ChangeInvoiceParameters(_PeopleParameters):
    """Which invoice changes."""

    invoice_id: str = Field(description="The invoice's id, which its event of creation gave: inv_...")


class AskForApprovalParameters(_PeopleParameters):
    """Nothing has to be said."""


def open_contribution_report(moment: SimulationContext, asked: OpenReportParameters) -> Mapping[str, Any]:
    """A month begins for a payer of premiums."""
    begin_month(moment, Payer(asked.employer_id, asked.external_customer_id), asked.month)
    return {"month": asked.month}


def issue_invoice(moment: SimulationContext, asked: IssueInvoiceParameters) -> Mapping[str, Any]:
    """A provider writes an invoice."""
    provider = find_record(moment, "provider", asked.provider_id)
    if provider is None:
        raise Refusal(f"there is no provider {asked.provider_id!r}")
    return {"id": approvals.issue_invoice(moment, provider)["id"]}


def change_invoice(moment: SimulationContext, asked: ChangeInvoiceParameters) -> Mapping[str, Any]:
    """A provider changes an invoice."""
    invoice = find_record(moment, "invoice", asked.invoice_id)
    if invoice is None:
        raise Refusal(f"there is no invoice {asked.invoice_id!r}")
    return {"id": approvals.change_invoice(moment, invoice)["id"]}


def ask_for_approval(moment: SimulationContext, _asked: AskForApprovalParameters) -> Mapping[str, Any]:
    """Something waits for approval."""
    record = approvals.ask_for_approval(moment)
    return {"id": record["id"], "status": record["status"]}


SIMULATIONS = (
    Simulation(
        OPEN_REPORT, "A month begins, and its report is opened.", OpenReportParameters, open_contribution_report, False
    ),
    Simulation("issue_invoice", "A provider writes an invoice.", IssueInvoiceParameters, issue_invoice),
    Simulation("change_invoice", "A provider changes an invoice.", ChangeInvoiceParameters, change_invoice),
    Simulation("ask_for_approval", "An action waits for approval.", AskForApprovalParameters, ask_for_approval),
)

"""Simulations of contribution reports, invoices and approvable actions."""

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
    employer_id: str
    external_customer_id: str | None
    month: str


class IssueInvoiceParameters(_PeopleParameters):
    provider_id: str = Field(description="The provider's id: pr_...")


class ChangeInvoiceParameters(_PeopleParameters):
    invoice_id: str = Field(description="The id of the invoice, from its event invoice.created: inv_...")


class AskForApprovalParameters(_PeopleParameters):
    """The simulation has no parameters."""


def open_contribution_report(moment: SimulationContext, parameters: OpenReportParameters) -> Mapping[str, Any]:
    begin_month(moment, Payer(parameters.employer_id, parameters.external_customer_id), parameters.month)
    return {"month": parameters.month}


def issue_invoice(moment: SimulationContext, parameters: IssueInvoiceParameters) -> Mapping[str, Any]:
    provider = find_record(moment, "provider", parameters.provider_id)
    if provider is None:
        raise Refusal(f"there is no provider {parameters.provider_id!r}")
    return {"id": approvals.issue_invoice(moment, provider)["id"]}


def change_invoice(moment: SimulationContext, parameters: ChangeInvoiceParameters) -> Mapping[str, Any]:
    invoice = find_record(moment, "invoice", parameters.invoice_id)
    if invoice is None:
        raise Refusal(f"there is no invoice {parameters.invoice_id!r}")
    return {"id": approvals.change_invoice(moment, invoice)["id"]}


def ask_for_approval(moment: SimulationContext, _parameters: AskForApprovalParameters) -> Mapping[str, Any]:
    record = approvals.ask_for_approval(moment)
    return {"id": record["id"], "status": record["status"]}


SIMULATIONS = (
    Simulation(
        OPEN_REPORT,
        "A month begins, and its contribution report is opened.",
        OpenReportParameters,
        open_contribution_report,
        False,
    ),
    Simulation("issue_invoice", "A provider issues an invoice.", IssueInvoiceParameters, issue_invoice),
    Simulation("change_invoice", "A provider changes an invoice.", ChangeInvoiceParameters, change_invoice),
    Simulation("ask_for_approval", "An action asks for approval.", AskForApprovalParameters, ask_for_approval),
)

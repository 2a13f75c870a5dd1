"""Simulations that open contribution reports, publish events of invoices, and create approvable actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mockserver.engine import Refusal, Simulation, SimulationContext
from mockserver.providers.kota.contributions.logic import OPEN_REPORT, Payer, begin_month
from mockserver.providers.kota.simulations import approvals
from mockserver.providers.kota.values.records import find_record


class _BillingParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)


class OpenReportParameters(_BillingParameters):
    employer_id: str
    external_customer_id: str | None
    month: str


class IssueInvoiceParameters(_BillingParameters):
    provider_id: str = Field(description="The provider's id: pr_...")


class PublishInvoiceUpdatedParameters(_BillingParameters):
    invoice_id: str = Field(description="The id of the invoice, from its event invoice.created: inv_...")


class AskForApprovalParameters(_BillingParameters):
    """No parameters."""


def open_contribution_report(context: SimulationContext, parameters: OpenReportParameters) -> Mapping[str, Any]:
    begin_month(context, Payer(parameters.employer_id, parameters.external_customer_id), parameters.month)
    return {"month": parameters.month}


def issue_invoice(context: SimulationContext, parameters: IssueInvoiceParameters) -> Mapping[str, Any]:
    provider = find_record(context, "provider", parameters.provider_id)
    if provider is None:
        raise Refusal(f"there is no provider {parameters.provider_id!r}")
    return {"id": approvals.issue_invoice(context, provider)["id"]}


def publish_invoice_updated(
    context: SimulationContext, parameters: PublishInvoiceUpdatedParameters
) -> Mapping[str, Any]:
    invoice = find_record(context, "invoice", parameters.invoice_id)
    if invoice is None:
        raise Refusal(f"there is no invoice {parameters.invoice_id!r}")
    return {"id": approvals.publish_invoice_updated(context, invoice)["id"]}


def ask_for_approval(context: SimulationContext, _parameters: AskForApprovalParameters) -> Mapping[str, Any]:
    record = approvals.create_approvable_action(context)
    return {"id": record["id"], "status": record["status"]}


SIMULATIONS = (
    Simulation(
        OPEN_REPORT,
        "A month begins, and its contribution report is opened.",
        OpenReportParameters,
        open_contribution_report,
        is_public=False,
    ),
    Simulation("issue_invoice", "A provider issues an invoice.", IssueInvoiceParameters, issue_invoice),
    Simulation(
        "change_invoice",
        "The event invoice.updated is published; the invoice stays the same.",
        PublishInvoiceUpdatedParameters,
        publish_invoice_updated,
    ),
    Simulation(
        "ask_for_approval",
        "An approvable action is created and waits for approval.",
        AskForApprovalParameters,
        ask_for_approval,
    ),
)

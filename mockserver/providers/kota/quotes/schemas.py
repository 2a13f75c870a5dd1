"""Request and query models of group quote intents."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.catalog.schemas import (
    HealthInsuranceCostSharingConfigurationResponse,
    PlanCoverageOptionSelectionRequest,
)
from mockserver.providers.kota.quotes.logic import STATES
from mockserver.providers.kota.values.fields import DateText
from mockserver.providers.kota.values.ids_and_enums import GroupId, PlanId
from mockserver.providers.kota.values.schemas import RequestModel
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class CreateGroupQuoteIntentRequest(RequestModel):
    """The group and the plan to quote, with cost sharing, start date and options."""

    group_id: GroupId
    plan_id: PlanId
    cost_sharing: HealthInsuranceCostSharingConfigurationResponse | None = None
    expected_start_date: DateText | None = None
    coverage_selections: list[PlanCoverageOptionSelectionRequest] | None = None


class QuoteIntentsQuery(PageQuery):
    group_id: GroupId | None = None
    plan_id: PlanId | None = None
    status: Annotated[str | None, comma_separated_filter(*STATES)] = None

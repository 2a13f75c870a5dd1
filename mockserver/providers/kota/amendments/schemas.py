"""Request and query models of policy amendment intents."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.amendments.logic import STATES
from mockserver.providers.kota.values.fields import DateText
from mockserver.providers.kota.values.ids_and_enums import (
    AmendmentReasonType,
    QualifyingLifeEventType,
    RequestedChangeType,
)
from mockserver.providers.kota.values.schemas import RequestModel
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class QualifyingLifeEventSupplementalInfo(RequestModel):
    """The member `qualifying_life_event` of PolicyAmendmentReasonRequest: an event that allows an amendment."""

    event: QualifyingLifeEventType
    event_date: DateText
    reason: str | None = None


class PolicyAmendmentReasonRequest(RequestModel):
    """The reason for an amendment; the type qualifying_life_event requires the member of that name."""

    type: AmendmentReasonType
    qualifying_life_event: QualifyingLifeEventSupplementalInfo | None = None


class PolicyAmendmentRequestedChangeRequest(RequestModel):
    """An item of the member `requested_changes` of CreatePolicyAmendmentIntentRequest: a kind of change."""

    change_type: RequestedChangeType


class CreatePolicyAmendmentIntentRequest(RequestModel):
    """The reason for an amendment, and exactly one requested change."""

    amendment_reason: PolicyAmendmentReasonRequest
    requested_changes: list[PolicyAmendmentRequestedChangeRequest]


class AmendmentsQuery(PageQuery):
    status: Annotated[str | None, comma_separated_filter(*STATES)] = None

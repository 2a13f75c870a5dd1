"""What the operations on policy amendment intents take."""

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
    """Qualifying life event supplemental info."""

    event: QualifyingLifeEventType
    event_date: DateText
    reason: str | None = None


class PolicyAmendmentReasonRequest(RequestModel):
    """Policy amendment reason request."""

    type: AmendmentReasonType
    qualifying_life_event: QualifyingLifeEventSupplementalInfo | None = None


class PolicyAmendmentRequestedChangeRequest(RequestModel):
    """Policy amendment requested change request."""

    change_type: RequestedChangeType


class CreatePolicyAmendmentIntentRequest(RequestModel):
    """Create policy amendment intent request."""

    amendment_reason: PolicyAmendmentReasonRequest
    requested_changes: list[PolicyAmendmentRequestedChangeRequest]


class AmendmentsQuery(PageQuery):
    """The query of the list of a policy's amendments."""

    status: Annotated[str | None, comma_separated_filter(*STATES)] = None

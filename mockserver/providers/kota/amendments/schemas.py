"""What the operations on policy amendment intents take."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.amendments.logic import STATES
from mockserver.providers.kota.values.fields import Day
from mockserver.providers.kota.values.schemas import Given
from mockserver.providers.kota.values.terms import AmendmentReasonType, QualifyingLifeEventType, RequestedChangeType
from mockserver.providers.kota.wire.lists import Page, states


class QualifyingLifeEventSupplementalInfo(Given):
    """Qualifying life event supplemental info."""

    event: QualifyingLifeEventType
    event_date: Day
    reason: str | None = None


class PolicyAmendmentReasonRequest(Given):
    """Policy amendment reason request."""

    type: AmendmentReasonType
    qualifying_life_event: QualifyingLifeEventSupplementalInfo | None = None


class PolicyAmendmentRequestedChangeRequest(Given):
    """Policy amendment requested change request."""

    change_type: RequestedChangeType


class CreatePolicyAmendmentIntentRequest(Given):
    """Create policy amendment intent request."""

    amendment_reason: PolicyAmendmentReasonRequest
    requested_changes: list[PolicyAmendmentRequestedChangeRequest]


class AmendmentsPage(Page):
    """The query of the list of a policy's amendments."""

    status: Annotated[str | None, states(*STATES)] = None

"""What is asked of the older objects."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.wire.lists import Page, states

QUOTE_STATES = ("pending_quote", "action_required", "not_undertaken", "accepted", "pending_insurer_acceptance")
POLICY_STATES = ("scheduled", "active", "expired", "cancelled")


class QuotesPage(Page):
    """The query of the list of an employer's quotes."""

    status: Annotated[str | None, states(*QUOTE_STATES)] = None


class PoliciesPage(Page):
    """The query of the lists of policies."""

    status: Annotated[str | None, states(*POLICY_STATES)] = None

"""Query models of the older objects."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter

QUOTE_STATES = ("pending_quote", "action_required", "not_undertaken", "accepted", "pending_insurer_acceptance")
POLICY_STATES = ("scheduled", "active", "expired", "cancelled")


class LegacyQuotesQuery(PageQuery):
    status: Annotated[str | None, comma_separated_filter(*QUOTE_STATES)] = None


class LegacyPoliciesQuery(PageQuery):
    status: Annotated[str | None, comma_separated_filter(*POLICY_STATES)] = None

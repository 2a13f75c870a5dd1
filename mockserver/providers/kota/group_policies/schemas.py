"""Query models of group policies."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.group_policies.logic import STATES
from mockserver.providers.kota.values.ids_and_enums import EmployerId, GroupId
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class GroupPoliciesQuery(PageQuery):
    employer_id: EmployerId | None = None
    group_id: GroupId | None = None
    status: Annotated[str | None, comma_separated_filter(*STATES)] = None

"""Query models of policies."""

from __future__ import annotations

from typing import Annotated

from mockserver.providers.kota.policies.logic import STATES
from mockserver.providers.kota.values.ids_and_enums import EmployeeId, GroupId, GroupPolicyId
from mockserver.providers.kota.wire.lists import PageQuery, comma_separated_filter


class PoliciesQuery(PageQuery):
    employee_id: EmployeeId | None = None
    group_id: GroupId | None = None
    group_policy_id: GroupPolicyId | None = None
    status: Annotated[str | None, comma_separated_filter(*STATES)] = None

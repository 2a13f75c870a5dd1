"""What becomes of an employee's cover when the employment ends: it is cancelled, and groups are left."""

from __future__ import annotations

from mockserver.engine import At, Record
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.enrolments import logic as enrolments
from mockserver.providers.kota.groups import memberships
from mockserver.providers.kota.policies import logic as policies
from mockserver.providers.kota.wire.lists import walk


def end_cover(at: At, employee: Record) -> None:
    """End what covers an employee who has left, on the day it left."""
    enrolments.abandon(at, employee)
    for policy in policies.in_force(at, employee_id=employee["id"]):
        policies.cancel(at, policy, employee["offboard_on"][:10])
    if assume(at).groups_of_leavers == "left":
        for member in list(walk(at.space, "group_employees", employee_id=employee["id"])):
            memberships.remove(at, member)

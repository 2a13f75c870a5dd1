"""Ends the cover of an employee whose employment ends."""

from __future__ import annotations

from mockserver.engine import Record, WriteContext
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.enrolments import logic as enrolments
from mockserver.providers.kota.groups import memberships
from mockserver.providers.kota.policies import logic as policies
from mockserver.providers.kota.wire.lists import iter_records


def end_cover(at: WriteContext, employee: Record) -> None:
    """Abandons an employee's enrolments, cancels the policies as of the last day, and ends the group memberships."""
    enrolments.abandon_enrolments(at, employee)
    for policy in policies.iter_in_force(at, employee_id=employee["id"]):
        policies.cancel(at, policy, employee["offboard_on"][:10])
    if assumptions_of(at).groups_of_leavers == "left":
        for member in list(iter_records(at.space, "group_employees", employee_id=employee["id"])):
            memberships.remove(at, member)

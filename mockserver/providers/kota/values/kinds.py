"""Lists the kinds of objects, each with its collection, id prefix and indexes."""

from __future__ import annotations

from dataclasses import dataclass

from mockserver.engine import Collection


@dataclass(frozen=True, slots=True)
class Kind:
    object: str
    """The value of the member ``object``."""
    collection: str
    prefix: str
    indexes: tuple[str, ...] = ()
    """The fields by which records are found without a scan."""

    @property
    def display_name(self) -> str:
        """The name for messages, for example ``group policy``."""
        return self.object.replace("_", " ")


_ALL_KINDS = (
    Kind("employer", "employers", "er"),
    Kind("employee", "employees", "ee", ("employer_id",)),
    Kind("salary", "salaries", "sal", ("employee_id",)),
    Kind("associated_person", "associated_persons", "ap", ("employee_id",)),
    Kind("provider", "providers", "pr"),
    Kind("plan", "plans", "pl"),
    Kind("group", "groups", "gr", ("employer_id",)),
    # A membership: one record per employee and group. Its id consists of the two ids.
    Kind("group_employee", "group_employees", "", ("group_id", "employee_id")),
    Kind("group_quote_intent", "group_quote_intents", "gqi", ("group_id",)),
    Kind("group_policy_intent", "group_policy_intents", "gpi", ("group_id", "quote_intent_id")),
    Kind("group_policy", "group_policies", "gp", ("group_id", "employer_id")),
    # Internal: no operation returns a renewal. Its id contains the id of its group policy.
    Kind("renewal", "renewals", "rn"),
    Kind("requirement", "requirements", "ar", ("_intent_id",)),
    Kind("enrolment_intent", "enrolment_intents", "ei", ("employee_id", "group_id")),
    Kind("dependents_management_intent", "dependents_management_intents", "dmi", ("parent_intent_id",)),
    Kind("policy", "policies", "p", ("employee_id", "group_id", "group_policy_id")),
    Kind("policy_amendment_intent", "policy_amendment_intents", "pai", ("policy_id",)),
    Kind("policy_import_intent", "policy_import_intents", "pii", ("employee_id", "group_id")),
    Kind("contribution_report", "contribution_reports", "ctr", ("employer_id",)),
    Kind("contribution_report_employee_breakdown", "breakdowns", "", ("contribution_report_id", "employee_id")),
    Kind("contribution_calendar", "contribution_calendars", ""),
    Kind("invoice", "invoices", "inv"),
    Kind("approvable_action", "approvable_actions", "aa"),
    Kind("employer_health_insurance_quote", "employer_quotes", "erhq", ("employer_id",)),
    Kind("employer_health_insurance_policy", "employer_policies", "erhp", ("employer_id",)),
    Kind("employee_health_insurance_offer", "employee_offers", "eeho", ("employee_id",)),
    Kind("employee_health_insurance_policy", "employee_policies", "eehp", ("employee_id",)),
)
KINDS = {kind.object: kind for kind in _ALL_KINDS}
INDEXES = {kind.collection: kind.indexes for kind in _ALL_KINDS}
COLLECTIONS = tuple(Collection(kind.collection, kind.indexes) for kind in _ALL_KINDS)

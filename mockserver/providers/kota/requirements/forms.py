"""Defines the forms of requirements: the questions of each kind of intent about employers, employees and dependents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Form = Mapping[str, Any]
_YES_NO = ((True, "Yes"), (False, "No"))
_INDUSTRIES = (
    ("software", "Software"),
    ("retail", "Retail"),
    ("mining", "Mining"),
    ("offshore_drilling", "Offshore drilling"),
    ("other", "Another one"),
)
_LEGAL_FORMS = ("sole_trader", "partnership", "limited_company", "public_company")


def _field(id: str, type: str, label: str, *, required: Any = True, **further: Any) -> dict[str, Any]:
    """Returns a field; ``required`` is true, false, or the rule under which the field is required."""
    rules = [{"rule": rule, "message": message} for rule, message in further.pop("rules", ())]
    needed = {"requireWhen": required} if isinstance(required, dict) else {"required": required}
    validation = {**needed, "rules": rules} if rules else needed
    return {"id": id, "type": type, "label": {"default": label}, **further, "validation": validation}


def _select(id: str, label: str, options: tuple[tuple[Any, str], ...], **further: Any) -> dict[str, Any]:
    rendered = [{"value": value, "label": {"default": text}} for value, text in options]
    return _field(id, "select", label, options=rendered, **further)


def _is(field: str, value: Any) -> dict[str, Any]:
    return {"==": [{"var": field}, value]}


def _between(field: str, least: Any, most: Any) -> dict[str, Any]:
    return {"and": [{">=": [{"var": field}, least]}, {"<=": [{"var": field}, most]}]}


_SETUP_EMPLOYER = (
    _select("industry", "Industry", _INDUSTRIES),
    _field("industry_name", "text", "Which one?", visibleWhen=_is("industry", "other")),
    _field(
        "headcount", "number", "Headcount", rules=((_between("headcount", 1, 100_000), "Must be from 1 to 100000."),)
    ),
    _select("insured_before", "Is there a health scheme today?", _YES_NO, required=False),
    _field("insurer_before", "text", "Who insures it?", visibleWhen=_is("insured_before", True)),
)
_SETUP_EMPLOYEE = (
    _field("occupation", "text", "Occupation"),
    _field(
        "weekly_hours", "number", "Hours a week", rules=((_between("weekly_hours", 1, 80), "Must be from 1 to 80."),)
    ),
)
_POLICY_EMPLOYER = (
    _field(
        "legal_form",
        "select",
        "Legal form",
        optionsSource={"dataset": "legal_forms"},
        placeholder="Choose the legal form",
    ),
    _field("signatory_name", "text", "Who signs?"),
    _field(
        "signatory_phone",
        "text",
        "Phone number of who signs",
        rules=(({"phone_valid": [{"var": "signatory_phone"}]}, "Must be a phone number such as +353871234567."),),
    ),
    _field(
        "trading_since",
        "date",
        "Trading since",
        rules=(({"<=": [{"var": "trading_since"}, {"today": []}]}, "Must not be in the future."),),
    ),
    _select("payment", "Payment", (("direct_debit", "Direct debit"), ("invoice", "Invoice"))),
    _field("account_holder", "text", "Account holder", visibleWhen=_is("payment", "direct_debit")),
    _field("notes", "textarea", "Anything else?", required=False),
)
_POLICY_EMPLOYEE = (
    _field(
        "staff_number",
        "text",
        "Staff number",
        rules=(({"match": [{"var": "staff_number"}, "[A-Z0-9-]{1,12}"]}, "Must be 1 to 12 capitals or digits."),),
    ),
)
_HEALTH = (
    _select("treated", "Treated for anything in the past five years?", _YES_NO),
    _field("treatment", "textarea", "For what?", visibleWhen=_is("treated", True)),
    _field(
        "treated_until",
        "date",
        "Until when?",
        required=_is("treated", True),
        rules=(({"<=": [{"var": "treated_until"}, {"today": []}]}, "Must not be in the future."),),
    ),
    _field("truthful", "checkbox", "All of this is true", rules=((_is("truthful", True), "Must be confirmed."),)),
)
_DEPENDENT = (
    _select("student", "In full-time education?", _YES_NO),
    _field("school", "text", "Where?", visibleWhen=_is("student", True)),
)
_DATASETS = {"legal_forms": {"id": "legal_forms", "items": [{"value": each, "label": each} for each in _LEGAL_FORMS]}}


def _form(id: str, object_type: str, context: str, fields: tuple[dict[str, Any], ...]) -> Form:
    used = [_DATASETS[field["optionsSource"]["dataset"]] for field in fields if "optionsSource" in field]
    return {
        "id": id,
        "version": 1,
        "object_type": object_type,
        "benefit_type": "health",
        "context": context,
        "fields": list(fields),
        **({"datasets": used} if used else {}),
        "flow": {"mode": "manual", "steps": [{"id": "details", "fields": [field["id"] for field in fields]}]},
    }


_SETUP, _DEPENDANT = "setup_intent", "dependant_management_intent"
_ROWS = (
    ("group_quote_intent", _form("quote_employer", "employer", _SETUP, _SETUP_EMPLOYER)),
    ("group_quote_intent", _form("quote_employee", "employee", _SETUP, _SETUP_EMPLOYEE)),
    ("group_policy_intent", _form("policy_employer", "employer", "group_policy_intent", _POLICY_EMPLOYER)),
    ("group_policy_intent", _form("policy_employee", "employee", "group_policy_intent", _POLICY_EMPLOYEE)),
    ("enrolment_intent", _form("enrolment_employee", "employee", "enrolment_intent", _HEALTH)),
    ("enrolment_intent", _form("enrolment_person", "associated_person", "enrolment_intent", _DEPENDENT)),
    ("dependents_management_intent", _form("dependent", "associated_person", _DEPENDANT, _DEPENDENT)),
)
FORMS: Mapping[tuple[str, str], Form] = {(kind, form["object_type"]): form for kind, form in _ROWS}
"""The forms by kind of intent and by type of the object that the form is about."""

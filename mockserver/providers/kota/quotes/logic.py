"""Group quote intents: an insurer is asked what a plan would cost a group, once it knows enough to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mockserver.engine import At, Lifecycle, Moment, Record, Step, Timed
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.catalog import coverage, premiums
from mockserver.providers.kota.catalog import logic as catalog
from mockserver.providers.kota.catalog.eligibility import judge
from mockserver.providers.kota.events.telling import tell
from mockserver.providers.kota.groups import logic as groups
from mockserver.providers.kota.groups.memberships import members_of
from mockserver.providers.kota.legacy import logic as legacy
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.values.records import ends, kept, later, new_id, outcome, today, written
from mockserver.providers.kota.wire.lists import walk

KIND = "group_quote_intent"
STATES = (
    "processing",
    "action_required",
    "awaiting_quote",
    "quote_available",
    "rejected",
    "rejected_by_insurer",
    "quote_expired",
)
_GONE = frozenset(("offboarding", "inactive", "restricted"))
_SHARINGS: Mapping[str, Any] = {
    "policyholder_only": {"type": "policyholder_only", "percentage": None},
    "percentage": {"type": "percentage", "percentage": {"percentage": 100}},
}
CONSENTS = ("terms_of_business", "privacy_policy")
CONSENT_VERSION = "1"


def _told(at: At, record: Record) -> None:
    ids = {"group_quote_intent_id": record["id"], "group_id": record["group_id"], "plan_id": record["plan_id"]}
    tell(at, f"{KIND}.{record['status']}", KIND, ids)
    legacy.employer_quote(at, record)


def employer_of(at: At, record: Record) -> Record:
    """The employer of the group that an intent is about."""
    employer = kept(at, "employer", group_of(at, record)["employer_id"])
    assert employer is not None
    return employer


def group_of(at: At, record: Record) -> Record:
    """The group that an intent is about."""
    group = kept(at, "group", record["group_id"])
    assert group is not None
    return group


def asked_about(at: At, record: Record, rule: str) -> list[tuple[str, str]]:
    """Whom an intent asks about: nothing, the employer, or the employer_and_employees of the group."""
    employer = [] if rule == "nothing" else [("employer", group_of(at, record)["employer_id"])]
    members = members_of(at, record["group_id"]) if rule == "employer_and_employees" else []
    return employer + [("employee", member["employee_id"]) for member in members]


def action_required(at: At) -> dict[str, Any]:
    """What an intent shows while its requirements are open."""
    return {
        "code": "provide_missing_information",
        "reason": "Details needed",
        "reason_description": "Fulfil the open requirements.",
        "due_by": written(at, ends(later(today(at), assume(at).requirement_deadline))),
    }


def _ask(at: At, record: dict[str, Any]) -> None:
    record["action_required"] = action_required(at)
    # Asked for by hand, an intent asks about its employer at least.
    rule = assume(at).quote_asks
    requirements.ask_all(at, KIND, record, asked_about(at, record, "employer" if rule == "nothing" else rule))
    record["_asked"] = True


def _answered(_at: At, record: dict[str, Any]) -> None:
    record["action_required"] = None


def _processed(moment: Moment, record: Record) -> str | None:
    if requirements.open_ones(moment, record["id"]):
        return "ask"
    wanted = outcome(KIND, employer_of(moment, record))
    if wanted == "rejected_by_insurer":
        return "refuse"
    asks = assume(moment).quote_asks != "nothing" if wanted is None else wanted == "action_required"
    return "ask" if asks and not record["_asked"] else "submit"


def _quoted(moment: Moment, record: Record) -> str | None:
    wanted = outcome(KIND, employer_of(moment, record))
    if wanted == "awaiting_quote":
        return None
    return "quote" if wanted is not None or _meets_criteria(moment, record) else "refuse"


def _meets_criteria(at: At, record: Record) -> bool:
    if assume(at).employer_criteria == "ignored":
        return True
    counted, industry = len(covered(at, record)), _industry(at, record)
    return all(_MET[each["type"]](each[each["type"]], counted, industry) for each in _criteria(at, record))


def _criteria(at: At, record: Record) -> list[Record]:
    """What the plan asks of employers, and the options of it that were selected."""
    plan, selections = catalog.plan(at, record["plan_id"]), record["_coverage_selections"] or ()
    selected = {option["option_id"] for selection in selections for option in selection["options"]}
    options = [option for configuration in plan["coverage_options"] or () for option in configuration["options"]]
    of_options = [
        each for option in options if option["id"] in selected for each in option["eligibility_criteria"] or ()
    ]
    return [*plan["employer_eligibility_criteria"], *of_options]


def _within(limits: Mapping[str, Any], counted: int, _industry: str | None) -> bool:
    least, most = limits["min"], limits["max"]
    return (least is None or counted >= least) and (most is None or counted <= most)


_MET: Mapping[str, Callable[[Mapping[str, Any], int, str | None], bool]] = {
    "employees_count": _within,
    "members_count": _within,
    "industry_exclusions": lambda details, _counted, industry: industry not in details["excluded_industries"],
}


def _industry(at: At, record: Record) -> str | None:
    """What the employer's requirement was told, if it was."""
    told = walk(at.space, "requirements", _intent_id=record["id"], object_type="employer")
    return next((each["_answers"].get("industry") for each in told), None)


def covered(at: At, record: Record) -> list[Record]:
    """The employees of the group whom the plan would cover, as far as can be known before they have been checked."""
    plan, day = catalog.plan(at, record["plan_id"]), max(today(at), record["expected_start_date"] or "")
    employees = [kept(at, "employee", member["employee_id"]) for member in members_of(at, record["group_id"])]
    there = [each for each in employees if each is not None and each["status"] not in _GONE]
    return [each for each in there if judge(at, plan, {**each, "status": "active"}, day)[0] == "eligible"]


def _price(at: At, record: dict[str, Any]) -> None:
    plan, employees = catalog.plan(at, record["plan_id"]), covered(at, record)
    options = coverage.monthly(plan, record["_coverage_selections"])
    cents = len(employees) * (options + catalog.monthly_premium(plan, ["policyholder"]))
    expired = outcome(KIND, employer_of(at, record)) == "quote_expired"
    record["_quote"] = {
        "employee_count": len(employees),
        "cost_sharing": record["cost_sharing"] or default_sharing(at),
        "total_monthly_premium": premiums.money(cents),
        "currency": catalog.currency(plan).upper(),
        "generated_at": written(at, at.now),
    }
    record["_expires_at"] = at.now + (0 if expired else assume(at).quote_validity)


def default_sharing(at: At) -> dict[str, Any]:
    """The cost sharing where none was asked for."""
    others = dict.fromkeys(("member_count", "member_selection", "family_type"))
    return {**_SHARINGS[assume(at).quote_cost_sharing], **others}


LIFECYCLE: Lifecycle = Lifecycle(
    KIND,
    "group_quote_intents",
    steps=(
        Step("ask", ("processing",), "action_required"),
        Step("process", ("action_required",), "processing"),
        Step("submit", ("processing", "action_required"), "awaiting_quote"),
        Step("quote", ("processing", "awaiting_quote"), "quote_available"),
        Step("refuse", ("processing", "awaiting_quote"), "rejected_by_insurer"),
        Step("reject", ("quote_available",), "rejected"),
        Step("expire", ("quote_available",), "quote_expired"),
    ),
    timed=(
        Timed("processing", lambda at, _record: at.now + assume(at).quote_processing, _processed),
        Timed("awaiting_quote", lambda at, _record: at.now + assume(at).quote_insurer, _quoted),
        Timed("quote_available", lambda _at, record: record["_expires_at"], lambda _moment, _record: "expire"),
    ),
    entering={
        "action_required": _ask,
        "processing": _answered,
        "awaiting_quote": _answered,
        "quote_available": _price,
    },
    entered=_told,
)


def _fulfilled(at: At, record: Record) -> None:
    step = LIFECYCLE.leads_to(record, assume(at).quote_answered) if record["status"] == "action_required" else None
    if step is not None:
        LIFECYCLE.take(at, record, step)


requirements.HOOKS[KIND] = _fulfilled


def create_quote_intent(at: At, group: Record, plan: Record, fields: Mapping[str, Any]) -> Record:
    """Ask for a quote of a plan for a group."""
    record = {
        "object": KIND,
        "id": new_id(at, "gqi"),
        "group_id": group["id"],
        "plan_id": plan["id"],
        "cost_sharing": fields.get("cost_sharing"),
        "expected_start_date": fields.get("expected_start_date"),
        "action_required": None,
        "consent_links": list(_consent_links(plan)),
        "disclosures": catalog.disclosures(plan),
        "_coverage_selections": fields.get("coverage_selections"),
        "_asked": False,
    }
    groups.add_to(at, group["id"], "group_quote_intent_ids", record["id"])
    return LIFECYCLE.begin(at, record, "processing")


def _consent_links(plan: Record) -> Iterator[dict[str, str]]:
    for type in CONSENTS:
        url = f"https://assets.kota.example/{plan['country']}/{type}-{CONSENT_VERSION}.pdf"
        yield {"type": type, "url": url, "version": CONSENT_VERSION}

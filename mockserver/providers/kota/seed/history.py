"""The platform a new sandbox begins with: employers of three countries whose people are at every stage of insurance.

It is lived, not written: the functions that serve the API make it, while a clock of its own goes through two years.
"""

from __future__ import annotations

from mockserver.engine import (
    Progress,
    Provider,
    Randomness,
    Record,
    SeedHistory,
    SimulationContext,
    State,
    format_instant,
)
from mockserver.providers.kota.amendments import logic as amendments
from mockserver.providers.kota.catalog import records as catalog_records
from mockserver.providers.kota.employees import logic as employees
from mockserver.providers.kota.employees import offboarding, persons, salaries
from mockserver.providers.kota.employers import logic as employers
from mockserver.providers.kota.enrolments import logic as enrolments
from mockserver.providers.kota.groups import logic as groups
from mockserver.providers.kota.groups import memberships
from mockserver.providers.kota.imports import logic as imports
from mockserver.providers.kota.policy_intents import logic as policy_intents
from mockserver.providers.kota.quotes import logic as quotes
from mockserver.providers.kota.requirements import logic as requirements
from mockserver.providers.kota.seed.dates import GENERATED_AS_OF
from mockserver.providers.kota.seed.people import SEED_COUNTRIES, PeopleGenerator
from mockserver.providers.kota.values.records import DAY, add_days
from mockserver.providers.kota.wire.lists import iter_records

SIZES = {"small": (3, 4), "medium": (6, 7), "large": (15, 20)}
"""How many employers, and how many employees each of them has insured."""
_STARTED_AT = GENERATED_AS_OF - 430 * DAY
_COST_SHARING = {"type": "percentage", "percentage": {"percentage": 80}}


class _EmployerHistory:
    """One employer's story, told in steps that the whole platform takes together."""

    def __init__(self, history: SeedHistory, people: PeopleGenerator, nth: int, insured: int) -> None:
        self.history, self.people, self.nth, self.insured_count = history, people, nth, insured
        self.country = SEED_COUNTRIES[nth % len(SEED_COUNTRIES)]
        self.staff: list[Record] = []

    def sign_up(self, at: SimulationContext) -> None:
        """The employer signs up, and its first employees with it."""
        fields = {
            "legal_name": self.people.company(self.country),
            "registration_number": f"{700_000 + self.nth}",
            "legal_address": self.people.address(self.country),
            "contact": {"name": "Office", "email": f"office.{self.nth + 1}@{self.country}.kota.test"},
            "metadata": {"crm_id": f"A-{self.nth + 1}"},
        }
        self.employer = employers.create_employer(at, fields)
        self.staff = [self.hire_employee(at) for _ in range(self.insured_count)]

    def hire_employee(self, at: SimulationContext) -> Record:
        """Another employee begins, with a salary."""
        day = format_instant(at.now)[:10]
        fields = self.people.employee(self.employer["id"], self.country, add_days(day, -30))
        employee = employees.create_employee(at, fields)
        salaries.create_salary(
            at,
            employee,
            {
                "amount": 38_000.0 + 500 * (self.nth % 40),
                "currency": "gbp" if self.country == "gb" else "eur",
                "pay_frequency": "annual",
                "effective_from": fields["start_on"],
            },
        )
        return employee

    def request_quote(self, at: SimulationContext) -> None:
        """A group is made and a quote asked for."""
        self.group = groups.create_group(at, {"employer_id": self.employer["id"], "name": "Everyone"})
        for employee in self.staff:
            memberships.add_employee(at, self.group, employee, {})
        self.plan = self.first_plan(at)
        fields = {"cost_sharing": _COST_SHARING}
        self.quote = quotes.create_quote_intent(at, self.group, self.plan, fields)

    def first_plan(self, at: SimulationContext) -> Record:
        """The first plan of the country, which asks for nothing to be selected."""
        plans = iter_records(at.space, "plans", oldest_first=True, country=self.country)
        return next(plan for plan in plans if not plan["coverage_options"] and plan["available_to"] is None)

    def fulfil_requirements(self, at: SimulationContext) -> None:
        """What the insurer wants to know is told."""
        for record in list(iter_records(at.space, "requirements", oldest_first=True)):
            if record["_status"] != "fulfilled":
                requirements.LIFECYCLE.apply(at, record, "fulfil")

    def accept_quote(self, at: SimulationContext) -> None:
        """The quote is taken up."""
        policy_intents.create_policy_intent(
            at, _reload(at, "group_quote_intents", self.quote), {"cost_sharing": _COST_SHARING}
        )

    def enrol_staff(self, at: SimulationContext) -> None:
        """Everyone is enrolled; some have families."""
        for nth, employee in enumerate(self.staff):
            if nth % 3 == 0:
                for relationship in ("spouse", "child"):
                    persons.create_person(at, employee, self.people.relative(dict(employee), relationship))
            enrolments.create_enrolment(at, self.group, _reload(at, "employees", employee))

    def confirm_enrolments(self, at: SimulationContext) -> None:
        """Every enrolment that waits for it is confirmed."""
        for record in list(iter_records(at.space, "enrolment_intents", group_id=self.group["id"])):
            if enrolments.LIFECYCLE.find_transition(record, "confirm"):
                enrolments.LIFECYCLE.apply(at, record, "confirm")

    def offboard_staff(self, at: SimulationContext) -> None:
        """One employee has left, another has given notice."""
        gone, going = (_reload(at, "employees", employee) for employee in self.staff[-2:])
        day = format_instant(at.now)[:10]
        offboarding.offboard_now(at, gone, f"{day}T00:00:00Z")
        employees.LIFECYCLE.apply(at, going, "schedule_offboarding", offboard_on=f"{add_days(day, 60)}T00:00:00Z")

    def amend_policy(self, at: SimulationContext) -> None:
        """A family has grown; a policy of before is brought along."""
        policy = next(
            iter_records(at.space, "policies", employee_id=self.staff[0]["id"], status=frozenset({"active"})), None
        )
        if policy is not None:
            event = {"event": "birth_of_child", "event_date": format_instant(at.now)[:10], "reason": None}
            reason = {"type": "qualifying_life_event", "qualifying_life_event": event}
            amendments.list_dependents(at, amendments.create_amendment(at, policy, reason, ["dependents"]))

    def import_policies(self, at: SimulationContext) -> None:
        """Two employees were insured before: the one's policy is taken over, the other's cannot be."""
        for number, employee in enumerate((self.hire_employee(at), self.staff[0]), 1):
            memberships.add_employee(at, self.group, employee, {})
            fields = {
                "employee_id": employee["id"],
                "group_id": self.group["id"],
                "provider_policy_number": f"OLD-{self.nth + 1}-{number}",
                "member_number": f"{self.nth + 1}{number:05d}",
                "policy_start_date": format_instant(at.now)[:10],
            }
            imports.create_import(at, fields)

    def start_unfinished(self, at: SimulationContext) -> None:
        """What is in the middle of things today."""
        others = groups.create_group(at, {"employer_id": self.employer["id"], "name": "Contractors"})
        quotes.create_quote_intent(at, others, self.plan, {"cost_sharing": _COST_SHARING})
        late = self.hire_employee(at)
        memberships.add_employee(at, self.group, late, {})
        enrolments.create_enrolment(at, self.group, late, force_confirmation=True)


def _reload(at: SimulationContext, collection: str, record: Record) -> Record:
    """A record as it is by now."""
    return at.space.get(collection, record["id"]) or record


_STEPS = (
    ("sign_up", 7),
    ("request_quote", 1),
    ("fulfil_requirements", 1),
    ("accept_quote", 1),
    ("fulfil_requirements", 45),
    ("enrol_staff", 1),
    ("fulfil_requirements", 1),
    ("confirm_enrolments", 7),
)
"""The steps of every story, and how many days after each of them the next one comes."""


def generate(provider: Provider, randomness: Randomness, size: str, progress: Progress) -> State:
    """The records of a new sandbox of that size, lived with what the provider is made of."""
    many, insured = SIZES[size]
    history = SeedHistory(provider, randomness.seed, _STARTED_AT, catalog_records.seed_records(randomness))
    people = PeopleGenerator(randomness)
    stories = [_EmployerHistory(history, people, nth, insured) for nth in range(many)]
    for done, (act, days) in enumerate(_STEPS):
        progress(done, len(_STEPS) + 1)
        _run_step(history, stories, act)
        history.advance(days * DAY)
    history.advance_to(GENERATED_AS_OF - 20 * DAY)
    for act in ("import_policies", "offboard_staff", "amend_policy"):
        _run_step(history, stories, act)
        history.advance(DAY)
    history.advance_to(GENERATED_AS_OF)
    _run_step(history, stories, "start_unfinished")
    progress(1, 1)
    return _without_old_events(history.state())


def _run_step(history: SeedHistory, stories: list[_EmployerHistory], act: str) -> None:
    for story in stories:
        history.run(getattr(story, act))


def _without_old_events(state: State) -> State:
    """The records without the events that are too old to be read."""
    return {
        **state,
        "_events": [event for event in state["_events"] if event["created_at"] >= GENERATED_AS_OF - 30 * DAY],
    }

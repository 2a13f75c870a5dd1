"""Generates the seed data: employers in three countries with employees at every stage of insurance.

A simulated history makes the data: it runs the functions that serve the API, and advances a separate clock.
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
"""The number of employers, and the number of insured employees per employer, by size."""
_STARTED_AT = GENERATED_AS_OF - 430 * DAY
"""The instant at which the history begins."""
_COST_SHARING = {"type": "percentage", "percentage": {"percentage": 80}}


class _EmployerHistory:
    """The history of one employer. Each method is a step; all employers take a step at the same time."""

    def __init__(self, history: SeedHistory, people: PeopleGenerator, nth: int, insured: int) -> None:
        self.history, self.people, self.nth, self.insured_count = history, people, nth, insured
        self.country = SEED_COUNTRIES[nth % len(SEED_COUNTRIES)]
        self.staff: list[Record] = []

    def sign_up(self, at: SimulationContext) -> None:
        """Creates the employer and its first employees."""
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
        """Creates an employee with a salary."""
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
        """Creates a group with all employees, and requests a quote."""
        self.group = groups.create_group(at, {"employer_id": self.employer["id"], "name": "Everyone"})
        for employee in self.staff:
            memberships.add_employee(at, self.group, employee, {})
        self.plan = self.first_plan(at)
        fields = {"cost_sharing": _COST_SHARING}
        self.quote = quotes.create_quote_intent(at, self.group, self.plan, fields)

    def first_plan(self, at: SimulationContext) -> Record:
        """Returns the country's first plan that has no options to select."""
        plans = iter_records(at.space, "plans", oldest_first=True, country=self.country)
        return next(plan for plan in plans if not plan["coverage_options"] and plan["available_to"] is None)

    def fulfil_requirements(self, at: SimulationContext) -> None:
        """Fulfils all open requirements."""
        for record in list(iter_records(at.space, "requirements", oldest_first=True)):
            if record["_status"] != "fulfilled":
                requirements.LIFECYCLE.apply(at, record, "fulfil")

    def accept_quote(self, at: SimulationContext) -> None:
        """Accepts the quote, which creates a policy intent."""
        policy_intents.create_policy_intent(
            at, _reload(at, "group_quote_intents", self.quote), {"cost_sharing": _COST_SHARING}
        )

    def enrol_staff(self, at: SimulationContext) -> None:
        """Enrols all employees; every third has a spouse and a child."""
        for nth, employee in enumerate(self.staff):
            if nth % 3 == 0:
                for relationship in ("spouse", "child"):
                    persons.create_person(at, employee, self.people.relative(dict(employee), relationship))
            enrolments.create_enrolment(at, self.group, _reload(at, "employees", employee))

    def confirm_enrolments(self, at: SimulationContext) -> None:
        """Confirms the enrolments that wait for confirmation."""
        for record in list(iter_records(at.space, "enrolment_intents", group_id=self.group["id"])):
            if enrolments.LIFECYCLE.find_transition(record, "confirm"):
                enrolments.LIFECYCLE.apply(at, record, "confirm")

    def offboard_staff(self, at: SimulationContext) -> None:
        """Offboards one employee now, and schedules the offboarding of another."""
        leaver, future_leaver = (_reload(at, "employees", employee) for employee in self.staff[-2:])
        day = format_instant(at.now)[:10]
        offboarding.offboard_now(at, leaver, f"{day}T00:00:00Z")
        employees.LIFECYCLE.apply(
            at, future_leaver, "schedule_offboarding", offboard_on=f"{add_days(day, 60)}T00:00:00Z"
        )

    def amend_policy(self, at: SimulationContext) -> None:
        """Begins an amendment of an active policy after the birth of a child."""
        policy = next(
            iter_records(at.space, "policies", employee_id=self.staff[0]["id"], status=frozenset({"active"})), None
        )
        if policy is not None:
            event = {"event": "birth_of_child", "event_date": format_instant(at.now)[:10], "reason": None}
            reason = {"type": "qualifying_life_event", "qualifying_life_event": event}
            amendments.create_dependents_intent(at, amendments.create_amendment(at, policy, reason, ["dependents"]))

    def import_policies(self, at: SimulationContext) -> None:
        """Creates two imports: one succeeds, one fails because its employee already has a policy."""
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
        """Begins a quote and an enrolment that are still open at the end of the history."""
        others = groups.create_group(at, {"employer_id": self.employer["id"], "name": "Contractors"})
        quotes.create_quote_intent(at, others, self.plan, {"cost_sharing": _COST_SHARING})
        late = self.hire_employee(at)
        memberships.add_employee(at, self.group, late, {})
        enrolments.create_enrolment(at, self.group, late, force_confirmation=True)


def _reload(at: SimulationContext, collection: str, record: Record) -> Record:
    """Returns the current version of a record."""
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
"""The first steps of every history, each with the number of days until the next step."""


def generate(provider: Provider, randomness: Randomness, size: str, progress: Progress) -> State:
    """Generates the seed data of a size: small, medium or large."""
    employer_count, insured = SIZES[size]
    history = SeedHistory(provider, randomness.seed, _STARTED_AT, catalog_records.seed_records(randomness))
    people = PeopleGenerator(randomness)
    employer_histories = [_EmployerHistory(history, people, nth, insured) for nth in range(employer_count)]
    for done, (step, days) in enumerate(_STEPS):
        progress(done, len(_STEPS) + 1)
        _run_step(history, employer_histories, step)
        history.advance(days * DAY)
    history.advance_to(GENERATED_AS_OF - 20 * DAY)
    for step in ("import_policies", "offboard_staff", "amend_policy"):
        _run_step(history, employer_histories, step)
        history.advance(DAY)
    history.advance_to(GENERATED_AS_OF)
    _run_step(history, employer_histories, "start_unfinished")
    progress(1, 1)
    return _without_old_events(history.state())


def _run_step(history: SeedHistory, employer_histories: list[_EmployerHistory], step: str) -> None:
    for employer_history in employer_histories:
        history.run(getattr(employer_history, step))


def _without_old_events(state: State) -> State:
    """Removes the events that are too old for a client to read."""
    return {
        **state,
        "_events": [event for event in state["_events"] if event["created_at"] >= GENERATED_AS_OF - 30 * DAY],
    }

"""The platform a new sandbox begins with: employers of three countries whose people are at every stage of insurance.

It is lived, not written: the functions that serve the API make it, while a clock of its own goes through two years.
"""

from __future__ import annotations

from mockserver.engine import Moment, Progress, Provider, Randomness, Record, Rehearsal, State, iso
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
from mockserver.providers.kota.seed.dates import WRITTEN
from mockserver.providers.kota.seed.people import COUNTRIES, People
from mockserver.providers.kota.values.records import DAY, later
from mockserver.providers.kota.wire.lists import walk

SIZES = {"small": (3, 4), "medium": (6, 7), "large": (15, 20)}
"""How many employers, and how many employees each of them has insured."""
_BEGIN = WRITTEN - 430 * DAY
_SHARING = {"type": "percentage", "percentage": {"percentage": 80}}


class _Story:
    """One employer's story, told in steps that the whole platform takes together."""

    def __init__(self, stage: Rehearsal, people: People, nth: int, insured: int) -> None:
        self.stage, self.people, self.nth, self.insured = stage, people, nth, insured
        self.country = COUNTRIES[nth % len(COUNTRIES)]
        self.staff: list[Record] = []

    def founded(self, at: Moment) -> None:
        """The employer signs up, and its first employees with it."""
        fields = {
            "legal_name": self.people.company(self.country),
            "registration_number": f"{700_000 + self.nth}",
            "legal_address": self.people.address(self.country),
            "contact": {"name": "Office", "email": f"office.{self.nth + 1}@{self.country}.kota.test"},
            "metadata": {"crm_id": f"A-{self.nth + 1}"},
        }
        self.employer = employers.create_employer(at, fields)
        self.staff = [self.hired(at) for _ in range(self.insured)]

    def hired(self, at: Moment) -> Record:
        """Another employee begins, with a salary."""
        day = iso(at.now)[:10]
        fields = self.people.employee(self.employer["id"], self.country, later(day, -30))
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

    def quoted(self, at: Moment) -> None:
        """A group is made and a quote asked for."""
        self.group = groups.create_group(at, {"employer_id": self.employer["id"], "name": "Everyone"})
        for employee in self.staff:
            memberships.add_employee(at, self.group, employee, {})
        self.plan = self.plan_of(at)
        fields = {"cost_sharing": _SHARING}
        self.quote = quotes.create_quote_intent(at, self.group, self.plan, fields)

    def plan_of(self, at: Moment) -> Record:
        """The first plan of the country, which asks for nothing to be selected."""
        plans = walk(at.space, "plans", oldest_first=True, country=self.country)
        return next(plan for plan in plans if not plan["coverage_options"] and plan["available_to"] is None)

    def answered(self, at: Moment) -> None:
        """What the insurer wants to know is told."""
        for record in list(walk(at.space, "requirements", oldest_first=True)):
            if record["_status"] != "fulfilled":
                requirements.LIFECYCLE.take(at, record, "fulfil")

    def agreed(self, at: Moment) -> None:
        """The quote is taken up."""
        policy_intents.create_policy_intent(at, _now(at, "group_quote_intents", self.quote), {"cost_sharing": _SHARING})

    def enrolled(self, at: Moment) -> None:
        """Everyone is enrolled; some have families."""
        for nth, employee in enumerate(self.staff):
            if nth % 3 == 0:
                for relationship in ("spouse", "child"):
                    persons.create_person(at, employee, self.people.relative(dict(employee), relationship))
            enrolments.create_enrolment(at, self.group, _now(at, "employees", employee))

    def confirmed(self, at: Moment) -> None:
        """Every enrolment that waits for it is confirmed."""
        for record in list(walk(at.space, "enrolment_intents", group_id=self.group["id"])):
            if enrolments.LIFECYCLE.allows(record, "confirm"):
                enrolments.LIFECYCLE.take(at, record, "confirm")

    def left(self, at: Moment) -> None:
        """One employee has left, another has given notice."""
        gone, going = (_now(at, "employees", employee) for employee in self.staff[-2:])
        day = iso(at.now)[:10]
        offboarding.end_employee(at, gone, f"{day}T00:00:00Z")
        employees.LIFECYCLE.take(at, going, "schedule_offboarding", offboard_on=f"{later(day, 60)}T00:00:00Z")

    def changed(self, at: Moment) -> None:
        """A family has grown; a policy of before is brought along."""
        policy = next(walk(at.space, "policies", employee_id=self.staff[0]["id"], status=frozenset({"active"})), None)
        if policy is not None:
            event = {"event": "birth_of_child", "event_date": iso(at.now)[:10], "reason": None}
            reason = {"type": "qualifying_life_event", "qualifying_life_event": event}
            amendments.list_dependents(at, amendments.create_amendment(at, policy, reason, ["dependents"]))

    def brought_along(self, at: Moment) -> None:
        """Two employees were insured before: the one's policy is taken over, the other's cannot be."""
        for number, employee in enumerate((self.hired(at), self.staff[0]), 1):
            memberships.add_employee(at, self.group, employee, {})
            fields = {
                "employee_id": employee["id"],
                "group_id": self.group["id"],
                "provider_policy_number": f"OLD-{self.nth + 1}-{number}",
                "member_number": f"{self.nth + 1}{number:05d}",
                "policy_start_date": iso(at.now)[:10],
            }
            imports.create_import(at, fields)

    def under_way(self, at: Moment) -> None:
        """What is in the middle of things today."""
        others = groups.create_group(at, {"employer_id": self.employer["id"], "name": "Contractors"})
        quotes.create_quote_intent(at, others, self.plan, {"cost_sharing": _SHARING})
        late = self.hired(at)
        memberships.add_employee(at, self.group, late, {})
        enrolments.create_enrolment(at, self.group, late, force_confirmation=True)


def _now(at: Moment, collection: str, record: Record) -> Record:
    """A record as it is by now."""
    return at.space.get(collection, record["id"]) or record


_ACTS = (
    ("founded", 7),
    ("quoted", 1),
    ("answered", 1),
    ("agreed", 1),
    ("answered", 45),
    ("enrolled", 1),
    ("answered", 1),
    ("confirmed", 7),
)
"""The steps of every story, and how many days after each of them the next one comes."""


def generate(provider: Provider, randomness: Randomness, size: str, progress: Progress) -> State:
    """The records of a new sandbox of that size, lived with what the provider is made of."""
    many, insured = SIZES[size]
    stage = Rehearsal(provider, randomness.seed, _BEGIN, catalog_records.records(randomness))
    people = People(randomness)
    stories = [_Story(stage, people, nth, insured) for nth in range(many)]
    for done, (act, days) in enumerate(_ACTS):
        progress(done, len(_ACTS) + 1)
        _play(stage, stories, act)
        stage.advance(days * DAY)
    stage.stand_at(WRITTEN - 20 * DAY)
    for act in ("brought_along", "left", "changed"):
        _play(stage, stories, act)
        stage.advance(DAY)
    stage.stand_at(WRITTEN)
    _play(stage, stories, "under_way")
    progress(1, 1)
    return _recent(stage.state())


def _play(stage: Rehearsal, stories: list[_Story], act: str) -> None:
    for story in stories:
        stage.do(getattr(story, act))


def _recent(state: State) -> State:
    """The records without the events that are too old to be read."""
    return {**state, "_events": [event for event in state["_events"] if event["created_at"] >= WRITTEN - 30 * DAY]}

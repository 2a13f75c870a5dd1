"""Kota's seed data: consistent references, valid values, and records for every list and state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from stdnum import iban
from stdnum.es import dni
from stdnum.ie import pps

from mockserver.engine import Randomness, parse_instant
from mockserver.providers.kota import PROVIDER
from mockserver.providers.kota.seed.dates import GENERATED_AS_OF, shift_dates
from mockserver.providers.kota.seed.people import PeopleGenerator
from mockserver.providers.kota.values.fields import is_valid_postal_code
from mockserver.providers.kota.values.kinds import KINDS
from tests.support.datasets import cached_dataset
from tests.support.harness import Harness, make_harness

APPROXIMATE_SIZES = {"small": 450, "medium": 1_400}
DAY = 86_400 * 1_000_000
COLLECTION_BY_PREFIX = {kind.prefix: kind.collection for kind in KINDS.values() if kind.prefix}
REFERENCE_FIELDS = {f"{kind.object}_id": kind.collection for kind in KINDS.values() if kind.prefix}


@pytest.fixture(scope="module")
def harness() -> Harness:
    """A seeded platform; these tests only read it."""
    return make_harness(PROVIDER)


def references(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yields the collection and the id of every reference in a record."""
    if isinstance(value, dict):
        for field, each in value.items():
            yield from references(each, field)
    elif isinstance(value, list):
        for each in value:
            yield from references(each, name)
    elif isinstance(value, str) and name in REFERENCE_FIELDS:
        yield REFERENCE_FIELDS[name], value


@pytest.mark.parametrize("size", APPROXIMATE_SIZES)
def test_a_data_set_has_about_the_size_of_its_name(size: str) -> None:
    count = sum(len(records) for name, records in cached_dataset("kota", size).items() if not name.startswith("_"))
    assert 0.5 * APPROXIMATE_SIZES[size] <= count <= 1.5 * APPROXIMATE_SIZES[size]


@pytest.mark.parametrize("size", APPROXIMATE_SIZES)
def test_every_reference_leads_to_a_record(size: str) -> None:
    state = cached_dataset("kota", size)
    ids_by_collection = {collection: {record["id"] for record in records} for collection, records in state.items()}
    dangling = {
        (collection, target, id)
        for collection, records in state.items()
        if not collection.startswith("_")
        for record in records
        for target, id in references(record)
        if id not in ids_by_collection.get(target, set())
    }
    assert dangling == set()


def test_national_tax_ids_and_postal_codes_are_valid_in_their_country() -> None:
    employees = cached_dataset("kota", "medium")["employees"]
    validators: dict[str, Any] = {
        "ie": pps.is_valid,
        "es": dni.is_valid,
        "gb": lambda number: len(number) == 9 and number[:2].isalpha(),
    }
    assert {each["nationality"] for each in employees} == set(validators)
    for each in employees:
        is_valid: Callable[[str], bool] = validators[each["nationality"]]
        assert is_valid(each["national_tax_id"]), each["national_tax_id"]
        address = each["home_address"]
        assert is_valid_postal_code(address["country_code"], address["postal_code"]), address


@pytest.mark.parametrize("country", ["ie", "gb", "es"])
def test_bank_accounts_are_ibans(country: str) -> None:
    people = PeopleGenerator(Randomness("1"))
    assert all(iban.is_valid(people.iban(country)) for _ in range(50))


def test_there_is_an_employer_of_each_country_with_policies_in_force() -> None:
    state = cached_dataset("kota", "small")
    countries = {each["id"]: each["legal_address"]["country_code"] for each in state["employers"]}
    employers = {each["employer_id"] for each in state["group_policies"] if each["status"] == "active"}
    assert {countries[each] for each in employers} == {"ie", "gb", "es"}


@pytest.mark.parametrize(
    ("collection", "statuses"),
    [
        ("employees", {"active", "pending", "offboarding", "inactive"}),
        ("groups", {"pending", "ready"}),
        ("group_quote_intents", {"processing", "quote_expired"}),
        ("group_policy_intents", {"policy_created"}),
        ("group_policies", {"active", "expired"}),
        ("enrolment_intents", {"enrolled", "scheduled"}),
        ("policies", {"active", "expired", "cancelled"}),
        ("dependents_management_intents", {"action_required"}),
        ("policy_amendment_intents", {"action_required"}),
        ("policy_import_intents", {"success", "failed"}),
    ],
)
def test_seed_data_has_records_in_every_important_state(collection: str, statuses: set[str]) -> None:
    assert statuses <= set(Counter(record["status"] for record in cached_dataset("kota", "small")[collection]))


def test_every_list_has_seeded_records(harness: Harness) -> None:
    lists = [op.path for op in PROVIDER.operations if op.method == "GET" and "{" not in op.path]
    assert len(lists) >= 12
    for path in lists:
        if path == "/webhooks/endpoints":
            continue  # Endpoints are created by the operator, so there are none yet.
        year = "?created_after=2000-01-01T00:00:00Z" if path == "/events" else ""
        response = harness.request("GET", f"{path}{year}")
        assert response.status_code == 200, response.text
        assert response.json["items"], path


def test_seed_data_is_shifted_to_another_day() -> None:
    state = cached_dataset("kota", "small")
    later = shift_dates(state, GENERATED_AS_OF + 10 * DAY)
    for before, after in zip(state["policies"], later["policies"], strict=True):
        days = parse_instant(after["start_date"]) - parse_instant(before["start_date"])
        assert days == 10 * DAY
        birth_dates = [member["date_of_birth"] for member in after["health_insurance"]["members"]]
        assert birth_dates == [member["date_of_birth"] for member in before["health_insurance"]["members"]]
    timers = zip(state["_timers"], later["_timers"], strict=True)
    assert {int(after["due"]) - int(before["due"]) for before, after in timers} == {10 * DAY}
    assert later["plans"] == state["plans"]


def test_seed_data_is_unchanged_on_the_day_it_was_generated_for() -> None:
    state = cached_dataset("kota", "small")
    assert shift_dates(state, GENERATED_AS_OF + 60) is state


def test_seed_data_is_the_same_at_every_hour_of_a_day() -> None:
    state, day = cached_dataset("kota", "small"), parse_instant("2026-11-05T00:00:00Z")
    morning, evening = shift_dates(state, day), shift_dates(state, day + DAY - 1)
    assert morning == evening
    assert max(event["created_at"] for event in morning["_events"]) <= day


def test_seeded_records_continue_their_lifecycle() -> None:
    harness = make_harness(PROVIDER)
    waiting = "/enrolment_intents?status=pending_confirmation"
    before = harness.request("GET", waiting).json["total_count"]
    harness.advance("60d")
    assert before
    assert harness.request("GET", waiting).json["total_count"] == 0

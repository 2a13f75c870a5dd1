"""Employers: made, checked, changed, and offboarded with everything they have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kota_cover import enrolled, insured_pair
from tests.support.kota_groups import policy_intent, quote, quote_intent, staffed
from tests.support.kota_world import (
    ADDRESS,
    EMPLOYER,
    assume,
    code,
    employee,
    employer,
    events,
    made,
    new_world,
    read,
    step,
    told,
    wrong,
)
from tests.support.worlds import World


@pytest.fixture
def world() -> World:
    return new_world()


def status(world: World, id: str) -> str:
    return str(read(world, f"/employers/{id}")["status"])


def put(world: World, id: str, body: Any) -> Any:
    answer = world.ask("PUT", f"/employers/{id}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_an_employer_is_pending_until_it_is_checked(world: World) -> None:
    shown = made(world, "/employers", {**EMPLOYER, "metadata": {"crm_id": "A-19"}})
    assert shown == {
        "object": "employer",
        "id": shown["id"],
        "platform_id": shown["platform_id"],
        "status": "pending",
        "legal_name": "Brightwater Labs Ltd",
        "registration_number": None,
        "legal_address": {"line2": None, "line3": None, "state": None, **ADDRESS},
        "contact": {"name": "Orla Byrne", "email": "orla@brightwater.test"},
        "offboard_on": None,
        "earliest_benefits_start_date": None,
        "metadata": {"crm_id": "A-19"},
    }
    world.advance("2s")
    assert status(world, shown["id"]) == "active"
    assert told(world) == ["employer.created", "employer.updated"]
    thin = {"id": shown["id"], "metadata": {"crm_id": "A-19"}, "resource_type": "employer", "object": "employer_event"}
    assert events(world)[0]["data"] == thin
    assert events(world, "v1")[0]["data"] == shown


def test_how_long_an_employer_is_checked_can_be_set(world: World) -> None:
    assume(world, employer_check="1h")
    id = employer(world)
    world.advance("59m")
    assert status(world, id) == "pending"
    world.advance("1m")
    assert status(world, id) == "active"


@pytest.mark.parametrize("state", ["active", "restricted", "offboarding"])
def test_metadata_choose_what_a_check_comes_to(world: World, state: str) -> None:
    assume(world, employer_offboarding="1h")
    id = employer(world, metadata={"testmode.employer": state})
    world.advance("2s")
    assert status(world, id) == state


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"legal_address": {**ADDRESS, "postal_code": "nope"}}, "legal_address.postal_code"),
        ({"legal_address": {**ADDRESS, "country_code": "us", "postal_code": "10001"}}, "legal_address.state"),
        ({"legal_address": {**ADDRESS, "country_code": "IE"}}, "legal_address.country_code"),
        ({"legal_address": {**ADDRESS, "line1": " "}}, "legal_address.line1"),
        ({"earliest_benefits_start_date": "2026-03-01"}, "earliest_benefits_start_date"),
        ({"metadata": {"k" * 41: "v"}}, "metadata"),
        ({"metadata": {"k": "v" * 501}}, "metadata"),
        ({"metadata": {str(n): "v" for n in range(26)}}, "metadata"),
        ({"legal_name": None}, "legal_name"),
        ({"contact": {"name": "Orla"}}, "contact.email"),
    ],
)
def test_what_an_employer_cannot_be_is_refused_by_its_path(world: World, changes: Any, path: str) -> None:
    assert wrong(world, "POST", "/employers", {**EMPLOYER, **changes}) == [path]


def test_an_update_leaves_what_it_leaves_out_and_replaces_parts_whole(world: World) -> None:
    id = employer(world, metadata={"a": "1"}, registration_number="700123")
    address = {"line1": "1 Quay", "city": "Cork", "postal_code": "T12 X8N6"}
    shown = put(world, id, {"legal_address": address, "metadata": {"b": "2"}, "legal_name": None})
    assert shown["legal_address"] == {**address, "line2": None, "line3": None, "state": None, "country_code": "ie"}
    assert (shown["metadata"], shown["registration_number"]) == ({"b": "2"}, "700123")
    assert shown["legal_name"] == "Brightwater Labs Ltd"
    assert wrong(world, "PUT", f"/employers/{id}", {"legal_address": {**address, "postal_code": "1"}}) == [
        "legal_address.postal_code"
    ]


def test_the_start_of_benefits_is_fixed_once_there_is_a_quote_or_policy(world: World) -> None:
    someone, _ = insured_pair(world)
    id = read(world, f"/employees/{someone}")["employer_id"]
    body = {"earliest_benefits_start_date": "2027-01-01"}
    assert wrong(world, "PUT", f"/employers/{id}", body) == ["earliest_benefits_start_date"]
    assert put(world, employer(world), body)["earliest_benefits_start_date"] == "2027-01-01"


def test_employers_are_listed_newest_first_and_by_status(world: World) -> None:
    first = employer(world)
    world.advance("2s")
    second = employer(world)
    assert [each["id"] for each in read(world, "/employers")["items"]] == [second, first]
    assert [each["id"] for each in read(world, "/employers?filter=active,restricted")["items"]] == [first]
    assert wrong(world, "GET", "/employers?filter=gone") == ["filter"]
    assert code(world, "GET", "/employers/er_none") == (404, "not_found")


def test_offboarding_an_employer_ends_everything_it_has_at_once(world: World) -> None:
    someone, everybody = insured_pair(world)
    policy = enrolled(world, (someone, everybody))
    id = read(world, f"/employees/{someone}")["employer_id"]
    pending = employee(world, id)
    shown = made(world, f"/employers/{id}/offboard")
    assert (shown["status"], shown["offboard_on"]) == ("inactive", "2026-03-01T12:00:10Z")
    assert {read(world, f"/employees/{each}")["status"] for each in (someone, pending)} == {"inactive"}
    assert read(world, f"/policies/{policy['id']}")["status"] == "cancelled"
    assert read(world, f"/group_policies/{policy['group_policy_id']}")["status"] == "cancelled"
    assert read(world, f"/groups/{everybody}")["status"] == "archived"
    assert read(world, f"/groups/{everybody}/employees")["items"] == []
    tail = told(world)[told(world).index("employer.offboarded") :]
    expected = {"employer.offboarded", "employee.offboarded", "policy.cancelled", "group_policy.cancelled"}
    assert expected | {"group.archived", "group.employee.removed"} <= set(tail)
    assert code(world, "POST", f"/employers/{id}/offboard") == (400, "invalid_state")
    assert code(world, "POST", f"/employees/{someone}/offboard/cancel") == (400, "invalid_state")


def test_what_an_offboarded_employer_has_asked_insurers_for_is_given_up(world: World) -> None:
    assume(world, group_policy_asks="nothing")
    everybody = staffed(world)
    taken, left, asked = quote(world, everybody), quote(world, everybody, "Family"), quote_intent(world, everybody)
    intent = policy_intent(world, taken)
    made(world, f"/employers/{read(world, f'/groups/{everybody}')['employer_id']}/offboard")
    assert read(world, f"/group_policy_intents/{intent}")["status"] == "expired"
    quotes = [read(world, f"/group_quote_intents/{each}")["status"] for each in (left, asked)]
    assert quotes == ["rejected", "rejected_by_insurer"]
    world.advance("1h")
    assert read(world, f"/group_policies?group_id={everybody}")["items"] == []


def test_offboarding_of_an_employer_may_take_its_time(world: World) -> None:
    assume(world, employer_offboarding="1h")
    id = employer(world)
    someone = employee(world, id)
    assert made(world, f"/employers/{id}/offboard")["status"] == "offboarding"
    world.advance("59m")
    assert read(world, f"/employees/{someone}")["status"] == "active"
    world.advance("1m")
    assert (status(world, id), read(world, f"/employees/{someone}")["status"]) == ("inactive", "inactive")


def test_an_employer_takes_each_step_of_its_life(world: World) -> None:
    assume(world, employer_offboarding="1h")
    id = employer(world)
    path = ["fail_check", "pass_check", "fail_check", "begin_offboarding", "offboard"]
    reached = ["restricted", "active", "restricted", "offboarding", "inactive"]
    assert [step(world, id, each)["status"] for each in path] == reached

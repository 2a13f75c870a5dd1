"""The catalog: who insures where, what there is to buy, what it costs, and how many could have it."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.providers.kota.catalog.logic import monthly_premium
from mockserver.providers.kota.catalog.tables import INSURERS
from tests.support.harness import Harness
from tests.support.kota_cover_helpers import add_to_group, create_group, find_plan
from tests.support.kota_helpers import (
    create_employee,
    create_employer,
    fetch,
    invalid_fields,
    make_empty_harness,
    refusal_code,
    take_step,
)


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def names(harness: Harness, query: str = "") -> list[str]:
    return [each["name"] for each in fetch(harness, f"/plans?page_size=100&{query}")["items"]]


def test_there_are_fourteen_providers_found_by_country(harness: Harness) -> None:
    every = fetch(harness, "/providers?page_size=100")["items"]
    assert [each["name"] for each in every] == [each.name for each in INSURERS]
    assert len(every) == 14
    danish = fetch(harness, "/providers?country=dk")["items"]
    assert [each["name"] for each in danish] == ["Dansk Sundhedssikring"]
    assert danish[0]["employer_platform_url"] is None
    assert fetch(harness, f"/providers/{danish[0]['id']}") == danish[0]
    assert invalid_fields(harness, "GET", "/providers?country=DK") == ["country"]
    assert refusal_code(harness, "GET", "/providers/pr_none") == (404, "not_found")


def test_plans_are_those_that_are_available_on_the_day(harness: Harness) -> None:
    today, later, before = (
        names(harness),
        names(harness, "available_on=2031-01-01"),
        names(harness, "available_on=2021-06-01"),
    )
    assert "Next" in later
    assert "Next" not in today
    assert before == ["Classic"]
    assert "Classic" in names(harness, "available_on=2025-12-31")
    assert "Classic" not in names(harness, "available_on=2026-01-01")


def test_plans_are_filtered_by_country_and_by_the_providers_keys(harness: Harness) -> None:
    assert names(harness, "country=es") == ["Profesional", "Familia"]
    assert names(harness, "provider_id=vitality,sanitas") == ["Business", "Profesional"]
    assert names(harness, "provider_id=vitality&country=es") == []
    assert names(harness, "type=health_insurance") == names(harness)
    for query in ("provider_id=pr_1", "type=life", "country=IE", "sort_by=name", "sort_dir=up", "available_on=now"):
        assert invalid_fields(harness, "GET", f"/plans?{query}") == [query.partition("=")[0]]


def test_plans_are_sorted_by_what_they_cost_an_employee_alone(harness: Harness) -> None:
    rising = names(harness, "country=ie&sort_by=premium")
    assert rising == ["Family", "Single", "Core", "Choice", "International"]
    assert names(harness, "country=ie&sort_by=premium&sort_dir=asc") == rising
    assert names(harness, "country=ie&sort_by=premium&sort_dir=desc") == rising[::-1]


def test_a_plan_is_shown_whole(harness: Harness) -> None:
    id = find_plan(harness, "International")["id"]
    shown = fetch(harness, f"/plans/{id}")
    assert shown["provider"]["name"] == "Allianz"
    assert [each["type"] for each in shown["employer_eligibility_criteria"]] == [
        "employees_count",
        "members_count",
        "industry_exclusions",
    ]
    assert shown["employer_eligibility_criteria"][1]["members_count"] == {"min": 3, "max": 500}
    assert shown["employee_eligibility_criteria"][0]["age_range"] == {"min": 16, "max": 75}
    assert shown["eligible_count"] is shown["ineligible_count"] is shown["total_count"] is None
    assert refusal_code(harness, "GET", "/plans/pl_none") == (404, "not_found")


def test_coverage_options_exist_for_every_scope(harness: Harness) -> None:
    options = fetch(harness, f"/plans/{find_plan(harness, 'Choice')['id']}")["coverage_options"]
    assert [each["scope"] for each in options] == ["group_policy", "policy", "member"]
    dental = options[2]["options"][0]
    assert [each["name"] for each in dental["sub_options"]] == ["Orthodontics", "Check-ups"]
    assert (options[2]["required"], options[2]["min_selections"], options[2]["max_selections"]) == (False, 0, 2)


def test_plans_are_counted_for_a_group_and_a_start_that_come_together(harness: Harness) -> None:
    owner = create_employer(harness)
    everybody = create_group(harness, owner)
    young, old, new, restricted = (
        create_employee(harness, owner, date_of_birth=born)
        for born in ("1990-01-01", "1950-01-01", "1991-01-01", "1992-01-01")
    )
    take_step(harness, restricted, "fail_check")
    take_step(harness, young, "pass_check")
    take_step(harness, old, "pass_check")
    for each in (young, old, new, restricted):
        add_to_group(harness, everybody, each)
    id = find_plan(harness, "Core")["id"]
    both = f"group_id={everybody}&start_date=2026-04-01"
    shown = fetch(harness, f"/plans/{id}?{both}")
    counts = ("eligible_count", "ineligible_count", "total_count")
    assert [shown[name] for name in counts] == [1, 2, 4]
    listed = next(each for each in fetch(harness, f"/plans?{both}")["items"] if each["id"] == id)
    assert listed == shown
    for one in (f"group_id={everybody}", "start_date=2026-04-01"):
        assert fetch(harness, f"/plans/{id}?{one}")["total_count"] is None
    assert refusal_code(harness, "GET", f"/plans/{id}?group_id=gr_none&start_date=2026-04-01") == (404, "not_found")


@pytest.mark.parametrize(
    ("name", "types", "expected"),
    [
        ("Core", ["policyholder"], 10_990),
        ("Core", ["policyholder", "spouse", "child", "child"], 2 * 10_990 + 2 * 3_495),
        ("Core", ["policyholder", "adult_dependant"], 10_990 + 6_250),
        ("International", ["policyholder", "adult_dependant"], 2 * 21_340),
        ("Family", ["policyholder"], 8_900),
        ("Family", ["policyholder", "partner"], 17_150),
        ("Family", ["policyholder", "child", "child"], 12_475),
        ("Family", ["policyholder", "spouse", "adult_dependant"], 20_999),
    ],
)
def test_premiums_go_by_member_or_by_tier(harness: Harness, name: str, types: Any, expected: int) -> None:
    assert monthly_premium(find_plan(harness, name), types) == expected

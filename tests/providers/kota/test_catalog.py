"""Kota's catalog: insurers, plans, premiums and eligibility counts."""

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
    insurers = fetch(harness, "/providers?page_size=100")["items"]
    assert [each["name"] for each in insurers] == [each.name for each in INSURERS]
    assert len(insurers) == 14
    insurers_of_denmark = fetch(harness, "/providers?country=dk")["items"]
    assert [each["name"] for each in insurers_of_denmark] == ["Dansk Sundhedssikring"]
    assert insurers_of_denmark[0]["employer_platform_url"] is None
    assert fetch(harness, f"/providers/{insurers_of_denmark[0]['id']}") == insurers_of_denmark[0]
    assert invalid_fields(harness, "GET", "/providers?country=DK") == ["country"]
    assert refusal_code(harness, "GET", "/providers/pr_none") == (404, "not_found")


def test_plans_are_listed_if_available_on_the_day(harness: Harness) -> None:
    current, future, past = (
        names(harness),
        names(harness, "available_on=2031-01-01"),
        names(harness, "available_on=2021-06-01"),
    )
    assert "Next" in future
    assert "Next" not in current
    assert past == ["Classic"]
    assert "Classic" in names(harness, "available_on=2025-12-31")
    assert "Classic" not in names(harness, "available_on=2026-01-01")


def test_plans_are_filtered_by_country_and_provider_id(harness: Harness) -> None:
    assert names(harness, "country=es") == ["Profesional", "Familia"]
    assert names(harness, "provider_id=vitality,sanitas") == ["Business", "Profesional"]
    assert names(harness, "provider_id=vitality&country=es") == []
    assert names(harness, "type=health_insurance") == names(harness)
    for query in ("provider_id=pr_1", "type=life", "country=IE", "sort_by=name", "sort_dir=up", "available_on=now"):
        assert invalid_fields(harness, "GET", f"/plans?{query}") == [query.partition("=")[0]]


def test_plans_are_sorted_by_the_premium_of_a_single_employee(harness: Harness) -> None:
    ascending = names(harness, "country=ie&sort_by=premium")
    assert ascending == ["Family", "Single", "Core", "Choice", "International"]
    assert names(harness, "country=ie&sort_by=premium&sort_dir=asc") == ascending
    assert names(harness, "country=ie&sort_by=premium&sort_dir=desc") == ascending[::-1]


def test_a_plan_has_provider_and_eligibility_criteria(harness: Harness) -> None:
    id = find_plan(harness, "International")["id"]
    plan = fetch(harness, f"/plans/{id}")
    assert plan["provider"]["name"] == "Allianz"
    assert [each["type"] for each in plan["employer_eligibility_criteria"]] == [
        "employees_count",
        "members_count",
        "industry_exclusions",
    ]
    assert plan["employer_eligibility_criteria"][1]["members_count"] == {"min": 3, "max": 500}
    assert plan["employee_eligibility_criteria"][0]["age_range"] == {"min": 16, "max": 75}
    assert plan["eligible_count"] is plan["ineligible_count"] is plan["total_count"] is None
    assert refusal_code(harness, "GET", "/plans/pl_none") == (404, "not_found")


def test_coverage_options_exist_for_every_scope(harness: Harness) -> None:
    options = fetch(harness, f"/plans/{find_plan(harness, 'Choice')['id']}")["coverage_options"]
    assert [each["scope"] for each in options] == ["group_policy", "policy", "member"]
    dental = options[2]["options"][0]
    assert [each["name"] for each in dental["sub_options"]] == ["Orthodontics", "Check-ups"]
    assert (options[2]["required"], options[2]["min_selections"], options[2]["max_selections"]) == (False, 0, 2)


def test_eligibility_counts_need_both_group_and_start_date(harness: Harness) -> None:
    employer = create_employer(harness)
    group = create_group(harness, employer)
    young, old, new, restricted = (
        create_employee(harness, employer, date_of_birth=born)
        for born in ("1990-01-01", "1950-01-01", "1991-01-01", "1992-01-01")
    )
    take_step(harness, restricted, "fail_check")
    take_step(harness, young, "pass_check")
    take_step(harness, old, "pass_check")
    for each in (young, old, new, restricted):
        add_to_group(harness, group, each)
    id = find_plan(harness, "Core")["id"]
    query = f"group_id={group}&start_date=2026-04-01"
    plan = fetch(harness, f"/plans/{id}?{query}")
    counts = ("eligible_count", "ineligible_count", "total_count")
    assert [plan[name] for name in counts] == [1, 2, 4]
    listed = next(each for each in fetch(harness, f"/plans?{query}")["items"] if each["id"] == id)
    assert listed == plan
    for incomplete in (f"group_id={group}", "start_date=2026-04-01"):
        assert fetch(harness, f"/plans/{id}?{incomplete}")["total_count"] is None
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
def test_premiums_are_calculated_by_member_or_by_tier(harness: Harness, name: str, types: Any, expected: int) -> None:
    assert monthly_premium(find_plan(harness, name), types) == expected

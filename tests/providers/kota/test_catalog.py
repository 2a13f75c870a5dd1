"""The catalog: who insures where, what there is to buy, what it costs, and how many could have it."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.providers.kota.catalog.logic import monthly_premium
from mockserver.providers.kota.catalog.tables import INSURERS
from tests.support.kota_cover import group, join, plan
from tests.support.kota_world import code, employee, employer, new_world, read, step, wrong
from tests.support.worlds import World


@pytest.fixture
def world() -> World:
    return new_world()


def names(world: World, query: str = "") -> list[str]:
    return [each["name"] for each in read(world, f"/plans?page_size=100&{query}")["items"]]


def test_there_are_fourteen_providers_found_by_country(world: World) -> None:
    every = read(world, "/providers?page_size=100")["items"]
    assert [each["name"] for each in every] == [each.name for each in INSURERS]
    assert len(every) == 14
    danish = read(world, "/providers?country=dk")["items"]
    assert [each["name"] for each in danish] == ["Dansk Sundhedssikring"]
    assert danish[0]["employer_platform_url"] is None
    assert read(world, f"/providers/{danish[0]['id']}") == danish[0]
    assert wrong(world, "GET", "/providers?country=DK") == ["country"]
    assert code(world, "GET", "/providers/pr_none") == (404, "not_found")


def test_plans_are_those_that_are_available_on_the_day(world: World) -> None:
    today, later, before = (
        names(world),
        names(world, "available_on=2031-01-01"),
        names(world, "available_on=2021-06-01"),
    )
    assert "Next" in later
    assert "Next" not in today
    assert before == ["Classic"]
    assert "Classic" in names(world, "available_on=2025-12-31")
    assert "Classic" not in names(world, "available_on=2026-01-01")


def test_plans_are_filtered_by_country_and_by_the_providers_keys(world: World) -> None:
    assert names(world, "country=es") == ["Profesional", "Familia"]
    assert names(world, "provider_id=vitality,sanitas") == ["Business", "Profesional"]
    assert names(world, "provider_id=vitality&country=es") == []
    assert names(world, "type=health_insurance") == names(world)
    for query in ("provider_id=pr_1", "type=life", "country=IE", "sort_by=name", "sort_dir=up", "available_on=now"):
        assert wrong(world, "GET", f"/plans?{query}") == [query.partition("=")[0]]


def test_plans_are_sorted_by_what_they_cost_an_employee_alone(world: World) -> None:
    rising = names(world, "country=ie&sort_by=premium")
    assert rising == ["Family", "Single", "Core", "Choice", "International"]
    assert names(world, "country=ie&sort_by=premium&sort_dir=asc") == rising
    assert names(world, "country=ie&sort_by=premium&sort_dir=desc") == rising[::-1]


def test_a_plan_is_shown_whole(world: World) -> None:
    id = plan(world, "International")["id"]
    shown = read(world, f"/plans/{id}")
    assert shown["provider"]["name"] == "Allianz"
    assert [each["type"] for each in shown["employer_eligibility_criteria"]] == [
        "employees_count",
        "members_count",
        "industry_exclusions",
    ]
    assert shown["employer_eligibility_criteria"][1]["members_count"] == {"min": 3, "max": 500}
    assert shown["employee_eligibility_criteria"][0]["age_range"] == {"min": 16, "max": 75}
    assert shown["eligible_count"] is shown["ineligible_count"] is shown["total_count"] is None
    assert code(world, "GET", "/plans/pl_none") == (404, "not_found")


def test_coverage_options_exist_for_every_scope(world: World) -> None:
    options = read(world, f"/plans/{plan(world, 'Choice')['id']}")["coverage_options"]
    assert [each["scope"] for each in options] == ["group_policy", "policy", "member"]
    dental = options[2]["options"][0]
    assert [each["name"] for each in dental["sub_options"]] == ["Orthodontics", "Check-ups"]
    assert (options[2]["required"], options[2]["min_selections"], options[2]["max_selections"]) == (False, 0, 2)


def test_plans_are_counted_for_a_group_and_a_start_that_come_together(world: World) -> None:
    owner = employer(world)
    everybody = group(world, owner)
    young, old, new, restricted = (
        employee(world, owner, date_of_birth=born) for born in ("1990-01-01", "1950-01-01", "1991-01-01", "1992-01-01")
    )
    step(world, restricted, "fail_check")
    step(world, young, "pass_check")
    step(world, old, "pass_check")
    for each in (young, old, new, restricted):
        join(world, everybody, each)
    id = plan(world, "Core")["id"]
    both = f"group_id={everybody}&start_date=2026-04-01"
    shown = read(world, f"/plans/{id}?{both}")
    counts = ("eligible_count", "ineligible_count", "total_count")
    assert [shown[name] for name in counts] == [1, 2, 4]
    listed = next(each for each in read(world, f"/plans?{both}")["items"] if each["id"] == id)
    assert listed == shown
    for one in (f"group_id={everybody}", "start_date=2026-04-01"):
        assert read(world, f"/plans/{id}?{one}")["total_count"] is None
    assert code(world, "GET", f"/plans/{id}?group_id=gr_none&start_date=2026-04-01") == (404, "not_found")


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
def test_premiums_go_by_member_or_by_tier(world: World, name: str, types: Any, expected: int) -> None:
    assert monthly_premium(plan(world, name), types) == expected

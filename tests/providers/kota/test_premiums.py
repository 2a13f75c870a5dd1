"""Kota's premiums and how employer and employee share them, in cents."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Randomness
from mockserver.providers.kota.catalog.coverage import selection_errors
from mockserver.providers.kota.catalog.premiums import amount_for_term, render_estimate, split_premium, to_amount
from mockserver.providers.kota.catalog.records import seed_records

PLANS = {each["name"]: each for each in seed_records(Randomness("seed"))["plans"]}
FAMILY = ("policyholder", "spouse", "adult_dependant", "child", "child")
POLICYHOLDER_ONLY = {"type": "policyholder_only"}


def members(*types: str) -> list[dict[str, Any]]:
    return [{"member_type": type, "date_of_birth": "1990-01-01"} for type in types]


def employer_shares(sharing: dict[str, Any], *types: str, plan: str = "Core") -> list[int]:
    return [each.employer for each in split_premium(PLANS[plan], sharing, members(*types or FAMILY))]


def test_every_member_has_a_price() -> None:
    parts = split_premium(PLANS["Core"], POLICYHOLDER_ONLY, members(*FAMILY))
    assert [each.total for each in parts] == [10_990, 10_990, 6_250, 3_495, 3_495]
    assert [each.employee for each in parts] == [0, 10_990, 6_250, 3_495, 3_495]


def test_in_a_tiered_plan_a_member_costs_the_difference_between_tiers() -> None:
    parts = split_premium(PLANS["Family"], POLICYHOLDER_ONLY, members("child", "spouse", "policyholder", "child"))
    assert [each.member["member_type"] for each in parts] == ["policyholder", "spouse", "child", "child"]
    assert [each.total for each in parts] == [8_900, 17_150 - 8_900, 20_999 - 17_150, 0]


@pytest.mark.parametrize(
    ("sharing", "payers"),
    [
        (POLICYHOLDER_ONLY, [True, False, False, False, False]),
        ({"type": "member_count", "member_count": {"adults": 2, "children": 1}}, [True, True, False, True, False]),
        ({"type": "member_count", "member_count": {"adults": 0, "children": 0}}, [False] * 5),
        (
            {"type": "member_selection", "member_selection": {"partner": True, "children": False}},
            [True, True, False, False, False],
        ),
        (
            {"type": "member_selection", "member_selection": {"partner": False, "children": True}},
            [True, False, False, True, True],
        ),
        ({"type": "family_type", "family_type": {"type": "single"}}, [True, False, False, False, False]),
        ({"type": "family_type", "family_type": {"type": "couple"}}, [True, True, False, False, False]),
        ({"type": "family_type", "family_type": {"type": "single_with_children"}}, [True, False, True, True, True]),
        ({"type": "family_type", "family_type": {"type": "family"}}, [True] * 5),
    ],
)
def test_the_employer_pays_for_the_members_it_has_agreed_to(sharing: dict[str, Any], payers: list[bool]) -> None:
    prices = [10_990, 10_990, 6_250, 3_495, 3_495]
    assert employer_shares(sharing) == [price * pay for price, pay in zip(prices, payers, strict=True)]


@pytest.mark.parametrize("percentage", [0, 1, 33, 50, 67, 99, 100])
def test_the_parts_of_a_percentage_add_up_to_the_rounded_whole(percentage: int) -> None:
    sharing = {"type": "percentage", "percentage": {"percentage": percentage}}
    whole = 10_990 + 10_990 + 6_250 + 3_495 + 3_495
    assert sum(employer_shares(sharing)) == (whole * percentage + 50) // 100
    assert all(each >= 0 for each in employer_shares(sharing))


def test_employer_and_employee_add_up_in_the_month_and_in_the_term() -> None:
    sharing = {"type": "percentage", "percentage": {"percentage": 33}}
    premium = render_estimate(
        "eur", split_premium(PLANS["Core"], sharing, members(*FAMILY)), "2026-03-10", "2027-01-01"
    )
    for period in (premium["monthly"], premium["term"]):
        cents = {name: round(amount * 100) for name, amount in period.items()}
        assert cents["employee_contribution"] + cents["employer_contribution"] == cents["total"]


@pytest.mark.parametrize(
    ("start", "renewal", "cents"),
    [
        ("2026-10-01", "2027-10-01", 120_000),
        ("2026-10-01", "2026-11-01", 10_000),
        ("2026-10-17", "2026-11-01", 4_839),
        ("2026-01-31", "2026-03-01", 10_323),
        ("2026-12-31", "2027-01-01", 323),
        ("2026-10-01", "2026-10-01", 0),
        ("2026-10-02", "2026-10-01", 0),
    ],
)
def test_a_term_counts_whole_months_and_the_days_of_the_last(start: str, renewal: str, cents: int) -> None:
    assert amount_for_term(10_000, start, renewal) == cents


def test_money_has_two_decimals() -> None:
    assert [to_amount(cents) for cents in (0, 1, 10, 12_345)] == [0.0, 0.01, 0.1, 123.45]


def options(scope: str) -> Any:
    return next(each for each in PLANS["Choice"]["coverage_options"] if each["scope"] == scope)


def select_options(scope: str, *indexes: int, sub_indexes: tuple[int, ...] = ()) -> dict[str, Any]:
    configuration = options(scope)
    chosen = [{"option_id": configuration["options"][nth]["id"], "sub_options": None} for nth in indexes]
    if sub_indexes:
        offered = configuration["options"][indexes[0]]["sub_options"]
        chosen[0]["sub_options"] = [{"option_id": offered[nth]["id"], "sub_options": None} for nth in sub_indexes]
    return {"configuration_id": configuration["id"], "options": chosen}


def test_options_are_part_of_the_price_of_their_member() -> None:
    people = members("policyholder", "child")
    people[1]["_coverage_selections"] = [select_options("member", 0, 2, sub_indexes=(0, 1))]
    parts = split_premium(PLANS["Choice"], POLICYHOLDER_ONLY, people, [select_options("policy", 2)])
    assert [each.total for each in parts] == [14_225 + 1_575, 4_410 + 480 + 310 + 95 + 725]


@pytest.mark.parametrize(
    ("scope", "picked", "paths"),
    [
        ("member", [], []),
        ("member", [select_options("member", 0, 1)], []),
        ("member", [select_options("member", 0, sub_indexes=(0,))], []),
        ("member", [select_options("member", 0, 1, 2)], ["f[0].options"]),
        ("group_policy", [], ["f"]),
        ("group_policy", [select_options("group_policy", 0, 1)], ["f[0].options"]),
        ("policy", [select_options("group_policy", 0)], ["f[0].configuration_id", "f"]),
    ],
)
def test_selections_fit_what_the_plan_offers(scope: str, picked: list[Any], paths: list[str]) -> None:
    assert [path for path, _ in selection_errors(PLANS["Choice"], scope, picked, "f")] == paths

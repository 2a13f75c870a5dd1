"""Kota's lists: numbered pages, newest first except plans and providers, and filters with several values."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from mockserver.engine import Operation
from mockserver.providers.kota import PROVIDER
from mockserver.providers.kota.values.kinds import KINDS
from tests.support.harness import Harness, make_harness
from tests.support.kota_helpers import create_employer, fetch, invalid_fields, make_empty_harness

LISTS = [op for op in PROVIDER.operations if op.method == "GET" and op.query and "page" in op.query.model_fields]
TOP_LEVEL_LISTS = [op for op in LISTS if "{" not in op.path and op.path not in ("/events", "/webhooks/endpoints")]
OLDEST_FIRST = ("/plans", "/providers")
"""Lists without a documented order."""
LISTS_WITH_DEFAULT_FILTER = ("/policies", "/group_policies")
"""Lists that contain only active and scheduled records by default."""

each_list = pytest.mark.parametrize("operation", LISTS, ids=[op.name for op in LISTS])


@pytest.fixture(scope="module")
def seeded() -> Harness:
    """A seeded platform; these tests only read it."""
    return make_harness(PROVIDER)


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def filter_name(operation: Operation) -> str | None:
    """Returns the name of the status filter, or None."""
    fields = operation.query.model_fields if operation.query else {}
    return next((name for name in ("status", "filter") if name in fields), None)


def stored_records(harness: Harness, collection: str) -> list[Any]:
    with harness.sandbox.transaction() as space:
        return [record for _, record in space.scan(collection)]


def collection_of(path: str) -> str:
    """Returns the collection of a top-level list."""
    return next(kind.collection for kind in KINDS.values() if path[1:] in (kind.collection, f"{kind.object}s"))


def is_current(record: Any) -> bool:
    """Returns whether a plan is available on 2026-03-01, the day of the tests; other records always are."""
    return (record.get("available_from") or "") <= "2026-03-01" <= (record.get("available_to") or "9999")


def longest_list_path(harness: Harness, operation: Operation) -> str:
    """Returns the list's path under the parent with the most items."""
    if "{" not in operation.path:
        return operation.path
    before, rest = operation.path.split("{", 1)
    name, after = rest.split("}", 1)
    parents = stored_records(harness, KINDS[name.removesuffix("_id")].collection)
    paths = [f"{before}{record['id']}{after}" for record in parents]
    return max(paths, key=lambda path: fetch(harness, path)["total_count"])


@each_list
def test_pages_of_one_item_follow_the_order_of_the_list(seeded: Harness, operation: Operation) -> None:
    path = longest_list_path(seeded, operation)
    whole = fetch(seeded, f"{path}?page_size=100")
    total = whole["total_count"]
    assert len(whole["items"]) == min(total, 100)
    for nth, item in enumerate(whole["items"][:4], 1):
        single = fetch(seeded, f"{path}?page={nth}&page_size=1")
        assert single["items"] == [item]
        assert (single["page"], single["page_size"], single["total_count"]) == (nth, 1, total)
        assert (single["has_next_page"], single["has_previous_page"]) == (nth < total, nth > 1)


@each_list
def test_a_page_has_ten_items_by_default_and_is_empty_past_the_end(seeded: Harness, operation: Operation) -> None:
    path = longest_list_path(seeded, operation)
    first = fetch(seeded, path)
    total = first["total_count"]
    assert list(first) == ["items", "page", "page_size", "total_count", "has_next_page", "has_previous_page"]
    assert (first["page"], len(first["items"]), first["page_size"]) == (1, min(total, 10), min(total, 10))
    past_end = fetch(seeded, f"{path}?page=1000000&page_size=100")
    assert (past_end["items"], past_end["page"], past_end["total_count"]) == ([], 1_000_000, total)
    assert (past_end["has_next_page"], past_end["has_previous_page"]) == (False, True)


@each_list
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("page_size=0", ["page_size"]),
        ("page_size=101", ["page_size"]),
        ("page_size=-1", ["page_size"]),
        ("page_size=ten", ["page_size"]),
        ("page=0", ["page"]),
        ("page=-1", ["page"]),
        ("page=1.5", ["page"]),
        ("page=0&page_size=101", ["page", "page_size"]),
    ],
)
def test_a_page_out_of_range_is_refused_with_the_name_of_the_parameter(
    seeded: Harness, operation: Operation, query: str, names: list[str]
) -> None:
    path = operation.path if "{" not in operation.path else longest_list_path(seeded, operation)
    assert invalid_fields(seeded, "GET", f"{path}?{query}") == names


@pytest.mark.parametrize("operation", TOP_LEVEL_LISTS, ids=[op.name for op in TOP_LEVEL_LISTS])
def test_a_list_shows_the_newest_first(seeded: Harness, operation: Operation) -> None:
    records = stored_records(seeded, collection_of(operation.path))
    ids = [record["id"] for record in records if is_current(record)]
    filters = "status=scheduled,active,expired,cancelled&" if operation.path in LISTS_WITH_DEFAULT_FILTER else ""
    pages = range(1, len(ids) // 100 + 2)
    listed = [
        item["id"]
        for page in pages
        for item in fetch(seeded, f"{operation.path}?{filters}page_size=100&page={page}")["items"]
    ]
    assert listed == (ids if operation.path in OLDEST_FIRST else ids[::-1])


FILTERED_LISTS = [op for op in TOP_LEVEL_LISTS if filter_name(op)]


@pytest.mark.parametrize("operation", FILTERED_LISTS, ids=[op.name for op in FILTERED_LISTS])
def test_a_filter_takes_several_states_separated_by_commas(seeded: Harness, operation: Operation) -> None:
    name, path = filter_name(operation), operation.path
    states = sorted({record["status"] for record in stored_records(seeded, collection_of(path))})
    counts = {state: fetch(seeded, f"{path}?{name}={state}")["total_count"] for state in states}
    assert all(counts.values())
    for pair in combinations(states, 2):
        page = fetch(seeded, f"{path}?{name}={','.join(pair)}&page_size=100")
        assert page["total_count"] == sum(counts[state] for state in pair)
        assert {item["status"] for item in page["items"]} <= set(pair)


@pytest.mark.parametrize("operation", FILTERED_LISTS, ids=[op.name for op in FILTERED_LISTS])
@pytest.mark.parametrize("value", ["gone", "active,gone", "ACTIVE", ","])
def test_an_unknown_state_is_refused_with_the_name_of_the_filter(
    seeded: Harness, operation: Operation, value: str
) -> None:
    assert invalid_fields(seeded, "GET", f"{operation.path}?{filter_name(operation)}={value}") == [
        filter_name(operation)
    ]


@pytest.mark.parametrize("path", LISTS_WITH_DEFAULT_FILTER)
def test_without_a_filter_policies_are_those_in_force(seeded: Harness, path: str) -> None:
    page = fetch(seeded, f"{path}?page_size=100")
    assert page["items"] == fetch(seeded, f"{path}?status=active,scheduled&page_size=100")["items"]
    all_states = fetch(seeded, f"{path}?status=scheduled,active,expired,cancelled")
    assert 0 < page["total_count"] < all_states["total_count"]


def test_only_employers_and_employees_name_the_status_filter_filter() -> None:
    assert {op.path for op in FILTERED_LISTS if filter_name(op) == "filter"} == {"/employers", "/employees"}


def test_a_new_record_moves_the_others_to_later_pages(harness: Harness) -> None:
    first, second = create_employer(harness), create_employer(harness)
    assert [each["id"] for each in fetch(harness, "/employers?page_size=1&page=2")["items"]] == [first]
    third = create_employer(harness)
    pages = [fetch(harness, f"/employers?page_size=1&page={page}")["items"][0]["id"] for page in (1, 2, 3)]
    assert pages == [third, second, first]


def test_an_undocumented_parameter_is_ignored(seeded: Harness) -> None:
    assert fetch(seeded, "/employers?limit=1&sort=name") == fetch(seeded, "/employers")

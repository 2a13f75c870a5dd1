"""The Data API: pages and their links, filters, sorting, distinct values, locked datasets, items in quotes."""

from __future__ import annotations

import re
from json import dumps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mockserver.providers.kasko import PROVIDER
from mockserver.providers.kasko.data_api.search import like
from tests.support.harness import Harness, make_harness
from tests.support.kasko_helpers import create_offer, expect_ok, key, pay, request_quote

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

ITEM_COUNT = 45
COLORS = ("red", "green", "blue")


@pytest.fixture
def harness() -> Harness:
    """An account with a public dataset of 45 items and a locked one of a single item."""
    harness = make_harness(PROVIDER)
    state = harness.engine.export("kasko")
    sets = [
        {"id": "dat_open", "name": "Open", "languages": ["en", "de"], "fields": ["name", "price", "color"]},
        {"id": "dat_locked", "name": "Locked", "languages": ["en"], "fields": ["name"]},
    ]
    state["collections"]["datasets"] = [{**each, "locked": each["id"] == "dat_locked"} for each in sets]
    items = [item(nth) for nth in range(1, ITEM_COUNT + 1)]
    secret = {"id": "dai_secret", "dataset_id": "dat_locked", "values": {"en": {"name": "Secret"}}}
    state["collections"]["dataset_items"] = [*items, secret]
    harness.engine.restore("kasko", state)
    return harness


def item(nth: int) -> dict[str, Any]:
    values = {"name": f"Item {nth}", "price": nth % 10, "color": COLORS[nth % 3], "margin": 1}
    german = {**values, "name": f"Ding {nth}"}
    return {"id": f"dai_{nth}", "dataset_id": "dat_open", "values": {"en": values, "de": german}}


def list_items(harness: Harness, path: str = "dataset_items", **query: Any) -> ApiResponse:
    parameters: dict[str, Any] = {"language": "en", "fields": ["name"], **query}
    text = {
        name: value if isinstance(value, str) else dumps(value)
        for name, value in parameters.items()
        if value is not None
    }
    return harness.request("GET", f"/datasets/dat_open/{path}", key=None, query_string=text)


def ids(response: ApiResponse) -> list[int]:
    return [int(each["id"].removeprefix("dai_")) for each in expect_ok(response)]


def links(response: ApiResponse) -> dict[str, str]:
    pairs = re.findall(r'<([^>]+)>; rel="(\w+)"', response.headers.get("Link", ""))
    return {rel: url for url, rel in pairs}


def follow(harness: Harness, url: str) -> ApiResponse:
    parts = urlsplit(url)
    return harness.request("GET", f"{parts.path.removeprefix('/kasko')}?{parts.query}", key=None)


def test_a_dataset_and_its_items_need_no_key(harness: Harness) -> None:
    dataset = expect_ok(harness.request("GET", "/datasets/dat_open", key=None))
    assert dataset == {"id": "dat_open", "name": "Open", "languages": ["en", "de"]}
    assert expect_ok(list_items(harness, limit=1)) == [{"id": "dai_1", "value": {"name": "Item 1"}}]
    item = expect_ok(harness.request("GET", "/dataset_items/dai_1?language=de", key=None))
    assert item == {"id": "dai_1", "data": {"name": "Ding 1", "price": 1, "color": "green"}}


def test_a_wrong_key_is_refused_even_where_none_is_needed(harness: Harness) -> None:
    assert harness.request("GET", "/datasets/dat_open", key="sk_test_no").status_code == 401


@pytest.mark.parametrize("path", ["/datasets/dat_locked", "/dataset_items/dai_secret?language=en"])
def test_a_locked_dataset_is_found_with_secret_keys_only(harness: Harness, path: str) -> None:
    for api_key in (None, key(harness, "public_test")):
        assert harness.request("GET", path, key=api_key).status_code == 404
    for mode in ("test", "live"):
        assert harness.request("GET", path, key=key(harness, mode)).status_code == 200
    headers = {"Authentication": f"Bearer {harness.key()}"}
    assert harness.request("GET", path, key=None, headers=headers).status_code == 200


def test_links_lead_to_the_last_page_and_back_to_the_first(harness: Harness) -> None:
    response, pages = list_items(harness), []
    assert "prev" not in links(response)
    while True:
        pages.append(ids(response))
        if "next" not in links(response):
            break
        response = follow(harness, links(response)["next"])
    assert pages == [list(range(1, 21)), list(range(21, 41)), list(range(41, 46))]
    back = []
    while "prev" in links(response):
        response = follow(harness, links(response)["prev"])
        back.append(ids(response))
    assert back == pages[1::-1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"limit": 3}, [1, 2, 3]),
        ({"limit": 100}, list(range(1, 46))),
        ({"limit": 2, "starting_after": "dai_44"}, [45]),
        ({"limit": 2, "starting_after": "dai_45"}, []),
        ({"limit": 2, "ending_before": "dai_4"}, [2, 3]),
        ({"limit": 5, "ending_before": "dai_3"}, [1, 2]),
        ({"limit": 2, "ending_before": "dai_1"}, []),
    ],
)
def test_a_page_starts_after_an_item_or_ends_before_one(
    harness: Harness, query: dict[str, Any], expected: list[int]
) -> None:
    assert ids(list_items(harness, **query)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([{"field": "name", "search": "Item 7"}], [7]),
        ([{"field": "name", "search": "item 7"}], [7]),
        ([{"field": "name", "search": "Item 4%"}], [4, 40, 41, 42, 43, 44, 45]),
        ([{"field": "price", "operator": ">", "search": "8"}], [9, 19, 29, 39]),
        ([{"field": "price", "operator": ">=", "search": 9}], [9, 19, 29, 39]),
        ([{"field": "price", "operator": "<", "search": "1"}], [10, 20, 30, 40]),
        ([{"field": "price", "search": "0"}, {"field": "color", "search": "red"}], [30]),
        ([{"field": "price", "operator": "<=", "search": "0"}, {"field": "color", "search": "b%"}], [20]),
        ([{"field": "name", "operator": "IN", "search": ["Item 3", "Item 5", "Ding 4"]}], [3, 5]),
        ([{"field": "name", "search": "Ding 3"}], []),
    ],
)
def test_conditions_filter_items(harness: Harness, query: Any, expected: list[int]) -> None:
    assert ids(list_items(harness, query=query)) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ([{"field": "price", "dir": "desc"}], [9, 19, 29]),
        ([{"field": "price", "dir": "asc"}], [10, 20, 30]),
        ([{"field": "price"}, {"field": "name", "dir": "desc"}], [40, 30, 20]),
        ([{"field": "color"}, {"field": "price", "dir": "desc"}], [29, 8, 38]),
    ],
)
def test_items_are_sorted_as_requested_across_pages(harness: Harness, sort: Any, expected: list[int]) -> None:
    response = list_items(harness, sort=sort, limit=3)
    assert ids(response) == expected
    following = ids(follow(harness, links(response)["next"]))
    assert not set(following) & set(expected)
    assert ids(list_items(harness, sort=sort, limit=6)) == expected + following


def test_distinct_values_are_paged_by_their_ordinals(harness: Harness) -> None:
    path = "items_distinct_values"
    assert expect_ok(list_items(harness, path, fields=["color"])) == [
        {"color": name} for name in ("green", "blue", "red")
    ]
    pairs = expect_ok(list_items(harness, path, fields=["color", "price"], limit=100))
    assert len(pairs) == 30
    first = list_items(harness, path, fields=["price"], limit=4)
    assert [each["price"] for each in expect_ok(first)] == [1, 2, 3, 4]
    assert "starting_after=4" in links(first)["next"]
    second = follow(harness, links(first)["next"])
    assert [each["price"] for each in expect_ok(second)] == [5, 6, 7, 8]
    assert expect_ok(follow(harness, links(second)["prev"])) == expect_ok(first)
    assert [each["price"] for each in expect_ok(list_items(harness, path, fields=["price"], starting_after="8"))] == [
        9,
        0,
    ]
    assert expect_ok(list_items(harness, path, fields=["price"], starting_after="10")) == []
    assert expect_ok(list_items(harness, path, fields=["price"], starting_after="999")) == []


@pytest.mark.parametrize(
    "query",
    [
        {"language": None}, {"language": "fr"}, {"fields": None}, {"fields": "name"}, {"fields": "{}"},
        {"fields": ["margin"]}, {"fields": [1]}, {"limit": 0}, {"limit": 101}, {"limit": "many"},
        {"starting_after": "dai_no"}, {"starting_after": "dai_1", "ending_before": "dai_9"}, {"query": "x"},
        {"query": {}}, {"query": [{"field": "no", "search": "1"}]}, {"query": [{"field": "margin", "search": "1"}]},
        {"query": [{"field": "name", "operator": "~", "search": "1"}]},
        {"query": [{"field": "name", "operator": "IN", "search": "1"}]},
        {"query": [{"field": "name", "search": ["1"]}]},
        {"sort": [{"field": "name", "dir": "up"}]}, {"sort": [{"field": "margin"}]}, {"sort": "[" * 65 + "]" * 65},
    ],
)  # fmt: skip
def test_invalid_list_parameters_are_refused_with_400(harness: Harness, query: dict[str, Any]) -> None:
    response = list_items(harness, **query)
    assert (response.status_code, response.json["status"]) == (400, "Bad Request"), response.text


@pytest.mark.parametrize("cursor", ["x", "-1", "dai_1", "1" * 10])
def test_an_ordinal_that_is_not_a_whole_number_is_refused(harness: Harness, cursor: str) -> None:
    assert list_items(harness, "items_distinct_values", starting_after=cursor).status_code == 400


def test_an_unknown_dataset_is_404(harness: Harness) -> None:
    query = {"language": "en", "fields": "[]"}
    for path in (
        "/datasets/no",
        "/datasets/no/dataset_items",
        "/datasets/no/items_distinct_values",
        "/dataset_items/no",
    ):
        response = harness.request("GET", path, key=None, query_string=query)
        assert (response.status_code, response.json["status"]) == (404, "Not Found")


def test_links_do_not_contain_the_key(harness: Harness) -> None:
    public = key(harness, "public_test")
    response = list_items(harness, key=public)
    assert public not in response.headers["Link"]


def test_an_item_id_in_a_quote_is_replaced_by_the_item(harness: Harness) -> None:
    assert request_quote(harness, data={"device": "dai_none"}).status_code == 400
    offer = create_offer(harness, data={"device": "dai_3"})
    device = expect_ok(harness.request("GET", f"/offers/{offer['id']}"))["quote"]["customer_input"]["device"]
    assert device == {"id": "dai_3", "name": "Item 3", "price": 3, "color": "red"}


@pytest.mark.parametrize(
    ("text", "pattern", "is_like"),
    [
        ("abc", "abc", True), ("abc", "ab", False), ("abc", "a%", True), ("abc", "%c", True), ("abc", "%b%", True),
        ("abc", "a%c", True), ("aba", "ab%ba", False), ("abcabc", "a%b%c", True), ("", "%", True), ("", "", True),
        ("abc", "%%", True), ("abc", "%d%", False), ("a", "a%a", False),
    ],
)  # fmt: skip
def test_like_matches_as_in_sql(text: str, pattern: str, is_like: bool) -> None:
    assert like(text, pattern) is is_like


def test_a_single_item_needs_a_language(harness: Harness) -> None:
    response = harness.request("GET", "/dataset_items/dai_1", key=None)
    assert (response.status_code, response.json) == (
        400,
        {"status": "Bad Request", "message": "language: field required."},
    )


def test_an_item_id_in_the_data_of_a_policy_is_replaced_by_the_item(harness: Harness) -> None:
    offer = create_offer(harness, data={})
    expect_ok(pay(harness, offer), 201)
    harness.advance("2s")
    changed = expect_ok(harness.request("PATCH", f"/policies/{offer['id']}", json={"data": {"device": "dai_3"}}))
    assert changed["data"] == {"device": {"id": "dai_3", "name": "Item 3", "price": 3, "color": "red"}}

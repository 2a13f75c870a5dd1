"""The Data API: pages and the ways between them, conditions, orders, distinct values, locked sets, items in quotes."""

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
    made = make_harness(PROVIDER)
    state = made.engine.export("kasko")
    sets = [
        {"id": "dat_open", "name": "Open", "languages": ["en", "de"], "fields": ["name", "price", "color"]},
        {"id": "dat_locked", "name": "Locked", "languages": ["en"], "fields": ["name"]},
    ]
    state["collections"]["datasets"] = [{**each, "locked": each["id"] == "dat_locked"} for each in sets]
    items = [item(nth) for nth in range(1, ITEM_COUNT + 1)]
    secret = {"id": "dai_secret", "dataset_id": "dat_locked", "values": {"en": {"name": "Secret"}}}
    state["collections"]["dataset_items"] = [*items, secret]
    made.engine.restore("kasko", state)
    return made


def item(nth: int) -> dict[str, Any]:
    values = {"name": f"Item {nth}", "price": nth % 10, "color": COLORS[nth % 3], "margin": 1}
    german = {**values, "name": f"Ding {nth}"}
    return {"id": f"dai_{nth}", "dataset_id": "dat_open", "values": {"en": values, "de": german}}


def list_items(harness: Harness, path: str = "dataset_items", **query: Any) -> ApiResponse:
    asked: dict[str, Any] = {"language": "en", "fields": ["name"], **query}
    text = {
        name: value if isinstance(value, str) else dumps(value) for name, value in asked.items() if value is not None
    }
    return harness.request("GET", f"/datasets/dat_open/{path}", key=None, query_string=text)


def ids(answer: ApiResponse) -> list[int]:
    return [int(each["id"].removeprefix("dai_")) for each in expect_ok(answer)]


def links(answer: ApiResponse) -> dict[str, str]:
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("Link", ""))
    return {rel: url for url, rel in found}


def follow(harness: Harness, url: str) -> ApiResponse:
    parts = urlsplit(url)
    return harness.request("GET", f"{parts.path.removeprefix('/kasko')}?{parts.query}", key=None)


def test_a_dataset_and_its_items_need_no_key(harness: Harness) -> None:
    shown = expect_ok(harness.request("GET", "/datasets/dat_open", key=None))
    assert shown == {"id": "dat_open", "name": "Open", "languages": ["en", "de"]}
    assert expect_ok(list_items(harness, limit=1)) == [{"id": "dai_1", "value": {"name": "Item 1"}}]
    one = expect_ok(harness.request("GET", "/dataset_items/dai_1?language=de", key=None))
    assert one == {"id": "dai_1", "data": {"name": "Ding 1", "price": 1, "color": "green"}}


def test_a_wrong_key_is_refused_even_where_none_is_needed(harness: Harness) -> None:
    assert harness.request("GET", "/datasets/dat_open", key="sk_test_no").status_code == 401


@pytest.mark.parametrize("path", ["/datasets/dat_locked", "/dataset_items/dai_secret?language=en"])
def test_a_locked_dataset_is_there_for_secret_keys_only(harness: Harness, path: str) -> None:
    for shown in (None, key(harness, "public_test")):
        assert harness.request("GET", path, key=shown).status_code == 404
    for mode in ("test", "live"):
        assert harness.request("GET", path, key=key(harness, mode)).status_code == 200
    spelled = {"Authentication": f"Bearer {harness.key()}"}
    assert harness.request("GET", path, key=None, headers=spelled).status_code == 200


def test_pages_lead_forwards_to_the_end_and_back_to_the_start(harness: Harness) -> None:
    answer, pages = list_items(harness), []
    assert "prev" not in links(answer)
    while True:
        pages.append(ids(answer))
        if "next" not in links(answer):
            break
        answer = follow(harness, links(answer)["next"])
    assert pages == [list(range(1, 21)), list(range(21, 41)), list(range(41, 46))]
    back = []
    while "prev" in links(answer):
        answer = follow(harness, links(answer)["prev"])
        back.append(ids(answer))
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
def test_a_page_begins_behind_an_item_or_ends_before_one(
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
def test_conditions_choose_items(harness: Harness, query: Any, expected: list[int]) -> None:
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
def test_items_come_in_the_order_asked_for_and_page_in_it(harness: Harness, sort: Any, expected: list[int]) -> None:
    answer = list_items(harness, sort=sort, limit=3)
    assert ids(answer) == expected
    following = ids(follow(harness, links(answer)["next"]))
    assert not set(following) & set(expected)
    assert ids(list_items(harness, sort=sort, limit=6)) == expected + following


def test_distinct_values_are_counted_and_paged_by_their_ordinals(harness: Harness) -> None:
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
def test_what_a_list_cannot_be_asked_is_400(harness: Harness, query: dict[str, Any]) -> None:
    answer = list_items(harness, **query)
    assert (answer.status_code, answer.json["status"]) == (400, "Bad Request"), answer.text


@pytest.mark.parametrize("cursor", ["x", "-1", "dai_1", "1" * 10])
def test_an_ordinal_is_a_whole_number(harness: Harness, cursor: str) -> None:
    assert list_items(harness, "items_distinct_values", starting_after=cursor).status_code == 400


def test_a_dataset_that_is_not_there_is_404(harness: Harness) -> None:
    query = {"language": "en", "fields": "[]"}
    for path in (
        "/datasets/no",
        "/datasets/no/dataset_items",
        "/datasets/no/items_distinct_values",
        "/dataset_items/no",
    ):
        answer = harness.request("GET", path, key=None, query_string=query)
        assert (answer.status_code, answer.json["status"]) == (404, "Not Found")


def test_a_key_does_not_travel_in_links(harness: Harness) -> None:
    public = key(harness, "public_test")
    answer = list_items(harness, key=public)
    assert public not in answer.headers["Link"]


def test_an_items_id_in_a_quote_becomes_the_item(harness: Harness) -> None:
    assert request_quote(harness, data={"device": "dai_none"}).status_code == 400
    made = create_offer(harness, data={"device": "dai_3"})
    said = expect_ok(harness.request("GET", f"/offers/{made['id']}"))["quote"]["customer_input"]["device"]
    assert said == {"id": "dai_3", "name": "Item 3", "price": 3, "color": "red"}


@pytest.mark.parametrize(
    ("text", "pattern", "is_like"),
    [
        ("abc", "abc", True), ("abc", "ab", False), ("abc", "a%", True), ("abc", "%c", True), ("abc", "%b%", True),
        ("abc", "a%c", True), ("aba", "ab%ba", False), ("abcabc", "a%b%c", True), ("", "%", True), ("", "", True),
        ("abc", "%%", True), ("abc", "%d%", False), ("a", "a%a", False),
    ],
)  # fmt: skip
def test_like_is_what_sql_means_by_it(text: str, pattern: str, is_like: bool) -> None:
    assert like(text, pattern) is is_like


def test_a_single_item_needs_a_language(harness: Harness) -> None:
    answer = harness.request("GET", "/dataset_items/dai_1", key=None)
    assert (answer.status_code, answer.json) == (400, {"status": "Bad Request", "message": "language: field required."})


def test_an_items_id_in_a_policys_data_becomes_the_item(harness: Harness) -> None:
    made = create_offer(harness, data={})
    expect_ok(pay(harness, made), 201)
    harness.advance("2s")
    changed = expect_ok(harness.request("PATCH", f"/policies/{made['id']}", json={"data": {"device": "dai_3"}}))
    assert changed["data"] == {"device": {"id": "dai_3", "name": "Item 3", "price": 3, "color": "red"}}

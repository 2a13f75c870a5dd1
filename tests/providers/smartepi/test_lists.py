"""SmartEPI's lists: pages, cursors that are never ignored, and filters by the beginning of a name."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from mockserver.providers.smartepi import PROVIDER
from tests.support.harness import Harness, make_harness

LISTS = ["sectors", "cost-centers", "job-roles", "groups", "employees", "products"]
READ_ONLY = ["access-groups", "withdrawals", "returns", "exchanges"]


def data_of(answer: TestResponse) -> Any:
    assert answer.json is not None, answer.text
    return answer.json["data"]


def create(harness: Harness, resource: str, **fields: Any) -> str:
    answer = harness.request("POST", f"/v1/{resource}", json=fields)
    assert answer.status_code == 201, answer.text
    return str(data_of(answer)["id"])


def page(harness: Harness, resource: str, **query: Any) -> Any:
    answer = harness.request("GET", f"/v1/{resource}?{urlencode(query)}")
    assert answer.status_code == 200, answer.text
    assert "ETag" not in answer.headers
    return answer.json


def pages(harness: Harness, resource: str, **query: Any) -> list[list[dict[str, Any]]]:
    """Every page of a list, as a client that follows the cursor gets them."""
    got = [page(harness, resource, **query)]
    while (cursor := got[-1]["cursor"]) is not None:
        got.append(page(harness, resource, **query, cursor=cursor))
        assert len(got) < 1000
    return [each["data"] for each in got]


def fetch_all(harness: Harness, resource: str, **query: Any) -> list[dict[str, Any]]:
    return [record for each in pages(harness, resource, **query) for record in each]


def names(harness: Harness, resource: str, **query: Any) -> list[str]:
    return [record["name"] for record in fetch_all(harness, resource, **query)]


def is_bad_request(answer: TestResponse) -> bool:
    kind = (answer.json or {}).get("type")
    return (answer.status_code, kind) == (400, "urn:smartepi:error:bad_request") and "X-Request-Id" in answer.headers


@pytest.mark.parametrize("resource", [*LISTS, *READ_ONLY])
def test_paging_to_the_end_gives_each_record_once_whatever_the_limit(harness: Harness, resource: str) -> None:
    with harness.sandbox.transaction() as space:
        stored = [record["id"] for _, record in space.scan(resource.replace("-", "_"))]
    for limit in range(1, len(stored) + 2):
        got = pages(harness, resource, limit=limit)
        assert [record["id"] for each in got for record in each] == stored[::-1]
        assert {len(each) for each in got[:-1]} <= {limit}
        assert 1 <= len(got[-1]) <= limit


def test_the_newest_record_comes_first(harness: Harness) -> None:
    for nth in range(3):
        harness.advance("1s")
        create(harness, "sectors", name=f"Made {nth}")
    times = [record["createdAt"] for record in fetch_all(harness, "sectors", limit=2)]
    assert times == sorted(times, reverse=True)
    assert names(harness, "sectors")[:3] == ["Made 2", "Made 1", "Made 0"]


def test_an_empty_list_has_no_cursor(harness: Harness) -> None:
    assert page(harness, "sectors", name="nothing like it") == {"data": [], "cursor": None}


def test_an_updated_record_keeps_its_place(harness: Harness) -> None:
    before = [record["id"] for record in fetch_all(harness, "sectors")]
    changed = {"_version": 1, "name": "Zzz"}
    assert harness.request("PUT", f"/v1/sectors/{before[-1]}", json=changed).status_code == 200
    assert [record["id"] for record in fetch_all(harness, "sectors")] == before


@pytest.mark.parametrize("resource", ["sectors", "employees", "returns"])
@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "1.0", "+1", "", " 1", "1 ", "²", "١", "1e9", "1_0", "0x1",
                                   "ten", "null", "true", "9" * 5000])  # fmt: skip
def test_a_limit_that_is_no_whole_number_from_1_to_100_is_refused(harness: Harness, resource: str, limit: str) -> None:
    assert is_bad_request(harness.request("GET", f"/v1/{resource}?limit={quote(limit)}"))


@pytest.mark.parametrize(("limit", "number"), [("1", 1), ("01", 1), ("15", 15), ("100", 15)])
def test_a_limit_from_1_to_100_is_kept(harness: Harness, limit: str, number: int) -> None:
    assert len(page(harness, "employees", limit=limit)["data"]) == number


def test_a_parameter_nobody_knows_is_ignored(harness: Harness) -> None:
    assert page(harness, "sectors", sort="name", limit=2, since="2026") == page(harness, "sectors", limit=2)


def cursor(harness: Harness, resource: str = "employees", **query: Any) -> str:
    found = page(harness, resource, limit=2, **query)["cursor"]
    assert isinstance(found, str)
    return found


def request_page(harness: Harness, resource: str, cursor: str, **query: Any) -> TestResponse:
    return harness.request("GET", f"/v1/{resource}?{urlencode({**query, 'cursor': cursor})}")


def test_a_cursor_damaged_at_any_letter_is_refused(harness: Harness) -> None:
    good = cursor(harness)
    for place in range(len(good)):
        for other in "A-é":
            if good[place] != other:
                assert is_bad_request(request_page(harness, "employees", good[:place] + other + good[place + 1 :]))
    assert request_page(harness, "employees", good).status_code == 200


def test_a_cursor_cut_or_lengthened_is_refused(harness: Harness) -> None:
    good = cursor(harness)
    for bad in [good[:end] for end in range(len(good))] + [f"{good}=", f"{good}A", f" {good}", f"{good}\n", good * 2]:
        assert is_bad_request(request_page(harness, "employees", bad)), bad


def encode_cursor(text: str) -> str:
    return urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(encode_cursor(text) if text.startswith(("{", "[", "n", "1")) else text, id=f"{nth}-{text[:20]}")
        for nth, text in enumerate(
            [
                *("0", "none", "null", "[]", "{}", "1", "x" * 10_000, "=" * 100, "\0", "%", "🦺"),
                '{"PK":"smartepi","w":{"list":"employee"},"p":[3],"c":""}',
                '{"PK":"smartepi","w":{"list":"employee"},"p":[3],"c":null}',
                '{"c":"x","w":{},"p":NaN}',
                '{"c":"x","w":{},"p":1e999}',
                '{"c":"x","w":{},"p":"\\ud800"}',
                '{"c":"x","w":{},"p":' + "[" * 3000 + "]" * 3000 + "}",
                '{"c":"x","w":{},"p":' + "9" * 5000 + "}",
            ]
        )
    ],
)
def test_what_never_was_a_cursor_is_refused(harness: Harness, bad: str) -> None:
    assert is_bad_request(request_page(harness, "employees", bad))


def test_a_cursor_of_another_list_is_refused(harness: Harness) -> None:
    for other in ("sectors", "withdrawals", "job-roles"):
        assert is_bad_request(request_page(harness, other, cursor(harness)))


def test_a_cursor_of_another_organization_is_refused(harness: Harness) -> None:
    for name, seed in (("twin", "1"), ("other", "2")):
        harness.admin("POST", "/sandboxes", {"provider": "smartepi", "name": name, "seed": seed})
        foreign = harness.request("GET", "/v1/employees?limit=2", sandbox=name).json
        assert foreign is not None
        assert is_bad_request(request_page(harness, "employees", foreign["cursor"]))


def test_a_cursor_with_other_filters_is_refused(harness: Harness) -> None:
    sector = data_of(harness.request("GET", "/v1/employees?limit=1"))[0]["sectorId"]
    plain = cursor(harness)
    assert is_bad_request(request_page(harness, "employees", plain, sectorId=sector))
    assert is_bad_request(request_page(harness, "employees", plain, name=""))
    assert is_bad_request(request_page(harness, "employees", cursor(harness, name=""), name="a"))


def test_a_cursor_may_be_used_again_and_with_another_limit(harness: Harness) -> None:
    all_of_them, good = fetch_all(harness, "employees"), cursor(harness)
    for limit in (1, 5, 100):
        rest = page(harness, "employees", cursor=good, limit=limit)["data"]
        assert rest == all_of_them[2 : 2 + limit]


PEOPLE = ["Silvana Reis", "SILVA", "silva neto", "Ana da Silva", "Ângela Prado", "ângelo Sá", "Angela Luz", "Straße"]


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("silva", ["SILVA", "silva neto", "Silvana Reis"]),
        ("SILVAN", ["Silvana Reis"]),
        ("silva ", ["silva neto"]),
        ("da silva", []),
        ("ÂNGEL", ["Ângela Prado", "ângelo Sá"]),
        ("angel", ["Angela Luz"]),
        ("STRASS", ["Straße"]),
        ("%", []),
        ("silva*", []),
    ],
)
def test_a_name_filter_finds_names_that_begin_with_it_in_any_case(
    harness: Harness, prefix: str, found: list[str]
) -> None:
    for name in PEOPLE:
        create(harness, "employees", name=name)
    assert names(harness, "employees", name=prefix, limit=1) == found


@pytest.mark.parametrize("resource", [*LISTS, "access-groups"])
def test_every_list_of_names_filters_by_their_beginning_and_sorts_by_them(harness: Harness, resource: str) -> None:
    everyone = names(harness, resource)
    for prefix in {name[:length] for name in everyone for length in (0, 1, 3)}:
        expected = sorted(
            (name for name in everyone if name.casefold().startswith(prefix.casefold())), key=str.casefold
        )
        assert sorted(expected) == sorted(names(harness, resource, name=prefix.upper(), limit=2))
        assert expected == names(harness, resource, name=prefix, limit=3)


def test_cost_centers_filter_by_the_beginning_of_their_code_and_sort_by_it(harness: Harness) -> None:
    for code in ("x-2", "X-10", "Y-1", "ax-1"):
        create(harness, "cost-centers", name=f"Of {code}", code=code)
    create(harness, "cost-centers", name="X-none")
    assert [record["code"] for record in fetch_all(harness, "cost-centers", code="x", limit=1)] == ["X-10", "x-2"]
    assert names(harness, "cost-centers", code="x", name="of X-1") == ["Of X-10"]


def test_exact_filters_are_exact_and_combine(harness: Harness) -> None:
    sectors = [create(harness, "sectors", name=name) for name in ("S1", "S2")]
    centers = [create(harness, "cost-centers", name=name) for name in ("C1", "C2")]
    for nth in range(8):
        where = {"sectorId": sectors[nth % 2], "costCenterId": centers[nth // 4]}
        create(harness, "employees", name=f"{'ab'[nth // 2 % 2]}{nth}", **where)
    assert names(harness, "employees", sectorId=sectors[0], limit=3) == ["a0", "b2", "a4", "b6"][::-1]
    assert names(harness, "employees", sectorId=sectors[0], costCenterId=centers[1], limit=1) == ["b6", "a4"]
    assert names(harness, "employees", sectorId=sectors[1], name="A", limit=1) == ["a1", "a5"]
    for other in (sectors[0].upper(), sectors[0][:-1], "", "none"):
        assert names(harness, "employees", sectorId=other) == []


def test_a_deleted_record_is_in_no_list(harness: Harness) -> None:
    gone = create(harness, "sectors", name="Gone")
    harness.request("DELETE", f"/v1/sectors/{gone}?_version=1")
    assert "Gone" not in names(harness, "sectors")
    assert names(harness, "sectors", name="gone") == []


SHARED = make_harness(PROVIDER)
SHARED.admin("PATCH", "/sandboxes/smartepi", {"limits": {"rate": 1_000_000, "burst": 10_000_000}})
steps = st.lists(st.tuples(st.sampled_from(["insert", "delete", "rename"]), st.integers(0, 50)), max_size=4)


def apply_change(what: str, which: int, living: dict[str, str], count: int) -> None:
    """Let others write: make a record, or delete or rename one of those there are."""
    if what == "insert":
        name = f"{'kqw'[which % 3]}{count}-{which}"
        living[create(SHARED, "employees", name=name)] = name
    elif living:
        id = sorted(living)[which % len(living)]
        path = f"/v1/employees/{id}"
        version = SHARED.request("GET", path).headers["ETag"]
        body = {"name": living[id] + "'"} if what == "rename" else None
        answer = SHARED.request("PUT" if body else "DELETE", path, headers={"If-Match": version}, json=body)
        assert answer.status_code == 200
        if body is None:
            del living[id]
        else:
            living[id] = body["name"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(start=st.integers(0, 8), limit=st.integers(1, 4), between=st.lists(steps, max_size=6), filtered=st.booleans())
def test_a_walk_misses_and_doubles_nothing_while_others_write(
    start: int, limit: int, between: list[list[tuple[str, int]]], filtered: bool
) -> None:
    SHARED.admin("POST", "/sandboxes/smartepi/reset")
    living = {record["id"]: record["name"] for record in fetch_all(SHARED, "employees")}
    for nth in range(start):
        apply_change("insert", nth, living, 1000)
    query = {"limit": limit, **({"name": ""} if filtered else {})}
    throughout, seen = set(living), []
    got = page(SHARED, "employees", **query)
    for count in range(1000):
        seen += [record["id"] for record in got["data"]]
        if got["cursor"] is None:
            break
        for what, which in between[count] if count < len(between) else []:
            # A new name is a new place in a list that is sorted by names.
            apply_change("insert" if filtered and what == "rename" else what, which, living, count)
        throughout &= set(living)
        got = page(SHARED, "employees", **query, cursor=got["cursor"])
    assert len(seen) == len(set(seen))
    assert throughout <= set(seen)

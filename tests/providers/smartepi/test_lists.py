"""SmartEPI's lists: pages, cursors, which are always validated, and filters by prefix."""

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


def data_of(response: TestResponse) -> Any:
    assert response.json is not None, response.text
    return response.json["data"]


def create(harness: Harness, resource: str, **fields: Any) -> str:
    response = harness.request("POST", f"/v1/{resource}", json=fields)
    assert response.status_code == 201, response.text
    return str(data_of(response)["id"])


def page(harness: Harness, resource: str, **query: Any) -> Any:
    response = harness.request("GET", f"/v1/{resource}?{urlencode(query)}")
    assert response.status_code == 200, response.text
    assert "ETag" not in response.headers
    return response.json


def pages(harness: Harness, resource: str, **query: Any) -> list[list[dict[str, Any]]]:
    """Returns every page of a list by following the cursor."""
    fetched = [page(harness, resource, **query)]
    while (cursor := fetched[-1]["cursor"]) is not None:
        fetched.append(page(harness, resource, **query, cursor=cursor))
        assert len(fetched) < 1000
    return [each["data"] for each in fetched]


def fetch_all(harness: Harness, resource: str, **query: Any) -> list[dict[str, Any]]:
    return [record for each in pages(harness, resource, **query) for record in each]


def names(harness: Harness, resource: str, **query: Any) -> list[str]:
    return [record["name"] for record in fetch_all(harness, resource, **query)]


def is_bad_request(response: TestResponse) -> bool:
    kind = (response.json or {}).get("type")
    return (response.status_code, kind) == (
        400,
        "urn:smartepi:error:bad_request",
    ) and "X-Request-Id" in response.headers


@pytest.mark.parametrize("resource", [*LISTS, *READ_ONLY])
def test_paging_returns_each_record_once_with_any_limit(harness: Harness, resource: str) -> None:
    with harness.sandbox.transaction() as space:
        stored = [record["id"] for _, record in space.scan(resource.replace("-", "_"))]
    for limit in range(1, len(stored) + 2):
        fetched = pages(harness, resource, limit=limit)
        assert [record["id"] for each in fetched for record in each] == stored[::-1]
        assert {len(each) for each in fetched[:-1]} <= {limit}
        assert 1 <= len(fetched[-1]) <= limit


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
def test_a_limit_that_is_not_a_whole_number_from_1_to_100_is_refused(
    harness: Harness, resource: str, limit: str
) -> None:
    assert is_bad_request(harness.request("GET", f"/v1/{resource}?limit={quote(limit)}"))


@pytest.mark.parametrize(("limit", "number"), [("1", 1), ("01", 1), ("15", 15), ("100", 15)])
def test_a_limit_from_1_to_100_is_applied(harness: Harness, limit: str, number: int) -> None:
    assert len(page(harness, "employees", limit=limit)["data"]) == number


def test_an_unknown_parameter_is_ignored(harness: Harness) -> None:
    assert page(harness, "sectors", sort="name", limit=2, since="2026") == page(harness, "sectors", limit=2)


def cursor(harness: Harness, resource: str = "employees", **query: Any) -> str:
    value = page(harness, resource, limit=2, **query)["cursor"]
    assert isinstance(value, str)
    return value


def request_page(harness: Harness, resource: str, cursor: str, **query: Any) -> TestResponse:
    return harness.request("GET", f"/v1/{resource}?{urlencode({**query, 'cursor': cursor})}")


def test_a_cursor_with_any_changed_character_is_refused(harness: Harness) -> None:
    valid = cursor(harness)
    for place in range(len(valid)):
        for other in "A-é":
            if valid[place] != other:
                assert is_bad_request(request_page(harness, "employees", valid[:place] + other + valid[place + 1 :]))
    assert request_page(harness, "employees", valid).status_code == 200


def test_a_truncated_or_extended_cursor_is_refused(harness: Harness) -> None:
    valid = cursor(harness)
    for invalid in [valid[:end] for end in range(len(valid))] + [
        f"{valid}=",
        f"{valid}A",
        f" {valid}",
        f"{valid}\n",
        valid * 2,
    ]:
        assert is_bad_request(request_page(harness, "employees", invalid)), invalid


def encode_cursor(text: str) -> str:
    return urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


@pytest.mark.parametrize(
    "invalid",
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
def test_an_arbitrary_text_as_a_cursor_is_refused(harness: Harness, invalid: str) -> None:
    assert is_bad_request(request_page(harness, "employees", invalid))


def test_a_cursor_of_another_list_is_refused(harness: Harness) -> None:
    for other in ("sectors", "withdrawals", "job-roles"):
        assert is_bad_request(request_page(harness, other, cursor(harness)))


def test_a_cursor_of_another_organization_is_refused(harness: Harness) -> None:
    for name, seed in (("twin", "1"), ("other", "2")):
        harness.admin("POST", "/sandboxes", {"provider": "smartepi", "name": name, "seed": seed})
        other_page = harness.request("GET", "/v1/employees?limit=2", sandbox=name).json
        assert other_page is not None
        assert is_bad_request(request_page(harness, "employees", other_page["cursor"]))


def test_a_cursor_with_other_filters_is_refused(harness: Harness) -> None:
    sector = data_of(harness.request("GET", "/v1/employees?limit=1"))[0]["sectorId"]
    plain = cursor(harness)
    assert is_bad_request(request_page(harness, "employees", plain, sectorId=sector))
    assert is_bad_request(request_page(harness, "employees", plain, name=""))
    assert is_bad_request(request_page(harness, "employees", cursor(harness, name=""), name="a"))


def test_a_cursor_may_be_used_again_and_with_another_limit(harness: Harness) -> None:
    employees, valid = fetch_all(harness, "employees"), cursor(harness)
    for limit in (1, 5, 100):
        rest = page(harness, "employees", cursor=valid, limit=limit)["data"]
        assert rest == employees[2 : 2 + limit]


PEOPLE = ["Silvana Reis", "SILVA", "silva neto", "Ana da Silva", "Ângela Prado", "ângelo Sá", "Angela Luz", "Straße"]


@pytest.mark.parametrize(
    ("prefix", "expected"),
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
    harness: Harness, prefix: str, expected: list[str]
) -> None:
    for name in PEOPLE:
        create(harness, "employees", name=name)
    assert names(harness, "employees", name=prefix, limit=1) == expected


@pytest.mark.parametrize("resource", [*LISTS, "access-groups"])
def test_every_list_with_names_is_filtered_by_prefix_and_sorted_by_name(harness: Harness, resource: str) -> None:
    everyone = names(harness, resource)
    for prefix in {name[:length] for name in everyone for length in (0, 1, 3)}:
        expected = sorted(
            (name for name in everyone if name.casefold().startswith(prefix.casefold())), key=str.casefold
        )
        assert sorted(expected) == sorted(names(harness, resource, name=prefix.upper(), limit=2))
        assert expected == names(harness, resource, name=prefix, limit=3)


def test_cost_centers_are_filtered_by_code_prefix_and_sorted_by_code(harness: Harness) -> None:
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


def apply_change(change: str, nth: int, names_by_id: dict[str, str], count: int) -> None:
    """Makes the change of another client: creates an employee, or deletes or renames an existing one."""
    if change == "insert":
        name = f"{'kqw'[nth % 3]}{count}-{nth}"
        names_by_id[create(SHARED, "employees", name=name)] = name
    elif names_by_id:
        id = sorted(names_by_id)[nth % len(names_by_id)]
        path = f"/v1/employees/{id}"
        version = SHARED.request("GET", path).headers["ETag"]
        body = {"name": names_by_id[id] + "'"} if change == "rename" else None
        response = SHARED.request("PUT" if body else "DELETE", path, headers={"If-Match": version}, json=body)
        assert response.status_code == 200
        if body is None:
            del names_by_id[id]
        else:
            names_by_id[id] = body["name"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(start=st.integers(0, 8), limit=st.integers(1, 4), writes=st.lists(steps, max_size=6), filtered=st.booleans())
def test_paging_neither_misses_nor_repeats_records_during_writes(
    start: int, limit: int, writes: list[list[tuple[str, int]]], filtered: bool
) -> None:
    SHARED.admin("POST", "/sandboxes/smartepi/reset")
    names_by_id = {record["id"]: record["name"] for record in fetch_all(SHARED, "employees")}
    for nth in range(start):
        apply_change("insert", nth, names_by_id, 1000)
    query = {"limit": limit, **({"name": ""} if filtered else {})}
    always_present, seen = set(names_by_id), []
    fetched = page(SHARED, "employees", **query)
    for count in range(1000):
        seen += [record["id"] for record in fetched["data"]]
        if fetched["cursor"] is None:
            break
        for change, index in writes[count] if count < len(writes) else []:
            # A filtered list is sorted by name, so a rename would move the record to another page.
            apply_change("insert" if filtered and change == "rename" else change, index, names_by_id, count)
        always_present &= set(names_by_id)
        fetched = page(SHARED, "employees", **query, cursor=fetched["cursor"])
    assert len(seen) == len(set(seen))
    assert always_present <= set(seen)

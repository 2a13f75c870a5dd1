"""SmartEPI's records: unique names, references, nested rows, and isolation of organizations."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.harness import Harness

OTHER_SANDBOX = "smartepi-other"
REFERENCES = [
    ("sectors", "sectorId"),
    ("cost-centers", "costCenterId"),
    ("cost-centers", "costCenter2Id"),
    ("job-roles", "jobRoleId"),
    ("groups", "groupId"),
]
RESOURCES_WITH_NAME = ["sectors", "cost-centers", "job-roles", "groups", "products"]
ALL_RESOURCES = [*RESOURCES_WITH_NAME, "employees"]


@pytest.fixture
def two_sandboxes(harness: Harness) -> Harness:
    """A harness with a second sandbox of the same seed."""
    response = harness.admin("POST", "/sandboxes", {"provider": "smartepi", "name": OTHER_SANDBOX})
    assert response.status_code == 201, response.text
    return harness


def data_of(response: TestResponse) -> Any:
    assert response.json is not None, response.text
    return response.json["data"]


def create(harness: Harness, resource: str, sandbox: str | None = None, **fields: Any) -> str:
    response = harness.request("POST", f"/v1/{resource}", json=fields, sandbox=sandbox)
    assert response.status_code == 201, response.text
    return str(data_of(response)["id"])


def refusal_details(response: TestResponse) -> tuple[int, str, str]:
    assert response.json is not None
    return response.status_code, response.json["type"].removeprefix("urn:smartepi:error:"), response.json["detail"]


def dangling_refusal(path: str) -> tuple[int, str, str]:
    return 422, "invalid_reference", f"Unknown or cross-tenant reference: {path}"


@pytest.mark.parametrize(("resource", "field"), REFERENCES)
def test_a_record_that_an_employee_references_cannot_be_deleted(harness: Harness, resource: str, field: str) -> None:
    used = create(harness, resource, name="Used")
    employee = create(harness, "employees", name="Ana", **{field: used})
    refused = harness.request("DELETE", f"/v1/{resource}/{used}?_version=1")
    assert refusal_details(refused)[:2] == (409, "resource_in_use")
    assert harness.request("GET", f"/v1/{resource}/{used}").headers["ETag"] == '"1"'
    assert harness.request("PUT", f"/v1/employees/{employee}", json={"_version": 1, field: None}).status_code == 200
    assert harness.request("DELETE", f"/v1/{resource}/{used}?_version=1").status_code == 200


@pytest.mark.parametrize(("resource", "field"), REFERENCES)
def test_a_record_can_be_deleted_after_the_employee_that_references_it(
    harness: Harness, resource: str, field: str
) -> None:
    used = create(harness, resource, name="Used")
    employee = create(harness, "employees", name="Ana", **{field: used})
    assert harness.request("DELETE", f"/v1/employees/{employee}?_version=1").status_code == 200
    assert harness.request("DELETE", f"/v1/{resource}/{used}?_version=1").status_code == 200


@pytest.mark.parametrize("released_by", ["other rules", "deleted group"])
def test_a_product_that_a_group_rule_references_cannot_be_deleted(harness: Harness, released_by: str) -> None:
    product = create(harness, "products", name="Used")
    group = create(harness, "groups", name="Welders", rules=[{"productId": product}])
    refused = harness.request("DELETE", f"/v1/products/{product}?_version=1")
    assert refusal_details(refused)[:2] == (409, "resource_in_use")
    if released_by == "other rules":
        released = harness.request("PUT", f"/v1/groups/{group}", json={"_version": 1, "rules": []})
    else:
        released = harness.request("DELETE", f"/v1/groups/{group}?_version=1")
    assert released.status_code == 200
    assert harness.request("DELETE", f"/v1/products/{product}?_version=1").status_code == 200


def test_renaming_a_group_keeps_its_rules(harness: Harness) -> None:
    product = create(harness, "products", name="Used")
    group = create(harness, "groups", name="Welders", rules=[{"productId": product}])
    assert harness.request("PUT", f"/v1/groups/{group}", json={"_version": 1, "name": "Painters"}).status_code == 200
    assert harness.request("DELETE", f"/v1/products/{product}?_version=1").status_code == 409


@pytest.mark.parametrize("verb", ["create", "update"])
@pytest.mark.parametrize("field", [field for _, field in REFERENCES])
def test_a_dangling_reference_is_refused_with_its_field(harness: Harness, field: str, verb: str) -> None:
    if verb == "create":
        response = harness.request("POST", "/v1/employees", json={"name": "Ana", field: "nobody"})
    else:
        path = f"/v1/employees/{create(harness, 'employees', name='Ana')}"
        response = harness.request("PUT", path, json={"_version": 1, field: "nobody"})
        assert harness.request("GET", path).headers["ETag"] == '"1"'
    assert refusal_details(response) == dangling_refusal(field)


def test_a_reference_to_another_kind_of_record_is_dangling(harness: Harness) -> None:
    sector = create(harness, "sectors", name="A sector")
    assert refusal_details(
        harness.request("POST", "/v1/employees", json={"name": "A", "jobRoleId": sector})
    ) == dangling_refusal("jobRoleId")


def test_a_reference_to_a_deleted_record_is_dangling(harness: Harness) -> None:
    sector = create(harness, "sectors", name="Gone")
    assert harness.request("DELETE", f"/v1/sectors/{sector}?_version=1").status_code == 200
    assert refusal_details(
        harness.request("POST", "/v1/employees", json={"name": "A", "sectorId": sector})
    ) == dangling_refusal("sectorId")


def test_a_rule_for_an_unknown_product_is_named_by_its_index(harness: Harness) -> None:
    rules = [{"productId": create(harness, "products", name="A")}, {"productId": "nothing"}]
    expected = dangling_refusal("rules[1].productId")
    assert refusal_details(harness.request("POST", "/v1/groups", json={"name": "G", "rules": rules})) == expected
    group = create(harness, "groups", name="G")
    assert (
        refusal_details(harness.request("PUT", f"/v1/groups/{group}", json={"_version": 1, "rules": rules})) == expected
    )


@pytest.mark.parametrize("resource", RESOURCES_WITH_NAME)
def test_a_name_is_unique_within_a_resource(harness: Harness, resource: str) -> None:
    create(harness, resource, name="Taken")
    other = create(harness, resource, name="Other")
    responses = [
        harness.request("POST", f"/v1/{resource}", json={"name": "Taken"}),
        harness.request("PUT", f"/v1/{resource}/{other}", json={"_version": 1, "name": "Taken"}),
    ]
    assert [refusal_details(response)[:2] for response in responses] == [(409, "duplicate_name")] * 2
    assert data_of(harness.request("GET", f"/v1/{resource}/{other}"))["name"] == "Other"


@pytest.mark.parametrize("resource", RESOURCES_WITH_NAME)
def test_a_record_may_be_updated_with_its_own_name(harness: Harness, resource: str) -> None:
    id = create(harness, resource, name="Mine")
    assert harness.request("PUT", f"/v1/{resource}/{id}", json={"_version": 1, "name": "Mine"}).status_code == 200


def test_records_of_different_resources_and_employees_may_share_a_name(harness: Harness) -> None:
    for resource in (*RESOURCES_WITH_NAME, "employees", "employees"):
        create(harness, resource, name="The same")


@pytest.mark.parametrize(("field", "value"), [("identification", "100001"), ("email", "new@epi.test")])
def test_two_employees_cannot_share_an_identification_or_an_email(harness: Harness, field: str, value: str) -> None:
    harness.request("POST", "/v1/employees", json={"name": "First", field: value})
    other = create(harness, "employees", name="Second")
    responses = [
        harness.request("POST", "/v1/employees", json={"name": "Third", field: value}),
        harness.request("PUT", f"/v1/employees/{other}", json={"_version": 1, field: value}),
    ]
    assert [refusal_details(response)[0] for response in responses] == [409, 409]
    assert field not in data_of(harness.request("GET", f"/v1/employees/{other}"))


def test_employees_without_identification_or_email_are_no_duplicates(harness: Harness) -> None:
    first, second = create(harness, "employees", name="A", email="a@epi.test"), create(harness, "employees", name="B")
    assert harness.request("PUT", f"/v1/employees/{first}", json={"_version": 1, "email": None}).status_code == 200
    assert "email" not in data_of(harness.request("GET", f"/v1/employees/{first}"))
    assert (
        harness.request("PUT", f"/v1/employees/{second}", json={"_version": 1, "email": "a@epi.test"}).status_code
        == 200
    )


def test_sizes_and_certificates_are_created_with_their_product(harness: Harness) -> None:
    rows = {"sizes": [{"name": "P"}, {"name": "M"}], "certificates": [{"number": "CA 1"}]}
    product = data_of(harness.request("POST", "/v1/products", json={"name": "Glove", **rows}))
    for kind, sent in rows.items():
        assert [{name: row[name] for name in row if name != "id"} for row in product[kind]] == sent
    ids = [row["id"] for kind in rows for row in product[kind]]
    assert len(set(ids)) == 3
    assert data_of(harness.request("GET", f"/v1/products/{product['id']}")) == product


def test_an_update_changes_rows_it_names_by_id_and_adds_the_others(harness: Harness) -> None:
    rows = [{"name": "P", "stock": 1}, {"name": "M", "stock": 2}]
    product = data_of(harness.request("POST", "/v1/products", json={"name": "Glove", "sizes": rows}))
    small, medium = product["sizes"]
    changes = {"_version": 1, "sizes": [{"name": "G"}, {"id": medium["id"], "stock": 9}]}
    sizes = data_of(harness.request("PUT", f"/v1/products/{product['id']}", json=changes))["sizes"]
    assert sizes[:2] == [small, {**medium, "stock": 9}]
    assert sizes[2]["name"] == "G"
    assert sizes[2]["id"] not in (small["id"], medium["id"])


def test_a_refused_product_leaves_no_rows_behind(harness: Harness) -> None:
    before = harness.engine.export("smartepi")["collections"]
    response = harness.request("POST", "/v1/products", json={"name": "Capacete", "sizes": [{"name": "P"}]})
    assert refusal_details(response)[:2] == (409, "duplicate_name")
    after = harness.engine.export("smartepi")["collections"]
    assert {**after, "_sandbox": None} == {**before, "_sandbox": None}


def test_a_product_is_deleted_with_its_sizes_and_certificates(harness: Harness) -> None:
    product = data_of(harness.request("POST", "/v1/products", json={"name": "Glove", "sizes": [{"name": "P"}]}))
    deleted = data_of(harness.request("DELETE", f"/v1/products/{product['id']}?_version=1"))
    assert deleted["sizes"] == product["sizes"]
    assert product["sizes"][0]["id"] not in harness.request("GET", "/v1/products?limit=100").text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("resource", ALL_RESOURCES)
def test_a_record_of_another_organization_looks_missing(two_sandboxes: Harness, resource: str, method: str) -> None:
    theirs = create(two_sandboxes, resource, OTHER_SANDBOX, name="Theirs")
    options: Any = {"headers": {"If-Match": '"1"'}, "json": {"name": "Mine"} if method == "PUT" else None}
    foreign = two_sandboxes.request(method, f"/v1/{resource}/{theirs}", **options)
    missing = two_sandboxes.request(method, f"/v1/{resource}/{theirs[::-1]}", **options)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.text.replace(theirs, "id") == missing.text.replace(theirs[::-1], "id")
    assert data_of(two_sandboxes.request("GET", f"/v1/{resource}/{theirs}", sandbox=OTHER_SANDBOX))["name"] == "Theirs"


@pytest.mark.parametrize(("resource", "field"), REFERENCES)
def test_a_record_of_another_organization_cannot_be_referenced(
    two_sandboxes: Harness, resource: str, field: str
) -> None:
    theirs = create(two_sandboxes, resource, OTHER_SANDBOX, name="Theirs")
    assert refusal_details(
        two_sandboxes.request("POST", "/v1/employees", json={"name": "A", field: theirs})
    ) == dangling_refusal(field)


def test_organizations_share_no_records(two_sandboxes: Harness) -> None:
    for nth in range(3):
        create(two_sandboxes, "sectors", OTHER_SANDBOX, name=f"Theirs {nth}")
    create(two_sandboxes, "sectors", name="Theirs 1")
    mine = [record["name"] for record in data_of(two_sandboxes.request("GET", "/v1/sectors?name=theirs"))]
    theirs = [
        record["name"]
        for record in data_of(two_sandboxes.request("GET", "/v1/sectors?name=theirs", sandbox=OTHER_SANDBOX))
    ]
    assert (mine, theirs) == (["Theirs 1"], ["Theirs 0", "Theirs 1", "Theirs 2"])


def test_organizations_share_no_limit_clock_or_keys(two_sandboxes: Harness) -> None:
    two_sandboxes.admin("PATCH", "/sandboxes/smartepi", {"limits": {"rate": 1}})
    two_sandboxes.admin("DELETE", f"/sandboxes/smartepi/keys/{two_sandboxes.key()}", {})
    two_sandboxes.request("GET", "/v1/sectors")
    assert two_sandboxes.request("GET", "/v1/sectors").status_code == 429
    two_sandboxes.advance("1h")
    assert two_sandboxes.request("GET", "/v1/sectors").status_code == 403
    assert [two_sandboxes.request("GET", "/v1/sectors", sandbox=OTHER_SANDBOX).status_code for _ in range(3)] == [
        200,
        200,
        200,
    ]

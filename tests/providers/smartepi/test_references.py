"""What SmartEPI's records have to do with each other: who may share a name, who points at whom, whose they are."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.worlds import World

OTHER = "smartepi-other"
EDGES = [
    ("sectors", "sectorId"),
    ("cost-centers", "costCenterId"),
    ("cost-centers", "costCenter2Id"),
    ("job-roles", "jobRoleId"),
    ("groups", "groupId"),
]
NAMED = ["sectors", "cost-centers", "job-roles", "groups", "products"]
ALL = [*NAMED, "employees"]


@pytest.fixture
def two(world: World) -> World:
    """A world with a second organization of the same seed."""
    answer = world.admin("POST", "/sandboxes", {"provider": "smartepi", "name": OTHER})
    assert answer.status_code == 201, answer.text
    return world


def data(answer: TestResponse) -> Any:
    assert answer.json is not None, answer.text
    return answer.json["data"]


def create(world: World, resource: str, sandbox: str | None = None, **fields: Any) -> str:
    answer = world.ask("POST", f"/v1/{resource}", json=fields, sandbox=sandbox)
    assert answer.status_code == 201, answer.text
    return str(data(answer)["id"])


def refusal(answer: TestResponse) -> tuple[int, str, str]:
    assert answer.json is not None
    return answer.status_code, answer.json["type"].removeprefix("urn:smartepi:error:"), answer.json["detail"]


def dangling(path: str) -> tuple[int, str, str]:
    return 422, "invalid_reference", f"Unknown or cross-tenant reference: {path}"


@pytest.mark.parametrize(("resource", "field"), EDGES)
def test_what_an_employee_points_at_cannot_be_deleted(world: World, resource: str, field: str) -> None:
    used = create(world, resource, name="Used")
    employee = create(world, "employees", name="Ana", **{field: used})
    refused = world.ask("DELETE", f"/v1/{resource}/{used}?_version=1")
    assert refusal(refused)[:2] == (409, "resource_in_use")
    assert world.ask("GET", f"/v1/{resource}/{used}").headers["ETag"] == '"1"'
    assert world.ask("PUT", f"/v1/employees/{employee}", json={"_version": 1, field: None}).status_code == 200
    assert world.ask("DELETE", f"/v1/{resource}/{used}?_version=1").status_code == 200


@pytest.mark.parametrize(("resource", "field"), EDGES)
def test_it_can_be_deleted_once_the_employee_is(world: World, resource: str, field: str) -> None:
    used = create(world, resource, name="Used")
    employee = create(world, "employees", name="Ana", **{field: used})
    assert world.ask("DELETE", f"/v1/employees/{employee}?_version=1").status_code == 200
    assert world.ask("DELETE", f"/v1/{resource}/{used}?_version=1").status_code == 200


@pytest.mark.parametrize("released_by", ["other rules", "deleted group"])
def test_what_a_group_rule_points_at_cannot_be_deleted(world: World, released_by: str) -> None:
    product = create(world, "products", name="Used")
    group = create(world, "groups", name="Welders", rules=[{"productId": product}])
    refused = world.ask("DELETE", f"/v1/products/{product}?_version=1")
    assert refusal(refused)[:2] == (409, "resource_in_use")
    if released_by == "other rules":
        released = world.ask("PUT", f"/v1/groups/{group}", json={"_version": 1, "rules": []})
    else:
        released = world.ask("DELETE", f"/v1/groups/{group}?_version=1")
    assert released.status_code == 200
    assert world.ask("DELETE", f"/v1/products/{product}?_version=1").status_code == 200


def test_changing_a_groups_name_leaves_its_rules_in_force(world: World) -> None:
    product = create(world, "products", name="Used")
    group = create(world, "groups", name="Welders", rules=[{"productId": product}])
    assert world.ask("PUT", f"/v1/groups/{group}", json={"_version": 1, "name": "Painters"}).status_code == 200
    assert world.ask("DELETE", f"/v1/products/{product}?_version=1").status_code == 409


@pytest.mark.parametrize("verb", ["create", "update"])
@pytest.mark.parametrize("field", [field for _, field in EDGES])
def test_a_reference_to_nothing_names_its_field(world: World, field: str, verb: str) -> None:
    if verb == "create":
        answer = world.ask("POST", "/v1/employees", json={"name": "Ana", field: "nobody"})
    else:
        path = f"/v1/employees/{create(world, 'employees', name='Ana')}"
        answer = world.ask("PUT", path, json={"_version": 1, field: "nobody"})
        assert world.ask("GET", path).headers["ETag"] == '"1"'
    assert refusal(answer) == dangling(field)


def test_a_reference_of_another_kind_is_a_reference_to_nothing(world: World) -> None:
    sector = create(world, "sectors", name="A sector")
    assert refusal(world.ask("POST", "/v1/employees", json={"name": "A", "jobRoleId": sector})) == dangling("jobRoleId")


def test_a_reference_to_a_deleted_record_is_a_reference_to_nothing(world: World) -> None:
    sector = create(world, "sectors", name="Gone")
    assert world.ask("DELETE", f"/v1/sectors/{sector}?_version=1").status_code == 200
    assert refusal(world.ask("POST", "/v1/employees", json={"name": "A", "sectorId": sector})) == dangling("sectorId")


def test_a_rule_for_no_product_is_named_by_its_place(world: World) -> None:
    rules = [{"productId": create(world, "products", name="A")}, {"productId": "nothing"}]
    expected = dangling("rules[1].productId")
    assert refusal(world.ask("POST", "/v1/groups", json={"name": "G", "rules": rules})) == expected
    group = create(world, "groups", name="G")
    assert refusal(world.ask("PUT", f"/v1/groups/{group}", json={"_version": 1, "rules": rules})) == expected


@pytest.mark.parametrize("resource", NAMED)
def test_two_records_of_a_kind_cannot_share_a_name(world: World, resource: str) -> None:
    create(world, resource, name="Taken")
    other = create(world, resource, name="Other")
    answers = [
        world.ask("POST", f"/v1/{resource}", json={"name": "Taken"}),
        world.ask("PUT", f"/v1/{resource}/{other}", json={"_version": 1, "name": "Taken"}),
    ]
    assert [refusal(answer)[:2] for answer in answers] == [(409, "duplicate_name")] * 2
    assert data(world.ask("GET", f"/v1/{resource}/{other}"))["name"] == "Other"


@pytest.mark.parametrize("resource", NAMED)
def test_a_record_may_be_given_its_own_name_again(world: World, resource: str) -> None:
    id = create(world, resource, name="Mine")
    assert world.ask("PUT", f"/v1/{resource}/{id}", json={"_version": 1, "name": "Mine"}).status_code == 200


def test_records_of_different_kinds_may_share_a_name_and_so_may_employees(world: World) -> None:
    for resource in (*NAMED, "employees", "employees"):
        create(world, resource, name="The same")


@pytest.mark.parametrize(("field", "value"), [("identification", "100001"), ("email", "new@epi.test")])
def test_two_employees_cannot_share_an_identification_or_an_email(world: World, field: str, value: str) -> None:
    world.ask("POST", "/v1/employees", json={"name": "First", field: value})
    other = create(world, "employees", name="Second")
    answers = [
        world.ask("POST", "/v1/employees", json={"name": "Third", field: value}),
        world.ask("PUT", f"/v1/employees/{other}", json={"_version": 1, field: value}),
    ]
    assert [refusal(answer)[0] for answer in answers] == [409, 409]
    assert field not in data(world.ask("GET", f"/v1/employees/{other}"))


def test_employees_without_identification_or_email_are_no_duplicates(world: World) -> None:
    one, two = create(world, "employees", name="A", email="a@epi.test"), create(world, "employees", name="B")
    assert world.ask("PUT", f"/v1/employees/{one}", json={"_version": 1, "email": None}).status_code == 200
    assert "email" not in data(world.ask("GET", f"/v1/employees/{one}"))
    assert world.ask("PUT", f"/v1/employees/{two}", json={"_version": 1, "email": "a@epi.test"}).status_code == 200


def test_sizes_and_certificates_are_made_with_their_product(world: World) -> None:
    rows = {"sizes": [{"name": "P"}, {"name": "M"}], "certificates": [{"number": "CA 1"}]}
    product = data(world.ask("POST", "/v1/products", json={"name": "Glove", **rows}))
    for kind, sent in rows.items():
        assert [{name: row[name] for name in row if name != "id"} for row in product[kind]] == sent
    ids = [row["id"] for kind in rows for row in product[kind]]
    assert len(set(ids)) == 3
    assert data(world.ask("GET", f"/v1/products/{product['id']}")) == product


def test_an_update_changes_rows_it_names_by_id_and_adds_the_others(world: World) -> None:
    rows = [{"name": "P", "stock": 1}, {"name": "M", "stock": 2}]
    product = data(world.ask("POST", "/v1/products", json={"name": "Glove", "sizes": rows}))
    small, medium = product["sizes"]
    changes = {"_version": 1, "sizes": [{"name": "G"}, {"id": medium["id"], "stock": 9}]}
    sizes = data(world.ask("PUT", f"/v1/products/{product['id']}", json=changes))["sizes"]
    assert sizes[:2] == [small, {**medium, "stock": 9}]
    assert sizes[2]["name"] == "G"
    assert sizes[2]["id"] not in (small["id"], medium["id"])


def test_a_refused_product_leaves_no_rows_behind(world: World) -> None:
    before = world.engine.export("smartepi")["collections"]
    answer = world.ask("POST", "/v1/products", json={"name": "Capacete", "sizes": [{"name": "P"}]})
    assert refusal(answer)[:2] == (409, "duplicate_name")
    after = world.engine.export("smartepi")["collections"]
    assert {**after, "_sandbox": None} == {**before, "_sandbox": None}


def test_a_product_goes_with_its_sizes_and_certificates(world: World) -> None:
    product = data(world.ask("POST", "/v1/products", json={"name": "Glove", "sizes": [{"name": "P"}]}))
    gone = data(world.ask("DELETE", f"/v1/products/{product['id']}?_version=1"))
    assert gone["sizes"] == product["sizes"]
    assert product["sizes"][0]["id"] not in world.ask("GET", "/v1/products?limit=100").text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("resource", ALL)
def test_a_strangers_record_looks_like_none(two: World, resource: str, method: str) -> None:
    theirs = create(two, resource, OTHER, name="Theirs")
    asked: Any = {"headers": {"If-Match": '"1"'}, "json": {"name": "Mine"} if method == "PUT" else None}
    stranger = two.ask(method, f"/v1/{resource}/{theirs}", **asked)
    nobody = two.ask(method, f"/v1/{resource}/{theirs[::-1]}", **asked)
    assert stranger.status_code == nobody.status_code == 404
    assert stranger.text.replace(theirs, "id") == nobody.text.replace(theirs[::-1], "id")
    assert data(two.ask("GET", f"/v1/{resource}/{theirs}", sandbox=OTHER))["name"] == "Theirs"


@pytest.mark.parametrize(("resource", "field"), EDGES)
def test_a_strangers_record_cannot_be_pointed_at(two: World, resource: str, field: str) -> None:
    theirs = create(two, resource, OTHER, name="Theirs")
    assert refusal(two.ask("POST", "/v1/employees", json={"name": "A", field: theirs})) == dangling(field)


def test_organizations_do_not_see_each_other(two: World) -> None:
    for nth in range(3):
        create(two, "sectors", OTHER, name=f"Theirs {nth}")
    create(two, "sectors", name="Theirs 1")
    mine = [record["name"] for record in data(two.ask("GET", "/v1/sectors?name=theirs"))]
    theirs = [record["name"] for record in data(two.ask("GET", "/v1/sectors?name=theirs", sandbox=OTHER))]
    assert (mine, theirs) == (["Theirs 1"], ["Theirs 0", "Theirs 1", "Theirs 2"])


def test_one_organizations_limit_clock_and_keys_are_not_the_others(two: World) -> None:
    two.admin("PATCH", "/sandboxes/smartepi", {"limits": {"rate": 1}})
    two.admin("DELETE", f"/sandboxes/smartepi/keys/{two.key()}", {})
    two.ask("GET", "/v1/sectors")
    assert two.ask("GET", "/v1/sectors").status_code == 429
    two.advance("1h")
    assert two.ask("GET", "/v1/sectors").status_code == 403
    assert [two.ask("GET", "/v1/sectors", sandbox=OTHER).status_code for _ in range(3)] == [200, 200, 200]

"""Every point SmartEPI leaves open is a setting that can be seen to make a difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockserver.engine import check_timed, describe
from mockserver.providers.smartepi.assumptions import SmartEPIAssumptions
from tests.support.webhook_receivers import Posts
from tests.support.worlds import NOON, World

SANDBOX = "/sandboxes/smartepi"
LINKED = {"id", "withdrawalStatus", "employeeId", "productId", "quantity", "createdAt"}


def assume(world: World, **assumptions: Any) -> TestResponse:
    return world.admin("PATCH", SANDBOX, {"assumptions": assumptions})


def data(answer: TestResponse) -> Any:
    assert answer.json is not None, answer.text
    return answer.json["data"]


def make(world: World, resource: str, **fields: Any) -> Any:
    answer = world.ask("POST", f"/v1/{resource}", json=fields)
    assert answer.status_code == 201, answer.text
    return data(answer)


def token(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None
    return answer.status_code, answer.json["type"].removeprefix("urn:smartepi:error:")


def status(method: str, path: str, **asked: Any) -> Callable[[World], Any]:
    """What the status of this call is."""
    return lambda world: world.ask(method, path, **asked).status_code


def new_key(world: World, **wanted: Any) -> str:
    answer = world.admin("POST", f"{SANDBOX}/keys", wanted)
    assert answer.json is not None, answer.text
    return str(answer.json["secret"])


def works(world: World, key: str) -> int:
    return world.ask("GET", "/v1/sectors", key=key).status_code


def a_new_key_after_30_seconds(world: World) -> int:
    key = new_key(world)
    world.advance("30s")
    return works(world, key)


def a_revoked_key_after_30_seconds(world: World) -> int:
    key = new_key(world, activates_in="0s")
    world.admin("DELETE", f"{SANDBOX}/keys/{key}", {})
    world.advance("30s")
    return works(world, key)


def a_key_after_a_day(world: World) -> int:
    key = new_key(world, activates_in="0s")
    world.advance("1d")
    return works(world, key)


def with_authorization(scheme: str, header: str = "Authorization") -> Callable[[World], int]:
    def ask(world: World) -> int:
        return world.ask("GET", "/v1/sectors", key=None, headers={header: f"{scheme}{world.key()}"}).status_code

    return ask


def refused_with(method: str, path: str, body: Any = None) -> Callable[[World], Any]:
    return lambda world: token(world.ask(method, path, json=body))


def an_unknown_path(world: World) -> Any:
    answer = world.ask("GET", "/v1/nothing")
    return answer.status_code, (answer.json or {}).get("message"), "X-Request-Id" in answer.headers


def an_injected_failure(world: World) -> Any:
    world.admin("POST", f"{SANDBOX}/faults", {"fault": {"kind": "status", "status": 500}})
    return token(world.ask("GET", "/v1/sectors"))


def a_taken_email(world: World) -> Any:
    make(world, "employees", name="A", email="a@epi.test")
    return token(world.ask("POST", "/v1/employees", json={"name": "B", "email": "a@epi.test"}))


def a_title(world: World) -> Any:
    answer = world.ask("POST", "/v1/employees", json={"name": "A", "sectorId": "none"})
    return (answer.json or {})["title"]


def times(world: World) -> Any:
    record = make(world, "sectors", name="New")
    return record.get("createdAt"), record.get("updatedAt")


def number(path: str) -> Callable[[World], int]:
    return lambda world: len(data(world.ask("GET", path)))


def by_id(resource: str) -> Callable[[World], Any]:
    def ask(world: World) -> Any:
        id = data(world.ask("GET", f"/v1/{resource}"))[0]["id"]
        found = world.ask("GET", f"/v1/{resource}/{id}")
        other = [world.ask(method, f"/v1/{resource}/{id}") for method in ("PUT", "DELETE")]
        allowed = {answer.headers["Allow"] for answer in other if answer.status_code == 405}
        return found.status_code, "ETag" in found.headers, world.ask("GET", f"/v1/{resource}/no").status_code, allowed

    return ask


CLOSED, OPEN = (405, False, 405, {""}), (200, False, 404, {"GET"})


def deleted(world: World) -> str:
    id = make(world, "sectors", name="Gone")["id"]
    assert world.ask("DELETE", f"/v1/sectors/{id}?_version=1").status_code == 200
    return str(id)


def a_deleted_record(world: World) -> Any:
    id = deleted(world)
    listed = id in [record["id"] for record in data(world.ask("GET", "/v1/sectors?limit=100"))]
    return world.ask("GET", f"/v1/sectors/{id}").status_code, listed


def a_deleted_records_name(world: World) -> int:
    deleted(world)
    return world.ask("POST", "/v1/sectors", json={"name": "Gone"}).status_code


def a_code_twice(world: World) -> int:
    make(world, "cost-centers", name="One", code="C")
    return world.ask("POST", "/v1/cost-centers", json={"name": "Two", "code": "C"}).status_code


def deletes_of_what_was_withdrawn(world: World) -> Any:
    employee, product = make(world, "employees", name="A")["id"], make(world, "products", name="P")["id"]
    withdrawn = {"employee_id": employee, "product_id": product}
    assert world.admin("POST", f"{SANDBOX}/simulations/record_withdrawal", withdrawn).status_code == 200
    paths = (f"/v1/employees/{employee}", f"/v1/products/{product}")
    return [world.ask("DELETE", f"{path}?_version=1").status_code for path in paths]


def an_email_set_to_null(world: World) -> Any:
    path = f"/v1/employees/{make(world, 'employees', name='A', email='a@epi.test')['id']}"
    answer = world.ask("PUT", path, json={"_version": 1, "email": None})
    return answer.status_code, data(world.ask("GET", path)).get("email")


def rules_after_an_update(world: World) -> Any:
    one, two = (make(world, "products", name=name)["id"] for name in "AB")
    group = make(world, "groups", name="G", rules=[{"productId": one, "most": 1}])["id"]
    answer = world.ask("PUT", f"/v1/groups/{group}", json={"_version": 1, "rules": [{"productId": two}]})
    return ["AB"[[one, two].index(rule["productId"])] for rule in data(answer)["rules"]]


def rows_after_an_update(world: World) -> Any:
    product = make(world, "products", name="P", sizes=[{"name": "S"}, {"name": "M"}])
    kept = {"_version": 1, "sizes": [{"id": product["sizes"][1]["id"]}, {"name": "L"}]}
    return [row["name"] for row in data(world.ask("PUT", f"/v1/products/{product['id']}", json=kept))["sizes"]]


def members_of_rows(world: World) -> Any:
    product = make(world, "products", name="P", sizes=[{"name": "S"}], certificates=[{"number": "1"}])
    group = make(world, "groups", name="G", rules=[{"productId": product["id"], "most": 3}])
    return [set(row) for row in (*product["sizes"], *product["certificates"], *group["rules"])]


def an_update_with(if_match: str, version: int | None = None) -> Callable[[World], int]:
    def ask(world: World) -> int:
        path = f"/v1/sectors/{make(world, 'sectors', name='S')['id']}"
        body = {"name": "T"} if version is None else {"name": "T", "_version": version}
        return world.ask("PUT", path, headers={"If-Match": if_match}, json=body).status_code

    return ask


def updates_with_wrong_fields(world: World) -> Any:
    paths = ("/v1/employees/none", f"/v1/employees/{make(world, 'employees', name='A')['id']}")
    wrong: list[Any] = [{"name": ""}, {"name": "x" * 256}, {"email": "nobody"}, {"name": None}]
    return [world.ask("PUT", path, json={"_version": 9, **body}).status_code for path in paths for body in wrong]


def a_location(world: World) -> str:
    answer = world.ask("POST", "/v1/sectors", json={"name": "S"})
    return answer.headers["Location"].replace(data(answer)["id"], "<id>")


def a_cursor_with_another_filter(world: World) -> int:
    cursor = (world.ask("GET", "/v1/employees?name=&limit=1").json or {})["cursor"]
    return world.ask("GET", f"/v1/employees?name=a&cursor={cursor}").status_code


def request_ids(world: World) -> Any:
    return ["X-Request-Id" in world.ask("GET", f"/v1/sectors{id}").headers for id in ("", "/none")]


BOTH = [200, 200], [409, 409]


def webhooks(world: World) -> Posts:
    """All that is sent in a month to a receiver that takes nothing."""
    world.sandbox.post = posts = Posts(answer=lambda _url, _nth: 500)
    world.sandbox.endpoints.add("http://127.0.0.1:9/", secret="whsec_abc")
    assert world.admin("POST", f"{SANDBOX}/simulations/record_withdrawal", {}).status_code == 200
    world.advance("30d")
    return posts


def a_webhooks_secret(world: World) -> str:
    _, headers, body = webhooks(world).sent[0]
    signature = dict(headers)["X-SmartEPI-Signature"]
    now = NOON // 1_000_000
    for secret in ("whsec_abc", "abc"):
        try:
            check_timed(signature, [secret], now, body, 0)
        except ValueError:
            continue
        return secret
    raise AssertionError(signature)


Case = tuple[str, Any, Callable[[World], Any], Any, Any]
CASES: list[Case] = [
    ("key_propagation", "30s", a_new_key_after_30_seconds, 403, 200),
    ("revocation_lag", "30s", a_revoked_key_after_30_seconds, 200, 403),
    ("key_lifetime", "1d", a_key_after_a_day, 200, 403),
    ("body_limit", 13, status("POST", "/v1/sectors", data=b'{"name":"New"}'), 201, 413),
    ("unknown_fields", "refused", status("POST", "/v1/sectors", json={"name": "N", "colour": 1}), 201, 400),
    ("malformed_authorization", 401, with_authorization("Basic "), 403, 401),
    ("lowercase_bearer", "refused", with_authorization("bearer "), 200, 403),
    ("key_elsewhere", "x-api-key", with_authorization("", "x-api-key"), 401, 200),
    ("gateway_content_type", "application/json; charset=utf-8",
     lambda world: world.ask("GET", "/v1/sectors", key=None).headers["Content-Type"],
     "application/json", "application/json; charset=utf-8"),
    ("unknown_path", "gateway", an_unknown_path, (404, None, True), (403, "Missing Authentication Token", False)),
    ("request_id_on_success", False, request_ids, [True, True], [False, True]),
    ("type_bad_request", "bad", refused_with("POST", "/v1/sectors", []), (400, "bad_request"), (400, "bad")),
    ("type_not_found", "gone", refused_with("GET", "/v1/sectors/none"), (404, "not_found"), (404, "gone")),
    ("type_method_not_allowed", "no", refused_with("PATCH", "/v1/sectors"), (405, "method_not_allowed"), (405, "no")),
    ("type_internal_error", "oops", an_injected_failure, (500, "internal_error"), (500, "oops")),
    ("type_employee_duplicate", "twice", a_taken_email, (409, "duplicate_employee"), (409, "twice")),
    ("titles", "words", a_title, "Invalid reference", "Invalid Reference"),
    ("timestamps", "iso", times, (1772366400,) * 2, ("2026-03-01T12:00:00.000Z",) * 2),
    ("timestamps", "absent", times, (1772366400,) * 2, (None, None)),
    ("string_limit", 256, status("POST", "/v1/sectors", json={"name": "x" * 256}), 400, 201),
    ("email_check", "none", status("POST", "/v1/employees", json={"name": "A", "email": "x"}), 400, 201),
    ("employee_needs_identification", True, status("POST", "/v1/employees", json={"name": "A"}), 201, 400),
    ("transaction_fields", "documented", lambda world: set(data(world.ask("GET", "/v1/withdrawals"))[0]),
     LINKED, {"id", "withdrawalStatus"}),
    ("transaction_filters", "linked", number("/v1/withdrawals?employeeId=none"), 9, 0),
    ("transaction_filters", "linked", number("/v1/returns?productId=none"), 3, 0),
    ("employee_filters", "all", number("/v1/employees?jobRoleId=none"), 15, 0),
    ("employee_filters", "all", number("/v1/employees?groupId=none"), 15, 0),
    ("access_groups_by_id", "answered", by_id("access-groups"), CLOSED, OPEN),
    ("withdrawals_by_id", "answered", by_id("withdrawals"), CLOSED, OPEN),
    ("exchanges_by_id", "answered", by_id("exchanges"), CLOSED, OPEN),
    ("deleted_records", "readable", a_deleted_record, (404, False), (200, False)),
    ("deleted_names", "taken", a_deleted_records_name, 201, 409),
    ("cost_center_codes", "unique", a_code_twice, 201, 409),
    ("transactions_block_deletes", True, deletes_of_what_was_withdrawn, *BOTH),
    ("null_fields", "kept", an_email_set_to_null, (200, None), (200, "a@epi.test")),
    ("null_fields", "refused", an_email_set_to_null, (200, None), (400, "a@epi.test")),
    ("group_rules", "merged", rules_after_an_update, ["B"], ["A", "B"]),
    ("nested_rows", "removed", rows_after_an_update, ["S", "M", "L"], ["M", "L"]),
    ("nested_members", "dropped", members_of_rows, [{"id", "name"}, {"id", "number"}, {"productId", "most"}],
     [{"id"}, {"id"}, {"productId"}]),
    ("if_match_and_version", "other", an_update_with('"1"', 9), 200, 409),
    ("if_match_and_version", "other", an_update_with('"9"', 1), 409, 200),
    ("if_match_and_version", "refused", an_update_with('"1"', 9), 200, 400),
    ("if_match_unquoted", "refused", an_update_with("1"), 200, 400),
    ("if_match_weak", "accepted", an_update_with('W/"1"'), 400, 200),
    ("if_match_weak", "accepted", an_update_with('W/"9"'), 400, 409),
    ("if_match_star", "accepted", an_update_with("*"), 400, 200),
    ("fields_before_record", True, updates_with_wrong_fields, [404] * 4 + [409] * 4, [400] * 8),
    ("location", "absolute", a_location, "/smartepi/v1/sectors/<id>", "http://localhost/smartepi/v1/sectors/<id>"),
    ("webhook_retries", ["1s"], lambda world: len(webhooks(world).sent), 4, 2),
    ("webhook_timeout", "2s", lambda world: webhooks(world).patience[0], 10.0, 2.0),
    ("webhooks_signed_with", "bare", a_webhooks_secret, "whsec_abc", "abc"),
    ("cursor_with_other_filters", "accepted", a_cursor_with_another_filter, 400, 200),
]  # fmt: skip
cases = pytest.mark.parametrize("case", [pytest.param(case, id=f"{case[0]}-{case[1]}") for case in CASES])


@cases
def test_by_default_it_is_as_the_assumption_says(world: World, case: Case) -> None:
    _, _, behaviour, expected, _ = case
    assert behaviour(world) == expected


@cases
def test_another_setting_makes_another_behaviour(world: World, case: Case) -> None:
    name, value, behaviour, _, expected = case
    answer = assume(world, **{name: value})
    assert answer.json is not None
    assert (answer.status_code, answer.json["assumptions"][name]) == (200, value)
    assert behaviour(world) == expected


@cases
def test_a_setting_taken_back_is_the_default_again(world: World, case: Case) -> None:
    name, value, behaviour, expected, _ = case
    assume(world, **{name: value})
    assert assume(world, **{name: None}).status_code == 200
    assert behaviour(world) == expected


def test_every_assumption_is_seen_to_make_a_difference() -> None:
    assert {case[0] for case in CASES} == set(SmartEPIAssumptions.model_fields)
    assert all(default != changed for _, _, _, default, changed in CASES)


@pytest.mark.parametrize("said", describe(SmartEPIAssumptions), ids=lambda said: str(said["name"]))
def test_every_assumption_says_what_it_decides_and_what_speaks_for_it(said: dict[str, Any]) -> None:
    for text in (said["sentence"], said["evidence"]):
        assert len(text) > 10
        assert text.endswith(".")
    assert said["default"] is not None


def test_an_unknown_assumption_is_refused_with_the_nearest(world: World) -> None:
    answer = assume(world, key_propagations="1s")
    assert answer.status_code == 422
    assert "did you mean 'key_propagation'?" in answer.text


WRONG = [("key_propagation", "soon"), ("titles", "shouted"), ("string_limit", 0), ("body_limit", -1),
         ("type_not_found", "Not Found"), ("malformed_authorization", 404), ("timestamps", 7), ("body_limit", "many"),
         ("key_lifetime", -5), ("request_id_on_success", "perhaps"), ("location", [])]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_refused_and_changes_nothing(world: World, name: str, value: Any) -> None:
    before = world.admin("GET", SANDBOX).json
    answer = assume(world, **{name: value, "nested_rows": "removed"})
    assert answer.status_code == 422
    assert name in answer.text
    assert world.admin("GET", SANDBOX).json == before


def test_a_needed_identification_cannot_be_taken_away(world: World) -> None:
    assume(world, employee_needs_identification=True)
    path = f"/v1/employees/{make(world, 'employees', name='A', identification='7')['id']}"
    assert world.ask("PUT", path, json={"_version": 1, "identification": None}).status_code == 400
    assert world.ask("PUT", path, json={"_version": 1, "name": "B"}).status_code == 200

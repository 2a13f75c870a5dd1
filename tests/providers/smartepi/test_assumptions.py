"""SmartEPI's assumptions: each one changes the behaviour it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockserver.engine import describe, verify_timestamped
from mockserver.providers.smartepi.assumptions import SmartEPIAssumptions
from tests.support.harness import NOON, Harness
from tests.support.webhook_receivers import FakeEgress

SANDBOX = "/sandboxes/smartepi"
LINKED_FIELDS = {"id", "withdrawalStatus", "employeeId", "productId", "quantity", "createdAt"}


def set_assumptions(harness: Harness, **assumptions: Any) -> TestResponse:
    return harness.admin("PATCH", SANDBOX, {"assumptions": assumptions})


def data_of(response: TestResponse) -> Any:
    assert response.json is not None, response.text
    return response.json["data"]


def make(harness: Harness, resource: str, **fields: Any) -> Any:
    response = harness.request("POST", f"/v1/{resource}", json=fields)
    assert response.status_code == 201, response.text
    return data_of(response)


def token(response: TestResponse) -> tuple[int, str]:
    assert response.json is not None
    return response.status_code, response.json["type"].removeprefix("urn:smartepi:error:")


def status(method: str, path: str, **options: Any) -> Callable[[Harness], Any]:
    return lambda harness: harness.request(method, path, **options).status_code


def new_key(harness: Harness, **options: Any) -> str:
    response = harness.admin("POST", f"{SANDBOX}/keys", options)
    assert response.json is not None, response.text
    return str(response.json["secret"])


def works(harness: Harness, key: str) -> int:
    return harness.request("GET", "/v1/sectors", key=key).status_code


def a_new_key_after_30_seconds(harness: Harness) -> int:
    key = new_key(harness)
    harness.advance("30s")
    return works(harness, key)


def a_revoked_key_after_30_seconds(harness: Harness) -> int:
    key = new_key(harness, activates_in="0s")
    harness.admin("DELETE", f"{SANDBOX}/keys/{key}", {})
    harness.advance("30s")
    return works(harness, key)


def a_key_after_a_day(harness: Harness) -> int:
    key = new_key(harness, activates_in="0s")
    harness.advance("1d")
    return works(harness, key)


def with_authorization(scheme: str, header: str = "Authorization") -> Callable[[Harness], int]:
    def send(harness: Harness) -> int:
        return harness.request("GET", "/v1/sectors", key=None, headers={header: f"{scheme}{harness.key()}"}).status_code

    return send


def refusal_of(method: str, path: str, body: Any = None) -> Callable[[Harness], Any]:
    return lambda harness: token(harness.request(method, path, json=body))


def an_unknown_path(harness: Harness) -> Any:
    response = harness.request("GET", "/v1/nothing")
    return response.status_code, (response.json or {}).get("message"), "X-Request-Id" in response.headers


def an_injected_failure(harness: Harness) -> Any:
    harness.admin("POST", f"{SANDBOX}/faults", {"fault": {"kind": "status", "status": 500}})
    return token(harness.request("GET", "/v1/sectors"))


def a_taken_email(harness: Harness) -> Any:
    make(harness, "employees", name="A", email="a@epi.test")
    return token(harness.request("POST", "/v1/employees", json={"name": "B", "email": "a@epi.test"}))


def a_title(harness: Harness) -> Any:
    response = harness.request("POST", "/v1/employees", json={"name": "A", "sectorId": "none"})
    return (response.json or {})["title"]


def times(harness: Harness) -> Any:
    record = make(harness, "sectors", name="New")
    return record.get("createdAt"), record.get("updatedAt")


def number(path: str) -> Callable[[Harness], int]:
    return lambda harness: len(data_of(harness.request("GET", path)))


def by_id(resource: str) -> Callable[[Harness], Any]:
    def behaviour(harness: Harness) -> Any:
        id = data_of(harness.request("GET", f"/v1/{resource}"))[0]["id"]
        found = harness.request("GET", f"/v1/{resource}/{id}")
        others = [harness.request(method, f"/v1/{resource}/{id}") for method in ("PUT", "DELETE")]
        allowed = {response.headers["Allow"] for response in others if response.status_code == 405}
        return (
            found.status_code,
            "ETag" in found.headers,
            harness.request("GET", f"/v1/{resource}/no").status_code,
            allowed,
        )

    return behaviour


METHOD_NOT_SERVED, METHOD_SERVED = (405, False, 405, {""}), (200, False, 404, {"GET"})


def create_and_delete(harness: Harness) -> str:
    id = make(harness, "sectors", name="Gone")["id"]
    assert harness.request("DELETE", f"/v1/sectors/{id}?_version=1").status_code == 200
    return str(id)


def a_deleted_record(harness: Harness) -> Any:
    id = create_and_delete(harness)
    listed = id in [record["id"] for record in data_of(harness.request("GET", "/v1/sectors?limit=100"))]
    return harness.request("GET", f"/v1/sectors/{id}").status_code, listed


def a_deleted_records_name(harness: Harness) -> int:
    create_and_delete(harness)
    return harness.request("POST", "/v1/sectors", json={"name": "Gone"}).status_code


def a_code_twice(harness: Harness) -> int:
    make(harness, "cost-centers", name="One", code="C")
    return harness.request("POST", "/v1/cost-centers", json={"name": "Two", "code": "C"}).status_code


def deletes_of_what_was_withdrawn(harness: Harness) -> Any:
    employee, product = make(harness, "employees", name="A")["id"], make(harness, "products", name="P")["id"]
    withdrawn = {"employee_id": employee, "product_id": product}
    assert harness.admin("POST", f"{SANDBOX}/simulations/record_withdrawal", withdrawn).status_code == 200
    paths = (f"/v1/employees/{employee}", f"/v1/products/{product}")
    return [harness.request("DELETE", f"{path}?_version=1").status_code for path in paths]


def an_email_set_to_null(harness: Harness) -> Any:
    path = f"/v1/employees/{make(harness, 'employees', name='A', email='a@epi.test')['id']}"
    response = harness.request("PUT", path, json={"_version": 1, "email": None})
    return response.status_code, data_of(harness.request("GET", path)).get("email")


def rules_after_an_update(harness: Harness) -> Any:
    one, two = (make(harness, "products", name=name)["id"] for name in "AB")
    group = make(harness, "groups", name="G", rules=[{"productId": one, "most": 1}])["id"]
    response = harness.request("PUT", f"/v1/groups/{group}", json={"_version": 1, "rules": [{"productId": two}]})
    return ["AB"[[one, two].index(rule["productId"])] for rule in data_of(response)["rules"]]


def rows_after_an_update(harness: Harness) -> Any:
    product = make(harness, "products", name="P", sizes=[{"name": "S"}, {"name": "M"}])
    update = {"_version": 1, "sizes": [{"id": product["sizes"][1]["id"]}, {"name": "L"}]}
    return [
        row["name"] for row in data_of(harness.request("PUT", f"/v1/products/{product['id']}", json=update))["sizes"]
    ]


def members_of_rows(harness: Harness) -> Any:
    product = make(harness, "products", name="P", sizes=[{"name": "S"}], certificates=[{"number": "1"}])
    group = make(harness, "groups", name="G", rules=[{"productId": product["id"], "most": 3}])
    return [set(row) for row in (*product["sizes"], *product["certificates"], *group["rules"])]


def an_update_with(if_match: str, version: int | None = None) -> Callable[[Harness], int]:
    def send(harness: Harness) -> int:
        path = f"/v1/sectors/{make(harness, 'sectors', name='S')['id']}"
        body = {"name": "T"} if version is None else {"name": "T", "_version": version}
        return harness.request("PUT", path, headers={"If-Match": if_match}, json=body).status_code

    return send


def updates_with_wrong_fields(harness: Harness) -> Any:
    paths = ("/v1/employees/none", f"/v1/employees/{make(harness, 'employees', name='A')['id']}")
    wrong: list[Any] = [{"name": ""}, {"name": "x" * 256}, {"email": "nobody"}, {"name": None}]
    return [harness.request("PUT", path, json={"_version": 9, **body}).status_code for path in paths for body in wrong]


def a_location(harness: Harness) -> str:
    response = harness.request("POST", "/v1/sectors", json={"name": "S"})
    return response.headers["Location"].replace(data_of(response)["id"], "<id>")


def a_cursor_with_another_filter(harness: Harness) -> int:
    cursor = (harness.request("GET", "/v1/employees?name=&limit=1").json or {})["cursor"]
    return harness.request("GET", f"/v1/employees?name=a&cursor={cursor}").status_code


def request_ids(harness: Harness) -> Any:
    return ["X-Request-Id" in harness.request("GET", f"/v1/sectors{id}").headers for id in ("", "/none")]


BOTH_ORDERS = [200, 200], [409, 409]


def enable_webhooks(harness: Harness) -> FakeEgress:
    """Returns the attempts of 30 days to a receiver that always responds with 500."""
    harness.sandbox.sender = egress = FakeEgress(respond=lambda _url, _nth: 500)
    harness.sandbox.endpoints.add("http://127.0.0.1:9/", secret="whsec_abc")
    assert harness.admin("POST", f"{SANDBOX}/simulations/record_withdrawal", {}).status_code == 200
    harness.advance("30d")
    return egress


def a_webhooks_secret(harness: Harness) -> str:
    _, headers, body = enable_webhooks(harness).sent[0]
    signature = dict(headers)["X-SmartEPI-Signature"]
    now = NOON // 1_000_000
    for secret in ("whsec_abc", "abc"):
        try:
            verify_timestamped(signature, [secret], now, body, 0)
        except ValueError:
            continue
        return secret
    raise AssertionError(signature)


Case = tuple[str, Any, Callable[[Harness], Any], Any, Any]
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
     lambda harness: harness.request("GET", "/v1/sectors", key=None).headers["Content-Type"],
     "application/json", "application/json; charset=utf-8"),
    ("unknown_path", "gateway", an_unknown_path, (404, None, True), (403, "Missing Authentication Token", False)),
    ("request_id_on_success", False, request_ids, [True, True], [False, True]),
    ("type_bad_request", "bad", refusal_of("POST", "/v1/sectors", []), (400, "bad_request"), (400, "bad")),
    ("type_not_found", "gone", refusal_of("GET", "/v1/sectors/none"), (404, "not_found"), (404, "gone")),
    ("type_method_not_allowed", "no", refusal_of("PATCH", "/v1/sectors"), (405, "method_not_allowed"), (405, "no")),
    ("type_internal_error", "oops", an_injected_failure, (500, "internal_error"), (500, "oops")),
    ("type_employee_duplicate", "twice", a_taken_email, (409, "duplicate_employee"), (409, "twice")),
    ("titles", "words", a_title, "Invalid reference", "Invalid Reference"),
    ("timestamps", "iso", times, (1772366400,) * 2, ("2026-03-01T12:00:00.000Z",) * 2),
    ("timestamps", "absent", times, (1772366400,) * 2, (None, None)),
    ("string_limit", 256, status("POST", "/v1/sectors", json={"name": "x" * 256}), 400, 201),
    ("email_check", "none", status("POST", "/v1/employees", json={"name": "A", "email": "x"}), 400, 201),
    ("employee_needs_identification", True, status("POST", "/v1/employees", json={"name": "A"}), 201, 400),
    ("transaction_fields", "documented", lambda harness: set(data_of(harness.request("GET", "/v1/withdrawals"))[0]),
     LINKED_FIELDS, {"id", "withdrawalStatus"}),
    ("transaction_filters", "linked", number("/v1/withdrawals?employeeId=none"), 9, 0),
    ("transaction_filters", "linked", number("/v1/returns?productId=none"), 3, 0),
    ("employee_filters", "all", number("/v1/employees?jobRoleId=none"), 15, 0),
    ("employee_filters", "all", number("/v1/employees?groupId=none"), 15, 0),
    ("access_groups_by_id", "answered", by_id("access-groups"), METHOD_NOT_SERVED, METHOD_SERVED),
    ("withdrawals_by_id", "answered", by_id("withdrawals"), METHOD_NOT_SERVED, METHOD_SERVED),
    ("exchanges_by_id", "answered", by_id("exchanges"), METHOD_NOT_SERVED, METHOD_SERVED),
    ("deleted_records", "readable", a_deleted_record, (404, False), (200, False)),
    ("deleted_names", "taken", a_deleted_records_name, 201, 409),
    ("cost_center_codes", "unique", a_code_twice, 201, 409),
    ("transactions_block_deletes", True, deletes_of_what_was_withdrawn, *BOTH_ORDERS),
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
    ("webhook_retries", ["1s"], lambda harness: len(enable_webhooks(harness).sent), 4, 2),
    ("webhook_timeout", "2s", lambda harness: enable_webhooks(harness).timeouts[0], 10.0, 2.0),
    ("webhooks_signed_with", "bare", a_webhooks_secret, "whsec_abc", "abc"),
    ("cursor_with_other_filters", "accepted", a_cursor_with_another_filter, 400, 200),
]  # fmt: skip
cases = pytest.mark.parametrize("case", [pytest.param(case, id=f"{case[0]}-{case[1]}") for case in CASES])


@cases
def test_the_default_of_an_assumption_has_the_expected_behaviour(harness: Harness, case: Case) -> None:
    _, _, behaviour, expected, _ = case
    assert behaviour(harness) == expected


@cases
def test_another_value_changes_the_behaviour(harness: Harness, case: Case) -> None:
    name, value, behaviour, _, expected = case
    response = set_assumptions(harness, **{name: value})
    assert response.json is not None
    assert (response.status_code, response.json["assumptions"][name]) == (200, value)
    assert behaviour(harness) == expected


@cases
def test_a_setting_that_is_removed_returns_to_the_default(harness: Harness, case: Case) -> None:
    name, value, behaviour, expected, _ = case
    set_assumptions(harness, **{name: value})
    assert set_assumptions(harness, **{name: None}).status_code == 200
    assert behaviour(harness) == expected


def test_every_assumption_has_a_case_that_shows_a_difference() -> None:
    assert {case[0] for case in CASES} == set(SmartEPIAssumptions.model_fields)
    assert all(default != changed for _, _, _, default, changed in CASES)


@pytest.mark.parametrize("assumption", describe(SmartEPIAssumptions), ids=lambda assumption: str(assumption["name"]))
def test_every_assumption_has_a_sentence_and_evidence(assumption: dict[str, Any]) -> None:
    for text in (assumption["sentence"], assumption["evidence"]):
        assert len(text) > 10
        assert text.endswith(".")
    assert assumption["default"] is not None


def test_an_unknown_assumption_is_refused_with_the_nearest(harness: Harness) -> None:
    response = set_assumptions(harness, key_propagations="1s")
    assert response.status_code == 422
    assert "did you mean 'key_propagation'?" in response.text


WRONG = [("key_propagation", "soon"), ("titles", "shouted"), ("string_limit", 0), ("body_limit", -1),
         ("type_not_found", "Not Found"), ("malformed_authorization", 404), ("timestamps", 7), ("body_limit", "many"),
         ("key_lifetime", -5), ("request_id_on_success", "perhaps"), ("location", [])]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_refused_and_changes_nothing(harness: Harness, name: str, value: Any) -> None:
    before = harness.admin("GET", SANDBOX).json
    response = set_assumptions(harness, **{name: value, "nested_rows": "removed"})
    assert response.status_code == 422
    assert name in response.text
    assert harness.admin("GET", SANDBOX).json == before


def test_a_required_identification_cannot_be_removed(harness: Harness) -> None:
    set_assumptions(harness, employee_needs_identification=True)
    path = f"/v1/employees/{make(harness, 'employees', name='A', identification='7')['id']}"
    assert harness.request("PUT", path, json={"_version": 1, "identification": None}).status_code == 400
    assert harness.request("PUT", path, json={"_version": 1, "name": "B"}).status_code == 200

"""SmartEPI's simulations: device records, keys and restored records, run at once or scheduled."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockserver.providers.smartepi import PROVIDER
from tests.support.harness import Harness, make_harness

SANDBOX = "/sandboxes/smartepi"
DEVICE_RECORDS = [("withdrawal", "w-10"), ("return", "r-4"), ("exchange", "x-3")]
each_device_record = pytest.mark.parametrize(("word", "id"), DEVICE_RECORDS)


def simulate(harness: Harness, name: str, **parameters: Any) -> TestResponse:
    return harness.admin("POST", f"{SANDBOX}/simulations/{name}", parameters)


def expect_ok(response: TestResponse) -> Any:
    assert response.status_code == 200, response.text
    return response.json


def data_of(response: TestResponse) -> Any:
    assert response.json is not None, response.text
    return response.json["data"]


def make(harness: Harness, resource: str, **fields: Any) -> str:
    response = harness.request("POST", f"/v1/{resource}", json=fields)
    assert response.status_code == 201, response.text
    return str(data_of(response)["id"])


def events(harness: Harness) -> Any:
    return harness.admin("GET", f"{SANDBOX}/events").json


def stored_records(harness: Harness) -> dict[str, Any]:
    collections: dict[str, Any] = harness.engine.export("smartepi")["collections"]
    return {name: records for name, records in collections.items() if name != "_sandbox"}


@each_device_record
def test_a_device_record_is_first_in_the_next_list(harness: Harness, word: str, id: str) -> None:
    harness.advance("90s")
    recorded = expect_ok(simulate(harness, f"record_{word}"))
    assert recorded == data_of(harness.request("GET", f"/v1/{word}s"))[0]
    assert (recorded["id"], recorded[f"{word}Status"]) == (id, "SUCCESS")
    assert (recorded["quantity"], recorded["createdAt"]) == (1, 1772366490)


@each_device_record
def test_without_parameters_a_device_record_has_an_existing_employee_and_product(
    harness: Harness, word: str, id: str
) -> None:
    recorded = expect_ok(simulate(harness, f"record_{word}"))
    assert harness.request("GET", f"/v1/employees/{recorded['employeeId']}").status_code == 200
    assert harness.request("GET", f"/v1/products/{recorded['productId']}").status_code == 200


@each_device_record
def test_a_device_record_has_the_given_parameters(harness: Harness, word: str, id: str) -> None:
    parameters = {
        "employee_id": make(harness, "employees", name="A"),
        "product_id": make(harness, "products", name="P"),
    }
    recorded = expect_ok(simulate(harness, f"record_{word}", **parameters, quantity=3, status="FAILED"))
    expected = {"employeeId": parameters["employee_id"], "productId": parameters["product_id"], "quantity": 3}
    assert {name: recorded[name] for name in expected} == expected
    assert recorded[f"{word}Status"] == "FAILED"


@each_device_record
def test_a_device_record_emits_an_event_with_a_predictable_id(harness: Harness, word: str, id: str) -> None:
    recorded = expect_ok(simulate(harness, f"record_{word}"))
    event = {"id": f"evt_{word}_created_{id}", "type": f"{word}.created", "data": recorded}
    assert events(harness) == [{**event, "created_at": "2026-03-01T12:00:00.000000Z"}]


def test_events_are_listed_in_the_order_they_happened(harness: Harness) -> None:
    for word in ("return", "withdrawal", "return"):
        expect_ok(simulate(harness, f"record_{word}"))
    ids = ["evt_return_created_r-4", "evt_withdrawal_created_w-10", "evt_return_created_r-5"]
    assert [event["id"] for event in events(harness)] == ids


def test_the_same_simulations_in_another_sandbox_make_the_same_records() -> None:
    recorded = [
        [expect_ok(simulate(harness, f"record_{word}")) for word, _ in DEVICE_RECORDS * 3]
        for harness in (make_harness(PROVIDER), make_harness(PROVIDER))
    ]
    assert recorded[0] == recorded[1]
    assert len({record["employeeId"] for record in recorded[0]}) > 1


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"employee_id": "emp_nobody"}, 404),
        ({"product_id": "prd_nothing"}, 404),
        ({"employee_id": ""}, 404),
        ({"quantity": 0}, 422),
        ({"quantity": 1001}, 422),
        ({"status": ""}, 422),
        ({"employee": "emp_1"}, 422),
        ({"in": "soon"}, 422),
        ({"in": "-5s"}, 422),
        ({"in": None}, 422),
    ],
)
@each_device_record
def test_an_impossible_device_record_is_refused_and_changes_nothing(
    harness: Harness, word: str, id: str, wrong: dict[str, Any], status: int
) -> None:
    before = stored_records(harness)
    response = simulate(harness, f"record_{word}", **wrong)
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert stored_records(harness) == before


@pytest.mark.parametrize("missing", ["employees", "products"])
def test_a_withdrawal_needs_an_employee_and_a_product(harness: Harness, missing: str) -> None:
    state = harness.engine.export("smartepi")
    harness.engine.restore("smartepi", {**state, "collections": {**state["collections"], missing: []}})
    response = simulate(harness, "record_withdrawal")
    assert response.status_code == 422
    assert f"there are no {missing}" in response.text


def test_a_new_record_never_replaces_an_old_one(harness: Harness) -> None:
    state = harness.engine.export("smartepi")
    fewer = [record for record in state["collections"]["withdrawals"] if record["id"] != "w-2"]
    harness.engine.restore("smartepi", {**state, "collections": {**state["collections"], "withdrawals": fewer}})
    expect_ok(simulate(harness, "record_withdrawal"))
    assert len(data_of(harness.request("GET", "/v1/withdrawals?limit=100"))) == len(fewer) + 1


def test_an_unknown_simulation_is_refused_with_the_nearest(harness: Harness) -> None:
    response = simulate(harness, "record_withdrawals")
    assert response.status_code == 404
    assert "did you mean 'record_withdrawal'?" in response.text


def test_a_key_created_by_simulation_works_after_a_minute(harness: Harness) -> None:
    key = expect_ok(simulate(harness, "make_key"))
    assert key["state"] == "propagating"
    assert harness.request("GET", "/v1/sectors", key=key["secret"]).status_code == 403
    harness.advance("60s")
    assert harness.request("GET", "/v1/sectors", key=key["secret"]).status_code == 200


def test_a_key_may_be_created_with_address_ranges_and_an_expiry(harness: Harness) -> None:
    key = expect_ok(simulate(harness, "make_key", cidrs=["203.0.113.0/24"], expires_in="2m"))["secret"]
    inside = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.5"}}
    harness.advance("60s")
    assert harness.request("GET", "/v1/sectors", key=key).status_code == 403
    assert harness.request("GET", "/v1/sectors", key=key, **inside).status_code == 200  # type: ignore[arg-type]
    harness.advance("60s")
    assert harness.request("GET", "/v1/sectors", key=key, **inside).status_code == 403  # type: ignore[arg-type]


def test_a_key_with_an_invalid_address_range_is_not_created(harness: Harness) -> None:
    assert simulate(harness, "make_key", cidrs=["300.0.0.0/8"]).status_code == 422
    assert len(harness.sandbox.keys) == 1


@pytest.mark.parametrize("by", ["id", "secret"])
def test_a_key_revoked_by_simulation_works_for_another_minute(harness: Harness, by: str) -> None:
    key = harness.sandbox.keys[harness.key()]
    assert expect_ok(simulate(harness, "revoke_key", key=getattr(key, by))) == {"id": key.id, "state": "lingering"}
    harness.advance("59s")
    assert harness.request("GET", "/v1/sectors").status_code == 200
    harness.advance("1s")
    assert harness.request("GET", "/v1/sectors").status_code == 403


def test_an_unknown_key_cannot_be_revoked(harness: Harness) -> None:
    assert simulate(harness, "revoke_key", key="key_99").status_code == 404


@pytest.mark.parametrize("resource", ["sectors", "cost-centers", "job-roles", "groups", "employees", "products"])
def test_a_deleted_record_can_be_restored_with_a_new_version(harness: Harness, resource: str) -> None:
    id = make(harness, resource, name="Back")
    before = data_of(harness.request("GET", f"/v1/{resource}/{id}"))
    harness.request("DELETE", f"/v1/{resource}/{id}?_version=1")
    assert expect_ok(simulate(harness, "restore_record", id=id)) == {"id": id, "collection": resource.replace("-", "_")}
    found = harness.request("GET", f"/v1/{resource}/{id}")
    assert (data_of(found), found.headers["ETag"]) == (before, '"3"')
    assert simulate(harness, "restore_record", id=id).status_code == 404


def test_a_restored_groups_rules_are_in_force_again(harness: Harness) -> None:
    product = make(harness, "products", name="P")
    group = make(harness, "groups", name="G", rules=[{"productId": product}])
    harness.request("DELETE", f"/v1/groups/{group}?_version=1")
    expect_ok(simulate(harness, "restore_record", id=group))
    assert harness.request("DELETE", f"/v1/products/{product}?_version=1").status_code == 409


def test_a_record_whose_name_is_taken_cannot_be_restored(harness: Harness) -> None:
    gone = make(harness, "sectors", name="Paint")
    harness.request("DELETE", f"/v1/sectors/{gone}?_version=1")
    taken = make(harness, "sectors", name="Paint")
    before = stored_records(harness)
    response = simulate(harness, "restore_record", id=gone)
    assert response.status_code == 422
    assert taken in response.text
    assert stored_records(harness) == before


def test_a_record_that_references_a_deleted_record_cannot_be_restored(harness: Harness) -> None:
    sector = make(harness, "sectors", name="Paint")
    employee = make(harness, "employees", name="A", sectorId=sector)
    for path in (f"employees/{employee}", f"sectors/{sector}"):
        assert harness.request("DELETE", f"/v1/{path}?_version=1").status_code == 200
    response = simulate(harness, "restore_record", id=employee)
    assert response.status_code == 422
    assert "sectorId" in response.text
    expect_ok(simulate(harness, "restore_record", id=sector))
    expect_ok(simulate(harness, "restore_record", id=employee))


def schedule_simulation(harness: Harness, name: str, delay: str, **parameters: Any) -> str:
    response = expect_ok(simulate(harness, name, **parameters, **{"in": delay}))
    assert set(response) == {"scheduled", "at"}
    return str(response["scheduled"])


@pytest.mark.parametrize("by", [["10m"], ["9m", "59s", "1s"], ["1h"]])
def test_a_scheduled_simulation_runs_once_when_it_is_due(harness: Harness, by: list[str]) -> None:
    timer = schedule_simulation(harness, "record_withdrawal", "10m")
    assert (events(harness), harness.admin("GET", f"{SANDBOX}/clock").json["due"][0]["id"]) == ([], timer)
    done = [item for step in by for item in harness.advance(step)["done"]]
    assert [item["id"] for item in done] == [timer]
    assert done[0]["at"] == events(harness)[0]["created_at"] == "2026-03-01T12:10:00.000000Z"
    assert harness.advance("1d")["done"] == []
    assert len(events(harness)) == 1
    assert data_of(harness.request("GET", "/v1/withdrawals"))[0]["createdAt"] == 1772367000


def test_scheduled_simulations_run_in_the_order_they_are_due(harness: Harness) -> None:
    delays = [("return", "3m"), ("withdrawal", "1m"), ("exchange", "2m"), ("withdrawal", "3m"), ("return", "1m")]
    for word, delay in delays:
        schedule_simulation(harness, f"record_{word}", delay)
    order = [item["action"].removeprefix("record_") for item in harness.advance("5m")["done"]]
    assert order == ["withdrawal", "return", "exchange", "return", "withdrawal"]
    assert [event["type"].partition(".")[0] for event in events(harness)] == order


def test_key_and_restore_simulations_can_be_scheduled(harness: Harness) -> None:
    gone = make(harness, "sectors", name="Back")
    harness.request("DELETE", f"/v1/sectors/{gone}?_version=1")
    schedule_simulation(harness, "make_key", "1m")
    schedule_simulation(harness, "revoke_key", "2m", key="key_2")
    schedule_simulation(harness, "restore_record", "3m", id=gone)
    secret = harness.advance("1m")["done"][0]["result"]["secret"]
    assert harness.request("GET", "/v1/sectors", key=secret).status_code == 403
    assert harness.advance("1m")["done"][0]["result"] == {"id": "key_2", "state": "lingering"}
    assert harness.request("GET", "/v1/sectors", key=secret).status_code == 200
    assert harness.request("GET", f"/v1/sectors/{gone}").status_code == 404
    harness.advance("1m")
    assert harness.request("GET", "/v1/sectors", key=secret).status_code == 403
    assert harness.request("GET", f"/v1/sectors/{gone}").status_code == 200


def test_a_scheduled_simulation_that_fails_is_reported_and_changes_nothing(harness: Harness) -> None:
    employee = make(harness, "employees", name="A")
    schedule_simulation(harness, "record_withdrawal", "1m", employee_id=employee)
    schedule_simulation(harness, "revoke_key", "2m", key="key_9")
    schedule_simulation(harness, "restore_record", "3m", id="sec_never")
    schedule_simulation(harness, "record_return", "4m")
    harness.request("DELETE", f"/v1/employees/{employee}?_version=1")
    before = stored_records(harness)
    done = harness.advance("3m")["done"]
    assert ["error" in item for item in done] == [True, True, True]
    assert employee in done[0]["error"]
    after = stored_records(harness)
    assert {**after, "_timers": None} == {**before, "_timers": None}
    assert len(after["_timers"]) == 1
    assert "result" in harness.advance("1m")["done"][0]


def test_an_invalid_parameter_is_refused_when_the_simulation_is_scheduled(harness: Harness) -> None:
    assert simulate(harness, "record_withdrawal", quantity=0, **{"in": "1m"}).status_code == 422
    assert harness.advance("2m")["done"] == []


def test_an_imported_timer_with_an_unknown_action_is_reported_and_affects_no_call(harness: Harness) -> None:
    schedule_simulation(harness, "record_return", "1m")
    state = harness.engine.export("smartepi")
    for timer in (timers := state["collections"]["_timers"]):
        timers[timers.index(timer)] = {**timer, "action": "record_nothing"}
    harness.engine.restore("smartepi", state)
    assert "record_nothing" in harness.advance("1m")["done"][0]["error"]
    assert harness.request("GET", "/v1/sectors").status_code == 200


def test_a_simulation_scheduled_after_the_year_9999_can_be_listed(harness: Harness) -> None:
    schedule_simulation(harness, "record_return", "2920000d")
    expect_ok(simulate(harness, "make_key", expires_in="2920000d"))
    for path in ("clock", "keys"):
        assert harness.admin("GET", f"{SANDBOX}/{path}").status_code == 200
    assert harness.request("GET", "/v1/sectors").status_code == 200

"""What happens off SmartEPI's stage: devices record, administrators make, revoke and restore; now or when it is due."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockserver.providers.smartepi import PROVIDER
from tests.support.worlds import World, make_world

SANDBOX = "/sandboxes/smartepi"
DEVICE = [("withdrawal", "w-10"), ("return", "r-4"), ("exchange", "x-3")]
device = pytest.mark.parametrize(("word", "id"), DEVICE)


def simulate(world: World, name: str, **parameters: Any) -> TestResponse:
    return world.admin("POST", f"{SANDBOX}/simulations/{name}", parameters)


def done(answer: TestResponse) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json


def data(answer: TestResponse) -> Any:
    assert answer.json is not None, answer.text
    return answer.json["data"]


def make(world: World, resource: str, **fields: Any) -> str:
    answer = world.ask("POST", f"/v1/{resource}", json=fields)
    assert answer.status_code == 201, answer.text
    return str(data(answer)["id"])


def events(world: World) -> Any:
    return world.admin("GET", f"{SANDBOX}/events").json


def kept(world: World) -> dict[str, Any]:
    collections: dict[str, Any] = world.engine.export("smartepi")["collections"]
    return {name: records for name, records in collections.items() if name != "_sandbox"}


@device
def test_a_device_records_what_the_next_list_shows_first(world: World, word: str, id: str) -> None:
    world.advance("90s")
    recorded = done(simulate(world, f"record_{word}"))
    assert recorded == data(world.ask("GET", f"/v1/{word}s"))[0]
    assert (recorded["id"], recorded[f"{word}Status"]) == (id, "SUCCESS")
    assert (recorded["quantity"], recorded["createdAt"]) == (1, 1772366490)


@device
def test_without_names_a_device_takes_an_employee_and_a_product_there_are(world: World, word: str, id: str) -> None:
    recorded = done(simulate(world, f"record_{word}"))
    assert world.ask("GET", f"/v1/employees/{recorded['employeeId']}").status_code == 200
    assert world.ask("GET", f"/v1/products/{recorded['productId']}").status_code == 200


@device
def test_a_device_records_what_it_is_told(world: World, word: str, id: str) -> None:
    told = {"employee_id": make(world, "employees", name="A"), "product_id": make(world, "products", name="P")}
    recorded = done(simulate(world, f"record_{word}", **told, quantity=3, status="FAILED"))
    expected = {"employeeId": told["employee_id"], "productId": told["product_id"], "quantity": 3}
    assert {name: recorded[name] for name in expected} == expected
    assert recorded[f"{word}Status"] == "FAILED"


@device
def test_an_event_tells_of_it_with_an_id_that_can_be_known_beforehand(world: World, word: str, id: str) -> None:
    recorded = done(simulate(world, f"record_{word}"))
    event = {"id": f"evt_{word}_created_{id}", "type": f"{word}.created", "data": recorded}
    assert events(world) == [{**event, "created_at": "2026-03-01T12:00:00.000000Z"}]


def test_events_stand_in_the_order_things_happened(world: World) -> None:
    for word in ("return", "withdrawal", "return"):
        done(simulate(world, f"record_{word}"))
    ids = ["evt_return_created_r-4", "evt_withdrawal_created_w-10", "evt_return_created_r-5"]
    assert [event["id"] for event in events(world)] == ids


def test_the_same_simulations_in_another_world_record_the_same() -> None:
    recorded = [
        [done(simulate(world, f"record_{word}")) for word, _ in DEVICE * 3]
        for world in (make_world(PROVIDER), make_world(PROVIDER))
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
@device
def test_what_cannot_be_recorded_is_refused_and_changes_nothing(
    world: World, word: str, id: str, wrong: dict[str, Any], status: int
) -> None:
    before = kept(world)
    answer = simulate(world, f"record_{word}", **wrong)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert kept(world) == before


@pytest.mark.parametrize("missing", ["employees", "products"])
def test_an_organization_with_nobody_or_nothing_has_no_withdrawals(world: World, missing: str) -> None:
    state = world.engine.export("smartepi")
    world.engine.restore("smartepi", {**state, "collections": {**state["collections"], missing: []}})
    answer = simulate(world, "record_withdrawal")
    assert answer.status_code == 422
    assert f"there are no {missing}" in answer.text


def test_a_new_record_never_takes_the_place_of_an_old_one(world: World) -> None:
    state = world.engine.export("smartepi")
    fewer = [record for record in state["collections"]["withdrawals"] if record["id"] != "w-2"]
    world.engine.restore("smartepi", {**state, "collections": {**state["collections"], "withdrawals": fewer}})
    done(simulate(world, "record_withdrawal"))
    assert len(data(world.ask("GET", "/v1/withdrawals?limit=100"))) == len(fewer) + 1


def test_an_unknown_simulation_is_refused_with_the_nearest(world: World) -> None:
    answer = simulate(world, "record_withdrawals")
    assert answer.status_code == 404
    assert "did you mean 'record_withdrawal'?" in answer.text


def test_a_key_made_in_the_console_takes_its_minute(world: World) -> None:
    key = done(simulate(world, "make_key"))
    assert key["state"] == "propagating"
    assert world.ask("GET", "/v1/sectors", key=key["secret"]).status_code == 403
    world.advance("60s")
    assert world.ask("GET", "/v1/sectors", key=key["secret"]).status_code == 200


def test_a_key_may_be_made_with_ranges_and_an_end(world: World) -> None:
    key = done(simulate(world, "make_key", cidrs=["203.0.113.0/24"], expires_in="2m"))["secret"]
    inside = {"environ_overrides": {"REMOTE_ADDR": "203.0.113.5"}}
    world.advance("60s")
    assert world.ask("GET", "/v1/sectors", key=key).status_code == 403
    assert world.ask("GET", "/v1/sectors", key=key, **inside).status_code == 200  # type: ignore[arg-type]
    world.advance("60s")
    assert world.ask("GET", "/v1/sectors", key=key, **inside).status_code == 403  # type: ignore[arg-type]


def test_a_key_with_a_wrong_range_is_not_made(world: World) -> None:
    assert simulate(world, "make_key", cidrs=["300.0.0.0/8"]).status_code == 422
    assert len(world.sandbox.keys) == 1


@pytest.mark.parametrize("by", ["id", "secret"])
def test_a_key_revoked_in_the_console_lingers_for_a_minute(world: World, by: str) -> None:
    key = world.sandbox.keys[world.key()]
    assert done(simulate(world, "revoke_key", key=getattr(key, by))) == {"id": key.id, "state": "lingering"}
    world.advance("59s")
    assert world.ask("GET", "/v1/sectors").status_code == 200
    world.advance("1s")
    assert world.ask("GET", "/v1/sectors").status_code == 403


def test_an_unknown_key_cannot_be_revoked(world: World) -> None:
    assert simulate(world, "revoke_key", key="key_99").status_code == 404


@pytest.mark.parametrize("resource", ["sectors", "cost-centers", "job-roles", "groups", "employees", "products"])
def test_a_deleted_record_can_be_brought_back_as_a_new_version(world: World, resource: str) -> None:
    id = make(world, resource, name="Back")
    before = data(world.ask("GET", f"/v1/{resource}/{id}"))
    world.ask("DELETE", f"/v1/{resource}/{id}?_version=1")
    assert done(simulate(world, "restore_record", id=id)) == {"id": id, "collection": resource.replace("-", "_")}
    found = world.ask("GET", f"/v1/{resource}/{id}")
    assert (data(found), found.headers["ETag"]) == (before, '"3"')
    assert simulate(world, "restore_record", id=id).status_code == 404


def test_a_restored_groups_rules_are_in_force_again(world: World) -> None:
    product = make(world, "products", name="P")
    group = make(world, "groups", name="G", rules=[{"productId": product}])
    world.ask("DELETE", f"/v1/groups/{group}?_version=1")
    done(simulate(world, "restore_record", id=group))
    assert world.ask("DELETE", f"/v1/products/{product}?_version=1").status_code == 409


def test_a_record_whose_name_is_taken_by_now_cannot_be_brought_back(world: World) -> None:
    gone = make(world, "sectors", name="Paint")
    world.ask("DELETE", f"/v1/sectors/{gone}?_version=1")
    taken = make(world, "sectors", name="Paint")
    before = kept(world)
    answer = simulate(world, "restore_record", id=gone)
    assert answer.status_code == 422
    assert taken in answer.text
    assert kept(world) == before


def test_a_record_that_points_at_what_is_gone_cannot_be_brought_back(world: World) -> None:
    sector = make(world, "sectors", name="Paint")
    employee = make(world, "employees", name="A", sectorId=sector)
    for path in (f"employees/{employee}", f"sectors/{sector}"):
        assert world.ask("DELETE", f"/v1/{path}?_version=1").status_code == 200
    answer = simulate(world, "restore_record", id=employee)
    assert answer.status_code == 422
    assert "sectorId" in answer.text
    done(simulate(world, "restore_record", id=sector))
    done(simulate(world, "restore_record", id=employee))


def in_a_while(world: World, name: str, delay: str, **parameters: Any) -> str:
    answer = done(simulate(world, name, **parameters, **{"in": delay}))
    assert set(answer) == {"scheduled", "at"}
    return str(answer["scheduled"])


@pytest.mark.parametrize("by", [["10m"], ["9m", "59s", "1s"], ["1h"]])
def test_what_is_scheduled_happens_once_when_the_clock_gets_there(world: World, by: list[str]) -> None:
    timer = in_a_while(world, "record_withdrawal", "10m")
    assert (events(world), world.admin("GET", f"{SANDBOX}/clock").json["due"][0]["id"]) == ([], timer)
    told = [item for step in by for item in world.advance(step)["done"]]
    assert [item["id"] for item in told] == [timer]
    assert told[0]["at"] == events(world)[0]["created_at"] == "2026-03-01T12:10:00.000000Z"
    assert world.advance("1d")["done"] == []
    assert len(events(world)) == 1
    assert data(world.ask("GET", "/v1/withdrawals"))[0]["createdAt"] == 1772367000


def test_what_is_scheduled_happens_in_the_order_it_is_due(world: World) -> None:
    delays = [("return", "3m"), ("withdrawal", "1m"), ("exchange", "2m"), ("withdrawal", "3m"), ("return", "1m")]
    for word, delay in delays:
        in_a_while(world, f"record_{word}", delay)
    order = [item["action"].removeprefix("record_") for item in world.advance("5m")["done"]]
    assert order == ["withdrawal", "return", "exchange", "return", "withdrawal"]
    assert [event["type"].partition(".")[0] for event in events(world)] == order


def test_keys_and_records_too_can_be_scheduled(world: World) -> None:
    gone = make(world, "sectors", name="Back")
    world.ask("DELETE", f"/v1/sectors/{gone}?_version=1")
    in_a_while(world, "make_key", "1m")
    in_a_while(world, "revoke_key", "2m", key="key_2")
    in_a_while(world, "restore_record", "3m", id=gone)
    secret = world.advance("1m")["done"][0]["result"]["secret"]
    assert world.ask("GET", "/v1/sectors", key=secret).status_code == 403
    assert world.advance("1m")["done"][0]["result"] == {"id": "key_2", "state": "lingering"}
    assert world.ask("GET", "/v1/sectors", key=secret).status_code == 200
    assert world.ask("GET", f"/v1/sectors/{gone}").status_code == 404
    world.advance("1m")
    assert world.ask("GET", "/v1/sectors", key=secret).status_code == 403
    assert world.ask("GET", f"/v1/sectors/{gone}").status_code == 200


def test_what_cannot_be_done_when_it_is_due_is_told_and_changes_nothing(world: World) -> None:
    employee = make(world, "employees", name="A")
    in_a_while(world, "record_withdrawal", "1m", employee_id=employee)
    in_a_while(world, "revoke_key", "2m", key="key_9")
    in_a_while(world, "restore_record", "3m", id="sec_never")
    in_a_while(world, "record_return", "4m")
    world.ask("DELETE", f"/v1/employees/{employee}?_version=1")
    before = kept(world)
    told = world.advance("3m")["done"]
    assert ["error" in item for item in told] == [True, True, True]
    assert employee in told[0]["error"]
    after = kept(world)
    assert {**after, "_timers": None} == {**before, "_timers": None}
    assert len(after["_timers"]) == 1
    assert "result" in world.advance("1m")["done"][0]


def test_a_wrong_parameter_is_refused_at_once_not_when_it_is_due(world: World) -> None:
    assert simulate(world, "record_withdrawal", quantity=0, **{"in": "1m"}).status_code == 422
    assert world.advance("2m")["done"] == []


def test_an_imported_timer_nobody_knows_is_told_and_harms_no_call(world: World) -> None:
    in_a_while(world, "record_return", "1m")
    state = world.engine.export("smartepi")
    for timer in (timers := state["collections"]["_timers"]):
        timers[timers.index(timer)] = {**timer, "action": "record_nothing"}
    world.engine.restore("smartepi", state)
    assert "record_nothing" in world.advance("1m")["done"][0]["error"]
    assert world.ask("GET", "/v1/sectors").status_code == 200


def test_what_is_scheduled_for_after_the_year_9999_is_answered_like_any_other(world: World) -> None:
    in_a_while(world, "record_return", "2920000d")
    done(simulate(world, "make_key", expires_in="2920000d"))
    for path in ("clock", "keys"):
        assert world.admin("GET", f"{SANDBOX}/{path}").status_code == 200
    assert world.ask("GET", "/v1/sectors").status_code == 200

"""What KASKO's documents leave open about policies, files and datasets: each point is seen to make a difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kasko import PROVIDER
from mockserver.providers.kasko.assumptions import KaskoAssumptions
from mockserver.providers.kasko.assumptions.sale import SaleAssumptions
from tests.support.kasko_sales import CANCEL, WHOLE, assume, dataset, events, offer, ok, pay, policy, simulate
from tests.support.worlds import World, make_world

if TYPE_CHECKING:
    from tests.support.worlds import Answer


@pytest.fixture
def world() -> World:
    return make_world(PROVIDER)


def locked(world: World) -> str:
    return str(world.engine.export("kasko")["collections"]["datasets"][1]["id"])


def a_second_later(world: World) -> Any:
    made = offer(world)
    ok(pay(world, made), 201)
    world.advance("1s")
    answer = world.ask("GET", f"/policies/{made['id']}")
    return answer.status_code, answer.json["status"]


def replaced(world: World, **headers: str) -> Any:
    return world.ask("PUT", f"/policies/{policy(world)}", json=WHOLE, headers=headers).status_code


def changed_when_cancelled(world: World) -> Any:
    path = f"/policies/{policy(world)}"
    ok(world.ask("PUT", path, json=CANCEL))
    return world.ask("PATCH", path, json={}).status_code, len(events(world))


def listed(world: World, **query: Any) -> Any:
    asked = {"language": "en", "fields": '["name"]', **query}
    answer = world.ask("GET", f"/datasets/{dataset(world)}/dataset_items", query_string=asked)
    return answer.status_code, len(answer.json)


def before_and_after_the_payment(world: World) -> Any:
    made = offer(world)
    path, shown = f"/policies/{made['id']}", []
    for step in (lambda: None, lambda: pay(world, made)):
        step()
        answer = world.ask("GET", path)
        shown.append((answer.status_code, answer.json["status"]))
        assert world.ask("PATCH", path, json={}).status_code == 404
    return shown


def changes(world: World) -> Any:
    path = f"/policies/{policy(world)}"
    steps: list[tuple[str, str, Any]] = [("PATCH", path, {}), ("PUT", path, WHOLE), ("PUT", path, CANCEL)]
    steps.append(("POST", f"{path}/reactivate", None))
    answers = [world.ask(method, place, json=body) for method, place, body in steps]
    assert all(answer.headers["ETag"] and answer.headers["Last-Modified"] for answer in answers)
    assert all((answer.data == b"") == (answer.status_code == 204) for answer in answers)
    return {answer.status_code for answer in answers}


def patched(world: World, **headers: str) -> Any:
    path = f"/policies/{policy(world)}"
    headers = {name: value.replace("now", world.ask("GET", path).headers["ETag"]) for name, value in headers.items()}
    return world.ask("PATCH", path, json={}, headers=headers).status_code


LONG_AGO = "Mon, 01 Jan 2024 00:00:00 GMT"


def replaced_blindly(world: World) -> Any:
    assume(world, preconditions="required")
    return replaced(world)


def types(world: World) -> Any:
    path = f"/policies/{policy(world)}"
    ok(world.ask("PATCH", path, json={}))
    ok(simulate(world, "insurer_cancels", policy_id=path.rpartition("/")[2]))
    return [event["type"] for event in events(world)]


def media(world: World) -> Answer:
    announced = {"designation": "id", "name": "a", "mime_type": "text/plain", "file_size": 0}
    return world.ask("POST", "/media", json=announced)


def uploaded(world: World) -> Any:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = world.ask("POST", f"/media/{media(world).json['id']}/content", data=body, headers=headers)
    return answer.status_code, answer.data == b""


def attached(world: World) -> Answer:
    return world.ask("POST", f"/policies/{policy(world)}/media", json={"id": media(world).json["id"]})


def events_of_a_file(world: World) -> Any:
    attached(world)
    return [event["type"] for event in events(world)]


def made(world: World) -> Any:
    lead = world.ask("POST", "/leads", json={"email": "a@firm.test"})
    return "email" in lead.json, "mime_type" in media(world).json, len(ok(world.ask("GET", lead_path(lead)))) > 2


def lead_path(lead: Answer) -> str:
    return f"/leads/{lead.json['id']}"


def wrong_parameters(world: World) -> Any:
    wrong: list[dict[str, Any]] = [
        {"limit": 0}, {"fields": "x"}, {"fields": '["no"]'}, {"language": "fr"}, {"query": "x"},
        {"sort": '[{"field":"no"}]'}, {"starting_after": "no"}, {"ending_before": "no"},
    ]  # fmt: skip
    path = f"/datasets/{dataset(world)}/dataset_items"
    asked = [{"language": "en", "fields": '["name"]', **each} for each in wrong]
    told = [ok(world.ask("GET", path, query_string=query), 400).get("errors") for query in asked]
    expected = [[{"code": "invalid_value", "field": name}] for each in wrong for name in each]
    return "message" if told == [None] * len(wrong) else "errors" if told == expected else told


OPEN: dict[str, tuple[Any, Callable[[World], Any], Any, Any]] = {
    "policy_delay": ("1s", a_second_later, (404, "Not Found"), (200, "paid")),
    "unissued_policy": (
        "pending", before_and_after_the_payment, [(404, "Not Found")] * 2, [(404, "Not Found"), (200, "pending")]
    ),
    "preconditions": ("required", replaced, 200, 428),
    "stale_status": ("409", lambda world: replaced(world, **{"If-Match": '"x"'}), 412, 409),
    "cancelled_change": ("400", changed_when_cancelled, (409, 2), (400, 2)),
    "cancellation_event": (False, changed_when_cancelled, (409, 2), (409, 1)),
    "locked_dataset": (
        "401", lambda world: world.ask("GET", f"/datasets/{locked(world)}", key=None).status_code, 404, 401
    ),
    "limit_required": (True, listed, (200, 4), (400, 2)),
    "unknown_dataset_field": ("ignored", lambda world: listed(world, fields='["margin","name"]'), (400, 2), (200, 4)),
    "like_case": (
        "exact", lambda world: listed(world, query='[{"field":"name","search":"B%"},{"field":"name","search":"bAK%"}]'),
        (200, 1), (200, 0),
    ),
    "change_answer": ("204", changes, {200}, {204}),
    "patch_preconditions": ("ignored", lambda world: patched(world, **{"If-Match": '"x"'}), 412, 200),
    "missing_precondition": ("400", replaced_blindly, 428, 400),
    "both_preconditions": (
        "both", lambda world: patched(world, **{"If-Match": "now", "If-Unmodified-Since": LONG_AGO}), 200, 412
    ),
    "weak_tags": ("accepted", lambda world: patched(world, **{"If-Match": "W/now"}), 412, 200),
    "unreadable_date": ("refused", lambda world: patched(world, **{"If-Unmodified-Since": "x"}), 200, 400),
    "updated_event": (
        "policy.changed", types,
        ["policy.created", *["policy.updated"] * 2], ["policy.created", *["policy.changed"] * 2],
    ),
    "media_event": (True, events_of_a_file, ["policy.created"], ["policy.created", "policy.updated"]),
    "data_api_errors": ("errors", wrong_parameters, "message", "errors"),
    "lead_status": ("200", lambda world: world.ask("POST", "/leads", json={}).status_code, 201, 200),
    "media_status": ("200", lambda world: media(world).status_code, 201, 200),
    "upload_status": ("204", uploaded, (200, False), (204, True)),
    "attached_status": ("204", lambda world: attached(world).status_code, 201, 204),
    "attached_answer": ("policy", lambda world: "insurer_policy_id" in attached(world).json, False, True),
    "new_record": ("id", made, (True, True, True), (False, False, True)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(OPEN))
def test_an_assumption_makes_the_difference_it_speaks_of(name: str) -> None:
    value, look, by_default, otherwise = OPEN[name]
    world = make_world(PROVIDER)
    assert look(world) == by_default
    world = make_world(PROVIDER)
    assume(world, **{name: value})
    assert look(world) == otherwise


def test_every_point_is_tried_here() -> None:
    assert set(OPEN) == set(KaskoAssumptions.model_fields) - set(SaleAssumptions.model_fields)


def test_a_policy_may_be_shown_before_anyone_has_paid(world: World) -> None:
    assume(world, unissued_policy="unpaid_too")
    assert before_and_after_the_payment(world) == [(200, "pending"), (200, "pending")]


@pytest.mark.parametrize("status", ["400", "412"])
def test_a_missing_precondition_may_have_another_status(world: World, status: str) -> None:
    assume(world, missing_precondition=status)
    assert replaced_blindly(world) == int(status)

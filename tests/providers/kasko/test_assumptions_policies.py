"""KASKO's assumptions about policies, files and datasets: each one changes the behaviour it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.providers.kasko import PROVIDER
from mockserver.providers.kasko.assumptions import KaskoAssumptions
from mockserver.providers.kasko.assumptions.sale import SaleAssumptions
from tests.support.harness import Harness, make_harness
from tests.support.kasko_helpers import (
    CANCEL,
    FULL_LEAD,
    create_offer,
    create_policy,
    dataset_id,
    events,
    expect_ok,
    pay,
    set_assumptions,
    simulate,
)

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse


@pytest.fixture
def harness() -> Harness:
    return make_harness(PROVIDER)


def locked_dataset_id(harness: Harness) -> str:
    return str(harness.engine.export("kasko")["collections"]["datasets"][1]["id"])


def a_second_later(harness: Harness) -> Any:
    offer = create_offer(harness)
    expect_ok(pay(harness, offer), 201)
    harness.advance("1s")
    response = harness.request("GET", f"/policies/{offer['id']}")
    return response.status_code, response.json["status"]


def replace_policy(harness: Harness, **headers: str) -> Any:
    return harness.request("PUT", f"/policies/{create_policy(harness)}", json=FULL_LEAD, headers=headers).status_code


def changed_when_cancelled(harness: Harness) -> Any:
    path = f"/policies/{create_policy(harness)}"
    expect_ok(harness.request("PUT", path, json=CANCEL))
    return harness.request("PATCH", path, json={}).status_code, len(events(harness))


def list_dataset_items(harness: Harness, **query: Any) -> Any:
    parameters = {"language": "en", "fields": '["name"]', **query}
    response = harness.request("GET", f"/datasets/{dataset_id(harness)}/dataset_items", query_string=parameters)
    return response.status_code, len(response.json)


def before_and_after_the_payment(harness: Harness) -> Any:
    offer = create_offer(harness)
    path, observed = f"/policies/{offer['id']}", []
    for step in (lambda: None, lambda: pay(harness, offer)):
        step()
        response = harness.request("GET", path)
        observed.append((response.status_code, response.json["status"]))
        assert harness.request("PATCH", path, json={}).status_code == 404
    return observed


def changes(harness: Harness) -> Any:
    path = f"/policies/{create_policy(harness)}"
    steps: list[tuple[str, str, Any]] = [("PATCH", path, {}), ("PUT", path, FULL_LEAD), ("PUT", path, CANCEL)]
    steps.append(("POST", f"{path}/reactivate", None))
    responses = [harness.request(method, target, json=body) for method, target, body in steps]
    assert all(response.headers["ETag"] and response.headers["Last-Modified"] for response in responses)
    assert all((response.data == b"") == (response.status_code == 204) for response in responses)
    return {response.status_code for response in responses}


def patch_policy(harness: Harness, **headers: str) -> Any:
    path = f"/policies/{create_policy(harness)}"
    headers = {
        name: value.replace("now", harness.request("GET", path).headers["ETag"]) for name, value in headers.items()
    }
    return harness.request("PATCH", path, json={}, headers=headers).status_code


LONG_AGO = "Mon, 01 Jan 2024 00:00:00 GMT"


def replace_without_version(harness: Harness) -> Any:
    set_assumptions(harness, preconditions="required")
    return replace_policy(harness)


def types(harness: Harness) -> Any:
    path = f"/policies/{create_policy(harness)}"
    expect_ok(harness.request("PATCH", path, json={}))
    expect_ok(simulate(harness, "insurer_cancels", policy_id=path.rpartition("/")[2]))
    return [event["type"] for event in events(harness)]


def media(harness: Harness) -> ApiResponse:
    announced = {"designation": "id", "name": "a", "mime_type": "text/plain", "file_size": 0}
    return harness.request("POST", "/media", json=announced)


def upload_file(harness: Harness) -> Any:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = harness.request("POST", f"/media/{media(harness).json['id']}/content", data=body, headers=headers)
    return response.status_code, response.data == b""


def attach_file(harness: Harness) -> ApiResponse:
    return harness.request("POST", f"/policies/{create_policy(harness)}/media", json={"id": media(harness).json["id"]})


def events_of_a_file(harness: Harness) -> Any:
    attach_file(harness)
    return [event["type"] for event in events(harness)]


def created_shapes(harness: Harness) -> Any:
    lead = harness.request("POST", "/leads", json={"email": "a@firm.test"})
    return (
        "email" in lead.json,
        "mime_type" in media(harness).json,
        len(expect_ok(harness.request("GET", lead_path(lead)))) > 2,
    )


def lead_path(lead: ApiResponse) -> str:
    return f"/leads/{lead.json['id']}"


def wrong_parameters(harness: Harness) -> Any:
    wrong: list[dict[str, Any]] = [
        {"limit": 0}, {"fields": "x"}, {"fields": '["no"]'}, {"language": "fr"}, {"query": "x"},
        {"sort": '[{"field":"no"}]'}, {"starting_after": "no"}, {"ending_before": "no"},
    ]  # fmt: skip
    path = f"/datasets/{dataset_id(harness)}/dataset_items"
    queries = [{"language": "en", "fields": '["name"]', **each} for each in wrong]
    errors = [expect_ok(harness.request("GET", path, query_string=query), 400).get("errors") for query in queries]
    expected = [[{"code": "invalid_value", "field": name}] for each in wrong for name in each]
    return "message" if errors == [None] * len(wrong) else "errors" if errors == expected else errors


ASSUMPTION_CASES: dict[str, tuple[Any, Callable[[Harness], Any], Any, Any]] = {
    "policy_delay": ("1s", a_second_later, (404, "Not Found"), (200, "paid")),
    "unissued_policy": (
        "pending", before_and_after_the_payment, [(404, "Not Found")] * 2, [(404, "Not Found"), (200, "pending")]
    ),
    "preconditions": ("required", replace_policy, 200, 428),
    "stale_status": ("409", lambda harness: replace_policy(harness, **{"If-Match": '"x"'}), 412, 409),
    "cancelled_change": ("400", changed_when_cancelled, (409, 2), (400, 2)),
    "cancellation_event": (False, changed_when_cancelled, (409, 2), (409, 1)),
    "locked_dataset": (
        "401", lambda harness: harness.request("GET", f"/datasets/{locked_dataset_id(harness)}", key=None).status_code,
        404, 401,
    ),
    "limit_required": (True, list_dataset_items, (200, 4), (400, 2)),
    "unknown_dataset_field": (
        "ignored", lambda harness: list_dataset_items(harness, fields='["margin","name"]'), (400, 2), (200, 4)
    ),
    "like_case": (
        "exact",
        lambda harness: list_dataset_items(
            harness, query='[{"field":"name","search":"B%"},{"field":"name","search":"bAK%"}]'
        ),
        (200, 1), (200, 0),
    ),
    "change_answer": ("204", changes, {200}, {204}),
    "patch_preconditions": ("ignored", lambda harness: patch_policy(harness, **{"If-Match": '"x"'}), 412, 200),
    "missing_precondition": ("400", replace_without_version, 428, 400),
    "both_preconditions": (
        "both", lambda harness: patch_policy(harness, **{"If-Match": "now", "If-Unmodified-Since": LONG_AGO}), 200, 412
    ),
    "weak_tags": ("accepted", lambda harness: patch_policy(harness, **{"If-Match": "W/now"}), 412, 200),
    "unreadable_date": ("refused", lambda harness: patch_policy(harness, **{"If-Unmodified-Since": "x"}), 200, 400),
    "updated_event": (
        "policy.changed", types,
        ["policy.created", *["policy.updated"] * 2], ["policy.created", *["policy.changed"] * 2],
    ),
    "media_event": (True, events_of_a_file, ["policy.created"], ["policy.created", "policy.updated"]),
    "data_api_errors": ("errors", wrong_parameters, "message", "errors"),
    "lead_status": ("200", lambda harness: harness.request("POST", "/leads", json={}).status_code, 201, 200),
    "media_status": ("200", lambda harness: media(harness).status_code, 201, 200),
    "upload_status": ("204", upload_file, (200, False), (204, True)),
    "attached_status": ("204", lambda harness: attach_file(harness).status_code, 201, 204),
    "attached_answer": ("policy", lambda harness: "insurer_policy_id" in attach_file(harness).json, False, True),
    "new_record": ("id", created_shapes, (True, True, True), (False, False, True)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(ASSUMPTION_CASES))
def test_an_assumption_changes_the_behaviour_it_names(name: str) -> None:
    value, behaviour, default, changed = ASSUMPTION_CASES[name]
    harness = make_harness(PROVIDER)
    assert behaviour(harness) == default
    harness = make_harness(PROVIDER)
    set_assumptions(harness, **{name: value})
    assert behaviour(harness) == changed


def test_every_policy_assumption_has_a_case() -> None:
    assert set(ASSUMPTION_CASES) == set(KaskoAssumptions.model_fields) - set(SaleAssumptions.model_fields)


def test_a_policy_may_be_readable_before_it_is_paid(harness: Harness) -> None:
    set_assumptions(harness, unissued_policy="unpaid_too")
    assert before_and_after_the_payment(harness) == [(200, "pending"), (200, "pending")]


@pytest.mark.parametrize("status", ["400", "412"])
def test_a_missing_precondition_may_have_another_status(harness: Harness, status: str) -> None:
    set_assumptions(harness, missing_precondition=status)
    assert replace_without_version(harness) == int(status)

"""What Kota says to any request: keys, platforms, the nine error codes, and every setting of that."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.engine import Assumptions
from mockserver.providers.kota.assumptions.http import HttpAssumptions
from tests.support.kota_groups import group, join, quote, quote_intent, staffed
from tests.support.kota_world import (
    ADDRESS,
    EMPLOYEE,
    EMPLOYER,
    S,
    assume,
    employee,
    employer,
    made,
    new_world,
    read,
    refused,
    wrong,
)
from tests.support.worlds import World

if TYPE_CHECKING:
    from tests.support.worlds import Answer

HEX = "0" * 32
RFC9110 = "https://tools.ietf.org/html/rfc9110#section-15."
CUSTOMER = "external_customer_id"


@pytest.fixture
def world() -> World:
    return new_world()


def new_key(world: World, **wanted: Any) -> Any:
    answer = world.admin("POST", f"{S}/keys", wanted)
    assert answer.status_code == 201, answer.text
    return answer.json


def ask_with(world: World, key: str | None, **options: Any) -> tuple[int, str | None]:
    """The status and the error code that a key gets."""
    answer = world.ask("GET", "/employers", key=key, **options)
    return answer.status_code, answer.json.get("error_code")


FINE, UNKNOWN, FORBIDDEN = (200, None), (401, "unauthorized"), (403, "forbidden")

# Keys


def test_keys_say_their_mode(world: World) -> None:
    assert re.fullmatch(r"pk_test_[\w-]{43}", world.key())
    assert re.fullmatch(r"pk_live_[\w-]{43}", new_key(world, mode="live")["secret"])


def test_a_key_opens_as_a_bearer_however_the_word_is_spelled(world: World) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert ask_with(world, None, headers={"Authorization": f"{scheme} {world.key()}"}) == FINE


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer pk_test_nobody", "Basic {key}", "{key}", "Token {key}"]
)
def test_anything_else_is_unauthorized(world: World, header: str) -> None:
    assert ask_with(world, None) == UNKNOWN
    assert ask_with(world, None, headers={"Authorization": header.format(key=world.key())}) == UNKNOWN


def test_a_key_in_the_query_or_in_another_header_is_none(world: World) -> None:
    for name in ("key", "api_key", "access_token"):
        assert ask_with(world, None, query_string={name: world.key()}) == UNKNOWN
    assert ask_with(world, None, headers={"X-Api-Key": world.key()}) == UNKNOWN


def test_keys_of_the_live_mode_open_the_live_host_alone_unless_assumed_otherwise(world: World) -> None:
    live = new_key(world, mode="live")["secret"]
    assert ask_with(world, live) == UNKNOWN
    assume(world, live_keys="accepted")
    assert ask_with(world, live) == FINE


def test_a_revoked_key_is_unauthorized(world: World) -> None:
    key = new_key(world)
    assert ask_with(world, key["secret"]) == FINE
    assert world.admin("DELETE", f"{S}/keys/{key['id']}").status_code in (200, 204)
    assert ask_with(world, key["secret"]) == UNKNOWN


def test_an_expired_key_is_unauthorized(world: World) -> None:
    key = new_key(world, expires_in="1h")["secret"]
    world.advance("59m")
    assert ask_with(world, key) == FINE
    world.advance("1m")
    assert ask_with(world, key) == UNKNOWN


def test_a_key_that_is_not_known_everywhere_yet_is_forbidden_or_unauthorized(world: World) -> None:
    key = new_key(world, activates_in="1m")["secret"]
    assert ask_with(world, key) == FORBIDDEN
    assume(world, new_key="401")
    assert ask_with(world, key) == UNKNOWN
    world.advance("1m")
    assert ask_with(world, key) == FINE


def test_a_key_from_elsewhere_is_forbidden(world: World) -> None:
    assert ask_with(world, new_key(world, cidrs=["10.0.0.0/8"])["secret"]) == FORBIDDEN


def test_a_key_is_asked_for_before_anything_is_read(world: World) -> None:
    answer = world.ask("POST", "/employers", key=None, data=b"{", headers={"Idempotency-Key": "k" * 201})
    assert (answer.status_code, answer.json["error_code"]) == UNKNOWN


# Headers


def test_plain_http_is_refused_where_https_is_insisted_on_whatever_a_header_claims(world: World) -> None:
    assert ask_with(world, world.key()) == FINE
    assume(world, https_only=True)
    assert ask_with(world, world.key()) == FORBIDDEN
    for name, value in (("X-Forwarded-Proto", "https"), ("Forwarded", "proto=https"), ("X-Forwarded-Ssl", "on")):
        assert ask_with(world, world.key(), headers={name: value}) == FORBIDDEN
    assert ask_with(world, world.key(), base_url="https://localhost") == FINE


@pytest.mark.parametrize("value", ["pt_" + HEX, "nobody", ""])
def test_the_platform_that_a_header_names_is_ignored(world: World, value: str) -> None:
    headers = {"X-Platform-Id": value}
    one = world.ask("POST", "/employers", json=EMPLOYER, headers=headers).json
    other = made(world, "/employers", EMPLOYER)
    assert one["platform_id"] == other["platform_id"]
    assert world.ask("GET", "/employers", headers=headers).data == world.ask("GET", "/employers").data


def test_answers_are_json_and_refusals_are_problems(world: World) -> None:
    said = [world.ask("GET", path).headers["Content-Type"] for path in ("/employers", f"/employers/er_{HEX}", "/none")]
    assert said == ["application/json", "application/problem+json", "application/problem+json"]


# Platforms


@pytest.mark.parametrize("type", ["payroll_provider", "hr_platform"])
def test_only_employers_of_record_have_external_customers(world: World, type: str) -> None:
    assume(world, platform_type=type)
    owner = employer(world)
    alone, named = employee(world, owner), employee(world, owner, external_customer_id="acme")
    assert [read(world, f"/employees/{each}")[CUSTOMER] for each in (alone, named)] == [None, None]
    assert read(world, f"/employees?{CUSTOMER}=acme")["total_count"] == 2
    assume(world, external_customer_elsewhere="refused")
    body = {**EMPLOYEE, "employer_id": owner, CUSTOMER: "acme"}
    assert wrong(world, "POST", "/employees", body) == [CUSTOMER]
    assert wrong(world, "GET", f"/employees?{CUSTOMER}=acme") == [CUSTOMER]
    assert wrong(world, "GET", f"/contribution_reports?{CUSTOMER}=acme") == [CUSTOMER]


def test_employers_of_record_name_the_customer_of_each_employee(world: World) -> None:
    assume(world, platform_type="employer_of_record")
    owner = employer(world)
    assert wrong(world, "POST", "/employees", {**EMPLOYEE, "employer_id": owner}) == [CUSTOMER]
    named = employee(world, owner, external_customer_id="acme")
    employee(world, owner, external_customer_id="other")
    assert [each["id"] for each in read(world, f"/employees?{CUSTOMER}=acme")["items"]] == [named]


# The nine error codes


def fault(**further: Any) -> Callable[[World], Answer]:
    def ask(world: World) -> Answer:
        world.admin("POST", f"{S}/faults", {"trigger": {"times": 1}, "fault": further})
        return world.ask("GET", "/employers")

    return ask


def conflict(world: World) -> Answer:
    for name in ("One Ltd", "Two Ltd"):
        body = {**EMPLOYER, "legal_name": name}
        answer = world.ask("POST", "/employers", json=body, headers={"Idempotency-Key": "k1"})
    return answer


def too_many(world: World) -> Answer:
    world.admin("PATCH", S, {"limits": {"rate": 1, "burst": 1}})
    world.ask("GET", "/employers")
    return world.ask("GET", "/employers")


def no_insurer(world: World) -> Answer:
    id = quote(world, staffed(world))
    assume(world, insurers="down")
    return world.ask("GET", f"/group_quote_intents/{id}/quote")


def too_early(world: World) -> Answer:
    return world.ask("GET", f"/group_quote_intents/{quote_intent(world, staffed(world))}/quote")


def get(path: str, **options: Any) -> Callable[[World], Answer]:
    return lambda world: world.ask("GET", path, **options)


def post(json: Any) -> Callable[[World], Answer]:
    return lambda world: world.ask("POST", "/employers", json=json)


INTERNAL = "An error occurred while processing your request"
REFUSALS: list[tuple[str, int, str, str, str | None, Callable[[World], Answer]]] = [
    ("invalid_request", 400, "Invalid request", f"{RFC9110}5.1", "errors", post({**EMPLOYER, "contact": None})),
    ("invalid_request", 400, "Invalid request", f"{RFC9110}5.1", "errors", get("/employers?page_size=101")),
    ("invalid_request", 400, "Invalid request", f"{RFC9110}5.1", None, fault(kind="status", status=400)),
    ("invalid_state", 400, "Invalid state", f"{RFC9110}5.1", "detail", too_early),
    ("unauthorized", 401, "Unauthorized", f"{RFC9110}5.2", None, get("/employers", key=None)),
    ("forbidden", 403, "Forbidden", f"{RFC9110}5.4", None, fault(kind="key_not_propagated")),
    ("not_found", 404, "Resource not found", f"{RFC9110}5.5", "detail", get(f"/employers/er_{HEX}")),
    ("not_found", 404, "Resource not found", f"{RFC9110}5.5", "detail", get("/nowhere")),
    ("idempotency_error", 409, "Idempotency error", f"{RFC9110}5.10", "detail", conflict),
    ("idempotency_error", 409, "Idempotency error", f"{RFC9110}5.10", "detail", fault(kind="idempotency_conflict")),
    ("rate_limit_exceeded", 429, "Too many requests", "https://tools.ietf.org/html/rfc6585#section-4", None, too_many),
    ("third_party_error", 500, "Third party error", f"{RFC9110}6.1", "detail", no_insurer),
    ("internal_error", 500, INTERNAL, f"{RFC9110}6.1", None, fault(kind="status", status=500)),
    ("internal_error", 503, INTERNAL, f"{RFC9110}6.1", None, fault(kind="status", status=503)),
]


@pytest.mark.parametrize(("code", "status", "title", "type", "further", "ask"), REFUSALS)
def test_a_refusal_is_a_problem_with_a_code_to_branch_on(
    world: World, code: str, status: int, title: str, type: str, further: str | None, ask: Callable[[World], Answer]
) -> None:
    answer = ask(world)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    said = answer.json
    assert list(said) == ["type", "title", "status", "error_code", "trace_id", *([further] if further else [])]
    assert (said["type"], said["title"], said["status"], said["error_code"]) == (type, title, status, code)
    assert re.fullmatch("[0-9a-f]{32}", said["trace_id"])


def test_there_are_nine_codes() -> None:
    assert len({code for code, *_ in REFUSALS}) == 9


def test_each_refusal_has_a_trace_id_of_its_own(world: World) -> None:
    traces = {refused(world, "GET", f"/employers/er_{HEX}")["trace_id"] for _ in range(20)}
    assert len(traces) == 20


def test_no_header_says_when_to_try_again_unless_the_limits_say_so(world: World) -> None:
    assert "Retry-After" not in too_many(world).headers
    world.admin("PATCH", S, {"limits": {"rate": 1, "burst": 1, "retry_after": True}})
    assert world.ask("GET", "/employers").headers["Retry-After"] == "1"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'"x"', b'{"legal_name": "\xff"}'])
def test_a_body_that_is_no_json_object_is_an_invalid_request(world: World, data: bytes) -> None:
    answer = world.ask("POST", "/employers", data=data, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json["error_code"]) == (400, "invalid_request")


def test_several_wrong_fields_are_all_named_by_their_paths(world: World) -> None:
    body = {**EMPLOYER, "legal_address": {**ADDRESS, "line1": "", "postal_code": "1"}, "contact": {"name": 1}}
    expected = {"legal_address.line1", "legal_address.postal_code", "contact.name", "contact.email"}
    assert set(wrong(world, "POST", "/employers", body)) == expected


# Settings


def status_of(method: str, path: str, body: Any = None) -> Callable[[World], Any]:
    return lambda world: refused(world, method, path, body)["status"]


def employee_of_nobody(world: World) -> Any:
    return refused(world, "POST", "/employees", {**EMPLOYEE, "employer_id": f"er_{HEX}"})["status"]


def group_of_nobody(world: World) -> Any:
    return refused(world, "POST", "/groups", {"employer_id": f"er_{HEX}", "name": "All"})["status"]


def path_of_error(world: World) -> Any:
    return wrong(world, "POST", "/employers", {**EMPLOYER, "legal_address": {**ADDRESS, "postal_code": "1"}})


def path_of_parameter(world: World) -> Any:
    return wrong(world, "GET", "/employers?page_size=0")


def shown_nulls(world: World) -> Any:
    return "registration_number" in made(world, "/employers", EMPLOYER)


def expiry(world: World) -> Any:
    return made(world, "/embed/sessions", {"employer_id": employer(world)})["expiry"]


def size_shown(world: World) -> Any:
    employer(world)
    return read(world, "/employers?page_size=50")["page_size"]


def enrolments_of_a_new_member(world: World) -> Any:
    owner = employer(world)
    everybody, someone = group(world, owner), employee(world, owner)
    join(world, everybody, someone)
    with world.sandbox.transaction() as space:
        return [record["_enrols"] for _, record in space.scan("group_employees")]


def customer_sent(world: World) -> Any:
    body = {**EMPLOYEE, "employer_id": employer(world), CUSTOMER: "acme"}
    return world.ask("POST", "/employees", json=body).status_code


def customer_not_sent(world: World) -> Any:
    return world.ask("POST", "/employees", json={**EMPLOYEE, "employer_id": employer(world)}).status_code


def with_a_new_key(world: World) -> Any:
    return ask_with(world, new_key(world, activates_in="1m")["secret"])[0]


def with_a_live_key(world: World) -> Any:
    return ask_with(world, new_key(world, mode="live")["secret"])[0]


def quote_shown(world: World) -> Any:
    return world.ask("GET", f"/group_quote_intents/{quote(world, staffed(world))}/quote").status_code


SETTINGS: list[tuple[str, Any, Callable[[World], Any], Any, Any]] = [
    ("platform_type", "employer_of_record", customer_not_sent, 200, 400),
    ("hosted", True, enrolments_of_a_new_member, [False], [True]),
    ("https_only", True, lambda world: ask_with(world, world.key())[0], 200, 403),
    ("live_keys", "accepted", with_a_live_key, 401, 200),
    ("new_key", "401", with_a_new_key, 403, 401),
    ("external_customer_elsewhere", "refused", customer_sent, 200, 400),
    ("malformed_id", "400", status_of("GET", "/employers/nobody"), 404, 400),
    ("unknown_reference", "404", employee_of_nobody, 400, 404),
    ("unknown_reference", "400", group_of_nobody, 404, 400),
    ("fields_first", False, status_of("PUT", f"/employers/er_{HEX}", {"legal_name": 1}), 400, 404),
    ("method_not_allowed", "404", status_of("DELETE", "/employers"), 405, 404),
    ("error_paths", "json_path", path_of_error, ["legal_address.postal_code"], ["$.legal_address.postal_code"]),
    ("error_paths", "json_path", path_of_parameter, ["page_size"], ["page_size"]),
    ("trace_ids", "omitted", lambda world: "trace_id" in refused(world, "GET", "/none"), True, False),
    ("null_members", "omitted", shown_nulls, True, False),
    ("fraction_digits", 3, expiry, "2026-03-01T13:00:00Z", "2026-03-01T13:00:00.000Z"),
    ("fraction_digits", 6, expiry, "2026-03-01T13:00:00Z", "2026-03-01T13:00:00.000000Z"),
    ("page_out_of_range", "clamped", lambda world: world.ask("GET", "/employers?page=0").status_code, 400, 200),
    ("page_size_shown", "asked", size_shown, 1, 50),
    ("insurers", "down", quote_shown, 200, 500),
]


@pytest.mark.parametrize(("name", "value", "ask", "before", "after"), SETTINGS)
def test_a_setting_decides_what_it_says(
    name: str, value: Any, ask: Callable[[World], Any], before: Any, after: Any
) -> None:
    assert ask(new_world()) == before
    assert ask(new_world(**{name: value})) == after


def test_every_setting_is_moved() -> None:
    own = set(HttpAssumptions.model_fields) - set(Assumptions.model_fields)
    assert {name for name, *_ in SETTINGS} == own

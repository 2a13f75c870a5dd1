"""Kota's HTTP behaviour of all operations: keys, platforms, the nine error codes, and the assumptions about them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.engine import Assumptions
from mockserver.providers.kota.assumptions.http import HttpAssumptions
from tests.support.harness import Harness
from tests.support.kota_group_helpers import (
    add_to_group,
    create_available_quote,
    create_group,
    create_quote_intent,
    create_staffed_group,
)
from tests.support.kota_helpers import (
    ADDRESS,
    EMPLOYEE,
    EMPLOYER,
    SANDBOX_PATH,
    create,
    create_employee,
    create_employer,
    expect_problem,
    fetch,
    invalid_fields,
    make_empty_harness,
    set_assumptions,
)

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

HEX = "0" * 32
RFC9110 = "https://tools.ietf.org/html/rfc9110#section-15."
CUSTOMER = "external_customer_id"


@pytest.fixture
def harness() -> Harness:
    return make_empty_harness()


def new_key(harness: Harness, **options: Any) -> Any:
    response = harness.admin("POST", f"{SANDBOX_PATH}/keys", options)
    assert response.status_code == 201, response.text
    return response.json


def request_with_key(harness: Harness, key: str | None, **options: Any) -> tuple[int, str | None]:
    """Returns the status and the error code of a request with this key."""
    response = harness.request("GET", "/employers", key=key, **options)
    return response.status_code, response.json.get("error_code")


OK, UNKNOWN, FORBIDDEN = (200, None), (401, "unauthorized"), (403, "forbidden")

# Keys


def test_the_secret_of_a_key_contains_its_mode(harness: Harness) -> None:
    assert re.fullmatch(r"pk_test_[\w-]{43}", harness.key())
    assert re.fullmatch(r"pk_live_[\w-]{43}", new_key(harness, mode="live")["secret"])


def test_the_bearer_scheme_is_case_insensitive(harness: Harness) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert request_with_key(harness, None, headers={"Authorization": f"{scheme} {harness.key()}"}) == OK


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer pk_test_nobody", "Basic {key}", "{key}", "Token {key}"]
)
def test_any_other_credential_is_unauthorized(harness: Harness, header: str) -> None:
    assert request_with_key(harness, None) == UNKNOWN
    assert request_with_key(harness, None, headers={"Authorization": header.format(key=harness.key())}) == UNKNOWN


def test_a_key_in_the_query_or_in_another_header_is_ignored(harness: Harness) -> None:
    for name in ("key", "api_key", "access_token"):
        assert request_with_key(harness, None, query_string={name: harness.key()}) == UNKNOWN
    assert request_with_key(harness, None, headers={"X-Api-Key": harness.key()}) == UNKNOWN


def test_live_keys_are_refused_unless_an_assumption_accepts_them(harness: Harness) -> None:
    live = new_key(harness, mode="live")["secret"]
    assert request_with_key(harness, live) == UNKNOWN
    set_assumptions(harness, live_keys="accepted")
    assert request_with_key(harness, live) == OK


def test_a_revoked_key_is_unauthorized(harness: Harness) -> None:
    key = new_key(harness)
    assert request_with_key(harness, key["secret"]) == OK
    assert harness.admin("DELETE", f"{SANDBOX_PATH}/keys/{key['id']}").status_code in (200, 204)
    assert request_with_key(harness, key["secret"]) == UNKNOWN


def test_an_expired_key_is_unauthorized(harness: Harness) -> None:
    key = new_key(harness, expires_in="1h")["secret"]
    harness.advance("59m")
    assert request_with_key(harness, key) == OK
    harness.advance("1m")
    assert request_with_key(harness, key) == UNKNOWN


def test_a_key_during_propagation_is_forbidden_or_unauthorized(harness: Harness) -> None:
    key = new_key(harness, activates_in="1m")["secret"]
    assert request_with_key(harness, key) == FORBIDDEN
    set_assumptions(harness, new_key="401")
    assert request_with_key(harness, key) == UNKNOWN
    harness.advance("1m")
    assert request_with_key(harness, key) == OK


def test_a_key_used_from_another_address_is_forbidden(harness: Harness) -> None:
    assert request_with_key(harness, new_key(harness, cidrs=["10.0.0.0/8"])["secret"]) == FORBIDDEN


def test_the_key_is_checked_before_the_request_is_read(harness: Harness) -> None:
    response = harness.request("POST", "/employers", key=None, data=b"{", headers={"Idempotency-Key": "k" * 201})
    assert (response.status_code, response.json["error_code"]) == UNKNOWN


# Headers


def test_plain_http_is_refused_if_https_is_required_and_headers_do_not_change_that(harness: Harness) -> None:
    assert request_with_key(harness, harness.key()) == OK
    set_assumptions(harness, https_only=True)
    assert request_with_key(harness, harness.key()) == FORBIDDEN
    for name, value in (("X-Forwarded-Proto", "https"), ("Forwarded", "proto=https"), ("X-Forwarded-Ssl", "on")):
        assert request_with_key(harness, harness.key(), headers={name: value}) == FORBIDDEN
    assert request_with_key(harness, harness.key(), base_url="https://localhost") == OK


@pytest.mark.parametrize("value", ["pt_" + HEX, "nobody", ""])
def test_the_platform_that_a_header_names_is_ignored(harness: Harness, value: str) -> None:
    headers = {"X-Platform-Id": value}
    first = harness.request("POST", "/employers", json=EMPLOYER, headers=headers).json
    second = create(harness, "/employers", EMPLOYER)
    assert first["platform_id"] == second["platform_id"]
    assert harness.request("GET", "/employers", headers=headers).data == harness.request("GET", "/employers").data


def test_responses_are_json_and_refusals_are_problem_json(harness: Harness) -> None:
    content_types = [
        harness.request("GET", path).headers["Content-Type"] for path in ("/employers", f"/employers/er_{HEX}", "/none")
    ]
    assert content_types == ["application/json", "application/problem+json", "application/problem+json"]


# Platforms


@pytest.mark.parametrize("type", ["payroll_provider", "hr_platform"])
def test_only_employers_of_record_have_external_customers(harness: Harness, type: str) -> None:
    set_assumptions(harness, platform_type=type)
    employer = create_employer(harness)
    unnamed, named = create_employee(harness, employer), create_employee(harness, employer, external_customer_id="acme")
    assert [fetch(harness, f"/employees/{each}")[CUSTOMER] for each in (unnamed, named)] == [None, None]
    assert fetch(harness, f"/employees?{CUSTOMER}=acme")["total_count"] == 2
    set_assumptions(harness, external_customer_elsewhere="refused")
    body = {**EMPLOYEE, "employer_id": employer, CUSTOMER: "acme"}
    assert invalid_fields(harness, "POST", "/employees", body) == [CUSTOMER]
    assert invalid_fields(harness, "GET", f"/employees?{CUSTOMER}=acme") == [CUSTOMER]
    assert invalid_fields(harness, "GET", f"/contribution_reports?{CUSTOMER}=acme") == [CUSTOMER]


def test_employers_of_record_name_the_customer_of_each_employee(harness: Harness) -> None:
    set_assumptions(harness, platform_type="employer_of_record")
    employer = create_employer(harness)
    assert invalid_fields(harness, "POST", "/employees", {**EMPLOYEE, "employer_id": employer}) == [CUSTOMER]
    named = create_employee(harness, employer, external_customer_id="acme")
    create_employee(harness, employer, external_customer_id="other")
    assert [each["id"] for each in fetch(harness, f"/employees?{CUSTOMER}=acme")["items"]] == [named]


# The nine error codes


def fault(**parameters: Any) -> Callable[[Harness], ApiResponse]:
    def send(harness: Harness) -> ApiResponse:
        harness.admin("POST", f"{SANDBOX_PATH}/faults", {"trigger": {"times": 1}, "fault": parameters})
        return harness.request("GET", "/employers")

    return send


def request_conflict(harness: Harness) -> ApiResponse:
    for name in ("One Ltd", "Two Ltd"):
        body = {**EMPLOYER, "legal_name": name}
        response = harness.request("POST", "/employers", json=body, headers={"Idempotency-Key": "k1"})
    return response


def exceed_rate_limit(harness: Harness) -> ApiResponse:
    harness.admin("PATCH", SANDBOX_PATH, {"limits": {"rate": 1, "burst": 1}})
    harness.request("GET", "/employers")
    return harness.request("GET", "/employers")


def request_unavailable(harness: Harness) -> ApiResponse:
    id = create_available_quote(harness, create_staffed_group(harness))
    set_assumptions(harness, insurers="down")
    return harness.request("GET", f"/group_quote_intents/{id}/quote")


def request_not_ready(harness: Harness) -> ApiResponse:
    return harness.request(
        "GET", f"/group_quote_intents/{create_quote_intent(harness, create_staffed_group(harness))}/quote"
    )


def get_request(path: str, **options: Any) -> Callable[[Harness], ApiResponse]:
    return lambda harness: harness.request("GET", path, **options)


def post(json: Any) -> Callable[[Harness], ApiResponse]:
    return lambda harness: harness.request("POST", "/employers", json=json)


INTERNAL = "An error occurred while processing your request"
REFUSALS: list[tuple[str, int, str, str, str | None, Callable[[Harness], ApiResponse]]] = [
    ("invalid_request", 400, "Invalid request", f"{RFC9110}5.1", "errors", post({**EMPLOYER, "contact": None})),
    ("invalid_request", 400, "Invalid request", f"{RFC9110}5.1", "errors", get_request("/employers?page_size=101")),
    ("invalid_request", 400, "Invalid request", f"{RFC9110}5.1", None, fault(kind="status", status=400)),
    ("invalid_state", 400, "Invalid state", f"{RFC9110}5.1", "detail", request_not_ready),
    ("unauthorized", 401, "Unauthorized", f"{RFC9110}5.2", None, get_request("/employers", key=None)),
    ("forbidden", 403, "Forbidden", f"{RFC9110}5.4", None, fault(kind="key_not_propagated")),
    ("not_found", 404, "Resource not found", f"{RFC9110}5.5", "detail", get_request(f"/employers/er_{HEX}")),
    ("not_found", 404, "Resource not found", f"{RFC9110}5.5", "detail", get_request("/nowhere")),
    ("idempotency_error", 409, "Idempotency error", f"{RFC9110}5.10", "detail", request_conflict),
    ("idempotency_error", 409, "Idempotency error", f"{RFC9110}5.10", "detail", fault(kind="idempotency_conflict")),
    (
        "rate_limit_exceeded",
        429,
        "Too many requests",
        "https://tools.ietf.org/html/rfc6585#section-4",
        None,
        exceed_rate_limit,
    ),
    ("third_party_error", 500, "Third party error", f"{RFC9110}6.1", "detail", request_unavailable),
    ("internal_error", 500, INTERNAL, f"{RFC9110}6.1", None, fault(kind="status", status=500)),
    ("internal_error", 503, INTERNAL, f"{RFC9110}6.1", None, fault(kind="status", status=503)),
]


@pytest.mark.parametrize(("code", "status", "title", "type", "member", "send"), REFUSALS)
def test_a_refusal_is_a_problem_with_an_error_code(
    harness: Harness,
    code: str,
    status: int,
    title: str,
    type: str,
    member: str | None,
    send: Callable[[Harness], ApiResponse],
) -> None:
    response = send(harness)
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    problem = response.json
    assert list(problem) == ["type", "title", "status", "error_code", "trace_id", *([member] if member else [])]
    assert (problem["type"], problem["title"], problem["status"], problem["error_code"]) == (type, title, status, code)
    assert re.fullmatch("[0-9a-f]{32}", problem["trace_id"])


def test_there_are_nine_codes() -> None:
    assert len({code for code, *_ in REFUSALS}) == 9


def test_each_refusal_has_a_unique_trace_id(harness: Harness) -> None:
    traces = {expect_problem(harness, "GET", f"/employers/er_{HEX}")["trace_id"] for _ in range(20)}
    assert len(traces) == 20


def test_there_is_no_retry_after_unless_the_limits_enable_it(harness: Harness) -> None:
    assert "Retry-After" not in exceed_rate_limit(harness).headers
    harness.admin("PATCH", SANDBOX_PATH, {"limits": {"rate": 1, "burst": 1, "retry_after": True}})
    assert harness.request("GET", "/employers").headers["Retry-After"] == "1"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'"x"', b'{"legal_name": "\xff"}'])
def test_a_body_that_is_not_a_json_object_is_an_invalid_request(harness: Harness, data: bytes) -> None:
    response = harness.request("POST", "/employers", data=data, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json["error_code"]) == (400, "invalid_request")


def test_all_invalid_fields_are_named_by_their_paths(harness: Harness) -> None:
    body = {**EMPLOYER, "legal_address": {**ADDRESS, "line1": "", "postal_code": "1"}, "contact": {"name": 1}}
    expected = {"legal_address.line1", "legal_address.postal_code", "contact.name", "contact.email"}
    assert set(invalid_fields(harness, "POST", "/employers", body)) == expected


# Assumptions


def status_of(method: str, path: str, body: Any = None) -> Callable[[Harness], Any]:
    return lambda harness: expect_problem(harness, method, path, body)["status"]


def employee_of_unknown_employer(harness: Harness) -> Any:
    return expect_problem(harness, "POST", "/employees", {**EMPLOYEE, "employer_id": f"er_{HEX}"})["status"]


def group_of_unknown_employer(harness: Harness) -> Any:
    return expect_problem(harness, "POST", "/groups", {"employer_id": f"er_{HEX}", "name": "All"})["status"]


def path_of_error(harness: Harness) -> Any:
    return invalid_fields(harness, "POST", "/employers", {**EMPLOYER, "legal_address": {**ADDRESS, "postal_code": "1"}})


def path_of_parameter(harness: Harness) -> Any:
    return invalid_fields(harness, "GET", "/employers?page_size=0")


def null_members_returned(harness: Harness) -> Any:
    return "registration_number" in create(harness, "/employers", EMPLOYER)


def expiry(harness: Harness) -> Any:
    return create(harness, "/embed/sessions", {"employer_id": create_employer(harness)})["expiry"]


def page_size_returned(harness: Harness) -> Any:
    create_employer(harness)
    return fetch(harness, "/employers?page_size=50")["page_size"]


def enrolments_of_a_new_member(harness: Harness) -> Any:
    employer = create_employer(harness)
    group, employee = create_group(harness, employer), create_employee(harness, employer)
    add_to_group(harness, group, employee)
    with harness.sandbox.transaction() as space:
        return [record["_enrols"] for _, record in space.scan("group_employees")]


def customer_sent(harness: Harness) -> Any:
    body = {**EMPLOYEE, "employer_id": create_employer(harness), CUSTOMER: "acme"}
    return harness.request("POST", "/employees", json=body).status_code


def customer_not_sent(harness: Harness) -> Any:
    return harness.request("POST", "/employees", json={**EMPLOYEE, "employer_id": create_employer(harness)}).status_code


def with_a_new_key(harness: Harness) -> Any:
    return request_with_key(harness, new_key(harness, activates_in="1m")["secret"])[0]


def with_a_live_key(harness: Harness) -> Any:
    return request_with_key(harness, new_key(harness, mode="live")["secret"])[0]


def quote_status(harness: Harness) -> Any:
    return harness.request(
        "GET", f"/group_quote_intents/{create_available_quote(harness, create_staffed_group(harness))}/quote"
    ).status_code


ASSUMPTION_CASES: list[tuple[str, Any, Callable[[Harness], Any], Any, Any]] = [
    ("platform_type", "employer_of_record", customer_not_sent, 200, 400),
    ("hosted", True, enrolments_of_a_new_member, [False], [True]),
    ("https_only", True, lambda harness: request_with_key(harness, harness.key())[0], 200, 403),
    ("live_keys", "accepted", with_a_live_key, 401, 200),
    ("new_key", "401", with_a_new_key, 403, 401),
    ("external_customer_elsewhere", "refused", customer_sent, 200, 400),
    ("malformed_id", "400", status_of("GET", "/employers/nobody"), 404, 400),
    ("unknown_reference", "404", employee_of_unknown_employer, 400, 404),
    ("unknown_reference", "400", group_of_unknown_employer, 404, 400),
    ("fields_first", False, status_of("PUT", f"/employers/er_{HEX}", {"legal_name": 1}), 400, 404),
    ("method_not_allowed", "404", status_of("DELETE", "/employers"), 405, 404),
    ("error_paths", "json_path", path_of_error, ["legal_address.postal_code"], ["$.legal_address.postal_code"]),
    ("error_paths", "json_path", path_of_parameter, ["page_size"], ["page_size"]),
    ("trace_ids", "omitted", lambda harness: "trace_id" in expect_problem(harness, "GET", "/none"), True, False),
    ("null_members", "omitted", null_members_returned, True, False),
    ("fraction_digits", 3, expiry, "2026-03-01T13:00:00Z", "2026-03-01T13:00:00.000Z"),
    ("fraction_digits", 6, expiry, "2026-03-01T13:00:00Z", "2026-03-01T13:00:00.000000Z"),
    ("page_out_of_range", "clamped", lambda harness: harness.request("GET", "/employers?page=0").status_code, 400, 200),
    ("page_size_shown", "asked", page_size_returned, 1, 50),
    ("insurers", "down", quote_status, 200, 500),
]


@pytest.mark.parametrize(("name", "value", "behaviour", "before", "after"), ASSUMPTION_CASES)
def test_an_assumption_changes_the_behaviour_it_names(
    name: str, value: Any, behaviour: Callable[[Harness], Any], before: Any, after: Any
) -> None:
    assert behaviour(make_empty_harness()) == before
    assert behaviour(make_empty_harness(**{name: value})) == after


def test_every_assumption_has_a_case() -> None:
    declared = set(HttpAssumptions.model_fields) - set(Assumptions.model_fields)
    assert {name for name, *_ in ASSUMPTION_CASES} == declared

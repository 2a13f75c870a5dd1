"""The fault kinds for calls: their parameters, refusals and responses."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import pytest
from pydantic_core import from_json

from mockserver.engine import Call, Credential, Fault, FaultRule, Pace, Reply, Rng, Wire
from tests.support.harness import Harness, make_harness

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

PATH = "/v1/employees?limit=1"
BODY = b'{"data":[{"id":"emp_1"}]}'


def set_rule(harness: Harness, fault: Any) -> ApiResponse:
    return harness.admin("PUT", f"/sandboxes/{harness.sandbox.id}/faults/it", {"fault": fault})


def request_with_fault(harness: Harness, kind: str, /, **parameters: Any) -> ApiResponse:
    """Returns the response to a call that a fault of this kind hits."""
    response = set_rule(harness, {"kind": kind, **parameters})
    assert response.status_code == 200, response.text
    return harness.request("GET", "/v1/notes" if harness.sandbox.id == "acme" else PATH)


def apply(kind: str, /, *, body: bytes = BODY, wire: Wire | None = None, **parameters: Any) -> tuple[Reply, list[str]]:
    """Applies a fault to a call; returns the reply, and whether the call waited and was performed."""
    actions: list[str] = []
    sandbox = make_harness().sandbox
    call = Call(sandbox, "GET", "/x", credential=Credential(next(iter(sandbox.keys)), shown=True))
    call.rng = Rng(sandbox.randomness, "fault:these", 1)
    call.wait = lambda seconds: actions.append(f"waited {seconds:g}")

    def perform(_: Call) -> Reply:
        actions.append("worked")
        return Reply(200, [("Content-Type", "application/json")], body, wire=wire)

    fault = FaultRule.model_validate({"fault": {"kind": kind, **parameters}}).fault
    return fault.apply(call, perform), actions


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "statsu"}, "there is no fault kind 'statsu'; did you mean 'status'?"),
        ({"kind": "RESET"}, "there is no fault kind 'RESET'; known: bad_signature, delayed_webhook"),
        ({"kind": "lost-response"}, "did you mean 'lost_response'?"),
        ({"kind": 7}, "there is no fault kind 7; known: bad_signature, delayed_webhook"),
        ({"kind": ["reset"]}, "there is no fault kind ['reset']"),
        ({"kind": {}}, "there is no fault kind {}"),
        ({}, "known: bad_signature, delayed_webhook"),
        ("reset", "fault"),
        (None, "fault"),
    ],
)
def test_an_unknown_kind_is_refused_with_the_nearest(harness: Harness, fault: Any, message: str) -> None:
    refused = set_rule(harness, fault)
    assert (refused.status_code, message in refused.json["detail"]) == (422, True), refused.text


@pytest.mark.parametrize("kind", sorted(Fault.KINDS))
def test_an_unknown_field_of_a_kind_is_refused(harness: Harness, kind: str) -> None:
    needed = {"distribution": {"type": "fixed", "ms": 1}} if kind == "latency" else {}
    refused = set_rule(harness, {"kind": kind, **needed, "colour": "red"})
    assert refused.status_code == 422
    assert "there is no field 'colour'" in refused.json["detail"]


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        ({"kind": "status", "status": 199}, "fault.status.status"),
        ({"kind": "status", "status": 600}, "fault.status.status"),
        ({"kind": "status", "status": "many"}, "fault.status.status"),
        ({"kind": "status", "detail": "d" * 1001}, "fault.status.detail"),
        ({"kind": "gateway", "status": 500}, "fault.gateway.status"),
        ({"kind": "gateway", "server": "apache"}, "fault.gateway.server"),
        ({"kind": "rate_limited", "retry_after": -1}, "fault.rate_limited.retry_after"),
        ({"kind": "rate_limited", "retry_after": 86_401}, "fault.rate_limited.retry_after"),
        ({"kind": "idempotency_conflict", "conflict": "other"}, "fault.idempotency_conflict.conflict"),
        ({"kind": "latency"}, "fault.latency.distribution"),
        ({"kind": "latency", "distribution": {"type": "fixed", "ms": -1}}, "fault.latency.distribution"),
        ({"kind": "latency", "distribution": {"type": "fixed", "ms": 600_001}}, "fault.latency.distribution"),
        (
            {"kind": "latency", "distribution": {"type": "uniform", "min_ms": 2, "max_ms": 1}},
            "min_ms 2 is above max_ms 1",
        ),
        ({"kind": "latency", "distribution": {"type": "lognormal", "median_ms": 1, "sigma": 6}}, "sigma"),
        ({"kind": "latency", "distribution": {"type": "normal", "ms": 1}}, "fault.latency.distribution"),
        ({"kind": "lost_response", "how": "slow"}, "fault.lost_response.how"),
        ({"kind": "truncated", "fraction": 1}, "fault.truncated.fraction"),
        ({"kind": "truncated", "fraction": -0.1}, "fault.truncated.fraction"),
        ({"kind": "garbage", "bytes": 0}, "fault.garbage.bytes"),
        ({"kind": "garbage", "bytes": 65_537}, "fault.garbage.bytes"),
        ({"kind": "drip", "bytes": 0}, "fault.drip.bytes"),
        ({"kind": "drip", "every_ms": 0}, "fault.drip.every_ms"),
        ({"kind": "drip", "every_ms": 60_001}, "fault.drip.every_ms"),
    ],
)
def test_a_parameter_out_of_its_range_is_refused_and_named(harness: Harness, fault: dict[str, Any], where: str) -> None:
    refused = set_rule(harness, fault)
    assert (refused.status_code, where in refused.json["detail"]) == (422, True), refused.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "a"),
        ("X A", "a"),
        ("X:A", "a"),
        ("X-Ü", "a"),
        ("X-A\r\nX-B", "a"),
        ("X-A", "a\r\nX-B: b"),
        ("X-A", "a\nb"),
        ("X-A", "a\x00b"),
        ("X-A", "a\x7fb"),
        ("X-A", "€"),
        ("X-A", "a" * 4097),
        ("Content-Length", "3"),
        ("transfer-encoding", "chunked"),
        ("Connection", "close"),
    ],
)
def test_invalid_headers_and_those_of_the_server_are_refused(harness: Harness, name: str, value: str) -> None:
    refused = set_rule(harness, {"kind": "status", "headers": {name: value}})
    assert (refused.status_code, "fault.status.headers" in refused.json["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("status", "type"),
    [(404, "not_found"), (405, "method_not_allowed"), (409, "conflict"), (418, "bad_request"), (503, "internal_error")],
)
def test_a_status_fault_uses_the_error_body_of_the_provider(harness: Harness, status: int, type: str) -> None:
    response = request_with_fault(harness, "status", status=status, detail="On purpose")
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert response.json["type"] == f"urn:smartepi:error:{type}"
    assert (response.json["status"], response.json["detail"]) == (status, "On purpose")
    assert "X-Request-Id" in response.headers


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, {"message": "Unauthorized"}), (429, {"message": "Too Many Requests"})],
)
def test_a_status_of_the_gateway_uses_the_error_body_of_the_gateway(harness: Harness, status: int, body: Any) -> None:
    response = request_with_fault(harness, "status", status=status)
    assert (response.status_code, response.json) == (status, body)
    assert "X-Request-Id" not in response.headers


@pytest.mark.parametrize(
    ("body", "sent", "kind"),
    [
        ({"a": [1, None]}, b'{"a":[1,null]}', "application/json"),
        ([], b"[]", "application/json"),
        (0, b"0", "application/json"),
        (False, b"false", "application/json"),
        ("as it is ü", "as it is ü".encode(), "text/plain; charset=utf-8"),
        ("", b"", "text/plain; charset=utf-8"),
    ],
)
def test_a_given_body_replaces_the_error_body(harness: Harness, body: Any, sent: bytes, kind: str) -> None:
    response = request_with_fault(harness, "status", status=502, body=body)
    assert (response.status_code, response.data, response.content_type) == (502, sent, kind)


@pytest.mark.parametrize("body", [None, "<html>"])
def test_a_given_header_replaces_the_one_of_the_response(harness: Harness, body: str | None) -> None:
    headers = {"content-type": "text/html", "Retry-After": "9"}
    response = request_with_fault(harness, "status", status=503, body=body, headers=headers)
    assert response.headers.getlist("Content-Type") == ["text/html"]
    assert response.headers["Retry-After"] == "9"


@pytest.mark.parametrize(
    ("status", "title"),
    [(502, "502 Bad Gateway"), (503, "503 Service Temporarily Unavailable"), (504, "504 Gateway Time-out")],
)
@pytest.mark.parametrize("server", ["nginx", "awselb/2.0", "cloudflare"])
def test_a_gateway_fault_returns_the_page_of_a_load_balancer(
    harness: Harness, status: int, title: str, server: str
) -> None:
    response = request_with_fault(harness, "gateway", status=status, server=server)
    assert (response.status_code, response.content_type) == (status, "text/html")
    assert f"<title>{title}</title>" in response.text
    assert f"<center>{server}</center>" in response.text
    assert response.headers.getlist("Server") == [server]
    assert "X-Request-Id" not in response.headers


@pytest.mark.parametrize(("seconds", "header"), [(None, None), (0, "0"), (30, "30")])
def test_a_rate_limit_fault_has_retry_after_only_if_given(harness: Harness, seconds: int | None, header: str) -> None:
    response = request_with_fault(harness, "rate_limited", retry_after=seconds)
    assert (response.status_code, response.headers.get("Retry-After")) == (429, header)


def test_key_not_propagated_does_not_apply_to_a_call_without_a_key(harness: Harness) -> None:
    set_rule(harness, {"kind": "key_not_propagated"})
    assert harness.request("GET", PATH).status_code == 403
    assert harness.request("GET", PATH, key=None).status_code == 401
    plain: Any = harness.admin("GET", "/sandboxes/smartepi/faults/it").json
    assert plain["fired"] == 2


def test_an_injected_rate_limit_equals_the_real_one(acme: Harness) -> None:
    injected = request_with_fault(acme, "rate_limited")
    acme.admin("DELETE", "/sandboxes/acme/faults")
    acme.admin("PATCH", "/sandboxes/acme", {"limits": {"rate": 1, "burst": 1}})
    real = [acme.request("GET", "/v1/notes") for _ in range(2)][-1]
    assert_same_refusal(injected, real)


def test_an_injected_key_propagation_equals_the_real_one(acme: Harness) -> None:
    injected = request_with_fault(acme, "key_not_propagated")
    acme.admin("DELETE", "/sandboxes/acme/faults")
    new: Any = acme.admin("POST", "/sandboxes/acme/keys", {"activates_in": "60s"}).json
    assert_same_refusal(injected, acme.request("GET", "/v1/notes", key=new["secret"]))


def test_an_injected_idempotency_mismatch_equals_the_real_one(acme: Harness) -> None:
    injected = request_with_fault(acme, "idempotency_conflict", conflict="mismatch")
    acme.admin("DELETE", "/sandboxes/acme/faults")
    headers = {"Idempotency-Key": "k"}
    real = [acme.request("POST", "/v1/notes", json={"text": text}, headers=headers) for text in "ab"][-1]
    assert_same_refusal(injected, real)


def test_an_injected_request_in_flight_is_a_conflict(acme: Harness) -> None:
    response = request_with_fault(acme, "idempotency_conflict")
    assert (response.status_code, response.json["code"]) == (409, "idempotency_in_flight")
    assert response.json["raised_in"] == "idempotency"


def assert_same_refusal(injected: ApiResponse, real: ApiResponse) -> None:
    """Asserts that two refusals are equal except for the detail, which an injected one cannot know."""
    assert injected.status_code == real.status_code
    assert {**injected.json, "detail": ""} == {**real.json, "detail": ""}
    assert [name for name, _ in injected.headers if name != "X-Testmode-Fault"] == [name for name, _ in real.headers]


@pytest.mark.parametrize(
    ("kind", "parameters", "wire"),
    [
        ("reset", {}, Wire(head=False, cut_after=0, reset=True)),
        ("empty", {}, Wire(head=False, cut_after=0)),
        ("hang", {}, Wire(hold=inf, head=False, cut_after=0)),
        ("garbage", {}, Wire(head=False)),
        ("lost_response", {}, Wire(head=False, cut_after=0, reset=True)),
        ("lost_response", {"how": "empty"}, Wire(head=False, cut_after=0)),
        ("lost_response", {"how": "hang"}, Wire(hold=inf, head=False, cut_after=0)),
        ("truncated", {}, Wire(cut_after=12)),
        ("truncated", {"fraction": 0}, Wire(cut_after=0)),
        ("truncated", {"fraction": 0.99}, Wire(cut_after=24)),
        ("drip", {"bytes": 3, "every_ms": 250}, Wire(pace=Pace(3, 0.25))),
    ],
)
def test_connection_faults_describe_their_effect_as_a_wire_value(
    kind: str, parameters: dict[str, Any], wire: Wire
) -> None:
    assert apply(kind, **parameters)[0].wire == wire


KINDS_THAT_EXECUTE = {"latency", "lost_response", "truncated", "malformed_json", "drip"}


@pytest.mark.parametrize("kind", sorted(kind for kind, model in Fault.KINDS.items() if model.APPLIES_TO == "calls"))
def test_fault_kind_executes_the_operation_as_listed(kind: str) -> None:
    needed: dict[str, Any] = {"distribution": {"type": "fixed", "ms": 250}} if kind == "latency" else {}
    actions = apply(kind, **needed)[1]
    expected = [*(["waited 0.25"] if needed else []), *(["worked"] if kind in KINDS_THAT_EXECUTE else [])]
    assert actions == expected, (
        f"{kind}: add it to KINDS_THAT_EXECUTE if it calls proceed, and take it out if it does not"
    )


@pytest.mark.parametrize("size", [1, 128, 65_536])
def test_garbage_has_the_given_length_and_is_reproducible_and_not_http(size: int) -> None:
    noise = apply("garbage", bytes=size)[0].body
    assert (len(noise), noise[:1]) == (size, b"\xff")
    assert apply("garbage", bytes=size)[0].body == noise


@pytest.mark.parametrize("body", [BODY, b"[]", b'""', b"", b"12", b"1", b"null", '{"a":"ü"}'.encode()])
def test_malformed_json_is_never_json(body: bytes) -> None:
    malformed = apply("malformed_json", body=body)[0].body
    with pytest.raises(ValueError, match=r"."):
        from_json(malformed)


def test_malformed_json_has_the_content_length_of_its_body(harness: Harness) -> None:
    whole = harness.request("GET", PATH).data
    response = request_with_fault(harness, "malformed_json")
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert response.data == whole[: len(whole) // 2]
    assert response.content_length == len(response.data)

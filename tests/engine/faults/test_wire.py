"""Every fault kind for calls, seen by http.client, urllib3 and curl over a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.client import BadStatusLine, HTTPConnection, IncompleteRead, RemoteDisconnected
from json import JSONDecodeError
from shutil import which
from subprocess import CompletedProcess, run
from time import monotonic
from typing import Any

import pytest
import urllib3

from mockserver.engine import Fault
from tests.support.acme import ACME
from tests.support.harness import make_harness
from tests.support.server_process import start_server
from tests.support.socket_server import LiveServer, Tenant, create_tenant, serve_on_socket

ONE_RECORD_PATH = "/v1/employees?limit=1"
SHORT_TIMEOUT_SECONDS, TIMEOUT_SECONDS = 0.4, 60.0
"""Seconds that a client waits for a server that never responds, and for any other."""


class FirstAttemptTimeout(urllib3.Timeout):
    """Waits a short time for the first response, and the usual time for later ones."""

    def clone(self) -> urllib3.Timeout:
        timeout = super().clone()
        self._read = TIMEOUT_SECONDS
        return timeout


@dataclass(frozen=True)
class Case:
    """A fault, and its effect on clients: an exception or a status, and the exit code of curl."""

    kind: str
    expected: type[Exception] | int
    curl: int
    fault: dict[str, Any] = field(default_factory=dict)
    wrapped: type[Exception] | None = None
    """The exception of urllib3 if it is not a ProtocolError around that of http.client."""

    @property
    def timeout(self) -> float:
        """Seconds that a client waits for the response."""
        return SHORT_TIMEOUT_SECONDS if self.expected is TimeoutError else TIMEOUT_SECONDS

    def __str__(self) -> str:
        return "-".join([self.kind, *map(str, self.fault.values())]) if self.fault else self.kind


WIRE_CASES = [
    Case("lost_response", ConnectionResetError, 56, {"how": "reset"}),
    Case("lost_response", RemoteDisconnected, 52, {"how": "empty"}),
    Case("lost_response", TimeoutError, 28, {"how": "hang"}, urllib3.exceptions.ReadTimeoutError),
    Case("hang", TimeoutError, 28, wrapped=urllib3.exceptions.ReadTimeoutError),
    Case("reset", ConnectionResetError, 56),
    Case("empty", RemoteDisconnected, 52),
    Case("truncated", IncompleteRead, 18),
    Case("garbage", BadStatusLine, 1),
]
COMPLETE_RESPONSE_CASES = [
    Case("status", 503, 22, {"status": 503}),
    Case("gateway", 504, 22, {"status": 504}),
    Case("rate_limited", 429, 22, {"retry_after": 7}),
    Case("key_not_propagated", 403, 22),
    Case("idempotency_conflict", 409, 22),
    Case("latency", 200, 0, {"distribution": {"type": "fixed", "ms": 120}}),
    Case("drip", 200, 0, {"bytes": 90, "every_ms": 40}),
    Case("malformed_json", 200, 0),
]


@pytest.fixture(scope="module", params=["in process", "as shipped"])
def live_server(request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    if request.param == "in process":
        with serve_on_socket(make_harness(freeze=False)) as here:
            yield here
    else:
        with start_server("serve", "smartepi", "--port", "0", "--memory", "--admin-token", "t") as (_, url):
            yield LiveServer(url, "t")


@pytest.fixture
def tenant_sandbox(live_server: LiveServer) -> Tenant:
    return create_tenant(live_server)


def curl(tenant_sandbox: Tenant, path: str, *options: str) -> CompletedProcess[bytes]:
    program = which("curl")
    assert program == "/usr/bin/curl", "this test needs /usr/bin/curl"
    url, key = (
        f"{tenant_sandbox.server.url}/{tenant_sandbox.provider}{path}",
        f"Authorization: Bearer {tenant_sandbox.key}",
    )
    return run(
        [program, "-sS", "--noproxy", "*", "-H", key, *options, url],
        capture_output=True,
        timeout=2 * TIMEOUT_SECONDS,
        check=False,
    )


def with_urllib3(tenant_sandbox: Tenant, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
    options.setdefault("retries", False)
    headers = {"Authorization": f"Bearer {tenant_sandbox.key}"}
    with urllib3.PoolManager() as pool:
        return pool.request(
            method, f"{tenant_sandbox.server.url}/{tenant_sandbox.provider}{path}", headers=headers, **options
        )


def count_named(tenant_sandbox: Tenant, records: str, name: str) -> int:
    return [each["name"] for each in tenant_sandbox.request("GET", f"/v1/{records}?limit=100").json["data"]].count(name)


def wait_until(holds: Callable[[], object]) -> None:
    """Waits until a condition holds; a client that timed out does not know whether its request was executed."""
    deadline = monotonic() + TIMEOUT_SECONDS
    while not holds():
        assert monotonic() < deadline


def test_every_kind_of_fault_has_a_case_here() -> None:
    of_calls = {kind for kind, model in Fault.KINDS.items() if model.APPLIES_TO == "calls"}
    cases = {case.kind for case in WIRE_CASES + COMPLETE_RESPONSE_CASES}
    assert cases == of_calls, (
        "each kind needs a Case in WIRE_CASES (broken connection) or COMPLETE_RESPONSE_CASES (response)"
    )


@pytest.mark.parametrize("case", WIRE_CASES, ids=str)
def test_http_client_raises_the_failure_and_the_next_call_works(tenant_sandbox: Tenant, case: Case) -> None:
    tenant_sandbox.fault(case.kind, fault=case.fault, trigger={"times": 1})
    with pytest.raises(Exception) as raised:  # noqa: PT011
        tenant_sandbox.request("GET", ONE_RECORD_PATH, timeout=case.timeout)
    assert raised.type is case.expected
    assert tenant_sandbox.request("GET", ONE_RECORD_PATH).status == 200


@pytest.mark.parametrize("case", WIRE_CASES, ids=str)
def test_urllib3_raises_the_failure_of_the_connection(tenant_sandbox: Tenant, case: Case) -> None:
    tenant_sandbox.fault(case.kind, fault=case.fault, trigger={"times": 1})
    with pytest.raises(urllib3.exceptions.HTTPError) as raised:
        with_urllib3(tenant_sandbox, "GET", ONE_RECORD_PATH, timeout=case.timeout)
    assert raised.type is (case.wrapped or urllib3.exceptions.ProtocolError)
    assert case.wrapped or type(raised.value.args[1]) is case.expected


@pytest.mark.parametrize("case", WIRE_CASES, ids=str)
def test_urllib3_succeeds_with_a_retry(tenant_sandbox: Tenant, case: Case) -> None:
    tenant_sandbox.fault(case.kind, fault=case.fault, trigger={"times": 1})
    timeout = FirstAttemptTimeout(read=case.timeout)
    assert (
        with_urllib3(tenant_sandbox, "GET", ONE_RECORD_PATH, retries=urllib3.Retry(total=1), timeout=timeout).status
        == 200
    )
    assert [entry["faults"] != [] for entry in tenant_sandbox.requests()] == [True, False]


@pytest.mark.parametrize("case", WIRE_CASES + COMPLETE_RESPONSE_CASES, ids=str)
def test_curl_exits_with_the_expected_code(tenant_sandbox: Tenant, case: Case) -> None:
    tenant_sandbox.fault(case.kind, fault=case.fault, trigger={"times": 1})
    done = curl(tenant_sandbox, ONE_RECORD_PATH, "--fail", "--max-time", str(case.timeout))
    assert done.returncode == case.curl, done.stderr
    assert curl(tenant_sandbox, ONE_RECORD_PATH, "--fail", "--max-time", str(TIMEOUT_SECONDS)).returncode == 0


@pytest.mark.parametrize("case", COMPLETE_RESPONSE_CASES, ids=str)
def test_a_complete_response_has_its_status_and_the_rule_in_a_header(tenant_sandbox: Tenant, case: Case) -> None:
    rule = tenant_sandbox.fault(case.kind, fault=case.fault, trigger={"times": 1})
    response = tenant_sandbox.request("GET", ONE_RECORD_PATH)
    assert (response.status, response.headers["X-Testmode-Fault"]) == (case.expected, rule["id"])
    assert int(response.headers["Content-Length"]) == len(response.body)
    assert "X-Testmode-Fault" not in tenant_sandbox.request("GET", ONE_RECORD_PATH).headers


def test_a_truncated_response_has_the_full_content_length(tenant_sandbox: Tenant) -> None:
    whole = tenant_sandbox.request("GET", ONE_RECORD_PATH).body
    tenant_sandbox.fault("truncated", fault={"fraction": 0.25}, trigger={"times": 1})
    with pytest.raises(IncompleteRead) as raised:
        tenant_sandbox.request("GET", ONE_RECORD_PATH)
    assert raised.value.partial == whole[: len(whole) // 4]
    assert len(raised.value.partial) + (raised.value.expected or 0) == len(whole)


def test_malformed_json_is_a_complete_response_that_no_parser_accepts(tenant_sandbox: Tenant) -> None:
    tenant_sandbox.fault("malformed_json", trigger={"times": 1})
    response = tenant_sandbox.request("GET", ONE_RECORD_PATH)
    assert response.headers["Content-Type"] == "application/json"
    with pytest.raises(JSONDecodeError):
        _ = response.json


def test_a_latency_delays_the_first_byte(tenant_sandbox: Tenant) -> None:
    tenant_sandbox.fault("latency", fault={"distribution": {"type": "fixed", "ms": 150}})
    assert tenant_sandbox.request("GET", ONE_RECORD_PATH).seconds >= 0.15


def test_a_dripping_response_arrives_slowly_and_complete(tenant_sandbox: Tenant) -> None:
    whole = tenant_sandbox.request("GET", ONE_RECORD_PATH).body
    tenant_sandbox.fault("drip", fault={"bytes": 100, "every_ms": 60})
    pieces, times = [], []
    with closing(HTTPConnection(tenant_sandbox.server.host, tenant_sandbox.server.port, timeout=60)) as connection:
        connection.request(
            "GET", f"/smartepi{ONE_RECORD_PATH}", headers={"Authorization": f"Bearer {tenant_sandbox.key}"}
        )
        with closing(connection.getresponse()) as response:
            while piece := response.read1(4096):
                pieces.append(piece)
                times.append(monotonic())
    assert b"".join(pieces) == whole
    assert len(pieces) >= 2
    # The first piece may be read late, so only the time from the second to the last is certain.
    assert times[-1] - times[0] >= 0.06 * (len(whole) // 100 - 1)


@pytest.mark.parametrize("how", ["reset", "empty", "hang"])
def test_a_create_with_a_lost_response_has_been_performed(tenant_sandbox: Tenant, how: str) -> None:
    tenant_sandbox.fault("lost_response", fault={"how": how}, match={"method": "POST"}, trigger={"times": 1})
    with pytest.raises(OSError):  # noqa: PT011
        tenant_sandbox.request(
            "POST",
            "/v1/sectors",
            json={"name": "Foundry"},
            timeout=SHORT_TIMEOUT_SECONDS if how == "hang" else TIMEOUT_SECONDS,
        )
    wait_until(lambda: count_named(tenant_sandbox, "sectors", "Foundry") == 1)
    again = tenant_sandbox.request("POST", "/v1/sectors", json={"name": "Foundry"})
    assert (again.status, again.json["type"]) == (409, "urn:smartepi:error:duplicate_name")


@pytest.mark.parametrize("kind", ["reset", "empty", "hang", "garbage"])
def test_a_create_that_failed_before_execution_has_no_effect(tenant_sandbox: Tenant, kind: str) -> None:
    tenant_sandbox.fault(kind, match={"method": "POST"}, trigger={"times": 1})
    with pytest.raises(Exception):  # noqa: B017, PT011
        tenant_sandbox.request(
            "POST",
            "/v1/sectors",
            json={"name": "Foundry"},
            timeout=SHORT_TIMEOUT_SECONDS if kind == "hang" else TIMEOUT_SECONDS,
        )
    assert count_named(tenant_sandbox, "sectors", "Foundry") == 0
    assert tenant_sandbox.request("POST", "/v1/sectors", json={"name": "Foundry"}).status == 201


def test_a_client_that_repeats_a_create_makes_two_records(tenant_sandbox: Tenant) -> None:
    tenant_sandbox.fault("lost_response", match={"method": "POST"}, trigger={"times": 1})
    retry = urllib3.Retry(total=1, allowed_methods=None)
    created = with_urllib3(tenant_sandbox, "POST", "/v1/employees", json={"name": "Twice Hired"}, retries=retry)
    assert created.status == 201
    assert count_named(tenant_sandbox, "employees", "Twice Hired") == 2


def test_a_client_that_repeats_only_safe_requests_makes_one_record(tenant_sandbox: Tenant) -> None:
    tenant_sandbox.fault("lost_response", match={"method": "POST"}, trigger={"times": 1})
    with pytest.raises(urllib3.exceptions.ProtocolError):
        with_urllib3(
            tenant_sandbox, "POST", "/v1/employees", json={"name": "Once Hired"}, retries=urllib3.Retry(total=3)
        )
    assert count_named(tenant_sandbox, "employees", "Once Hired") == 1


@pytest.mark.parametrize("how", ["reset", "empty", "hang"])
def test_a_lost_response_is_replayed_for_the_same_idempotency_key(how: str) -> None:
    with serve_on_socket(make_harness(ACME, freeze=False)) as served:
        tenant_sandbox = create_tenant(served, "acme")
        tenant_sandbox.fault("lost_response", fault={"how": how}, match={"method": "POST"}, trigger={"times": 1})
        create: dict[str, Any] = {"json": {"text": "once"}, "headers": {"Idempotency-Key": "k1"}}
        with pytest.raises(OSError):  # noqa: PT011
            tenant_sandbox.request(
                "POST", "/v1/notes", timeout=SHORT_TIMEOUT_SECONDS if how == "hang" else TIMEOUT_SECONDS, **create
            )
        wait_until(tenant_sandbox.requests)
        lost = tenant_sandbox.server.admin(
            "GET", f"/sandboxes/{tenant_sandbox.id}/requests/{tenant_sandbox.requests()[-1]['id']}"
        )
        again = tenant_sandbox.request("POST", "/v1/notes", **create)
        assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
        assert again.body.decode() == lost["response"]["body"]["text"]
        assert tenant_sandbox.request("GET", "/v1/notes").json["data"] == [again.json]


def test_a_hanging_call_does_not_delay_others(tenant_sandbox: Tenant) -> None:
    tenant_sandbox.fault("hang", match={"path": "*/sectors"})
    with closing(
        HTTPConnection(tenant_sandbox.server.host, tenant_sandbox.server.port, timeout=SHORT_TIMEOUT_SECONDS)
    ) as connection:
        connection.request("GET", "/smartepi/v1/sectors", headers={"Authorization": f"Bearer {tenant_sandbox.key}"})
        for _ in range(5):
            assert tenant_sandbox.request("GET", ONE_RECORD_PATH).status == 200
        with pytest.raises(TimeoutError):
            connection.getresponse()


@pytest.mark.parametrize("kind", ["reset", "empty", "garbage"])
def test_a_head_request_is_hit_like_any_other(tenant_sandbox: Tenant, kind: str) -> None:
    tenant_sandbox.fault(kind)
    expected = {"reset": ConnectionResetError, "empty": RemoteDisconnected, "garbage": BadStatusLine}[kind]
    with pytest.raises(Exception) as raised:  # noqa: PT011
        tenant_sandbox.request("HEAD", ONE_RECORD_PATH)
    assert raised.type is expected


def test_a_response_without_a_body_can_be_lost_too(tenant_sandbox: Tenant) -> None:
    tenant_sandbox.fault("status", fault={"status": 204}, priority=20)
    tenant_sandbox.fault("lost_response", fault={"how": "empty"}, priority=5)
    with pytest.raises(RemoteDisconnected):
        tenant_sandbox.request("DELETE", "/v1/sectors/any")


@pytest.mark.parametrize("status", [204, 304])
def test_a_dripping_response_without_a_body_has_none(tenant_sandbox: Tenant, status: int) -> None:
    tenant_sandbox.fault("status", fault={"status": status, "body": "nothing of this may be sent"}, priority=20)
    tenant_sandbox.fault("drip", priority=5)
    output = curl(
        tenant_sandbox, ONE_RECORD_PATH, "-i", "--raw", "--ignore-content-length", "--max-time", str(TIMEOUT_SECONDS)
    )
    head, _, body = output.stdout.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert body == b""


@pytest.mark.parametrize("outer", ["drip", "truncated", "malformed_json", "lost_response"])
@pytest.mark.parametrize("inner", [case for case in WIRE_CASES if case.kind in ("reset", "empty")], ids=str)
def test_a_broken_connection_stays_broken_inside_other_faults(tenant_sandbox: Tenant, outer: str, inner: Case) -> None:
    tenant_sandbox.fault(inner.kind, priority=20)
    tenant_sandbox.fault(outer, priority=5)
    with pytest.raises(ConnectionResetError) as raised:
        tenant_sandbox.request("GET", ONE_RECORD_PATH)
    assert raised.type is inner.expected or outer == "lost_response"


def test_a_dripping_response_can_be_truncated_too(tenant_sandbox: Tenant) -> None:
    tenant_sandbox.fault("truncated", fault={"fraction": 0.5}, priority=20)
    tenant_sandbox.fault("drip", fault={"bytes": 100, "every_ms": 30}, priority=5)
    began = monotonic()
    with pytest.raises(IncompleteRead):
        tenant_sandbox.request("GET", ONE_RECORD_PATH)
    assert monotonic() - began >= 0.03


def test_health_and_the_admin_api_are_never_faulted(tenant_sandbox: Tenant) -> None:
    tenant_sandbox.fault("reset")
    for path in ("/health", "/healthz", "/ready", "/readyz"):
        assert tenant_sandbox.server.request("GET", path, key=tenant_sandbox.key).status == 200
    assert tenant_sandbox.server.admin("GET", f"/sandboxes/{tenant_sandbox.id}")["id"] == tenant_sandbox.id


def test_calls_that_no_rule_matches_are_unchanged(tenant_sandbox: Tenant) -> None:
    plain = tenant_sandbox.request("GET", ONE_RECORD_PATH)
    tenant_sandbox.fault("reset", match={"path": "*/sectors"})
    unmatched = tenant_sandbox.request("GET", ONE_RECORD_PATH)
    assert (unmatched.status, unmatched.body) == (plain.status, plain.body)
    assert "X-Testmode-Fault" not in unmatched.headers
    assert tenant_sandbox.requests()[-1]["faults"] == []


def test_another_sandbox_of_the_same_server_is_not_affected(tenant_sandbox: Tenant) -> None:
    tenant_sandbox.fault("reset")
    assert create_tenant(tenant_sandbox.server).request("GET", ONE_RECORD_PATH).status == 200

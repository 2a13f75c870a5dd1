"""Rules for every provider: it refuses invalid requests in its own format, and a refusal changes no record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from io import BytesIO
from json import loads
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from werkzeug.test import TestResponse

from mockserver.app import known_providers
from mockserver.engine import Call, FieldError, Journals, Operation, Problem, Provider
from mockserver.engine.core.problem import STATUS_BY_CODE
from tests.support.acme import ACME
from tests.support.collect_failures import collect_failures
from tests.support.harness import Harness, make_harness

PROVIDERS: dict[str, Provider] = {**known_providers(), ACME.name: ACME}
OPERATIONS = [(name, operation) for name, provider in PROVIDERS.items() for operation in provider.operations]
NON_FAILING_OPERATIONS = [(name, operation) for name, operation in OPERATIONS if operation.name != "explode"]
DEFAULT_OPERATIONS = [
    (name, operation)
    for name, operation in OPERATIONS
    if operation.available_if is None or operation.available_if(PROVIDERS[name].assumptions())
]
"""The operations of a sandbox with default assumptions."""
PATHS = sorted(
    {(name, operation.path) for name, operation in DEFAULT_OPERATIONS}
    | {(name, path) for name, provider in PROVIDERS.items() for path in provider.refused_paths}
)
LIMIT = 1_000
DENIED_MESSAGE = "User is not authorized to access this resource with an explicit deny in an identity-based policy"


def is_smartepi_refusal(answer: TestResponse, document: dict[str, Any]) -> bool:
    """The gateway refuses with one of four texts, and the application with a problem and a request id."""
    if answer.headers["Content-Type"] == "application/json":
        gateway = [
            (401, {"message": "Unauthorized"}),
            (403, {"Message": DENIED_MESSAGE}),
            (413, {"message": "Request Too Long"}),
            (429, {"message": "Too Many Requests"}),
        ]
        return (answer.status_code, document) in gateway and "X-Request-Id" not in answer.headers
    problem = answer.headers["Content-Type"] == "application/problem+json" and "X-Request-Id" in answer.headers
    has_members = list(document) == ["type", "title", "status", "detail"] and document["type"].startswith(
        "urn:smartepi:error:"
    )
    return problem and has_members and document["status"] == answer.status_code


def is_kasko_refusal(answer: TestResponse, document: dict[str, Any]) -> bool:
    """The status is a reason phrase; `errors` is there only if product rules refuse."""
    words = {413: "Content Too Large", 422: "Unprocessable Content"}
    phrase = words.get(answer.status_code) or HTTPStatus(answer.status_code).phrase
    has_members = list(document) == ["status", "message"] or list(document) == ["status", "message", "errors"]
    plain = answer.headers["Content-Type"] == "application/json" and "X-Request-Id" in answer.headers
    return plain and has_members and document["status"] == phrase and bool(document["message"])


def is_kotauth_refusal(answer: TestResponse, document: dict[str, Any]) -> bool:
    """A problem with four members, a type that ends with the status, and a request id."""
    problem = answer.headers["Content-Type"] == "application/problem+json" and "X-Request-ID" in answer.headers
    has_members = list(document) == ["type", "title", "status", "detail"] and bool(document["title"])
    status = document.get("status") == answer.status_code
    return problem and has_members and status and document["type"] == f"https://kotauth.dev/errors/{answer.status_code}"


KOTA_CODES: dict[str, tuple[tuple[int, ...], str]] = {
    "invalid_request": ((400, 405, 413), "Invalid request"),
    "invalid_state": ((400, 409), "Invalid state"),
    "unauthorized": ((401,), "Unauthorized"),
    "forbidden": ((403,), "Forbidden"),
    "not_found": ((404,), "Resource not found"),
    "idempotency_error": ((409,), "Idempotency error"),
    "rate_limit_exceeded": ((429,), "Too many requests"),
    "third_party_error": ((500,), "Third party error"),
    "internal_error": ((500,), "An error occurred while processing your request"),
}
"""Kota's error codes, with their statuses and titles."""


def is_kota_refusal(answer: TestResponse, document: dict[str, Any]) -> bool:
    """A problem with one of nine codes and a trace id, and optionally a detail and errors."""
    statuses, title = KOTA_CODES.get(document.get("error_code", ""), ((), ""))
    has_members = list(document)[:5] == ["type", "title", "status", "error_code", "trace_id"]
    further = list(document)[5:] in ([], ["detail"], ["errors"], ["detail", "errors"])
    plain = answer.headers["Content-Type"] == "application/problem+json" and document["title"] == title
    traced = bool(re.fullmatch("[0-9a-f]{32}", document["trace_id"]))
    return has_members and further and plain and traced and answer.status_code == document["status"] in statuses


def is_acme_refusal(answer: TestResponse, document: dict[str, Any]) -> bool:
    return set(document) == {"code", "detail", "raised_in"} and answer.headers["X-Acme"] == "1"


def is_json_refusal(answer: TestResponse, document: dict[str, Any]) -> bool:
    """The minimum for a provider without an entry below: a JSON object with a JSON media type."""
    return bool(document) and bool(re.match(r"application/([\w.-]+\+)?json(;|$)", answer.headers["Content-Type"]))


REFUSAL_CHECKS: dict[str, Callable[[TestResponse, dict[str, Any]], bool]] = {
    "smartepi": is_smartepi_refusal,
    "kotauth": is_kotauth_refusal,
    "kasko": is_kasko_refusal,
    "kota": is_kota_refusal,
    "acme": is_acme_refusal,
}


def is_own_refusal(name: str, method: str, answer: TestResponse) -> bool:
    """Whether a refusal has the format of this provider."""
    if "traceback" in answer.text.lower() or "X-Testmode-Bug" in answer.headers:
        return False
    if method == "HEAD":
        return answer.data == b"" and "html" not in answer.headers["Content-Type"]
    document = loads(answer.data)
    return isinstance(document, dict) and REFUSAL_CHECKS.get(name, is_json_refusal)(answer, document)


@pytest.fixture(scope="module")
def shared_harness() -> Iterator[Harness]:
    """One harness with every provider, which the tests can share because a refusal changes nothing."""
    harness = make_harness(*PROVIDERS.values(), journals=Journals(1_000))
    for name in PROVIDERS:
        settings = {"limits": {"rate": 1_000_000, "burst": 10_000_000}, "assumptions": {"body_limit": LIMIT}}
        assert harness.admin("PATCH", f"/sandboxes/{name}", settings).status_code == 200
    yield harness
    for sandbox in harness.engine.sandboxes.values():
        bugs = [entry.bug for entry in sandbox.journal.entries() if entry.bug is not None]
        assert not bugs


def send(
    harness: Harness, name: str, method: str, target: str, *, keyed: bool, data: bytes = b"", chunked: bool = False
) -> TestResponse:
    """Send a request with exactly this target, not normalised; ``target`` follows the provider's name."""
    path, _, query = f"/{name}{target}".partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
        "RAW_URI": f"/{name}{target}",
        "REQUEST_URI": f"/{name}{target}",
        "QUERY_STRING": query,
    }
    headers = {"Authorization": f"Bearer {harness.key(name)}"} if keyed else {}
    if chunked:
        headers["Transfer-Encoding"] = "chunked"
        environ |= {"wsgi.input": BytesIO(data), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    return harness.app.test_client().open("/", data=data, headers=headers, environ_overrides=environ)


def stored_records(harness: Harness, name: str) -> Any:
    collections = harness.engine.export(name)["collections"]
    return {collection: records for collection, records in collections.items() if collection != "_sandbox"}


def fill_path(operation: Operation | str, value: str = "any") -> str:
    path = operation if isinstance(operation, str) else operation.path
    return re.sub(r"\{\w+\}", lambda _: value, path)


class ProviderProbe:
    """Sends invalid requests to a provider, and checks the refusals and the stored records."""

    def __init__(self, harness: Harness, name: str) -> None:
        self.harness, self.name, self.records = harness, name, stored_records(harness, name)

    def expect_refusal(self, method: str, target: str, **options: Any) -> TestResponse:
        """Assert that a request is refused in the provider's format and changes no record, and return the response."""
        answer = send(self.harness, self.name, method, target, **options)
        before, self.records = self.records, stored_records(self.harness, self.name)
        is_unchanged = self.records == before
        assert 400 <= answer.status_code < 500, answer.text
        assert is_own_refusal(self.name, method, answer), answer.text
        assert is_unchanged
        return answer


def operations_of(name: str) -> list[Operation]:
    return [operation for provider, operation in OPERATIONS if provider == name]


def non_failing_operations_of(name: str) -> list[Operation]:
    return [operation for provider, operation in NON_FAILING_OPERATIONS if provider == name]


def with_ids(cases: dict[str, Any]) -> Any:
    return [pytest.param(case, id=name) for name, case in cases.items()]


every_provider = pytest.mark.parametrize("name", PROVIDERS)
"""Each test loops over the operations: a test for each request would be slower."""
KEYED = {True: "with a key", False: "without a key"}
CHUNKED = {True: "chunked", False: "with a length"}


DECLARED_METHODS = {(name, op.path, op.method) for name, op in OPERATIONS}
METHODS = ("TRACE", "CONNECT", "PROPFIND", "FOO", "PATCH", "HEAD", "OPTIONS", "get", "NONE", "M-SEARCH")
UNDECLARED_METHODS = [
    (name, path, method) for name, path in PATHS for method in METHODS if (name, path, method) not in DECLARED_METHODS
]


@pytest.mark.parametrize("method", METHODS)
@every_provider
def test_an_undeclared_method_is_refused_in_the_providers_format(
    shared_harness: Harness, name: str, method: str
) -> None:
    probe = ProviderProbe(shared_harness, name)
    with collect_failures() as case:
        for path in [
            path for provider, path, undeclared in UNDECLARED_METHODS if (provider, undeclared) == (name, method)
        ]:
            for keyed in KEYED:
                with case(method, path, KEYED[keyed]):
                    answer = probe.expect_refusal(method, fill_path(path), keyed=keyed)
                    assert not keyed or answer.status_code == 405


UNKNOWN_PATHS = [
    "", "/", "//", "/v1", "/v1/", "/V1/", "/v2/none", "/v1/none", "/%00", "/%", "/%zz", "/%ff%fe", "/\xff", "/..",
    "/../__admin/sandboxes", "/%2e%2e/__admin/version", "/__admin/sandboxes", "/health", "/favicon.ico", "/static/x",
    "/.git/config", "/" + "x" * 10_000, "/" + "a/" * 2_000, "/ ", "/v1?" + "x" * 10_000, "/<script>", "/\u00b2",
]  # fmt: skip


@every_provider
def test_an_unknown_path_is_refused_in_the_providers_format(shared_harness: Harness, name: str) -> None:
    probe = ProviderProbe(shared_harness, name)
    with collect_failures() as case:
        for target in UNKNOWN_PATHS:
            for keyed in KEYED:
                with case("GET and POST", target[:100], KEYED[keyed]):
                    probe.expect_refusal("GET", target, keyed=keyed)
                    probe.expect_refusal("POST", target, keyed=keyed, data=b"{}")


MANGLED_PATHS: dict[str, Callable[[str], str]] = {
    "two slashes at the start": lambda path: f"/{path}",
    "two slashes": lambda path: path.replace("/", "//"),
    "two slashes at the end": lambda path: f"{path}//",
    "a slash at the end": lambda path: f"{path}/",
    "encoded slash": lambda path: f"{path}%2F",
    "encoded slash between": lambda path: f"{path}%2fx",
    "encoded backslash": lambda path: f"{path}%5c..%5c",
    "dots at the end": lambda path: f"{path}/../..",
    "dots": lambda path: f"{path}/..",
    "one dot": lambda path: f"/.{path}",
    "encoded dots": lambda path: f"{path}/%2e%2e/%2E%2E",
    "semicolon": lambda path: f"{path};v=1",
    "further segments": lambda path: f"{path}/and/more",
    "upper case": lambda path: path.upper(),
    "NUL": lambda path: f"{path}%00",
    "bad UTF-8": lambda path: f"{path}%ff",
    "raw bad UTF-8": lambda path: f"{path}\xff",
    "encoded surrogate": lambda path: f"{path}%ed%a0%80",
    "line end": lambda path: f"{path}%0d%0aX-Evil:%201",
    "space": lambda path: f"{path}%20",
    "tab": lambda path: f"{path}\t",
    "over-long": lambda path: f"{path}{'x' * 100_000}",
}


@pytest.mark.parametrize("mangle", with_ids(MANGLED_PATHS))
@every_provider
def test_a_mangled_path_is_refused_in_the_providers_format(
    shared_harness: Harness, name: str, mangle: Callable[[str], str]
) -> None:
    probe = ProviderProbe(shared_harness, name)
    with collect_failures() as case:
        for operation in operations_of(name):
            for keyed in KEYED:
                with case(operation.method, operation.path, KEYED[keyed]):
                    answer = probe.expect_refusal(operation.method, mangle(fill_path(operation)), keyed=keyed)
                    assert "X-Evil" not in answer.headers


IDS = [
    "x" * 10_000,
    "%00",
    "%ff",
    "%ed%a0%80",
    "é",
    "..",
    ".",
    "%2e%2e",
    "null",
    "0",
    "-1",
    "{id}",
    "%7Bid%7D",
    "' OR 1=1",
]


@pytest.mark.parametrize("id", IDS)
@pytest.mark.parametrize("name", sorted({name for name, operation in OPERATIONS if "{" in operation.path}))
def test_a_malformed_id_is_refused_in_the_providers_format(shared_harness: Harness, name: str, id: str) -> None:
    probe, encoded_id = ProviderProbe(shared_harness, name), id.encode().decode("latin-1")
    with collect_failures() as case:
        for operation in [each for each in operations_of(name) if "{" in each.path]:
            for keyed in KEYED:
                with case(operation.method, operation.path, KEYED[keyed]):
                    probe.expect_refusal(operation.method, fill_path(operation, encoded_id), keyed=keyed)


UNREADABLE_BODIES = {
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "1e999": b'{"a": 1e999}',
    "bad UTF-8": b'{"a": "\xff"}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "65 deep": b"[" * 65 + b"]" * 65,
    "unclosed": b"[" * 900,
    "nothing": b"",
    "half": b'{"a": ',
    "array": b"[]",
    "null": b"null",
    "NUL": b"\0",
}


@pytest.mark.parametrize("data", with_ids(UNREADABLE_BODIES))
@pytest.mark.parametrize("name", sorted({name for name, operation in OPERATIONS if operation.body is not None}))
def test_an_unreadable_body_is_refused_in_the_providers_format(shared_harness: Harness, name: str, data: bytes) -> None:
    probe = ProviderProbe(shared_harness, name)
    with collect_failures() as case:
        for operation in [each for each in operations_of(name) if each.body is not None]:
            for keyed in KEYED:
                for chunked in CHUNKED:
                    with case(operation.method, operation.path, KEYED[keyed], CHUNKED[chunked]):
                        probe.expect_refusal(
                            operation.method, fill_path(operation), keyed=keyed, data=data, chunked=chunked
                        )


BODIES = {"64 arrays": b"[" * 64 + b"]" * 64, "64 objects": b'{"a":' * 63 + b"{}" + b"}" * 63, **UNREADABLE_BODIES}


@pytest.mark.parametrize("data", with_ids(BODIES))
@every_provider
def test_no_body_breaks_an_operation(shared_harness: Harness, name: str, data: bytes) -> None:
    with collect_failures() as case:
        for operation in non_failing_operations_of(name):
            with case(operation.method, operation.path):
                answer = send(shared_harness, name, operation.method, fill_path(operation), keyed=True, data=data)
                assert answer.status_code < 500
                assert answer.status_code < 400 or is_own_refusal(name, operation.method, answer)


@every_provider
def test_a_body_one_byte_over_the_limit_is_refused_with_413(shared_harness: Harness, name: str) -> None:
    probe, data = ProviderProbe(shared_harness, name), b'{"a": 1}'.ljust(LIMIT + 1)
    assumptions = shared_harness.engine.sandboxes[name].assumptions
    with collect_failures() as case:
        for operation in operations_of(name):
            available = operation.available_if is None or operation.available_if(assumptions)
            for keyed in KEYED:
                for chunked in CHUNKED:
                    with case(operation.method, operation.path, KEYED[keyed], CHUNKED[chunked]):
                        options: Any = {"keyed": keyed, "data": data, "chunked": chunked}
                        answer = probe.expect_refusal(operation.method, fill_path(operation), **options)
                        assert not (keyed and available) or answer.status_code == 413


@every_provider
def test_a_body_as_long_as_the_limit_is_read(shared_harness: Harness, name: str) -> None:
    data = b'{"a": 1}'.ljust(LIMIT)
    with collect_failures() as case:
        for operation in non_failing_operations_of(name):
            for chunked in CHUNKED:
                with case(operation.method, operation.path, CHUNKED[chunked]):
                    options: Any = {"keyed": True, "data": data, "chunked": chunked}
                    answer = send(shared_harness, name, operation.method, fill_path(operation), **options)
                    assert answer.status_code < 500
                    assert answer.status_code != 413


QUERIES = {
    "1,000 parameters": "&".join(f"p{nth}={nth}" for nth in range(1_000)),
    "1,000 times the same": "&".join(f"limit={nth}" for nth in range(1_000)),
    "bad UTF-8": "name=%ff&limit=%fe&cursor=%ff&%ff=1",
    "raw bad UTF-8": "name=\xff&cursor=\xff",
    "NUL": "name=%00&cursor=%00",
    "encoded surrogate": "name=%ed%a0%80&cursor=%ed%a0%80",
    "nothing between": "&&&=&=&?&",
    "bad percent": "%&%zz=%&limit=%",
    "over-long": "cursor=" + "x" * 100_000,
}


@pytest.mark.parametrize("query", with_ids(QUERIES))
@every_provider
def test_no_query_breaks_an_operation(shared_harness: Harness, name: str, query: str) -> None:
    with collect_failures() as case:
        for operation in non_failing_operations_of(name):
            for keyed in KEYED:
                with case(operation.method, operation.path, KEYED[keyed]):
                    answer = send(
                        shared_harness, name, operation.method, f"{fill_path(operation)}?{query}", keyed=keyed
                    )
                    assert answer.status_code < 500
                    assert answer.status_code < 400 or is_own_refusal(name, operation.method, answer)


def check_refusal(harness: Harness, name: str, problem: Problem) -> None:
    sandbox = harness.engine.sandboxes[name]
    call = Call(sandbox=sandbox, method="POST", path=f"/{name}/v1/any", now=0, serial=1)
    reply = sandbox.provider.dialect.render_problem(call, problem)
    sandbox.provider.dialect.decorate(call, reply)
    assert 400 <= reply.status <= 599
    assert loads(reply.body)
    assert "json" in (reply.header("Content-Type") or "")
    assert not [pair for pair in reply.headers if "\n" in "".join(pair)]


@every_provider
def test_every_provider_renders_every_problem_code(shared_harness: Harness, name: str) -> None:
    with collect_failures() as case:
        for code in STATUS_BY_CODE:
            for fields in ((), (FieldError("name", "is wrong"),)):
                for stage in ("authenticate", "ratelimit", "locate", "validate", "idempotency", "perform", ""):
                    with case(code, fields, stage):
                        check_refusal(
                            shared_harness, name, Problem(code, "Some detail", fields=fields, raised_in=stage)
                        )


@every_provider
def test_every_provider_renders_every_injected_status(shared_harness: Harness, name: str) -> None:
    with collect_failures() as case:
        for status in range(400, 600):
            with case(status):
                check_refusal(
                    shared_harness, name, Problem("injected", "Some detail", status=status, raised_in="perform")
                )

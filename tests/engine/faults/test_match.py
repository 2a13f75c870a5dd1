"""Matching calls: method, path, operation, key, headers and body."""

from __future__ import annotations

from functools import cache
from json import dumps
from time import thread_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mockserver.engine import Call, Credential, Match
from tests.support.harness import Harness, make_harness

FAULTS = "/sandboxes/smartepi/faults"
MAX_SECONDS = 20.0
"""CPU seconds, far more than any match takes."""


@cache
def shared_harness() -> Harness:
    return make_harness()


def matches(match: dict[str, Any], **call: Any) -> bool:
    candidate = Call(
        shared_harness().sandbox, call.pop("method", "GET"), call.pop("path", "/smartepi/v1/employees"), **call
    )
    parsed = Match.model_validate(match)
    assert parsed.matches(candidate) is not any(True for _ in parsed.mismatches(candidate))
    return parsed.matches(candidate)


def matches_body(condition: Any, body: Any, path: str = "$.value") -> bool:
    data = body if isinstance(body, bytes) else dumps(body).encode()
    return matches({"body": {path: condition}}, data=data)


def is_hit(harness: Harness, match: dict[str, Any], method: str, path: str, **options: Any) -> bool:
    """Whether a rule with this match hits a call over HTTP."""
    rule = {"match": match, "fault": {"kind": "status", "status": 503}}
    assert harness.admin("PUT", f"{FAULTS}/it", rule).status_code == 200
    return harness.request(method, path, **options).headers.get("X-Testmode-Fault") == "it"


def refusal_message(match: dict[str, Any]) -> str:
    response = shared_harness().admin("POST", FAULTS, {"match": match, "fault": {"kind": "reset"}})
    assert response.status_code == 422, response.text
    return str(response.json["detail"])


def test_an_empty_match_matches_every_call() -> None:
    assert matches({})
    assert matches({"method": None, "path": None, "operation": None, "key": None, "headers": {}, "body": {}})


@pytest.mark.parametrize(
    ("allowed", "method", "expected"),
    [
        ("POST", "POST", True),
        ("POST", "GET", False),
        (["POST", "PUT"], "PUT", True),
        (["POST", "PUT"], "DELETE", False),
        ([], "GET", False),
    ],
)
def test_a_method_is_one_or_several(allowed: Any, method: str, expected: bool) -> None:
    assert matches({"method": allowed}, method=method) is expected


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("*/employees", "/smartepi/v1/employees", True),
        ("*/employees", "/smartepi/v1/employees/emp_1", False),
        ("*/employees*", "/smartepi/v1/employees/emp_1", True),
        ("/smartepi/v1/*", "/smartepi/v1/employees", True),
        ("/smartepi/v1/employees/emp_?", "/smartepi/v1/employees/emp_1", True),
        ("/smartepi/v1/employees/emp_?", "/smartepi/v1/employees/emp_12", False),
        ("*/emp_[0-4]", "/x/emp_3", True),
        ("*/emp_[!0-4]", "/x/emp_3", False),
        ("*/EMPLOYEES", "/smartepi/v1/employees", False),
        ("*.employees", "/smartepi/v1/employees", False),
        ("*/a%20b", "/v1/a%20b", True),
        ("*/a b", "/v1/a%20b", False),
        ("*//employees", "/smartepi/v1//employees", True),
        ("*v1/employees", "/smartepi/v1//employees", False),
    ],
)
def test_a_path_is_a_glob_over_the_path_as_it_was_sent(glob: str, path: str, expected: bool) -> None:
    assert matches({"path": glob}, path=path) is expected


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("/smartepi/v1/employees", "/v1/employees?limit=1", True),
        ("*limit*", "/v1/employees?limit=1", False),
        ("*/emp%2Fone", "/v1/employees/emp%2Fone", True),
        ("*/emp/one", "/v1/employees/emp%2Fone", False),
        ("*/%65mployees", "/v1/%65mployees", True),
        ("*/employees", "/v1/%65mployees", False),
        ("*//employees", "/v1//employees", True),
        ("*/nowhere/*", "/v1/nowhere/at/all", True),
    ],
)
def test_the_path_over_http_is_matched_undecoded_and_without_its_query(
    harness: Harness, glob: str, path: str, expected: bool
) -> None:
    assert is_hit(harness, {"path": glob}, "GET", path) is expected


@pytest.mark.parametrize(
    ("glob", "method", "path", "expected"),
    [
        ("create_employee", "POST", "/v1/employees", True),
        ("create_*", "POST", "/v1/sectors", True),
        ("create_*", "GET", "/v1/sectors", False),
        ("*", "GET", "/v1/nowhere", True),
        ("?*", "GET", "/v1/nowhere", False),
        ("?*", "PATCH", "/v1/sectors", False),
    ],
)
def test_an_operation_is_a_glob_over_the_name_of_the_operation(
    harness: Harness, glob: str, method: str, path: str, expected: bool
) -> None:
    assert is_hit(harness, {"operation": glob}, method, path) is expected


@pytest.mark.parametrize("by", ["id", "secret"])
def test_a_key_is_named_by_its_id_or_by_its_secret(harness: Harness, by: str) -> None:
    second: Any = harness.admin("POST", "/sandboxes/smartepi/keys", {"activates_in": "0s"}).json
    assert is_hit(harness, {"key": second[by]}, "GET", "/v1/sectors", key=second["secret"])
    assert not is_hit(harness, {"key": second[by]}, "GET", "/v1/sectors")
    assert not is_hit(harness, {"key": second[by]}, "GET", "/v1/sectors", key=None)


def test_a_revoked_key_can_still_be_named(harness: Harness) -> None:
    second: Any = harness.admin("POST", "/sandboxes/smartepi/keys", {"activates_in": "0s"}).json
    harness.admin("DELETE", f"/sandboxes/smartepi/keys/{second['id']}", {"lingers": "0s"})
    assert is_hit(harness, {"key": second["id"]}, "GET", "/v1/sectors", key=second["secret"])


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("t1", "t1", True),
        ("t1", "T1", False),
        ({"equals": "t1"}, "t1 ", False),
        ({"equals": 7}, "7", True),
        ({"equals": True}, "true", True),
        ({"equals": True}, "True", False),
        ({"contains": "b"}, "abc", True),
        ({"contains": "d"}, "abc", False),
        ({"starts_with": "ab"}, "abc", True),
        ({"starts_with": "bc"}, "abc", False),
        ({"ends_with": "bc"}, "abc", True),
        ({"ends_with": "ab"}, "abc", False),
        ({"glob": "a*c"}, "abbc", True),
        ({"glob": "a*c"}, "abcd", False),
        ({"glob": "a?c"}, "a\nc", True),
        ({"starts_with": "a", "ends_with": "c"}, "abc", True),
        ({"starts_with": "a", "ends_with": "b"}, "abc", False),
        ({"present": True}, "", True),
        ({"present": False}, "abc", False),
        ({"present": True}, None, False),
        ({"present": False}, None, True),
        ({"equals": ""}, None, False),
        ({"contains": ""}, None, False),
        ({"equals": ""}, "", True),
    ],
)
def test_all_conditions_on_a_header_must_hold(condition: Any, value: str | None, expected: bool) -> None:
    headers = {} if value is None else {"x-test": value}
    assert matches({"headers": {"X-Test": condition}}, headers=headers) is expected


def test_all_headers_must_match() -> None:
    match = {"headers": {"x-a": "1", "X-B": {"present": False}}}
    assert matches(match, headers={"x-a": "1"})
    assert not matches(match, headers={"x-a": "1", "x-b": "2"})
    assert not matches(match, headers={})


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("text", "text", True),
        (7, 7, True),
        (7, "7", True),
        (7, 8, False),
        (1.5, 1.5, True),
        (True, True, True),
        (True, 1, False),
        (False, False, True),
        (0, False, False),
        ({"present": False}, None, True),
        ({"present": True}, None, False),
        ({"equals": "None"}, None, False),
        ({"equals": "null"}, None, False),
        ({"contains": "€"}, "5 €", True),
        ({"ends_with": "@flaky.test"}, "a@flaky.test", True),
        ({"present": True}, {}, True),
        ({"present": True}, [], True),
        ({"glob": "1*"}, 12345, True),
    ],
)
def test_a_value_of_the_body_is_compared_as_text(condition: Any, value: Any, expected: bool) -> None:
    assert matches_body(condition, {"value": value}) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.a.b", True),
        ("$.rules[0].productId", True),
        ("$.rules[1].productId", False),
        ("$.rules[2].productId", False),
        ("$.deep[1][0]", True),
        ("$.x-y_2", True),
        ("$.a", False),
        ("$.a.b.c", False),
        ("$.rules.productId", False),
        ("$.a[0]", False),
        ("$.missing", False),
    ],
)
def test_a_body_path_leads_into_objects_and_arrays(path: str, expected: bool) -> None:
    body = {"a": {"b": "it"}, "rules": [{"productId": "it"}, {"productId": 2}], "deep": [0, ["it"]], "x-y_2": "it"}
    assert matches_body("it", body, path) is expected
    assert matches_body({"present": False}, body, path) is (path in MISSING_PATHS)


MISSING_PATHS = {"$.rules[2].productId", "$.a.b.c", "$.rules.productId", "$.a[0]", "$.missing"}


def test_a_body_path_may_begin_in_an_array() -> None:
    assert matches_body("it", ["no", "it"], "$[1]")
    assert not matches_body("it", ["no", "it"], "$[0]")


@pytest.mark.parametrize("data", [b"", b"{", b"not json", b'{"value": "it"', b"\xff\xfe", b'{"value": "it"} more'])
@pytest.mark.parametrize("condition", ["it", {"present": False}])
def test_a_body_that_is_not_json_never_matches(data: bytes, condition: Any) -> None:
    assert not matches_body(condition, data)


@pytest.mark.parametrize("body", [b"null", b"7", b'"it"', b"[]"])
def test_a_body_without_the_path_does_not_match(body: bytes) -> None:
    assert not matches_body("it", body)
    assert matches_body({"present": False}, body)


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ({"metod": "GET"}, "there is no field 'metod'; did you mean 'method'?"),
        ({"headers": {"X-A": {"equal": "1"}}}, "there is no field 'equal'; did you mean 'equals'?"),
        ({"method": "get"}, "match.method"),
        ({"method": 7}, "match.method"),
        ({"path": ""}, "match.path"),
        ({"path": "*" * 201}, "match.path"),
        ({"operation": "o" * 201}, "match.operation"),
        ({"headers": {"X-A": {"glob": "g" * 201}}}, "200"),
        ({"headers": {"X-A": {}}}, "at least one of equals"),
        ({"headers": {"X-A": {"equals": None}}}, "at least one of equals"),
        ({"headers": {f"X-{nth}": "1" for nth in range(21)}}, "match.headers"),
        ({"body": {f"$.a{nth}": "1" for nth in range(21)}}, "match.body"),
        ({"body": {"email": "x"}}, "'email' is not a body path; write it as $.email"),
        ({"body": {"$": "x"}}, "is not a body path"),
        ({"body": {"$..a": "x"}}, "is not a body path"),
        ({"body": {"$.a[*]": "x"}}, "is not a body path"),
        ({"body": {"$.a[-1]": "x"}}, "is not a body path"),
        ({"body": {"$.a b": "x"}}, "is not a body path"),
        ({"body": {"$.a\n": "x"}}, "is not a body path"),
        ({"body": {"$.a": None}}, "match.body"),
        ({"body": {"$.a": ["x"]}}, "match.body"),
    ],
)
def test_an_invalid_match_is_refused(match: dict[str, Any], message: str) -> None:
    assert message in refusal_message(match)


@pytest.mark.parametrize(
    "glob", ["*a*a*a*a*a*a*b", "*?*?*?*?*?*?*?b", "*[ab]*[ab]*[ab]*[ab]*c", "*" * 200, "*a" * 99 + "*b"]
)
def test_a_glob_that_would_be_slow_as_a_naive_regular_expression_is_fast(glob: str) -> None:
    start = thread_time()
    matches({"path": glob}, path="/" + "a" * 16_000)
    assert thread_time() - start < MAX_SECONDS


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text("ab*?", min_size=1, max_size=12), st.text("ab", max_size=12))
def test_globs_match_like_the_reference_implementation(glob: str, text: str) -> None:
    assert matches({"path": glob}, path=text) is _fnmatch_reference(glob, text)


def _fnmatch_reference(glob: str, text: str) -> bool:
    """Matches a glob by dynamic programming over prefixes of glob and text."""
    row = [True] + [False] * len(text)
    for sign in glob:
        before, row = row, [row[0] and sign == "*"] + [False] * len(text)
        for n, letter in enumerate(text, 1):
            row[n] = before[n] or row[n - 1] if sign == "*" else before[n - 1] and sign in ("?", letter)
    return row[-1]


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_every_glob_is_refused_or_works(glob: str, text: str) -> None:
    try:
        match = Match.model_validate({"path": glob})
    except ValidationError:
        assert glob == ""
    else:
        match.matches(Call(shared_harness().sandbox, "GET", text))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text("[]!^-&|~a:z\\*?", min_size=1, max_size=15), st.text("[]!^-a:z\\", max_size=10))
def test_brackets_in_a_glob_never_cause_a_warning_or_an_error(glob: str, text: str) -> None:
    Match.model_validate({"path": glob}).matches(Call(shared_harness().sandbox, "GET", text))


def test_a_key_matches_its_id_and_its_secret_only() -> None:
    key = next(iter(shared_harness().sandbox.keys.values()))
    for key_match in (key.id, key.secret):
        assert matches({"key": key_match}, credential=Credential(key.secret, shown=True))
        for other in (Credential(), Credential("nobody's", shown=True), Credential(key.secret[:-1], shown=True)):
            assert not matches({"key": key_match}, credential=other)
    assert matches({"key": "nobody's"}, credential=Credential("nobody's", shown=True))


@pytest.mark.parametrize(("index", "expected"), [(0, True), (1, True), (2, False), (999_999, False)])
def test_a_list_index_matches_up_to_the_last_element(index: int, expected: bool) -> None:
    assert matches_body({"present": True}, {"value": [1, 2]}, f"$.value[{index}]") is expected
    assert matches_body({"present": False}, {"value": [1, 2]}, f"$.value[{index}]") is not expected

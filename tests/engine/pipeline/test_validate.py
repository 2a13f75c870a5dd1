"""Reading request bodies and query parameters."""

# ruff: noqa: RUF005 (tables in rows are shorter than one element to a line)
from __future__ import annotations

from dataclasses import replace
from json import dumps
from time import thread_time
from typing import Any, Literal, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from mockserver.engine import Call, Operation, Problem, Reply, parse_body, validate
from mockserver.engine.pipeline.validate import MAX_JSON_DEPTH
from tests.support.acme import ACME, NewNote
from tests.support.harness import Harness, make_harness


class Inner(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")
    size: int = 0


class Outer(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")
    name: str = ""
    inner: Inner = Inner()
    rows: list[Inner] = []


HARNESS = make_harness(ACME, scenarios={})


def refusal_code(data: bytes) -> str | None:
    """Returns the refusal of a body, or None."""
    try:
        parse_body(data)
    except Problem as problem:
        if (problem.code, problem.status) == ("malformed_body", 400):
            return problem.detail
        raise
    return None


def post(harness: Harness, data: bytes) -> tuple[int, str]:
    response = harness.request("POST", "/v1/notes", data=data, content_type="application/json")
    return response.status_code, response.json.get("detail", "")


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_the_maximum_depth_is_accepted_and_one_level_more_is_refused(opening: bytes, closing: bytes) -> None:
    assert refusal_code(opening * MAX_JSON_DEPTH + b"1" + closing * MAX_JSON_DEPTH) is None
    one_more = opening * (MAX_JSON_DEPTH + 1) + b"1" + closing * (MAX_JSON_DEPTH + 1)
    assert refusal_code(one_more) == "The body is nested deeper than 64 levels"


@pytest.mark.parametrize(
    "text",
    ["[" * 1000, "]" * 100 + "[" * 100, '\\"' + "[" * 100, '"' + "[" * 100 + '"', "\\" * 99 + "{" * 99, "\n[\n" * 99],
)
def test_brackets_inside_strings_do_not_count_as_levels(text: str) -> None:
    document = [text, {text: text}]
    assert parse_body(dumps(document).encode()) == document


def test_a_wide_body_is_not_a_deep_one() -> None:
    assert refusal_code(b"[" + b"[]," * 5000 + b"[]]") is None


def test_depth_is_counted_after_a_string_that_ends_in_backslashes() -> None:
    deep = b"[" * MAX_JSON_DEPTH + b"1" + b"]" * MAX_JSON_DEPTH
    assert refusal_code(b'["\\\\",' + deep + b"]") == "The body is nested deeper than 64 levels"


@pytest.mark.parametrize(
    "data",
    [b"NaN", b"Infinity", b"-Infinity", b'{"a":NaN}', b"1e999", b"-1e999", b'{"a":[1E400]}', b"1" * 400 + b".0"]
    + [b'"\\ud800"', b'"\\udc00"', b'"\\udc00\\ud800"', b'{"\\ud800":1}', b'["a\\udfff"]', b'[[{"a":"\\ud800x"}]]']
    + [b"\xef\xbb\xbf{}", '{"a":1}'.encode("utf-16"), '{"a":1}'.encode("utf-16-le"), '{"a":1}'.encode("utf-32")]
    + [b'"\xff"', b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xf5\x80\x80\x80"', b"1" * 5000]
    + [
        b"",
        b" ",
        b"{",
        b"}",
        b"[1,]",
        b'{"a":1,}',
        b"{'a':1}",
        b"{a:1}",
        b"// x\n1",
        b"1 2",
        b"01",
        b"+1",
        b".5",
        b"1.",
    ]
    + [b'"\x00"', b'"\n"', b'"a', b'"\\x"', b"tru", b"nul", b"\x00", b"[" * 100_000, b'{"a":' * 100_000],
)
def test_invalid_json_is_refused(data: bytes) -> None:
    assert refusal_code(data)


@pytest.mark.parametrize(
    "data",
    [b"null", b"0", b"-0.0", b"1e-400", b"0.30000000000000004", b"12345678901234567890", b'"\\u0000"', b'"\\u202e"']
    + [b'"\\ud83d\\ude00"', '"😀 é e\u0301 日本"'.encode(), b' \t\r\n{"a" : [ ] } ', b'"e"', b'{"e":"E"}', b"1.7e308"],
)
def test_valid_json_is_read_like_the_standard_library_reads_it(data: bytes) -> None:
    from json import loads

    assert repr(parse_body(data)) == repr(loads(data))


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 65 + b'"' + b'\\"' * 500_000,
        b"[" * 65 + b'"' * 1_000_000,
        b"[" * 65 + b"\\" * 1_000_000,
        b"[" * 65 + b'"\\' * 500_000,
        b"[" * 1_000_000,
        b"[{" * 500_000,
        b'{"a":' * 200_000,
        b"[" + b'"\\u00e9",' * 100_000 + b'""]',
        b"[" + b'{"a":1},' * 120_000 + b"{}]",
        b'{"a":"' + b"x" * 1_000_000 + b'"}',
        dumps({f"key {nth}": nth for nth in range(60_000)}).encode(),
        b"1" * 1_000_000,
    ],
)
def test_a_body_of_a_megabyte_is_read_in_linear_time(data: bytes) -> None:
    start = thread_time()
    refusal_code(data)
    assert thread_time() - start < 10  # A quadratic algorithm would take hours.


@given(data=st.binary(max_size=2000))
@settings(max_examples=300, derandomize=True)
def test_any_bytes_raise_at_most_a_problem(data: bytes) -> None:
    refusal_code(data)


JSON_FRAGMENTS = st.sampled_from(
    ["[", "]", "{", "}", '"', "\\", ",", ":", "1", "e9", ".", "-", "\\u", "d800", "a", "null", "NaN", " "]
)


@given(bits=st.lists(JSON_FRAGMENTS, max_size=400))
@settings(max_examples=300, derandomize=True)
def test_any_sequence_of_json_tokens_raises_at_most_a_problem(bits: list[str]) -> None:
    refusal_code("".join(bits).encode())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(document=JSON, ascii=st.booleans())
@settings(max_examples=300, derandomize=True)
def test_every_json_document_is_read_correctly(document: Any, ascii: bool) -> None:
    assert parse_body(dumps(document, ensure_ascii=ascii).encode()) == document


@given(data=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_body_causes_a_server_error(data: bytes) -> None:
    assert post(HARNESS, data)[0] in (201, 400)


@given(document=JSON)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_json_document_causes_a_server_error(document: Any) -> None:
    status, _ = post(HARNESS, dumps({"text": document, "weight": document, "more": document}).encode())
    assert status in (201, 400)


@pytest.mark.parametrize("data", [b"null", b"[]", b"1", b'"text"', b"true", b'[{"text":"a"}]'])
def test_a_body_that_is_not_an_object_is_refused(acme: Harness, data: bytes) -> None:
    assert post(acme, data) == (400, "The body is not a JSON object")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{}", "text: field required"),
        (b'{"text": 1}', "text: input should be a valid string"),
        (b'{"text": "a", "weight": "1"}', "weight: input should be a valid number"),
        (b'{"text": "a", "weight": true}', "weight: input should be a valid number"),
        (b'{"text": null}', "text: input should be a valid string"),
    ],
)
def test_an_invalid_field_is_refused_with_its_name_and_the_reason(acme: Harness, data: bytes, message: str) -> None:
    assert post(acme, data) == (400, message)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (b'{"name": 1}', "name"),
        (b'{"inner": 1}', "inner"),
        (b'{"inner": {"size": "x"}}', "inner.size"),
        (b'{"rows": [{"size": 1}, {"size": null}]}', "rows[1].size"),
        (b'{"rows": {"0": 1}}', "rows"),
    ],
)
def test_a_refusal_has_the_path_of_the_field(acme: Harness, data: bytes, path: str) -> None:
    operation = next(op for op in ACME.operations if op.body)

    def read_call_body(call: Call) -> Reply:
        assert call.body is not None
        return Reply(200)

    call = Call(acme.sandbox, "POST", "/", replace(operation, body=Outer), data=data)
    with pytest.raises(Problem) as problem:
        validate(call, read_call_body)
    assert [field.path for field in problem.value.fields] == [path]
    assert problem.value.detail.startswith(f"{path}: ")
    assert (problem.value.code, problem.value.raised_in) == ("invalid_field", "validate")


def test_every_wrong_field_is_listed(acme: Harness) -> None:
    response = acme.request("POST", "/v1/notes", json={"text": "", "weight": "x"})
    assert response.status_code == 400
    problem = acme.sandbox.journal.entries()[-1].reply.problem
    assert problem is not None
    assert [field.path for field in problem.fields] == ["text", "weight"]


def test_unknown_fields_are_ignored_or_refused_by_assumption(acme: Harness) -> None:
    body = {"text": "a", "colour": "red", "size": 1}
    assert acme.request("POST", "/v1/notes", json=body).json == {"id": "note_1", "text": "a"}
    acme.admin("PATCH", "/sandboxes/acme", {"assumptions": {"unknown_fields": "refused"}})
    refusal = acme.request("POST", "/v1/notes", json=body)
    assert (refusal.status_code, refusal.json["detail"]) == (400, "Unknown field: colour")


@pytest.mark.parametrize(("over", "status"), [(-1, 201), (0, 201), (1, 413)])
def test_the_body_limit_is_exact(acme: Harness, over: int, status: int) -> None:
    acme.admin("PATCH", "/sandboxes/acme", {"assumptions": {"body_limit": 100}})
    body = b'{"text": "a"}'
    assert post(acme, body + b" " * (100 + over - len(body)))[0] == status


@pytest.mark.parametrize(
    "text", ["__proto__", "$where", "{{7*7}}", "${jndi:ldap://x}", "%s%n", "' OR 1=1 --", "<script>", "\x00", "‮", "🏳️‍🌈"]
)
def test_text_is_stored_and_returned_unchanged(acme: Harness, text: str) -> None:
    acme.request("POST", "/v1/notes", json={"text": text})
    assert acme.request("GET", "/v1/notes").json["data"][0]["text"] == text


@pytest.mark.parametrize("number", ["-0.0", "1e-400", "0.1", "1.7976931348623157e308", "5e-324", "123456789.123456789"])
def test_a_number_is_returned_unchanged(acme: Harness, number: str) -> None:
    response = acme.request(
        "POST", "/v1/notes", data=f'{{"text":"a","weight":{number}}}', content_type="application/json"
    )
    assert repr(response.json["weight"]) == repr(float(number))


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1e9", "1.5", "", "²", "٣", "9" * 5000, "1 0", "0x1", "null"])
def test_an_invalid_query_parameter_is_refused(harness: Harness, limit: str) -> None:
    response = harness.request("GET", "/v1/sectors", query_string={"limit": limit})
    assert response.status_code == 400
    assert "limit" in response.json["detail"]


@pytest.mark.parametrize(("repeated", "text"), [("first", "a"), ("last", "b")])
def test_the_provider_decides_which_of_repeated_parameters_counts(
    repeated: Literal["first", "last"], text: str
) -> None:
    def render_query(call: Call) -> Reply:
        return call.sandbox.provider.dialect.render_record(call, cast(BaseModel, call.query_parameters).model_dump())

    operation = Operation("say", "GET", "/v1/said", render_query, "Say a note", query=NewNote, scope="notes:read")
    harness = make_harness(replace(ACME, operations=(operation,), repeated_query_value=repeated), scenarios={})
    assert harness.request("GET", "/v1/said?text=a&weight=1&text=b").json == {"text": text, "weight": 1.0}


def test_a_huge_query_is_read(harness: Harness) -> None:
    query = "&".join(f"name{nth}={'x' * 10}" for nth in range(1000)) + "&limit=1"
    assert len(harness.request("GET", f"/v1/sectors?{query}").json["data"]) == 1


@pytest.mark.parametrize("body", [{"text": "a", "weight": 1.5}, {"weight": 1.5, "text": "a"}, {"text": "a"}])
def test_where_unknown_fields_are_refused_known_ones_are_accepted_in_any_order(
    acme: Harness, body: dict[str, Any]
) -> None:
    acme.admin("PATCH", "/sandboxes/acme", {"assumptions": {"unknown_fields": "refused"}})
    response = acme.request("POST", "/v1/notes", json=body)
    assert (response.status_code, response.json) == (201, {"id": "note_1", **body})


@pytest.mark.parametrize(
    "body", [{"colour": "red", "text": "a"}, {"text": "a", "colour": "red"}, {"text": "a", "Text": "b"}]
)
def test_an_unknown_field_is_refused_at_any_place(acme: Harness, body: dict[str, Any]) -> None:
    acme.admin("PATCH", "/sandboxes/acme", {"assumptions": {"unknown_fields": "refused"}})
    assert acme.request("POST", "/v1/notes", json=body).status_code == 400
    assert acme.request("GET", "/v1/notes").json["data"] == []


@pytest.mark.parametrize("neighbour", [b"[]", b"[[]]", b"{}", b"1", b'"[["'])
def test_the_maximum_depth_is_accepted_next_to_other_values(neighbour: bytes) -> None:
    deep = b"[" * (MAX_JSON_DEPTH - 1) + b"]" * (MAX_JSON_DEPTH - 1)
    for inner in (neighbour + b"," + deep, deep + b"," + neighbour, deep + b"," + deep):
        assert refusal_code(b"[" + inner + b"]") is None
        assert refusal_code(b"[[" + inner + b"]]") == "The body is nested deeper than 64 levels"

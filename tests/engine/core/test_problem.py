"""Refusals to clients and to operators."""

from __future__ import annotations

import ast
from http import HTTPStatus
from pathlib import Path

import pytest

import mockserver
from mockserver.engine import Conflict, FieldError, Problem, Refusal, UnknownName, nearest
from mockserver.engine.core.problem import STATUS_BY_CODE
from tests.support.harness import Harness

ROOT = Path(mockserver.__file__).parent


def raised_codes() -> dict[str, str]:
    """Returns every code that is passed to Problem as a literal without a status, with its place."""
    found = {}
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem" and node.args:
                code = node.args[0]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    has_status = any(keyword.arg == "status" for keyword in node.keywords)
                    if not has_status:
                        found[code.value] = f"{file.name}:{node.lineno}"
    return found


def test_every_code_that_is_raised_has_a_status() -> None:
    raised = raised_codes()
    assert len(raised) > 10
    assert {code: where for code, where in raised.items() if code not in STATUS_BY_CODE} == {}


def test_every_status_is_a_client_error_of_http() -> None:
    assert all(400 <= HTTPStatus(status) < 500 for code, status in STATUS_BY_CODE.items() if code != "injected")


def test_an_unknown_code_needs_a_status() -> None:
    with pytest.raises(KeyError):
        Problem("no_such_code")
    assert Problem("no_such_code", status=418).status == 418


def test_the_text_of_a_problem_has_its_code_and_detail() -> None:
    assert [str(Problem("not_found")), str(Problem("not_found", "a b"))] == ["not_found", "not_found: a b"]


def test_a_problem_keeps_its_fields_and_headers() -> None:
    problem = Problem("invalid_field", fields=[FieldError("a[0].b", "no")], headers=[("Retry-After", "1")])
    assert problem.fields == (FieldError("a[0].b", "no"),)
    assert (problem.headers, problem.raised_in) == ((("Retry-After", "1"),), "")


@pytest.mark.parametrize(
    ("refusal", "status"), [(Refusal("x"), 422), (UnknownName("x", "y", []), 404), (Conflict("x"), 409)]
)
def test_each_refusal_to_operators_has_its_status(refusal: Refusal, status: int) -> None:
    assert refusal.status == status


@pytest.mark.parametrize(
    ("name", "known", "suggestion"),
    [
        ("create_employe", ["create_employee", "list_employees"], "; did you mean 'create_employee'?"),
        ("zzz", ["b", "a"], "; known: a, b"),
        ("zzz", [], ""),
        ("", ["a"], "; known: a"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, known: list[str], suggestion: str) -> None:
    assert nearest(name, known) == suggestion
    assert str(UnknownName("operation", name, known)) == f"there is no operation {name!r}{suggestion}"


def test_at_most_20_known_names_are_listed() -> None:
    assert nearest("zzz", [f"word{nth}" for nth in range(100)]).count("word") == 20


@pytest.mark.parametrize("path", ["/sandboxes/x", "/sandboxes/smartepi/faults/x", "/nothing", "/sandboxes/smartepi/x"])
def test_every_refusal_to_an_operator_is_a_problem_document(harness: Harness, path: str) -> None:
    response = harness.admin("GET", path)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.json["status"], response.json["title"], response.json["type"]) == (404, "Not Found", "about:blank")
    assert response.json["detail"]

"""Call and reply: headers, body, records, notes and counters."""

from __future__ import annotations

import pytest

from mockserver.engine import Call, FieldError, Problem, Reply
from mockserver.engine.core.call import TraceStep
from tests.support.harness import Harness


def test_a_header_is_found_without_regard_to_case() -> None:
    reply = Reply(200, [("Content-Type", "a"), ("X", "1"), ("x", "2")])
    assert reply.header("content-type") == "a"
    assert reply.header("X") == "1"
    assert reply.header("Y") is None


def test_reading_an_invalid_body_raises_its_problem(acme: Harness) -> None:
    problem = Problem("invalid_field", fields=[FieldError("text", "is missing")])
    call = Call(acme.sandbox, "POST", "/x", _body=problem)
    with pytest.raises(Problem) as raised:
        _ = call.body
    assert raised.value is problem


def test_records_cannot_be_used_outside_the_operation(acme: Harness) -> None:
    with pytest.raises(AssertionError, match="only while an operation is performed"):
        Call(acme.sandbox, "GET", "/x").space.count("notes")


def test_a_note_is_added_to_the_running_stage(acme: Harness) -> None:
    call = Call(acme.sandbox, "GET", "/x", trace=[TraceStep("journal"), TraceStep("faults")])
    call.note("seen")
    assert [step.note for step in call.trace] == ["", "seen"]


def test_nth_counts_per_purpose_and_is_rolled_back_with_the_operation(acme: Harness) -> None:
    call = Call(acme.sandbox, "GET", "/x")
    with pytest.raises(RuntimeError), acme.sandbox.transaction() as space:
        call.space = space
        assert call.nth("things") == 1
        raise RuntimeError
    with acme.sandbox.transaction() as space:
        call.space = space
        assert [call.nth("things"), call.nth("things")] == [1, 2]

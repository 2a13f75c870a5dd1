"""The pipeline: the order of stages, refusals, rollbacks and traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mockserver.engine import (
    STAGES,
    Call,
    Limits,
    Problem,
    Provider,
    Reply,
    authenticate,
    decorate,
    faults,
    faults_stage,
    idempotency,
    journal,
    latency,
    locate,
    ratelimit,
    validate,
)
from mockserver.engine.core.problem import STATUS_BY_CODE
from mockserver.storage.tinydb.store import TinyStore
from tests.support.acme import ACME, ACME_WITH_WEBHOOKS
from tests.support.harness import Harness, make_harness
from tests.support.webhook_receivers import FakeEgress, endpoint

Proceed = Callable[[Call], Reply]


def trace(harness: Harness) -> list[str]:
    return [step.stage for step in harness.sandbox.journal.entries()[-1].call.trace]


def replace_create(perform: Callable[[Call], Reply], base: Provider = ACME) -> Provider:
    operations = tuple(replace(op, perform=perform) if op.name == "create_note" else op for op in base.operations)
    return replace(base, operations=operations)


def test_the_stages_are_in_the_documented_order() -> None:
    assert [stage.__name__ for stage in STAGES] == [
        "journal",
        "faults",
        "decorate",
        "locate",
        "authenticate",
        "ratelimit",
        "idempotency",
        "latency",
        "validate",
    ]


def test_a_valid_call_passes_all_stages_and_is_performed_last(acme: Harness) -> None:
    acme.request("POST", "/v1/notes", json={"text": "a"})
    assert trace(acme) == [stage.__name__ for stage in STAGES] + ["perform"]


BAD_PATH = {"path": "/v1/nothing"}
BAD_KEY = {"key": "nobody"}
BAD_IDEMPOTENCY = {"headers": {"Idempotency-Key": ""}}
BAD_BODY = {"data": b"{", "json": None}
REFUSED_EARLIER = [
    (BAD_PATH | BAD_KEY, "no_such_path"),
    (BAD_KEY | BAD_IDEMPOTENCY, "bad_credentials"),
    (BAD_KEY | BAD_BODY, "bad_credentials"),
    (BAD_IDEMPOTENCY | BAD_BODY, "idempotency_key_invalid"),
    (BAD_PATH | BAD_BODY, "no_such_path"),
]


@pytest.mark.parametrize(("wrong", "code"), REFUSED_EARLIER)
def test_of_two_errors_the_outer_stage_refuses(acme: Harness, wrong: dict[str, Any], code: str) -> None:
    options = {"path": "/v1/notes", "json": {"text": "a"}, **wrong}
    assert acme.request("POST", options.pop("path"), **options).json["code"] == code


@pytest.mark.parametrize(
    ("wrong", "code"),
    [(BAD_KEY, "bad_credentials"), (BAD_IDEMPOTENCY, "rate_limited"), (BAD_BODY, "rate_limited"), ({}, "rate_limited")],
)
def test_the_rate_limit_applies_after_the_key_and_before_the_rest(wrong: dict[str, Any], code: str) -> None:
    harness = make_harness(replace(ACME, limits=Limits(rate=1, burst=1)))
    harness.request("GET", "/v1/notes")
    assert harness.request("POST", "/v1/notes", **{"json": {"text": "a"}, **wrong}).json["code"] == code


def test_the_stage_of_faults_has_its_name_of_version_0_1_0_too() -> None:
    order: Any = (journal, faults, decorate, locate, authenticate, ratelimit, idempotency, latency, validate)
    harness = make_harness(replace(ACME, stages=order))
    harness.admin("POST", "/sandboxes/acme/faults", {"fault": {"kind": "status", "status": 503}})
    assert harness.request("GET", "/v1/notes").status_code == 503
    assert [step.stage for step in harness.sandbox.journal.entries()[-1].call.trace] == ["journal", "faults"]


def test_an_invalid_stage_is_refused_before_any_call() -> None:
    with pytest.raises(TypeError, match="'journal' is not a stage"):
        make_harness(replace(ACME, stages=("journal",)))  # type: ignore[arg-type]


def test_a_provider_may_check_the_key_before_the_path() -> None:
    order = (journal, faults_stage, decorate, authenticate, ratelimit, locate, idempotency, latency, validate)
    harness = make_harness(replace(ACME, stages=order))
    assert harness.request("GET", "/v1/nothing", key="nobody").json["code"] == "bad_credentials"
    assert harness.request("GET", "/v1/nothing").json["code"] == "no_such_path"


def test_a_provider_may_add_a_stage() -> None:
    def teapot(call: Call, proceed: Proceed) -> Reply:
        if "x-tea" in call.headers:
            raise Problem("injected", "short and stout", status=418)
        return proceed(call)

    harness = make_harness(replace(ACME, stages=(*STAGES, teapot)))
    refused = harness.request("GET", "/v1/notes", headers={"X-Tea": "1"})
    assert (refused.status_code, refused.json["raised_in"]) == (418, "teapot")
    assert trace(harness)[-1] == "teapot"
    assert harness.request("GET", "/v1/notes").status_code == 200


@pytest.mark.parametrize("nth", range(len(STAGES)))
def test_a_problem_raised_in_any_stage_is_rendered_by_the_dialect(nth: int) -> None:
    def refuse(call: Call, proceed: Proceed) -> Reply:
        raise Problem("duplicate", "no")

    refuse.__name__ = STAGES[nth].__name__
    harness = make_harness(replace(ACME, stages=(*STAGES[:nth], refuse, *STAGES[nth + 1 :])))
    response = harness.request("GET", "/v1/notes")
    assert response.status_code == 409
    assert response.json == {"code": "duplicate", "detail": "no", "raised_in": STAGES[nth].__name__}


def test_a_problem_that_names_its_stage_keeps_it() -> None:
    def refuse(call: Call) -> Reply:
        raise Problem("duplicate", "no", raised_in="validate")

    harness = make_harness(replace_create(refuse))
    assert harness.request("POST", "/v1/notes", json={"text": "a"}).json["raised_in"] == "validate"


def test_outer_stages_see_a_reply_instead_of_a_problem() -> None:
    seen: list[int] = []

    def watch(call: Call, proceed: Proceed) -> Reply:
        reply = proceed(call)
        seen.append(reply.status)
        return reply

    def refuse(call: Call) -> Reply:
        raise Problem("in_use", "no")

    harness = make_harness(replace(replace_create(refuse), stages=(*STAGES, watch)))
    harness.request("POST", "/v1/notes", json={"text": "a"})
    assert seen == [409]


def test_a_raised_problem_rolls_back_the_operation() -> None:
    def half(call: Call) -> Reply:
        call.space.put("notes", {"id": "half", "text": "half"})
        call.nth("notes")
        raise Problem("duplicate", "no")

    harness = make_harness(replace_create(half))
    before = harness.engine.export("acme")["collections"]
    harness.request("POST", "/v1/notes", json={"text": "a"})
    after = harness.engine.export("acme")["collections"]
    assert (after.get("notes"), after["_counters"]) == (before.get("notes"), before["_counters"])


def test_a_bug_rolls_back_the_operation() -> None:
    def half(call: Call) -> Reply:
        call.space.put("notes", {"id": "half", "text": "half"})
        raise RuntimeError("a bug, on purpose")

    harness = make_harness(replace_create(half))
    with pytest.raises(RuntimeError, match="a bug, on purpose"):
        harness.request("POST", "/v1/notes", json={"text": "a"})
    assert harness.request("GET", "/v1/notes").json["data"] == []


def test_a_refusal_that_the_operation_returns_keeps_its_writes() -> None:
    def count(call: Call) -> Reply:
        call.space.put("notes", {"id": f"try_{call.nth('tries')}", "text": "a try"})
        return Reply(409)

    harness = make_harness(replace_create(count))
    harness.request("POST", "/v1/notes", json={"text": "a"})
    assert len(harness.request("GET", "/v1/notes").json["data"]) == 1


def test_stages_cannot_use_records_outside_the_operation() -> None:
    def peek(call: Call, proceed: Proceed) -> Reply:
        for run in (lambda: None, lambda: proceed(call)):
            run()
            with pytest.raises(AssertionError, match="only while an operation is performed"):
                call.space.get("notes", "x")
        return Reply(204)

    harness = make_harness(replace(ACME, stages=(*STAGES, peek)))
    assert harness.request("GET", "/v1/notes").status_code == 204


def test_every_instant_of_a_call_is_the_same(acme: Harness) -> None:
    seen: list[int] = []

    def look(call: Call) -> Reply:
        acme.sandbox.clock = acme.sandbox.clock.advance(1)
        seen.append(call.now)
        return Reply(200)

    harness = make_harness(replace_create(look))
    harness.request("POST", "/v1/notes", json={"text": "a"})
    assert seen == [harness.sandbox.journal.entries()[0].call.now]


def test_refusals_are_decorated_like_other_responses(acme: Harness) -> None:
    for options in ({}, BAD_KEY, {"data": b"{"}):
        assert acme.request("POST", "/v1/notes", **options).headers.getlist("X-Acme") == ["1"]
    assert acme.request("GET", "/v1/nothing").headers.getlist("X-Acme") == ["1"]


@pytest.mark.parametrize(("method", "allow"), [("DELETE", "GET, POST"), ("PUT", "GET, POST"), ("HEAD", "GET, POST")])
def test_an_undeclared_method_is_refused_with_the_allowed_ones(acme: Harness, method: str, allow: str) -> None:
    refused = acme.request(method, "/v1/notes")
    assert (refused.status_code, refused.headers["Allow"]) == (405, allow)


def test_a_problem_without_a_status_has_the_default_of_its_code() -> None:
    for code, status in STATUS_BY_CODE.items():
        assert Problem(code).status == status
        assert Problem(code, status=418).status == 418


@pytest.mark.parametrize(("method", "status"), [("POST", 503), ("GET", 200)])
def test_after_a_reset_during_a_call_writes_are_refused_and_reads_work(method: str, status: int) -> None:
    def reset(call: Call) -> None:
        harness.engine.reset("acme")

    operations = tuple(replace(op, prepare=reset) for op in ACME.operations)
    harness = make_harness(replace(ACME, operations=operations))
    options: dict[str, Any] = {"json": {"text": "a"}} if method == "POST" else {}
    assert harness.request(method, "/v1/notes", **options).status_code == status
    with harness.sandbox.transaction() as space:
        assert space.count("notes") == 0


def test_a_call_that_writes_records_waits_for_one_fsync_and_others_for_none(
    tmp_path: Path,
) -> None:
    fsyncs: list[int] = []
    harness = make_harness(ACME_WITH_WEBHOOKS, store=TinyStore(tmp_path, fsync=fsyncs.append), sender=FakeEgress())
    endpoint(harness)
    harness.admin("PATCH", "/sandboxes/acme", {"limits": {"rate": 100, "quota": 100}})
    for per in ("rule", "key", "idempotency_key"):
        rule = {"trigger": {"per": per, "probability": 0}, "fault": {"kind": "reset"}}
        assert harness.admin("POST", "/sandboxes/acme/faults", rule).status_code == 201
    harness.request("GET", "/v1/notes")

    def count_fsyncs(do: Callable[[], object]) -> int:
        fsyncs.clear()
        do()
        return len(fsyncs)

    def post(text: str = "a") -> object:
        return harness.request("POST", "/v1/notes", json={"text": text}, headers={"Idempotency-Key": "k"})

    assert count_fsyncs(lambda: harness.request("GET", "/v1/notes")) == 0
    assert count_fsyncs(post) == 1
    assert count_fsyncs(post) == count_fsyncs(lambda: post("another")) == 0
    assert count_fsyncs(harness.deliver_due) == 0
    assert [each["state"] for each in harness.sandbox.outbox.all()] == ["delivered"]


def test_the_trace_has_the_refusal_of_a_stage_unless_it_left_a_note(acme: Harness) -> None:
    def noting(call: Call) -> Reply:
        call.note("looked twice")
        raise Problem("not_found", "There is none")

    def silent(call: Call) -> Reply:
        raise Problem("not_found", "There is none")

    def notes(perform: Callable[[Call], Reply]) -> list[str]:
        harness = make_harness(replace_create(perform))
        harness.request("POST", "/v1/notes", json={"text": "a"})
        return [step.note for step in harness.sandbox.journal.entries()[-1].call.trace if step.stage == "perform"]

    assert notes(noting) == ["looked twice"]
    assert notes(silent) == ["not_found: There is none"]

"""Every bound is reported, and the server behaves beyond it as the bound says."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mockserver
from mockserver.admin.bounds import BOUNDS
from mockserver.app import create_app, select_providers
from mockserver.delivery.egress import Egress
from mockserver.engine import Journals, Progress, Randomness, Refusal, SimulationContext, State
from mockserver.engine.pipeline.journal import ENTRY_OVERHEAD_BYTES
from mockserver.http import edge
from mockserver.http import parser as framing
from mockserver.settings import ServerSettings
from tests.support.acme import ACME, ACME_WITH_WEBHOOKS, TYPES, emit_event
from tests.support.harness import NOON, TOKEN, Harness, make_harness, read_call
from tests.support.webhook_receivers import FakeEgress

if TYPE_CHECKING:
    from tests.support.harness import ApiResponse

BY_NAME = {bound.name: bound for bound in BOUNDS}
OVERFILL_CHECKS: dict[str, Callable[[Harness, int], None]] = {}
"""(harness, limit) -> exceeds the bound with this limit, and checks the result; by name of the bound."""
WEBHOOK = {"url": "http://127.0.0.1:9/", "secret": "s" * 30}
SANDBOX = "/sandboxes/acme"
numbers = count()
GENERATED_SIZES: list[str] = []


def _generate(randomness: Randomness, size: str, progress: Progress) -> State:
    GENERATED_SIZES.append(size)
    return ACME.generate(randomness, size, progress)


ACME_WITH_GENERATED_NOTES = replace(ACME, generate=_generate)
"""Acme, recording in GENERATED_SIZES when it generates records."""


def overfill_check(name: str) -> Callable[[Callable[[Harness, int], None]], Callable[[Harness, int], None]]:
    def register(overfill: Callable[[Harness, int], None]) -> Callable[[Harness, int], None]:
        OVERFILL_CHECKS[name] = overfill
        return overfill

    return register


def create_note(harness: Harness, **options: Any) -> ApiResponse:
    return harness.request("POST", "/v1/notes", json={"text": "x"}, **options)


def check_limit(request: Callable[[], ApiResponse], limit: int, existing: int = 0) -> None:
    statuses = [request().status_code for _ in range(existing, limit)]
    assert all(status < 300 for status in statuses)
    refused = request()
    assert refused.status_code == 422
    assert str(limit) in refused.json["detail"]


@overfill_check("sandboxes")
def _sandboxes(harness: Harness, limit: int) -> None:
    check_limit(lambda: harness.admin("POST", "/sandboxes", {"provider": "acme"}), limit, existing=1)


@overfill_check("templates")
def _templates(harness: Harness, limit: int) -> None:
    GENERATED_SIZES.clear()
    for seed in [*range(limit + 1), limit, 0]:
        assert harness.admin("POST", "/sandboxes", {"provider": "acme", "seed": f"s{seed}"}).status_code == 201
    assert len(GENERATED_SIZES) == limit + 2


@overfill_check("records")
def _records(harness: Harness, limit: int) -> None:
    assert [create_note(harness).status_code for _ in range(limit)] == [201] * limit
    state = harness.admin("GET", f"{SANDBOX}/state").json
    refused = create_note(harness, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, f"at most {limit} records" in refused.json["detail"]) == (507, True)
    notes = harness.request("GET", "/v1/notes").json["data"]
    assert len(notes) == limit
    assert harness.admin("GET", f"{SANDBOX}/requests").json["requests"][-2]["status"] == 507
    state["collections"]["notes"].append({"id": "more", "text": "x"})
    assert harness.admin("PUT", f"{SANDBOX}/state", state).status_code == 422
    with harness.sandbox.transaction() as space:
        space.put("notes", {**notes[0], "text": "changed"})
        space.drop("notes", notes[1]["id"])
    assert create_note(harness, headers={"Idempotency-Key": "k"}).status_code == 201


@overfill_check("softly_deleted")
def _softly_deleted(_harness: Harness, limit: int) -> None:
    epi = make_harness(select_providers(("smartepi",))[0])
    deleted_ids = []
    for nth in range(limit + 2):
        sector = epi.request("POST", "/v1/sectors", json={"name": f"n{nth}"}).json["data"]
        assert epi.request("DELETE", f"/v1/sectors/{sector['id']}?_version=1").status_code == 200
        deleted_ids.append(sector["id"])
    stored = epi.admin("GET", "/sandboxes/smartepi/state").json["collections"]["sectors.deleted"]
    assert [record["id"] for record in stored] == deleted_ids[2:]


@overfill_check("keys")
def _keys(harness: Harness, limit: int) -> None:
    check_limit(lambda: harness.admin("POST", f"{SANDBOX}/keys", {}), limit, existing=len(harness.sandbox.keys))


@overfill_check("timers")
def _timers(harness: Harness, limit: int) -> None:
    sandbox = harness.sandbox
    with sandbox.transaction() as space:
        for _ in range(limit):
            sandbox.schedule(space, NOON + 10, "nothing", {})
        with pytest.raises(Refusal, match=f"{limit} timers are waiting"):
            sandbox.schedule(space, NOON + 10, "nothing", {})


@overfill_check("snapshots")
def _snapshots(harness: Harness, limit: int) -> None:
    check_limit(lambda: harness.admin("PUT", f"{SANDBOX}/snapshots/s{next(numbers)}"), limit)


@overfill_check("fault_rules")
def _fault_rules(harness: Harness, limit: int) -> None:
    check_limit(lambda: harness.admin("POST", f"{SANDBOX}/faults", {"fault": {"kind": "status"}}), limit)


@overfill_check("fault_counters")
def _fault_counters(harness: Harness, limit: int) -> None:
    rule = {"trigger": {"per": "idempotency_key", "times": 1}, "fault": {"kind": "status", "status": 500}}
    harness.admin("POST", f"{SANDBOX}/faults", rule)

    def status(value: int) -> int:
        return create_note(harness, headers={"Idempotency-Key": str(value)}).status_code

    assert [status(value) for value in range(limit)] == [500] * limit
    assert status(0) == 201
    assert [status(limit), status(1), status(0)] == [500, 201, 500]


@overfill_check("idempotency_keys")
def _idempotency_keys(harness: Harness, limit: int) -> None:
    def is_replayed(value: int) -> bool:
        return "Idempotent-Replayed" in create_note(harness, headers={"Idempotency-Key": str(value)}).headers

    assert [is_replayed(value) for value in range(limit + 1)] == [False] * (limit + 1)
    assert [is_replayed(value) for value in (limit, 1, 0)] == [True, True, False]


@overfill_check("events")
def _events(harness: Harness, limit: int) -> None:
    for _ in range(limit + 2):
        create_note(harness)
    events = [each["id"] for each in harness.admin("GET", f"{SANDBOX}/events").json]
    assert sorted(events) == [f"evt_{nth}" for nth in range(3, limit + 3)]


@overfill_check("webhook_endpoints")
def _webhook_endpoints(harness: Harness, limit: int) -> None:
    check_limit(lambda: harness.admin("POST", f"{SANDBOX}/webhooks", WEBHOOK), limit)


def deliveries(harness: Harness) -> Any:
    return harness.admin("GET", f"{SANDBOX}/deliveries").json


@overfill_check("deliveries")
def _deliveries(harness: Harness, limit: int) -> None:
    harness.admin("POST", f"{SANDBOX}/webhooks", WEBHOOK)
    for _ in range(limit + 2):
        create_note(harness)
    assert sorted(each["event"]["id"] for each in deliveries(harness)) == [f"evt_{nth}" for nth in range(3, limit + 3)]


def create_delivery(harness: Harness, attempts: int, **data: Any) -> Any:
    """Creates a delivery and makes `attempts` attempts."""
    harness.admin("POST", f"{SANDBOX}/webhooks", WEBHOOK)
    with harness.sandbox.transaction() as space:
        emit_event(SimulationContext(harness.sandbox, NOON, space), TYPES[0], **data)
    harness.deliver_due()
    (delivery,) = deliveries(harness)
    for _ in range(attempts - 1):
        harness.sandbox.outbox.retry(delivery["id"])
    return harness.admin("GET", f"{SANDBOX}/deliveries/{delivery['id']}").json


@overfill_check("delivery_attempts")
def _delivery_attempts(harness: Harness, limit: int) -> None:
    assert len(create_delivery(harness, limit + 2)["attempts"]) == limit


@overfill_check("delivery_body")
def _delivery_body(harness: Harness, limit: int) -> None:
    assert len(create_delivery(harness, 1, text="x" * limit)["attempts"][0]["body"]) == limit


@overfill_check("delivery_answer")
def _delivery_answer(harness: Harness, limit: int) -> None:
    assert len(create_delivery(harness, 1)["attempts"][0]["answer"]) == limit


@overfill_check("journal_entries")
def _journal_entries(harness: Harness, limit: int) -> None:
    for _ in range(limit + 2):
        create_note(harness)
    journal = harness.admin("GET", f"{SANDBOX}/requests").json
    assert ([each["id"] for each in journal["requests"]], journal["dropped"]) == (
        [f"req_{nth}" for nth in range(3, limit + 3)],
        2,
    )


@overfill_check("journal_bytes")
def _journal_bytes(harness: Harness, limit: int) -> None:
    for _ in range(12):
        create_note(harness)
    journal = harness.admin("GET", f"{SANDBOX}/requests").json
    assert limit - 2 * ENTRY_OVERHEAD_BYTES < harness.sandbox.journal.memory_bytes <= limit
    assert (journal["requests"][-1]["id"], journal["dropped"]) == ("req_12", 12 - len(journal["requests"]))


@overfill_check("journals_bytes")
def _journals_bytes(harness: Harness, limit: int) -> None:
    harness.engine.create("acme", "other")
    for sandbox in ("acme", "acme", "other"):
        for _ in range(4):
            create_note(harness, sandbox=sandbox)
    sizes = [harness.engine.sandboxes[id].journal.memory_bytes for id in ("acme", "other")]
    assert limit - 2 * ENTRY_OVERHEAD_BYTES < sum(sizes) <= limit
    assert len(harness.engine.sandboxes["other"].journal.entries()) == 4


@overfill_check("journal_body")
def _journal_body(harness: Harness, limit: int) -> None:
    create_note(harness)
    body = harness.admin("GET", f"{SANDBOX}/requests/req_1").json["request"]["body"]
    assert (len(body["text"]), body["cut"]) == (limit, True)
    assert body["size"] > limit


@overfill_check("body_limit")
def _body_limit(harness: Harness, limit: int) -> None:
    def set_limit(bytes: int) -> int:
        return harness.admin("PATCH", SANDBOX, {"assumptions": {"body_limit": bytes}}).status_code

    assert (set_limit(limit), set_limit(limit + 1), set_limit(5)) == (200, 422, 200)
    assert create_note(harness).status_code == 413


@overfill_check("json_depth")
def _json_depth(harness: Harness, limit: int) -> None:
    def status(levels: int) -> int:
        data = b'{"text":"x","a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"
        return harness.request("POST", "/v1/notes", data=data, content_type="application/json").status_code

    assert (status(limit), status(limit + 1)) == (201, 400)


@overfill_check("latency_ms")
def _latency_ms(harness: Harness, limit: int) -> None:
    def status(ms: int) -> int:
        return harness.admin("PATCH", SANDBOX, {"latency": {"type": "fixed", "ms": ms}}).status_code

    assert (status(limit), status(limit + 1)) == (200, 422)


@overfill_check("wait_seconds")
def _wait_seconds(harness: Harness, limit: int) -> None:
    slept: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edge, "sleep", slept.append)
        call = read_call(harness.engine, "acme", ENVIRON)
        call.wait(limit + 1)
        call.wait(limit - 1)
    assert slept == [limit, limit - 1]


ENVIRON = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/",
    "wsgi.url_scheme": "http",
    "wsgi.input": BytesIO(),
}


@overfill_check("admin_body")
def _admin_body(harness: Harness, limit: int) -> None:
    def status(size: int) -> int:
        data = b"{" + b" " * (size - 2) + b"}"
        return harness.admin("PATCH", SANDBOX, data=data, content_type="application/json").status_code

    assert (status(limit), status(limit + 1)) == (200, 413)


def refusal_status(head: bytes) -> int:
    try:
        framing.parse_head(head)
    except framing.ProtocolError as refusal:
        return refusal.status
    return 200


@overfill_check("request_line")
def _request_line(harness: Harness, limit: int) -> None:
    with pytest.raises(framing.ProtocolError) as refused:
        framing.check_sizes(limit + 1, 0)
    framing.check_sizes(limit, 0)
    assert refused.value.status == 414


@overfill_check("header_bytes")
def _header_bytes(harness: Harness, limit: int) -> None:
    with pytest.raises(framing.ProtocolError) as refused:
        framing.check_sizes(0, limit + 1)
    framing.check_sizes(0, limit)
    assert refused.value.status == 431


@overfill_check("headers")
def _headers(harness: Harness, limit: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: a"
    assert refusal_status(head + b"\r\nX-A: 1" * (limit - 1)) == 200
    assert refusal_status(head + b"\r\nX-A: 1" * limit) == 431


@overfill_check("webhook_url")
def _webhook_url(harness: Harness, limit: int) -> None:
    def status(size: int) -> int:
        url = "http://127.0.0.1:9/".ljust(size, "x")
        return harness.admin("POST", f"{SANDBOX}/webhooks", {**WEBHOOK, "url": url}).status_code

    assert (status(limit), status(limit + 1)) == (201, 422)


REDUCED_LIMITS = {
    "journal_bytes": 5 * ENTRY_OVERHEAD_BYTES,
    "journals_bytes": 8 * ENTRY_OVERHEAD_BYTES,
    "webhook_url": 100,
    "admin_body": 500,
}
UNCHANGEABLE = ("latency_ms", "body_limit")
"""Bounds in the type of a model, which a test cannot reduce."""
TESTED_ELSEWHERE = ("webhook_answer",)
"""Tested with a real receiver in tests/delivery/test_egress.py."""


def test_every_bound_is_overfilled() -> None:
    assert set(OVERFILL_CHECKS) | set(TESTED_ELSEWHERE) == set(BY_NAME)
    assert len(BY_NAME) == len(BOUNDS)


def reduce_limit(name: str, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> int:
    bound = BY_NAME[name]
    if name in UNCHANGEABLE:
        return int(bound.value(harness.engine))
    limit = REDUCED_LIMITS.get(name, 7)
    if isinstance(getattr(Journals(), bound.constant, None), int) and bound.module == "engine.pipeline.journals":
        harness.engine = make_harness(ACME_WITH_WEBHOOKS, journals=Journals(**{bound.constant: limit})).engine
        harness.app = create_app(harness.engine, token=TOKEN)
    else:
        monkeypatch.setattr(import_module(f"mockserver.{bound.module}"), bound.constant, limit)
    return limit


@pytest.mark.parametrize("name", OVERFILL_CHECKS)
def test_the_server_behaves_beyond_a_bound_as_the_bound_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = ACME_WITH_GENERATED_NOTES if name in ("templates", "records") else ACME_WITH_WEBHOOKS
    harness = make_harness(provider, sender=Egress() if name == "webhook_url" else FakeEgress())
    limit = reduce_limit(name, harness, monkeypatch)
    reported = {each["name"]: each["value"] for each in harness.admin("GET", "/settings").json["bounds"]}
    assert reported[name] == limit
    OVERFILL_CHECKS[name](harness, limit)


LIMIT_NAME_PARTS = ("MAX_",)
INTERNAL_LIMITS = {
    "BACKLOG",
    "NEAR_MISS_CANDIDATES",
    "MAX_CACHED_LENGTH",
    "MAX_CHUNK",
    "MAX_CHUNK_LINE",
    "MAX_DESCRIPTORS",
    "MAX_DISCARD_BYTES",
    "MAX_CACHE_BYTES",
    "MAX_QUICK_EXITS",
}
"""Limits inside one step of work that stores nothing; users do not notice them."""
UNREPORTED_LIMITS = {
    ("cli.announcement", "MAX_NOTES"),
    ("console.filters", "MAX_SHOWN_CHARACTERS"),
    ("openapi.document.document_files", "MAX_FILE_BYTES"),
    ("openapi.document.validators", "MAX_ERRORS"),
}
"""Limits of output for people and of the operator's document at the start; clients do not notice them."""


def test_every_limit_in_the_source_is_reported_as_a_bound() -> None:
    root = Path(mockserver.__file__).parent
    found = {}
    shared = (
        file for file in root.rglob("*.py") if "providers" not in file.parts
    )  # Limits of a vendor are bounds of its provider.
    for file in shared:
        module = ".".join(file.relative_to(root).with_suffix("").parts)
        for node in ast.parse(file.read_text("utf-8")).body:
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            name = getattr(target, "id", "")
            if name.isupper() and any(each in name for each in LIMIT_NAME_PARTS) and not name.startswith("_"):
                value = getattr(import_module(f"mockserver.{module}"), name)
                if isinstance(value, int | float) and name not in INTERNAL_LIMITS:
                    found[module, name] = value
    assert set(found) - {(bound.module, bound.constant) for bound in BOUNDS} == UNREPORTED_LIMITS
    assert len(found) > 20


def test_settings_are_reported_with_masked_secrets() -> None:
    settings = ServerSettings(admin_token="a-secret-of-mine", store="redis://me:hidden@db:6379/0", port=0)
    harness = make_harness(ACME)
    harness.app = create_app(harness.engine, token=TOKEN, settings=settings)
    reported = harness.admin("GET", "/settings").json["settings"]
    assert set(reported) == set(ServerSettings.model_fields)
    assert (reported["admin_token"], reported["store"], reported["port"]) == ("***mine", "redis://me:***@db:6379/0", 0)
    assert (reported["evict_after"], reported["durability"]) == (86_400_000_000, "commit")


def test_an_application_without_settings_reports_none() -> None:
    assert make_harness(ACME).admin("GET", "/settings").json["settings"] is None

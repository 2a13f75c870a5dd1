"""Nothing grows without end: every bound is shown, and what lies beyond it is as it says."""

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
from mockserver.app import chosen_providers, create_app
from mockserver.delivery.egress import Egress
from mockserver.engine import Journals, Moment, Progress, Randomness, Refusal, State
from mockserver.engine.pipeline.journal import OVERHEAD
from mockserver.http import edge
from mockserver.http import parser as framing
from mockserver.settings import ServerSettings
from tests.support.acme import ACME, TELLING, TYPES, tell
from tests.support.webhook_receivers import Posts
from tests.support.worlds import NOON, TOKEN, World, make_world, read_call

if TYPE_CHECKING:
    from tests.support.worlds import Answer

BY_NAME = {bound.name: bound for bound in BOUNDS}
OVERFILLED: dict[str, Callable[[World, int], None]] = {}
"""By bound: how it is overfilled, where only so many are allowed, and what is to be seen then."""
WEBHOOK = {"url": "http://127.0.0.1:9/", "secret": "s" * 30}
SANDBOX = "/sandboxes/acme"
numbers = count()
GENERATED: list[str] = []


def _generate(randomness: Randomness, size: str, progress: Progress) -> State:
    GENERATED.append(size)
    return ACME.generate(randomness, size, progress)


NOTED = replace(ACME, generate=_generate)
"""Acme, and how often it has made records."""


def overfills(name: str) -> Callable[[Callable[[World, int], None]], Callable[[World, int], None]]:
    def known(overfill: Callable[[World, int], None]) -> Callable[[World, int], None]:
        OVERFILLED[name] = overfill
        return overfill

    return known


def note(world: World, **options: Any) -> Answer:
    return world.ask("POST", "/v1/notes", json={"text": "x"}, **options)


def refuses_one_more(ask: Callable[[], Answer], most: int, there: int = 0) -> None:
    statuses = [ask().status_code for _ in range(there, most)]
    assert all(status < 300 for status in statuses)
    refused = ask()
    assert refused.status_code == 422
    assert str(most) in refused.json["detail"]


@overfills("sandboxes")
def _sandboxes(world: World, most: int) -> None:
    refuses_one_more(lambda: world.admin("POST", "/sandboxes", {"provider": "acme"}), most, there=1)


@overfills("templates")
def _templates(world: World, most: int) -> None:
    GENERATED.clear()
    for seed in [*range(most + 1), most, 0]:
        assert world.admin("POST", "/sandboxes", {"provider": "acme", "seed": f"s{seed}"}).status_code == 201
    assert len(GENERATED) == most + 2


@overfills("records")
def _records(world: World, most: int) -> None:
    assert [note(world).status_code for _ in range(most)] == [201] * most
    state = world.admin("GET", f"{SANDBOX}/state").json
    refused = note(world, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, f"at most {most} records" in refused.json["detail"]) == (507, True)
    kept = world.ask("GET", "/v1/notes").json["data"]
    assert len(kept) == most
    assert world.admin("GET", f"{SANDBOX}/requests").json["requests"][-2]["status"] == 507
    state["collections"]["notes"].append({"id": "more", "text": "x"})
    assert world.admin("PUT", f"{SANDBOX}/state", state).status_code == 422
    with world.sandbox.transaction() as space:
        space.put("notes", {**kept[0], "text": "changed"})
        space.drop("notes", kept[1]["id"])
    assert note(world, headers={"Idempotency-Key": "k"}).status_code == 201


@overfills("softly_deleted")
def _softly_deleted(_world: World, most: int) -> None:
    epi = make_world(chosen_providers(("smartepi",))[0])
    gone = []
    for nth in range(most + 2):
        made = epi.ask("POST", "/v1/sectors", json={"name": f"n{nth}"}).json["data"]
        assert epi.ask("DELETE", f"/v1/sectors/{made['id']}?_version=1").status_code == 200
        gone.append(made["id"])
    kept = epi.admin("GET", "/sandboxes/smartepi/state").json["collections"]["sectors.deleted"]
    assert [record["id"] for record in kept] == gone[2:]


@overfills("keys")
def _keys(world: World, most: int) -> None:
    refuses_one_more(lambda: world.admin("POST", f"{SANDBOX}/keys", {}), most, there=len(world.sandbox.keys))


@overfills("timers")
def _timers(world: World, most: int) -> None:
    sandbox = world.sandbox
    with sandbox.transaction() as space:
        for _ in range(most):
            sandbox.schedule(space, NOON + 10, "nothing", {})
        with pytest.raises(Refusal, match=f"{most} things are waiting"):
            sandbox.schedule(space, NOON + 10, "nothing", {})


@overfills("snapshots")
def _snapshots(world: World, most: int) -> None:
    refuses_one_more(lambda: world.admin("PUT", f"{SANDBOX}/snapshots/s{next(numbers)}"), most)


@overfills("fault_rules")
def _fault_rules(world: World, most: int) -> None:
    refuses_one_more(lambda: world.admin("POST", f"{SANDBOX}/faults", {"fault": {"kind": "status"}}), most)


@overfills("fault_counters")
def _fault_counters(world: World, most: int) -> None:
    rule = {"trigger": {"per": "idempotency_key", "times": 1}, "fault": {"kind": "status", "status": 500}}
    world.admin("POST", f"{SANDBOX}/faults", rule)

    def status(value: int) -> int:
        return note(world, headers={"Idempotency-Key": str(value)}).status_code

    assert [status(value) for value in range(most)] == [500] * most
    assert status(0) == 201
    assert [status(most), status(1), status(0)] == [500, 201, 500]


@overfills("idempotency_keys")
def _idempotency_keys(world: World, most: int) -> None:
    def again(value: int) -> bool:
        return "Idempotent-Replayed" in note(world, headers={"Idempotency-Key": str(value)}).headers

    assert [again(value) for value in range(most + 1)] == [False] * (most + 1)
    assert [again(value) for value in (most, 1, 0)] == [True, True, False]


@overfills("events")
def _events(world: World, most: int) -> None:
    for _ in range(most + 2):
        note(world)
    events = [each["id"] for each in world.admin("GET", f"{SANDBOX}/events").json]
    assert sorted(events) == [f"evt_{nth}" for nth in range(3, most + 3)]


@overfills("webhook_endpoints")
def _webhook_endpoints(world: World, most: int) -> None:
    refuses_one_more(lambda: world.admin("POST", f"{SANDBOX}/webhooks", WEBHOOK), most)


def deliveries(world: World) -> Any:
    return world.admin("GET", f"{SANDBOX}/deliveries").json


@overfills("deliveries")
def _deliveries(world: World, most: int) -> None:
    world.admin("POST", f"{SANDBOX}/webhooks", WEBHOOK)
    for _ in range(most + 2):
        note(world)
    assert sorted(each["event"]["id"] for each in deliveries(world)) == [f"evt_{nth}" for nth in range(3, most + 3)]


def told_of(world: World, attempts: int, **data: Any) -> Any:
    """A delivery after so many attempts."""
    world.admin("POST", f"{SANDBOX}/webhooks", WEBHOOK)
    with world.sandbox.transaction() as space:
        tell(Moment(world.sandbox, NOON, space), TYPES[0], **data)
    world.settle()
    (delivery,) = deliveries(world)
    for _ in range(attempts - 1):
        world.sandbox.outbox.retry(delivery["id"])
    return world.admin("GET", f"{SANDBOX}/deliveries/{delivery['id']}").json


@overfills("delivery_attempts")
def _delivery_attempts(world: World, most: int) -> None:
    assert len(told_of(world, most + 2)["attempts"]) == most


@overfills("delivery_body")
def _delivery_body(world: World, most: int) -> None:
    assert len(told_of(world, 1, text="x" * most)["attempts"][0]["body"]) == most


@overfills("delivery_answer")
def _delivery_answer(world: World, most: int) -> None:
    assert len(told_of(world, 1)["attempts"][0]["answer"]) == most


@overfills("journal_entries")
def _journal_entries(world: World, most: int) -> None:
    for _ in range(most + 2):
        note(world)
    journal = world.admin("GET", f"{SANDBOX}/requests").json
    assert ([each["id"] for each in journal["requests"]], journal["dropped"]) == (
        [f"req_{nth}" for nth in range(3, most + 3)],
        2,
    )


@overfills("journal_bytes")
def _journal_bytes(world: World, most: int) -> None:
    for _ in range(12):
        note(world)
    journal = world.admin("GET", f"{SANDBOX}/requests").json
    assert most - 2 * OVERHEAD < world.sandbox.journal.size <= most
    assert (journal["requests"][-1]["id"], journal["dropped"]) == ("req_12", 12 - len(journal["requests"]))


@overfills("journals_bytes")
def _journals_bytes(world: World, most: int) -> None:
    world.engine.create("acme", "other")
    for sandbox in ("acme", "acme", "other"):
        for _ in range(4):
            note(world, sandbox=sandbox)
    sizes = [world.engine.sandboxes[id].journal.size for id in ("acme", "other")]
    assert most - 2 * OVERHEAD < sum(sizes) <= most
    assert len(world.engine.sandboxes["other"].journal.entries()) == 4


@overfills("journal_body")
def _journal_body(world: World, most: int) -> None:
    note(world)
    body = world.admin("GET", f"{SANDBOX}/requests/req_1").json["request"]["body"]
    assert (len(body["text"]), body["cut"]) == (most, True)
    assert body["size"] > most


@overfills("body_limit")
def _body_limit(world: World, most: int) -> None:
    def limit(bytes: int) -> int:
        return world.admin("PATCH", SANDBOX, {"assumptions": {"body_limit": bytes}}).status_code

    assert (limit(most), limit(most + 1), limit(5)) == (200, 422, 200)
    assert note(world).status_code == 413


@overfills("json_depth")
def _json_depth(world: World, most: int) -> None:
    def status(levels: int) -> int:
        data = b'{"text":"x","a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"
        return world.ask("POST", "/v1/notes", data=data, content_type="application/json").status_code

    assert (status(most), status(most + 1)) == (201, 400)


@overfills("latency_ms")
def _latency_ms(world: World, most: int) -> None:
    def status(ms: int) -> int:
        return world.admin("PATCH", SANDBOX, {"latency": {"type": "fixed", "ms": ms}}).status_code

    assert (status(most), status(most + 1)) == (200, 422)


@overfills("wait_seconds")
def _wait_seconds(world: World, most: int) -> None:
    slept: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edge, "sleep", slept.append)
        call = read_call(world.engine, "acme", ENVIRON)
        call.wait(most + 1)
        call.wait(most - 1)
    assert slept == [most, most - 1]


ENVIRON = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/",
    "wsgi.url_scheme": "http",
    "wsgi.input": BytesIO(),
}


@overfills("admin_body")
def _admin_body(world: World, most: int) -> None:
    def status(size: int) -> int:
        data = b"{" + b" " * (size - 2) + b"}"
        return world.admin("PATCH", SANDBOX, data=data, content_type="application/json").status_code

    assert (status(most), status(most + 1)) == (200, 413)


def refusal_of(head: bytes) -> int:
    try:
        framing.parse_head(head)
    except framing.Refusal as refusal:
        return refusal.status
    return 200


@overfills("request_line")
def _request_line(world: World, most: int) -> None:
    with pytest.raises(framing.Refusal) as refused:
        framing.check_sizes(most + 1, 0)
    framing.check_sizes(most, 0)
    assert refused.value.status == 414


@overfills("header_bytes")
def _header_bytes(world: World, most: int) -> None:
    with pytest.raises(framing.Refusal) as refused:
        framing.check_sizes(0, most + 1)
    framing.check_sizes(0, most)
    assert refused.value.status == 431


@overfills("headers")
def _headers(world: World, most: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: a"
    assert refusal_of(head + b"\r\nX-A: 1" * (most - 1)) == 200
    assert refusal_of(head + b"\r\nX-A: 1" * most) == 431


@overfills("webhook_url")
def _webhook_url(world: World, most: int) -> None:
    def status(size: int) -> int:
        url = "http://127.0.0.1:9/".ljust(size, "x")
        return world.admin("POST", f"{SANDBOX}/webhooks", {**WEBHOOK, "url": url}).status_code

    assert (status(most), status(most + 1)) == (201, 422)


SMALL = {"journal_bytes": 5 * OVERHEAD, "journals_bytes": 8 * OVERHEAD, "webhook_url": 100, "admin_body": 500}
FIXED = ("latency_ms", "body_limit")
"""Parts of a model's type: as large as they are."""
ELSEWHERE = ("webhook_answer",)
"""Overfilled where a real receiver is: tests/delivery/test_egress.py."""


def test_every_bound_is_overfilled() -> None:
    assert set(OVERFILLED) | set(ELSEWHERE) == set(BY_NAME)
    assert len(BY_NAME) == len(BOUNDS)


def shrunk(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> int:
    bound = BY_NAME[name]
    if name in FIXED:
        return int(bound.value(world.engine))
    most = SMALL.get(name, 7)
    if isinstance(getattr(Journals(), bound.constant, None), int) and bound.module == "engine.pipeline.journals":
        world.engine = make_world(TELLING, journals=Journals(**{bound.constant: most})).engine
        world.app = create_app(world.engine, token=TOKEN)
    else:
        monkeypatch.setattr(import_module(f"mockserver.{bound.module}"), bound.constant, most)
    return most


@pytest.mark.parametrize("name", OVERFILLED)
def test_what_lies_beyond_a_bound_is_as_it_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = NOTED if name in ("templates", "records") else TELLING
    world = make_world(provider, post=Egress() if name == "webhook_url" else Posts())
    most = shrunk(name, world, monkeypatch)
    shown = {each["name"]: each["value"] for each in world.admin("GET", "/settings").json["bounds"]}
    assert shown[name] == most
    OVERFILLED[name](world, most)


NAMED = ("BOUND", "MOST", "LONGEST", "LARGEST", "DEEPEST", "_KEPT", "MAX_")
WORKINGS = {
    "BACKLOG",
    "LOOKED_AT",
    "MAX_CHUNK",
    "MAX_CHUNK_LINE",
    "MAX_DESCRIPTORS",
    "MAX_UNREAD",
    "MOST_BYTES",
    "MOST_SHORT_LIVES",
}
"""Bounds of one step of work, in which nothing is kept and which no user meets."""
SHOWN_OR_READ_ONCE = {
    ("cli.announcement", "MOST_NOTES"),
    ("console.text", "LONGEST"),
    ("openapi.document.files", "LARGEST"),
    ("openapi.document.validators", "MOST_ERRORS"),
}
"""Of what is shown to a person, and of the operator's own document at the start: no client meets them."""


def test_no_bound_of_the_source_is_forgotten() -> None:
    root = Path(mockserver.__file__).parent
    found = {}
    shared = (file for file in root.rglob("*.py") if "providers" not in file.parts)  # A vendor's are in its room.
    for file in shared:
        module = ".".join(file.relative_to(root).with_suffix("").parts)
        for node in ast.parse(file.read_text("utf-8")).body:
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            name = getattr(target, "id", "")
            if name.isupper() and any(each in name for each in NAMED) and not name.startswith("_"):
                value = getattr(import_module(f"mockserver.{module}"), name)
                if isinstance(value, int | float) and name not in WORKINGS:
                    found[module, name] = value
    assert set(found) - {(bound.module, bound.constant) for bound in BOUNDS} == SHOWN_OR_READ_ONCE
    assert len(found) > 20


def test_settings_are_shown_without_their_secrets() -> None:
    settings = ServerSettings(admin_token="a-secret-of-mine", store="redis://me:hidden@db:6379/0", port=0)
    world = make_world(ACME)
    world.app = create_app(world.engine, token=TOKEN, settings=settings)
    shown = world.admin("GET", "/settings").json["settings"]
    assert set(shown) == set(ServerSettings.model_fields)
    assert (shown["admin_token"], shown["store"], shown["port"]) == ("***mine", "redis://me:***@db:6379/0", 0)
    assert (shown["evict_after"], shown["durability"]) == (86_400_000_000, "commit")


def test_an_application_that_nobody_gave_settings_shows_none() -> None:
    assert make_world(ACME).admin("GET", "/settings").json["settings"] is None

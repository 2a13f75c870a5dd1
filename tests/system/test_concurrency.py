"""Many concurrent clients in one process: updates, creates, resets and claims stay correct."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from json import dumps
from threading import Event, Thread
from typing import Any

import pytest

from mockserver.engine import SECOND, Call, Credential
from mockserver.engine.pipeline.idempotency import _record_id
from tests.support.acme import ACME
from tests.support.concurrency import run_concurrently
from tests.support.harness import NOON, Harness, make_harness


@pytest.fixture(autouse=True)
def _switch_often() -> Iterator[None]:
    """Switch threads as often as possible, which makes races likely."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def _rename(harness: Harness, path: str, version: int, nth: int) -> Any:
    return harness.request("PUT", path, json={"name": f"by {nth}"}, headers={"If-Match": f'"{version}"'})


@pytest.mark.parametrize("attempt", range(3))
def test_of_fifty_updates_of_one_version_one_wins(harness: Harness, attempt: int) -> None:
    sector = harness.request("POST", "/v1/sectors", json={"name": "begun"}).json["data"]
    path = f"/v1/sectors/{sector['id']}"
    for version in range(1, 4):
        answers = run_concurrently(50, partial(_rename, harness, path, version))
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 49}
        assert {answer.json["type"] for answer in answers if answer.status_code == 409} == {
            "urn:smartepi:error:conflict"
        }
        (winner,) = (answer for answer in answers if answer.status_code == 200)
        current = harness.request("GET", path)
        assert (current.data, current.headers["ETag"]) == (winner.data, f'"{version + 1}"')


@pytest.mark.parametrize("attempt", range(3))
def test_of_a_hundred_creates_of_one_name_one_wins(harness: Harness, attempt: int) -> None:
    answers = run_concurrently(100, lambda nth: harness.request("POST", "/v1/sectors", json={"name": "wanted"}))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 99}
    named = harness.request("GET", "/v1/sectors?limit=100&name=wanted").json["data"]
    assert len(named) == 1


def test_parallel_creates_get_different_ids_and_none_is_lost(harness: Harness) -> None:
    answers = run_concurrently(64, lambda nth: harness.request("POST", "/v1/sectors", json={"name": f"new {nth}"}))
    ids = {answer.json["data"]["id"] for answer in answers}
    listed = {record["id"] for record in harness.request("GET", "/v1/sectors?limit=100").json["data"]}
    assert len(ids) == 64
    assert ids <= listed


def test_a_record_that_is_referenced_concurrently_is_not_deleted(harness: Harness) -> None:
    for nth in range(10):
        sector = harness.request("POST", "/v1/sectors", json={"name": f"s{nth}"}).json["data"]["id"]

        def delete_or_reference(nth: int, sector: str = sector) -> int:
            if nth == 0:
                return harness.request("DELETE", f"/v1/sectors/{sector}", headers={"If-Match": '"1"'}).status_code
            return harness.request("POST", "/v1/employees", json={"name": "e", "sectorId": sector}).status_code

        deleted, *created = run_concurrently(8, delete_or_reference)
        assert (deleted == 200) is (201 not in created)


def canonical(harness: Harness, id: str) -> str:
    return dumps(harness.engine.export(id), sort_keys=True)


def test_a_reset_during_concurrent_writes_restores_the_seed_data() -> None:
    harness = make_harness(scenarios={}, freeze=False)
    seeded, key, stop = canonical(harness, "smartepi"), harness.key(), Event()
    statuses: list[set[int]] = [set() for _ in range(16)]

    def write(nth: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            response = harness.request("POST", "/v1/sectors", key=key, json={"name": f"{nth}/{number}"})
            statuses[nth].add(response.status_code)

    threads = [Thread(target=write, args=(nth,)) for nth in range(16)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        harness.engine.reset("smartepi")
    stop.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    harness.engine.reset("smartepi")
    assert canonical(harness, "smartepi") == seeded
    # A reset keeps this key, so no call may be refused with 401 or 403.
    assert {201} <= set().union(*statuses) <= {201, 503}


def test_a_key_that_a_reset_keeps_works_during_the_reset() -> None:
    harness = make_harness(ACME, scenarios={})
    harness.engine.create("acme", "other")
    stop, refused = Event(), list[str]()

    def read() -> None:
        while not stop.is_set():
            answer = harness.request("GET", "/v1/notes", key=key)
            if answer.status_code != 200:
                refused.append(answer.text)

    key = harness.key("other")
    threads = [Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(100):
        harness.engine.reset("other")
    stop.set()
    for thread in threads:
        thread.join(60)
    assert refused == []
    assert harness.sandbox.journal.entries() == []


def history(harness: Harness, sandbox: str) -> list[tuple[int, bytes, str | None]]:
    """Returns the responses to a client that creates, changes and deletes records one after the other."""
    responses = []
    for nth in range(15):
        created = harness.request("POST", "/v1/sectors", sandbox=sandbox, json={"name": f"n{nth}"})
        path = f"/v1/sectors/{created.json['data']['id']}"
        changed = harness.request("PUT", path, sandbox=sandbox, json={"name": f"m{nth}"}, headers={"If-Match": '"1"'})
        deleted = harness.request("DELETE", path, sandbox=sandbox, headers={"If-Match": f'"{1 + nth % 2}"'})
        listed = harness.request("GET", "/v1/sectors?limit=5", sandbox=sandbox)
        responses += [
            (each.status_code, each.data, each.headers.get("X-Request-Id"))
            for each in (created, changed, deleted, listed)
        ]
    return responses


def test_tenants_under_parallel_load_get_the_same_responses_as_alone() -> None:
    def make_three_tenants() -> Harness:
        harness = make_harness(scenarios={})
        for name in ("a", "b", "c"):
            harness.admin("POST", "/sandboxes", {"provider": "smartepi", "name": name, "seed": name})
            harness.admin("PUT", f"/sandboxes/{name}/clock", {"action": "freeze", "at": NOON})
        return harness

    parallel_harness, serial_harness = make_three_tenants(), make_three_tenants()
    alone = [history(serial_harness, name) for name in ("a", "b", "c")]
    assert run_concurrently(3, lambda nth: history(parallel_harness, "abc"[nth])) == alone
    assert alone[0] != alone[1]


def test_of_concurrent_creates_of_one_sandbox_name_one_wins(acme: Harness) -> None:
    answers = run_concurrently(16, lambda nth: acme.admin("POST", "/sandboxes", {"provider": "acme", "name": "wanted"}))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 15}
    assert acme.request("GET", "/v1/notes", sandbox="wanted").status_code == 200


def test_sandboxes_created_concurrently_without_a_name_get_different_names(acme: Harness) -> None:
    answers = run_concurrently(32, lambda nth: acme.admin("POST", "/sandboxes", {"provider": "acme"}))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["keys"][0]["secret"] for answer in answers}) == 32


def test_concurrent_advances_of_a_clock_add_up(acme: Harness) -> None:
    run_concurrently(20, lambda nth: acme.advance("1s"))
    assert acme.sandbox.now() == NOON + 20 * SECOND


def test_keys_created_concurrently_all_work(acme: Harness) -> None:
    secrets = run_concurrently(20, lambda nth: acme.admin("POST", "/sandboxes/acme/keys", {}).json["secret"])
    assert len(set(secrets)) == 20
    assert {acme.request("GET", "/v1/notes", key=secret).status_code for secret in secrets} == {200}


def test_concurrent_changes_of_different_settings_are_all_stored(acme: Harness) -> None:
    names = {"key_propagation": "1s", "revocation_lag": "2s", "key_lifetime": "3s", "unknown_fields": "refused"}
    pairs = list(names.items())
    run_concurrently(4, lambda nth: acme.admin("PATCH", "/sandboxes/acme", {"assumptions": dict([pairs[nth]])}))
    assert acme.admin("GET", "/sandboxes/acme").json["assumptions"].items() >= names.items()


def test_numbers_of_parallel_calls_are_all_different(acme: Harness) -> None:
    numbers = run_concurrently(16, lambda nth: [acme.sandbox.next_serial() for _ in range(200)])
    assert sorted(number for each in numbers for number in each) == list(range(1, 3201))


def test_a_rule_with_times_ten_hits_exactly_ten_of_parallel_calls(acme: Harness) -> None:
    rule = {"trigger": {"skip": 5, "times": 10}, "fault": {"kind": "status", "status": 503}}
    acme.admin("POST", "/sandboxes/acme/faults", rule)
    answers = run_concurrently(32, lambda nth: [acme.request("GET", "/v1/notes").status_code for _ in range(3)])
    assert Counter(status for each in answers for status in each) == {503: 10, 200: 86}


def make_call(harness: Harness, operation: str, data: bytes, wait: Callable[[float], None]) -> Call:
    """Makes a call like the edge, with the test's own `wait`."""
    sandbox = harness.sandbox
    declared = next(each for each in sandbox.provider.operations if each.name == operation)
    credential = Credential(harness.key(), shown=True)
    headers = {"authorization": f"Bearer {credential.secret}", "idempotency-key": "k"}
    return Call(
        sandbox, "POST", declared.path, operation=declared, data=data, credential=credential, headers=headers, wait=wait
    )


def test_a_call_from_before_a_reset_writes_nothing_into_the_new_epoch(harness: Harness) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"latency": {"type": "fixed", "ms": 1}})

    def reset_during_call(_: float) -> None:
        assert harness.admin("POST", "/sandboxes/smartepi/reset").status_code == 200

    reply = harness.engine.handle(make_call(harness, "create_sector", b'{"name": "Late"}', reset_during_call))
    assert reply.status == 503
    assert b"reset while this call was under way" in reply.body
    with harness.sandbox.transaction() as space:
        assert next(space.find("sectors", "name", "Late"), None) is None


def test_a_call_from_before_a_reset_releases_no_claim_of_the_new_epoch(acme: Harness) -> None:
    sandbox, policy = acme.sandbox, ACME.idempotency
    assert policy is not None
    claimed: list[str] = []

    def reset_and_claim(_: float) -> None:
        acme.engine.reset(sandbox.id)
        claimed.append(_record_id(note, policy))
        with sandbox.transaction() as space:
            assert space.claim(claimed[0])

    note = make_call(acme, "create_note", b'{"text": "x"}', reset_and_claim)
    acme.admin("PATCH", f"/sandboxes/{sandbox.id}", {"latency": {"type": "fixed", "ms": 1}})
    assert acme.engine.handle(note).status == 503
    with sandbox.transaction() as space:
        assert not space.claim(claimed[0])

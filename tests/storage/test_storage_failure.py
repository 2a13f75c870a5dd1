"""What clients and operators see when the disk refuses a write: an error response and no trace of the write."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from mockserver.engine import Clock, Settings, StoreError
from mockserver.storage.tinydb.store import TinyStore
from tests.storage.test_power_loss import DATA
from tests.support.acme import ACME
from tests.support.failing_disk import SimulatedDisk
from tests.support.harness import NOON, Harness, make_harness

BROKEN = {"id": "broken", "fault": {"kind": "status", "status": 418}}


class DiskFailure:
    """Makes one kind of disk operation fail with an error number, until ``begin(0)``."""

    def __init__(self) -> None:
        self.number, self.operation = 0, ""

    def __call__(self, operation: str) -> None:
        if self.number and operation == self.operation:
            raise OSError(self.number, errno.errorcode[self.number])

    def begin(self, number: int, operation: str = "append") -> None:
        self.number, self.operation = number, operation


def open_harness(files: SimulatedDisk) -> Harness:
    return make_harness(ACME, store=TinyStore(DATA, files=files))


@pytest.fixture
def files() -> SimulatedDisk:
    return SimulatedDisk()


@pytest.fixture
def acme(files: SimulatedDisk) -> Harness:
    return open_harness(files)


@pytest.fixture
def disk_failure(files: SimulatedDisk, acme: Harness) -> DiskFailure:
    files.before_operation = failure = DiskFailure()
    return failure


def post(harness: Harness, text: str = "hello", key: str | None = None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return harness.request("POST", "/v1/notes", json={"text": text}, headers=headers)


def notes(harness: Harness) -> list[str]:
    response = harness.request("GET", "/v1/notes")
    assert response.status_code == 200
    return [note["text"] for note in response.json["data"]]


def test_on_a_full_disk_writes_are_refused_with_507_until_there_is_room(
    acme: Harness, disk_failure: DiskFailure, files: SimulatedDisk
) -> None:
    assert post(acme, "before").status_code == 201
    disk_failure.begin(errno.ENOSPC)
    for _ in range(3):
        refused = post(acme, "refused")
        assert (refused.status_code, refused.content_type) == (507, "application/problem+json")
        assert refused.json["detail"].startswith("The disk is full")
    assert acme.sandbox.journal.entries()[-1].reply.status == 507
    assert notes(acme) == ["before"]
    assert acme.app.test_client().get("/ready").status_code == 200
    disk_failure.begin(0)
    assert post(acme, "after").status_code == 201
    assert (
        notes(acme)
        == notes(open_harness(files.image().recover("power lost, nothing unsynced is there")))
        == ["before", "after"]
    )


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.ENOSPC])
def test_after_a_failed_fsync_writes_are_refused_and_reads_still_work(
    acme: Harness, disk_failure: DiskFailure, number: int
) -> None:
    disk_failure.begin(number, "fsync")
    assert post(acme).status_code == 503
    disk_failure.begin(0)
    assert post(acme).status_code == 503
    for _ in range(1100):  # more than the block of call numbers that is reserved at once
        assert acme.request("GET", "/v1/notes").status_code == 200
    ready = acme.app.test_client().get("/ready")
    assert (ready.status_code, ready.content_type) == (503, "application/problem+json")
    assert "acme.log: fsync failed" in ready.text
    refused = acme.admin("POST", "/sandboxes", {"provider": "acme"})
    assert (refused.status_code, refused.content_type) == (503, "application/problem+json")


def test_counters_of_a_full_disk_are_stored_with_the_next_write(
    acme: Harness, disk_failure: DiskFailure, files: SimulatedDisk
) -> None:
    rule = {
        "id": "slow",
        "match": {"method": "GET"},
        "fault": {"kind": "latency", "distribution": {"type": "fixed", "ms": 0}},
    }
    acme.admin("POST", "/sandboxes/acme/faults", rule)
    disk_failure.begin(errno.ENOSPC)
    assert [notes(acme) for _ in range(3)] == [[]] * 3
    disk_failure.begin(0)
    assert post(acme).status_code == 201
    again = open_harness(files.image().recover("the process dies"))
    assert again.admin("GET", "/sandboxes/acme/faults/slow").json["fired"] == 3


def test_a_due_timer_waits_for_the_disk_and_reads_do_not(acme: Harness, disk_failure: DiskFailure) -> None:
    sandbox = acme.sandbox
    with sandbox.transaction() as space:
        sandbox.schedule(space, NOON, "nothing", {})
    disk_failure.begin(errno.ENOSPC)
    assert notes(acme) == []
    disk_failure.begin(0)
    assert notes(acme) == []
    assert acme.admin("GET", "/sandboxes/acme/clock").json["due"] == []


def test_a_refused_request_may_be_repeated_with_its_idempotency_key(acme: Harness, disk_failure: DiskFailure) -> None:
    disk_failure.begin(errno.ENOSPC)
    assert post(acme, key="k").status_code == 507
    disk_failure.begin(0)
    assert [post(acme, key="k").status_code for _ in range(2)] == [201, 201]
    assert notes(acme) == ["hello"]


def _rule(harness: Harness) -> Any:
    return harness.admin("POST", "/sandboxes/acme/faults", BROKEN)


def _scenario(harness: Harness) -> Any:
    return harness.admin("PUT", "/sandboxes/acme/scenarios/outage", {})


def _settings(harness: Harness) -> Any:
    return harness.admin("PATCH", "/sandboxes/acme", {"limits": {"rate": 1, "burst": 1}})


def _clock(harness: Harness) -> Any:
    return harness.admin("PUT", "/sandboxes/acme/clock", {"action": "advance", "by": "90s"})


def _key(harness: Harness) -> Any:
    return harness.admin("POST", "/sandboxes/acme/keys", {})


def _state(harness: Harness) -> Any:
    return harness.admin("POST", "/sandboxes/acme/reset")


@pytest.mark.parametrize("change", [_rule, _scenario, _settings, _clock, _key, _state])
def test_a_change_that_the_disk_refused_has_no_effect(
    acme: Harness, disk_failure: DiskFailure, change: Callable[[Harness], Any]
) -> None:
    post(acme)
    before = acme.admin("GET", "/sandboxes/acme").json, acme.admin("GET", "/sandboxes/acme/faults").json
    disk_failure.begin(errno.ENOSPC)
    refused = change(acme)
    assert (refused.status_code, refused.content_type) == (507, "application/problem+json"), refused.text
    disk_failure.begin(0)
    assert (acme.admin("GET", "/sandboxes/acme").json, acme.admin("GET", "/sandboxes/acme/faults").json) == before
    assert notes(acme) == ["hello"]
    assert change(acme).status_code < 300


def test_a_sandbox_that_a_full_disk_refused_can_be_created_later(acme: Harness, disk_failure: DiskFailure) -> None:
    disk_failure.begin(errno.ENOSPC)
    with pytest.raises(StoreError):
        acme.engine.create("acme", "mine", Settings())
    disk_failure.begin(0)
    assert acme.engine.create("acme", "mine", Settings()).id == "mine"


def test_a_repeated_request_gets_no_reply_that_is_not_durable_yet(tmp_path: Path) -> None:
    syncing, go_on = Event(), Event()
    waiting = False

    def fsync(handle: int) -> None:
        if waiting:
            syncing.set()
            assert go_on.wait(60)

    acme = make_harness(ACME, store=TinyStore(tmp_path, fsync=fsync), freeze=False)
    acme.sandbox.set_clock(Clock(frozen_at=NOON))
    waiting = True
    first = Thread(target=post, args=(acme,), kwargs={"key": "k"})
    first.start()
    assert syncing.wait(60)
    assert post(acme, key="k").status_code == 409
    go_on.set()
    first.join(60)
    repeated = post(acme, key="k")
    assert (repeated.status_code, repeated.headers["Idempotent-Replayed"]) == (201, "true")

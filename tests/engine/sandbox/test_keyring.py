"""The keyring: keys of a sandbox are created, found by secret and revoked."""

from __future__ import annotations

import pytest

from mockserver.engine import SECOND, Refusal, UnknownName, restore_from_snapshot, take_snapshot
from mockserver.engine.sandbox import keyring
from tests.support.harness import NOON, Harness


def test_secrets_depend_on_the_seed_the_sandbox_and_their_number(harness: Harness) -> None:
    first, second = (harness.sandbox.keyring.mint().secret for _ in range(2))
    assert first != second
    assert set(harness.sandbox.keys) >= {first, second}
    harness.engine.reset("smartepi")
    assert set(harness.sandbox.keys).isdisjoint({first, second})
    assert harness.sandbox.keyring.mint().secret == first


def test_two_sandboxes_with_the_same_seed_have_different_keys(harness: Harness) -> None:
    other = harness.engine.create("smartepi", "other")
    assert set(other.keys).isdisjoint(harness.sandbox.keys)


def test_revoking_an_unknown_key_is_refused_with_the_nearest(harness: Harness) -> None:
    with pytest.raises(UnknownName, match="did you mean 'key_1'"):
        harness.sandbox.keyring.revoke("key_11")


def test_revoking_twice_does_not_restart_the_revocation_lag(harness: Harness) -> None:
    key = harness.sandbox.keyring.mint(active_at=NOON)
    harness.sandbox.keyring.revoke(key.id)
    harness.advance("30s")
    again = harness.sandbox.keyring.revoke(key.secret)
    assert again.dead_at == NOON + 60 * SECOND


def test_the_number_of_keys_is_limited(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "MAX_KEYS", 2)
    harness.sandbox.keyring.mint()
    with pytest.raises(Refusal, match="at most 2 keys"):
        harness.sandbox.keyring.mint()


def test_a_key_of_a_failed_transaction_does_not_exist(harness: Harness) -> None:
    before = dict(harness.sandbox.keys)
    with pytest.raises(RuntimeError), harness.sandbox.transaction() as space:
        harness.sandbox.keyring.write_key(space, NOON)
        raise RuntimeError
    assert harness.sandbox.keys == before


def test_revoking_again_at_the_same_instant_changes_nothing(harness: Harness) -> None:
    key = harness.sandbox.keyring.mint(active_at=NOON)
    harness.sandbox.keyring.revoke(key.id, after=10 * SECOND)
    assert harness.sandbox.keyring.revoke(key.id, after=0).dead_at == NOON + 10 * SECOND


def test_a_key_with_a_scheduled_revocation_works_until_the_end_of_the_lag(harness: Harness) -> None:
    key = harness.sandbox.keyring.mint(active_at=NOON, revoked_at=NOON + SECOND)
    lag = harness.sandbox.assumptions.revocation_lag
    assert lag > 0
    assert (key.revoked_at, key.dead_at) == (NOON + SECOND, NOON + SECOND + lag)


def test_every_created_or_revoked_key_is_announced_to_other_processes(harness: Harness) -> None:
    announced: list[int] = []
    harness.sandbox.sync.announce = lambda: announced.append(len(harness.sandbox.keys))  # type: ignore[method-assign]
    before = len(harness.sandbox.keys)
    key = harness.sandbox.keyring.mint()
    harness.sandbox.keyring.revoke(key.id)
    harness.sandbox.keyring.activate([])
    assert announced == [before + 1, before + 1]


def test_a_key_that_a_restore_removes_is_refused(acme: Harness) -> None:
    other = acme.engine.create("acme", "other")
    take_snapshot(acme.engine, "other", "before")
    secret = other.keyring.mint(active_at=0).secret
    assert acme.request("GET", "/v1/notes", key=secret).status_code == 200
    other = restore_from_snapshot(acme.engine, "other", "before")
    calls = len(other.journal.entries())
    assert acme.request("GET", "/v1/notes", key=secret).status_code == 401
    assert len(other.journal.entries()) == calls

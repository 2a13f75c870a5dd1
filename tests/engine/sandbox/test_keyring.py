"""The keys of a sandbox: made once, found by secret, revoked once."""

from __future__ import annotations

import pytest

from mockserver.engine import SECOND, Refusal, UnknownName, restore_from_snapshot, take_snapshot
from mockserver.engine.sandbox import keyring
from tests.support.harness import NOON, Harness


def test_secrets_are_made_from_the_seed_the_sandbox_and_their_number(harness: Harness) -> None:
    first, second = (harness.sandbox.keyring.mint().secret for _ in range(2))
    assert first != second
    assert set(harness.sandbox.keys) >= {first, second}
    harness.engine.reset("smartepi")
    assert set(harness.sandbox.keys).isdisjoint({first, second})
    assert harness.sandbox.keyring.mint().secret == first


def test_two_sandboxes_of_one_seed_have_no_key_in_common(harness: Harness) -> None:
    other = harness.engine.create("smartepi", "other")
    assert set(other.keys).isdisjoint(harness.sandbox.keys)


def test_a_key_that_is_not_there_cannot_be_revoked(harness: Harness) -> None:
    with pytest.raises(UnknownName, match="did you mean 'key_1'"):
        harness.sandbox.keyring.revoke("key_11")


def test_revoking_twice_does_not_begin_the_lag_anew(harness: Harness) -> None:
    key = harness.sandbox.keyring.mint(active_at=NOON)
    harness.sandbox.keyring.revoke(key.id)
    harness.advance("30s")
    again = harness.sandbox.keyring.revoke(key.secret)
    assert again.dead_at == NOON + 60 * SECOND


def test_a_sandbox_has_only_so_many_keys(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "MAX_KEYS", 2)
    harness.sandbox.keyring.mint()
    with pytest.raises(Refusal, match="at most 2 keys"):
        harness.sandbox.keyring.mint()


def test_a_key_whose_transaction_fails_was_never_made(harness: Harness) -> None:
    before = dict(harness.sandbox.keys)
    with pytest.raises(RuntimeError), harness.sandbox.transaction() as space:
        harness.sandbox.keyring.write_key(space, NOON)
        raise RuntimeError
    assert harness.sandbox.keys == before


def test_revoking_again_at_the_same_instant_changes_nothing_either(harness: Harness) -> None:
    key = harness.sandbox.keyring.mint(active_at=NOON)
    harness.sandbox.keyring.revoke(key.id, after=10 * SECOND)
    assert harness.sandbox.keyring.revoke(key.id, after=0).dead_at == NOON + 10 * SECOND


def test_a_key_that_is_to_be_revoked_later_goes_on_working_for_the_lag(harness: Harness) -> None:
    key = harness.sandbox.keyring.mint(active_at=NOON, revoked_at=NOON + SECOND)
    lag = harness.sandbox.assumptions.revocation_lag
    assert lag > 0
    assert (key.revoked_at, key.dead_at) == (NOON + SECOND, NOON + SECOND + lag)


def test_other_processes_are_told_of_every_key_that_is_made_or_revoked_and_of_nothing_else(harness: Harness) -> None:
    told: list[int] = []
    harness.sandbox.sync.announce = lambda: told.append(len(harness.sandbox.keys))  # type: ignore[method-assign]
    before = len(harness.sandbox.keys)
    key = harness.sandbox.keyring.mint()
    harness.sandbox.keyring.revoke(key.id)
    harness.sandbox.keyring.activate([])
    assert told == [before + 1, before + 1]


def test_a_key_that_a_restore_takes_away_leads_to_its_sandbox_no_more(acme: Harness) -> None:
    other = acme.engine.create("acme", "other")
    take_snapshot(acme.engine, "other", "before")
    secret = other.keyring.mint(active_at=0).secret
    assert acme.request("GET", "/v1/notes", key=secret).status_code == 200
    other = restore_from_snapshot(acme.engine, "other", "before")
    calls = len(other.journal.entries())
    assert acme.request("GET", "/v1/notes", key=secret).status_code == 401
    assert len(other.journal.entries()) == calls

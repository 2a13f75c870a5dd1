"""The keys of a sandbox: made once, found by secret, revoked once."""

from __future__ import annotations

import pytest

from mockserver.engine import SECOND, Refusal, UnknownName
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

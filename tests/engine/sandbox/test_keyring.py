"""The keys of a sandbox: made once, found by secret, revoked once."""

from __future__ import annotations

import pytest

from mockserver.engine import SECOND, Refusal, Unknown
from mockserver.engine.sandbox import keyring
from tests.support.worlds import NOON, World


def test_secrets_are_made_from_the_seed_the_sandbox_and_their_number(world: World) -> None:
    first, second = (world.sandbox.keyring.mint().secret for _ in range(2))
    assert first != second
    assert set(world.sandbox.keys) >= {first, second}
    world.engine.reset("smartepi")
    assert set(world.sandbox.keys).isdisjoint({first, second})
    assert world.sandbox.keyring.mint().secret == first


def test_two_sandboxes_of_one_seed_have_no_key_in_common(world: World) -> None:
    other = world.engine.create("smartepi", "other")
    assert set(other.keys).isdisjoint(world.sandbox.keys)


def test_a_key_that_is_not_there_cannot_be_revoked(world: World) -> None:
    with pytest.raises(Unknown, match="did you mean 'key_1'"):
        world.sandbox.keyring.revoke("key_11")


def test_revoking_twice_does_not_begin_the_lag_anew(world: World) -> None:
    key = world.sandbox.keyring.mint(active_at=NOON)
    world.sandbox.keyring.revoke(key.id)
    world.advance("30s")
    again = world.sandbox.keyring.revoke(key.secret)
    assert again.dead_at == NOON + 60 * SECOND


def test_a_sandbox_has_only_so_many_keys(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "MOST_KEYS", 2)
    world.sandbox.keyring.mint()
    with pytest.raises(Refusal, match="at most 2 keys"):
        world.sandbox.keyring.mint()


def test_a_key_whose_transaction_fails_was_never_made(world: World) -> None:
    before = dict(world.sandbox.keys)
    with pytest.raises(RuntimeError), world.sandbox.transaction() as space:
        world.sandbox.keyring.write(space, NOON)
        raise RuntimeError
    assert world.sandbox.keys == before

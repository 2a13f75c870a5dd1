"""The keys of one sandbox: made, revoked, and found by their secret."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

from mockserver.engine.core.call import SandboxView
from mockserver.engine.core.keys import Key
from mockserver.engine.core.problem import Refusal, UnknownName
from mockserver.engine.core.provider import Provider
from mockserver.engine.sandbox.settings import Settings
from mockserver.storage.base import Space

MAX_KEYS = 1_000


class Announcer(Protocol):
    """Tells the other processes of a sandbox's keys."""

    def announce(self) -> None:
        """Tell the other processes that the sandbox has other keys."""


class KeyOwner(SandboxView, Protocol):
    """The sandbox of a keyring."""

    settings: Settings

    @property
    def provider(self) -> Provider: ...
    @property
    def sync(self) -> Announcer: ...


Owner = TypeVar("Owner", bound=KeyOwner)


class Keyring(Generic[Owner]):
    """Every key of a sandbox. A key counts once the transaction that wrote it has been kept and it is adopted."""

    def __init__(self, sandbox: Owner, directory: dict[tuple[str, str], Owner]) -> None:
        self.by_secret: dict[str, Key] = {}
        self._sandbox = sandbox
        self._directory = directory
        """(provider, secret) -> the sandbox the key opens; one for the whole server."""

    def mint(self, **wanted: Any) -> Key:
        """Make a key; it works from ``active_at`` on, which is after the propagation where nothing is said.

        Takes mode, scopes, cidrs, active_at, expires_at; all may be left out.
        """
        now = self._sandbox.now()
        with self._sandbox.transaction() as space:
            key = self.write_key(space, now, **wanted)
        self.activate([key])
        return key

    def revoke(self, id: str, after: int | None = None) -> Key:
        """Revoke a key by id or secret; it goes on working for the revocation lag, or for ``after``."""
        now = self._sandbox.now()
        with self._sandbox.transaction() as space:
            key = self.write_revocation(space, now, id, after)
        self.activate([key])
        return key

    def write_key(
        self,
        space: Space,
        now: int,
        *,
        mode: str | None = None,
        scopes: Iterable[str] = (),
        cidrs: Iterable[str] = (),
        active_at: int | None = None,
        expires_at: int | None = None,
        revoked_at: int | None = None,
    ) -> Key:
        """Write a new key within a transaction; it counts once the transaction has been kept."""
        if space.count("_keys") >= MAX_KEYS:
            raise Refusal(f"a sandbox has at most {MAX_KEYS} keys; reset it or make another sandbox")
        sandbox, nth = self._sandbox, space.increment("keys")
        policy, given = sandbox.provider.keys, sandbox.assumptions
        name = sandbox.provider.key_name(sandbox.id, sandbox.settings.slug)
        mode = mode or policy.modes[0]
        lifetime = now + given.key_lifetime if given.key_lifetime else None
        key = Key(
            id=f"key_{nth}",
            secret=policy.mint(sandbox.randomness, name, nth, mode),
            created_at=now,
            active_at=now + given.key_propagation if active_at is None else active_at,
            mode=mode,
            scopes=tuple(scopes) or policy.scopes,
            cidrs=tuple(cidrs),
            expires_at=lifetime if expires_at is None else expires_at,
            revoked_at=revoked_at,
            dead_at=None if revoked_at is None else revoked_at + given.revocation_lag,
        )
        space.put("_keys", key.to_record())
        return key

    def write_revocation(self, space: Space, now: int, id: str, after: int | None = None) -> Key:
        """Write a key's revocation within a transaction; revoking twice changes nothing.

        One that was to be revoked later is revoked now.
        """
        key = next((key for key in self.by_secret.values() if id in (key.id, key.secret)), None)
        if key is None:
            raise UnknownName("key", id, [key.id for key in self.by_secret.values()])
        lag = self._sandbox.assumptions.revocation_lag if after is None else after
        revoked = key if key.revoked_at is not None and key.revoked_at <= now else key.revoke(now, now + lag)
        space.put("_keys", revoked.to_record())
        return revoked

    def activate(self, keys: Iterable[Key]) -> None:
        """Let these keys lead here from now on, in every process."""
        adopted = list(keys)
        self._register(adopted)
        if adopted:
            self._sandbox.sync.announce()

    def _register(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self.by_secret[key.secret] = key
            self._directory[self._sandbox.provider.name, key.secret] = self._sandbox

    def unregister_all(self) -> None:
        """Let no key lead here any more."""
        for secret in self.by_secret:
            self._directory.pop((self._sandbox.provider.name, secret), None)
        self.by_secret = {}

    def reload(self, space: Space) -> None:
        """Let the keys that the store holds lead here, and no others."""
        # A key that stays is known at every moment: calls go on meanwhile.
        keys = [Key.from_record(record) for _, record in space.scan("_keys")]
        before, self.by_secret = self.by_secret, {key.secret: key for key in keys}
        self._register(keys)
        for secret in before.keys() - self.by_secret.keys():
            self._directory.pop((self._sandbox.provider.name, secret), None)

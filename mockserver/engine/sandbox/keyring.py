"""Creates, revokes and finds the keys of one sandbox."""

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
    """The part of ``SandboxSync`` that a keyring uses."""

    def announce(self) -> None: ...


class KeyOwner(SandboxView, Protocol):
    """The part of a sandbox that a keyring uses."""

    settings: Settings

    @property
    def provider(self) -> Provider: ...
    @property
    def sync(self) -> Announcer: ...


Owner = TypeVar("Owner", bound=KeyOwner)


class Keyring(Generic[Owner]):
    """The keys of a sandbox. A new or changed key takes effect when ``activate`` is called after the commit."""

    def __init__(self, sandbox: Owner, directory: dict[tuple[str, str], Owner]) -> None:
        self.by_secret: dict[str, Key] = {}
        self._sandbox = sandbox
        self._directory = directory
        """(provider, secret) -> the sandbox that the key selects; shared by all sandboxes of the server."""

    def mint(self, **options: Any) -> Key:
        """Creates and activates a key; ``options`` are the keyword arguments of ``write_key``, all optional.

        By default the key is accepted after the propagation time.
        """
        now = self._sandbox.now()
        with self._sandbox.transaction() as space:
            key = self.write_key(space, now, **options)
        self.activate([key])
        return key

    def revoke(self, id: str, after: int | None = None) -> Key:
        """Revokes a key by id or secret; it stays valid for ``after`` microseconds, by default the revocation lag."""
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
        """Writes a new key; ``activate`` must be called after the commit. Raises Refusal beyond ``MAX_KEYS``."""
        if space.count("_keys") >= MAX_KEYS:
            raise Refusal(f"a sandbox has at most {MAX_KEYS} keys; reset it or create another sandbox")
        sandbox, nth = self._sandbox, space.increment("keys")
        policy, assumptions = sandbox.provider.keys, sandbox.assumptions
        name = sandbox.provider.key_name(sandbox.id, sandbox.settings.slug)
        mode = mode or policy.modes[0]
        lifetime = now + assumptions.key_lifetime if assumptions.key_lifetime else None
        key = Key(
            id=f"key_{nth}",
            secret=policy.mint(sandbox.randomness, name, nth, mode),
            created_at=now,
            active_at=now + assumptions.key_propagation if active_at is None else active_at,
            mode=mode,
            scopes=tuple(scopes) or policy.scopes,
            cidrs=tuple(cidrs),
            expires_at=lifetime if expires_at is None else expires_at,
            revoked_at=revoked_at,
            dead_at=None if revoked_at is None else revoked_at + assumptions.revocation_lag,
        )
        space.put("_keys", key.to_record())
        return key

    def write_revocation(self, space: Space, now: int, id: str, after: int | None = None) -> Key:
        """Revokes a key, given by id or secret, in a transaction; ``activate`` must be called after the commit.

        A revoked key is not changed; a key whose revocation is in the future is revoked now. Raises UnknownName with
        the nearest id.
        """
        key = next((key for key in self.by_secret.values() if id in (key.id, key.secret)), None)
        if key is None:
            raise UnknownName("key", id, [key.id for key in self.by_secret.values()])
        lag = self._sandbox.assumptions.revocation_lag if after is None else after
        revoked = key if key.revoked_at is not None and key.revoked_at <= now else key.revoke(now, now + lag)
        space.put("_keys", revoked.to_record())
        return revoked

    def activate(self, keys: Iterable[Key]) -> None:
        """Makes every process accept committed keys and find this sandbox by them."""
        activated = list(keys)
        self._register(activated)
        if activated:
            self._sandbox.sync.announce()

    def _register(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self.by_secret[key.secret] = key
            self._directory[self._sandbox.provider.name, key.secret] = self._sandbox

    def unregister_all(self) -> None:
        for secret in self.by_secret:
            self._directory.pop((self._sandbox.provider.name, secret), None)
        self.by_secret = {}

    def reload(self, space: Space) -> None:
        """Replaces the cached keys by those in the store."""
        # A key that remains is registered at every moment, because calls are handled during the reload.
        keys = [Key.from_record(record) for _, record in space.scan("_keys")]
        before, self.by_secret = self.by_secret, {key.secret: key for key in keys}
        self._register(keys)
        for secret in before.keys() - self.by_secret.keys():
            self._directory.pop((self._sandbox.provider.name, secret), None)

"""Finds the sandboxes of this process by id, key and slug."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock

from mockserver.engine.core.problem import Conflict, UnknownName
from mockserver.engine.sandbox.sandbox import Sandbox
from mockserver.storage.base import Record, Store

Directory = dict[tuple[str, str], Sandbox]
"""(provider, the secret of a key or the slug of a tenant) -> the sandbox it selects."""


class Registry:
    """The open sandboxes of this process, kept up to date with what other processes create, change and delete."""

    def __init__(self, store: Store, reopen: Callable[[str], None]) -> None:
        self.sandboxes: dict[str, Sandbox] = {}
        self.keys: Directory = {}
        self.slugs: Directory = {}
        self._store, self._reopen = store, reopen
        self._sync_lock, self._seen_generation = Lock(), -1
        """The generation of the cluster up to which sandboxes and keys have been read."""

    def add(self, sandbox: Sandbox) -> None:
        self.sandboxes[sandbox.id] = self.slugs[sandbox.provider.name, sandbox.slug] = sandbox

    def remove(self, id: str) -> None:
        """Removes a sandbox with its keys and slug; ignores an unknown id."""
        sandbox = self.sandboxes.pop(id, None)
        if sandbox is not None:
            sandbox.keyring.unregister_all()
            self.slugs.pop((sandbox.provider.name, sandbox.slug), None)

    def check_keys(self, sandbox: Sandbox, records: Iterable[Record]) -> None:
        """Raises Conflict if another sandbox has one of these keys."""
        for record in records:
            owner = self.keys.get((sandbox.provider.name, str(record.get("secret"))), sandbox)
            if owner is not sandbox:
                raise Conflict(f"the key {record['id']!r} of the state belongs to the sandbox {owner.id!r}")

    def sync(self) -> None:
        """Reads which sandboxes and keys other processes have created or deleted."""
        generation = self._store.cluster.generation()
        with self._sync_lock:
            if generation != self._seen_generation:
                self._apply_names(self._store.names())
                self._seen_generation = generation

    def _apply_names(self, names: list[str]) -> None:
        for id in self.sandboxes.keys() - set(names):
            self.remove(id)
        for id in names:
            if id not in self.sandboxes:
                self._reopen(id)
        self.refresh(names)

    def refresh_sandbox(self, sandbox: Sandbox) -> bool:
        """Applies remote changes. If another process has deleted the sandbox, removes it here and returns False."""
        if sandbox.sync.refresh():
            return True
        self.remove(sandbox.id)
        return False

    def refresh(self, ids: Iterable[str]) -> None:
        for id in ids:
            sandbox = self.sandboxes.get(id)
            if sandbox is not None:
                self.refresh_sandbox(sandbox)

    def get(self, id: str) -> Sandbox:
        """Returns a sandbox after applying remote changes; raises UnknownName with the nearest id."""
        self.sync()
        sandbox = self.sandboxes.get(id)
        if sandbox is None or not self.refresh_sandbox(sandbox):
            raise UnknownName("sandbox", id, list(self.sandboxes))
        return sandbox

    def lookup(self, directory: Directory, provider: str, name: str | None) -> Sandbox | None:
        """Returns the sandbox of a key or slug after applying remote changes, or None."""
        if name is None:
            return None
        if (provider, name) not in directory:
            self.sync()
        found = directory.get((provider, name))
        return found if found is not None and self.refresh_sandbox(found) else None

    def idle_since(self, instant: int) -> list[str]:
        """Returns the ids of the sandboxes unused since ``instant`` (wall clock), except first sandboxes."""
        idle = [each for each in self.sandboxes.values() if each.sync.used_at < instant]
        self.refresh(each.id for each in idle)  # Another process may have used or deleted some of them.
        remaining = [each for each in idle if each.id in self.sandboxes and each.id != each.provider.name]
        return [each.id for each in remaining if each.sync.used_at < instant]

    def all_sandboxes(self) -> list[Sandbox]:
        self.sync()
        return list(self.sandboxes.values())

"""Which sandboxes there are, and which of them a key or a tenant's name leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock

from mockserver.engine.core.problem import Conflict, UnknownName
from mockserver.engine.sandbox.sandbox import Sandbox
from mockserver.storage.base import Record, Store

Directory = dict[tuple[str, str], Sandbox]
"""(provider, a key's secret or a tenant's name) -> the sandbox it leads to."""


class Registry:
    """The sandboxes this process knows, and how it learns what others have made, changed and deleted."""

    def __init__(self, store: Store, reopen: Callable[[str], None]) -> None:
        self.sandboxes: dict[str, Sandbox] = {}
        self.keys: Directory = {}
        self.slugs: Directory = {}
        self._store, self._reopen = store, reopen
        self._sync_lock, self._seen_generation = Lock(), -1
        """Which news of the other processes has been looked into."""

    def add(self, sandbox: Sandbox) -> None:
        """Know a sandbox from now on."""
        self.sandboxes[sandbox.id] = self.slugs[sandbox.provider.name, sandbox.slug] = sandbox

    def remove(self, id: str) -> None:
        """Know a sandbox no more; one that is not known is no error."""
        sandbox = self.sandboxes.pop(id, None)
        if sandbox is not None:
            sandbox.keyring.unregister_all()
            self.slugs.pop((sandbox.provider.name, sandbox.slug), None)

    def check_keys(self, sandbox: Sandbox, records: Iterable[Record]) -> None:
        """Raise Taken for the record of a key that opens another sandbox than this one."""
        for record in records:
            owner = self.keys.get((sandbox.provider.name, str(record.get("secret"))), sandbox)
            if owner is not sandbox:
                raise Conflict(f"the key {record['id']!r} of the state opens the sandbox {owner.id!r}")

    def sync(self) -> None:
        """Learn of the sandboxes and keys that other processes have made or deleted."""
        news = self._store.cluster.generation()
        with self._sync_lock:
            if news != self._seen_generation:
                self._apply_names(self._store.names())
                self._seen_generation = news

    def _apply_names(self, names: list[str]) -> None:
        for id in self.sandboxes.keys() - set(names):
            self.remove(id)
        for id in names:
            if id not in self.sandboxes:
                self._reopen(id)
        self.refresh(names)

    def refresh_sandbox(self, sandbox: Sandbox) -> bool:
        """Have a sandbox as other processes have left it; False, and forgotten, when one has deleted it."""
        if sandbox.sync.refresh():
            return True
        self.remove(sandbox.id)
        return False

    def refresh(self, ids: Iterable[str]) -> None:
        """Have these sandboxes as other processes have left them."""
        for id in ids:
            sandbox = self.sandboxes.get(id)
            if sandbox is not None:
                self.refresh_sandbox(sandbox)

    def get(self, id: str) -> Sandbox:
        """The sandbox of that id; Unknown names the nearest."""
        self.sync()
        sandbox = self.sandboxes.get(id)
        if sandbox is None or not self.refresh_sandbox(sandbox):
            raise UnknownName("sandbox", id, list(self.sandboxes))
        return sandbox

    def lookup(self, directory: Directory, provider: str, name: str | None) -> Sandbox | None:
        """Whom a key or a tenant's name leads to, be it that another process has given it just now."""
        if name is None:
            return None
        if (provider, name) not in directory:
            self.sync()
        found = directory.get((provider, name))
        return found if found is not None and self.refresh_sandbox(found) else None

    def idle_since(self, instant: int) -> list[str]:
        """The sandboxes nobody has used since, but for those made at the start."""
        old = [each for each in self.sandboxes.values() if each.sync.used_at < instant]
        self.refresh(each.id for each in old)
        known = [each for each in old if each.id in self.sandboxes and each.id != each.provider.name]
        return [each.id for each in known if each.sync.used_at < instant]

    def all_sandboxes(self) -> list[Sandbox]:
        """Every sandbox there is, whichever process made it."""
        self.sync()
        return list(self.sandboxes.values())

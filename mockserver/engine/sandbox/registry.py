"""Which sandboxes there are, and which of them a key or a tenant's name leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock

from mockserver.engine.core.problem import Taken, Unknown
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
        self._looking, self._seen = Lock(), -1
        """Which news of the other processes has been looked into."""

    def add(self, sandbox: Sandbox) -> None:
        """Know a sandbox from now on."""
        self.sandboxes[sandbox.id] = self.slugs[sandbox.provider.name, sandbox.slug] = sandbox

    def forget(self, id: str) -> None:
        """Know a sandbox no more; one that is not known is no error."""
        sandbox = self.sandboxes.pop(id, None)
        if sandbox is not None:
            sandbox.keyring.forget()
            self.slugs.pop((sandbox.provider.name, sandbox.slug), None)

    def check_keys(self, sandbox: Sandbox, records: Iterable[Record]) -> None:
        """Raise Taken for the record of a key that opens another sandbox than this one."""
        for record in records:
            owner = self.keys.get((sandbox.provider.name, str(record.get("secret"))), sandbox)
            if owner is not sandbox:
                raise Taken(f"the key {record['id']!r} of the state opens the sandbox {owner.id!r}")

    def look_around(self) -> None:
        """Learn of the sandboxes and keys that other processes have made or deleted."""
        news = self._store.others.news()
        with self._looking:
            if news != self._seen:
                self._learn(self._store.names())
                self._seen = news

    def _learn(self, names: list[str]) -> None:
        for id in self.sandboxes.keys() - set(names):
            self.forget(id)
        for id in names:
            if id not in self.sandboxes:
                self._reopen(id)
        self.refresh(names)

    def is_fresh(self, sandbox: Sandbox) -> bool:
        """Have a sandbox as other processes have left it; False, and forgotten, when one has deleted it."""
        if sandbox.shared.refresh():
            return True
        self.forget(sandbox.id)
        return False

    def refresh(self, ids: Iterable[str]) -> None:
        """Have these sandboxes as other processes have left them."""
        for id in ids:
            sandbox = self.sandboxes.get(id)
            if sandbox is not None:
                self.is_fresh(sandbox)

    def get(self, id: str) -> Sandbox:
        """The sandbox of that id; Unknown names the nearest."""
        self.look_around()
        sandbox = self.sandboxes.get(id)
        if sandbox is None or not self.is_fresh(sandbox):
            raise Unknown("sandbox", id, list(self.sandboxes))
        return sandbox

    def led_to(self, directory: Directory, provider: str, name: str | None) -> Sandbox | None:
        """Whom a key or a tenant's name leads to, be it that another process has given it just now."""
        if name is None:
            return None
        if (provider, name) not in directory:
            self.look_around()
        found = directory.get((provider, name))
        return found if found is not None and self.is_fresh(found) else None

    def idle_since(self, instant: int) -> list[str]:
        """The sandboxes nobody has used since, but for those made at the start."""
        old = [each for each in self.sandboxes.values() if each.shared.used_at < instant]
        self.refresh(each.id for each in old)
        known = [each for each in old if each.id in self.sandboxes and each.id != each.provider.name]
        return [each.id for each in known if each.shared.used_at < instant]

    def everyone(self) -> list[Sandbox]:
        """Every sandbox there is, whichever process made it."""
        self.look_around()
        return list(self.sandboxes.values())

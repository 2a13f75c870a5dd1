"""All sandboxes of all providers, and the way from a key to the one it belongs to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from traceback import format_exc
from typing import Any

from mockserver.engine.core.call import Call
from mockserver.engine.core.clock import wall
from mockserver.engine.core.keys import Credential
from mockserver.engine.core.problem import Refusal, Superseded, Taken, Unknown, unkept
from mockserver.engine.core.provider import Progress, Provider, quiet
from mockserver.engine.core.randomness import Randomness
from mockserver.engine.core.redaction import redact
from mockserver.engine.core.reply import Reply, plain_bug, plain_problem
from mockserver.engine.pipeline.journals import Journals
from mockserver.engine.sandbox.checks import check_id, check_settings, checked_state
from mockserver.engine.sandbox.collections import COLLECTIONS, UNFINISHED
from mockserver.engine.sandbox.registry import Directory, Registry
from mockserver.engine.sandbox.sandbox import Sandbox
from mockserver.engine.sandbox.scenarios import Scenario
from mockserver.engine.sandbox.settings import Settings
from mockserver.engine.sandbox.templates import Templates
from mockserver.engine.webhooks.post import Post, Unsent
from mockserver.storage.base import Condition, State, Store, StoreError

MOST_SANDBOXES = 200
_OWN = ("identity", "made", UNFINISHED)
"""What belongs to a sandbox through every reset and every state it is put into."""
_log = logging.getLogger("testmode")


class Engine:
    """Creates, finds, resets, snapshots and restores sandboxes, and answers calls."""

    def __init__(
        self,
        store: Store,
        providers: Sequence[Provider],
        scenarios: Mapping[str, Scenario],
        *,
        datasets: Mapping[tuple[str, str], State] | None = None,
        templates: Templates | None = None,
        journals: Journals | None = None,
        propagate: bool = False,
        post: Post | None = None,
    ) -> None:
        self.providers = {provider.name: provider for provider in providers}
        self.scenarios, self.propagate = scenarios, propagate
        """Whether a bug of ours is raised instead of answered: for tests."""
        self.post: Post = post or Unsent()
        self.on_due: Callable[[], None] = lambda: None
        """Called when a sandbox has something to deliver."""
        self.others = store.others
        """The other processes that serve the same sandboxes."""
        self._store, self.journals = store, journals or Journals()
        self._registry = Registry(store, self._reopen)
        self._names, self._templates = Randomness("sandboxes"), templates or Templates(datasets or {})
        self._registry.look_around()
        self._check_firsts()

    @property
    def sandboxes(self) -> dict[str, Sandbox]:
        """Every sandbox this process knows, by id."""
        return self._registry.sandboxes

    @property
    def condition(self) -> Condition:
        """What the store under all sandboxes promises, and how it is."""
        return self._store.condition

    def _check_firsts(self) -> None:
        for provider in self.providers.values():
            first = self.sandboxes.get(provider.name)
            if first is not None and first.provider is not provider:
                raise Refusal(f"the sandbox {first.id!r} is one of {first.provider.name!r}; delete it first")

    def create(
        self,
        provider: str,
        id: str | None = None,
        settings: Settings | None = None,
        progress: Progress = quiet,
        at: int | None = None,
        unfinished: bool = False,
    ) -> Sandbox:
        """Make a sandbox with its seeded data and first keys; without an id it gets one.

        ``at`` is the instant its data is as of, where that is not now. That it is ``unfinished`` outlasts a crash,
        until ``Sandbox.finish``.
        """
        chosen = self.provider(provider)
        settings = settings or Settings()
        check_settings(chosen, settings)
        with self.alone("create"):
            if len(self.sandboxes) >= MOST_SANDBOXES:
                raise Refusal(f"there are {MOST_SANDBOXES} sandboxes already; delete some")
            id = id or self._free_id(chosen)
            self._check_id(id)
            self._check_slug(chosen, settings.slug or id)
            state = self._templates.fresh(chosen, id, settings, wall() if at is None else at, progress)
            if unfinished:
                state["_sandbox"].append({"id": UNFINISHED})
            self._begin(id, chosen, state)
            made = self._open(id, chosen)
            made.shared.announce()
        return made

    @contextmanager
    def alone(self, deed: str) -> Iterator[None]:
        """Do something, knowing of every sandbox there is, that no other process does at the same time."""
        with self.others.alone(deed):
            self._registry.look_around()
            yield

    def everyone(self) -> list[Sandbox]:
        """Every sandbox there is, whichever process made it."""
        return self._registry.everyone()

    def refresh(self, ids: Iterable[str]) -> None:
        """Have these sandboxes as other processes have left them."""
        self._registry.refresh(ids)

    def _begin(self, id: str, provider: Provider, state: State) -> None:
        """Keep a new sandbox's records, or nothing of it."""
        try:
            self._store.open(id)
            self._store.declare(id, (*COLLECTIONS, *provider.collections))
            self._store.stamp(id, lambda: (wall(),) * 2)  # A new sandbox's clock shows what the machine's does.
            self._store.load(id, state)
        except StoreError:
            with suppress(StoreError):  # else the next start does it
                self._store.delete(id)
            raise

    def _check_id(self, id: str) -> None:
        check_id(id)
        if id in self.sandboxes:
            raise Taken(f"there is a sandbox {id!r} already")
        if id in self._store.names():
            raise Taken(f"there is a sandbox {id!r} already, of a provider this server was not started with")

    def _check_slug(self, provider: Provider, slug: str) -> None:
        if (provider.name, slug) in self._registry.slugs:
            raise Taken(f"there is a {provider.tenant} {slug!r} already")

    def delete(self, id: str) -> None:
        """Forget a sandbox; the ones made at the start stay."""
        sandbox = self.sandbox(id)
        if id == sandbox.provider.name:
            raise Refusal(f"{id!r} answers the calls whose key nobody knows and stays; reset it instead")
        self._registry.forget(id)
        self._store.delete(id)
        self.journals.forget(sandbox.journal)
        self.others.announce()

    def reset(self, id: str) -> Sandbox:
        """Take a sandbox back to its seed: data, keys, clock, faults, journal; settings and snapshots stay."""
        sandbox = self.sandbox(id)
        state = self._templates.fresh(sandbox.provider, id, sandbox.settings, wall(), quiet)
        self._replace(sandbox, {**state, "_snapshots": self._store.export(id).get("_snapshots", [])})
        sandbox.journal.clear()
        return sandbox

    def export(self, id: str) -> dict[str, Any]:
        """Everything a sandbox keeps, as plain data that ``restore`` takes."""
        sandbox = self.sandbox(id)
        state = {name: records for name, records in self._store.export(id).items() if name != "_snapshots"}
        state["_sandbox"] = [record for record in state["_sandbox"] if record["id"] not in ("made", UNFINISHED)]
        return {"provider": sandbox.provider.name, "collections": state}

    def restore(self, id: str, exported: Mapping[str, Any]) -> Sandbox:
        """Put a sandbox into an exported state; its journal begins anew."""
        sandbox = self.sandbox(id)
        if exported.get("provider") != sandbox.provider.name:
            raise Refusal(f"the state is one of {exported.get('provider')!r}, and {id!r} is {sandbox.provider.name!r}")
        known = [each.name for each in (*COLLECTIONS, *sandbox.provider.collections) if not each.volatile]
        state = checked_state(exported.get("collections"), [*known, "_counters"])
        self._registry.check_keys(sandbox, state.get("_keys", []))
        before = self._store.export(id)
        try:
            self._replace(sandbox, {**state, "_snapshots": before.get("_snapshots", [])})
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            self._replace(sandbox, before)
            raise Refusal(f"the state cannot be read: {error}") from None
        # Numbers of calls begin again where the state left them: the journal must not have any of them twice.
        sandbox.journal.clear()
        return sandbox

    def provider(self, name: str) -> Provider:
        """The provider of that name; Unknown names the nearest."""
        if name not in self.providers:
            raise Unknown("provider", name, list(self.providers))
        return self.providers[name]

    def sandbox(self, id: str) -> Sandbox:
        """The sandbox of that id; Unknown names the nearest."""
        sandbox = self._registry.get(id)
        sandbox.shared.use()
        return sandbox

    def evict(self, idle: int) -> list[str]:
        """Delete the sandboxes nobody has used for so many microseconds of real time; answers their ids.

        The ones made at the start stay, however long they wait.
        """
        gone = self._registry.idle_since(wall() - idle)
        for id in gone:
            self.delete(id)
        return gone

    def find(self, provider: str, credential: Credential, args: Mapping[str, str]) -> tuple[Sandbox, bool]:
        """The sandbox a call belongs to, by the tenant in its path or by its key, and whether that tenant exists.

        Calls whose tenant or key nobody knows go to the provider's first sandbox.
        """
        tenant, registry = args.get(self.providers[provider].slug or ""), self._registry
        if tenant is not None:
            named = self._lookup(registry.slugs, provider, tenant)
            return named or self.sandboxes[provider], named is not None
        return self._lookup(registry.keys, provider, credential.secret) or self.sandboxes[provider], True

    def _lookup(self, directory: Directory, provider: str, name: str | None) -> Sandbox | None:
        found = None if name is None else directory.get((provider, name))
        if found is None or self.others.any:
            # Another process may have made it, changed it or deleted it just now.
            found = self._registry.led_to(directory, provider, name)
        return found

    def body_limit(self, provider: str) -> int:
        """The longest body that any sandbox of a provider takes: for calls whose own is known by the body only."""
        own = [each for each in list(self.sandboxes.values()) if each.provider.name == provider]
        return max(each.assumptions.body_limit for each in own)

    def answer(self, call: Call) -> Reply:
        """Take a call through its provider's pipeline; whatever happens, there is an answer."""
        sandbox = call.sandbox
        try:
            return sandbox.answer(call)
        except StoreError as error:
            _log.error("%s: %s", sandbox.id, error)
            return plain_problem(*unkept(error))
        except Superseded as superseded:
            return plain_problem(503, str(superseded).capitalize())
        except Exception:
            if self.propagate:
                raise
            shown = redact(f"{call.method} {call.path}\n{format_exc()}", list(sandbox.keys))
            _log.error("a bug of Testmode's own in %s", shown)
            return plain_bug()

    def _open(self, id: str, provider: Provider) -> Sandbox:
        journal = self.journals.make(self._store.tape(id))
        sandbox = Sandbox(id, provider, self._store, journal, self._registry.keys, self.post)
        sandbox.outbox.wake = partial(self._wake, sandbox)
        self._registry.add(sandbox)
        return sandbox

    def _wake(self, sandbox: Sandbox) -> None:
        self.on_due()
        sandbox.shared.call()

    def _reopen(self, id: str) -> None:
        self._store.open(id)
        # Whose it is says its own record; which further collections it has, that provider.
        self._store.declare(id, COLLECTIONS)
        with self._store.transaction(id) as space:
            identity = space.get("_sandbox", "identity")
        if identity is None:
            # Its creation was cut short before anything was promised; or another process deletes it now.
            if not self.others.any:
                self._store.delete(id)
        elif identity["provider"] in self.providers:
            provider = self.providers[identity["provider"]]
            self._store.declare(id, (*COLLECTIONS, *provider.collections))
            self._open(id, provider)

    def _replace(self, sandbox: Sandbox, state: State) -> None:
        with sandbox.transaction() as space:
            own = [record for record in (space.get("_sandbox", name) for name in _OWN) if record]
        further = [record for record in state.get("_sandbox", []) if record["id"] not in _OWN]
        state["_sandbox"] = [*map(dict, own), *further]
        # Before the records change: a call of the life that ends must not write into the one that begins.
        sandbox.epoch += 1
        self._store.load(sandbox.id, state)
        sandbox.read()

    def _free_id(self, provider: Provider) -> str:
        # Counting on, not filling gaps: the key of a sandbox that was deleted must not open a later one.
        while True:
            with self.sandbox(provider.name).transaction() as space:
                made = (space.get("_sandbox", "made") or {"number": 0})["number"] + 1
                space.put("_sandbox", {"id": "made", "number": made})
            id = f"{provider.name}-{self._names.text(provider.name, made, 8)}"
            if id not in self.sandboxes:
                return id

"""All sandboxes of all providers, and the way from a key to the one it belongs to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from traceback import format_exc
from typing import Any

from mockserver.engine.core.call import Call
from mockserver.engine.core.clock import wall_time
from mockserver.engine.core.keys import Credential
from mockserver.engine.core.problem import Conflict, Refusal, StaleEpoch, UnknownName, storage_failure_status
from mockserver.engine.core.provider import Progress, Provider, ignore_progress
from mockserver.engine.core.randomness import Randomness
from mockserver.engine.core.redaction import redact
from mockserver.engine.core.reply import Reply, bug_reply, problem_reply
from mockserver.engine.pipeline.journals import Journals
from mockserver.engine.sandbox.checks import check_id, check_settings, checked_state
from mockserver.engine.sandbox.collections import COLLECTIONS, PROVISIONING
from mockserver.engine.sandbox.registry import Directory, Registry
from mockserver.engine.sandbox.sandbox import Sandbox
from mockserver.engine.sandbox.scenarios import Scenario
from mockserver.engine.sandbox.settings import Settings
from mockserver.engine.sandbox.templates import Templates
from mockserver.engine.webhooks.sender import NullWebhookSender, WebhookSender
from mockserver.storage.base import State, Store, StoreError, StoreStatus

MAX_SANDBOXES = 200
_PRESERVED_RECORDS = ("identity", "made", PROVISIONING)
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
        sender: WebhookSender | None = None,
    ) -> None:
        self.providers = {provider.name: provider for provider in providers}
        self.scenarios, self.propagate = scenarios, propagate
        """Whether a bug of ours is raised instead of answered: for tests."""
        self.sender: WebhookSender = sender or NullWebhookSender()
        self.on_due: Callable[[], None] = lambda: None
        """Called when a sandbox has something to deliver."""
        self.cluster = store.cluster
        """The other processes that serve the same sandboxes."""
        self._store, self.journals = store, journals or Journals()
        self._registry = Registry(store, self._reopen)
        self._id_randomness, self._templates = Randomness("sandboxes"), templates or Templates(datasets or {})
        self._registry.sync()
        self._check_first_sandboxes()

    @property
    def sandboxes(self) -> dict[str, Sandbox]:
        """Every sandbox this process knows, by id."""
        return self._registry.sandboxes

    @property
    def store_status(self) -> StoreStatus:
        """What the store under all sandboxes promises, and how it is."""
        return self._store.status

    def _check_first_sandboxes(self) -> None:
        for provider in self.providers.values():
            first = self.sandboxes.get(provider.name)
            if first is not None and first.provider is not provider:
                raise Refusal(f"the sandbox {first.id!r} is one of {first.provider.name!r}; delete it first")

    def create(
        self,
        provider: str,
        id: str | None = None,
        settings: Settings | None = None,
        progress: Progress = ignore_progress,
        at: int | None = None,
        provisioning: bool = False,
    ) -> Sandbox:
        """Make a sandbox with its seeded data and first keys; without an id it gets one.

        ``at`` is the instant its data is as of, where that is not now. That it is ``provisioning`` outlasts a crash,
        until ``Sandbox.finish``.
        """
        chosen = self.get_provider(provider)
        settings = settings or Settings()
        check_settings(chosen, settings)
        with self.lock("create"):
            if len(self.sandboxes) >= MAX_SANDBOXES:
                raise Refusal(f"there are {MAX_SANDBOXES} sandboxes already; delete some")
            id = id or self._free_id(chosen)
            self._check_id(id)
            self._check_slug(chosen, settings.slug or id)
            state = self._templates.build_state(chosen, id, settings, wall_time() if at is None else at, progress)
            if provisioning:
                state["_sandbox"].append({"id": PROVISIONING})
            self._store_new(id, chosen, state)
            made = self._open(id, chosen)
            made.sync.announce()
        return made

    @contextmanager
    def lock(self, deed: str) -> Iterator[None]:
        """Do something, knowing of every sandbox there is, that no other process does at the same time."""
        with self.cluster.lock(deed):
            self._registry.sync()
            yield

    def all_sandboxes(self) -> list[Sandbox]:
        """Every sandbox there is, whichever process made it."""
        return self._registry.all_sandboxes()

    def refresh(self, ids: Iterable[str]) -> None:
        """Have these sandboxes as other processes have left them."""
        self._registry.refresh(ids)

    def _store_new(self, id: str, provider: Provider, state: State) -> None:
        """Keep a new sandbox's records, or nothing of it."""
        try:
            self._store.open(id)
            self._store.declare(id, (*COLLECTIONS, *provider.collections))
            self._store.set_time_source(
                id, lambda: (wall_time(),) * 2
            )  # A new sandbox's clock shows what the machine's does.
            self._store.load(id, state)
        except StoreError:
            with suppress(StoreError):  # else the next start does it
                self._store.delete(id)
            raise

    def _check_id(self, id: str) -> None:
        check_id(id)
        if id in self.sandboxes:
            raise Conflict(f"there is a sandbox {id!r} already")
        if id in self._store.names():
            raise Conflict(f"there is a sandbox {id!r} already, of a provider this server was not started with")

    def _check_slug(self, provider: Provider, slug: str) -> None:
        if (provider.name, slug) in self._registry.slugs:
            raise Conflict(f"there is a {provider.tenant} {slug!r} already")

    def delete(self, id: str) -> None:
        """Forget a sandbox; the ones made at the start stay."""
        sandbox = self.get_sandbox(id)
        if id == sandbox.provider.name:
            raise Refusal(f"{id!r} answers the calls whose key nobody knows and stays; reset it instead")
        self._registry.remove(id)
        self._store.delete(id)
        self.journals.remove(sandbox.journal)
        self.cluster.announce()

    def reset(self, id: str) -> Sandbox:
        """Take a sandbox back to its seed: data, keys, clock, faults, journal; settings and snapshots stay."""
        sandbox = self.get_sandbox(id)
        state = self._templates.build_state(sandbox.provider, id, sandbox.settings, wall_time(), ignore_progress)
        self._replace(sandbox, {**state, "_snapshots": self._store.export(id).get("_snapshots", [])})
        sandbox.journal.clear()
        return sandbox

    def export(self, id: str) -> dict[str, Any]:
        """Everything a sandbox keeps, as plain data that ``restore`` takes."""
        sandbox = self.get_sandbox(id)
        state = {name: records for name, records in self._store.export(id).items() if name != "_snapshots"}
        state["_sandbox"] = [record for record in state["_sandbox"] if record["id"] not in ("made", PROVISIONING)]
        return {"provider": sandbox.provider.name, "collections": state}

    def restore(self, id: str, exported: Mapping[str, Any]) -> Sandbox:
        """Put a sandbox into an exported state; its journal begins anew."""
        sandbox = self.get_sandbox(id)
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

    def get_provider(self, name: str) -> Provider:
        """The provider of that name; Unknown names the nearest."""
        if name not in self.providers:
            raise UnknownName("provider", name, list(self.providers))
        return self.providers[name]

    def get_sandbox(self, id: str) -> Sandbox:
        """The sandbox of that id; Unknown names the nearest."""
        sandbox = self._registry.get(id)
        sandbox.sync.touch()
        return sandbox

    def evict(self, idle: int) -> list[str]:
        """Delete the sandboxes nobody has used for so many microseconds of real time; answers their ids.

        The ones made at the start stay, however long they wait.
        """
        gone = self._registry.idle_since(wall_time() - idle)
        for id in gone:
            self.delete(id)
        return gone

    def find_sandbox(self, provider: str, credential: Credential, args: Mapping[str, str]) -> tuple[Sandbox, bool]:
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
        if found is None or self.cluster.is_distributed:
            # Another process may have made it, changed it or deleted it just now.
            found = self._registry.lookup(directory, provider, name)
        return found

    def max_body_limit(self, provider: str) -> int:
        """The longest body that any sandbox of a provider takes: for calls whose own is known by the body only."""
        own = [each for each in list(self.sandboxes.values()) if each.provider.name == provider]
        return max(each.assumptions.body_limit for each in own)

    def handle(self, call: Call) -> Reply:
        """Take a call through its provider's pipeline; whatever happens, there is an answer."""
        sandbox = call.sandbox
        try:
            return sandbox.handle(call)
        except StoreError as error:
            _log.error("%s: %s", sandbox.id, error)
            return problem_reply(*storage_failure_status(error))
        except StaleEpoch as superseded:
            return problem_reply(503, str(superseded).capitalize())
        except Exception:
            if self.propagate:
                raise
            shown = redact(f"{call.method} {call.path}\n{format_exc()}", list(sandbox.keys))
            _log.error("a bug of Testmode's own in %s", shown)
            return bug_reply()

    def _open(self, id: str, provider: Provider) -> Sandbox:
        journal = self.journals.create(self._store.journal_log(id))
        sandbox = Sandbox(id, provider, self._store, journal, self._registry.keys, self.sender)
        sandbox.outbox.wake = partial(self._wake, sandbox)
        self._registry.add(sandbox)
        return sandbox

    def _wake(self, sandbox: Sandbox) -> None:
        self.on_due()
        sandbox.sync.notify_due()

    def _reopen(self, id: str) -> None:
        self._store.open(id)
        # Whose it is says its own record; which further collections it has, that provider.
        self._store.declare(id, COLLECTIONS)
        with self._store.transaction(id) as space:
            identity = space.get("_sandbox", "identity")
        if identity is None:
            # Its creation was cut short before anything was promised; or another process deletes it now.
            if not self.cluster.is_distributed:
                self._store.delete(id)
        elif identity["provider"] in self.providers:
            provider = self.providers[identity["provider"]]
            self._store.declare(id, (*COLLECTIONS, *provider.collections))
            self._open(id, provider)

    def _replace(self, sandbox: Sandbox, state: State) -> None:
        with sandbox.transaction() as space:
            own = [record for record in (space.get("_sandbox", name) for name in _PRESERVED_RECORDS) if record]
        further = [record for record in state.get("_sandbox", []) if record["id"] not in _PRESERVED_RECORDS]
        state["_sandbox"] = [*map(dict, own), *further]
        # Before the records change: a call of the life that ends must not write into the one that begins.
        sandbox.epoch += 1
        self._store.load(sandbox.id, state)
        sandbox.reload()

    def _free_id(self, provider: Provider) -> str:
        # Counting on, not filling gaps: the key of a sandbox that was deleted must not open a later one.
        while True:
            with self.get_sandbox(provider.name).transaction() as space:
                made = (space.get("_sandbox", "made") or {"number": 0})["number"] + 1
                space.put("_sandbox", {"id": "made", "number": made})
            id = f"{provider.name}-{self._id_randomness.text(provider.name, made, 8)}"
            if id not in self.sandboxes:
                return id

"""Manages the sandboxes of all providers, and finds the sandbox of a call by key or tenant."""

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
from mockserver.engine.sandbox.checks import check_id, check_settings, validate_state
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
"""The ids of the records in ``_sandbox`` that survive a reset and a restore."""
_log = logging.getLogger("testmode")


class Engine:
    """Creates, finds, resets, exports, restores and deletes sandboxes, and handles their calls."""

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
        """With ``propagate``, for tests, an unexpected exception of a call is raised instead of becoming a 500."""
        self.sender: WebhookSender = sender or NullWebhookSender()
        self.on_due: Callable[[], None] = lambda: None
        """Called when a timer or a delivery of a sandbox may have become due."""
        self.cluster = store.cluster
        self._store, self.journals = store, journals or Journals()
        self._registry = Registry(store, self._reopen)
        self._id_randomness, self._templates = Randomness("sandboxes"), templates or Templates(datasets or {})
        self._registry.sync()
        self._check_first_sandboxes()

    @property
    def sandboxes(self) -> dict[str, Sandbox]:
        """The sandboxes that this process has opened, by id; those just created by others can be missing."""
        return self._registry.sandboxes

    @property
    def store_status(self) -> StoreStatus:
        return self._store.status

    def _check_first_sandboxes(self) -> None:
        for provider in self.providers.values():
            first = self.sandboxes.get(provider.name)
            if first is not None and first.provider is not provider:
                raise Refusal(f"the sandbox {first.id!r} belongs to provider {first.provider.name!r}; delete it first")

    def create(
        self,
        provider: str,
        id: str | None = None,
        settings: Settings | None = None,
        progress: Progress = ignore_progress,
        at: int | None = None,
        provisioning: bool = False,
    ) -> Sandbox:
        """Creates a sandbox with its seed data and first keys; without ``id`` it gets a free id.

        Seed data is aged up to the instant ``at``, by default now. With ``provisioning`` the sandbox is marked as
        incomplete until ``finish_provisioning``. Raises Refusal for bad settings and a bad or taken id or slug.
        """
        chosen = self.get_provider(provider)
        settings = settings or Settings()
        check_settings(chosen, settings)
        with self.lock("create"):
            if len(self.sandboxes) >= MAX_SANDBOXES:
                raise Refusal(f"there are {MAX_SANDBOXES} sandboxes already, the maximum; delete some")
            id = id or self._free_id(chosen)
            self._check_id_available(id)
            self._check_slug(chosen, settings.slug or id)
            state = self._templates.build_state(chosen, id, settings, wall_time() if at is None else at, progress)
            if provisioning:
                state["_sandbox"].append({"id": PROVISIONING})
            self._store_new(id, chosen, state)
            sandbox = self._open(id, chosen)
            sandbox.sync.announce()
        return sandbox

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Holds a lock across all processes, after reading which sandboxes the other processes have."""
        with self.cluster.lock(name):
            self._registry.sync()
            yield

    def all_sandboxes(self) -> list[Sandbox]:
        """Returns all sandboxes, including those that other processes have just created."""
        return self._registry.all_sandboxes()

    def refresh(self, ids: Iterable[str]) -> None:
        """Applies remote changes of these sandboxes."""
        self._registry.refresh(ids)

    def _store_new(self, id: str, provider: Provider, state: State) -> None:
        try:
            self._store.open(id)
            self._store.declare(id, (*COLLECTIONS, *provider.collections))
            # The clock of a new sandbox shows the wall clock's time.
            self._store.set_time_source(id, lambda: (wall_time(),) * 2)
            self._store.load(id, state)
        except StoreError:
            with suppress(StoreError):  # If this fails too, the next start deletes the sandbox.
                self._store.delete(id)
            raise

    def _check_id_available(self, id: str) -> None:
        check_id(id)
        if id in self.sandboxes:
            raise Conflict(f"there is a sandbox {id!r} already")
        if id in self._store.names():
            raise Conflict(f"there is a sandbox {id!r} already; its provider was not started with this server")

    def _check_slug(self, provider: Provider, slug: str) -> None:
        if (provider.name, slug) in self._registry.slugs:
            raise Conflict(f"there is a {provider.tenant} {slug!r} already")

    def delete(self, id: str) -> None:
        """Deletes a sandbox and its records; raises Refusal for the first sandbox of a provider."""
        sandbox = self.get_sandbox(id)
        if id == sandbox.provider.name:
            raise Refusal(f"{id!r} is the first sandbox of its provider and cannot be deleted; reset it instead")
        self._registry.remove(id)
        self._store.delete(id)
        self.journals.remove(sandbox.journal)
        self.cluster.announce()

    def reset(self, id: str) -> Sandbox:
        """Resets data, keys, clock, faults and journal of a sandbox; settings and snapshots are not changed."""
        sandbox = self.get_sandbox(id)
        state = self._templates.build_state(sandbox.provider, id, sandbox.settings, wall_time(), ignore_progress)
        self._replace(sandbox, {**state, "_snapshots": self._store.export(id).get("_snapshots", [])})
        sandbox.journal.clear()
        return sandbox

    def export(self, id: str) -> dict[str, Any]:
        """Returns the state of a sandbox without its snapshots, as JSON data that ``restore`` accepts."""
        sandbox = self.get_sandbox(id)
        state = {name: records for name, records in self._store.export(id).items() if name != "_snapshots"}
        state["_sandbox"] = [record for record in state["_sandbox"] if record["id"] not in ("made", PROVISIONING)]
        return {"provider": sandbox.provider.name, "collections": state}

    def restore(self, id: str, exported: Mapping[str, Any]) -> Sandbox:
        """Replaces the state of a sandbox, except its snapshots, by an exported state, and clears its journal.

        Raises Refusal if it is unreadable or of another provider, Conflict if another sandbox has one of its keys.
        """
        sandbox = self.get_sandbox(id)
        if exported.get("provider") != sandbox.provider.name:
            raise Refusal(
                f"the state is of {exported.get('provider')!r}; {id!r} needs a state of {sandbox.provider.name!r}"
            )
        known = [each.name for each in (*COLLECTIONS, *sandbox.provider.collections) if not each.volatile]
        state = validate_state(exported.get("collections"), [*known, "_counters"])
        self._registry.check_keys(sandbox, state.get("_keys", []))
        before = self._store.export(id)
        try:
            self._replace(sandbox, {**state, "_snapshots": before.get("_snapshots", [])})
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            self._replace(sandbox, before)
            raise Refusal(f"the state cannot be read: {error}") from None
        # The serial numbers of calls continue from the restored state, and the journal must not have a number twice.
        sandbox.journal.clear()
        return sandbox

    def get_provider(self, name: str) -> Provider:
        """Returns a provider; raises UnknownName with the nearest name."""
        if name not in self.providers:
            raise UnknownName("provider", name, list(self.providers))
        return self.providers[name]

    def get_sandbox(self, id: str) -> Sandbox:
        """Returns a sandbox and records its use; raises UnknownName with the nearest id."""
        sandbox = self._registry.get(id)
        sandbox.sync.touch()
        return sandbox

    def evict(self, idle: int) -> list[str]:
        """Deletes sandboxes unused for ``idle`` microseconds of real time, except first sandboxes; returns the ids."""
        ids = self._registry.idle_since(wall_time() - idle)
        for id in ids:
            self.delete(id)
        return ids

    def find_sandbox(self, provider: str, credential: Credential, args: Mapping[str, str]) -> tuple[Sandbox, bool]:
        """Returns the sandbox of a call, by the tenant in its path or by its key, and whether that tenant exists.

        An unknown tenant or key selects the provider's first sandbox.
        """
        tenant, registry = args.get(self.providers[provider].slug or ""), self._registry
        if tenant is not None:
            named = self._lookup(registry.slugs, provider, tenant)
            return named or self.sandboxes[provider], named is not None
        return self._lookup(registry.keys, provider, credential.secret) or self.sandboxes[provider], True

    def _lookup(self, directory: Directory, provider: str, name: str | None) -> Sandbox | None:
        found = None if name is None else directory.get((provider, name))
        if found is None or self.cluster.is_distributed:
            # Another process may have created, changed or deleted the sandbox since.
            found = self._registry.lookup(directory, provider, name)
        return found

    def max_body_limit(self, provider: str) -> int:
        """Returns the largest body limit of a provider's sandboxes in bytes, for calls whose key is in the body."""
        sandboxes = [each for each in list(self.sandboxes.values()) if each.provider.name == provider]
        return max(each.assumptions.body_limit for each in sandboxes)

    def handle(self, call: Call) -> Reply:
        """Runs a call through its provider's pipeline; an exception becomes a reply with 500, 503 or 507."""
        sandbox = call.sandbox
        try:
            return sandbox.handle(call)
        except StoreError as error:
            _log.error("%s: %s", sandbox.id, error)
            return problem_reply(*storage_failure_status(error))
        except StaleEpoch as error:
            return problem_reply(503, str(error).capitalize())
        except Exception:
            if self.propagate:
                raise
            redacted = redact(f"{call.method} {call.path}\n{format_exc()}", list(sandbox.keys))
            _log.error("a bug of Testmode in %s", redacted)
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
        # The identity record names the provider, and the provider declares the other collections.
        self._store.declare(id, COLLECTIONS)
        with self._store.transaction(id) as space:
            identity = space.get("_sandbox", "identity")
        if identity is None:
            # The creation of the sandbox was interrupted, or another process is deleting the sandbox.
            if not self.cluster.is_distributed:
                self._store.delete(id)
        elif identity["provider"] in self.providers:
            provider = self.providers[identity["provider"]]
            self._store.declare(id, (*COLLECTIONS, *provider.collections))
            self._open(id, provider)

    def _replace(self, sandbox: Sandbox, state: State) -> None:
        with sandbox.transaction() as space:
            preserved = [record for record in (space.get("_sandbox", name) for name in _PRESERVED_RECORDS) if record]
        others = [record for record in state.get("_sandbox", []) if record["id"] not in _PRESERVED_RECORDS]
        state["_sandbox"] = [*map(dict, preserved), *others]
        # The epoch changes before the records, so that a call of the old epoch cannot write into the new one.
        sandbox.epoch += 1
        self._store.load(sandbox.id, state)
        sandbox.reload()

    def _free_id(self, provider: Provider) -> str:
        # The number only grows, so that the key of a deleted sandbox never selects a later sandbox.
        while True:
            with self.get_sandbox(provider.name).transaction() as space:
                number = (space.get("_sandbox", "made") or {"number": 0})["number"] + 1
                space.put("_sandbox", {"id": "made", "number": number})
            id = f"{provider.name}-{self._id_randomness.text(provider.name, number, 8)}"
            if id not in self.sandboxes:
                return id

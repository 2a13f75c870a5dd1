"""The composition root: the only file that knows everybody."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import lru_cache, partial
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.admin.bounds import about
from mockserver.engine import (
    Engine,
    Progress,
    Provider,
    Scenario,
    Scenarios,
    Settings,
    State,
    Taken,
    Templates,
    Unknown,
)
from mockserver.http import edge, mounts
from mockserver.http.hosts import Hosts
from mockserver.http.paths import Matched
from mockserver.http.resolver import Resolver
from mockserver.settings import ServerSettings
from mockserver.storage.base import Store
from mockserver.storage.tinydb.store import TinyStore
from mockserver.token import new_token

if TYPE_CHECKING:
    from flask import Flask

    from mockserver.http.mounts import WSGI


def fixtures() -> Path:
    """Where the scenarios and data sets are: in the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    return here / "fixtures" if (here / "fixtures").is_dir() else here.parent / "fixtures"


def known_providers() -> dict[str, Provider]:
    """Every provider there is, by name."""
    from mockserver.providers import PROVIDERS

    return {provider.name: provider for provider in PROVIDERS}


def chosen_providers(names: Sequence[str], documents: Sequence[Path] = ()) -> list[Provider]:
    """The providers of these names and those of OpenAPI documents, or all there are; Unknown names the nearest."""
    known = known_providers()
    if documents:
        names = [*names, *_own_providers(documents, known)]
    for name in names:
        if name not in known:
            raise Unknown("provider", name, list(known))
    return [known[name] for name in names] if names else list(known.values())


def _own_providers(documents: Sequence[Path], known: dict[str, Provider]) -> list[str]:
    """Make the documents' providers known; answers their names."""
    # Only who has a document of their own pays for what reads it.
    from mockserver.openapi import provider_of

    own = [provider_of(document) for document in documents]
    for provider in own:
        if provider.name in known:
            raise Taken(f"there is a provider {provider.name!r} already; give the document an x-testmode-name")
        known[provider.name] = provider
    return [provider.name for provider in own]


@lru_cache(maxsize=4)
def _read(file: Path) -> State:
    # Records are values: whoever gets these changes none of them.
    data: State = loads(file.read_bytes())
    return data


class Datasets(Mapping[tuple[str, str], State]):
    """The written data sets by (provider, size), each read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            (provider, size): file
            for file in folder.glob("*-*.json")
            for provider, _, size in [file.stem.rpartition("-")]
        }

    def __getitem__(self, key: tuple[str, str]) -> State:
        return _read(self._files[key])

    def __iter__(self) -> Any:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def written_templates() -> Templates:
    """What new sandboxes hold where the written data sets are at hand."""
    return Templates(Datasets(fixtures() / "datasets"))


def make_engine(
    store: Store,
    providers: Sequence[Provider],
    *,
    scenarios: Mapping[str, Scenario] | None = None,
    defaults: Settings | None = None,
    firsts: Mapping[str, Settings] | None = None,
    unfinished: Container[str] = (),
    progress: Progress | None = None,
    at: int | None = None,
    **options: Any,
) -> Engine:
    """An engine over a store, with a first sandbox for every provider that has none yet.

    ``firsts`` says by provider how it begins, ``defaults`` says it for the rest; those that are ``unfinished`` remember
    that there is more to do to them.
    """
    scenarios = Scenarios(fixtures() / "scenarios") if scenarios is None else scenarios
    options.setdefault("templates", written_templates())
    engine = Engine(store, providers, scenarios, **options)
    for name in engine.providers:
        if name not in engine.sandboxes:
            told = {"progress": progress} if progress else {}
            settings = (firsts or {}).get(name, defaults or Settings())
            try:
                engine.create(name, name, settings, at=at, unfinished=name in unfinished, **told)
            except Taken:
                if name not in engine.sandboxes:  # else by another process that starts at the same time
                    raise
    return engine


def _flask(engine: Engine, token: str | None, settings: ServerSettings | None) -> Flask:
    """Flask with the admin API, the console and what says how the server is."""
    # A tenth of the start, and who only calls providers never needs it.
    from flask import Flask

    from mockserver.admin.api import register
    from mockserver.admin.client import Client
    from mockserver.console import routes as console

    app = Flask("testmode", static_folder=None)
    app.url_map.merge_slashes = False
    app.url_rule_class = Matched
    app.testing = engine.propagate
    told = partial(about, engine, settings)
    console.register(app, partial(Client, engine, told), register(app, engine, token or new_token(), told))
    app.extensions["testmode"] = engine
    return app


def _answering(engine: Engine, elsewhere: WSGI, alone: str | None, hosts: Hosts | None) -> WSGI:
    """What answers for the providers, and has ``elsewhere`` answer whatever is not theirs."""
    resolver = Resolver(engine.providers, hosts or Hosts(), alone)
    return edge.answer(engine, resolver, mounts.as_written(elsewhere))


def create_app(
    engine: Engine | None = None,
    *,
    token: str | None = None,
    alone: str | None = None,
    hosts: Hosts | None = None,
    settings: ServerSettings | None = None,
) -> Flask:
    """The Flask application over an engine; ``alone`` names a provider that is also mounted at the root.

    Without an engine it is one in memory with all providers, as for ``flask --app mockserver.app routes``; without
    a token the admin API lets nobody in. ``settings`` are shown there.
    """
    if engine is None:
        engine = make_engine(TinyStore(None), chosen_providers(()))
    app = _flask(engine, token, settings)
    for provider in engine.providers.values():
        mounts.mount(app, provider)
    app.wsgi_app = _answering(engine, app.wsgi_app, alone, hosts)  # type: ignore[method-assign, assignment]
    return app


def application(
    engine: Engine, *, token: str, alone: str | None, hosts: Hosts, settings: ServerSettings | None = None
) -> WSGI:
    """What ``serve`` runs: as ``create_app``, with a Flask that is loaded for the first request that needs it.

    That one does not list the providers' paths: nobody asks a server for its routes, and they are most of them.
    """
    return _answering(engine, mounts.later(lambda: _flask(engine, token, settings).wsgi_app), alone, hosts)

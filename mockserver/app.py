"""The composition root: the only file that knows everybody."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import lru_cache, partial
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.admin.bounds import describe_server
from mockserver.engine import (
    Conflict,
    Engine,
    Progress,
    Provider,
    Scenario,
    Scenarios,
    Settings,
    State,
    Templates,
    UnknownName,
)
from mockserver.http import edge, mounts
from mockserver.http.hosts import AllowedHosts
from mockserver.http.resolver import RequestResolver
from mockserver.http.routes import MatchOnlyRule
from mockserver.settings import ServerSettings
from mockserver.storage.base import Store
from mockserver.storage.tinydb.store import TinyStore
from mockserver.token import new_token

if TYPE_CHECKING:
    from flask import Flask

    from mockserver.http.mounts import WSGIApp


def fixtures_folder() -> Path:
    """Where the scenarios and data sets are: in the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    return here / "fixtures" if (here / "fixtures").is_dir() else here.parent / "fixtures"


def known_providers() -> dict[str, Provider]:
    """Every provider there is, by name."""
    from mockserver.providers import PROVIDERS

    return {provider.name: provider for provider in PROVIDERS}


def select_providers(names: Sequence[str], documents: Sequence[Path] = ()) -> list[Provider]:
    """The providers of these names and those of OpenAPI documents, or all there are; Unknown names the nearest."""
    known = known_providers()
    if documents:
        names = [*names, *_add_openapi_providers(documents, known)]
    for name in names:
        if name not in known:
            raise UnknownName("provider", name, list(known))
    return [known[name] for name in names] if names else list(known.values())


def _add_openapi_providers(documents: Sequence[Path], known: dict[str, Provider]) -> list[str]:
    """Make the documents' providers known; answers their names."""
    # Only who has a document of their own pays for what reads it.
    from mockserver.openapi import load_provider

    own = [load_provider(document) for document in documents]
    for provider in own:
        if provider.name in known:
            raise Conflict(f"there is a provider {provider.name!r} already; give the document an x-testmode-name")
        known[provider.name] = provider
    return [provider.name for provider in own]


@lru_cache(maxsize=4)
def _read_dataset(file: Path) -> State:
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
        return _read_dataset(self._files[key])

    def __iter__(self) -> Any:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def bundled_templates() -> Templates:
    """What new sandboxes hold where the written data sets are at hand."""
    return Templates(Datasets(fixtures_folder() / "datasets"))


def make_engine(
    store: Store,
    providers: Sequence[Provider],
    *,
    scenarios: Mapping[str, Scenario] | None = None,
    defaults: Settings | None = None,
    first_settings: Mapping[str, Settings] | None = None,
    provisioning: Container[str] = (),
    progress: Progress | None = None,
    at: int | None = None,
    **options: Any,
) -> Engine:
    """An engine over a store, with a first sandbox for every provider that has none yet.

    ``first_settings`` says by provider how it begins, ``defaults`` says it for the rest; those that are ``unfinished`` remember
    that there is more to do to them.
    """
    scenarios = Scenarios(fixtures_folder() / "scenarios") if scenarios is None else scenarios
    options.setdefault("templates", bundled_templates())
    engine = Engine(store, providers, scenarios, **options)
    for name in engine.providers:
        if name not in engine.sandboxes:
            told = {"progress": progress} if progress else {}
            settings = (first_settings or {}).get(name, defaults or Settings())
            try:
                engine.create(name, name, settings, at=at, provisioning=name in provisioning, **told)
            except Conflict:
                if name not in engine.sandboxes:  # else by another process that starts at the same time
                    raise
    return engine


def _create_flask_app(engine: Engine, token: str | None, settings: ServerSettings | None) -> Flask:
    """Flask with the admin API, the console and what says how the server is."""
    # A tenth of the start, and who only calls providers never needs it.
    from flask import Flask

    from mockserver.admin.api import register
    from mockserver.admin.client import Client
    from mockserver.console import routes as console

    app = Flask("testmode", static_folder=None)
    app.url_map.merge_slashes = False
    app.url_rule_class = MatchOnlyRule
    app.testing = engine.propagate
    told = partial(describe_server, engine, settings)
    console.register(app, partial(Client, engine, told), register(app, engine, token or new_token(), told))
    app.extensions["testmode"] = engine
    return app


def _dispatch_app(engine: Engine, fallback: WSGIApp, root_provider: str | None, hosts: AllowedHosts | None) -> WSGIApp:
    """What answers for the providers, and has ``fallback`` answer whatever is not theirs."""
    resolver = RequestResolver(engine.providers, hosts or AllowedHosts(), root_provider)
    return edge.create_provider_app(engine, resolver, mounts.preserve_raw_path(fallback))


def create_app(
    engine: Engine | None = None,
    *,
    token: str | None = None,
    root_provider: str | None = None,
    hosts: AllowedHosts | None = None,
    settings: ServerSettings | None = None,
) -> Flask:
    """The Flask application over an engine; ``root_provider`` names a provider that is also mounted at the root.

    Without an engine it is one in memory with all providers, as for ``flask --app mockserver.app routes``; without
    a token the admin API lets nobody in. ``settings`` are shown there.
    """
    if engine is None:
        engine = make_engine(TinyStore(None), select_providers(()))
    app = _create_flask_app(engine, token, settings)
    for provider in engine.providers.values():
        mounts.register_rules(app, provider)
    app.wsgi_app = _dispatch_app(engine, app.wsgi_app, root_provider, hosts)  # type: ignore[method-assign, assignment]
    return app


def create_wsgi_app(
    engine: Engine,
    *,
    token: str,
    root_provider: str | None,
    hosts: AllowedHosts,
    settings: ServerSettings | None = None,
) -> WSGIApp:
    """What ``serve`` runs: as ``create_app``, with a Flask that is loaded for the first request that needs it.

    That one does not list the providers' paths: nobody asks a server for its routes, and they are most of them.
    """
    return _dispatch_app(
        engine, mounts.load_lazily(lambda: _create_flask_app(engine, token, settings).wsgi_app), root_provider, hosts
    )

"""The composition root: builds the engine and the Flask and WSGI applications from all other packages."""

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
    """Returns the folder of scenarios and data sets: in the installed package, or next to it in a checkout."""
    here = Path(__file__).resolve().parent
    return here / "fixtures" if (here / "fixtures").is_dir() else here.parent / "fixtures"


def known_providers() -> dict[str, Provider]:
    """Returns all built-in providers by name."""
    from mockserver.providers import PROVIDERS

    return {provider.name: provider for provider in PROVIDERS}


def select_providers(names: Sequence[str], documents: Sequence[Path] = ()) -> list[Provider]:
    """Returns the providers with these names and those of the OpenAPI documents; all providers if both are empty.

    Raises UnknownName with the nearest name, and Conflict if a document has the name of another provider.
    """
    known = known_providers()
    if documents:
        names = [*names, *_add_openapi_providers(documents, known)]
    for name in names:
        if name not in known:
            raise UnknownName("provider", name, list(known))
    return [known[name] for name in names] if names else list(known.values())


def _add_openapi_providers(documents: Sequence[Path], known: dict[str, Provider]) -> list[str]:
    """Adds the providers of the documents to ``known`` and returns their names."""
    # Imported here because the OpenAPI packages are slow to import and rarely needed.
    from mockserver.openapi import load_provider

    added = [load_provider(document) for document in documents]
    for provider in added:
        if provider.name in known:
            raise Conflict(f"provider {provider.name!r} already exists; give the document an x-testmode-name")
        known[provider.name] = provider
    return [provider.name for provider in added]


@lru_cache(maxsize=4)
def _read_dataset(file: Path) -> State:
    # The cached state is shared, so callers must not modify its records.
    data: State = loads(file.read_bytes())
    return data


class Datasets(Mapping[tuple[str, str], State]):
    """Maps (provider, size) to the data set in a file; reads a file at the first access."""

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
    """Returns the templates of new sandboxes that use the bundled data sets."""
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
    """Returns an engine over a store and creates the first sandbox of every provider that has none.

    ``first_settings`` maps provider names to the settings of their first sandboxes; other first sandboxes get
    ``defaults``. The first sandboxes of the providers in ``provisioning`` are marked as not completely provisioned.
    """
    scenarios = Scenarios(fixtures_folder() / "scenarios") if scenarios is None else scenarios
    options.setdefault("templates", bundled_templates())
    engine = Engine(store, providers, scenarios, **options)
    for name in engine.providers:
        if name not in engine.sandboxes:
            progress_option = {"progress": progress} if progress else {}
            settings = (first_settings or {}).get(name, defaults or Settings())
            try:
                engine.create(name, name, settings, at=at, provisioning=name in provisioning, **progress_option)
            except Conflict:
                if name not in engine.sandboxes:  # Otherwise another process has created it at the same time.
                    raise
    return engine


def _create_flask_app(engine: Engine, token: str | None, settings: ServerSettings | None) -> Flask:
    """Returns a Flask application with the admin API, the console and the health checks."""
    # Imported here because Flask takes a tenth of the startup time, and calls to providers do not need it.
    from flask import Flask

    from mockserver.admin.api import register
    from mockserver.admin.client import Client
    from mockserver.console import routes as console

    app = Flask("testmode", static_folder=None)
    app.url_map.merge_slashes = False
    app.url_rule_class = MatchOnlyRule
    app.testing = engine.propagate
    server_info = partial(describe_server, engine, settings)
    auth = register(app, engine, token or new_token(), server_info)
    console.register(app, partial(Client, engine, server_info), auth)
    app.extensions["testmode"] = engine
    return app


def _dispatch_app(engine: Engine, fallback: WSGIApp, root_provider: str | None, hosts: AllowedHosts | None) -> WSGIApp:
    """Returns an application that handles calls to providers and passes all other requests to ``fallback``."""
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
    """Returns the Flask application over an engine; ``root_provider`` is also mounted at the root.

    Without an engine, creates one in memory with all providers, for example for ``flask --app mockserver.app routes``.
    Without a token, the admin API refuses every request. The admin API returns ``settings``.
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
    """Returns the application that ``serve`` runs: like ``create_app``, but loads Flask when a request needs it.

    This Flask has no rules for the providers' paths, because ``flask routes`` never lists a running server.
    """
    return _dispatch_app(
        engine, mounts.load_lazily(lambda: _create_flask_app(engine, token, settings).wsgi_app), root_provider, hosts
    )

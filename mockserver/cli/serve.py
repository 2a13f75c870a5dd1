"""``testmode serve``: builds the server, prints its URLs and keys, and serves until a signal stops it."""

from __future__ import annotations

from mockserver.http.server import Server, patch_standard_library, server_url, threadpool_fsync, yield_to_greenlets

patch_standard_library()  # Before all other imports, because every module must use the cooperative locks and sockets.

import gc  # noqa: E402

gc.disable()  # Startup creates no garbage, but collections would take a tenth of its time.
import os  # noqa: E402

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # Otherwise pydantic searches all installed packages.
import logging  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import click  # noqa: E402

from mockserver.app import create_wsgi_app, make_engine, select_providers  # noqa: E402
from mockserver.cli.announcement import announce  # noqa: E402
from mockserver.cli.progress import ProgressBar  # noqa: E402
from mockserver.configuration import Configuration, create_planned_sandboxes, load_configuration  # noqa: E402
from mockserver.delivery.delivery_worker import DeliveryWorker  # noqa: E402
from mockserver.delivery.egress import Egress  # noqa: E402
from mockserver.engine import Engine, Journals, Refusal, Settings, find_scenario, switch_on  # noqa: E402
from mockserver.http import edge  # noqa: E402
from mockserver.http.hosts import AllowedHosts, is_loopback  # noqa: E402
from mockserver.http.tls import CertificateAuthority, certificate_names, open_certificate_authority  # noqa: E402
from mockserver.http.workers import WorkerSupervisor, open_listener  # noqa: E402
from mockserver.settings import BadSettings, ServerSettings, read_settings  # noqa: E402
from mockserver.storage.base import Store, StoreError, StoreLocked, StoreTooNew  # noqa: E402
from mockserver.storage.tinydb.store import TinyStore  # noqa: E402
from mockserver.token import new_token  # noqa: E402

EXIT_PORT_IN_USE, EXIT_BUG, EXIT_STORE, EXIT_LOCKED, EXIT_CONFIGURATION = 69, 70, 74, 75, 78
"""Exit codes as in sysexits.h."""
SHUTDOWN_SECONDS = 2.0
"""Seconds that a stopping server waits for webhooks in flight."""


@click.command()
@click.argument("providers", nargs=-1)
@click.option("--config", help="The configuration file (testmode.toml, if it exists).")
@click.option("--openapi", multiple=True, help="An OpenAPI document to serve as a provider; can be repeated.")
@click.option("--host", help="The address to listen on (127.0.0.1).")
@click.option("--port", type=int, help="The port to listen on (8080); 0 selects a free one and prints it.")
@click.option("--tls", is_flag=True, default=None, help="Serve https; clients must trust <data>/tls/ca.pem.")
@click.option("--data", type=click.Path(path_type=Path), help="The directory of all state (.testmode).")
@click.option("--durability", help="When a write is on disk: commit (before its response), interval or memory.")
@click.option("--store", help="URL of the Redis that several processes share: redis://host:6379/0.")
@click.option("--workers", type=int, help="Number of processes (1); more than one needs --store.")
@click.option("--as-worker", hidden=True, help="Role of a worker, set by its supervisor.")
@click.option("--memory", is_flag=True, default=None, help="Store nothing on disk.")
@click.option("--seed", help="The seed of the first sandboxes (1).")
@click.option("--size", help="How much seed data the first sandboxes have: small, medium or large.")
@click.option("--latency", help="Duration of every response: 200ms, or 100-300ms.")
@click.option("--scenario", multiple=True, help="A scenario to switch on in the first sandboxes; can be repeated.")
@click.option("--admin-token", help="The admin token; generated and printed if missing.")
def serve(**flags: Any) -> None:
    """Serve PROVIDERS, by default all. A single provider is also served at the root."""
    role = WorkerRole.parse(flags.pop("as_worker"))
    flags = {name: value for name, value in flags.items() if value not in (None, ())}
    try:
        configuration = load_configuration(flags.get("config") or os.environ.get("TESTMODE_CONFIG"))
        sys.exit(_serve(read_settings(os.environ, flags, configuration.server), configuration, role))
    except BadSettings as error:
        _exit_with_error(EXIT_CONFIGURATION, error)
    except Refusal as error:
        _exit_with_error(EXIT_CONFIGURATION, error)
    except StoreLocked as error:
        _exit_with_error(EXIT_LOCKED, error)
    except StoreTooNew as error:
        _exit_with_error(EXIT_CONFIGURATION, error)
    except StoreError as error:
        _exit_with_error(EXIT_STORE, error)


@dataclass(frozen=True)
class WorkerRole:
    """The role of a process among the workers of one server; a single process has the default role."""

    is_first: bool = True
    """Whether this process creates and configures the first sandboxes and prints the announcement."""
    listener_fd: int | None = None
    """The descriptor of the shared listening socket."""
    supervisor_fd: int | None = None
    """The descriptor of the connection to the supervisor."""

    @classmethod
    def parse(cls, text: str | None) -> WorkerRole:
        """Parses ``--as-worker``: ``first`` or another word, and the two descriptors, separated by colons."""
        if text is None:
            return cls()
        place, listener, supervisor = text.split(":")
        return cls(place == "first", int(listener), int(supervisor))


def _serve(settings: ServerSettings, configuration: Configuration, role: WorkerRole) -> int:
    _log_to_stderr(settings.log_level)
    if settings.workers > 1 and role.listener_fd is None:
        return _supervise(settings)
    providers = select_providers(settings.providers, settings.openapi)
    store = _open_store(settings)
    try:
        return _run(settings, configuration, store, providers, role)
    finally:
        store.close()


def _supervise(settings: ServerSettings) -> int:
    # The supervisor creates the authority, so that all workers load the same one.
    open_certificate_authority(settings)
    try:
        listener = open_listener(settings.host, settings.port)
    except OSError as error:
        return _port_in_use(settings, error)
    url = server_url(*listener.getsockname()[:2], scheme="https" if settings.tls else "http")
    return WorkerSupervisor(settings.workers, sys.argv[1:], listener).run(url)


def _port_in_use(settings: ServerSettings, error: OSError) -> int:
    click.echo(f"testmode: cannot listen on {settings.host}:{settings.port}: {error.strerror}", err=True)
    return EXIT_PORT_IN_USE


def _open_store(settings: ServerSettings) -> Store:
    if settings.store is None:
        return TinyStore(
            settings.data,
            durability=settings.effective_durability,
            fsync=threadpool_fsync,
            before_fsync=yield_to_greenlets,
        )
    try:
        # Imported here because the import takes a quarter of a second and only a shared store needs it.
        from mockserver.storage.redis.store import RedisStore
    except ImportError as error:
        hint = "install Testmode with its extra redis, or `pip install redis`"
        raise BadSettings(f"store: {settings.store} needs the package {error.name}; {hint}") from None
    return RedisStore(settings.store)


def _run(
    settings: ServerSettings, configuration: Configuration, store: Store, providers: list[Any], role: WorkerRole
) -> int:
    egress = Egress(settings.webhook_allow, ca_file=settings.webhook_ca)
    authority = open_certificate_authority(settings)
    engine = _make_engine(settings, configuration, store, providers, egress)
    if role.is_first:
        create_planned_sandboxes(engine, configuration.sandboxes, store.delete)
        _apply_overrides(engine, settings)
    token = settings.admin_token or _load_admin_token(settings, store)
    server = _make_server(settings, engine, token, role, authority)
    try:
        url = server.start()
    except OSError as error:
        return _port_in_use(settings, error)
    egress.exclude(*server.address)
    delivery_worker = DeliveryWorker(engine, settings.evict_after)
    delivery_worker.start()
    if role.is_first:
        announce(engine, url, settings, token)
        if authority:
            click.echo(f"  {'Trust':<9} {authority.file}   (TESTMODE_CA_FILE for the commands, curl --cacert)")
    _report_ready(server, url, role)
    _tune_garbage_collector()
    server.serve_until_stopped()
    delivery_worker.stop(SHUTDOWN_SECONDS)
    return 0


def _report_ready(server: Server, url: str, role: WorkerRole) -> None:
    if role.supervisor_fd is None:
        click.echo(f"Ready. listening on {url}")
    else:
        os.write(role.supervisor_fd, b"!")
        # The supervisor never writes, so the descriptor becomes readable only when the supervisor has ended.
        server.stop_when_readable(role.supervisor_fd)
    sys.stdout.flush()


def _make_engine(
    settings: ServerSettings, configuration: Configuration, store: Store, providers: list[Any], egress: Egress
) -> Engine:
    defaults = Settings(seed=settings.seed, size=settings.size, latency=settings.latency)
    with ProgressBar("Seeding") as progress:
        return make_engine(
            store,
            providers,
            first_settings={
                provider.name: configuration.first_sandbox_settings(provider.name, defaults) for provider in providers
            },
            provisioning=configuration.ids,
            progress=progress,
            journals=Journals(settings.journal_entries, settings.journal_bytes, settings.journals_bytes),
            sender=egress,
        )


def _make_server(
    settings: ServerSettings, engine: Engine, token: str, role: WorkerRole, authority: CertificateAuthority | None
) -> Server:
    root_provider = next(iter(engine.providers)) if len(engine.providers) == 1 else None
    # Clients on other machines use network names; service names in a compose file have no dot.
    hosts = AllowedHosts(settings.allowed_hosts, allow_single_label=not is_loopback(settings.host))
    return Server(
        create_wsgi_app(engine, token=token, root_provider=root_provider, hosts=hosts, settings=settings),
        settings.host,
        settings.port,
        drain_seconds=settings.drain_seconds,
        head_seconds=settings.head_seconds,
        idle_seconds=settings.idle_seconds,
        on_draining=edge.stopping.set,
        tls=authority.create_ssl_context(certificate_names(settings, engine.providers)) if authority else None,
        listener=None if role.listener_fd is None else socket.socket(fileno=role.listener_fd),
    )


def _apply_overrides(engine: Engine, settings: ServerSettings) -> None:
    """Applies latency and scenarios from the settings to the first sandboxes, even if they existed before."""
    for provider in engine.providers.values():
        sandbox = engine.get_sandbox(provider.name)
        if settings.latency is not None:
            sandbox.configure({"latency": settings.latency.model_dump(mode="json")})
        for name in settings.scenario:
            switch_on(sandbox, find_scenario(engine.scenarios, name), {})


def _load_admin_token(settings: ServerSettings, store: Store) -> str:
    """Returns the admin token in the store or the data directory; creates it if it is missing."""
    if settings.store is not None:
        return store.cluster.get_or_set("admin-token", new_token())
    if settings.effective_durability == "memory":
        return new_token()
    file = settings.data / "admin-token"
    try:
        token = file.read_text().strip() if file.is_file() else ""
        if not token:
            file.touch(mode=0o600)
            file.write_text((token := new_token()) + "\n")
    except OSError as error:
        raise StoreError(f"{file}: user {os.getuid()} cannot read or write it ({error})") from error
    return token


def _tune_garbage_collector() -> None:
    # The journal holds many objects without reference cycles. Repeated scans of them would take a quarter of the time
    # of every request, so full collections are made rare.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)


def _exit_with_error(code: int, error: Exception) -> None:
    click.echo(f"testmode: {error}", err=True)
    sys.exit(code)

"""``testmode serve``: put the pieces together, say where they are, serve until told to stop."""

from __future__ import annotations

from mockserver.http.server import Server, patch_standard_library, server_url, threadpool_fsync, yield_to_greenlets

patch_standard_library()  # Before anything else is imported: locks and sockets must be the cooperative ones everywhere.

import gc  # noqa: E402

gc.disable()  # Nothing that a start makes is garbage, and looking for it takes a tenth of the start.
import os  # noqa: E402

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # It would look for some in every installed package.
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
from mockserver.configuration import Configuration, create_planned_sandboxes, load  # noqa: E402
from mockserver.delivery.delivery_worker import DeliveryWorker  # noqa: E402
from mockserver.delivery.egress import Egress  # noqa: E402
from mockserver.engine import Engine, Journals, Refusal, Settings, get_scenario, switch_on  # noqa: E402
from mockserver.http import edge  # noqa: E402
from mockserver.http.hosts import AllowedHosts, is_loopback  # noqa: E402
from mockserver.http.tls import CertificateAuthority, certificate_names, open_certificate_authority  # noqa: E402
from mockserver.http.workers import WorkerSupervisor, open_listener  # noqa: E402
from mockserver.settings import BadSettings, ServerSettings, read_settings  # noqa: E402
from mockserver.storage.base import Store, StoreError, StoreLocked, StoreTooNew  # noqa: E402
from mockserver.storage.tinydb.store import TinyStore  # noqa: E402
from mockserver.token import new_token  # noqa: E402

EXIT_PORT_IN_USE, EXIT_BUG, EXIT_STORE, EXIT_LOCKED, EXIT_CONFIGURATION = 69, 70, 74, 75, 78
"""Exit codes, as sysexits.h has them."""
SHUTDOWN_SECONDS = 2.0
"""So long may webhooks under way still take when the server stops."""


@click.command()
@click.argument("providers", nargs=-1)
@click.option("--config", help="A TOML file of settings and first sandboxes (testmode.toml, where there is one).")
@click.option("--openapi", multiple=True, help="An OpenAPI document to serve as a provider; may be given again.")
@click.option("--host", help="The address to listen on (127.0.0.1).")
@click.option("--port", type=int, help="The port to listen on (8080); 0 picks a free one and prints it.")
@click.option("--tls", is_flag=True, default=None, help="Serve https; clients are told to trust <data>/tls/ca.pem.")
@click.option("--data", type=click.Path(path_type=Path), help="The directory that keeps all state (.testmode).")
@click.option("--durability", help="When a write is on the disk: commit (before its answer), interval or memory.")
@click.option("--store", help="Where several processes share all state: redis://host:6379/0.")
@click.option("--workers", type=int, help="Processes that serve (1); more than one need --store.")
@click.option("--as-worker", hidden=True, help="What a worker is told by the process that starts it.")
@click.option("--memory", is_flag=True, default=None, help="Keep everything in memory and nothing on disk.")
@click.option("--seed", help="The seed of the first sandboxes (1).")
@click.option("--size", help="How much data they begin with: small, medium or large.")
@click.option("--latency", help="How long every answer takes: 200ms, or 100-300ms.")
@click.option("--scenario", multiple=True, help="A scenario that is on from the start; may be given again.")
@click.option("--admin-token", help="The admin API's token; made and printed when missing.")
def serve(**flags: Any) -> None:
    """Serve the named PROVIDERS, or all of them. A single one is also served at the root."""
    role = WorkerRole.parse(flags.pop("as_worker"))
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    try:
        file = load(given.get("config") or os.environ.get("TESTMODE_CONFIG"))
        sys.exit(_serve(read_settings(os.environ, given, file.server), file, role))
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
    """What a process is to the others of the same server; alone it is the first and the last."""

    is_first: bool = True
    """It applies what the command line says of the first sandboxes, and says where they are."""
    listener_fd: int | None = None
    supervisor_fd: int | None = None

    @classmethod
    def parse(cls, told: str | None) -> WorkerRole:
        """The role a worker is told: ``first:<open_listener descriptor>:<descriptor of the line to who started it>``."""
        if told is None:
            return cls()
        place, listener, line = told.split(":")
        return cls(place == "first", int(listener), int(line))


def _serve(settings: ServerSettings, file: Configuration, role: WorkerRole) -> int:
    _log_to_stderr(settings.log_level)
    if settings.workers > 1 and role.listener_fd is None:
        return _supervise(settings)
    providers = select_providers(settings.providers, settings.openapi)
    store = _open_store(settings)
    try:
        return _run(settings, file, store, providers, role)
    finally:
        store.close()


def _supervise(settings: ServerSettings) -> int:
    # The workers find what is made here.
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
        # A quarter of a second that only those pay who share.
        from mockserver.storage.redis.store import RedisStore
    except ImportError as error:
        remedy = "install Testmode with its extra redis, or `pip install redis`"
        raise BadSettings(f"store: {settings.store} needs {error.name}: {remedy}") from None
    return RedisStore(settings.store)


def _run(settings: ServerSettings, file: Configuration, store: Store, providers: list[Any], role: WorkerRole) -> int:
    egress = Egress(settings.webhook_allow, ca_file=settings.webhook_ca)
    secured = open_certificate_authority(settings)
    engine = _make_engine(settings, file, store, providers, egress)
    if role.is_first:
        create_planned_sandboxes(engine, file.sandboxes, store.delete)
        _apply_overrides(engine, settings)
    token = settings.admin_token or _load_admin_token(settings, store)
    server = _make_server(settings, engine, token, role, secured)
    try:
        url = server.start()
    except OSError as error:
        return _port_in_use(settings, error)
    egress.exclude(*server.address)
    courier = DeliveryWorker(engine, settings.evict_after)
    courier.start()
    if role.is_first:
        announce(engine, url, settings, token)
        if secured:
            click.echo(f"  {'Trust':<9} {secured.file}   (TESTMODE_CA_FILE for the commands, curl --cacert)")
    _report_ready(server, url, role)
    _tune_garbage_collector()
    server.serve_until_stopped()
    courier.stop(SHUTDOWN_SECONDS)
    return 0


def _report_ready(server: Server, url: str, role: WorkerRole) -> None:
    if role.supervisor_fd is None:
        click.echo(f"Ready. listening on {url}")
    else:
        os.write(role.supervisor_fd, b"!")
        # Whoever started this worker never writes: its end can be read from when it is gone.
        server.stop_when_readable(role.supervisor_fd)
    sys.stdout.flush()


def _make_engine(
    settings: ServerSettings, file: Configuration, store: Store, providers: list[Any], egress: Egress
) -> Engine:
    defaults = Settings(seed=settings.seed, size=settings.size, latency=settings.latency)
    with ProgressBar("Seeding") as progress:
        return make_engine(
            store,
            providers,
            first_settings={
                provider.name: file.first_sandbox_settings(provider.name, defaults) for provider in providers
            },
            provisioning=file.ids,
            progress=progress,
            journals=Journals(settings.journal_entries, settings.journal_bytes, settings.journals_bytes),
            sender=egress,
        )


def _make_server(
    settings: ServerSettings, engine: Engine, token: str, role: WorkerRole, secured: CertificateAuthority | None
) -> Server:
    root_provider = next(iter(engine.providers)) if len(engine.providers) == 1 else None
    # Beyond loopback the server has the names of a network: those of a compose file have no dot.
    hosts = AllowedHosts(settings.allowed_hosts, allow_single_label=not is_loopback(settings.host))
    return Server(
        create_wsgi_app(engine, token=token, root_provider=root_provider, hosts=hosts, settings=settings),
        settings.host,
        settings.port,
        drain_seconds=settings.drain_seconds,
        head_seconds=settings.head_seconds,
        idle_seconds=settings.idle_seconds,
        on_draining=edge.stopping.set,
        tls=secured.create_ssl_context(certificate_names(settings, engine.providers)) if secured else None,
        listener=None if role.listener_fd is None else socket.socket(fileno=role.listener_fd),
    )


def _apply_overrides(engine: Engine, settings: ServerSettings) -> None:
    """What the command line says holds for the first sandboxes even when they are there already."""
    for provider in engine.providers.values():
        sandbox = engine.get_sandbox(provider.name)
        if settings.latency is not None:
            sandbox.configure({"latency": settings.latency.model_dump(mode="json")})
        for name in settings.scenario:
            switch_on(sandbox, get_scenario(engine.scenarios, name), {})


def _load_admin_token(settings: ServerSettings, store: Store) -> str:
    """The admin token: the one that the store or the data directory holds, or a new one they hold from now on."""
    if settings.store is not None:
        return store.cluster.get_or_set("admin-token", new_token())
    if settings.effective_durability == "memory":
        return new_token()
    file = settings.data / "admin-token"
    try:
        kept = file.read_text().strip() if file.is_file() else ""
        if not kept:
            file.touch(mode=0o600)
            file.write_text((kept := new_token()) + "\n")
    except OSError as error:
        raise StoreError(f"{file}: cannot be used by user {os.getuid()} ({error})") from error
    return kept


def _tune_garbage_collector() -> None:
    # The journal keeps many objects alive that are in no cycle: looking through them again and again costs a quarter
    # of every request.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)


def _exit_with_error(code: int, error: Exception) -> None:
    click.echo(f"testmode: {error}", err=True)
    sys.exit(code)

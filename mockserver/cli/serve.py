"""``testmode serve``: put the pieces together, say where they are, serve until told to stop."""

from __future__ import annotations

from mockserver.http.server import Server, next_turn, patch, threadpool_fsync, url_of

patch()  # Before anything else is imported: locks and sockets must be the cooperative ones everywhere.

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

from mockserver.app import application, chosen_providers, make_engine  # noqa: E402
from mockserver.cli.announcement import announce  # noqa: E402
from mockserver.cli.progress import Bar  # noqa: E402
from mockserver.configuration import Configuration, begin, load  # noqa: E402
from mockserver.delivery.courier import Courier  # noqa: E402
from mockserver.delivery.egress import Egress  # noqa: E402
from mockserver.engine import Engine, Journals, Refusal, Settings, scenario_named, switch_on  # noqa: E402
from mockserver.http import edge  # noqa: E402
from mockserver.http.hosts import Hosts, is_loopback  # noqa: E402
from mockserver.http.tls import Certificates, certificates, names  # noqa: E402
from mockserver.http.workers import Workers, listening  # noqa: E402
from mockserver.settings import BadSettings, ServerSettings, read  # noqa: E402
from mockserver.storage.base import Store, StoreError, StoreLocked, StoreNewer  # noqa: E402
from mockserver.storage.tinydb.store import TinyStore  # noqa: E402
from mockserver.token import new_token  # noqa: E402

PORT_IN_USE, BUG, STORE, LOCKED, CONFIGURATION = 69, 70, 74, 75, 78
"""Exit codes, as sysexits.h has them."""
LAST_SECONDS = 2.0
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
    role = Role.read(flags.pop("as_worker"))
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    try:
        file = load(given.get("config") or os.environ.get("TESTMODE_CONFIG"))
        sys.exit(_serve(read(os.environ, given, file.server), file, role))
    except BadSettings as error:
        _stop(CONFIGURATION, error)
    except Refusal as error:
        _stop(CONFIGURATION, error)
    except StoreLocked as error:
        _stop(LOCKED, error)
    except StoreNewer as error:
        _stop(CONFIGURATION, error)
    except StoreError as error:
        _stop(STORE, error)


@dataclass(frozen=True)
class Role:
    """What a process is to the others of the same server; alone it is the first and the last."""

    first: bool = True
    """It applies what the command line says of the first sandboxes, and says where they are."""
    listener: int | None = None
    line: int | None = None

    @classmethod
    def read(cls, told: str | None) -> Role:
        """The role a worker is told: ``first:<listening descriptor>:<descriptor of the line to who started it>``."""
        if told is None:
            return cls()
        place, listener, line = told.split(":")
        return cls(place == "first", int(listener), int(line))


def _serve(settings: ServerSettings, file: Configuration, role: Role) -> int:
    _log_to_stderr(settings.log_level)
    if settings.workers > 1 and role.listener is None:
        return _supervise(settings)
    providers = chosen_providers(settings.providers, settings.openapi)
    store = _open_store(settings)
    try:
        return _run(settings, file, store, providers, role)
    finally:
        store.close()


def _supervise(settings: ServerSettings) -> int:
    # The workers find what is made here.
    certificates(settings)
    try:
        listener = listening(settings.host, settings.port)
    except OSError as error:
        return _port_in_use(settings, error)
    url = url_of(*listener.getsockname()[:2], scheme="https" if settings.tls else "http")
    return Workers(settings.workers, sys.argv[1:], listener).run(url)


def _port_in_use(settings: ServerSettings, error: OSError) -> int:
    click.echo(f"testmode: cannot listen on {settings.host}:{settings.port}: {error.strerror}", err=True)
    return PORT_IN_USE


def _open_store(settings: ServerSettings) -> Store:
    if settings.store is None:
        return TinyStore(settings.data, durability=settings.keeps, fsync=threadpool_fsync, gather=next_turn)
    try:
        # A quarter of a second that only those pay who share.
        from mockserver.storage.redis.store import RedisStore
    except ImportError as error:
        remedy = "install Testmode with its extra redis, or `pip install redis`"
        raise BadSettings(f"store: {settings.store} needs {error.name}: {remedy}") from None
    return RedisStore(settings.store)


def _run(settings: ServerSettings, file: Configuration, store: Store, providers: list[Any], role: Role) -> int:
    egress = Egress(settings.webhook_allow, authorities=settings.webhook_ca)
    secured = certificates(settings)
    engine = _make_engine(settings, file, store, providers, egress)
    if role.first:
        begin(engine, file.sandboxes, store.delete)
        _apply(engine, settings)
    token = settings.admin_token or _kept_token(settings, store)
    server = _make_server(settings, engine, token, role, secured)
    try:
        url = server.start()
    except OSError as error:
        return _port_in_use(settings, error)
    egress.spare(*server.address)
    courier = Courier(engine, settings.evict_after)
    courier.start()
    if role.first:
        announce(engine, url, settings, token)
        if secured:
            click.echo(f"  {'Trust':<9} {secured.file}   (TESTMODE_CA_FILE for the commands, curl --cacert)")
    _tell_ready(server, url, role)
    _calm_collector()
    server.serve_until_stopped()
    courier.stop(LAST_SECONDS)
    return 0


def _tell_ready(server: Server, url: str, role: Role) -> None:
    if role.line is None:
        click.echo(f"Ready. listening on {url}")
    else:
        os.write(role.line, b"!")
        # Whoever started this worker never writes: its end can be read from when it is gone.
        server.stop_when_readable(role.line)
    sys.stdout.flush()


def _make_engine(
    settings: ServerSettings, file: Configuration, store: Store, providers: list[Any], egress: Egress
) -> Engine:
    defaults = Settings(seed=settings.seed, size=settings.size, latency=settings.latency)
    with Bar("Seeding") as progress:
        return make_engine(
            store,
            providers,
            firsts={provider.name: file.first(provider.name, defaults) for provider in providers},
            unfinished=file.ids,
            progress=progress,
            journals=Journals(settings.journal_entries, settings.journal_bytes, settings.journals_bytes),
            post=egress,
        )


def _make_server(
    settings: ServerSettings, engine: Engine, token: str, role: Role, secured: Certificates | None
) -> Server:
    alone = next(iter(engine.providers)) if len(engine.providers) == 1 else None
    # Beyond loopback the server has the names of a network: those of a compose file have no dot.
    hosts = Hosts(settings.allowed_hosts, plain=not is_loopback(settings.host))
    return Server(
        application(engine, token=token, alone=alone, hosts=hosts, settings=settings),
        settings.host,
        settings.port,
        drain_seconds=settings.drain_seconds,
        head_seconds=settings.head_seconds,
        idle_seconds=settings.idle_seconds,
        on_draining=edge.stopping.set,
        tls=secured.context(names(settings, engine.providers)) if secured else None,
        listener=None if role.listener is None else socket.socket(fileno=role.listener),
    )


def _apply(engine: Engine, settings: ServerSettings) -> None:
    """What the command line says holds for the first sandboxes even when they are there already."""
    for provider in engine.providers.values():
        sandbox = engine.sandbox(provider.name)
        if settings.latency is not None:
            sandbox.configure({"latency": settings.latency.model_dump(mode="json")})
        for name in settings.scenario:
            switch_on(sandbox, scenario_named(engine.scenarios, name), {})


def _kept_token(settings: ServerSettings, store: Store) -> str:
    """The admin token: the one that the store or the data directory holds, or a new one they hold from now on."""
    if settings.store is not None:
        return store.others.agreed("admin-token", new_token())
    if settings.keeps == "memory":
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


def _calm_collector() -> None:
    # The journal keeps many objects alive that are in no cycle: looking through them again and again costs a quarter
    # of every request.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)


def _stop(code: int, error: Exception) -> None:
    click.echo(f"testmode: {error}", err=True)
    sys.exit(code)

"""What a server says when it starts: what it serves, where, with which keys, and where the state is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution

import click

from mockserver import __version__
from mockserver.engine import Engine
from mockserver.settings import ServerSettings
from mockserver.storage.base import StoreDurability

MAX_NOTES = 100
"""So many lines are said of a provider at the start; the admin API shows the rest."""
DURABILITY_TEXT: dict[StoreDurability, str] = {
    "commit": "{data}, every write is on disk before its answer",
    "interval": "{data}, every write is on disk within 200 ms",
    "memory": "memory, nothing is kept",
    "redis": "Redis, every write is there before its answer",
}
"""What is said at the start of where the state is."""


def announce(engine: Engine, url: str, settings: ServerSettings, token: str) -> None:
    """Say where each provider is and its key, where the admin API is and its token, and where the state is."""
    click.echo(f"Testmode {__version__}")
    if _has_conflicting_package():
        click.echo(
            "  The distribution mockserver-client installs a package of the same name as ours; remove one of them."
        )
    for provider in engine.providers.values():
        sandbox = engine.get_sandbox(provider.name)
        base = f"{url}/{provider.name}{provider.base_path(sandbox.slug)}"
        now = sandbox.now()
        working = (key.secret for key in sandbox.keys.values() if key.state(now) in ("active", "expiring"))
        key = next(working, "none works now; make one with `testmode key create`")
        click.echo(f"  {provider.title:<9} {base}   key {key}")
        _print_notes(provider.notes, f"{url}/__admin/providers/{provider.name}")
    where = (
        ""
        if settings.effective_durability == "memory" or settings.admin_token or settings.store
        else f"   (kept in {settings.data / 'admin-token'})"
    )
    shown = "as given" if settings.admin_token else token
    click.echo(f"  {'Admin':<9} {url}/__admin   token {shown}{where}")
    where = DURABILITY_TEXT[engine.store_status.durability].format(data=settings.data)
    click.echo(f"  {'State':<9} {where}")
    sys.stdout.flush()


def _print_notes(notes: Sequence[str], place: str) -> None:
    for note in notes[:MAX_NOTES]:
        click.echo(f"    {note}")
    if len(notes) > MAX_NOTES:
        click.echo(f"    and {len(notes) - MAX_NOTES} more: {place}")


def _has_conflicting_package() -> bool:
    try:
        distribution("mockserver-client")
    except PackageNotFoundError:
        return False
    return True

"""Prints the lines of a server at startup: providers, URLs, keys, admin token, and where the state is stored."""

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
"""Maximum number of notes that are printed per provider; the admin API returns all notes."""
DURABILITY_TEXT: dict[StoreDurability, str] = {
    "commit": "{data}, every write is on disk before its response",
    "interval": "{data}, every write is on disk within 200 ms",
    "memory": "memory, lost when the server stops",
    "redis": "Redis, every write is stored before its response",
}
"""The printed location of the state for each durability of the store."""


def announce(engine: Engine, url: str, settings: ServerSettings, token: str) -> None:
    """Prints the base URL and a working key of each provider, the admin URL and token, and the state's location."""
    click.echo(f"Testmode {__version__}")
    if _has_conflicting_package():
        click.echo(
            "  The distribution mockserver-client also installs a package named mockserver; uninstall one of them."
        )
    for provider in engine.providers.values():
        sandbox = engine.get_sandbox(provider.name)
        base = f"{url}/{provider.name}{provider.base_path(sandbox.slug)}"
        now = sandbox.now()
        secrets = (key.secret for key in sandbox.keys.values() if key.state(now) in ("active", "expiring"))
        key = next(secrets, "none works now; create one with `testmode key create`")
        click.echo(f"  {provider.title:<9} {base}   key {key}")
        _print_notes(provider.notes, f"{url}/__admin/providers/{provider.name}")
    token_file = (
        ""
        if settings.effective_durability == "memory" or settings.admin_token or settings.store
        else f"   (stored in {settings.data / 'admin-token'})"
    )
    printed_token = "from the settings" if settings.admin_token else token
    click.echo(f"  {'Admin':<9} {url}/__admin   token {printed_token}{token_file}")
    state = DURABILITY_TEXT[engine.store_status.durability].format(data=settings.data)
    click.echo(f"  {'State':<9} {state}")
    sys.stdout.flush()


def _print_notes(notes: Sequence[str], all_notes_url: str) -> None:
    for note in notes[:MAX_NOTES]:
        click.echo(f"    {note}")
    if len(notes) > MAX_NOTES:
        click.echo(f"    and {len(notes) - MAX_NOTES} more: {all_notes_url}")


def _has_conflicting_package() -> bool:
    try:
        distribution("mockserver-client")
    except PackageNotFoundError:
        return False
    return True

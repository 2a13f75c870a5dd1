"""``testmode key``: make, show, list and revoke API keys."""

from __future__ import annotations

from typing import Any

import click

from mockserver.cli.remote import REFUSED, RemoteGroup, end, server


@click.group(cls=RemoteGroup)
def key() -> None:
    """Make, show, list and revoke API keys."""


@key.command("show")
@click.argument("sandbox")
def show_key(sandbox: str) -> None:
    """Print a working key of SANDBOX, and nothing else."""
    for each in server().ask("GET", "sandboxes", sandbox, "keys"):
        if each["state"] in ("active", "expiring"):
            click.echo(each["secret"])
            return
    end(f"{sandbox} has no key that works now", REFUSED)


@key.command("list")
@click.argument("sandbox")
def list_keys(sandbox: str) -> None:
    """List the keys of SANDBOX: id, state, secret."""
    for each in server().ask("GET", "sandboxes", sandbox, "keys"):
        click.echo(f"{each['id']}  {each['state']}  {each['secret']}")


@key.command("create")
@click.argument("sandbox")
@click.option("--mode")
@click.option("--scope", "scopes", multiple=True)
@click.option("--cidr", "cidrs", multiple=True, help="A range of addresses it may be used from.")
@click.option("--activates-in", help="0s makes it work at once.")
@click.option("--expires-in")
def create_key(sandbox: str, **wanted: Any) -> None:
    """Make a key in SANDBOX and print its secret."""
    body = {name: list(value) if isinstance(value, tuple) else value for name, value in wanted.items() if value}
    click.echo(server().ask("POST", "sandboxes", sandbox, "keys", body=body)["secret"])


@key.command("revoke")
@click.argument("sandbox")
@click.argument("key")
def revoke_key(sandbox: str, key: str) -> None:
    """Revoke KEY, an id or a secret; it may linger."""
    click.echo(server().ask("DELETE", "sandboxes", sandbox, "keys", key, body={})["state"])

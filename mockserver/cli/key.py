"""``testmode key``: make, show, list and revoke API keys."""

from __future__ import annotations

from typing import Any

import click

from mockserver.cli.remote import EXIT_REFUSED, RemoteGroup, admin_api, exit_with_error


@click.group(cls=RemoteGroup)
def key() -> None:
    """Make, show, list and revoke API keys."""


@key.command("show")
@click.argument("sandbox")
def show_key(sandbox: str) -> None:
    """Print a working key of SANDBOX, and nothing else."""
    for each in admin_api().request("GET", "sandboxes", sandbox, "keys"):
        if each["state"] in ("active", "expiring"):
            click.echo(each["secret"])
            return
    exit_with_error(f"{sandbox} has no key that works now", EXIT_REFUSED)


@key.command("list")
@click.argument("sandbox")
def list_keys(sandbox: str) -> None:
    """List the keys of SANDBOX: id, state, secret."""
    for each in admin_api().request("GET", "sandboxes", sandbox, "keys"):
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
    click.echo(admin_api().request("POST", "sandboxes", sandbox, "keys", body=body)["secret"])


@key.command("revoke")
@click.argument("sandbox")
@click.argument("key")
def revoke_key(sandbox: str, key: str) -> None:
    """Revoke KEY, an id or a secret; it may linger."""
    click.echo(admin_api().request("DELETE", "sandboxes", sandbox, "keys", key, body={})["state"])

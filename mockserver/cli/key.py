"""``testmode key``: creates, shows, lists and revokes API keys."""

from __future__ import annotations

from typing import Any

import click

from mockserver.cli.remote import EXIT_REFUSED, RemoteGroup, admin_api, exit_with_error


@click.group(cls=RemoteGroup)
def key() -> None:
    """Create, show, list and revoke API keys."""


@key.command("show")
@click.argument("sandbox")
def show_key(sandbox: str) -> None:
    """Print the secret of a key of SANDBOX that is accepted now."""
    for each in admin_api().request("GET", "sandboxes", sandbox, "keys"):
        if each["state"] in ("active", "expiring"):
            click.echo(each["secret"])
            return
    exit_with_error(
        f"sandbox {sandbox!r} has no key that works now; create one with `testmode key create {sandbox}`", EXIT_REFUSED
    )


@key.command("list")
@click.argument("sandbox")
def list_keys(sandbox: str) -> None:
    """List the keys of SANDBOX: id, state, secret."""
    for each in admin_api().request("GET", "sandboxes", sandbox, "keys"):
        click.echo(f"{each['id']}  {each['state']}  {each['secret']}")


@key.command("create")
@click.argument("sandbox")
@click.option("--mode", help="The mode of the key, if the provider has modes.")
@click.option("--scope", "scopes", multiple=True, help="A scope of the key; can be repeated.")
@click.option("--cidr", "cidrs", multiple=True, help="A CIDR range from which the key can be used; can be repeated.")
@click.option("--activates-in", help="Time until the key is accepted, for example 30s; 0s: immediately.")
@click.option("--expires-in", help="Time until the key expires, for example 1h or 30d.")
def create_key(sandbox: str, **options: Any) -> None:
    """Create a key in SANDBOX and print its secret."""
    body = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items() if value}
    click.echo(admin_api().request("POST", "sandboxes", sandbox, "keys", body=body)["secret"])


@key.command("revoke")
@click.argument("sandbox")
@click.argument("key")
def revoke_key(sandbox: str, key: str) -> None:
    """Revoke KEY (an id or a secret) and print its state: revoked, or lingering while the key is still accepted."""
    click.echo(admin_api().request("DELETE", "sandboxes", sandbox, "keys", key, body={})["state"])

"""``testmode sandbox``: make, list, show, reset and delete sandboxes."""

from __future__ import annotations

import click

from mockserver.cli.remote import RemoteGroup, admin_api, print_json


@click.group(cls=RemoteGroup)
def sandbox() -> None:
    """Make, list, reset and delete sandboxes."""


@sandbox.command("list")
def list_sandboxes() -> None:
    """List the sandboxes: id, base URL, first key."""
    for each in admin_api().request("GET", "sandboxes"):
        click.echo(f"{each['id']}  {each['base_url']}  {each['keys'][0]['secret'] if each['keys'] else 'no key'}")


@sandbox.command("create")
@click.argument("provider")
@click.option("--name", help="Its id; made when left out.")
@click.option("--seed", default="1")
@click.option("--size", default="small", help="small, medium or large.")
def create_sandbox(provider: str, name: str | None, seed: str, size: str) -> None:
    """Make a sandbox of PROVIDER and show it."""
    wanted = {"provider": provider, "seed": seed, "size": size}
    body = wanted if name is None else {**wanted, "name": name}
    print_json(admin_api().request("POST", "sandboxes", body=body))


@sandbox.command("show")
@click.argument("id")
def show_sandbox(id: str) -> None:
    """Show a sandbox with its keys, clock and settings."""
    print_json(admin_api().request("GET", "sandboxes", id))


@sandbox.command("reset")
@click.argument("id")
def reset_sandbox(id: str) -> None:
    """Take a sandbox back to its seed."""
    admin_api().request("POST", "sandboxes", id, "reset")


@sandbox.command("delete")
@click.argument("id")
def delete_sandbox(id: str) -> None:
    """Forget a sandbox."""
    admin_api().request("DELETE", "sandboxes", id)

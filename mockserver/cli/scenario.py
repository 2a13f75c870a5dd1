"""``testmode scenario``: lists scenarios, and switches them on and off."""

from __future__ import annotations

import click

from mockserver.cli.remote import RemoteGroup, admin_api, parse_parameters, print_json


@click.group(cls=RemoteGroup)
def scenario() -> None:
    """List scenarios, and switch them on and off."""


@scenario.command("list")
@click.argument("sandbox", required=False)
def list_scenarios(sandbox: str | None) -> None:
    """List the scenarios; with SANDBOX, mark those that are on."""
    path = ("scenarios",) if sandbox is None else ("sandboxes", sandbox, "scenarios")
    for each in admin_api().request("GET", *path):
        mark = "" if sandbox is None else "on   " if each["on"] else "     "
        click.echo(f"{mark}{each['name']:<24}{each['sentence']}")


@scenario.command("on")
@click.argument("sandbox")
@click.argument("name")
@click.argument("parameters", nargs=-1)
def scenario_on(sandbox: str, name: str, parameters: tuple[str, ...]) -> None:
    """Switch on the scenario NAME in SANDBOX; write PARAMETERS as name=value."""
    body = parse_parameters(parameters)
    print_json(admin_api().request("PUT", "sandboxes", sandbox, "scenarios", name, body=body)["chosen"])


@scenario.command("off")
@click.argument("sandbox")
@click.argument("name")
def scenario_off(sandbox: str, name: str) -> None:
    """Switch off the scenario NAME in SANDBOX."""
    admin_api().request("DELETE", "sandboxes", sandbox, "scenarios", name)

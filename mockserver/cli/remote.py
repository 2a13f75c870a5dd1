"""Commands that speak to a running server through its admin API."""

from __future__ import annotations

import sys
from json import dumps, loads
from typing import Any, NoReturn

import click

from mockserver.testing.api import TestmodeError, from_environment
from mockserver.testing.trust import place

UNREACHABLE, REFUSED = 69, 1


class RemoteGroup(click.Group):
    """A group whose commands speak to the server that the environment names; its refusal ends them in one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what the server refuses, and that there is none, is printed instead of raised."""
        try:
            return super().invoke(ctx)
        except TestmodeError as error:
            if error.status is None:
                where = f"cannot reach {place()}: {error.__cause__ or error.sentence}"
                end(f"{where}; is `testmode serve` running? TESTMODE_URL says where", UNREACHABLE)
            end(error.sentence, REFUSED)


def end(message: str, code: int) -> NoReturn:
    """Say in one sentence why the command ends, and end it."""
    click.echo(f"testmode: {message}", err=True)
    sys.exit(code)


def _show(value: Any) -> None:
    click.echo(dumps(value, indent=2, ensure_ascii=False))


def _pairs(parameters: tuple[str, ...]) -> dict[str, Any]:
    """``name=value`` words as a body; a value that is JSON is sent as such."""
    body = {}
    for word in parameters:
        name, equals, text = word.partition("=")
        if not equals:
            end(f"{word!r} is not a parameter; write it as name=value", 2)
        try:
            body[name] = loads(text)
        except ValueError:
            body[name] = text
    return body


@click.group(cls=RemoteGroup)
def sandbox() -> None:
    """Make, list, reset and delete sandboxes."""


@sandbox.command("list")
def list_sandboxes() -> None:
    """List the sandboxes: id, base URL, first key."""
    for each in from_environment().ask("GET", "sandboxes"):
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
    _show(from_environment().ask("POST", "sandboxes", body=body))


@sandbox.command("show")
@click.argument("id")
def show_sandbox(id: str) -> None:
    """Show a sandbox with its keys, clock and settings."""
    _show(from_environment().ask("GET", "sandboxes", id))


@sandbox.command("reset")
@click.argument("id")
def reset_sandbox(id: str) -> None:
    """Take a sandbox back to its seed."""
    from_environment().ask("POST", "sandboxes", id, "reset")


@sandbox.command("delete")
@click.argument("id")
def delete_sandbox(id: str) -> None:
    """Forget a sandbox."""
    from_environment().ask("DELETE", "sandboxes", id)


@click.group(cls=RemoteGroup)
def key() -> None:
    """Make, show, list and revoke API keys."""


@key.command("show")
@click.argument("sandbox")
def show_key(sandbox: str) -> None:
    """Print a working key of SANDBOX, and nothing else."""
    for each in from_environment().ask("GET", "sandboxes", sandbox, "keys"):
        if each["state"] in ("active", "expiring"):
            click.echo(each["secret"])
            return
    end(f"{sandbox} has no key that works now", REFUSED)


@key.command("list")
@click.argument("sandbox")
def list_keys(sandbox: str) -> None:
    """List the keys of SANDBOX: id, state, secret."""
    for each in from_environment().ask("GET", "sandboxes", sandbox, "keys"):
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
    click.echo(from_environment().ask("POST", "sandboxes", sandbox, "keys", body=body)["secret"])


@key.command("revoke")
@click.argument("sandbox")
@click.argument("key")
def revoke_key(sandbox: str, key: str) -> None:
    """Revoke KEY, an id or a secret; it may linger."""
    click.echo(from_environment().ask("DELETE", "sandboxes", sandbox, "keys", key, body={})["state"])


@click.group(cls=RemoteGroup)
def scenario() -> None:
    """List scenarios, and switch them on and off."""


@scenario.command("list")
@click.argument("sandbox", required=False)
def list_scenarios(sandbox: str | None) -> None:
    """List the scenarios; with SANDBOX, which are on there."""
    path = ("scenarios",) if sandbox is None else ("sandboxes", sandbox, "scenarios")
    for each in from_environment().ask("GET", *path):
        mark = "" if sandbox is None else "on   " if each["on"] else "     "
        click.echo(f"{mark}{each['name']:<24}{each['sentence']}")


@scenario.command("on")
@click.argument("sandbox")
@click.argument("name")
@click.argument("parameters", nargs=-1)
def scenario_on(sandbox: str, name: str, parameters: tuple[str, ...]) -> None:
    """Switch the scenario NAME on in SANDBOX, with PARAMETERS as name=value."""
    body = _pairs(parameters)
    _show(from_environment().ask("PUT", "sandboxes", sandbox, "scenarios", name, body=body)["chosen"])


@scenario.command("off")
@click.argument("sandbox")
@click.argument("name")
def scenario_off(sandbox: str, name: str) -> None:
    """Switch the scenario NAME off in SANDBOX."""
    from_environment().ask("DELETE", "sandboxes", sandbox, "scenarios", name)

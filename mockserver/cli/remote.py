"""Commands that speak to a running server through its admin API."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from json import dumps, loads
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import click

from mockserver.testing import trust

UNREACHABLE, REFUSED = 69, 1


class Admin:
    """The admin API of the server at TESTMODE_URL, with the token that is said, or kept in the data directory."""

    def __init__(self) -> None:
        self.url = trust.place()
        kept = Path(os.environ.get("TESTMODE_DATA", ".testmode")) / "admin-token"
        kept = Path(os.environ.get("TESTMODE_ADMIN_TOKEN_FILE", kept))
        self._token = os.environ.get("TESTMODE_ADMIN_TOKEN") or (kept.read_text().strip() if kept.is_file() else "")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the server answers; a refusal is printed as the one sentence it is, and ends the command."""
        address = urlsplit(self.url)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            connection = _connection(address.scheme, address.netloc)
            data = None if body is None else dumps(body)
            connection.request(method, f"/__admin{path}", data, headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, HTTPException) as error:
            end(f"cannot reach {self.url}: {error}; is `testmode serve` running? TESTMODE_URL says where", UNREACHABLE)
        answer = loads(text) if text else None
        if response.status >= 400:
            end(answer["detail"] if answer else f"{self.url} answered {response.status}", REFUSED)
        return answer


def _connection(scheme: str, netloc: str) -> HTTPConnection:
    if scheme == "https":
        return HTTPSConnection(netloc, timeout=60, context=trust.context())
    return HTTPConnection(netloc, timeout=60)


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


@click.group()
def sandbox() -> None:
    """Make, list, reset and delete sandboxes."""


@sandbox.command("list")
def list_sandboxes() -> None:
    """List the sandboxes: id, base URL, first key."""
    for each in Admin().ask("GET", "/sandboxes"):
        click.echo(f"{each['id']}  {each['base_url']}  {each['keys'][0]['secret'] if each['keys'] else 'no key'}")


@sandbox.command("create")
@click.argument("provider")
@click.option("--name", help="Its id; made when left out.")
@click.option("--seed", default="1")
@click.option("--size", default="small", help="small, medium or large.")
def create_sandbox(provider: str, name: str | None, seed: str, size: str) -> None:
    """Make a sandbox of PROVIDER and show it."""
    wanted = {"provider": provider, "seed": seed, "size": size}
    _show(Admin().ask("POST", "/sandboxes", wanted if name is None else {**wanted, "name": name}))


@sandbox.command("show")
@click.argument("id")
def show_sandbox(id: str) -> None:
    """Show a sandbox with its keys, clock and settings."""
    _show(Admin().ask("GET", f"/sandboxes/{quote(id, safe='')}"))


@sandbox.command("reset")
@click.argument("id")
def reset_sandbox(id: str) -> None:
    """Take a sandbox back to its seed."""
    Admin().ask("POST", f"/sandboxes/{quote(id, safe='')}/reset")


@sandbox.command("delete")
@click.argument("id")
def delete_sandbox(id: str) -> None:
    """Forget a sandbox."""
    Admin().ask("DELETE", f"/sandboxes/{quote(id, safe='')}")


@click.group()
def key() -> None:
    """Make, show, list and revoke API keys."""


@key.command("show")
@click.argument("sandbox")
def show_key(sandbox: str) -> None:
    """Print a working key of SANDBOX, and nothing else."""
    for each in Admin().ask("GET", f"/sandboxes/{quote(sandbox, safe='')}/keys"):
        if each["state"] in ("active", "expiring"):
            click.echo(each["secret"])
            return
    end(f"{sandbox} has no key that works now", REFUSED)


@key.command("list")
@click.argument("sandbox")
def list_keys(sandbox: str) -> None:
    """List the keys of SANDBOX: id, state, secret."""
    for each in Admin().ask("GET", f"/sandboxes/{quote(sandbox, safe='')}/keys"):
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
    click.echo(Admin().ask("POST", f"/sandboxes/{quote(sandbox, safe='')}/keys", body)["secret"])


@key.command("revoke")
@click.argument("sandbox")
@click.argument("key")
def revoke_key(sandbox: str, key: str) -> None:
    """Revoke KEY, an id or a secret; it may linger."""
    path = f"/sandboxes/{quote(sandbox, safe='')}/keys/{quote(key, safe='')}"
    click.echo(Admin().ask("DELETE", path, {})["state"])


@click.group()
def scenario() -> None:
    """List scenarios, and switch them on and off."""


@scenario.command("list")
@click.argument("sandbox", required=False)
def list_scenarios(sandbox: str | None) -> None:
    """List the scenarios; with SANDBOX, which are on there."""
    path = "/scenarios" if sandbox is None else f"/sandboxes/{quote(sandbox, safe='')}/scenarios"
    for each in Admin().ask("GET", path):
        mark = "" if sandbox is None else "on   " if each["on"] else "     "
        click.echo(f"{mark}{each['name']:<24}{each['sentence']}")


@scenario.command("on")
@click.argument("sandbox")
@click.argument("name")
@click.argument("parameters", nargs=-1)
def scenario_on(sandbox: str, name: str, parameters: tuple[str, ...]) -> None:
    """Switch the scenario NAME on in SANDBOX, with PARAMETERS as name=value."""
    path = f"/sandboxes/{quote(sandbox, safe='')}/scenarios/{quote(name, safe='')}"
    _show(Admin().ask("PUT", path, _pairs(parameters))["chosen"])


@scenario.command("off")
@click.argument("sandbox")
@click.argument("name")
def scenario_off(sandbox: str, name: str) -> None:
    """Switch the scenario NAME off in SANDBOX."""
    Admin().ask("DELETE", f"/sandboxes/{quote(sandbox, safe='')}/scenarios/{quote(name, safe='')}")

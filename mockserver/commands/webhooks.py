"""``testmode webhooks``: register receivers, see what was delivered, and be a receiver."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from json import dumps, loads
from typing import Any
from urllib.parse import quote

import click

from mockserver.commands.remote import Admin
from mockserver.engine import Forged, Received, WebhookStyle, parse_instant


def _path(sandbox: str, *rest: str) -> str:
    return "/sandboxes/" + "/".join(quote(each, safe="") for each in (sandbox, *rest))


@click.group()
def webhooks() -> None:
    """Register, list and remove webhook endpoints; listen to one."""


@webhooks.command("list")
@click.argument("sandbox")
def list_webhooks(sandbox: str) -> None:
    """List the endpoints of SANDBOX: id, URL, events, secret."""
    for each in Admin().ask("GET", _path(sandbox, "webhooks")):
        click.echo(f"{each['id']}  {each['url']}  {','.join(each['events'])}  {each['secret']}")


@webhooks.command("add")
@click.argument("sandbox")
@click.argument("url")
@click.option("--event", "events", multiple=True, help="A type of events it asks for; all when left out.")
@click.option("--version", help="The form of events, where the provider has several.")
@click.option("--secret", help="Made when left out.")
def add_webhook(sandbox: str, url: str, events: tuple[str, ...], version: str | None, secret: str | None) -> None:
    """Register URL in SANDBOX and print its id and secret."""
    wanted = {"url": url, "events": list(events) or ["*"], "version": version, "secret": secret}
    made = Admin().ask("POST", _path(sandbox, "webhooks"), {name: each for name, each in wanted.items() if each})
    click.echo(f"{made['id']}  {made['secret']}")


@webhooks.command("delete")
@click.argument("sandbox")
@click.argument("id")
def delete_webhook(sandbox: str, id: str) -> None:
    """Remove an endpoint of SANDBOX."""
    Admin().ask("DELETE", _path(sandbox, "webhooks", id))


@webhooks.command("rotate")
@click.argument("sandbox")
@click.argument("id")
@click.option("--overlap", default="0s", help="How long the secret before goes on signing too.")
def rotate_webhook(sandbox: str, id: str, overlap: str) -> None:
    """Give an endpoint of SANDBOX a new secret and print it."""
    click.echo(Admin().ask("POST", _path(sandbox, "webhooks", id, "rotate"), {"overlap": overlap})["secret"])


@webhooks.command("deliveries")
@click.argument("sandbox")
def list_deliveries(sandbox: str) -> None:
    """List what was delivered from SANDBOX: id, state, type, the status of each attempt."""
    for each in Admin().ask("GET", _path(sandbox, "deliveries")):
        attempts = " ".join(str(attempt["status"] or attempt["error"]) for attempt in each["attempts"])
        click.echo(f"{each['id']}  {each['state']:<9} {each['event']['type']}  {attempts}")


@webhooks.command("retry")
@click.argument("sandbox")
@click.argument("id")
def retry_delivery(sandbox: str, id: str) -> None:
    """Try a delivery of SANDBOX once more and say what became of it."""
    click.echo(Admin().ask("POST", _path(sandbox, "deliveries", id, "retry"))["state"])


@webhooks.command("listen")
@click.argument("sandbox")
@click.option("--event", "events", multiple=True, help="A type of events to hear of; all when left out.")
@click.option("--version", help="The form of events, where the provider has several.")
@click.option("--status", default=200, help="What each delivery is answered with; 500 has it tried again.")
@click.option("--times", default=0, help="End after so many deliveries; 0 goes on until Ctrl-C.")
def listen(sandbox: str, events: tuple[str, ...], version: str | None, status: int, times: int) -> None:
    """Be a receiver of SANDBOX: register a free port here, print what arrives and whether its signature is right."""
    admin = Admin()
    style = _style(admin.ask("GET", _path(sandbox))["provider"])
    with HTTPServer(("127.0.0.1", 0), _Receiver) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        wanted = {"url": url, "events": list(events) or ["*"], "description": "testmode webhooks listen"}
        made = admin.ask("POST", _path(sandbox, "webhooks"), wanted | ({"version": version} if version else {}))
        click.echo(f"listening as {made['id']} on {url}, secret {made['secret']}; Ctrl-C ends it")
        try:
            _serve(server, status, times, lambda said: _printed(admin, sandbox, style, made["secret"], said))
        except KeyboardInterrupt:
            pass
        finally:
            admin.ask("DELETE", _path(sandbox, "webhooks", made["id"]))


class _Receiver(BaseHTTPRequestHandler):
    """Takes a delivery and hands it on."""

    server_version = "testmode"

    def do_POST(self) -> None:
        """Answer a delivery, then tell of it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what is worth saying is printed."""


Delivery = tuple[dict[str, str], bytes]


def _serve(server: Any, status: int, times: int, told: Any) -> None:
    server.status, server.heard = status, []
    for nth in _counted(times):
        while len(server.heard) < nth:
            server.handle_request()
        told(server.heard[nth - 1])


def _counted(times: int) -> Iterator[int]:
    nth = 0
    while not times or nth < times:
        nth += 1
        yield nth


def _printed(admin: Admin, sandbox: str, style: WebhookStyle, secret: str, said: Delivery) -> None:
    headers, body = said
    now = parse_instant(admin.ask("GET", _path(sandbox, "clock"))["now"]) // 1_000_000
    try:
        style.verify(Received(headers, body, (secret,), now))
        verdict = "signature ok"
    except Forged as forged:
        verdict = f"REFUSE IT: {forged}"
    click.echo(f"\n{time.strftime('%H:%M:%S')}  {len(body)} bytes, {verdict}")
    try:
        click.echo(dumps(loads(body), indent=2, ensure_ascii=False))
    except ValueError:
        click.echo(body.decode("utf-8", "replace"))


def _style(provider: str) -> WebhookStyle:
    from mockserver.app import known_providers

    style = known_providers()[provider].webhooks
    if style is None:
        raise click.ClickException(f"{provider} sends no webhooks")
    return style

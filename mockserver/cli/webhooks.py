"""``testmode webhooks``: register receivers, see what was delivered, and be a receiver."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from json import dumps, loads
from typing import Any

import click

from mockserver.cli.remote import RemoteGroup, admin_api
from mockserver.engine import SECOND, InvalidSignature, ReceivedWebhook, WebhookStyle, parse_instant
from mockserver.testing.api import Api, TestmodeError


@click.group(cls=RemoteGroup)
def webhooks() -> None:
    """Register, list and remove webhook endpoints; listen to one."""


@webhooks.command("list")
@click.argument("sandbox")
def list_webhooks(sandbox: str) -> None:
    """List the endpoints of SANDBOX: id, URL, events, secret."""
    for each in admin_api().request("GET", "sandboxes", sandbox, "webhooks"):
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
    made = admin_api().request(
        "POST", "sandboxes", sandbox, "webhooks", body={name: each for name, each in wanted.items() if each}
    )
    click.echo(f"{made['id']}  {made['secret']}")


@webhooks.command("delete")
@click.argument("sandbox")
@click.argument("id")
def delete_webhook(sandbox: str, id: str) -> None:
    """Remove an endpoint of SANDBOX."""
    admin_api().request("DELETE", "sandboxes", sandbox, "webhooks", id)


@webhooks.command("rotate")
@click.argument("sandbox")
@click.argument("id")
@click.option("--overlap", default="0s", help="How long the secret before goes on signing too.")
def rotate_webhook(sandbox: str, id: str, overlap: str) -> None:
    """Give an endpoint of SANDBOX a new secret and print it."""
    click.echo(
        admin_api().request("POST", "sandboxes", sandbox, "webhooks", id, "rotate", body={"overlap": overlap})["secret"]
    )


@webhooks.command("deliveries")
@click.argument("sandbox")
def list_deliveries(sandbox: str) -> None:
    """List what was delivered from SANDBOX: id, state, type, the status of each attempt."""
    for each in admin_api().request("GET", "sandboxes", sandbox, "deliveries"):
        attempts = " ".join(str(attempt["status"] or attempt["error"]) for attempt in each["attempts"])
        click.echo(f"{each['id']}  {each['state']:<9} {each['event']['type']}  {attempts}")


@webhooks.command("retry")
@click.argument("sandbox")
@click.argument("id")
def retry_delivery(sandbox: str, id: str) -> None:
    """Try a delivery of SANDBOX once more and say what became of it."""
    click.echo(admin_api().request("POST", "sandboxes", sandbox, "deliveries", id, "retry")["state"])


@webhooks.command("listen")
@click.argument("sandbox")
@click.option("--event", "events", multiple=True, help="A type of events to hear of; all when left out.")
@click.option("--version", help="The form of events, where the provider has several.")
@click.option(
    "--status",
    type=click.IntRange(200, 599),
    default=200,
    help="What each delivery is answered with; 500 has it tried again.",
)
@click.option(
    "--times", type=click.IntRange(0), default=0, help="End after so many deliveries; 0 goes on until Ctrl-C."
)
def listen(sandbox: str, events: tuple[str, ...], version: str | None, status: int, times: int) -> None:
    """Be a receiver of SANDBOX: register a free port here, print what arrives and whether its signature is right."""
    admin = admin_api()
    style = _webhook_style(admin.request("GET", "sandboxes", sandbox)["provider"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _Listener(
        status, lambda headers, body: _print_delivery(admin, sandbox, made["id"], style, headers, body)
    ) as listener:
        url = f"http://127.0.0.1:{listener.server_port}/"
        wanted = {"url": url, "events": list(events) or ["*"], "description": "testmode webhooks listen"}
        made = admin.request(
            "POST", "sandboxes", sandbox, "webhooks", body=wanted | ({"version": version} if version else {})
        )
        try:
            click.echo(f"listening as {made['id']} on {url}, secret {made['secret']}; Ctrl-C ends it")
            while not times or listener.delivery_count < times:
                listener.handle_request()
        except KeyboardInterrupt:
            pass
        finally:
            admin.request("DELETE", "sandboxes", sandbox, "webhooks", made["id"])


class _Listener(HTTPServer):
    """A receiver on a free port of this machine; counts what it has heard."""

    def __init__(self, status: int, on_delivery: Callable[[dict[str, str], bytes], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.on_delivery, self.delivery_count = status, on_delivery, 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Go on after a broken connection, and end when the server that was to be asked refuses or is gone."""
        if isinstance(sys.exc_info()[1], TestmodeError):
            self.shutdown_request(request)
            raise
        super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Takes a delivery and tells of it."""

    server: _Listener
    server_version = "testmode"

    def do_POST(self) -> None:
        """Tell of a delivery, then answer it: once it is answered the sandbox's clock may go on."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.on_delivery({name.lower(): value for name, value in self.headers.items()}, body)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.delivery_count += 1

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what is worth saying is printed."""


def _print_delivery(
    admin: Api, sandbox: str, id: str, style: WebhookStyle, headers: dict[str, str], body: bytes
) -> None:
    shown = admin.request("GET", "sandboxes", sandbox, "clock")["now"]
    secret = admin.request("GET", "sandboxes", sandbox, "webhooks", id)["secret"]
    try:
        style.verify(ReceivedWebhook(headers, body, (secret,), parse_instant(shown) // SECOND))
        verdict = "signature ok"
    except InvalidSignature as forged:
        verdict = f"REFUSE IT: {forged}"
    click.echo(f"\n{shown}  {len(body)} bytes, {verdict}")
    try:
        click.echo(dumps(loads(body), indent=2, ensure_ascii=False))
    except ValueError:
        click.echo(body.decode("utf-8", "replace"))


def _webhook_style(provider: str) -> WebhookStyle:
    from mockserver.app import known_providers

    style = known_providers()[provider].webhooks
    if style is None:
        raise click.ClickException(f"{provider} sends no webhooks")
    return style

"""What all commands share that speak to a running server through its admin API."""

from __future__ import annotations

import sys
from json import dumps, loads
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click

from mockserver.testing.api import Api, TestmodeError, from_environment
from mockserver.testing.server_address import server_url

EXIT_UNREACHABLE, EXIT_REFUSED = 69, 1


def admin_api() -> Api:
    """The server that the environment names; a path in TESTMODE_URL, as the start prints it, means nothing."""
    named = from_environment()
    parts = urlsplit(named.url)
    return Api(f"{parts.scheme}://{parts.netloc}", named.token)


class RemoteGroup(click.Group):
    """A group whose commands speak to the server that the environment names; its refusal ends them in one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what the server refuses, and that there is none, is printed instead of raised."""
        try:
            return super().invoke(ctx)
        except TestmodeError as error:
            if error.status is None:
                where = f"cannot reach {server_url()}: {error.__cause__ or error.sentence}"
                exit_with_error(f"{where}; is `testmode serve` running? TESTMODE_URL says where", EXIT_UNREACHABLE)
            exit_with_error(error.sentence, EXIT_REFUSED)


def exit_with_error(message: str, code: int) -> NoReturn:
    """Say in one sentence why the command ends, and end it."""
    click.echo(f"testmode: {message}", err=True)
    sys.exit(code)


def print_json(value: Any) -> None:
    """Print what a server answered, as JSON."""
    click.echo(dumps(value, indent=2, ensure_ascii=False))


def parse_parameters(parameters: tuple[str, ...]) -> dict[str, Any]:
    """``name=value`` words as a body; a value that is JSON is sent as such."""
    body = {}
    for word in parameters:
        name, equals, text = word.partition("=")
        if not equals:
            exit_with_error(f"{word!r} is not a parameter; write it as name=value", 2)
        try:
            body[name] = loads(text)
        except ValueError:
            body[name] = text
    return body

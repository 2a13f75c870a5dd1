"""Helpers of the commands that use the admin API of a running server."""

from __future__ import annotations

import sys
from json import dumps, loads
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click

from mockserver.testing.api import Api, TestmodeError, from_environment
from mockserver.testing.server_address import server_url

EXIT_UNREACHABLE, EXIT_REFUSED = 69, 1
"""Exit codes for a server that cannot be reached (EX_UNAVAILABLE of sysexits.h), and for a refusal."""


def admin_api() -> Api:
    """Returns a client of the admin API at TESTMODE_URL; ignores the path of this URL.

    A user may set TESTMODE_URL to a base URL with a path, because the server prints these URLs at startup.
    """
    api = from_environment()
    parts = urlsplit(api.url)
    return Api(f"{parts.scheme}://{parts.netloc}", api.token)


class RemoteGroup(click.Group):
    """A group of commands that use a running server; exits with a one-sentence message if the server fails."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; exits with 1 if the server refuses a request, and with 69 if it cannot be reached."""
        try:
            return super().invoke(ctx)
        except TestmodeError as error:
            if error.status is None:
                message = f"cannot reach {server_url()}: {error.__cause__ or error.sentence}"
                exit_with_error(
                    f"{message}; is `testmode serve` running? Set TESTMODE_URL to its URL", EXIT_UNREACHABLE
                )
            exit_with_error(error.sentence, EXIT_REFUSED)


def exit_with_error(message: str, code: int) -> NoReturn:
    """Prints the message to stderr and exits with ``code``."""
    click.echo(f"testmode: {message}", err=True)
    sys.exit(code)


def print_json(value: Any) -> None:
    click.echo(dumps(value, indent=2, ensure_ascii=False))


def parse_parameters(parameters: tuple[str, ...]) -> dict[str, Any]:
    """Converts arguments like ``name=value`` to a request body; values that are valid JSON are parsed."""
    body = {}
    for argument in parameters:
        name, equals, text = argument.partition("=")
        if not equals:
            exit_with_error(f"{argument!r} is not a parameter; write it as name=value", 2)
        try:
            body[name] = loads(text)
        except ValueError:
            body[name] = text
    return body

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


def admin_api() -> Api:
    """Returns the admin API of the server at TESTMODE_URL; ignores a path in it, as in the URLs printed at startup."""
    api = from_environment()
    parts = urlsplit(api.url)
    return Api(f"{parts.scheme}://{parts.netloc}", api.token)


class RemoteGroup(click.Group):
    """A group of commands that use a running server; an error of the server ends them with one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; exits with 1 and the sentence of a refusal, or with 69 if the server is unreachable."""
        try:
            return super().invoke(ctx)
        except TestmodeError as error:
            if error.status is None:
                where = f"cannot reach {server_url()}: {error.__cause__ or error.sentence}"
                exit_with_error(f"{where}; is `testmode serve` running? Set TESTMODE_URL to its URL", EXIT_UNREACHABLE)
            exit_with_error(error.sentence, EXIT_REFUSED)


def exit_with_error(message: str, code: int) -> NoReturn:
    """Prints one sentence to stderr and exits with ``code``."""
    click.echo(f"testmode: {message}", err=True)
    sys.exit(code)


def print_json(value: Any) -> None:
    click.echo(dumps(value, indent=2, ensure_ascii=False))


def parse_parameters(parameters: tuple[str, ...]) -> dict[str, Any]:
    """Converts words ``name=value`` to a request body; a value that is JSON is parsed."""
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

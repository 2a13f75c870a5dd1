"""The click command ``testmode healthcheck``; without options, ``cli.main`` calls ``healthcheck`` without click."""

import sys

import click

from mockserver.cli.healthcheck import is_ready
from mockserver.testing import server_address


@click.command()
@click.argument("url", required=False)
def healthcheck(url: str | None) -> None:
    """Exit with 0 if the server at URL is ready, with 1 if it is not."""
    sys.exit(0 if is_ready(url or server_address.server_url()) else 1)

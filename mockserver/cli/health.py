"""``testmode healthcheck`` with click, for its help and options; ``cli.main`` handles the plain call."""

import sys

import click

from mockserver.cli import healthcheck as probe
from mockserver.testing import server_address


@click.command()
@click.argument("url", required=False)
def healthcheck(url: str | None) -> None:
    """Exit with 0 if the server at URL is ready, with 1 if it is not."""
    sys.exit(0 if probe.check(url or server_address.server_url()) else 1)

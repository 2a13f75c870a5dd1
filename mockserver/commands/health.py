"""``testmode healthcheck``, as its help shows it; main() answers the plain call without click."""

import sys

import click

from mockserver import healthcheck as probe


@click.command()
@click.argument("url", default="http://127.0.0.1:8080")
def healthcheck(url: str) -> None:
    """Exit with 0 when the server at URL is ready, with 1 when it is not."""
    sys.exit(0 if probe.check(url) else 1)

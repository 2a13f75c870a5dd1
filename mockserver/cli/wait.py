"""``testmode wait``: waits until a server is ready, for scripts that start one."""

from __future__ import annotations

import re
import sys
from time import monotonic, sleep

import click

from mockserver.cli.healthcheck import is_ready
from mockserver.testing import server_address

# The engine's parse_duration is not used because it would import the whole server.
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h)")
_POLL_SECONDS = 0.1


def _parse_duration(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    match = _DURATION.fullmatch(value)
    if match is None:
        raise click.BadParameter(f"{value!r} is not a duration; write it as 30s, 500ms or 2m")
    return int(match[1]) * _SECONDS[match[2]]


@click.command()
@click.argument("url", required=False)
@click.option("--timeout", default="30s", show_default=True, callback=_parse_duration, help="The longest time to wait.")
def wait(url: str | None, timeout: float) -> None:
    """Wait until the server at URL is ready. Exit with 0 when it is, or with 1 after the timeout."""
    url = url or server_address.server_url()
    end = monotonic() + timeout
    while not is_ready(url, max(0.1, min(2.0, end - monotonic()))):
        if monotonic() + _POLL_SECONDS > end:
            click.echo(f"testmode: {url} was not ready within {timeout:g} s", err=True)
            sys.exit(1)
        sleep(_POLL_SECONDS)
    click.echo(f"{url} is ready")

"""The ``testmode`` command: one module per group of subcommands, imported when one of them is called."""

import sys


def main() -> None:
    """Runs the command line; a plain ``testmode healthcheck`` imports neither click nor the server."""
    if sys.argv[1:2] == ["healthcheck"] and len(sys.argv) <= 3 and not sys.argv[-1].startswith("-"):
        # A container runs this command every few seconds, so it imports only what the socket needs.
        from mockserver.cli import healthcheck

        healthcheck.main(sys.argv[2:])
    from mockserver.cli.group import cli

    cli()

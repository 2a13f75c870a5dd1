"""The ``testmode`` command: one module per group of sub-commands, imported when one of them is called."""

import sys


def main() -> None:
    """Run the command line. A plain ``testmode healthcheck`` imports neither click nor the server."""
    if sys.argv[1:2] == ["healthcheck"] and len(sys.argv) <= 3 and not sys.argv[-1].startswith("-"):
        # A container runs it every few seconds: nothing but a socket is needed for it.
        from mockserver.cli import healthcheck

        healthcheck.main(sys.argv[2:])
    from mockserver.cli.group import cli

    cli()

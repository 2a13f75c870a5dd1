"""The ``testmode`` command; it imports a subcommand only when it is called, so that small commands start fast."""

from __future__ import annotations

from importlib import import_module

import click

from mockserver import __version__

COMMANDS = {
    "serve": "mockserver.cli.serve",
    "routes": "mockserver.cli.offline",
    "seed": "mockserver.cli.offline",
    "sandbox": "mockserver.cli.sandbox",
    "key": "mockserver.cli.key",
    "scenario": "mockserver.cli.scenario",
    "webhooks": "mockserver.cli.webhooks",
    "state": "mockserver.cli.state",
    "wait": "mockserver.cli.wait",
    "healthcheck": "mockserver.cli.healthcheck_command",
}


class LazyGroup(click.Group):
    """A group that imports a command only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Returns the names in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Imports the command; returns None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command; an unknown name ends the program with the nearest known name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from mockserver.nearest import nearest

            ctx.fail(f"there is no command {args[0]!r}{nearest(args[0], list(COMMANDS))}")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="testmode")
def cli() -> None:
    """Testmode: a local sandbox server, the test mode that real APIs do not have."""

"""The ``testmode`` command. Each sub-command is imported when it is called, so that light ones stay light."""

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
    "healthcheck": "mockserver.cli.health",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports them only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or None, which click answers with the nearest ones."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is refused with the nearest."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from mockserver.nearest import nearest

            ctx.fail(f"there is no command {args[0]!r}{nearest(args[0], list(COMMANDS))}")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="testmode")
def cli() -> None:
    """Testmode: a local sandbox server, the test mode that real APIs do not give you."""

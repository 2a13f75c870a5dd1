"""``testmode routes`` and ``testmode seed``: commands that need no server."""

from __future__ import annotations

import sys
from typing import Any

import click

from mockserver.app import fixtures_folder, select_providers
from mockserver.cli.progress import ProgressBar
from mockserver.engine import SIZES, Randomness, Refusal, as_json

STORED_SIZES = ("small", "medium")
"""The sizes with a file in ``fixtures/datasets``; the size large is generated when needed."""


@click.command()
@click.argument("providers", nargs=-1)
def routes(providers: tuple[str, ...]) -> None:
    """List the operations of PROVIDERS, by default of all providers."""
    for provider in _choose_providers(providers):
        for operation in provider.operations:
            note = "" if operation.available_if is None else "   (off unless assumed)"
            path = f"/{provider.name}{operation.path}"
            click.echo(f"{operation.method:<7}{path:<42}{operation.name}{note}")


@click.command()
@click.argument("providers", nargs=-1)
@click.option("--size", type=click.Choice(SIZES), help="The size (small; with --write: small and medium).")
@click.option("--seed", default="1", help="The seed (1).")
@click.option("--write", is_flag=True, help="Write fixtures/datasets/*.json instead of printing.")
def seed(providers: tuple[str, ...], size: str | None, seed: str, write: bool) -> None:
    """Generate the seed data of PROVIDERS, by default of all providers."""
    for provider in _choose_providers(providers):
        for each in (size,) if size else STORED_SIZES if write else ("small",):
            with ProgressBar(f"Seeding {provider.name} {each}") as progress:
                state = provider.generate(Randomness(seed), each, progress)
            lines = ",\n".join(
                f'"{name}": [\n' + ",\n".join(as_json(record).decode() for record in records) + "\n]"
                for name, records in sorted(state.items())
            )
            text = f"{{\n{lines}\n}}\n"
            if write:
                file = fixtures_folder() / "datasets" / f"{provider.name}-{each}.json"
                file.write_text(text, encoding="utf-8")
                click.echo(f"{file.name}: {sum(map(len, state.values()))} records", err=True)
            else:
                click.echo(text, nl=False)


def _choose_providers(names: tuple[str, ...]) -> list[Any]:
    try:
        return select_providers(names)
    except Refusal as refusal:
        click.echo(f"testmode: {refusal}", err=True)
        sys.exit(2)

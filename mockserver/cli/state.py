"""``testmode state``: a sandbox's state through the admin API, and the files of a data directory without a server."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from json import dumps, loads
from pathlib import Path
from typing import Any

import click

from mockserver.cli.remote import RemoteGroup, admin_api, exit_with_error
from mockserver.storage.base import StoreError, StoreLocked, StoreTooNew
from mockserver.storage.tinydb.files import FileSystem
from mockserver.storage.tinydb.repair import SandboxReport, check, open_data_directory, repair

EXIT_STORE, EXIT_LOCKED, EXIT_CONFIGURATION = 74, 75, 78
_ROW_FORMAT = "{:<24} {:>8} {:>11} {:>9} {:<20} {:>11}  {}"


@click.group(cls=RemoteGroup)
def state() -> None:
    """Export and import the state of a sandbox; check and repair what is on the disk."""


@state.command("export")
@click.argument("sandbox")
@click.argument("file", type=click.File("w"), default="-")
def export_state(sandbox: str, file: Any) -> None:
    """Write everything SANDBOX keeps to FILE, or print it."""
    answer = admin_api().request("GET", "sandboxes", sandbox, "state")
    file.write(dumps(answer, sort_keys=True, ensure_ascii=False) + "\n")


@state.command("import")
@click.argument("sandbox")
@click.argument("file", type=click.File("rb"))
def import_state(sandbox: str, file: Any) -> None:
    """Put SANDBOX into the state FILE holds."""
    data = file.read()
    try:
        document = loads(data)
    except ValueError as error:
        exit_with_error(f"{file.name}: not JSON: {error}", 2)
    admin_api().request("PUT", "sandboxes", sandbox, "state", body=document)


_data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=lambda: os.environ.get("TESTMODE_DATA", ".testmode"),
    help="The data directory (.testmode).",
)


@state.command("check")
@_data_option
def check_state(data: Path) -> None:
    """Tell how the files of every sandbox are; ends with 74 when one is damaged."""
    files = FileSystem()
    try:
        with open_data_directory(data, files) as found:
            reports = [check(paths, files) for paths in found]
    except StoreError as error:
        _exit_with_error(error)
    click.echo(_ROW_FORMAT.format("sandbox", "records", "generation", "sequence", "written", "torn bytes", "state"))
    for report in reports:
        _print_report(report, "damaged" if report.damage else "whole")
        for line in _describe_damage(report):
            click.echo(f"  {line}")
    sys.exit(EXIT_STORE if any(report.damage for report in reports) else 0)


@state.command("repair")
@_data_option
@click.option("--truncate", is_flag=True, help="Also where records are lost by it.")
def repair_state(data: Path, truncate: bool) -> None:
    """Put in order what is damaged; the old files stay beside the new ones as *.corrupt-<n>."""
    files, refused = FileSystem(), False
    try:
        with open_data_directory(data, files) as found:
            for paths in found:
                report, moved = repair(paths, files, truncate)
                refused = _report_repair(report, moved) or refused
    except StoreError as error:
        _exit_with_error(error)
    sys.exit(EXIT_STORE if refused else 0)


def _report_repair(report: SandboxReport, moved: list[Path]) -> bool:
    """Say what was done about a sandbox; answers whether it is still damaged."""
    if not report.damage:
        click.echo(f"{report.sandbox}: whole, nothing to do")
        return False
    if not moved:
        click.echo(f"{report.sandbox}: not repaired")
        for line in _describe_damage(report):
            click.echo(f"  {line}")
        return True
    click.echo(f"{report.sandbox}: repaired, {report.records} records up to sequence {report.sequence}")
    click.echo("  lost: " + ("; ".join(report.lost) or "nothing"))
    click.echo("  the old files: " + ", ".join(path.name for path in moved))
    return False


def _print_report(report: SandboxReport, state: str) -> None:
    numbers = (report.records, report.generation, report.sequence, _format_written(report), report.torn_bytes)
    click.echo(_ROW_FORMAT.format(report.sandbox, *numbers, state))


def _format_written(report: SandboxReport) -> str:
    """When the newest good record was written by the machine's clock, which is what its owner remembers."""
    if report.written is None:
        return "unknown"
    return datetime.fromtimestamp(report.written[1] // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _describe_damage(report: SandboxReport) -> list[str]:
    if not report.damage:
        return []
    if not report.lost:
        return [*report.damage, "`testmode state repair` brings everything back"]
    return [*report.damage, *(f"`testmode state repair --truncate` loses {each}" for each in report.lost)]


def _exit_with_error(error: StoreError) -> None:
    code = (
        EXIT_LOCKED
        if isinstance(error, StoreLocked)
        else EXIT_CONFIGURATION
        if isinstance(error, StoreTooNew)
        else EXIT_STORE
    )
    exit_with_error(str(error), code)

"""``testmode state``: exports and imports state through the admin API; checks and repairs data directories offline."""

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
    """Export and import the state of a sandbox; check and repair a data directory."""


@state.command("export")
@click.argument("sandbox")
@click.argument("file", type=click.File("w"), default="-")
def export_state(sandbox: str, file: Any) -> None:
    """Write the state of SANDBOX as JSON to FILE, by default to standard output."""
    exported = admin_api().request("GET", "sandboxes", sandbox, "state")
    file.write(dumps(exported, sort_keys=True, ensure_ascii=False) + "\n")


@state.command("import")
@click.argument("sandbox")
@click.argument("file", type=click.File("rb"))
def import_state(sandbox: str, file: Any) -> None:
    """Replace the state of SANDBOX with the exported state in FILE."""
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
    """Check the files of every sandbox; exit with 74 if one is damaged."""
    files = FileSystem()
    try:
        with open_data_directory(data, files) as sandboxes:
            reports = [check(paths, files) for paths in sandboxes]
    except StoreError as error:
        _exit_with_error(error)
    click.echo(_ROW_FORMAT.format("sandbox", "records", "generation", "sequence", "written", "torn bytes", "state"))
    for report in reports:
        _print_report(report, "damaged" if report.damage else "intact")
        for line in _describe_damage(report):
            click.echo(f"  {line}")
    sys.exit(EXIT_STORE if any(report.damage for report in reports) else 0)


@state.command("repair")
@_data_option
@click.option("--truncate", is_flag=True, help="Repair even if records are lost.")
def repair_state(data: Path, truncate: bool) -> None:
    """Repair damaged files; the old files remain next to the new ones as *.corrupt-<n>."""
    files, refused = FileSystem(), False
    try:
        with open_data_directory(data, files) as sandboxes:
            for paths in sandboxes:
                report, moved = repair(paths, files, truncate)
                refused = _report_repair(report, moved) or refused
    except StoreError as error:
        _exit_with_error(error)
    sys.exit(EXIT_STORE if refused else 0)


def _report_repair(report: SandboxReport, moved: list[Path]) -> bool:
    """Prints the result of a repair; returns whether the sandbox is still damaged."""
    if not report.damage:
        click.echo(f"{report.sandbox}: intact, nothing to repair")
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
    """Returns the wall-clock time at which the newest valid log record was written."""
    if report.written is None:
        return "unknown"
    return datetime.fromtimestamp(report.written[1] // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _describe_damage(report: SandboxReport) -> list[str]:
    if not report.damage:
        return []
    if not report.lost:
        return [*report.damage, "`testmode state repair` restores all records"]
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

"""Installs the peers at their pinned versions into a folder that later runs reuse."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers.peer import Package, Peer

PINS_FOLDER = Path(__file__).parent
ROOT = PINS_FOLDER.parent.parent


class MeasurementError(Exception):
    """A peer could not be installed, started or measured; the message is the reason."""


def install(peer: Peer, cache: Path) -> Path:
    """Installs a peer and returns its folder; raises MeasurementError."""
    home = (
        _install_npm(cache / "npm")
        if peer.package.manager == "npm"
        else _install_pip(cache / peer.package.name, peer.package.name)
    )
    if not version(peer.package, home):
        raise MeasurementError(f"the installation does not contain {peer.package.name}")
    return home


def version(package: Package, home: Path) -> str:
    """Returns the installed version, or an empty text if the package is not installed."""
    if package.manager == "npm":
        manifest = home / "node_modules" / package.name / "package.json"
        return str(json.loads(manifest.read_text())["version"]) if manifest.exists() else ""
    metadata = next(home.glob(f"lib/python3*/site-packages/{package.name}-*.dist-info"), None)
    return metadata.name.removesuffix(".dist-info").rpartition("-")[2] if metadata else ""


def _install_npm(home: Path) -> Path:
    return _install_once(home, PINS_FOLDER / "package-lock.json", lambda: _npm_ci(home))


def _npm_ci(home: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PINS_FOLDER / name, home)
    _run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=home)


def _install_pip(home: Path, name: str) -> Path:
    return _install_once(home, PINS_FOLDER / f"{name}.txt", lambda: _pip_install(home, PINS_FOLDER / f"{name}.txt"))


def _pip_install(home: Path, pins: Path) -> None:
    _run(sys.executable, "-m", "venv", str(home), cwd=home)
    _run(f"{home}/bin/python", "-m", "pip", "install", "--quiet", "--requirement", str(pins), cwd=home)


def _install_once(home: Path, pins: Path, do_install: Callable[[], None]) -> Path:
    """Calls ``do_install`` unless the versions in the file ``pins`` are already installed."""
    marker = home / "installed"
    if not marker.exists() or marker.read_text() != pins.read_text():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        do_install()
        marker.write_text(pins.read_text())
    return home


def _run(*command: str, cwd: Path) -> None:
    try:
        subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=600)
    except FileNotFoundError as missing:
        raise MeasurementError(f"{command[0]} is not installed on this machine") from missing
    except subprocess.TimeoutExpired as slow:
        raise MeasurementError(f"{command[0]} did not finish the installation within 600 s") from slow
    except subprocess.CalledProcessError as failed:
        lines = (failed.stderr or failed.stdout).strip().splitlines()
        raise MeasurementError(
            f"{command[0]} could not install the peer: {lines[-1] if lines else failed.returncode}"
        ) from failed

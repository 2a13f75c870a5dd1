"""Installs the peers at their pinned versions into a folder that is kept: once, not at every run."""

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
    """A peer could not be installed, started or measured; says why."""


def install(peer: Peer, cache: Path) -> Path:
    """The folder a peer is installed in."""
    home = (
        _install_npm(cache / "npm")
        if peer.package.manager == "npm"
        else _install_pip(cache / peer.package.name, peer.package.name)
    )
    if not version(peer.package, home):
        raise MeasurementError(f"{peer.package.name} is not among what was installed")
    return home


def version(package: Package, home: Path) -> str:
    """The version that is there; nothing when there is none."""
    if package.manager == "npm":
        manifest = home / "node_modules" / package.name / "package.json"
        return str(json.loads(manifest.read_text())["version"]) if manifest.exists() else ""
    found = next(home.glob(f"lib/python3*/site-packages/{package.name}-*.dist-info"), None)
    return found.name.removesuffix(".dist-info").rpartition("-")[2] if found else ""


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


def _install_once(home: Path, pins: Path, deed: Callable[[], None]) -> Path:
    """Install unless these very pins are installed."""
    mark = home / "installed"
    if not mark.exists() or mark.read_text() != pins.read_text():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        deed()
        mark.write_text(pins.read_text())
    return home


def _run(*command: str, cwd: Path) -> None:
    try:
        subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=600)
    except FileNotFoundError as missing:
        raise MeasurementError(f"{command[0]} is not on this machine") from missing
    except subprocess.TimeoutExpired as slow:
        raise MeasurementError(f"{command[0]} took over 600 s to install it") from slow
    except subprocess.CalledProcessError as failed:
        said = (failed.stderr or failed.stdout).strip().splitlines()
        raise MeasurementError(
            f"{command[0]} could not install it: {said[-1] if said else failed.returncode}"
        ) from failed

"""What a run has found, as it is kept in latest.json; everything that is shown is made from it."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.peers.measurements import Cell


@dataclass
class ServerInfo:
    """What a contestant is."""

    version: str
    state: str
    unlike: str


@dataclass
class Results:
    """One run."""

    when: str
    plan: str
    rounds: int
    seconds: float
    machine: dict[str, str]
    about: dict[str, ServerInfo]
    missing: dict[str, str]
    throughput: dict[str, dict[str, Cell]] = field(default_factory=dict)
    loaded: dict[str, float] = field(default_factory=dict)
    cold: dict[str, Cell] = field(default_factory=dict)
    parked: dict[str, dict[str, Cell]] = field(default_factory=dict)
    growth: dict[str, dict[str, Cell]] = field(default_factory=dict)
    filtered: dict[str, Cell] = field(default_factory=dict)
    took: float = 0.0


def machine() -> dict[str, str]:
    """What it ran on."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Node.js": _command_output("node", "--version"),
        "Java": _command_output("java", "-version"),
        "load at the start": f"{os.getloadavg()[0]:.2f}",
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _command_output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "not there"
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0] if lines else "says nothing"

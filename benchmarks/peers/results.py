"""The type of the results in latest.json, from which the report and the charts are generated."""

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
    """A measured server; ``unlike`` says how it differs from the others."""

    version: str
    state: str
    unlike: str


@dataclass
class Results:
    """The figures of a run by server title; ``missing`` has the reasons why other servers were not measured."""

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
    """Returns a description of this machine."""
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
        return "not installed"
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0] if lines else "no output"

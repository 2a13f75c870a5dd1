"""Prints for each module how many mutants were tried and killed, and which survived; ``make mutants`` runs it.

``SEED`` determines the sample, ``MINUTES`` the time limit, ``MODULES`` are globs over paths, ``JOBS`` is the number of
processes.
"""

from __future__ import annotations

import os
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from time import perf_counter

import pytest

from tests.support.paths import ROOT
from tests.support.suite.mutants.runner import MutationRun

MODULES = (
    "mockserver/engine/pipeline/*",
    "mockserver/engine/faults/match.py",
    "mockserver/engine/faults/rule.py",
    "mockserver/engine/core/clock.py",
    "mockserver/engine/core/keys.py",
    "mockserver/engine/core/randomness.py",
    "mockserver/engine/core/redaction.py",
    "mockserver/engine/records/*",
    "mockserver/engine/sandbox/timer_runner.py",
    "mockserver/engine/sandbox/keyring.py",
    "mockserver/engine/sandbox/clock_moves.py",
    "mockserver/engine/sandbox/ruleset.py",
    "mockserver/engine/sandbox/timers.py",
    "mockserver/engine/sandbox/templates.py",
    "mockserver/engine/webhooks/deliveries.py",
    "mockserver/engine/webhooks/endpoints.py",
    "mockserver/engine/webhooks/outbox.py",
    "mockserver/engine/webhooks/signatures.py",
    *(f"mockserver/storage/tinydb/{name}.py" for name in ("table", "index", "log", "checkpoint", "space", "memory")),
    *(f"mockserver/storage/tinydb/{name}.py" for name in ("log_format", "replay")),
    *(f"mockserver/http/{name}.py" for name in ("parser", "resolver", "hosts")),
    "mockserver/openapi/inference/*",
    "mockserver/delivery/egress.py",
)
TESTS = (
    *(f"tests/{name}" for name in ("engine", "storage", "http", "openapi", "delivery")),
    "tests/admin/test_bounds.py",
)
EXCLUDED_TESTS = (
    *(f"tests/http/test_{name}.py" for name in ("workers", "server", "tls", "parser", "edge")),
    *(f"tests/storage/test_{name}.py" for name in ("redis", "power_loss")),
    "tests/openapi/test_openapi_conformance.py",
    "tests/engine/faults/test_wire.py",
)
"""Tests that start other processes, which have no mutant, or that are too slow to run for each mutant."""
EQUIVALENT = Path(__file__).with_name("equivalent.toml")


def load_equivalent_mutants() -> dict[tuple[str, str, str], str]:
    """Returns the mutants that do not change the behaviour, by (module, line, change), with the reason."""
    listed = tomllib.loads(EQUIVALENT.read_text("utf-8")).get("equivalent", [])
    return {(each["module"], each["line"], each["change"]): each["reason"] for each in listed}


def score(killed: int, tried: int) -> str:
    return f"{100 * killed / tried:5.1f} %" if tried else "      -"


def report(run: MutationRun) -> str:
    """Returns the result as text: one line per module, and every mutant that survived."""
    known, lines = (
        load_equivalent_mutants(),
        [f"{'module':<48}{'of':>6}{'tried':>7}{'killed':>8}{'score':>9}{'without equivalents':>22}"],
    )
    sums, survivors = [0, 0, 0, 0], []
    for module, all in run.mutants.items():
        killed, survived = run.killed[module], run.survived[module]
        open = [each for each in survived if (each.module, each.source, each.change) not in known]
        tried, counted = killed + len(survived), killed + len(open)
        lines.append(
            f"{module:<48}{len(all):>6}{tried:>7}{killed:>8}{score(killed, tried):>9}{score(killed, counted):>22}"
        )
        sums = [old + new for old, new in zip(sums, (len(all), tried, killed, counted), strict=True)]
        survivors += sorted(open, key=lambda each: each.line)
    of, tried, killed, counted = sums
    lines.append(f"{'together':<48}{of:>6}{tried:>7}{killed:>8}{score(killed, tried):>9}{score(killed, counted):>22}")
    return "\n".join([*lines, "", f"{len(survivors)} survived:", *(each.title for each in survivors)])


def select_modules(globs: tuple[str, ...]) -> list[str]:
    paths = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "mockserver").rglob("*.py"))
    return [path for path in paths if any(fnmatch(path, glob) for glob in globs)]


def main() -> int:
    began, options = perf_counter(), os.environ
    modules = select_modules(tuple(options.get("MODULES", "").split()) or MODULES)
    run = MutationRun(
        modules, options.get("SEED", "1"), float(options.get("MINUTES", "15")), int(options.get("JOBS", "2"))
    )
    # Without the exception plugins, garbage that one test leaves cannot fail the next one.
    without = ("schemathesis", "xdist", "terminal", "cacheprovider", "unraisableexception", "threadexception")
    pytest_options = ["-o", "addopts=" + " ".join(f"-p no:{each}" for each in without)]
    left_out = [f"--ignore={each}" for each in EXCLUDED_TESTS]
    os.chdir(ROOT)
    exit_code = pytest.main([*pytest_options, *left_out, *TESTS], plugins=[run])
    sys.stdout.write(f"{report(run)}\n\n{perf_counter() - began:.0f} s, {len(run.traces)} tests\n")
    return int(exit_code)


if __name__ == "__main__":
    sys.exit(main())

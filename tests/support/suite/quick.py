"""``make quick``: runs the tests that a change touches, in at most a minute, and prints what it leaves out.

The tests have the same folders as the code: a change to ``mockserver/http/server.py`` runs ``tests/http``. A slow test
runs only if it was changed itself; ``make test`` runs everything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from time import monotonic

import click

from tests.support.paths import ROOT

ALWAYS_RUN = "tests/project/test_architecture.py"
SLOW_TESTS = {
    "tests/cli/test_cli.py": "starts a process for each command",
    "tests/cli/test_configuration.py": "starts a server for each file",
    "tests/client/test_plugin.py": "starts a pytest for each test",
    "tests/console/test_browser.py": "drives a Chromium",
    "tests/docs/test_documents.py": "runs every command of every document",
    "tests/docs/test_first_start.py": "starts cold servers",
    "tests/docs/test_wheel.py": "builds and installs a wheel",
    "tests/engine/faults/test_wire.py": "waits for servers that never answer",
    "tests/project/test_fuzz.py": "sends hundreds of requests to real servers",
    "tests/project/test_provider_conformance.py": "sends thousands of requests to every operation",
    "tests/http/test_server.py": "waits for time limits",
    "tests/http/test_workers.py": "starts and kills servers of three processes",
    "tests/openapi/test_openapi_conformance.py": "sends thousands of requests to every operation",
    "tests/openapi/test_serving.py": "fuzzes real servers",
    "tests/storage/test_crash.py": "cuts files at every byte",
    "tests/storage/test_power_loss.py": "makes every operation of a disk fail in every way",
    "tests/upgrading/test_upgrading.py": "opens the data of every version",
    "tests/system/test_concurrency.py": "many clients at once",
    "tests/system/test_crash.py": "kills a server a hundred times",
    "tests/system/test_invariants.py": "a hundred clients at once",
    "tests/system/test_invariants_worker_kill.py": "kills workers under load",
    "tests/system/test_soak.py": "a short soak of a real server",
}
"""Tests that take more than a few seconds, and the reason."""
TEST_LOCATIONS: dict[str, str | tuple[str, ...]] = {
    "mockserver/testing/": "tests/client/",
    "mockserver/settings.py": "tests/cli/test_settings.py",
    "mockserver/configuration.py": "tests/cli/test_configuration.py",
    "fixtures/scenarios/": "tests/engine/sandbox/test_scenarios.py",
    "fixtures/": ("tests/project/test_seeds.py", "tests/providers/kasko/"),
    "benchmarks/": "tests/docs/test_benchmarks.py",
    "Makefile": "tests/docs/",
    "Dockerfile": "tests/docs/",
    "compose.yaml": "tests/docs/",
}
"""The tests of files that have no folder of the same name under tests/; the first matching prefix counts."""
_IMPORT_PATTERN = re.compile(r"^\s*(?:from|import) (tests\.[\w.]+)(?: import ([\w, ]+))?", re.MULTILINE)


def select_tests(changed: Iterable[str], sources: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Returns the test files to run for a change to these files, and those left out with the reason.

    ``sources`` is the text of every Python file under ``tests`` by its path.
    """
    selected, changed_tests = {ALWAYS_RUN}, set[str]()
    for path in changed:
        touched = _tests_touched_by(PurePosixPath(path), sources)
        selected |= touched
        changed_tests |= {path} & touched
    left_out = {path: SLOW_TESTS[path] for path in sorted(selected - changed_tests) if path in SLOW_TESTS}
    return sorted(selected - left_out.keys()), left_out


def _tests_touched_by(path: PurePosixPath, sources: dict[str, str]) -> set[str]:
    for prefix, tests in TEST_LOCATIONS.items():
        if str(path).startswith(prefix):
            return {each for each in sources if _is_test(each) and each.startswith(tests)}
    top, *folders = path.parts[:-1] or ("",)
    if path.suffix in (".md", ".toml", ".yml", ".yaml") and top in ("", "docs", ".github"):
        return {each for each in sources if _is_test(each) and each.startswith("tests/docs/")}
    if top == "mockserver":
        return _nearest_tests(PurePosixPath("tests", *folders), sources)
    if top == "docs" and _is_test(str(path)):
        return {str(path)}
    if top != "tests":
        return set()
    if _is_test(str(path)):
        return {str(path)} & sources.keys()
    return _tests_importing(str(path), sources)


def _nearest_tests(folder: PurePosixPath, sources: dict[str, str]) -> set[str]:
    """Returns the tests in a folder, or in the nearest parent folder that has any, or else those of tests/project."""
    while folder != PurePosixPath("tests"):
        if found := {each for each in sources if _is_test(each) and folder in PurePosixPath(each).parents}:
            return found
        folder = folder.parent
    return {each for each in sources if _is_test(each) and each.startswith("tests/project/")}


def _tests_importing(helper: str, sources: dict[str, str]) -> set[str]:
    """Returns the tests that import a helper, directly or through other helpers."""
    if helper.endswith("conftest.py") or helper not in sources:
        return _nearest_tests(PurePosixPath(helper).parent, sources)
    reached, new = {helper}, {helper}
    while new:
        names = {each.removesuffix(".py").replace("/", ".") for each in new}
        new = {each for each, text in sources.items() if each not in reached and names & _imported_modules(text)}
        reached |= new
    return {each for each in reached if _is_test(each)}


def _imported_modules(text: str) -> set[str]:
    modules = set[str]()
    for module, names in _IMPORT_PATTERN.findall(text):
        modules |= {module, *(f"{module}.{name.strip()}" for name in names.split(","))}
    return modules


def _is_test(path: str) -> bool:
    return PurePosixPath(path).name.startswith("test_") and path.endswith(".py")


def changed_files(base: str) -> list[str]:
    """Returns the files that differ from a revision, and the untracked ones."""
    commands = (["diff", "--name-only", base], ["ls-files", "--others", "--exclude-standard"])
    outputs = [
        subprocess.run(["git", *each], cwd=ROOT, check=True, capture_output=True, text=True).stdout for each in commands
    ]
    return sorted({line for each in outputs for line in each.splitlines()})


def main() -> int:
    """Print what runs and what is left out, then run ruff, mypy and the tests."""
    began, base, bin_folder = monotonic(), os.environ.get("BASE") or "HEAD", Path(sys.executable).parent
    changed = changed_files(base)
    sources = {str(file.relative_to(ROOT)): file.read_text("utf-8") for file in (ROOT / "tests").rglob("*.py")}
    tests, left_out = select_tests(changed, sources)
    if not changed:
        click.echo(f"Nothing differs from {base}.")
        return 0
    heading = f"Files changed since {base}: {len(changed)}. These tests run in addition to ruff and mypy:"
    click.echo("\n  ".join([heading, *tests]))
    if left_out:
        heading = "Left out, because they are slow and unchanged (`make test` runs them):"
        click.echo("\n  ".join([heading, *(f"{path}: {reason}" for path, reason in left_out.items())]))
    # The layout comes before mypy: it reports a wrong import in one sentence, and mypy in hundreds.
    layout = ["pytest", "--noconftest", ALWAYS_RUN]
    checks = (["ruff", "format", "--check", "."], ["ruff", "check", "."], layout, ["mypy"])
    for command in (*checks, ["pytest", "-n", "auto", *(each for each in tests if each != ALWAYS_RUN)]):
        click.echo(" ".join(command[:4]))
        done = subprocess.run([bin_folder / command[0], *command[1:]], cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    click.echo(f"Everything passed in {monotonic() - began:.0f} s; `make test` runs everything.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

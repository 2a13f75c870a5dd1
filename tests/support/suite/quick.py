"""``make quick``: the tests a change touches, in at most a minute, and what was left out of them.

The tests are laid out in the tree of what they test, so a change to ``mockserver/http/server.py`` is tested by what is
in ``tests/http``. What is slow is left out unless it was changed itself; ``make test`` leaves out nothing.
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

ALWAYS_RUN = "tests/house/test_architecture.py"
SLOW_TESTS = {
    "tests/cli/test_cli.py": "starts a process for each command",
    "tests/cli/test_configuration.py": "starts a server for each file",
    "tests/client/test_plugin.py": "each test runs a pytest of its own",
    "tests/console/test_browser.py": "drives a Chromium",
    "tests/docs/test_documents.py": "runs every command of every document",
    "tests/docs/test_first_start.py": "starts cold servers",
    "tests/docs/test_wheel.py": "builds and installs a wheel",
    "tests/engine/faults/test_wire.py": "waits for servers that never answer",
    "tests/house/test_fuzz.py": "asks real servers hundreds of times",
    "tests/house/test_provider_conformance.py": "asks every operation in thousands of ways",
    "tests/http/test_server.py": "waits for time limits",
    "tests/http/test_workers.py": "starts and kills servers of three processes",
    "tests/openapi/test_openapi_conformance.py": "asks every operation in thousands of ways",
    "tests/openapi/test_serving.py": "fuzzes real servers",
    "tests/storage/test_crash.py": "cuts files at every byte",
    "tests/storage/test_power_loss.py": "lets every deed of a disk fail in every way",
    "tests/upgrading/test_upgrading.py": "opens the data of every version",
    "tests/whole/test_concurrency.py": "many clients at once",
    "tests/whole/test_crash.py": "kills a server a hundred times",
    "tests/whole/test_invariants.py": "a hundred clients at once",
    "tests/whole/test_invariants_worker_kill.py": "kills workers amid load",
    "tests/whole/test_soak.py": "a short soak of a real server",
}
"""What takes more than some seconds, and why."""
TEST_LOCATIONS: dict[str, str | tuple[str, ...]] = {
    "mockserver/testing/": "tests/client/",
    "mockserver/settings.py": "tests/cli/test_settings.py",
    "mockserver/configuration.py": "tests/cli/test_configuration.py",
    "fixtures/scenarios/": "tests/engine/sandbox/test_scenarios.py",
    "fixtures/": ("tests/house/test_seeds.py", "tests/providers/kasko/"),
    "benchmarks/": "tests/docs/test_benchmarks.py",
    "Makefile": "tests/docs/",
    "Dockerfile": "tests/docs/",
    "compose.yaml": "tests/docs/",
}
"""Where the tests are of what has no folder of its name under tests/; the first that fits counts."""
_IMPORT_PATTERN = re.compile(r"^\s*(?:from|import) (tests\.[\w.]+)(?: import ([\w, ]+))?", re.MULTILINE)


def select_tests(changed: Iterable[str], sources: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Which test files to run for a change to these files, and which not for what reason.

    ``sources`` has the text of every Python file under ``tests`` by its path.
    """
    wanted, themselves = {ALWAYS_RUN}, set[str]()
    for path in changed:
        found = _tests_touched_by(PurePosixPath(path), sources)
        wanted |= found
        themselves |= {path} & found
    left = {path: SLOW_TESTS[path] for path in sorted(wanted - themselves) if path in SLOW_TESTS}
    return sorted(wanted - left.keys()), left


def _tests_touched_by(path: PurePosixPath, sources: dict[str, str]) -> set[str]:
    for beginning, places in TEST_LOCATIONS.items():
        if str(path).startswith(beginning):
            return {each for each in sources if _is_test(each) and each.startswith(places)}
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
    """The tests in a folder, or in the nearest above it that has any; those of the whole are nobody's own."""
    while folder != PurePosixPath("tests"):
        if found := {each for each in sources if _is_test(each) and folder in PurePosixPath(each).parents}:
            return found
        folder = folder.parent
    return {each for each in sources if _is_test(each) and each.startswith("tests/house/")}


def _tests_importing(helper: str, sources: dict[str, str]) -> set[str]:
    """The tests that import a helper, perhaps through others."""
    if helper.endswith("conftest.py") or helper not in sources:
        return _nearest_tests(PurePosixPath(helper).parent, sources)
    reached, new = {helper}, {helper}
    while new:
        names = {each.removesuffix(".py").replace("/", ".") for each in new}
        new = {each for each, text in sources.items() if each not in reached and names & _imported_modules(text)}
        reached |= new
    return {each for each in reached if _is_test(each)}


def _imported_modules(text: str) -> set[str]:
    found = set[str]()
    for module, names in _IMPORT_PATTERN.findall(text):
        found |= {module, *(f"{module}.{name.strip()}" for name in names.split(","))}
    return found


def _is_test(path: str) -> bool:
    return PurePosixPath(path).name.startswith("test_") and path.endswith(".py")


def changed_files(base: str) -> list[str]:
    """What differs from a revision, and what git does not know yet."""
    asked = (["diff", "--name-only", base], ["ls-files", "--others", "--exclude-standard"])
    said = [
        subprocess.run(["git", *each], cwd=ROOT, check=True, capture_output=True, text=True).stdout for each in asked
    ]
    return sorted({line for each in said for line in each.splitlines()})


def main() -> int:
    """Say what is run and what is not, and run it: ruff, mypy, then the tests."""
    began, base, run = monotonic(), os.environ.get("BASE") or "HEAD", Path(sys.executable).parent
    changed = changed_files(base)
    sources = {str(file.relative_to(ROOT)): file.read_text("utf-8") for file in (ROOT / "tests").rglob("*.py")}
    tests, left = select_tests(changed, sources)
    if not changed:
        click.echo(f"Nothing differs from {base}.")
        return 0
    say = [f"Changed since {base}: {len(changed)}. Beside ruff and mypy these are run:", *tests]
    click.echo("\n  ".join(say))
    if left:
        say = ["Left out, since they are slow and were not changed themselves (`make test` runs them):"]
        click.echo("\n  ".join([*say, *(f"{path}: {reason}" for path, reason in left.items())]))
    # The layout first: an import that points the wrong way is told there in a sentence, and by mypy in hundreds.
    layout = ["pytest", "--noconftest", ALWAYS_RUN]
    checks = (["ruff", "format", "--check", "."], ["ruff", "check", "."], layout, ["mypy"])
    for command in (*checks, ["pytest", "-n", "auto", *(each for each in tests if each != ALWAYS_RUN)]):
        click.echo(" ".join(command[:4]))
        done = subprocess.run([run / command[0], *command[1:]], cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    click.echo(f"All of it passed in {monotonic() - began:.0f} s; `make test` runs everything.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

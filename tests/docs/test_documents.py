"""Runs every command in the documents, and compares every generated table with the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from mockserver.admin import views
from mockserver.admin.api import ADMIN_PREFIX, ROUTES
from mockserver.app import fixtures_folder, known_providers
from mockserver.cli.group import COMMANDS
from mockserver.engine import Fault, load_scenarios
from mockserver.settings import CLIENT_VARIABLES, SECRET_SETTINGS, ServerSettings
from tests.support.generated_documents import DOCUMENTS, fill_generated_parts
from tests.support.paths import ROOT
from tests.support.server_process import start_command, start_server

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_TIMEOUT_SECONDS = 60
NAMES = [str(document.relative_to(ROOT)) for document in DOCUMENTS]


def steps(text: str) -> Iterator[tuple[str, str | None]]:
    """Yields every shell block of a document, and its documented output if there is one."""
    fences = _FENCE.findall(text)
    for (language, body), (following, output) in pairwise([*fences, ("", "")]):
        if language == "sh":
            yield body, output if following == "text" else None


def as_pattern(expected: str) -> re.Pattern[str]:
    """Returns a pattern for documented output, in which ``...`` matches anything."""
    return re.compile(".*?".join(map(re.escape, expected.strip().split("..."))), re.DOTALL)


def run(script: str, folder: Path, url: str) -> str:
    """Run a shell script of a document against a server on another port, and return its output."""
    binaries = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "TESTMODE_URL": url,
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        ["bash", "-eu"],
        input=script.replace("http://127.0.0.1:8080", url),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", [name for name in NAMES if list(steps((ROOT / name).read_text()))])
def test_every_command_in_a_document_prints_the_documented_output(name: str, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    blocks = [step for step in steps((ROOT / name).read_text()) if "make run" not in step[0]]
    mark = "\x1e"
    script = f"\nprintf '{mark}'\n".join(block for block, _ in blocks)
    with start_server("serve", "--port", "0", "--data", str(tmp_path / ".testmode")) as (_, url):
        printed = run(script, tmp_path, url).split(mark)
    assert len(printed) == len(blocks)
    for (block, expected), output in zip(blocks, printed, strict=True):
        if expected is not None:
            assert as_pattern(expected).match(output.strip()), f"{block}\nprinted\n{output}\ninstead of\n{expected}"


def test_the_first_command_of_the_readme_serves(tmp_path: Path) -> None:
    command = ["make", "--no-print-directory", "-C", str(ROOT), "run", f"BIN={Path(sys.executable).parent}"]
    environment = {"TESTMODE_PORT": "0", "TESTMODE_DATA": str(tmp_path / "data")}
    with start_command([*command, "-o", ".venv/ready-to-serve"], **environment) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert subprocess.run(["curl", "-sf", f"{url}/ready"], check=False, capture_output=True).returncode == 0
        subprocess.run(["pkill", "-TERM", "-P", str(process.pid)], check=True)


def test_the_second_command_of_the_readme_checks_and_tests() -> None:
    printed = subprocess.run(["make", "-n", "-C", str(ROOT), "test"], check=True, capture_output=True, text=True).stdout
    for part in ("ruff format --check", "ruff check", "mypy", "pytest"):
        assert part in printed


@pytest.mark.parametrize("name", NAMES)
def test_generated_parts_are_up_to_date(name: str) -> None:
    text = (ROOT / name).read_text()
    assert fill_generated_parts(text) == text, "run `make fixtures`"


def test_every_route_command_fault_scenario_and_setting_is_documented() -> None:
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    for route in ROUTES:
        assert f"`{ADMIN_PREFIX}{route.path}`" in text
    for command in COMMANDS:
        assert f"testmode {command}" in text or f"`{command}`" in text, command
    for kind in Fault.KINDS:
        assert f"| `{kind}` |" in text, kind
    for name in load_scenarios(fixtures_folder() / "scenarios"):
        assert f"| `{name}` |" in text, name
    for name in (*ServerSettings.model_fields, *CLIENT_VARIABLES, *(f"{secret}_file" for secret in SECRET_SETTINGS)):
        assert f"TESTMODE_{name.upper()}" in text, name


@pytest.mark.parametrize("name", sorted(known_providers()))
def test_every_operation_simulation_and_assumption_of_a_provider_is_documented(name: str) -> None:
    text = (ROOT / "docs" / f"{name}.md").read_text()
    provider = known_providers()[name]
    for operation in provider.operations:
        assert operation.available_if is not None or f"`/{name}{operation.path}`" in text, operation.name
    for simulation in views.render_provider(provider)["simulations"]:
        assert f"| `{simulation['name']}` |" in text, simulation["name"]
    for each in views.render_provider(provider)["assumptions"]:
        assert f"| `{each['name']}` |" in text, each["name"]
    assert f"(docs/{name}.md)" in (ROOT / "README.md").read_text()


def test_links_between_documents_have_existing_targets() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"

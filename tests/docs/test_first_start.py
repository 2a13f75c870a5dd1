"""The documented ways to install and start work from a checkout and from a wheel, and no others are documented."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from textwrap import dedent
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.support.paths import ROOT
from tests.support.server_process import start_command

README = (ROOT / "README.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DOCUMENTATION_FILES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    ROOT / "compose.yaml",
    ROOT / "Makefile",
    ROOT / "Dockerfile",
]
SOURCES = [*ROOT.glob("docs/examples/*.*"), *ROOT.glob("mockserver/**/*.py"), *ROOT.glob("mockserver/**/*.html")]
FLAGS = "--no-index --no-deps --no-build-isolation --quiet"
"""Additional options for pip in the tests: nothing is downloaded."""

IMPORT_BLOCKER_SOURCE = """
import sys


class Without:
    def find_spec(self, name, path=None, target=None):
        if name == without:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


without = sys.argv.pop(1)
sys.meta_path.insert(0, Without())
from mockserver.cli import main

main()
"""
"""Runs the command as if the package given as first argument were not installed."""


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def block(language: str, part: str) -> str:
    """Returns the only block of the README that contains `part`."""
    (match,) = (each for each in blocks(README, language) if part in each)
    return match


def checkout(folder: Path) -> Path:
    """Copies the files that a package is built from into a new folder."""
    folder.mkdir()
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "Makefile"):
        copy(ROOT / name, folder)
    for name in ("mockserver", "fixtures"):
        copytree(ROOT / name, folder / name, ignore=ignore_patterns("__pycache__"))
    return folder


def link_packages(environment: Path) -> None:
    """Make the packages of the test environment, hatchling and the dependencies, importable in a new one."""
    (site,) = environment.glob("lib/python3*/site-packages")
    packages = [each for each in sys.path if Path(each).name == "site-packages"]
    (site / "packages.pth").write_text("\n".join(packages) + "\n")


def run(command: str, folder: Path) -> str:
    binaries = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "PYTHONPATH": ""}
    done = subprocess.run(
        ["bash", "-eu", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def recipe(target: str, *words: str) -> str:
    """Returns the commands that make would run for a target in a new checkout."""
    fresh_paths = ("BIN=nowhere/bin", "CREATED=nowhere/created", "READY=nowhere/serve", "TESTED=nowhere/test")
    command = ["make", "--no-print-directory", "-n", "-C", str(ROOT), target, *fresh_paths, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def extras(text: str) -> set[str]:
    """Returns the extras of the only requirement `.[…]` in a text."""
    (names,) = set(re.findall(r"\.\[([a-z,]+)\]", text))
    return set(names.split(","))


def test_the_commands_without_make_install_and_serve(tmp_path: Path) -> None:
    make, install, serve = block("sh", "-m venv").strip().splitlines()[-3:]
    folder = checkout(tmp_path / "testmode")
    run(make, folder)
    link_packages(folder / ".venv")
    run(install.replace(" install ", f" install {FLAGS} "), folder)
    path = run(".venv/bin/python -P -c 'import mockserver; print(mockserver.__file__)'", folder)
    assert path.startswith(str(folder / ".venv"))
    environment = {"TESTMODE_PORT": "0", "TESTMODE_MEMORY": "true", "PYTHONPATH": ""}
    with start_command([str(folder / serve.split()[0]), *serve.split()[1:]], **environment) as (_, url):
        run(f"curl -sf {url}/ready", folder)


def test_another_project_installs_from_the_checkout_and_from_the_built_wheel(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "testmode")
    build = f"make wheel BIN={Path(sys.executable).parent} WHEEL_FLAGS='{FLAGS}' -o .venv/created"
    output = run(build, folder)
    (wheel,) = (folder / "dist").iterdir()
    assert f"dist/{wheel.name} is built" in output
    printed_commands = re.findall(r"^  (pip install .*)$", output, re.MULTILINE)
    assert printed_commands == [f"pip install '{wheel}'", f"pip install '{wheel}[openapi,redis,tls]'"]
    documented = block("text", "pip install /path/to/testmode").replace("/path/to/testmode", str(folder))
    assert str(wheel) in documented
    for command in (*documented.splitlines(), printed_commands[-1]):
        dry_run = command.replace("pip install", f"python -m pip install --dry-run --ignore-installed {FLAGS}")
        run(dry_run, tmp_path)


def test_make_run_installs_every_extra_of_serve_and_no_developer_tools() -> None:
    printed = recipe("run")
    tools = {"dev", "testcontainers"}
    assert extras(printed) == set(PROJECT["optional-dependencies"]) - tools
    assert extras(printed) == extras((ROOT / "Dockerfile").read_text("utf-8"))
    assert extras(printed) == extras(block("sh", "-m venv"))
    assert "-c constraints.txt" in printed
    for word in ("pytest", "ruff", "mypy"):
        assert word not in printed


@pytest.mark.parametrize("target", ["test", "check", "fuzz", "soak", "bench", "fixtures", "screenshots"])
def test_targets_that_need_developer_tools_install_them(target: str) -> None:
    assert extras(recipe(target)) == {"dev"}
    for extra, needed in PROJECT["optional-dependencies"].items():
        assert set(needed) <= set(PROJECT["optional-dependencies"]["dev"]), f"dev lacks packages of {extra}"


def test_building_a_wheel_installs_nothing() -> None:
    assert "pip install --quiet" not in recipe("wheel")


@pytest.fixture
def fake_checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile and a fake Python that records its arguments and creates fake environments."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    python.write_text(
        dedent("""\
        #!/bin/sh
        echo "$@" >> calls.txt
        if [ "$1 $2" = "-m venv" ]; then
            mkdir -p "$3/bin"
            for name in python testmode ruff mypy pytest; do ln -sf "$PWD/python" "$3/bin/$name"; done
        fi
        """)
    )
    python.chmod(0o755)
    return tmp_path


def installed(folder: Path, target: str) -> list[str]:
    """Returns the extras that a run of make installs."""
    (folder / "calls.txt").write_text("")
    run(f"make -s {target} PYTHON=./python", folder)
    calls = (folder / "calls.txt").read_text().splitlines()
    return [line.rpartition("[")[2].rstrip("]") for line in calls if "pip install" in line]


def test_make_installs_each_set_once_and_again_when_the_requirements_change(fake_checkout: Path) -> None:
    assert installed(fake_checkout, "run") == ["openapi,redis,tls"]
    assert installed(fake_checkout, "run") == []
    assert installed(fake_checkout, "check") == ["dev"]
    assert installed(fake_checkout, "check") == installed(fake_checkout, "run") == []
    for name in ("pyproject.toml", "constraints.txt"):
        later = (fake_checkout / ".venv/ready-to-test").stat().st_mtime + 5
        for stamp in (fake_checkout / ".venv").glob("ready-*"):
            os.utime(stamp, (later - 10, later - 10))
        os.utime(fake_checkout / name, (later - 5, later - 5))
        assert installed(fake_checkout, "check") == ["dev"], name
        assert installed(fake_checkout, "run") == [], "dev includes the extras of serve"
        os.utime(fake_checkout / name, (0, 0))


def test_make_announces_each_slow_step(fake_checkout: Path) -> None:
    output = run("make run PYTHON=./python", fake_checkout).splitlines()
    assert [line.partition(" ")[0] for line in output] == ["Creating", "Installing", ".venv/bin/testmode"]
    assert output[1].startswith("Installing what serving needs into .venv (about 150 MB, once; ")
    assert "about 150 MB" in README
    assert "about 480 MB" in README
    assert "about 480 MB" in run("make check PYTHON=./python", fake_checkout)


def test_no_document_and_no_message_names_an_install_from_pypi() -> None:
    for file in (*DOCUMENTATION_FILES, *SOURCES):
        text = file.read_text("utf-8")
        for command in re.findall(r"pip3? install[^\n`]*", text):
            words = [word.strip("'\".,") for word in command.split()]
            named = [word for word in words if re.match(r"testmode($|\[|[=<>~!])", word)]
            assert named == [], f"{file.relative_to(ROOT)}: {command}"
        assert re.findall(r"(?<![/\w.])testmode\[[a-z]", text) == [], file.relative_to(ROOT)
    assert "not published on PyPI yet" in README


def test_every_make_target_in_a_document_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in (each for each in DOCUMENTATION_FILES if each.suffix == ".md"):
        text = page.read_text("utf-8")
        named = set(re.findall(r"`make ([a-z]+)", text))
        for body in re.findall(r"^```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            named |= set(re.findall(r"^(?:\$ )?make ([a-z]+)", body, re.MULTILINE))
        assert named <= targets, page.name
    assert {"run", "test", "wheel"} <= set(re.findall(r"\bmake ([a-z]+)", README))


def test_the_documented_platforms_and_pythons_are_those_of_the_workflow() -> None:
    workflow: Any = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text("utf-8"))
    pythons = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    named = [each.rpartition(" :: ")[2] for each in PROJECT["classifiers"] if ":: Python :: 3." in each]
    assert named == pythons
    assert {each.rpartition(" :: ")[2] for each in PROJECT["classifiers"] if each.startswith("Operating")} == {
        "Linux",
        "MacOS",
    }
    for word in ("Linux or macOS", "WSL", *(f"3.{python.partition('.')[2]}" for python in pythons)):
        assert word in README.partition("```")[0], word


@pytest.mark.parametrize(
    ("extra", "words", "without"),
    [
        ("openapi", ("--openapi", "a.json"), "jsonschema_rs"),
        ("openapi", ("--openapi", "a.yaml"), "yaml"),
        ("redis", ("--store", "redis://127.0.0.1:9/0"), "redis"),
        ("tls", ("--tls",), "trustme"),
    ],
)
def test_a_start_without_a_package_of_an_extra_names_the_extra_to_install(
    extra: str, words: tuple[str, ...], without: str, tmp_path: Path
) -> None:
    document = '{"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {}}'
    (tmp_path / "a.json").write_text(document)
    (tmp_path / "a.yaml").write_text(document)
    (tmp_path / "start.py").write_text(IMPORT_BLOCKER_SOURCE)
    command = [sys.executable, "start.py", without, "serve", "--port", "0", "--data", "data", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78, done.stderr
    needed = sorted(re.split(r"[\[<>=]", each)[0] for each in PROJECT["optional-dependencies"][extra])
    remedy = (
        f"needs the package {without}; install Testmode with its extra {extra}, or `pip install {' '.join(needed)}`"
    )
    assert remedy in done.stderr

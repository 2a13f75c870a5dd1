"""The wheel, installed in a new, read-only virtual environment."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.paths import ROOT
from tests.support.server_process import start_command

MOUNT_READ_ONLY_SCRIPT = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel; the dependencies come from the environment of the tests."""
    environment = tmp_path_factory.mktemp("installation") / "env"
    venv.create(environment, with_pip=True, symlinks=True)
    (site,) = environment.glob("lib/python3*/site-packages")
    borrowed = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (site / "borrowed.pth").write_text(f"{borrowed}\n")
    pip = [str(environment / "bin/python"), "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    return environment


def read_only_command(environment: Path, *command: str) -> list[str]:
    """Returns a command that sees the installation read-only: by a mount as root, who ignores modes, or by modes."""
    if os.geteuid() == 0:
        return ["unshare", "--mount", "sh", "-c", MOUNT_READ_ONLY_SCRIPT, str(environment), *command]
    for path in (environment, *environment.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    return list(command)


def test_the_wheel_contains_the_scenarios_and_the_data_sets(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for file in (ROOT / "fixtures").rglob("*.json"):
        assert f"mockserver/fixtures/{file.relative_to(ROOT / 'fixtures')}" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


def test_the_installed_command_serves_from_a_read_only_installation(installation: Path, tmp_path: Path) -> None:
    testmode = str(installation / "bin/testmode")
    data = tmp_path / "data"
    command = read_only_command(
        installation, testmode, "serve", "--port", "0", "--data", str(data), "--admin-token", "t"
    )
    with start_command(command, PYTHONPATH="", HOME="/nonexistent") as (_, url):
        connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
        connection.request("GET", "/__admin/sandboxes", headers={"Authorization": "Bearer t"})
        assert connection.getresponse().status == 200
        connection.close()
        health = [testmode, "healthcheck", url]
        assert subprocess.run(health, check=False).returncode == 0
    assert (data / "sandboxes" / "smartepi.json").is_file()
    assert subprocess.run(health, check=False).returncode == 1


def test_the_installation_of_these_tests_is_read_only(installation: Path) -> None:
    command = read_only_command(installation, "touch", str(installation / "written"))
    assert subprocess.run(command, check=False, capture_output=True).returncode != 0


def test_the_installation_includes_the_pytest_plugin(installation: Path, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n\n\n@pytest.mark.testmode('kota')\n"
        "def test_it(testmode, pytestconfig):\n"
        "    plugin = pytestconfig.pluginmanager.get_plugin('testmode')\n"
        f"    assert plugin.__file__.startswith({str(installation)!r})\n"
        "    assert testmode.key\n"
    )
    command = [str(installation / "bin/python"), "-m", "pytest", "-q", "-p", "no:schemathesis", "--strict-markers"]
    run = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ""}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr

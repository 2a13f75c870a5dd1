"""The pytest plugin: starts one server for a test run, and creates a new sandbox for each test."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from mockserver.testing.client import Sandbox, Testmode

MARKER = (
    "testmode(provider, *, scenario=None, **settings): provider of the sandbox that the fixture `testmode` creates, "
    "scenarios to switch on in it, and its settings: seed, size, slug, assumptions, limits, latency."
)
SANDBOXES = pytest.StashKey[list[Sandbox]]()
Scenarios = str | Iterable[str] | Mapping[str, Mapping[str, Any]] | None
"""The name of a scenario, several names, or a mapping from names to parameters."""


class MakeSandbox(Protocol):
    """Creates sandboxes that are deleted at the end of the test."""

    def __call__(self, provider: str | None = None, *, scenario: Scenarios = None, **settings: Any) -> Sandbox:
        """Creates a sandbox; without ``provider`` and the ini option ``testmode_provider``, raises UsageError."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("testmode_provider", "Provider of a test's sandbox if its marker names none.", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stops the server that the workers of pytest-xdist shared."""
    if session.config.pluginmanager.has_plugin("dsession"):
        _stop_server(_base_temp(session.config))


def _base_temp(config: pytest.Config) -> Path:
    # A private attribute, because only fixtures have public access to this folder, and the xdist controller runs none.
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]
    return factory.getbasetemp()


def _server_folder(base: Path) -> Path:
    return base / "testmode"


def _stop_server(base: Path) -> None:
    from mockserver.testing.server import stop

    stop(_server_folder(base))


@pytest.fixture(scope="session")
def testmode_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testmode]:
    """Yields the server at TESTMODE_URL; without this variable, a new in-memory server that all workers share."""
    if "TESTMODE_URL" in os.environ:
        server = Testmode.from_environment()
        server.wait()
        yield server
        return
    # Imported here so that test runs that do not use the plugin do not spend time on the import.
    from mockserver.testing.server import find_or_start

    base = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        yield find_or_start(_server_folder(base.parent))
        return
    yield find_or_start(_server_folder(base))
    _stop_server(base)


@pytest.fixture
def make_sandbox(request: pytest.FixtureRequest, testmode_server: Testmode) -> Iterator[MakeSandbox]:
    """Yields a function that creates sandboxes, for tests that need several; deletes them after the test."""
    sandboxes = request.node.stash.setdefault(SANDBOXES, [])

    def make(provider: str | None = None, *, scenario: Scenarios = None, **settings: Any) -> Sandbox:
        provider = provider or request.config.getini("testmode_provider")
        if not provider:
            raise pytest.UsageError(
                'no provider: mark the test with @pytest.mark.testmode("kota"), or configure testmode_provider'
            )
        sandbox = testmode_server.create_sandbox(provider, **settings)
        sandboxes.append(sandbox)
        for name, parameters in _scenarios(scenario).items():
            sandbox.scenarios.on(name, **parameters)
        return sandbox

    yield make
    for sandbox in sandboxes:
        sandbox.delete()


def _scenarios(scenarios: Scenarios) -> Mapping[str, Mapping[str, Any]]:
    if isinstance(scenarios, Mapping):
        return scenarios
    return {name: {} for name in ([scenarios] if isinstance(scenarios, str) else scenarios or ())}


@pytest.fixture
def testmode(request: pytest.FixtureRequest, make_sandbox: MakeSandbox) -> Sandbox:
    """A new sandbox for this test only; its provider is named by the marker ``testmode``."""
    marker = request.node.get_closest_marker("testmode")
    return make_sandbox(*marker.args, **marker.kwargs) if marker else make_sandbox()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the calls and fault rules of its sandboxes to the report of a failing test."""
    test_report = yield
    sandboxes = item.stash.get(SANDBOXES, [])
    if test_report.failed and test_report.when != "teardown" and sandboxes:
        from mockserver.testing.report import report

        test_report.sections.append(("Testmode requests", report(sandboxes)))
    return test_report

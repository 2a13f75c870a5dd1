"""The pytest plugin: one server for the whole run, a sandbox of its own for every test."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from mockserver.testing.client import Sandbox, Testmode

MARKER = (
    "testmode(provider, *, scenario=None, **settings): the provider of the sandbox that the fixture `testmode` makes, "
    "scenarios that are on in it, and its seed, size, slug, assumptions, limits, latency."
)
SANDBOXES = pytest.StashKey[list[Sandbox]]()
Scenarios = str | Iterable[str] | Mapping[str, Mapping[str, Any]] | None
"""A scenario's name, several, or names with the parameters of each."""


class MakeSandbox(Protocol):
    """Makes a sandbox that is deleted at the end of the test."""

    def __call__(self, provider: str | None = None, *, scenario: Scenarios = None, **settings: Any) -> Sandbox:
        """Make one of this provider, or of the one configured."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what can be configured."""
    parser.addini("testmode_provider", "The provider of a test's sandbox where its marker names none.", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stop the server that the workers of a distributed run have shared."""
    if session.config.pluginmanager.has_plugin("dsession"):
        _stop_server(_base_temp(session.config))


def _base_temp(config: pytest.Config) -> Path:
    # Where it is tells only a fixture, and the process that starts the workers runs none.
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]
    return factory.getbasetemp()


def _server_folder(base: Path) -> Path:
    return base / "testmode"


def _stop_server(base: Path) -> None:
    from mockserver.testing.server import stop

    stop(_server_folder(base))


@pytest.fixture(scope="session")
def testmode_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testmode]:
    """The server of the whole run: the one at TESTMODE_URL, or a process in memory that all workers share."""
    if "TESTMODE_URL" in os.environ:
        running = Testmode.from_environment()
        running.wait()
        yield running
        return
    # Imported here: whoever has the plugin installed and does not use it should not wait for it.
    from mockserver.testing.server import find_or_start

    base = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        yield find_or_start(_server_folder(base.parent))
        return
    yield find_or_start(_server_folder(base))
    _stop_server(base)


@pytest.fixture
def make_sandbox(request: pytest.FixtureRequest, testmode_server: Testmode) -> Iterator[MakeSandbox]:
    """Makes sandboxes, for tests that need several; they are deleted after the test."""
    made = request.node.stash.setdefault(SANDBOXES, [])

    def make(provider: str | None = None, *, scenario: Scenarios = None, **settings: Any) -> Sandbox:
        provider = provider or request.config.getini("testmode_provider")
        if not provider:
            raise pytest.UsageError(
                'no provider: mark the test with @pytest.mark.testmode("kota"), or configure testmode_provider'
            )
        sandbox = testmode_server.create_sandbox(provider, **settings)
        made.append(sandbox)
        for name, parameters in _scenarios(scenario).items():
            sandbox.scenarios.on(name, **parameters)
        return sandbox

    yield make
    for sandbox in made:
        sandbox.delete()


def _scenarios(wanted: Scenarios) -> Mapping[str, Mapping[str, Any]]:
    if isinstance(wanted, Mapping):
        return wanted
    return {name: {} for name in ([wanted] if isinstance(wanted, str) else wanted or ())}


@pytest.fixture
def testmode(request: pytest.FixtureRequest, make_sandbox: MakeSandbox) -> Sandbox:
    """A fresh sandbox of the provider that the marker ``testmode`` names, for this test alone."""
    marker = request.node.get_closest_marker("testmode")
    return make_sandbox(*marker.args, **marker.kwargs) if marker else make_sandbox()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell a failing test what its sandboxes have seen."""
    told = yield
    sandboxes = item.stash.get(SANDBOXES, [])
    if told.failed and told.when != "teardown" and sandboxes:
        from mockserver.testing.report import report

        told.sections.append(("Testmode requests", report(sandboxes)))
    return told

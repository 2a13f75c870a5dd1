"""Which tests ``make quick`` runs for a change, and which it leaves out."""

from __future__ import annotations

import pytest

from tests.support.paths import ROOT
from tests.support.suite.ordering import SLOW_NODE_PREFIXES
from tests.support.suite.quick import ALWAYS_RUN, SLOW_TESTS, TEST_LOCATIONS, select_tests

SOURCES = {
    "tests/client/test_client.py": "",
    "tests/conftest.py": "from tests.support.harness import Harness\n",
    "tests/docs/test_documents.py": "",
    "tests/docs/test_benchmarks.py": "",
    "tests/docs/test_ci.py": "",
    "tests/cli/test_settings.py": "",
    "tests/engine/sandbox/test_scenarios.py": "",
    "tests/project/test_seeds.py": "",
    "tests/engine/faults/test_rules.py": "from tests.support.acme import ACME\n",
    "tests/engine/faults/test_wire.py": "",
    "tests/engine/test_clock.py": "",
    "tests/project/test_architecture.py": "",
    "tests/project/test_app.py": "",
    "tests/providers/kota/test_stories.py": "from tests.support import kota_helpers\n",
    "tests/providers/test_webhooks.py": "",
    "tests/support/acme.py": "",
    "tests/support/kota_schemas.py": "",
    "tests/support/kota_helpers.py": "import os\nfrom tests.support.kota_schemas import FACTS, MORE\n",
}


ENGINE = ["tests/engine/faults/test_rules.py", "tests/engine/sandbox/test_scenarios.py", "tests/engine/test_clock.py"]


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("mockserver/engine/faults/rules.py", ["tests/engine/faults/test_rules.py"]),
        ("mockserver/engine/clock.py", ENGINE),
        ("mockserver/engine/unheard/of.py", ENGINE),
        ("mockserver/providers/kota/events.py", ["tests/providers/kota/test_stories.py"]),
        ("mockserver/testing/client.py", ["tests/client/test_client.py"]),
        ("mockserver/settings.py", ["tests/cli/test_settings.py"]),
        ("mockserver/app.py", ["tests/project/test_app.py", "tests/project/test_seeds.py"]),
        ("fixtures/scenarios/slow.json", ["tests/engine/sandbox/test_scenarios.py"]),
        ("fixtures/datasets/kota-small.json", ["tests/project/test_seeds.py"]),
        ("Makefile", ["tests/docs/test_benchmarks.py", "tests/docs/test_ci.py"]),
        ("tests/engine/faults/test_wire.py", ["tests/engine/faults/test_wire.py"]),
        ("tests/engine/test_gone.py", []),
        ("tests/support/acme.py", ["tests/engine/faults/test_rules.py"]),
        ("tests/support/kota_schemas.py", ["tests/providers/kota/test_stories.py"]),
        ("docs/examples/test_adding.py", ["docs/examples/test_adding.py"]),
        ("docs/kota.md", ["tests/docs/test_benchmarks.py", "tests/docs/test_ci.py"]),
        ("README.md", ["tests/docs/test_benchmarks.py", "tests/docs/test_ci.py"]),
        ("pyproject.toml", ["tests/docs/test_benchmarks.py", "tests/docs/test_ci.py"]),
        ("benchmarks/soak.py", ["tests/docs/test_benchmarks.py"]),
    ],
)
def test_a_change_runs_the_tests_of_its_folder(changed: str, tests: list[str]) -> None:
    assert select_tests([changed], SOURCES)[0] == sorted({ALWAYS_RUN, *tests})


@pytest.mark.parametrize(
    "path", sorted({*TEST_LOCATIONS, "mockserver/app.py", "mockserver/http/edge.py", "docs/faults.md"})
)
def test_every_change_runs_at_least_one_test_of_its_own(path: str) -> None:
    sources = {str(file.relative_to(ROOT)): "" for file in (ROOT / "tests").rglob("test_*.py")}
    tests, left = select_tests([path if not path.endswith("/") else f"{path}any.py"], sources)
    assert {*tests, *left} > {ALWAYS_RUN}


def test_a_slow_test_is_left_out_with_its_reason_unless_it_was_changed() -> None:
    engine, wire = "mockserver/engine/faults/rules.py", "tests/engine/faults/test_wire.py"
    tests, left = select_tests([engine], SOURCES)
    assert (wire in tests, left) == (False, {wire: SLOW_TESTS[wire]})
    tests, left = select_tests([engine, wire], SOURCES)
    assert (wire in tests, left) == (True, {})


def test_without_a_change_only_the_architecture_is_tested() -> None:
    assert select_tests([], SOURCES) == ([ALWAYS_RUN], {})


def test_every_listed_file_exists() -> None:
    assert [
        path for path in (ALWAYS_RUN, *SLOW_TESTS, *SLOW_NODE_PREFIXES) if not (ROOT / path.removesuffix("::")).exists()
    ] == []

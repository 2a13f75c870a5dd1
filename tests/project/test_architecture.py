"""The layout of the source: which package may import which, and how large files, folders and functions may be.

The tests parse the source without importing it, so that they report a wrong import even if it breaks every import.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

from tests.support import paths
from tests.support.paths import TESTS

ROOT = paths.ROOT / "mockserver"
FILES = sorted(file for file in ROOT.rglob("*.py"))
NAMES = [file.relative_to(ROOT).as_posix() for file in FILES]
MODULES_BY_FILE = {
    name: ".".join(("mockserver", *Path(name).with_suffix("").parts)).removesuffix(".__init__") for name in NAMES
}
MODULES = set(MODULES_BY_FILE.values())
MAX_TOP_MODULES, MAX_FOLDER_FILES, MAX_FILE_LINES = 8, 22, 300
"""The most modules at the top of the package, modules in any of its folders, and lines in a file."""
PROVIDER_PACKAGES = sorted(each.name for each in (ROOT / "providers").iterdir() if (each / "__init__.py").is_file())

MAY_IMPORT: dict[str, set[str]] = {
    "addresses": set(),
    "nearest": set(),
    "token": set(),
    "testing": {"token"},
    "storage": set(),
    "storage.base": set(),
    "storage.tinydb": {"storage.base"},
    "storage.redis": {"storage.base", "storage.tinydb"},
    "engine.core": {"nearest", "storage.base"},
    "engine.records": {"engine.core", "storage.base"},
    "engine.webhooks": {"engine.core", "nearest", "storage.base"},
    "engine.faults": {"engine.core", "engine.webhooks", "nearest", "storage.base"},
    "engine.pipeline": {"engine.core", "engine.faults", "storage.base"},
    "engine.bounds": {"engine.core", "engine.pipeline"},
    "engine.sandbox": {
        "engine.core",
        "engine.faults",
        "engine.pipeline",
        "engine.webhooks",
        "nearest",
        "storage.base",
        "storage.tinydb",
    },
    "engine": {
        "engine.bounds",
        "engine.core",
        "engine.faults",
        "engine.pipeline",
        "engine.records",
        "engine.sandbox",
        "engine.webhooks",
        "nearest",
        "storage.base",
    },
    "openapi.document": {"engine"},
    "openapi.generation": {"engine", "openapi.document"},
    "openapi.inference": {"openapi.document", "openapi.generation"},
    "openapi.serving": {"engine", "openapi.document", "openapi.generation", "openapi.inference"},
    "openapi": {"engine", "openapi.document", "openapi.inference", "openapi.serving"},
    "settings": {"engine"},
    "delivery": {"addresses", "engine"},
    "http": {"addresses", "engine", "settings"},
    "admin": {"engine", "http", "settings", "token", "version"},
    "console": {"admin"},
    "configuration": {"admin", "engine", "settings"},
    "app": {
        "admin",
        "console",
        "engine",
        "http",
        "openapi",
        "providers",
        "settings",
        "storage.base",
        "storage.tinydb",
        "token",
    },
    "cli": {
        "app",
        "configuration",
        "delivery",
        "engine",
        "http",
        "nearest",
        "settings",
        "storage.base",
        "storage.redis",
        "storage.tinydb",
        "testing",
        "token",
        "version",
    },
    "__main__": {"cli"},
}
"""The packages that each package imports, without cycles.

Imports for the type checker and imports inside functions count.
"""

LONG_FUNCTIONS = {"engine/sandbox/keyring.py:write_key": 35}
"""Functions longer than 30 lines, and their limits."""


@cache
def tree(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text("utf-8"))


@cache
def imports(name: str, *, run: bool = False) -> tuple[str, ...]:
    """Returns the full names of the modules that a file imports; with ``run`` without imports for type checking."""
    return tuple(_imports(name, run))


def _imports(name: str, run: bool) -> Iterator[str]:
    nodes = set(ast.walk(tree(name)))
    if run:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
                nodes -= {inner for child in node.body for inner in ast.walk(child)}
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno} imports relatively"
            assert node.module is not None
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (each if each in MODULES else node.module for each in inner)


def part_of(module: str) -> str:
    """Returns the key of MAY_IMPORT for a module of the package."""
    words = module.split(".")[1:]
    if not words:
        return "version"
    named = ".".join(words[:2])
    return named if named in MAY_IMPORT else words[0]


def package_of(name: str) -> str:
    return name.partition("/")[0].removesuffix(".py")


def test_imports_point_one_way() -> None:
    imported_parts: dict[str, set[str]] = {}
    for name in NAMES:
        if name.startswith("providers/") or name == "__init__.py":
            continue
        own_part = part_of(MODULES_BY_FILE[name])
        assert own_part in MAY_IMPORT, f"{name}: add {own_part} to MAY_IMPORT"
        parts = {part_of(module) for module in imports(name) if module.split(".")[0] == "mockserver"} - {own_part}
        forbidden = parts - MAY_IMPORT[own_part]
        allowed = ", ".join(sorted(MAY_IMPORT[own_part])) or "no package of ours"
        assert not forbidden, (
            f"{name} imports {', '.join(sorted(forbidden))}, and {own_part} may import {allowed}: declare a Protocol "
            "in the same file, or move the code to a package that may import both (docs/design.md, Packages)"
        )
        imported_parts.setdefault(own_part, set()).update(parts)
    assert imported_parts == MAY_IMPORT, "MAY_IMPORT has a package that is no longer imported"


def test_packages_have_no_import_cycle() -> None:
    TopologicalSorter(MAY_IMPORT).prepare()


def test_no_import_cycles_between_files() -> None:
    imports_by_module = {MODULES_BY_FILE[name]: {each for each in imports(name) if each in MODULES} for name in NAMES}
    try:
        TopologicalSorter({module: each - {module} for module, each in imports_by_module.items()}).prepare()
    except CycleError as error:
        cycle = " is imported by ".join(error.args[1])
        pytest.fail(f"{cycle}: move what both need into a third file, or declare a Protocol", pytrace=False)


@pytest.mark.parametrize("provider", PROVIDER_PACKAGES)
def test_a_provider_imports_only_the_public_engine_interface_and_itself(provider: str) -> None:
    for name in (each for each in NAMES if each.startswith(f"providers/{provider}/")):
        inside = {module for module in imports(name) if module.startswith("mockserver")}
        own_package = f"mockserver.providers.{provider}"
        forbidden = {m for m in inside if m != own_package and not m.startswith(f"{own_package}.")}
        forbidden -= {"mockserver.engine"}
        assert not forbidden, (
            f"{name} imports {', '.join(sorted(forbidden))}: a provider imports mockserver.engine and itself; what two "
            "providers need belongs in the engine"
        )


def test_the_list_of_providers_imports_only_providers() -> None:
    providers = {f"mockserver.providers.{provider}" for provider in PROVIDER_PACKAGES}
    assert {module for module in imports("providers/__init__.py") if module.startswith("mockserver")} <= providers


def test_no_public_name_of_the_engine_hides_a_module() -> None:
    from mockserver import engine

    named = [name for name in engine.__all__ if f"mockserver.engine.{name}" in MODULES]
    hidden = [name for name in named if not isinstance(getattr(engine, name), ModuleType)]
    assert hidden == []


def test_folder_has_a_limited_number_of_files() -> None:
    crowded = {
        str(folder.relative_to(ROOT)): number
        for folder in [ROOT, *(each for each in ROOT.rglob("*") if each.is_dir() and each.name != "__pycache__")]
        if (number := len(list(folder.glob("*.py")))) > (MAX_TOP_MODULES if folder == ROOT else MAX_FOLDER_FILES)
    }
    assert crowded == {}


def test_engine_internals_are_imported_only_by_engine_and_storage() -> None:
    others = [name for name in NAMES if package_of(name) not in ("engine", "storage")]
    deep = {name: [m for m in imports(name) if m.startswith("mockserver.engine.")] for name in others}
    assert {name: modules for name, modules in deep.items() if modules} == {}


def test_only_the_composition_root_imports_providers() -> None:
    others = [name for name in NAMES if name != "app.py" and not name.startswith("providers/")]
    assert [name for name in others if any(m.startswith("mockserver.providers") for m in imports(name))] == []


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("gevent", ("http/server.py", "http/connection.py")),
        ("flask", ("app.py", "http/mounts.py", "admin/", "console/")),
        ("werkzeug", ("app.py", "http/routes.py", "admin/", "console/")),
        ("jinja2", ("console/",)),
        ("redis", ("storage/redis/",)),
        ("tinydb", ("storage/",)),
        ("click", ("cli/", "http/workers.py")),
        ("trustme", ("http/tls.py",)),
        ("pytest", ("testing/plugin.py",)),
        ("testcontainers", ("testing/containers.py",)),
        ("faker", ("providers/", "openapi/")),
        ("yaml", ("openapi/",)),
        ("jsonschema_rs", ("openapi/",)),
    ],
)
def test_third_party_library_is_imported_only_where_allowed(library: str, homes: tuple[str, ...]) -> None:
    users = [name for name in NAMES if library in {module.split(".")[0] for module in imports(name, run=True)}]
    assert users
    assert [name for name in users if not name.startswith(homes)] == []


def test_no_provider_name_occurs_outside_its_package() -> None:
    occurrences = [
        f"{name}:{node.lineno}"
        for name in NAMES
        if not name.startswith("providers/")
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Constant) and node.value in PROVIDER_PACKAGES
    ]
    assert occurrences == []


def test_the_engine_never_compares_fault_kinds() -> None:
    comparisons = [
        f"{name}:{node.lineno}"
        for name in NAMES
        if name.startswith("engine/")
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Compare)
        and any(
            "kind" in (getattr(part, "id", ""), getattr(part, "attr", "")) for part in (node.left, *node.comparators)
        )
        and any(isinstance(part, ast.Constant) and part.value is not None for part in (node.left, *node.comparators))
    ]
    assert comparisons == []


DOCUMENTED_FILES = [
    name for name in NAMES if package_of(name) in ("engine", "storage", "providers", "openapi", "admin")
]


def test_only_the_edge_and_the_redis_client_sleep() -> None:
    sleeping = []
    for name in DOCUMENTED_FILES:
        nodes = list(ast.walk(tree(name)))
        names = {getattr(node, "attr", getattr(node, "id", "")) for node in nodes}
        imported = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
        if "sleep" in names | imported:
            sleeping.append(name)
    assert sleeping == ["storage/redis/client.py"]


def definitions(name: str) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    """Yields every class and function of a module, at any depth."""
    return (node for node in ast.walk(tree(name)) if isinstance(node, ast.ClassDef | ast.FunctionDef))


def words_of(text: str) -> set[str]:
    """Returns the words of a text in lower case, without a plural s and without articles and prepositions."""
    words = {each.lower() for each in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)}
    return {each.removesuffix("s") for each in words} - {
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "for",
        "is",
        "it",
        "thi",
    }


def test_every_module_has_a_docstring() -> None:
    assert [
        name for name in NAMES if (ROOT / name).read_text("utf-8").strip() and not ast.get_docstring(tree(name))
    ] == []


def test_no_docstring_only_repeats_the_name() -> None:
    repeated = [
        f"{name}: {node.name}"
        for name in NAMES
        for node in definitions(name)
        if (text := ast.get_docstring(node)) and words_of(text) <= words_of(node.name)
    ]
    assert repeated == []


def test_no_file_exceeds_the_line_limit() -> None:
    lines = {name: len((ROOT / name).read_text("utf-8").splitlines()) for name in NAMES}
    long = {name: number for name, number in lines.items() if number > MAX_FILE_LINES}
    assert long == {}, f"a file has at most {MAX_FILE_LINES} lines: divide it"


def test_no_function_exceeds_the_line_limit() -> None:
    long = {}
    for name in NAMES:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONG_FUNCTIONS.get(f"{name}:{node.name}", 30):
                    long[f"{name}:{node.name}"] = lines
    assert long == {}


def modules_loaded_by(script: str) -> set[str]:
    """Returns the modules that a new interpreter has loaded after a script."""
    run = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_the_health_check_loads_no_heavy_module() -> None:
    heavy = {"flask", "pydantic", "http.client", "werkzeug", "gevent", "click", "tinydb", "mockserver.engine"}
    assert modules_loaded_by("import mockserver.cli.healthcheck") & heavy == set()


def test_creating_the_app_loads_neither_faker_nor_gevent() -> None:
    script = "from mockserver.app import create_app\ncreate_app()"
    assert modules_loaded_by(script) & {"faker", "gevent"} == set()


def test_a_start_loads_neither_flask_nor_optional_modules() -> None:
    loaded = modules_loaded_by(
        "import mockserver.cli.serve\nfrom mockserver.app import known_providers\nknown_providers()"
    )
    assert "mockserver.providers.kota" in loaded
    assert (
        loaded & {"flask", "jinja2", "faker", "redis", "tomllib", "mockserver.openapi", "mockserver.console"} == set()
    )


def test_a_server_does_not_load_the_console_before_its_first_use() -> None:
    loaded = modules_loaded_by("from mockserver.app import create_app\ncreate_app()")
    assert "mockserver.console.routes" in loaded
    assert loaded & {"mockserver.console.view", "mockserver.console.render", "mockserver.console.pages"} == set()


def test_the_command_line_prints_its_version_without_loading_the_server() -> None:
    script = "import mockserver.cli.group as c\ntry:\n    c.cli(['--version'])\nexcept SystemExit: pass"
    assert modules_loaded_by(script) & {"flask", "gevent", "pydantic", "faker"} == set()


ONLY_VALUES = {
    *("bound", "idempotency_policy", "latency", "limits", "operation", "reply", "simulation", "unavailable_space"),
    *("collections", "owner", "sender", "settings", "webhook_style"),
}
"""Files of the engine with values and Protocols only, which the tests of their users cover."""


@pytest.mark.parametrize("folder", ["core", "pipeline", "records", "sandbox", "webhooks"])
def test_every_file_of_the_engine_with_behaviour_has_a_test_file_of_its_name(folder: str) -> None:
    files = {file.stem for file in (ROOT / "engine" / folder).glob("*.py")} - {"__init__"}
    tested = {file.stem.removeprefix("test_") for file in (TESTS / "engine" / folder).glob("test_*.py")}
    untested = files - tested - ONLY_VALUES
    assert not untested, f"write tests/engine/{folder}/test_{min(untested)}.py, or name it in ONLY_VALUES"


def test_test_files_and_helpers_are_in_their_folders() -> None:
    loose = [file.name for file in TESTS.glob("test_*.py")]
    helpers = [
        str(file.relative_to(TESTS))
        for file in TESTS.rglob("*.py")
        if not file.name.startswith("test_")
        and file.name not in ("__init__.py", "conftest.py")
        and file.relative_to(TESTS).parts[0] not in ("support", "upgrading")
    ]
    assert (loose, helpers) == ([], ["providers/contracts/extract.py"])
    crowded = {
        str(folder.relative_to(TESTS)): number
        for folder in TESTS.rglob("*")
        if folder.is_dir()
        and (number := len(list(folder.glob("*.py")))) > (30 if folder.name == "support" else MAX_FOLDER_FILES)
    }
    assert crowded == {}

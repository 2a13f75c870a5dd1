"""How the source is laid out: who may know whom, and how large a piece may be.

It reads the source and imports none of it: a wrong import is told in a sentence here, though nothing can be imported.
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
"""Which part imports which others; each stands below those it imports, so that there is no circle of parts.

Imports for the type checker and imports inside functions count.
"""

LONG_FUNCTIONS = {"engine/sandbox/keyring.py:write": 35}
"""Functions beyond 30 lines, and how long they may be."""


@cache
def tree(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text("utf-8"))


@cache
def imports(name: str, *, run: bool = False) -> tuple[str, ...]:
    """The modules a file imports, in full; with ``run`` only those that it imports when it runs."""
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
    """The part of the source a module of ours belongs to."""
    words = module.split(".")[1:]
    if not words:
        return "version"
    named = ".".join(words[:2])
    return named if named in MAY_IMPORT else words[0]


def package_of(name: str) -> str:
    return name.partition("/")[0].removesuffix(".py")


def test_imports_point_one_way() -> None:
    found: dict[str, set[str]] = {}
    for name in NAMES:
        if name.startswith("providers/") or name == "__init__.py":
            continue
        own_part = part_of(MODULES_BY_FILE[name])
        assert own_part in MAY_IMPORT, f"{name}: say in MAY_IMPORT what {own_part} may import"
        ours = {part_of(module) for module in imports(name) if module.split(".")[0] == "mockserver"} - {own_part}
        strange = ours - MAY_IMPORT[own_part]
        allowed = ", ".join(sorted(MAY_IMPORT[own_part])) or "nothing of ours"
        assert not strange, (
            f"{name} imports {', '.join(sorted(strange))}, and {own_part} may import {allowed}: say what it needs as a "
            "Protocol beside it, or move the code up to where both are known (docs/design.md, The house)"
        )
        found.setdefault(own_part, set()).update(ours)
    assert found == MAY_IMPORT, "an arrow that nobody needs any more stands in MAY_IMPORT"


def test_no_part_imports_itself_by_way_of_others() -> None:
    TopologicalSorter(MAY_IMPORT).prepare()


def test_no_import_cycles_between_files() -> None:
    arrows = {MODULES_BY_FILE[name]: {each for each in imports(name) if each in MODULES} for name in NAMES}
    try:
        TopologicalSorter({module: each - {module} for module, each in arrows.items()}).prepare()
    except CycleError as error:
        circle = " is imported by ".join(error.args[1])
        pytest.fail(f"{circle}: move what both need into a third file, or say it as a Protocol", pytrace=False)


@pytest.mark.parametrize("room", PROVIDER_PACKAGES)
def test_a_room_imports_the_engines_surface_and_itself_only(room: str) -> None:
    for name in (each for each in NAMES if each.startswith(f"providers/{room}/")):
        inside = {module for module in imports(name) if module.startswith("mockserver")}
        own_package = f"mockserver.providers.{room}"
        strange = {m for m in inside if m != own_package and not m.startswith(f"{own_package}.")}
        strange -= {"mockserver.engine"}
        assert not strange, (
            f"{name} imports {', '.join(sorted(strange))}: a provider imports mockserver.engine and itself; what two "
            "providers need belongs into the engine"
        )


def test_the_list_of_providers_imports_rooms_only() -> None:
    rooms = {f"mockserver.providers.{room}" for room in PROVIDER_PACKAGES}
    assert {module for module in imports("providers/__init__.py") if module.startswith("mockserver")} <= rooms


def test_a_name_of_the_engines_surface_hides_no_module() -> None:
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


def test_no_providers_name_stands_outside_its_room() -> None:
    named = [
        f"{name}:{node.lineno}"
        for name in NAMES
        if not name.startswith("providers/")
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Constant) and node.value in PROVIDER_PACKAGES
    ]
    assert named == []


def test_the_engine_never_asks_which_kind_of_fault_it_is() -> None:
    asked = [
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
    assert asked == []


DOCUMENTED_FILES = [
    name for name in NAMES if package_of(name) in ("engine", "storage", "providers", "openapi", "admin")
]


def test_nothing_but_the_edge_and_who_waits_for_another_process_sleeps() -> None:
    sleeping = []
    for name in DOCUMENTED_FILES:
        nodes = list(ast.walk(tree(name)))
        names = {getattr(node, "attr", getattr(node, "id", "")) for node in nodes}
        imported = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
        if "sleep" in names | imported:
            sleeping.append(name)
    assert sleeping == ["storage/redis/client.py"]


def definitions(name: str) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    """Every class and function of a module, at any depth."""
    return (node for node in ast.walk(tree(name)) if isinstance(node, ast.ClassDef | ast.FunctionDef))


def words_of(text: str) -> set[str]:
    """The words of a name or sentence, without endings and without words that carry no meaning."""
    found = {each.lower() for each in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)}
    return {each.removesuffix("s") for each in found} - {
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


def test_no_file_is_longer_than_a_few_screens() -> None:
    lines = {name: len((ROOT / name).read_text("utf-8").splitlines()) for name in NAMES}
    long = {name: number for name, number in lines.items() if number > MAX_FILE_LINES}
    assert long == {}, f"a file has at most {MAX_FILE_LINES} lines: divide it"


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for name in NAMES:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONG_FUNCTIONS.get(f"{name}:{node.name}", 30):
                    long[f"{name}:{node.name}"] = lines
    assert long == {}


def modules_loaded_by(script: str) -> set[str]:
    """The modules a fresh interpreter has after a script."""
    run = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_the_health_check_imports_next_to_nothing() -> None:
    heavy = {"flask", "pydantic", "http.client", "werkzeug", "gevent", "click", "tinydb", "mockserver.engine"}
    assert modules_loaded_by("import mockserver.cli.healthcheck") & heavy == set()


def test_the_app_is_there_without_faker_and_without_gevent() -> None:
    script = "from mockserver.app import create_app\ncreate_app()"
    assert modules_loaded_by(script) & {"faker", "gevent"} == set()


def test_a_start_loads_neither_flask_nor_what_only_some_need() -> None:
    loaded = modules_loaded_by(
        "import mockserver.cli.serve\nfrom mockserver.app import known_providers\nknown_providers()"
    )
    assert "mockserver.providers.kota" in loaded
    assert (
        loaded & {"flask", "jinja2", "faker", "redis", "tomllib", "mockserver.openapi", "mockserver.console"} == set()
    )


def test_a_server_that_nobody_looks_at_does_not_load_the_console() -> None:
    loaded = modules_loaded_by("from mockserver.app import create_app\ncreate_app()")
    assert "mockserver.console.routes" in loaded
    assert loaded & {"mockserver.console.view", "mockserver.console.render", "mockserver.console.pages"} == set()


def test_the_command_line_shows_its_help_without_the_server() -> None:
    script = "import mockserver.cli.group as c\ntry:\n    c.cli(['--version'])\nexcept SystemExit: pass"
    assert modules_loaded_by(script) & {"flask", "gevent", "pydantic", "faker"} == set()


ONLY_VALUES = {
    *("bound", "idempotency_policy", "latency", "limits", "operation", "reply", "simulation", "unavailable_space"),
    *("collections", "owner", "sender", "settings", "webhook_style"),
}
"""Files of the engine with values and Protocols only: they are tested with what uses them."""


@pytest.mark.parametrize("folder", ["core", "pipeline", "records", "sandbox", "webhooks"])
def test_every_file_of_the_engine_with_behaviour_has_a_test_file_of_its_name(folder: str) -> None:
    files = {file.stem for file in (ROOT / "engine" / folder).glob("*.py")} - {"__init__"}
    tested = {file.stem.removeprefix("test_") for file in (TESTS / "engine" / folder).glob("test_*.py")}
    untested = files - tested - ONLY_VALUES
    assert not untested, f"write tests/engine/{folder}/test_{min(untested)}.py, or name it in ONLY_VALUES"


def test_the_tests_stand_in_the_tree_of_what_they_test() -> None:
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

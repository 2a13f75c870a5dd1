"""How the source is laid out: who may know whom, and how large a piece may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import mockserver

ROOT = Path(mockserver.__file__).parent
FILES = sorted(file for file in ROOT.rglob("*.py"))
NAMES = [file.relative_to(ROOT).as_posix() for file in FILES]
ROOMS = sorted(each.name for each in (ROOT / "providers").iterdir() if (each / "__init__.py").is_file())

MAY_IMPORT: dict[str, set[str]] = {
    "nearest": set(),
    "token": set(),
    "addresses": set(),
    "testing": {"testing", "token", "nearest"},
    "storage": {"storage"},
    "engine": {"engine", "storage", "nearest"},
    "openapi": {"engine", "openapi"},
    "settings": {"engine"},
    "http": {"addresses", "engine", "http", "settings"},
    "delivery": {"addresses", "delivery", "engine"},
    "admin": {"admin", "engine", "http", "settings", "token", "version"},
    "console": {"console", "admin"},
    "app": {"admin", "console", "engine", "http", "openapi", "providers", "settings", "storage", "token", "version"},
    "configuration": {"admin", "engine", "settings"},
    "cli": {
        "app",
        "cli",
        "configuration",
        "delivery",
        "engine",
        "http",
        "nearest",
        "settings",
        "storage",
        "testing",
        "token",
        "version",
    },
    "__main__": {"cli"},
}
"""Which part imports which: cli and serve over app over admin, providers, mounts, edge over engine over storage."""

LONG_FUNCTIONS = {"engine/sandbox/keyring.py:write": 35}
"""Functions beyond 30 lines, and how long they may be."""


@cache
def tree(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text("utf-8"))


def parts(node: ast.AST, *, typing: bool = False) -> Iterator[ast.AST]:
    """Every node, without what is only there for the type checker."""
    for child in ast.iter_child_nodes(node):
        if not typing and isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING":
            for other in child.orelse:
                yield from (other, *parts(other))
            continue
        yield child
        yield from parts(child, typing=typing)


def imports(name: str) -> Iterator[str]:
    """The modules a file imports when it runs, in full."""
    for node in parts(tree(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno} imports relatively"
            assert node.module is not None
            if node.module == "mockserver":
                yield from (f"mockserver.{alias.name}" for alias in node.names)
            else:
                yield node.module


def area(module: str) -> str:
    """The part of the source a module of ours belongs to."""
    name = module.removeprefix("mockserver").lstrip(".").partition(".")[0]
    return "version" if name in ("", "__version__") else name


def own(name: str) -> str:
    return name.partition("/")[0].removesuffix(".py")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "__init__.py"])
def test_imports_point_one_way(name: str) -> None:
    if name.startswith("providers/"):
        room = name.split("/")[1]
        allowed = {f"mockserver.providers.{room}"} if room in ROOMS else {f"mockserver.providers.{r}" for r in ROOMS}
        inside = {module for module in imports(name) if module.startswith("mockserver")}
        strange = {m for m in inside if not any(m == a or m.startswith(f"{a}.") for a in allowed)}
        assert strange <= {"mockserver.engine"}
        return
    assert own(name) in MAY_IMPORT, f"{name}: say in MAY_IMPORT what {own(name)} may import"
    found = {area(module) for module in imports(name) if module.split(".")[0] == "mockserver"}
    assert found <= MAY_IMPORT[own(name)]


@pytest.mark.parametrize("name", NAMES)
def test_the_engines_inside_is_nobody_elses(name: str) -> None:
    if own(name) in ("engine", "storage"):
        return
    deep = [module for module in imports(name) if module.startswith("mockserver.engine.")]
    assert deep == []


@pytest.mark.parametrize("name", NAMES)
def test_only_the_composition_root_imports_rooms(name: str) -> None:
    if name == "app.py" or name.startswith("providers/"):
        return
    assert [module for module in imports(name) if module.startswith("mockserver.providers")] == []


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("gevent", ("http/server.py", "http/connection.py")),
        ("flask", ("app.py", "http/mounts.py", "admin/", "console/")),
        ("werkzeug", ("app.py", "http/mounts.py", "admin/", "console/")),
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
def test_a_library_is_known_in_its_place_only(library: str, homes: tuple[str, ...]) -> None:
    users = [name for name in NAMES if library in {module.split(".")[0] for module in imports(name)}]
    assert users
    assert [name for name in users if not name.startswith(homes)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_providers_name_stands_outside_its_room(name: str) -> None:
    if name.startswith("providers/"):
        return
    texts = [node for node in ast.walk(tree(name)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    compared = [
        node.lineno
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Compare)
        and any(isinstance(part, ast.Constant) and part.value in ROOMS for part in (node.left, *node.comparators))
    ]
    assert compared == []
    assert [node.lineno for node in texts if node.value in ROOMS] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("engine/")])
def test_the_engine_never_asks_which_kind_of_fault_it_is(name: str) -> None:
    asked = [
        node.lineno
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Compare)
        and any(
            "kind" in (getattr(part, "id", ""), getattr(part, "attr", "")) for part in (node.left, *node.comparators)
        )
        and any(isinstance(part, ast.Constant) and part.value is not None for part in (node.left, *node.comparators))
    ]
    assert asked == []


INSIDE = [name for name in NAMES if own(name) in ("engine", "storage", "providers", "openapi", "admin")]


@pytest.mark.parametrize("name", [name for name in INSIDE if name != "storage/redis/link.py"])
def test_nothing_but_the_edge_and_who_waits_for_another_process_sleeps(name: str) -> None:
    names = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(tree(name))}
    imported = {alias.name for node in ast.walk(tree(name)) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert "sleep" not in names | imported


def documented(name: str) -> Iterator[tuple[str, ast.Module | ast.ClassDef | ast.FunctionDef]]:
    """What must have a docstring: the module, its classes, their public methods, its public functions."""
    yield name, tree(name)
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield f"{name}: {node.name}", node
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{name}: {node.name}.{inner.name}", inner
    for node in tree(name).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{name}: {node.name}", node


@pytest.mark.parametrize("name", [name for name in NAMES if (ROOT / name).read_text("utf-8").strip()])
def test_everything_public_has_a_docstring(name: str) -> None:
    assert [what for what, node in documented(name) if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_file_is_longer_than_a_few_screens(name: str) -> None:
    if name.endswith("models.py"):
        return
    lines = len((ROOT / name).read_text("utf-8").splitlines())
    assert lines <= 300


@pytest.mark.parametrize("name", NAMES)
def test_no_function_is_longer_than_a_screen(name: str) -> None:
    long = {}
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONG_FUNCTIONS.get(f"{name}:{node.name}", 30):
                long[f"{name}:{node.name}"] = lines
    assert long == {}


def loaded_by(script: str) -> set[str]:
    """The modules a fresh interpreter has after a script."""
    run = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_the_health_check_imports_next_to_nothing() -> None:
    heavy = {"flask", "pydantic", "http.client", "werkzeug", "gevent", "click", "tinydb", "mockserver.engine"}
    assert loaded_by("import mockserver.cli.healthcheck") & heavy == set()


def test_the_app_is_there_without_faker_and_without_gevent() -> None:
    script = "from mockserver.app import create_app\ncreate_app()"
    assert loaded_by(script) & {"faker", "gevent"} == set()


def test_a_start_loads_neither_flask_nor_what_only_some_need() -> None:
    loaded = loaded_by("import mockserver.cli.serve\nfrom mockserver.app import known_providers\nknown_providers()")
    assert "mockserver.providers.kota" in loaded
    assert (
        loaded & {"flask", "jinja2", "faker", "redis", "tomllib", "mockserver.openapi", "mockserver.console"} == set()
    )


def test_a_server_that_nobody_looks_at_does_not_load_the_console() -> None:
    loaded = loaded_by("from mockserver.app import create_app\ncreate_app()")
    assert "mockserver.console.routes" in loaded
    assert loaded & {"mockserver.console.view", "mockserver.console.render", "mockserver.console.pages"} == set()


def test_the_command_line_shows_its_help_without_the_server() -> None:
    script = "import mockserver.cli.group as c\ntry:\n    c.cli(['--version'])\nexcept SystemExit: pass"
    assert loaded_by(script) & {"flask", "gevent", "pydantic", "faker"} == set()


def test_every_file_of_the_engine_has_a_test_file_of_its_name() -> None:
    here = Path(__file__).resolve().parent
    exempt = {"__init__", "operation"}  # Names only; a plain value that test_provider looks at.
    engine = here.parent / "mockserver" / "engine"
    for folder in ("", "core", "pipeline", "records", "sandbox", "webhooks"):
        for file in sorted((engine / folder).glob("*.py")):
            prefix = "webhooks_" if folder == "webhooks" and file.stem != "events" else ""
            if file.stem not in exempt:
                assert (here / f"test_{prefix}{file.stem}.py").is_file(), file.stem

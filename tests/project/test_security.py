"""Security rules for the whole server, against other sites, unauthenticated clients and clients with a key.

Rules that one file implements are tested with it: hosts, egress, framing, redaction, authentication of the admin API.
"""

from __future__ import annotations

import ast
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import mockserver
from mockserver.admin import views
from mockserver.admin.api import ROUTES
from mockserver.app import create_app
from mockserver.engine import Call, Reply
from mockserver.http.response import check_response_head
from mockserver.settings import ServerSettings
from tests.support.acme import ACME
from tests.support.harness import TOKEN, Harness, make_harness
from tests.support.server_process import start_server

ROOT = Path(mockserver.__file__).parent
TREES = {
    file.relative_to(ROOT).as_posix(): ast.parse(file.read_text("utf-8"))
    for file in sorted(ROOT.rglob("*.py"))
    if "vendor" not in file.parts
}
BEARER = f"Authorization: Bearer {TOKEN}\r\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start_server("serve", "--port", "0", "--memory", "--admin-token", TOKEN) as (_, url):
        yield url


def send_raw(url: str, method: str, target: str, fields: str = "", host: str = "localhost") -> tuple[int, str, str]:
    """Sends a request without normalising the target, and returns status, head and body of the response."""
    address = urlsplit(url)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 80), 10) as connection:
        head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}Connection: close\r\n\r\n"
        connection.sendall(head.encode("latin-1"))
        response = b""
        while chunk := connection.recv(65_536):
            response += chunk
    first, _, body = response.decode("latin-1").partition("\r\n\r\n")
    return int(first.split(" ", 2)[1]), first, body


# S-1: an unauthenticated request reaches no admin route, whatever the spelling of its path

MANGLED_ADMIN_PATHS = (
    "/__admin%2fversion",
    "/__admin%2Fversion",
    "/__admin%5cversion",
    "/__admin%252fversion",
    "/x/../__admin/version",
    "/x/%2e%2e/__admin/version",
    "/__admin/../__admin/version",
    "/__admin/%2e%2e/__admin/version",
    "/__admin;/version",
    "/__admin/version;x",
    "//__admin/version",
    "/__admin//version",
    "/__admin./version",
    "/__admin/version.",
    "/__ADMIN/version",
    "/__Admin/version",
    "/__admin/VERSION",
    "/__adminfoo",
    "/__admin/version/",
    "/./__admin/version",
    "/%2e/__admin/version",
    "/__admin%00/version",
    "/__admin/version%00",
    "/__admin%20/version",
    "/__admin/version%20",
    "/smartepi/../__admin/version",
    "/smartepi/%2e%2e/__admin/version",
    "/health/../__admin/version",
    "/__admin/version%0d%0a",
    "/__admin%c0%afversion",
    "/\\__admin/version",
    "/__admin\\version",
    "/__admin/version%23",
    "/__admin/%76ersion%2f",
)


@pytest.mark.parametrize("fields", ["", BEARER], ids=["without the token", "with it"])
@pytest.mark.parametrize("path", MANGLED_ADMIN_PATHS)
def test_mangled_path_reaches_no_other_handler(url: str, path: str, fields: str) -> None:
    status, _, body = send_raw(url, "GET", path, fields)
    assert status in (401, 403, 404)
    assert "durability" not in body


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_admin_route_of_a_running_server_requires_the_token(url: str, route: Any) -> None:
    for fields in ("", "Authorization: Bearer wrong\r\n", f"Cookie: token={TOKEN}\r\n", f"Authorization: {TOKEN}\r\n"):
        status, head, _ = send_raw(url, route.method, "/__admin" + route.path.replace("{", "").replace("}", ""), fields)
        assert (status, "WWW-Authenticate: Bearer" in head) == (401, True)


def test_the_token_in_the_query_is_not_accepted(url: str) -> None:
    assert send_raw(url, "GET", f"/__admin/version?token={TOKEN}&access_token={TOKEN}")[0] == 401


def test_a_percent_encoded_admin_path_requires_the_token_too(url: str) -> None:
    assert [send_raw(url, "GET", "/%5f%5fadmin/version", fields)[0] for fields in ("", BEARER)] == [401, 200]


# S-2


def test_a_server_listens_on_loopback_by_default() -> None:
    assert ServerSettings().host == "127.0.0.1"


# S-3, S-7: a request can neither name a file nor run code

FILE_READERS = {
    "app.py": "the data sets and the folder of the fixtures",
    "engine/sandbox/scenarios.py": "the scenarios, at the start",
    "http/tls.py": "the certificates and their keys, at the start",
    "providers/kasko/products/catalog.py": "the products, at the start",
    "providers/kotauth/documents.py": "the files of Swagger UI, by a table of their names",
}
"""The files of the request path that read files, and what they read."""
SANDBOX_OPENERS = {"engine/sandbox/engine.py", "engine/sandbox/seed_history.py"}
"""The files that open a store's sandbox; the store refuses names that are unsafe in a path."""
REQUEST_PATHS = ("engine/", "admin/", "providers/", "http/", "app.py")


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yields every call with the name of its function: ``eval``, ``re.compile``, ``….read_text``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(name):
                    yield name, node
                case ast.Attribute(ast.Name(owner), name):
                    yield f"{owner}.{name}", node
                case ast.Attribute(_, name):
                    yield f"….{name}", node


def imported(tree: ast.AST) -> set[str]:
    """Returns the top-level names of the modules that a file imports, also inside functions."""
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def test_the_request_path_reads_files_only_in_reviewed_places() -> None:
    open_functions = {"open", "send_file", "send_from_directory"}
    read_methods = ("read_text", "read_bytes", "open", "send_file", "iterdir", "glob", "rglob")
    found = {
        name
        for name, tree in TREES.items()
        if name.startswith(REQUEST_PATHS)
        for function, _ in calls(tree)
        if function in open_functions or function.rpartition(".")[2] in read_methods
    }
    assert found == set(FILE_READERS) | SANDBOX_OPENERS


FORBIDDEN = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "builtins.eval", "builtins.exec"}
UNSAFE = {"pickle", "marshal", "shelve", "dill", "yaml", "xml", "lxml", "jinja2", "mako", "code", "runpy", "ctypes"}
REVIEWED_USES = {
    "console/render.py": {"jinja2"},  # Our own templates, escaped; no request contains a template.
    "openapi/document/document_files.py": {"yaml"},  # The operator's file, with a loader for plain values only.
    "openapi/document/yaml_loader.py": {"yaml"},
    "openapi/serving/reply_writer.py": {"xml"},  # Escapes text; parses nothing.
}
PROCESS_STARTERS = {"http/workers.py", "testing/server.py"}


def test_no_code_evaluates_or_unpickles_data() -> None:
    forbidden = {
        (name, function) for name, tree in TREES.items() for function, _ in calls(tree) if function in FORBIDDEN
    }
    assert forbidden == set()
    assert {name: imported(tree) & UNSAFE for name, tree in TREES.items() if imported(tree) & UNSAFE} == REVIEWED_USES
    templates = {function for tree in TREES.values() for function, _ in calls(tree) if "render_template" in function}
    assert templates == set()


def test_only_the_supervisor_and_the_test_client_start_processes_and_never_with_a_shell() -> None:
    starters = {name for name, tree in TREES.items() if imported(tree) & {"subprocess", "multiprocessing", "pty"}}
    assert starters <= PROCESS_STARTERS
    arguments = [keyword.arg for name in starters for _, call in calls(TREES[name]) for keyword in call.keywords]
    assert "shell" not in arguments


def is_constant(node: ast.expr) -> bool:
    """Whether a pattern is constant: a literal, or composed of constants."""
    match node:
        case ast.Constant():
            return True
        case ast.JoinedStr(values):
            return all(is_constant(value.value) if isinstance(value, ast.FormattedValue) else True for value in values)
        case ast.BinOp(left, _, right):
            return is_constant(left) and is_constant(right)
        case ast.Name(name):
            return name.isupper()
    return False


BUILT_PATTERNS = {
    # The operator's document; the pattern generates a text, and no request is matched against it.
    ("openapi/generation/patterns.py", "pattern"),
    # The rules of forms are a table in the provider's source.
    ("providers/kota/requirements/rules.py", "pattern"),
    # A glob, translated by the standard library: repeated stars are merged, so matching is linear.
    ("engine/faults/match.py", "translate(re.sub('\\\\*+', '*', pattern))"),
    ("providers/kotauth/users/calls.py", "re.escape(piece).replace('_', '.')"),
}
"""Patterns that are compiled at run time, and why no client can cause catastrophic backtracking."""


def test_no_pattern_comes_from_a_client() -> None:
    functions = ("compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
    built = {
        (name, ast.unparse(call.args[0]))
        for name, tree in TREES.items()
        for function, call in calls(tree)
        if function.startswith("re.") and function[3:] in functions and not is_constant(call.args[0])
    }
    assert built == BUILT_PATTERNS


# S-5


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0b", "a\x7fb", "漢", "\x1b[31m"])
def test_a_header_with_a_line_break_or_control_character_is_never_sent(value: str) -> None:
    with pytest.raises(ValueError, match="contains a character that cannot be sent"):
        check_response_head("200 OK", [("X-Any", value)])
    with pytest.raises(ValueError, match="contains a character that cannot be sent"):
        check_response_head("200 OK", [(value, "x")])
    check_response_head("200 OK", [("X-Any", "a\tb ü")])


def test_a_request_cannot_inject_a_header_line(url: str) -> None:
    for path in ("/smartepi/v1/sectors%0d%0aX-Evil:%201", "/nothing%0d%0aX-Evil:%201", "/__admin/%0d%0aX-Evil:%201"):
        _, head, _ = send_raw(url, "GET", path, BEARER)
        assert "x-evil" not in head.lower()


# S-10

SECRET_TEXT = "a-secret-nobody-must-read"


def _raise_with_key(call: Call) -> Reply:
    raise RuntimeError(f"the key {call.credential.secret} hit a bug")


ACME_RAISING_WITH_KEY = replace(
    ACME,
    operations=tuple(
        replace(each, perform=_raise_with_key) if each.name == "explode" else each for each in ACME.operations
    ),
)


@pytest.fixture
def production_harness() -> Harness:
    """A harness that responds to a bug with 500, like a server, instead of raising it."""
    harness = make_harness(ACME_RAISING_WITH_KEY)
    harness.engine.propagate = False
    harness.app = create_app(harness.engine, token=TOKEN)
    return harness


def test_neither_log_nor_metrics_nor_journal_nor_responses_show_a_key(
    production_harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = production_harness.key()
    answers = [
        production_harness.request("GET", "/v1/boom"),
        production_harness.request("GET", f"/v1/boom?api_key={key}"),
        production_harness.request("GET", f"/v1/{key}"),
        production_harness.request("POST", "/v1/notes", json={"text": key, "password": SECRET_TEXT}),
        production_harness.request("GET", "/v1/notes", key=SECRET_TEXT),
        production_harness.request("GET", "/v1/notes", headers={"Cookie": f"session={SECRET_TEXT}"}),
    ]
    assert "a bug of Testmode in GET /acme/v1/boom" in caplog.text
    assert [answer.status_code for answer in answers] == [500, 500, 404, 201, 401, 200]
    ids = [each["id"] for each in production_harness.admin("GET", "/sandboxes/acme/requests").json["requests"]]
    assert len(ids) == len(answers)
    texts = [production_harness.admin("GET", f"/sandboxes/acme/requests/{id}").text for id in ids]
    texts += [
        production_harness.admin("GET", path).text for path in ("/metrics", "/sandboxes/acme/requests", "/settings")
    ]
    for text in [caplog.text, *texts]:
        assert key not in text
        assert SECRET_TEXT not in text
        assert TOKEN not in text


# S-11


def test_the_response_to_a_bug_has_no_traceback(production_harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    def boom(_: object) -> None:
        raise RuntimeError(SECRET_TEXT)

    monkeypatch.setattr(views, "render_metrics", boom)
    for answer in (production_harness.request("GET", "/v1/boom"), production_harness.admin("GET", "/metrics")):
        assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
        assert "bug of Testmode" in answer.text
        for word in ("Traceback", 'File \\"', ".py", "RuntimeError", SECRET_TEXT, production_harness.key()):
            assert word not in answer.text


def test_the_debugger_is_not_loaded() -> None:
    script = "import mockserver.cli.serve\nfrom mockserver.app import create_app\napp = create_app()\n"
    script += "import sys; print(app.debug, 'werkzeug.debug' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    "query", ["__debugger__=yes", "__debugger__=yes&cmd=resource&f=debugger.js", "__debugger__=yes&cmd=pinauth&pin=1"]
)
@pytest.mark.parametrize("path", ["/", "/console", "/nothing"])
def test_debugger_urls_are_not_found(url: str, path: str, query: str) -> None:
    status, _, body = send_raw(url, "GET", f"{path}?{query}", BEARER)
    assert (status, "debugger" in body.lower()) == (404, False)


# S-12

UNUSUAL_METHODS = ("TRACE", "CONNECT", "PROPFIND", "BREW", "get", "NONE")


@pytest.mark.parametrize("method", UNUSUAL_METHODS)
@pytest.mark.parametrize("path", ["/health", "/ready", "/__admin/version", "/__admin/openapi.json"])
def test_an_unsupported_method_is_refused_with_405_and_an_allow_header(url: str, method: str, path: str) -> None:
    status, head, body = send_raw(url, method, path, BEARER)
    assert (status, "\r\nAllow: GET\r\n" in head) == (405, True)
    assert TOKEN not in body


def test_the_allow_header_names_every_method_of_a_path(url: str) -> None:
    for method in ("TRACE", "post"):
        status, head, _ = send_raw(url, method, "/__admin/sandboxes", BEARER)
        assert (status, "\r\nAllow: GET, POST\r\n" in head) == (405, True)


@pytest.mark.parametrize("method", UNUSUAL_METHODS)
def test_an_unsupported_method_on_an_unknown_path_is_refused_with_404(url: str, method: str) -> None:
    assert send_raw(url, method, "/nothing")[0] == 404


def test_connect_to_another_host_is_refused(url: str) -> None:
    status, _, body = send_raw(url, "CONNECT", "example.test:443", host="localhost")
    rule = "The request target must be a path, an absolute http or https URI, or * with OPTIONS."
    assert (status, body) == (400, f"{rule}\n")


def test_a_response_never_repeats_request_headers(url: str) -> None:
    for path in ("/health", "/__admin/version", "/smartepi/v1/sectors", "/nothing"):
        _, head, body = send_raw(url, "TRACE", path, f"X-Secret: {SECRET_TEXT}\r\n{BEARER}")
        assert SECRET_TEXT not in head + body

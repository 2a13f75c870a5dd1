"""Serving documents: by flag, by environment variable, and under a fuzzer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mockserver.app import select_providers
from mockserver.engine import Refusal
from mockserver.openapi import load_provider
from mockserver.settings import read_settings
from tests.support.openapi_harness import document, write_document
from tests.support.paths import OPENAPI_DOCUMENTS
from tests.support.server_process import start_server

CHECKS = "not_a_server_error,response_schema_conformance"


def get(url: str, path: str, **headers: str) -> tuple[int, Any]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return response.status, body


def test_a_document_is_served_alone_and_the_admin_api_has_its_notes() -> None:
    arguments = [
        "serve",
        "--openapi",
        str(OPENAPI_DOCUMENTS / "library.yaml"),
        "--port",
        "0",
        "--memory",
        "--admin-token",
        "t",
    ]
    with start_server(*arguments) as (_, url):
        assert get(url, "/api/v1/report")[0] == 200
        key = get(url, "/__admin/sandboxes/library/keys", Authorization="Bearer t")[1][0]["secret"]
        status, page = get(url, "/library/api/v1/authors", **{"X-Token": key})
        assert (status, len(page["data"])) == (200, 3)
        status, provider = get(url, "/__admin/providers/library", Authorization="Bearer t")
        assert "GET /report: responses are generated, without state" in provider["notes"]


def test_notes_about_a_document_are_printed_at_the_start(tmp_path: Path) -> None:
    file = write_document(tmp_path, document({"/x": {"get": {"responses": {"204": {"description": "Done"}}}}}))
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--memory"]
    environment = {**os.environ, "TESTMODE_OPENAPI": str(file)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    printed = ""
    while "Ready." not in printed and (line := process.stdout.readline()):
        printed += line
    process.terminate()
    process.communicate(timeout=60)
    assert "    GET /x: responses are generated, without state\n" in printed


def test_with_a_bad_document_the_server_exits_with_78(tmp_path: Path) -> None:
    file = write_document(tmp_path, document({"x": {}}))
    command = [sys.executable, "-m", "mockserver", "serve", "--openapi", str(file), "--port", "0", "--memory"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (78, "testmode: api.json#/paths/x: a path must begin with a slash\n")


def test_documents_are_added_to_the_named_providers(tmp_path: Path) -> None:
    files = [OPENAPI_DOCUMENTS / "library.yaml", OPENAPI_DOCUMENTS / "petstore.json"]
    assert [each.name for each in select_providers((), files)] == ["library", "swagger-petstore"]
    assert [each.name for each in select_providers(("kota",), files[:1])] == ["kota", "library"]
    taken = write_document(tmp_path, document({}, **{"x-testmode-name": "kota"}))
    with pytest.raises(Refusal, match="give the document an x-testmode-name"):
        select_providers((), [taken])


def test_documents_are_separated_by_commas_in_the_environment() -> None:
    assert read_settings({"TESTMODE_OPENAPI": "a.yaml, b c.json"}, {}).openapi == (Path("a.yaml"), Path("b c.json"))


def test_a_start_without_documents_imports_no_openapi_module() -> None:
    script = "from mockserver.app import create_app; create_app(); import sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"yaml", "jsonschema_rs", "mockserver.openapi"} & set(run.stdout.split()) == set()


@pytest.mark.parametrize("name", ["library.yaml", "petstore.json"])
def test_a_fuzzer_gets_only_declared_responses(name: str, tmp_path: Path) -> None:
    file, api = OPENAPI_DOCUMENTS / name, load_provider(OPENAPI_DOCUMENTS / name)
    with start_server("serve", "--openapi", str(file), "--port", "0", "--memory", "--admin-token", "t") as (_, url):
        key = get(url, f"/__admin/sandboxes/{api.name}/keys", Authorization="Bearer t")[1][0]["secret"]
        arguments = ["run", str(file), "--url", f"{url}/{api.name}{api.prefix}", "-H", f"X-Token: {key}"]
        arguments += ["-H", f"Authorization: Bearer {key}", "--checks", CHECKS, "--no-color", "--seed", "1"]
        arguments += ["-n", os.environ.get("FUZZ_EXAMPLES", "5"), "--phases", "coverage,fuzzing"]
        command = [str(Path(sys.executable).parent / "schemathesis"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=600)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    summary = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert summary is not None
    assert summary[1] == summary[2] != "0"

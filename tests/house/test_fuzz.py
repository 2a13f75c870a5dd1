"""Requests nobody would think of, made by schemathesis from each provider's OpenAPI document."""

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

from mockserver.app import known_providers
from tests.support.server_process import start_server

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "5")
"""Requests per operation and phase; ``make fuzz`` asks for more."""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"


def send_request(url: str, path: str, method: str = "GET", body: Any = None) -> Any:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    headers = {"Authorization": "Bearer t", "Content-Type": "application/json"}
    connection.request(method, f"/__admin{path}", None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    assert answer.status == 200, document
    return document


@pytest.mark.parametrize("provider", known_providers())
def test_no_request_gets_an_answer_that_is_not_declared(provider: str, tmp_path: Path) -> None:
    with start_server("serve", provider, "--port", "0", "--memory", "--admin-token", "t") as (_, url):
        file = tmp_path / "openapi.json"
        file.write_text(json.dumps(send_request(url, f"/providers/{provider}/openapi.json")))
        send_request(url, f"/sandboxes/{provider}", "PATCH", {"limits": {"rate": None}})
        key = send_request(url, f"/sandboxes/{provider}/keys")[0]["secret"]
        words = ["run", str(file), "--url", f"{url}/{provider}", "-H", f"Authorization: Bearer {key}"]
        words += ["--checks", CHECKS, "-n", EXAMPLES, "--phases", "coverage,fuzzing", "--seed", "1", "--no-color"]
        command = [str(Path(sys.executable).parent / "schemathesis"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=900)
        calls = send_request(url, f"/sandboxes/{provider}/requests?limit=1")["requests"]
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    made = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert made is not None
    assert made[1] == made[2] != "0"
    assert calls

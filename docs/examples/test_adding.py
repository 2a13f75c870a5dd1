"""Tests that the example provider and the example fault of the documentation work unchanged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from runpy import run_path
from shutil import copy, copytree, ignore_patterns

import pytest

from mockserver.engine import Provider
from tests.support.harness import Harness, make_harness

SCRIPT = """
import sys
from runpy import run_path
from mockserver.app import create_app, make_engine
from mockserver.storage.tinydb.store import TinyStore

engine = make_engine(TinyStore(None), [run_path(sys.argv[1])["BOOKSHOP"]])
client = create_app(engine, token="t").test_client()
rule = {"fault": {"kind": "extra_member", "name": "surprise"}, "trigger": {"times": 1}}
admin = {"Authorization": "Bearer t"}
print(client.post("/__admin/sandboxes/bookshop/faults", json=rule, headers=admin).status_code)
key = {"X-Shop-Key": next(iter(engine.get_sandbox("bookshop").keys))}
for _ in range(2):
    print(",".join(sorted(client.get("/bookshop/v1/books", headers=key).json)))
"""
HERE = Path(__file__).resolve().parent


@pytest.fixture
def harness() -> Harness:
    provider = run_path(str(HERE / "bookshop.py"))["BOOKSHOP"]
    assert isinstance(provider, Provider)
    return make_harness(provider)


def key_header(harness: Harness) -> dict[str, str]:
    return {"X-Shop-Key": harness.key()}


def test_a_new_book_is_listed_after_the_seeded_one(harness: Harness) -> None:
    created = harness.request("POST", "/v1/books", key=None, headers=key_header(harness), json={"title": "Emma"})
    assert (created.status_code, created.headers["X-Shop"]) == (201, "1")
    listed = harness.request("GET", "/v1/books", key=None, headers=key_header(harness)).json["books"]
    assert [each["title"] for each in listed] == ["The Trial", "Emma"]


def test_refusals_have_the_format_of_the_shop(harness: Harness) -> None:
    assert harness.request("GET", "/v1/books", key=None).status_code == 401
    refused = harness.request("POST", "/v1/books", key=None, headers=key_header(harness), json={"title": ""})
    assert refused.status_code == 400
    assert set(refused.json) == {"error", "reason"}


def test_faults_and_journal_work_without_further_code(harness: Harness) -> None:
    rule = {"fault": {"kind": "status", "status": 503}, "trigger": {"times": 1}}
    assert harness.admin("POST", "/sandboxes/bookshop/faults", rule).status_code == 201
    statuses = [
        harness.request("GET", "/v1/books", key=None, headers=key_header(harness)).status_code for _ in range(2)
    ]
    assert statuses == [503, 200]
    journal = harness.admin("GET", "/sandboxes/bookshop/requests").json["requests"]
    assert [each["status"] for each in journal] == [503, 200]


def test_the_example_fault_registers_itself(tmp_path: Path) -> None:
    root = HERE.parent.parent
    copytree(root / "mockserver", tmp_path / "mockserver", ignore=ignore_patterns("__pycache__"))
    (tmp_path / "fixtures").symlink_to(root / "fixtures")
    copy(HERE / "extra_member.py", tmp_path / "mockserver" / "engine" / "faults" / "calls")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", SCRIPT, str(HERE / "bookshop.py")]
    completed = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert completed.stdout.split() == ["201", "books,surprise", "books"], completed.stderr


def test_the_example_provider_has_fewer_than_60_lines() -> None:
    assert len((HERE / "bookshop.py").read_text("utf-8").splitlines()) < 60

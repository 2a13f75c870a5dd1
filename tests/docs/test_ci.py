"""The CI examples, compose.yaml and the workflows are consistent with the image and the settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from mockserver.settings import CLIENT_VARIABLES, VARIABLE_PREFIX, read_settings
from tests.support.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs/ci.md").read_text(), re.DOTALL | re.MULTILINE)
BALANCER_PORT = "8081"
"""The port of the replicas in compose.yaml; the single server in the same file uses 8080."""
COMPOSE = (ROOT / "compose.yaml").read_text()
TEXTS = [*EXAMPLES, COMPOSE, *(file.read_text() for file in WORKFLOWS)]
PORT = re.findall(r"^EXPOSE (\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[0]


def variables(document: Any) -> dict[str, str]:
    """Returns every TESTMODE_ variable that is set anywhere in a document."""
    found: dict[str, str] = {}
    for name, value in document.items() if isinstance(document, dict) else ():
        if str(name).startswith(VARIABLE_PREFIX):
            found[name] = str(value)
        found |= variables(value)
    for each in document if isinstance(document, list) else ():
        found |= variables(each)
    return found


@pytest.mark.parametrize("nth", range(len(TEXTS)))
def test_every_variable_is_a_setting_with_a_valid_value(nth: int) -> None:
    all_variables = variables(yaml.safe_load(TEXTS[nth]))
    settings = {
        name: value
        for name, value in all_variables.items()
        if name.removeprefix(VARIABLE_PREFIX) not in CLIENT_VARIABLES
    }
    settings.pop("TESTMODE_ADMIN_TOKEN_FILE", None)  # Names a file that exists only in the container.
    assert all(isinstance(value, str) for value in settings.values())
    read_settings({name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in settings.items()}, {})


def test_the_examples_set_the_variables_they_are_about() -> None:
    assert {"TESTMODE_PROVIDERS", "TESTMODE_SCENARIO", "TESTMODE_SEED", "TESTMODE_URL"} <= {
        name for text in EXAMPLES for name in variables(yaml.safe_load(text))
    }


@pytest.mark.parametrize("nth", range(len(TEXTS)))
def test_every_port_is_exposed_by_the_image_or_the_balancer(nth: int) -> None:
    ports = re.findall(r"(?:localhost|testmode|127\.0\.0\.1):(\d+)|:(\d+)\"", TEXTS[nth])
    assert {port for pair in ports for port in pair if port} <= {PORT, BALANCER_PORT}


def test_compose_listens_on_loopback_and_can_write_only_its_data() -> None:
    service = yaml.safe_load(COMPOSE)["services"]["testmode"]
    assert service["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert [volume.partition(":")[2] for volume in service["volumes"]] == ["/data"]
    assert "healthcheck" not in service, "the image has one"


def test_compose_has_three_replicas_behind_a_balancer_and_a_persistent_redis() -> None:
    services = yaml.safe_load(COMPOSE)["services"]
    replica = services["replica"]
    assert (replica["deploy"]["replicas"], replica["read_only"], replica["cap_drop"]) == (3, True, ["ALL"])
    assert "volumes" not in replica, "all state is in Redis"
    assert replica["environment"]["TESTMODE_STORE"] == "redis://redis:6379/0"
    assert replica["depends_on"] == {"redis": {"condition": "service_healthy"}}
    assert services["redis"]["command"][1:] == ["--appendonly", "yes", "--maxmemory-policy", "noeviction"]
    assert services["balancer"]["command"][-1] == f"replica:{PORT}"
    assert services["balancer"]["ports"] == [f"127.0.0.1:{BALANCER_PORT}:{BALANCER_PORT}"]
    assert {name for name in services if "profiles" not in services[name]} == {"testmode"}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflows_have_read_permission_and_only_the_publish_job_has_more(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for name, job in workflow["jobs"].items():
        assert job.get("permissions", {"contents": "read"}) == (
            {"id-token": "write"} if name == "publish" else {"contents": "read"}
        )
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


def test_the_job_that_publishes_runs_none_of_our_code() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    assert [step["uses"].partition("@")[0] for step in jobs["publish"]["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]
    assert jobs["publish"]["needs"] == "build"


def test_the_workflow_runs_make_test_on_every_supported_python() -> None:
    job = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())["jobs"]["test"]
    assert "make test" in (ROOT / job["steps"][-1]["run"]).read_text()
    least = re.findall(r'requires-python = ">=(\S+)"', (ROOT / "pyproject.toml").read_text())
    assert job["strategy"]["matrix"]["python"][0] == least[0]
    image = re.findall(r"^FROM python:(\d+\.\d+)-", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert image[0] in job["strategy"]["matrix"]["python"]

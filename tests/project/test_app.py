"""The composition root: defaults without configuration, and `flask routes`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mockserver.app import create_app, fixtures_folder, known_providers, select_providers
from mockserver.engine import UnknownName
from tests.support.paths import ROOT


def test_flask_lists_every_operation_as_a_route() -> None:
    environment = {**os.environ, "FLASK_APP": "mockserver.app"}
    command = [sys.executable, "-m", "flask", "routes"]
    output = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=ROOT).stdout
    for provider in known_providers().values():
        for operation in provider.operations:
            assert f"{provider.name}.{operation.name} " in output


def test_an_application_without_a_token_refuses_every_admin_request() -> None:
    client = create_app().test_client()
    for token in ("", "None", "token"):
        assert client.get("/__admin/version", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_the_refusal_of_an_unknown_provider_names_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match="did you mean 'smartepi'"):
        select_providers(["smartep"])


def test_fixtures_are_found_in_a_checkout() -> None:
    assert fixtures_folder() == ROOT / "fixtures"

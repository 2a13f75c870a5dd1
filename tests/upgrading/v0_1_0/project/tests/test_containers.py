"""The container, as far as it goes without Docker: making one already asks for the daemon."""

from __future__ import annotations

from inspect import signature

import pytest

pytest.importorskip("testcontainers")

from testcontainers.core.container import DockerContainer  # noqa: E402

from mockserver.testing.containers import TestmodeContainer  # noqa: E402


def test_the_container_is_one_of_testcontainers() -> None:
    assert issubclass(TestmodeContainer, DockerContainer)
    assert signature(TestmodeContainer).parameters["image"].default == "testmode"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("with_provider", ["self", "name"]),
        ("with_scenario", ["self", "name"]),
        ("with_seed", ["self", "seed"]),
        ("with_admin_token", ["self", "token"]),
        ("client", ["self"]),
        ("get_base_url", ["self", "provider"]),
        ("get_api_key", ["self", "provider"]),
    ],
)
def test_it_has_the_methods_that_the_documents_name(name: str, wanted: list[str]) -> None:
    assert list(signature(getattr(TestmodeContainer, name)).parameters) == wanted

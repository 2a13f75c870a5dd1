"""Assumptions: their descriptions, and those that the engine applies."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import ValidationError

from mockserver.app import known_providers
from mockserver.engine import SECOND, AssumptionNote, Assumptions, Duration, describe
from tests.support.harness import Harness


class Choices(Assumptions):
    """The assumptions of an invented vendor."""

    order: Annotated[Literal["old", "new"], AssumptionNote("Which comes first.", "Not documented.")] = "new"
    pause: Annotated[Duration, AssumptionNote("How long it rests.", "Measured.")] = 90 * SECOND


def test_a_description_has_name_type_default_sentence_and_evidence() -> None:
    descriptions = {each["name"]: each for each in describe(Choices)}
    assert descriptions["order"] == {
        "name": "order",
        "type": "old | new",
        "default": "new",
        "sentence": "Which comes first.",
        "evidence": "Not documented.",
    }
    assert (descriptions["pause"]["type"], descriptions["pause"]["default"]) == ("duration", "90s")


def test_every_assumption_of_every_provider_has_a_sentence_and_evidence() -> None:
    for provider in known_providers().values():
        for each in describe(provider.assumptions):
            assert each["sentence"].endswith("."), each["name"]
            assert each["evidence"].endswith("."), each["name"]


def test_an_assumption_without_a_sentence_cannot_be_described() -> None:
    class WithoutNote(Assumptions):
        """An assumption without a note."""

        point: bool = False

    with pytest.raises(StopIteration):
        describe(WithoutNote)


def test_a_value_that_is_not_a_choice_is_refused() -> None:
    with pytest.raises(ValidationError):
        Choices(order="random")  # type: ignore[arg-type]


def test_keys_expire_after_the_key_lifetime(acme: Harness) -> None:
    path = f"/sandboxes/{acme.sandbox.id}"
    acme.admin("PATCH", path, {"assumptions": {"key_lifetime": "1h"}})
    key = acme.admin("POST", f"{path}/keys", {}).json["secret"]
    assert acme.request("GET", "/v1/notes", key=key).status_code == 200
    acme.advance("1h")
    assert acme.request("GET", "/v1/notes", key=key).status_code == 401


def test_unknown_fields_are_refused_by_assumption(acme: Harness) -> None:
    body = {"text": "x", "colour": "red"}
    assert acme.request("POST", "/v1/notes", json=body).status_code == 201
    acme.admin("PATCH", f"/sandboxes/{acme.sandbox.id}", {"assumptions": {"unknown_fields": "refused"}})
    refused = acme.request("POST", "/v1/notes", json=body)
    assert (refused.status_code, refused.json["detail"]) == (400, "Unknown field: colour")


def test_bodies_may_be_as_long_as_the_body_limit(acme: Harness) -> None:
    acme.admin("PATCH", f"/sandboxes/{acme.sandbox.id}", {"assumptions": {"body_limit": 12}})
    assert acme.request("POST", "/v1/notes", data=b'{"text":"ab"').status_code == 400
    assert acme.request("POST", "/v1/notes", data=b'{"text":"a"}').status_code == 201
    assert acme.request("POST", "/v1/notes", data=b'{"text":"ab"}').status_code == 413

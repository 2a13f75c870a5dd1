"""Checks of the settings and states that operators send."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Refusal, Settings, UnknownName
from mockserver.engine.sandbox.checks import check_settings, validate_state
from tests.support.acme import ACME


def test_known_settings_are_accepted() -> None:
    check_settings(ACME, Settings(assumptions={"body_limit": 10}))


def test_an_unknown_setting_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="body_limit"):
        check_settings(ACME, Settings(assumptions={"body_limt": 10}))


def test_a_setting_of_a_wrong_type_is_refused_with_its_name() -> None:
    with pytest.raises(Refusal, match=r"assumptions\.body_limit"):
        check_settings(ACME, Settings(assumptions={"body_limit": "much"}))


def test_a_valid_state_is_returned_unchanged() -> None:
    assert validate_state({"notes": [{"id": "n"}]}, ["notes"]) == {"notes": [{"id": "n"}]}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (None, "under 'collections'"),
        ([], "under 'collections'"),
        ({"note": []}, "did you mean 'notes'"),
        ({"notes": {}}, "is not a list of records"),
        ({"notes": ["n"]}, "is not a list of records"),
        ({"notes": [{"id": 1}]}, "is not a list of records"),
    ],
)
def test_an_invalid_state_is_refused(state: Any, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        validate_state(state, ["notes"])

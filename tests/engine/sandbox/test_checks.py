"""Settings and states that operators hand in: refused by name where they cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine import Refusal, Settings, UnknownName
from mockserver.engine.sandbox.checks import check_settings, checked_state
from tests.support.acme import ACME


def test_settings_that_a_provider_has_are_taken() -> None:
    check_settings(ACME, Settings(assumptions={"body_limit": 10}))


def test_an_unknown_setting_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="body_limit"):
        check_settings(ACME, Settings(assumptions={"body_limt": 10}))


def test_a_setting_of_another_type_is_named() -> None:
    with pytest.raises(Refusal, match=r"assumptions\.body_limit"):
        check_settings(ACME, Settings(assumptions={"body_limit": "much"}))


def test_a_state_is_taken_as_it_is() -> None:
    assert checked_state({"notes": [{"id": "n"}]}, ["notes"]) == {"notes": [{"id": "n"}]}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (None, "under 'collections'"),
        ([], "under 'collections'"),
        ({"note": []}, "did you mean 'notes'"),
        ({"notes": {}}, "is not a list of records"),
        ({"notes": ["n"]}, "is not a list of records"),
        ({"notes": [{"id": 1}]}, "is not a list of records"),
    ],
)
def test_what_is_no_state_is_refused(state: Any, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        checked_state(state, ["notes"])

"""Reproducible random values."""

from __future__ import annotations

import subprocess
import sys
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import Randomness
from mockserver.engine.core.randomness import HEX, LOWER, URLSAFE

RNG = Randomness("1")


def test_the_values_are_the_same_on_every_machine_and_version() -> None:
    assert RNG.text("employees", 1, 16) == "jo1hcrxwrpotgavw"
    assert RNG.uuid("request-id", 1) == "2b0461a6-8a1d-41cc-95f4-5a7e104af199"


def test_the_values_do_not_depend_on_the_hash_seed_of_the_process() -> None:
    script = "from mockserver.engine import Randomness as R; print(R('1').token('a', 1, 40), R('1').uniform('a', 2))"
    drawn = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert drawn == {f"{RNG.token('a', 1, 40)} {RNG.uniform('a', 2)}\n"}


def test_no_value_depends_on_earlier_values() -> None:
    fresh = Randomness("1")
    for nth in range(50):
        fresh.uniform("noise", nth)
    assert fresh.text("ids", 7, 16) == RNG.text("ids", 7, 16)


@pytest.mark.parametrize(
    ("seed", "purpose", "nth"), [("2", "ids", 1), ("1", "idz", 1), ("1", "ids", 2), ("1", "ids", "01")]
)
def test_seed_purpose_and_number_each_change_the_value(seed: str, purpose: str, nth: int | str) -> None:
    assert Randomness(seed).text(purpose, nth, 16) != RNG.text("ids", 1, 16)


def test_ten_thousand_ids_are_all_different() -> None:
    assert len({RNG.text("ids", nth, 16) for nth in range(10_000)}) == 10_000


@given(nth=st.integers(0, 10**9))
@settings(max_examples=200, derandomize=True)
def test_uniform_is_at_least_zero_and_below_one(nth: int) -> None:
    assert 0 <= RNG.uniform("p", nth) < 1


def test_uniform_is_evenly_distributed() -> None:
    drawn = [RNG.uniform("spread", nth) for nth in range(10_000)]
    for tenth in range(10):
        share = sum(tenth / 10 <= unit < (tenth + 1) / 10 for unit in drawn)
        assert 900 < share < 1100


@pytest.mark.parametrize("alphabet", [LOWER, URLSAFE, HEX])
def test_text_uses_every_letter_about_equally_often(alphabet: str) -> None:
    drawn = "".join(RNG.text("letters", nth, 32, alphabet) for nth in range(1000))
    fair = len(drawn) / len(alphabet)
    assert set(drawn) == set(alphabet)
    assert all(0.8 * fair < drawn.count(letter) < 1.2 * fair for letter in alphabet)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 43, 64, 65, 200])
def test_a_token_has_the_given_length(length: int) -> None:
    assert len(RNG.token("t", 1, length)) == length


def test_halves_of_a_long_token_differ() -> None:
    token = RNG.token("t", 1, 64)
    assert token[:32] != token[32:]


@given(nth=st.integers(0, 10**9))
@settings(max_examples=100, derandomize=True)
def test_a_uuid_has_version_4(nth: int) -> None:
    drawn = UUID(RNG.uuid("u", nth))
    assert (drawn.version, str(drawn)) == (4, RNG.uuid("u", nth))


def test_each_stream_starts_from_its_beginning() -> None:
    first = [RNG.stream("s", 1).random() for _ in range(2)]
    assert first[0] == first[1] != RNG.stream("s", 2).random()


@pytest.mark.parametrize("seed", ["", "x" * 200, "日本", "\0"])
def test_any_text_can_be_a_seed(seed: str) -> None:
    assert Randomness(seed).uniform("p", 1) == Randomness(seed).uniform("p", 1) != RNG.uniform("p", 1)

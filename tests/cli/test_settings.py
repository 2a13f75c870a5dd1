"""Settings from the environment and the options, and refusals of invalid ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.engine import Fixed, Uniform
from mockserver.settings import BadSettings, ServerSettings, read_settings


def test_every_setting_has_a_default_and_a_sentence() -> None:
    assert ServerSettings() == read_settings({}, {})
    for name, field in ServerSettings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_options_override_the_environment() -> None:
    environment = {"TESTMODE_PORT": "9000", "TESTMODE_HOST": "::1", "TESTMODE_MEMORY": "true", "HOME": "/"}
    settings = read_settings(environment, {"port": 0, "host": None})
    assert (settings.port, settings.host, settings.memory) == (0, "::1", True)


def test_lists_are_separated_by_commas_or_spaces() -> None:
    settings = read_settings({"TESTMODE_SCENARIO": "slow, outage", "TESTMODE_PROVIDERS": "smartepi kota"}, {})
    assert settings.scenario == ("slow", "outage")
    assert settings.providers == ("smartepi", "kota")


def test_latency_is_a_duration_or_a_range() -> None:
    assert read_settings({"TESTMODE_LATENCY": "200ms"}, {}).latency == Fixed(ms=200)
    assert read_settings({}, {"latency": "100-300ms"}).latency == Uniform(min_ms=100, max_ms=300)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"TESTMODE_PROT": "1"}, "there is no setting TESTMODE_PROT; did you mean 'TESTMODE_PORT'?"),
        ({"TESTMODE_ADMINTOKEN": "x"}, "did you mean 'TESTMODE_ADMIN_TOKEN'?"),
        ({"TESTMODE_PORT": "70000"}, "port"),
        ({"TESTMODE_PORT": "http"}, "port"),
        ({"TESTMODE_SIZE": "huge"}, "size"),
        ({"TESTMODE_LATENCY": "fast"}, "'fast' is not a latency; write it as 200ms"),
        ({"TESTMODE_LATENCY": "300-100ms"}, "min_ms 300 is above max_ms 100"),
        ({"TESTMODE_ADMIN_TOKEN": ""}, "admin_token"),
        ({"TESTMODE_ADMIN_TOKEN": "two words"}, "admin_token"),
        ({"TESTMODE_MEMORY": "perhaps"}, "memory"),
    ],
)
def test_the_refusal_of_a_setting_names_it(environment: dict[str, str], named: str) -> None:
    with pytest.raises(BadSettings) as refusal:
        read_settings(environment, {})
    assert named in str(refusal.value)


def test_a_secret_can_be_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret-of-a-file\n")
    environment = {"TESTMODE_ADMIN_TOKEN_FILE": str(tmp_path / "token")}
    assert read_settings(environment, {}).admin_token == "secret-of-a-file"
    assert read_settings(environment, {"admin_token": "of-the-flag"}).admin_token == "of-the-flag"


def test_a_secret_that_is_set_twice_or_unreadable_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a")
    (tmp_path / "empty").write_text("\n")
    for environment, sentence in (
        ({"TESTMODE_ADMIN_TOKEN_FILE": str(tmp_path / "gone")}, "TESTMODE_ADMIN_TOKEN_FILE: cannot read .*gone"),
        ({"TESTMODE_ADMIN_TOKEN_FILE": str(tmp_path)}, "cannot read"),
        ({"TESTMODE_ADMIN_TOKEN_FILE": str(tmp_path / "empty")}, "admin_token"),
        (
            {"TESTMODE_ADMIN_TOKEN_FILE": str(tmp_path / "token"), "TESTMODE_ADMIN_TOKEN": "b"},
            "both the variable and its _FILE variant are set",
        ),
        ({"TESTMODE_ADMIN_TOKENFILE": "x"}, "did you mean 'TESTMODE_ADMIN_TOKEN_FILE'"),
        ({"TESTMODE_PORT_FILE": "x"}, "there is no setting TESTMODE_PORT_FILE"),
    ):
        with pytest.raises(BadSettings, match=sentence):
            read_settings(environment, {})


def test_variables_of_the_client_are_not_settings() -> None:
    assert read_settings({"TESTMODE_URL": "http://127.0.0.1:1"}, {}).data == Path(".testmode")

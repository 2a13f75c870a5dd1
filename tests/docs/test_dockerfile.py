"""The properties of the image, read from the Dockerfile without a Docker engine."""

from __future__ import annotations

import json
import re

from tests.support.paths import ROOT

LINES = [
    line
    for line in (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    if line.strip() and not line.startswith("#")
]


def instructions(name: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in LINES if line.split(maxsplit=1)[0] == name]


def final_stage() -> list[str]:
    last = max(nth for nth, line in enumerate(LINES) if line.startswith("FROM "))
    return LINES[last:]


def test_every_stage_uses_the_same_slim_image_pinned_by_digest() -> None:
    bases = {each.split(" AS ")[0] for each in instructions("FROM")}
    assert len(instructions("FROM")) >= 2
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+-slim\S*@sha256:[0-9a-f]{64}", bases.pop())


def test_it_runs_as_a_numeric_user_who_is_not_root() -> None:
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert any(line.startswith("USER") for line in final_stage())


def test_the_only_volume_belongs_to_the_user_of_the_image() -> None:
    assert instructions("VOLUME") == ["/data"]
    (user,) = instructions("USER")
    uid, gid = user.split(":")
    assert any(f"-o {uid} -g {gid}" in line and line.endswith("/data") for line in final_stage())
    assert "TESTMODE_DATA=/data" in " ".join(instructions("ENV"))


def test_the_health_check_is_our_command_in_exec_form_without_curl() -> None:
    (check,) = instructions("HEALTHCHECK")
    assert json.loads(check.partition("CMD ")[2]) == ["testmode", "healthcheck"]
    assert not any(re.search(r"\b(curl|wget)\b", line) for line in LINES)


def test_it_starts_in_exec_form_and_stops_on_sigterm() -> None:
    assert [json.loads(each) for each in instructions("ENTRYPOINT") + instructions("CMD")] == [["testmode"], ["serve"]]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert instructions("EXPOSE") == ["8080"]


def test_the_final_stage_builds_nothing() -> None:
    assert not any(re.search(r"\b(pip|apt-get|gcc)\b", line) for line in final_stage())


def test_the_ignore_file_admits_every_file_that_the_build_copies() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    copied = [word for each in instructions("COPY") if "--from" not in each for word in each.split()[:-1]]
    assert copied
    for name in copied:
        assert f"!{name.removeprefix('./')}" in ignored
        assert (ROOT / name).exists()

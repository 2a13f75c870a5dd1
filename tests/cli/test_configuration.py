"""One file of settings and first sandboxes: what it may say, how a slip is told, what a restart does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from mockserver.app import make_engine, select_providers
from mockserver.configuration import create_planned_sandboxes, load
from mockserver.engine import Engine, Settings
from mockserver.settings import BadSettings, read_settings
from mockserver.storage.redis.store import RedisStore
from mockserver.storage.tinydb.store import TinyStore
from mockserver.testing.client import Sandbox, Testmode
from tests.cli.test_cli import run
from tests.support.concurrency import run_concurrently
from tests.support.redis_server import shared_redis
from tests.support.server_process import start_server
from tests.support.suite.fork_server import run_command

TOKEN = "token-of-these-tests"
FULL_CONFIGURATION = """
[server]
admin_token = "token-of-these-tests"
providers = ["smartepi", "kota"]
evict_after = "0s"

[[sandboxes]]
provider = "kota"
seed = 9
scenarios = ["burst-then-recover"]

[[sandboxes]]
provider = "smartepi"
name = "nightly"
size = "medium"
assumptions = {timestamps = "iso"}
limits = {rate = 50, burst = 10}
latency = {type = "fixed", ms = 1}
scenarios = {outage-then-recovery = {duration = "90s"}}
faults = [{id = "flaky", match = {path = "*/sectors"}, trigger = {times = 1}, fault = {kind = "status", status = 503}}]
keys = [{activates_in = "0s", cidrs = ["127.0.0.0/8"]}]
webhooks = [{url = "http://127.0.0.1:9/hooks", events = ["return.created"], secret = "whsec_mine"}]
"""


def write_configuration(folder: Path, text: str = FULL_CONFIGURATION) -> Path:
    file = folder / "testmode.toml"
    file.write_text(text)
    return file


@contextmanager
def serving(*words: str, **environment: str) -> Iterator[Testmode]:
    with start_server("serve", "--port", "0", *words, **environment) as (_, url):
        yield Testmode(url, TOKEN)


def check_configured_sandbox(nightly: Sandbox) -> None:
    shown = nightly.show()
    assert (shown["provider"], shown["size"], shown["latency"]) == ("smartepi", "medium", {"type": "fixed", "ms": 1.0})
    assert shown["assumptions"]["timestamps"] == "iso"
    assert shown["limits"]["rate"] == 50
    assert shown["scenarios"] == ["outage-then-recovery"]
    assert nightly.scenarios.get("outage-then-recovery")["chosen"] == {"duration": "90s"}
    assert [rule["id"] for rule in nightly.faults.list() if rule["scenario"] is None] == ["flaky"]
    assert [key["cidrs"] for key in nightly.keys if key["cidrs"]] == [["127.0.0.0/8"]]
    assert [webhook["secret"] for webhook in nightly.webhooks.list()] == ["whsec_mine"]


def test_a_server_begins_as_the_file_says_and_a_restart_makes_nothing_twice(tmp_path: Path) -> None:
    words = ("--config", str(write_configuration(tmp_path)), "--data", str(tmp_path / "data"))
    with serving(*words) as server:
        assert {each.id for each in server.sandboxes()} == {"smartepi", "kota", "nightly"}
        assert (server.sandbox("kota").show()["seed"], server.sandbox("smartepi").show()["seed"]) == ("9", "1")
        check_configured_sandbox(server.sandbox("nightly"))
        server.sandbox("nightly").faults.clear()
        server.sandbox("kota").scenarios.off("burst-then-recover")
        keys = server.sandbox("nightly").keys
    with serving(*words) as server:
        assert [rule["scenario"] for rule in server.sandbox("nightly").faults.list()] == ["outage-then-recovery"]
        assert server.sandbox("kota").show()["scenarios"] == []
        assert server.sandbox("nightly").keys == keys


def test_the_environment_names_the_file_and_wins_over_it(tmp_path: Path) -> None:
    environment = {"TESTMODE_CONFIG": str(write_configuration(tmp_path)), "TESTMODE_PROVIDERS": "smartepi, kota, kasko"}
    with serving("--memory", **environment) as server:
        assert [each["name"] for each in server.providers()] == ["smartepi", "kota", "kasko"]
        check_configured_sandbox(server.sandbox("nightly"))


def test_a_file_in_its_usual_place_needs_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None).sandboxes == []
    write_configuration(tmp_path)
    assert [plan.id for plan in load(None).sandboxes] == ["kota", "nightly"]


def test_the_file_is_below_the_environment_and_that_below_the_flags() -> None:
    file = {"port": 1, "seed": "file", "size": "medium", "webhook_allow": ["any"]}
    settings = read_settings({"TESTMODE_SEED": "environment", "TESTMODE_PORT": "2"}, {"port": 3}, file)
    assert (settings.port, settings.seed, settings.size) == (3, "environment", "medium")
    assert settings.webhook_allow == ("any",)


def test_what_the_file_leaves_open_about_a_first_sandbox_the_settings_say(tmp_path: Path) -> None:
    file = load(write_configuration(tmp_path))
    assert file.first_sandbox_settings("kota", Settings(seed="of-the-server", size="large")) == Settings(
        seed="9", size="large"
    )
    assert file.first_sandbox_settings("kasko", Settings(seed="of-the-server")) == Settings(seed="of-the-server")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nprot = 1", "server: there is no setting 'prot'; did you mean 'port'?"),
        ("[server]\nconfig = 'x'", "server: there is no setting 'config'"),
        ("[server]\nsize = 'huge'", "size: Input should be"),
        ("[servers]", "servers: there is no 'servers' here; did you mean 'server'?"),
        ("[[sandboxes]]\nname = 'one'", "sandboxes[0].provider: Field required"),
        (
            "[[sandboxes]]\nprovider = 'kota'\nsede = 1",
            "sandboxes[0].sede: there is no 'sede' here; did you mean 'seed'?",
        ),
        ("[[sandboxes]]\nprovider = 'kotta'", "there is no provider 'kotta'; did you mean 'kota'?"),
        ("[[sandboxes]]\nprovider = 'kota'\nname = 'A b'", "sandbox 'A b': 'A b' is not a sandbox id"),
        (
            "[[sandboxes]]\nprovider = 'kota'\nscenarios = ['outrage']",
            "there is no scenario 'outrage'; did you mean 'outage'?",
        ),
        (
            "[[sandboxes]]\nprovider = 'kota'\nfaults = [{fault = {kind = 'hangs'}}]",
            "sandboxes[0].faults[0]: there is no fault kind 'hangs'; did you mean 'hang'?",
        ),
        ("[[sandboxes]]\nprovider = 'kota'\nkeys = [{mode = 'tset'}]", "Kota has no mode 'tset'; did you mean 'test'?"),
        ("[[sandboxes]]\nprovider = 'kota'\nassumptions = {hostd = 1}", "did you mean 'hosted'?"),
        ("[[sandboxes]]\nprovider = 'kota'\n[[sandboxes]]\nprovider = 'kota'", "sandboxes: 'kota' is there 2 times"),
        ("[[sandboxes]\n", "testmode.toml: Expected"),
    ],
)
def test_a_slip_in_the_file_is_told_with_the_nearest_right_word(tmp_path: Path, text: str, said: str) -> None:
    refused = run_command("serve", "--port", "0", "--memory", "--config", str(write_configuration(tmp_path, text)))
    assert refused.returncode == 78
    assert said in refused.stderr


def test_a_file_that_is_named_and_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"gone\.toml"):
        load(tmp_path / "gone.toml")


def test_nothing_is_left_of_a_start_that_failed(tmp_path: Path) -> None:
    data, slip = tmp_path / "data", FULL_CONFIGURATION.replace('["return.created"]', '["return.craeted"]')
    refused = run("serve", "--port", "0", "--data", str(data), "--config", str(write_configuration(tmp_path, slip)))
    assert (refused.returncode, "did you mean 'return.created'?" in refused.stderr) == (78, True)
    with serving("--data", str(data), "--config", str(write_configuration(tmp_path))) as server:
        check_configured_sandbox(server.sandbox("nightly"))
        assert server.sandbox("kota").show()["seed"] == "9"


def test_a_start_that_was_cut_off_is_made_good_by_the_next(tmp_path: Path) -> None:
    file, data = load(write_configuration(tmp_path)), tmp_path / "data"
    with closing(TinyStore(data)) as store:
        half = make_engine(store, select_providers(("kota", "smartepi")), provisioning=file.ids)
        half.get_sandbox("kota").keyring.mint()
    with serving("--data", str(data), "--config", str(tmp_path / "testmode.toml")) as server:
        check_configured_sandbox(server.sandbox("nightly"))
        assert server.sandbox("kota").show()["scenarios"] == ["burst-then-recover"]
        assert len(server.sandbox("kota").keys) == 1
    with closing(TinyStore(data)) as store:
        whole = make_engine(store, select_providers(("kota", "smartepi")))
        assert [each.id for each in whole.all_sandboxes() if each.is_provisioning] == []


def test_of_servers_that_share_a_store_one_does_what_the_file_says(tmp_path: Path) -> None:
    file = load(write_configuration(tmp_path))
    url = shared_redis().flushed_url()
    with ExitStack() as stack:
        stores = [stack.enter_context(closing(RedisStore(url))) for _ in range(3)]

        def start(nth: int) -> Engine:
            # Whose worker makes the first sandboxes does not matter.
            return make_engine(stores[nth], select_providers(("kota", "smartepi")), provisioning=file.ids)

        engines = run_concurrently(3, start)
        run_concurrently(3, lambda nth: create_planned_sandboxes(engines[nth], file.sandboxes, stores[nth].delete))
        for engine in engines:
            engine.refresh(["kota", "nightly"])
            state = engine.export("nightly")["collections"]
            assert (len(state["_keys"]), len(state["_endpoints"])) == (2, 1)
            assert [rule["id"] for rule in state["_faults"] if not rule["scenario"]] == ["flaky"]
            assert [each.id for each in engine.all_sandboxes() if each.is_provisioning] == []


def test_a_reset_begins_again_without_what_the_file_has_set(tmp_path: Path) -> None:
    with serving("--memory", "--config", str(write_configuration(tmp_path))) as server:
        nightly = server.sandbox("nightly")
        nightly.reset()
        assert nightly.faults.list() == []
        assert json.dumps(nightly.show()["assumptions"]).count('"iso"') == 1

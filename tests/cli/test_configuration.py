"""testmode.toml: its settings and sandboxes, refusals of invalid files, and restarts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from mockserver.app import make_engine, select_providers
from mockserver.configuration import create_planned_sandboxes, load_configuration
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
    view = nightly.show()
    assert (view["provider"], view["size"], view["latency"]) == ("smartepi", "medium", {"type": "fixed", "ms": 1.0})
    assert view["assumptions"]["timestamps"] == "iso"
    assert view["limits"]["rate"] == 50
    assert view["scenarios"] == ["outage-then-recovery"]
    assert nightly.scenarios.get("outage-then-recovery")["chosen"] == {"duration": "90s"}
    assert [rule["id"] for rule in nightly.faults.list() if rule["scenario"] is None] == ["flaky"]
    assert [key["cidrs"] for key in nightly.keys if key["cidrs"]] == [["127.0.0.0/8"]]
    assert [webhook["secret"] for webhook in nightly.webhooks.list()] == ["whsec_mine"]


def test_a_server_starts_as_configured_and_a_restart_creates_nothing_twice(tmp_path: Path) -> None:
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


def test_the_environment_names_the_file_and_overrides_it(tmp_path: Path) -> None:
    environment = {"TESTMODE_CONFIG": str(write_configuration(tmp_path)), "TESTMODE_PROVIDERS": "smartepi, kota, kasko"}
    with serving("--memory", **environment) as server:
        assert [each["name"] for each in server.providers()] == ["smartepi", "kota", "kasko"]
        check_configured_sandbox(server.sandbox("nightly"))


def test_testmode_toml_in_the_current_folder_is_loaded_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_configuration(None).sandboxes == []
    write_configuration(tmp_path)
    assert [plan.id for plan in load_configuration(None).sandboxes] == ["kota", "nightly"]


def test_options_override_the_environment_which_overrides_the_file() -> None:
    file = {"port": 1, "seed": "file", "size": "medium", "webhook_allow": ["any"]}
    settings = read_settings({"TESTMODE_SEED": "environment", "TESTMODE_PORT": "2"}, {"port": 3}, file)
    assert (settings.port, settings.seed, settings.size) == (3, "environment", "medium")
    assert settings.webhook_allow == ("any",)


def test_first_sandboxes_have_the_server_settings_that_the_file_does_not_override(tmp_path: Path) -> None:
    file = load_configuration(write_configuration(tmp_path))
    assert file.first_sandbox_settings("kota", Settings(seed="of-the-server", size="large")) == Settings(
        seed="9", size="large"
    )
    assert file.first_sandbox_settings("kasko", Settings(seed="of-the-server")) == Settings(seed="of-the-server")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[server]\nprot = 1", "server: there is no setting 'prot'; did you mean 'port'?"),
        ("[server]\nconfig = 'x'", "server: there is no setting 'config'"),
        ("[server]\nsize = 'huge'", "size: Input should be"),
        ("[servers]", "servers: there is no field 'servers'; did you mean 'server'?"),
        ("[[sandboxes]]\nname = 'one'", "sandboxes[0].provider: Field required"),
        (
            "[[sandboxes]]\nprovider = 'kota'\nsede = 1",
            "sandboxes[0].sede: there is no field 'sede'; did you mean 'seed'?",
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
        (
            "[[sandboxes]]\nprovider = 'kota'\n[[sandboxes]]\nprovider = 'kota'",
            "sandboxes: 'kota' is configured 2 times",
        ),
        ("[[sandboxes]\n", "testmode.toml: Expected"),
    ],
)
def test_an_error_in_the_file_is_reported_with_the_nearest_name(tmp_path: Path, text: str, sentence: str) -> None:
    refused = run_command("serve", "--port", "0", "--memory", "--config", str(write_configuration(tmp_path, text)))
    assert refused.returncode == 78
    assert sentence in refused.stderr


def test_a_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"gone\.toml"):
        load_configuration(tmp_path / "gone.toml")


def test_a_failed_start_leaves_no_sandboxes(tmp_path: Path) -> None:
    data, invalid = tmp_path / "data", FULL_CONFIGURATION.replace('["return.created"]', '["return.craeted"]')
    refused = run("serve", "--port", "0", "--data", str(data), "--config", str(write_configuration(tmp_path, invalid)))
    assert (refused.returncode, "did you mean 'return.created'?" in refused.stderr) == (78, True)
    with serving("--data", str(data), "--config", str(write_configuration(tmp_path))) as server:
        check_configured_sandbox(server.sandbox("nightly"))
        assert server.sandbox("kota").show()["seed"] == "9"


def test_an_interrupted_start_is_completed_by_the_next_one(tmp_path: Path) -> None:
    file, data = load_configuration(write_configuration(tmp_path)), tmp_path / "data"
    with closing(TinyStore(data)) as store:
        incomplete = make_engine(store, select_providers(("kota", "smartepi")), provisioning=file.ids)
        incomplete.get_sandbox("kota").keyring.mint()
    with serving("--data", str(data), "--config", str(tmp_path / "testmode.toml")) as server:
        check_configured_sandbox(server.sandbox("nightly"))
        assert server.sandbox("kota").show()["scenarios"] == ["burst-then-recover"]
        assert len(server.sandbox("kota").keys) == 1
    with closing(TinyStore(data)) as store:
        engine = make_engine(store, select_providers(("kota", "smartepi")))
        assert [each.id for each in engine.all_sandboxes() if each.is_provisioning] == []


def test_of_servers_that_share_a_store_one_creates_the_sandboxes_of_the_file(tmp_path: Path) -> None:
    file = load_configuration(write_configuration(tmp_path))
    url = shared_redis().flushed_url()
    with ExitStack() as stack:
        stores = [stack.enter_context(closing(RedisStore(url))) for _ in range(3)]

        def start(nth: int) -> Engine:
            # Any of the servers can create the first sandboxes.
            return make_engine(stores[nth], select_providers(("kota", "smartepi")), provisioning=file.ids)

        engines = run_concurrently(3, start)
        run_concurrently(3, lambda nth: create_planned_sandboxes(engines[nth], file.sandboxes, stores[nth].delete))
        for engine in engines:
            engine.refresh(["kota", "nightly"])
            state = engine.export("nightly")["collections"]
            assert (len(state["_keys"]), len(state["_endpoints"])) == (2, 1)
            assert [rule["id"] for rule in state["_faults"] if not rule["scenario"]] == ["flaky"]
            assert [each.id for each in engine.all_sandboxes() if each.is_provisioning] == []


def test_a_reset_restores_settings_of_the_file_but_not_its_fault_rules(tmp_path: Path) -> None:
    with serving("--memory", "--config", str(write_configuration(tmp_path))) as server:
        nightly = server.sandbox("nightly")
        nightly.reset()
        assert nightly.faults.list() == []
        assert json.dumps(nightly.show()["assumptions"]).count('"iso"') == 1

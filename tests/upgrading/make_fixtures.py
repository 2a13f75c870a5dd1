"""Makes the fixtures in the folders next to this file: ``python -m tests.upgrading.make_fixtures TESTMODE FOLDER``.

TESTMODE is the command of the version, from its own installation; FOLDER is named after the version. ``v0_1_0`` was
made with commit 8091109. A folder is never made again: it has the data of a user of that version. In each folder,
``testmode.toml`` with the document it names and ``project`` are written by hand.

The script runs a real server twice and calls it over HTTP. The first run ends with SIGTERM, so that its writes are in
checkpoints; the second ends with SIGKILL, so that its writes are only in the logs. Seeds and frozen clocks are given,
which makes most ids and secrets the same in another run; the machine's clock and the admin token differ.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import requests

from mockserver.testing.client import Sandbox, Testmode
from tests.support.server_process import start_command
from tests.upgrading.read_state import TIMEOUT, read_sandbox, request_path, request_paths

FROZEN = "2026-11-30T09:00:00Z"
LISTENER = 18_099
"""The port of the receiver while a fixture is made; nothing listens there later."""
ANSWERING_URL, UNREACHABLE_URL = f"http://127.0.0.1:{LISTENER}/hooks", "http://127.0.0.1:9/hooks"
QUOTE_BODY = {
    "item_id": "ins_7d1f0c5a9b3e48620c1d5e7f9a2b",
    "integration_id": "in_2a4c6e8b0d1f3957796b5d3f1e0c2",
    "subscription_plan_id": "pp_5f7b9d1a3c0e24686420eca8bdf13",
    "data": {
        "employee_number": 12,
        "yearly_turnover": 90_000_000,
        "company_backup": "weekly",
        "encryption": True,
        "deductible": 500_000,
        "insured_sum": 30_000_000,
        "online_revenue_percentage": "0_25",
        "policy_start_date": "2099-02-01",
        "third_party_coverage": False,
    },
}
HOME = {"line1": "12 Harbour Row", "city": "Galway", "postal_code": "H91 T8NX", "country_code": "ie"}
EMPLOYER = {
    "legal_name": "Brightwater Labs Ltd",
    "legal_address": HOME,
    "contact": {"name": "Orla Byrne", "email": "orla@brightwater.test"},
}
EMPLOYEE = {
    "first_name": "Niamh",
    "last_name": "Doyle",
    "date_of_birth": "1991-04-17",
    "sex_at_birth": "female",
    "home_address": HOME,
    "national_tax_id": "1234567T",
    "start_on": "2020-01-06",
    "phone_number": "+353871234567",
    "email": "niamh@brightwater.test",
}


class VendorClient:
    """A client of one sandbox, which records the paths of the records that it creates."""

    def __init__(self, sandbox: Sandbox, lists: tuple[str, ...]) -> None:
        self.sandbox, self.key, self.paths = sandbox, sandbox.key, list(lists)
        self.expected: dict[str, Any] = {}

    def reconnect(self, server: Testmode) -> None:
        """Use the same sandbox of another run of the server."""
        self.sandbox = server.sandbox(self.sandbox.id)

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        all_headers = {
            "Authorization": f"Bearer {self.key}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        url = self.sandbox.base_url + path
        answer = requests.request(method, url, json=body, headers=all_headers, timeout=TIMEOUT)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def make(self, path: str, body: Any, at: str | None = None, **headers: str) -> Any:
        """Create a record, and record its path, or the path `at`, for reading it later."""
        created = self.request("POST", path, body, **headers)
        self.paths.append(f"{at or path}/{created.get('data', created)['id']}")
        return created


def smartepi_first_phase(vendor: VendorClient) -> None:
    sandbox = vendor.sandbox
    sandbox.webhooks.add(ANSWERING_URL, ["withdrawal.created"], secret="whsec_of_a_receiver_that_hears")
    sandbox.webhooks.add(UNREACHABLE_URL, ["return.created"], description="nobody listens")
    sandbox.simulate("record_withdrawal", quantity=2)
    sandbox.clock.advance("0s")
    paint = vendor.make("/sectors", {"name": "Paint shop"})["data"]
    vendor.request("PUT", f"/sectors/{paint['id']}", {"name": "Paint shop, hall 2", "_version": 1})
    deleted = vendor.request("POST", "/sectors", {"name": "Attic"})["data"]
    vendor.request("DELETE", f"/sectors/{deleted['id']}", If_Match='"1"')
    sandbox.mint_key(activates_in="0s", cidrs=["127.0.0.0/8"])
    sandbox.revoke_key(sandbox.mint_key(activates_in="0s")["id"], lingers="0s")
    sandbox.snapshot("before")
    sandbox.faults.add(
        "status",
        id="third-time",
        match={"method": "POST", "path": "*/cost-centers"},
        status=503,
        trigger={"skip": 2, "times": 1},
    )
    vendor.make("/cost-centers", {"name": "Night shift"})


def smartepi_second_phase(vendor: VendorClient) -> None:
    sandbox = vendor.sandbox
    vendor.make("/cost-centers", {"name": "Day shift"})
    sandbox.scenarios.on("revoked-key-lingers", lag="5m")
    sandbox.revoke_key(sandbox.mint_key(activates_in="0s")["id"])
    sandbox.simulate("record_return", quantity=1)
    sandbox.clock.advance("0s")
    sandbox.simulate("record_withdrawal", after="3h", quantity=3)
    sandbox.mint_key()
    vendor.expected["the rule fires next at"] = ["POST", "/cost-centers", {"name": "Third shift"}, 503]


def kotauth_first_phase(vendor: VendorClient) -> None:
    sandbox = vendor.sandbox
    hook = sandbox.webhooks.add(ANSWERING_URL, ["user.created"])
    ada = {"username": "ada", "email": "ada@acme.test", "fullName": "Ada Lovelace", "password": "Correct-Horse-7"}
    user = vendor.make("/users", ada)
    sandbox.clock.advance("0s")
    sandbox.webhooks.change(hook["id"], enabled=False)
    vendor.request("PUT", f"/users/{user['id']}/attributes/billing%2Fplan", {"value": "free"})
    vendor.paths.append(f"/users/{user['id']}/attributes")
    sandbox.mint_key(scopes=["users:read", "roles:read"])
    sandbox.revoke_key(sandbox.mint_key(scopes=["users:read"])["id"])


def kotauth_second_phase(vendor: VendorClient) -> None:
    sandbox = vendor.sandbox
    role = vendor.make("/roles", {"name": "auditor", "description": "Reads everything"})
    vendor.request("POST", f"/users/1/roles/{role['id']}")
    sandbox.scenarios.on("rate-limited", rate=50, burst=200)
    sandbox.webhooks.add(UNREACHABLE_URL, ["login.failed"], secret="whsec_mine")
    sandbox.webhooks.rotate(sandbox.webhooks.list()[0]["id"], overlap="1d")
    sandbox.simulate("fail_sign_in", username="ada", reason="bad_password")
    sandbox.clock.advance("0s")
    sandbox.faults.add("latency", id="slow-lists", match={"path": "*/nowhere"}, distribution={"type": "fixed", "ms": 5})


def create_offer(vendor: VendorClient, person: str) -> Any:
    quote = vendor.request("POST", "/quotes", QUOTE_BODY, Accept="application/vnd.kasko.v3+json")
    body = {
        "quote_token": quote["token"],
        "first_name": person,
        "last_name": "Kern",
        "email": f"{person.lower()}@firm.test",
    }
    return vendor.make("/policies", {**body, "language": "en"}, at="/offers")


def buy_policy(vendor: VendorClient, person: str) -> Any:
    offer = create_offer(vendor, person)
    payment = {"token": offer["payment_token"], "policy_id": offer["id"], "method": "invoice", "provider": "invoice"}
    vendor.make("/payments", payment)
    return offer


def kasko_first_phase(vendor: VendorClient) -> None:
    sandbox = vendor.sandbox
    sandbox.webhooks.add(ANSWERING_URL, version="test")
    issued = buy_policy(vendor, "Mia")
    sandbox.clock.advance("10s")
    vendor.request("PUT", f"/policies/{issued['id']}", {"status": "cancelled", "cancellation_reason": "sold"})
    vendor.paths.append(f"/policies/{issued['id']}")
    sandbox.clock.advance("0s")
    sandbox.mint_key(mode="live")
    sandbox.revoke_key(sandbox.mint_key(mode="test")["id"])
    sandbox.faults.add(
        "lost_response", id="lost", match={"method": "POST", "path": "*/leads"}, trigger={"probability": 0.5}
    )


def kasko_second_phase(vendor: VendorClient) -> None:
    sandbox = vendor.sandbox
    sandbox.scenarios.on("webhook-duplicates", probability=1, copies=2)
    sandbox.webhooks.add(UNREACHABLE_URL, version="test")
    bought_again = buy_policy(vendor, "Noor")
    vendor.expected["policy to come"] = bought_again["id"]
    other = buy_policy(vendor, "Ola")
    sandbox.simulate("issue_policy", policy_id=other["id"])
    sandbox.clock.advance("0s")
    create_offer(vendor, "Pim")


def kota_first_phase(vendor: VendorClient) -> None:
    sandbox = vendor.sandbox
    sandbox.webhooks.add(ANSWERING_URL, ["employer.created", "employer.updated"], version="v2")
    employer = vendor.make("/employers", {**EMPLOYER, "metadata": {"own": "yes"}}, Idempotency_Key="order-4711")
    employee = vendor.make("/employees", {**EMPLOYEE, "employer_id": employer["id"]})
    sandbox.clock.advance("5s")
    vendor.paths.append(f"/employees/{employee['id']}/salaries")
    group = vendor.make("/groups", {"employer_id": employer["id"], "name": "Everybody"})
    vendor.request("POST", f"/groups/{group['id']}/employees", {"employee_id": employee["id"]})
    vendor.expected |= {"employer": employer, "group": group["id"]}
    sandbox.mint_key()
    sandbox.revoke_key(sandbox.mint_key()["id"])


def kota_second_phase(vendor: VendorClient) -> None:
    sandbox = vendor.sandbox
    plan = vendor.request("GET", "/plans?country=ie&page_size=100")["items"][0]["id"]
    sandbox.webhooks.add(UNREACHABLE_URL, version="v1")
    quote = vendor.make("/group_quote_intents", {"group_id": vendor.expected["group"], "plan_id": plan})
    sandbox.clock.advance("0s")
    body = {**EMPLOYER, "legal_name": "Tidewater Ltd"}
    another = vendor.make("/employers", body, Idempotency_Key="order-4712")
    # Stored as text, so that the test can send a byte-identical request.
    vendor.expected |= {"quote": quote["id"], "another": another, "asked": json.dumps(body)}
    sandbox.scenarios.on("idempotency-conflict", times=1)
    sandbox.faults.add(
        "gateway", id="down", match={"path": "*/nowhere"}, trigger={"after": "1h", "ttl": "1h"}, status=503
    )


def nightly_first_phase(vendor: VendorClient) -> None:
    vendor.sandbox.clock.advance("30d")
    vendor.expected["ahead of the machine"] = 30
    vendor.make("/groups", {"name": "Night watch"})


def nightly_second_phase(vendor: VendorClient) -> None:
    vendor.make("/job-roles", {"name": "Night watchman"})


Phase = Callable[[VendorClient], None]
PHASES: dict[str, tuple[tuple[str, ...], Phase, Phase]] = {
    "smartepi": (
        ("/sectors", "/employees", "/withdrawals", "/returns", "/cost-centers"),
        smartepi_first_phase,
        smartepi_second_phase,
    ),
    "kotauth": (
        ("/users", "/roles", "/groups", "/applications", "/sessions"),
        kotauth_first_phase,
        kotauth_second_phase,
    ),
    "kasko": ((), kasko_first_phase, kasko_second_phase),
    "kota": (("/employers", "/employees", "/groups", "/policies?page_size=5"), kota_first_phase, kota_second_phase),
    "nightly": (("/groups", "/job-roles"), nightly_first_phase, nightly_second_phase),
}
"""By sandbox: the lists that are read later, and the actions of the first and the second run."""
NIGHTLY_SETTINGS: dict[str, Any] = {
    "seed": 7,
    "assumptions": {"timestamps": "iso", "key_propagation": "0s"},
    "limits": {"rate": 500, "burst": 1000},
    "latency": {"type": "fixed", "ms": 1},
}


@contextmanager
def receiver() -> Iterator[None]:
    """Runs a receiver that accepts every webhook."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return "Mon, 30 Nov 2026 09:00:00 GMT"

    with ThreadingHTTPServer(("127.0.0.1", LISTENER), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def key_statuses(vendor: VendorClient, path: str) -> dict[str, int]:
    """Returns the status of a request with each key of a sandbox, by its secret."""
    return {key["secret"]: request_path(vendor.sandbox, key["secret"], path)[0] for key in vendor.sandbox.keys}


def make(testmode: str, folder: Path) -> None:
    """Make a folder of fixtures with the command of a version."""
    (folder / "exports").mkdir(parents=True)
    with TemporaryDirectory() as temporary, receiver():
        data = Path(temporary) / "state"
        serve = [testmode, "serve", "--port", "0", "--data", str(data)]
        with start_command(serve) as (_, url):
            server = Testmode(url, (data / "admin-token").read_text().strip())
            server.create_sandbox("smartepi", name="nightly", **NIGHTLY_SETTINGS)
            vendors = {name: VendorClient(server.sandbox(name), lists) for name, (lists, _, _) in PHASES.items()}
            for name, vendor in vendors.items():
                if name != "nightly":
                    vendor.sandbox.clock.freeze(FROZEN)
                PHASES[name][1](vendor)
        with start_command(serve) as (process, url):
            server = Testmode(url, server.token)
            for name, vendor in vendors.items():
                vendor.reconnect(server)
                PHASES[name][2](vendor)
            expected = {name: expected_state(vendor) for name, vendor in vendors.items()}
            environment = {**os.environ, "TESTMODE_URL": url, "TESTMODE_ADMIN_TOKEN": server.token}
            for name in vendors:
                file = str(folder / "exports" / f"{name}.json")
                subprocess.run([testmode, "state", "export", name, file], env=environment, check=True)
            process.kill()
            process.wait()
        (data / ".lock").unlink()
        copytree(data, folder / "state")
    text = json.dumps(expected, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / "expected.json").write_text(f"{text}\n", "utf-8")


def expected_state(vendor: VendorClient) -> dict[str, Any]:
    """Returns the state that every later server must show for a sandbox."""
    first = vendor.paths[0]
    return {
        "key": vendor.key,
        "shown": read_sandbox(vendor.sandbox),
        "answers": request_paths(vendor.sandbox, vendor.key, vendor.paths),
        "keys": {"path": first, "statuses": key_statuses(vendor, first)},
        "kept": vendor.expected,
    }


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]))

"""How the fixtures beside this file were made: ``python -m tests.upgrading.make_fixtures TESTMODE FOLDER``.

TESTMODE is the command of the version to be kept, from an installation of its own; FOLDER is named after the version.
``v0_1_0`` was made with commit 8091109. A folder is never made anew: it holds what a user of that version has. What is
not made here but written by hand in it are ``testmode.toml``, with the document it names, and ``project``.

A real server is driven over HTTP in two lives. The first ends with SIGTERM, so that its writes are in checkpoints; the
second ends with SIGKILL, so that its writes are in the logs alone. Seeds and frozen clocks are given, which makes most
ids and secrets the same in another run; the machine's clock and the admin token are not.
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
"""Where the receiver listens that takes webhooks while a fixture is made; later nobody does."""
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
    """A client of one sandbox, which notes where what it made can be read again."""

    def __init__(self, sandbox: Sandbox, lists: tuple[str, ...]) -> None:
        self.sandbox, self.key, self.paths = sandbox, sandbox.key, list(lists)
        self.expected: dict[str, Any] = {}

    def reconnect(self, server: Testmode) -> None:
        """Go on with another server's life."""
        self.sandbox = server.sandbox(self.sandbox.id)

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        named = {
            "Authorization": f"Bearer {self.key}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        url = self.sandbox.base_url + path
        answer = requests.request(method, url, json=body, headers=named, timeout=TIMEOUT)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def make(self, path: str, body: Any, at: str | None = None, **headers: str) -> Any:
        """Make a record, and read it again later."""
        made = self.request("POST", path, body, **headers)
        self.paths.append(f"{at or path}/{made.get('data', made)['id']}")
        return made


def smartepi_first_phase(vendor: VendorClient) -> None:
    box = vendor.sandbox
    box.webhooks.add(ANSWERING_URL, ["withdrawal.created"], secret="whsec_of_a_receiver_that_hears")
    box.webhooks.add(UNREACHABLE_URL, ["return.created"], description="nobody listens")
    box.simulate("record_withdrawal", quantity=2)
    box.clock.advance("0s")
    paint = vendor.make("/sectors", {"name": "Paint shop"})["data"]
    vendor.request("PUT", f"/sectors/{paint['id']}", {"name": "Paint shop, hall 2", "_version": 1})
    gone = vendor.request("POST", "/sectors", {"name": "Attic"})["data"]
    vendor.request("DELETE", f"/sectors/{gone['id']}", If_Match='"1"')
    box.mint_key(activates_in="0s", cidrs=["127.0.0.0/8"])
    box.revoke_key(box.mint_key(activates_in="0s")["id"], lingers="0s")
    box.snapshot("before")
    box.faults.add(
        "status",
        id="third-time",
        match={"method": "POST", "path": "*/cost-centers"},
        status=503,
        trigger={"skip": 2, "times": 1},
    )
    vendor.make("/cost-centers", {"name": "Night shift"})


def smartepi_second_phase(vendor: VendorClient) -> None:
    box = vendor.sandbox
    vendor.make("/cost-centers", {"name": "Day shift"})
    box.scenarios.on("revoked-key-lingers", lag="5m")
    box.revoke_key(box.mint_key(activates_in="0s")["id"])
    box.simulate("record_return", quantity=1)
    box.clock.advance("0s")
    box.simulate("record_withdrawal", after="3h", quantity=3)
    box.mint_key()
    vendor.expected["the rule fires next at"] = ["POST", "/cost-centers", {"name": "Third shift"}, 503]


def kotauth_first_phase(vendor: VendorClient) -> None:
    box = vendor.sandbox
    hook = box.webhooks.add(ANSWERING_URL, ["user.created"])
    ada = {"username": "ada", "email": "ada@acme.test", "fullName": "Ada Lovelace", "password": "Correct-Horse-7"}
    made = vendor.make("/users", ada)
    box.clock.advance("0s")
    box.webhooks.change(hook["id"], enabled=False)
    vendor.request("PUT", f"/users/{made['id']}/attributes/billing%2Fplan", {"value": "free"})
    vendor.paths.append(f"/users/{made['id']}/attributes")
    box.mint_key(scopes=["users:read", "roles:read"])
    box.revoke_key(box.mint_key(scopes=["users:read"])["id"])


def kotauth_second_phase(vendor: VendorClient) -> None:
    box = vendor.sandbox
    role = vendor.make("/roles", {"name": "auditor", "description": "Reads everything"})
    vendor.request("POST", f"/users/1/roles/{role['id']}")
    box.scenarios.on("rate-limited", rate=50, burst=200)
    box.webhooks.add(UNREACHABLE_URL, ["login.failed"], secret="whsec_mine")
    box.webhooks.rotate(box.webhooks.list()[0]["id"], overlap="1d")
    box.simulate("fail_sign_in", username="ada", reason="bad_password")
    box.clock.advance("0s")
    box.faults.add("latency", id="slow-lists", match={"path": "*/nowhere"}, distribution={"type": "fixed", "ms": 5})


def create_offer(vendor: VendorClient, person: str) -> Any:
    quote = vendor.request("POST", "/quotes", QUOTE_BODY, Accept="application/vnd.kasko.v3+json")
    wanted = {
        "quote_token": quote["token"],
        "first_name": person,
        "last_name": "Kern",
        "email": f"{person.lower()}@firm.test",
    }
    return vendor.make("/policies", {**wanted, "language": "en"}, at="/offers")


def buy_policy(vendor: VendorClient, person: str) -> Any:
    offer = create_offer(vendor, person)
    paid = {"token": offer["payment_token"], "policy_id": offer["id"], "method": "invoice", "provider": "invoice"}
    vendor.make("/payments", paid)
    return offer


def kasko_first_phase(vendor: VendorClient) -> None:
    box = vendor.sandbox
    box.webhooks.add(ANSWERING_URL, version="test")
    issued = buy_policy(vendor, "Mia")
    box.clock.advance("10s")
    vendor.request("PUT", f"/policies/{issued['id']}", {"status": "cancelled", "cancellation_reason": "sold"})
    vendor.paths.append(f"/policies/{issued['id']}")
    box.clock.advance("0s")
    box.mint_key(mode="live")
    box.revoke_key(box.mint_key(mode="test")["id"])
    box.faults.add(
        "lost_response", id="lost", match={"method": "POST", "path": "*/leads"}, trigger={"probability": 0.5}
    )


def kasko_second_phase(vendor: VendorClient) -> None:
    box = vendor.sandbox
    box.scenarios.on("webhook-duplicates", probability=1, copies=2)
    box.webhooks.add(UNREACHABLE_URL, version="test")
    bought_again = buy_policy(vendor, "Noor")
    vendor.expected["policy to come"] = bought_again["id"]
    other = buy_policy(vendor, "Ola")
    box.simulate("issue_policy", policy_id=other["id"])
    box.clock.advance("0s")
    create_offer(vendor, "Pim")


def kota_first_phase(vendor: VendorClient) -> None:
    box = vendor.sandbox
    box.webhooks.add(ANSWERING_URL, ["employer.created", "employer.updated"], version="v2")
    employer = vendor.make("/employers", {**EMPLOYER, "metadata": {"own": "yes"}}, Idempotency_Key="order-4711")
    employee = vendor.make("/employees", {**EMPLOYEE, "employer_id": employer["id"]})
    box.clock.advance("5s")
    vendor.paths.append(f"/employees/{employee['id']}/salaries")
    group = vendor.make("/groups", {"employer_id": employer["id"], "name": "Everybody"})
    vendor.request("POST", f"/groups/{group['id']}/employees", {"employee_id": employee["id"]})
    vendor.expected |= {"employer": employer, "group": group["id"]}
    box.mint_key()
    box.revoke_key(box.mint_key()["id"])


def kota_second_phase(vendor: VendorClient) -> None:
    box = vendor.sandbox
    plan = vendor.request("GET", "/plans?country=ie&page_size=100")["items"][0]["id"]
    box.webhooks.add(UNREACHABLE_URL, version="v1")
    quote = vendor.make("/group_quote_intents", {"group_id": vendor.expected["group"], "plan_id": plan})
    box.clock.advance("0s")
    asked_again = {**EMPLOYER, "legal_name": "Tidewater Ltd"}
    another = vendor.make("/employers", asked_again, Idempotency_Key="order-4712")
    # As text: to the byte, it is the same request.
    vendor.expected |= {"quote": quote["id"], "another": another, "asked": json.dumps(asked_again)}
    box.scenarios.on("idempotency-conflict", times=1)
    box.faults.add("gateway", id="down", match={"path": "*/nowhere"}, trigger={"after": "1h", "ttl": "1h"}, status=503)


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
"""By sandbox: lists that are read again, what is done in the first life, what in the second."""
NIGHTLY_SETTINGS: dict[str, Any] = {
    "seed": 7,
    "assumptions": {"timestamps": "iso", "key_propagation": "0s"},
    "limits": {"rate": 500, "burst": 1000},
    "latency": {"type": "fixed", "ms": 1},
}


@contextmanager
def receiver() -> Iterator[None]:
    """Somebody who takes every webhook."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return "Mon, 30 Nov 2026 09:00:00 GMT"

    with ThreadingHTTPServer(("127.0.0.1", LISTENER), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def key_statuses(vendor: VendorClient, path: str) -> dict[str, int]:
    """What each key of a sandbox is answered, by its secret."""
    return {key["secret"]: request_path(vendor.sandbox, key["secret"], path)[0] for key in vendor.sandbox.keys}


def make(testmode: str, folder: Path) -> None:
    """Make a folder of fixtures with the command of a version."""
    (folder / "exports").mkdir(parents=True)
    with TemporaryDirectory() as passing, receiver():
        data = Path(passing) / "state"
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
    """What every later server must show of a sandbox."""
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

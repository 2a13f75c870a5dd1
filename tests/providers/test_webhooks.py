"""Each provider's webhooks as its contract writes them, to the byte, at a real receiver."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from json import loads
from typing import Any

import pytest

from mockserver.app import known_providers
from mockserver.engine import SECOND, FaultRule, InvalidSignature
from tests.support.harness import NOON, Harness, make_harness
from tests.support.kasko_helpers import create_policy
from tests.support.webhook_receivers import CapturedWebhook, Receiver, run_receiver, verify_webhook

NOW = NOON // SECOND
PROVIDERS_WITH_WEBHOOKS = [name for name, provider in known_providers().items() if provider.webhooks is not None]
EMPLOYER = {
    "legal_name": "Brightwater",
    "legal_address": {"line1": "12 Harbour Row", "city": "Galway", "postal_code": "H91 T8NX", "country_code": "ie"},
    "contact": {"name": "Niamh Doyle", "email": "niamh@brightwater.test"},
    "metadata": {"ref": "e-1"},
}


@pytest.fixture
def harness() -> Harness:
    return make_harness()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with run_receiver() as listening:
        yield listening


def add(harness: Harness, name: str, receiver: Receiver, **wanted: Any) -> Any:
    made = harness.admin("POST", f"/sandboxes/{name}/webhooks", {"url": receiver.url(), **wanted})
    assert made.status_code == 201, made.text
    return made.json


def send_request(harness: Harness, method: str, path: str, name: str, body: Any = None) -> Any:
    answer = harness.request(method, path, sandbox=name, json=body)
    assert answer.status_code < 300, answer.text
    return answer.json if answer.data else None


def trigger_event(harness: Harness, name: str) -> None:
    """Have something happen that the provider tells of."""
    match name:
        case "smartepi":
            assert harness.admin("POST", "/sandboxes/smartepi/simulations/record_withdrawal", {}).status_code == 200
        case "kotauth":
            user = {"username": "ada", "email": "ada@acme.test", "fullName": "Ada L", "password": "Long enough 1"}
            send_request(harness, "POST", "/t/kotauth/api/v1/users", "kotauth", user)
        case "kasko":
            create_policy(_KaskoHarness(harness.engine, harness.app))
        case _:
            send_request(harness, "POST", "/employers", name, EMPLOYER)
    harness.deliver_due(name)


class _KaskoHarness(Harness):
    """The same world, whose first sandbox is KASKO's."""

    @property
    def sandbox(self) -> Any:
        return self.engine.sandboxes["kasko"]


def vendor_headers(letter: CapturedWebhook) -> list[tuple[str, str]]:
    """The headers that the provider sets, in their order."""
    return [pair for pair in letter.raw_headers if pair[0] not in ("Host", "Content-Length", "Connection")]


def mac(secret: str, data: bytes, algorithm: str) -> str:
    return hmac.new(secret.encode(), data, algorithm).hexdigest()


def timed(secrets: Sequence[str], body: bytes, at: int = NOW) -> str:
    return ",".join([f"t={at}", *(f"v1={mac(secret, f'{at}.'.encode() + body, 'sha256')}" for secret in secrets)])


def test_every_provider_that_tells_is_looked_at_here() -> None:
    assert PROVIDERS_WITH_WEBHOOKS == ["smartepi", "kotauth", "kasko", "kota"]


@pytest.mark.parametrize("name", PROVIDERS_WITH_WEBHOOKS)
def test_a_receiver_of_each_provider_takes_what_is_right_and_refuses_what_is_forged(
    harness: Harness, receiver: Receiver, name: str
) -> None:
    sandbox = harness.engine.sandboxes[name]
    secret = add(harness, name, receiver)["secret"]
    trigger_event(harness, name)
    letter = receiver.received[0]
    verify_webhook(sandbox, letter, secret, sandbox.clock_time() // SECOND)
    other = CapturedWebhook(letter.path, letter.headers, letter.body + b" ", ())
    bare = CapturedWebhook(letter.path, {}, letter.body, ())
    for forged, key in ((other, secret), (bare, secret), (letter, f"{secret}x")):
        with pytest.raises(InvalidSignature):
            verify_webhook(sandbox, forged, key, sandbox.clock_time() // SECOND)


@pytest.mark.parametrize("name", PROVIDERS_WITH_WEBHOOKS)
@pytest.mark.parametrize("kind", ["bad_signature", "wrong_secret", "truncated_webhook"])
def test_what_is_forged_on_purpose_is_refused_by_a_receiver_of_each_provider(
    harness: Harness, receiver: Receiver, name: str, kind: str
) -> None:
    sandbox = harness.engine.sandboxes[name]
    secret = add(harness, name, receiver)["secret"]
    sandbox.ruleset.set([FaultRule.model_validate({"fault": {"kind": kind}})])
    trigger_event(harness, name)
    with pytest.raises(InvalidSignature):
        verify_webhook(sandbox, receiver.received[0], secret, sandbox.clock_time() // SECOND)


@pytest.mark.parametrize(("name", "dated"), [("smartepi", True), ("kotauth", False), ("kasko", False), ("kota", True)])
def test_an_old_timestamp_is_refused_where_signatures_have_one(
    harness: Harness, receiver: Receiver, name: str, dated: bool
) -> None:
    sandbox = harness.engine.sandboxes[name]
    secret = add(harness, name, receiver)["secret"]
    sandbox.ruleset.set([FaultRule.model_validate({"fault": {"kind": "old_timestamp"}})])
    trigger_event(harness, name)
    if dated:
        with pytest.raises(InvalidSignature, match="600 s ago"):
            verify_webhook(sandbox, receiver.received[0], secret, sandbox.clock_time() // SECOND)
    else:
        verify_webhook(sandbox, receiver.received[0], secret, sandbox.clock_time() // SECOND)


@pytest.mark.parametrize("name", PROVIDERS_WITH_WEBHOOKS)
def test_the_same_seed_tells_the_same_to_the_byte(name: str) -> None:
    def told() -> list[tuple[bytes, list[tuple[str, str]]]]:
        with run_receiver() as listening:
            harness = make_harness()
            add(harness, name, listening)
            trigger_event(harness, name)
            return [(letter.body, vendor_headers(letter)) for letter in listening.received]

    assert told() == told()


def test_smartepi_sends_what_the_matching_get_shows(harness: Harness, receiver: Receiver) -> None:
    secret = add(harness, "smartepi", receiver)["secret"]
    trigger_event(harness, "smartepi")
    (letter,) = receiver.received
    id = letter.json["data"]["id"]
    (shown,) = [
        each for each in send_request(harness, "GET", "/v1/withdrawals", "smartepi")["data"] if each["id"] == id
    ]
    assert list(letter.json) == ["id", "type", "createdAt", "data"]
    expected = {
        "id": f"evt_withdrawal_created_{id}", "type": "withdrawal.created", "createdAt": NOW, "data": shown,
    }  # fmt: skip
    assert letter.json == expected
    signature = timed([secret], letter.body)
    assert vendor_headers(letter) == [("Content-Type", "application/json"), ("X-SmartEPI-Signature", signature)]
    assert secret.startswith("whsec_")


def test_smartepi_may_sign_with_what_follows_the_prefix(harness: Harness, receiver: Receiver) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"assumptions": {"webhooks_signed_with": "bare"}})
    secret = add(harness, "smartepi", receiver)["secret"]
    trigger_event(harness, "smartepi")
    (letter,) = receiver.received
    assert letter.headers["x-smartepi-signature"] == timed([secret.removeprefix("whsec_")], letter.body)
    verify_webhook(harness.engine.sandboxes["smartepi"], letter, secret, NOW)


def test_smartepi_sends_a_test_event_from_its_console(harness: Harness, receiver: Receiver) -> None:
    made = add(harness, "smartepi", receiver, events=["return.created"])
    assert harness.admin("POST", f"/sandboxes/smartepi/webhooks/{made['id']}/test").json["state"] == "delivered"
    said = b'{"id":"evt_webhook_test_1","type":"webhook.test","createdAt":%d,"data":{}}' % NOW
    assert receiver.received[0].body == said


def test_smartepi_signs_with_both_secrets_while_one_is_replaced(harness: Harness, receiver: Receiver) -> None:
    made = add(harness, "smartepi", receiver)
    new = harness.admin("POST", f"/sandboxes/smartepi/webhooks/{made['id']}/rotate", {"overlap": "1h"}).json["secret"]
    trigger_event(harness, "smartepi")
    (letter,) = receiver.received
    assert letter.headers["x-smartepi-signature"] == timed([new, made["secret"]], letter.body)


def test_kotauth_sends_event_timestamp_and_data(harness: Harness, receiver: Receiver) -> None:
    secret = add(harness, "kotauth", receiver)["secret"]
    trigger_event(harness, "kotauth")
    (letter,) = receiver.received
    user = letter.json["data"]["userId"]
    assert isinstance(user, int)
    at = "2026-03-01T12:00:00.000000Z"
    data = f'{{"userId":{user},"username":"ada","invite":"false"}}'
    assert letter.body == f'{{"event":"user.created","timestamp":"{at}","data":{data}}}'.encode()
    assert vendor_headers(letter) == [
        ("Content-Type", "application/json; charset=utf-8"),
        ("User-Agent", "KotAuth-Webhook/1.0"),
        ("X-KotAuth-Event", "user.created"),
        ("X-KotAuth-Signature", f"sha256={mac(secret, letter.body, 'sha256')}"),
    ]
    assert len(secret) == 64
    assert set(secret) <= set("0123456789abcdef")


def test_kotauth_writes_its_instants_as_its_answers_do(harness: Harness, receiver: Receiver) -> None:
    harness.admin("PATCH", "/sandboxes/kotauth", {"assumptions": {"fraction_digits": "as needed"}})
    add(harness, "kotauth", receiver)
    trigger_event(harness, "kotauth")
    assert receiver.received[0].json["timestamp"] == "2026-03-01T12:00:00Z"


def test_kotauth_tells_of_a_disabled_user_as_updated_and_of_sessions_nothing(
    harness: Harness, receiver: Receiver
) -> None:
    add(harness, "kotauth", receiver)
    trigger_event(harness, "kotauth")
    user = receiver.received[0].json["data"]["userId"]
    base = "/t/kotauth/api/v1"
    send_request(harness, "DELETE", f"{base}/users/{user}", "kotauth")
    session = send_request(harness, "GET", f"{base}/sessions", "kotauth")["data"][0]["id"]
    send_request(harness, "DELETE", f"{base}/sessions/{session}", "kotauth")
    harness.deliver_due("kotauth")
    assert [letter.json["event"] for letter in receiver.received] == ["user.created", "user.updated"]


def test_kotauth_tries_three_times_at_once_after_five_and_after_thirty_minutes(
    harness: Harness, receiver: Receiver
) -> None:
    receiver.response_statuses = [500] * 9
    add(harness, "kotauth", receiver)
    trigger_event(harness, "kotauth")
    harness.advance("30d", "kotauth")
    (delivery,) = harness.admin("GET", "/sandboxes/kotauth/deliveries").json
    at = ["2026-03-01T12:00:00.000000Z", "2026-03-01T12:05:00.000000Z", "2026-03-01T12:35:00.000000Z"]
    assert ([each["at"] for each in delivery["attempts"]], delivery["state"]) == (at, "failed")


def test_kasko_sends_the_policy_itself_and_the_event_in_a_header(harness: Harness, receiver: Receiver) -> None:
    made = add(harness, "kasko", receiver, version="test")
    trigger_event(harness, "kasko")
    (letter,) = receiver.received
    event = harness.admin("GET", "/sandboxes/kasko/events").json[0]
    (delivery,) = harness.admin("GET", "/sandboxes/kasko/deliveries").json
    assert letter.json == event["data"]
    assert list(letter.json) == [
        "id", "livemode", "policy_id", "product_id", "first_name", "last_name", "email", "policy_created_date",
        "start_date", "end_date", "gross_premium", "premium_tax", "metadata", "assets", "_links",
    ]  # fmt: skip
    assert vendor_headers(letter) == [
        ("Content-Type", "application/json"),
        ("X-KASKO-Event", "policy.created"),
        ("X-KASKO-Delivery", delivery["id"]),
        ("X-KASKO-Signature", f"sha1={mac(made['secret'], letter.body, 'sha1')}"),
    ]
    assert len(delivery["id"]) == 32
    assert set(delivery["id"]) <= set("0123456789abcdef")


def test_kasko_tells_an_endpoint_of_its_own_mode_only(harness: Harness, receiver: Receiver) -> None:
    add(harness, "kasko", receiver, version="live")
    trigger_event(harness, "kasko")
    assert receiver.received == []
    refused = harness.admin("POST", "/sandboxes/kasko/webhooks", {"url": receiver.url(), "version": "tset"})
    assert (refused.status_code, "did you mean 'test'?" in refused.json["detail"]) == (422, True)


@pytest.mark.parametrize(("version", "told"), [("v1", {"api_version": "1.0"}), ("v2", {"version": "V2"})])
def test_kota_sends_an_envelope_of_the_endpoints_version(
    harness: Harness, receiver: Receiver, version: str, told: dict[str, str]
) -> None:
    secret = add(harness, "kota", receiver, version=version)["secret"]
    made = send_request(harness, "POST", "/employers", "kota", EMPLOYER)
    harness.deliver_due("kota")
    (letter,) = receiver.received
    said = letter.json
    thin = {
        "id": made["id"],
        "metadata": {"ref": "e-1"},
        "resource_type": "employer",
        "object": "employer_event",
    }
    at = "2026-03-01T12:00:00Z"
    assert list(said) == ["id", "type", "platform_id", "data", "created_at", "created", "object", *told]
    assert said == {
        "id": said["id"],
        "type": "employer.created",
        "platform_id": made["platform_id"],
        "data": made if version == "v1" else thin,
        "created_at": at,
        "created": at,
        "object": "event",
        **told,
    }
    assert vendor_headers(letter) == [
        ("Content-Type", "application/json"),
        ("x-kota-webhook-signature", timed([secret], letter.body)),
    ]


@pytest.mark.parametrize(
    ("chosen", "names"), [("created_at", ["created_at"]), ("created", ["created"]), ("both", ["created_at", "created"])]
)
def test_kota_names_the_time_of_an_event_as_assumed(
    harness: Harness, receiver: Receiver, chosen: str, names: list[str]
) -> None:
    harness.admin("PATCH", "/sandboxes/kota", {"assumptions": {"webhook_time": chosen}})
    add(harness, "kota", receiver)
    trigger_event(harness, "kota")
    assert [name for name in loads(receiver.received[0].body) if name.startswith("created")] == names


def test_kotas_time_of_an_event_stays_the_same_over_its_retries(harness: Harness, receiver: Receiver) -> None:
    receiver.response_statuses = [500] * 9
    add(harness, "kota", receiver)
    trigger_event(harness, "kota")
    harness.advance("1s", "kota")
    harness.advance("1h", "kota")
    first = [letter for letter in receiver.received if letter.json["type"] == "employer.created"]
    assert len(first) == 3
    assert len({letter.body for letter in first}) == 1
    stamps = [letter.headers["x-kota-webhook-signature"].partition(",")[0] for letter in first]
    assert stamps == [f"t={NOW}", f"t={NOW + 60}", f"t={NOW + 660}"]


@pytest.mark.parametrize("name", PROVIDERS_WITH_WEBHOOKS)
@pytest.mark.parametrize("waits", [[], ["7s"], ["1s", "2s", "3s", "4s"]])
def test_the_schedule_of_each_provider_can_be_changed(
    harness: Harness, receiver: Receiver, name: str, waits: list[str]
) -> None:
    receiver.response_statuses = [500] * 99
    changed = harness.admin("PATCH", f"/sandboxes/{name}", {"assumptions": {"webhook_retries": waits}})
    assert changed.status_code == 200, changed.text
    add(harness, name, receiver)
    trigger_event(harness, name)
    harness.advance("1d", name)
    first = harness.admin("GET", f"/sandboxes/{name}/deliveries").json[0]
    assert (len(first["attempts"]), first["state"]) == (len(waits) + 1, "failed")


@pytest.mark.parametrize("name", PROVIDERS_WITH_WEBHOOKS)
def test_the_timeout_of_each_provider_can_be_changed(harness: Harness, receiver: Receiver, name: str) -> None:
    sandbox = harness.engine.sandboxes[name]
    given: list[float] = []
    send = sandbox.sender.send

    def spy(url: str, headers: list[tuple[str, str]], body: bytes, seconds: float) -> Any:
        given.append(seconds)
        return send(url, headers, body, seconds)

    sandbox.sender.send = spy  # type: ignore[method-assign]
    add(harness, name, receiver)
    harness.admin("PATCH", f"/sandboxes/{name}", {"assumptions": {"webhook_timeout": "1500ms"}})
    trigger_event(harness, name)
    assert given[0] == 1.5

"""Each provider's webhooks at a real receiver, compared byte for byte with its contract."""

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
    with run_receiver() as receiver:
        yield receiver


def add(harness: Harness, name: str, receiver: Receiver, **options: Any) -> Any:
    created = harness.admin("POST", f"/sandboxes/{name}/webhooks", {"url": receiver.url(), **options})
    assert created.status_code == 201, created.text
    return created.json


def send_request(harness: Harness, method: str, path: str, name: str, body: Any = None) -> Any:
    response = harness.request(method, path, sandbox=name, json=body)
    assert response.status_code < 300, response.text
    return response.json if response.data else None


def trigger_event(harness: Harness, name: str) -> None:
    """Causes an event for which the provider sends a webhook."""
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
    """The same engine with KASKO's sandbox as the default."""

    @property
    def sandbox(self) -> Any:
        return self.engine.sandboxes["kasko"]


def vendor_headers(webhook: CapturedWebhook) -> list[tuple[str, str]]:
    """Returns the headers that the provider sets, in order."""
    return [header for header in webhook.raw_headers if header[0] not in ("Host", "Content-Length", "Connection")]


def mac(secret: str, data: bytes, algorithm: str) -> str:
    return hmac.new(secret.encode(), data, algorithm).hexdigest()


def timed(secrets: Sequence[str], body: bytes, at: int = NOW) -> str:
    return ",".join([f"t={at}", *(f"v1={mac(secret, f'{at}.'.encode() + body, 'sha256')}" for secret in secrets)])


def test_every_provider_with_webhooks_is_tested_here() -> None:
    assert PROVIDERS_WITH_WEBHOOKS == ["smartepi", "kotauth", "kasko", "kota"]


@pytest.mark.parametrize("name", PROVIDERS_WITH_WEBHOOKS)
def test_a_receiver_accepts_a_genuine_webhook_and_refuses_a_forged_one(
    harness: Harness, receiver: Receiver, name: str
) -> None:
    sandbox = harness.engine.sandboxes[name]
    secret = add(harness, name, receiver)["secret"]
    trigger_event(harness, name)
    webhook = receiver.received[0]
    verify_webhook(sandbox, webhook, secret, sandbox.clock_time() // SECOND)
    changed = CapturedWebhook(webhook.path, webhook.headers, webhook.body + b" ", ())
    unsigned = CapturedWebhook(webhook.path, {}, webhook.body, ())
    for forged, key in ((changed, secret), (unsigned, secret), (webhook, f"{secret}x")):
        with pytest.raises(InvalidSignature):
            verify_webhook(sandbox, forged, key, sandbox.clock_time() // SECOND)


@pytest.mark.parametrize("name", PROVIDERS_WITH_WEBHOOKS)
@pytest.mark.parametrize("kind", ["bad_signature", "wrong_secret", "truncated_webhook"])
def test_a_receiver_refuses_a_webhook_forged_by_a_fault(
    harness: Harness, receiver: Receiver, name: str, kind: str
) -> None:
    sandbox = harness.engine.sandboxes[name]
    secret = add(harness, name, receiver)["secret"]
    sandbox.ruleset.set([FaultRule.model_validate({"fault": {"kind": kind}})])
    trigger_event(harness, name)
    with pytest.raises(InvalidSignature):
        verify_webhook(sandbox, receiver.received[0], secret, sandbox.clock_time() // SECOND)


@pytest.mark.parametrize(
    ("name", "has_timestamp"), [("smartepi", True), ("kotauth", False), ("kasko", False), ("kota", True)]
)
def test_an_old_timestamp_is_refused_if_the_signature_has_one(
    harness: Harness, receiver: Receiver, name: str, has_timestamp: bool
) -> None:
    sandbox = harness.engine.sandboxes[name]
    secret = add(harness, name, receiver)["secret"]
    sandbox.ruleset.set([FaultRule.model_validate({"fault": {"kind": "old_timestamp"}})])
    trigger_event(harness, name)
    if has_timestamp:
        with pytest.raises(InvalidSignature, match="600 s ago"):
            verify_webhook(sandbox, receiver.received[0], secret, sandbox.clock_time() // SECOND)
    else:
        verify_webhook(sandbox, receiver.received[0], secret, sandbox.clock_time() // SECOND)


@pytest.mark.parametrize("name", PROVIDERS_WITH_WEBHOOKS)
def test_the_same_seed_sends_the_same_bytes(name: str) -> None:
    def sent() -> list[tuple[bytes, list[tuple[str, str]]]]:
        with run_receiver() as receiver:
            harness = make_harness()
            add(harness, name, receiver)
            trigger_event(harness, name)
            return [(webhook.body, vendor_headers(webhook)) for webhook in receiver.received]

    assert sent() == sent()


def test_smartepi_sends_the_record_that_a_get_returns(harness: Harness, receiver: Receiver) -> None:
    secret = add(harness, "smartepi", receiver)["secret"]
    trigger_event(harness, "smartepi")
    (webhook,) = receiver.received
    id = webhook.json["data"]["id"]
    (record,) = [
        each for each in send_request(harness, "GET", "/v1/withdrawals", "smartepi")["data"] if each["id"] == id
    ]
    assert list(webhook.json) == ["id", "type", "createdAt", "data"]
    expected = {
        "id": f"evt_withdrawal_created_{id}", "type": "withdrawal.created", "createdAt": NOW, "data": record,
    }  # fmt: skip
    assert webhook.json == expected
    signature = timed([secret], webhook.body)
    assert vendor_headers(webhook) == [("Content-Type", "application/json"), ("X-SmartEPI-Signature", signature)]
    assert secret.startswith("whsec_")


def test_smartepi_may_sign_with_the_secret_without_its_prefix(harness: Harness, receiver: Receiver) -> None:
    harness.admin("PATCH", "/sandboxes/smartepi", {"assumptions": {"webhooks_signed_with": "bare"}})
    secret = add(harness, "smartepi", receiver)["secret"]
    trigger_event(harness, "smartepi")
    (webhook,) = receiver.received
    assert webhook.headers["x-smartepi-signature"] == timed([secret.removeprefix("whsec_")], webhook.body)
    verify_webhook(harness.engine.sandboxes["smartepi"], webhook, secret, NOW)


def test_smartepi_sends_a_test_event_on_request(harness: Harness, receiver: Receiver) -> None:
    created = add(harness, "smartepi", receiver, events=["return.created"])
    assert harness.admin("POST", f"/sandboxes/smartepi/webhooks/{created['id']}/test").json["state"] == "delivered"
    expected = b'{"id":"evt_webhook_test_1","type":"webhook.test","createdAt":%d,"data":{}}' % NOW
    assert receiver.received[0].body == expected


def test_smartepi_signs_with_both_secrets_while_one_is_replaced(harness: Harness, receiver: Receiver) -> None:
    created = add(harness, "smartepi", receiver)
    new = harness.admin("POST", f"/sandboxes/smartepi/webhooks/{created['id']}/rotate", {"overlap": "1h"}).json[
        "secret"
    ]
    trigger_event(harness, "smartepi")
    (webhook,) = receiver.received
    assert webhook.headers["x-smartepi-signature"] == timed([new, created["secret"]], webhook.body)


def test_kotauth_sends_event_timestamp_and_data(harness: Harness, receiver: Receiver) -> None:
    secret = add(harness, "kotauth", receiver)["secret"]
    trigger_event(harness, "kotauth")
    (webhook,) = receiver.received
    user = webhook.json["data"]["userId"]
    assert isinstance(user, int)
    at = "2026-03-01T12:00:00.000000Z"
    data = f'{{"userId":{user},"username":"ada","invite":"false"}}'
    assert webhook.body == f'{{"event":"user.created","timestamp":"{at}","data":{data}}}'.encode()
    assert vendor_headers(webhook) == [
        ("Content-Type", "application/json; charset=utf-8"),
        ("User-Agent", "KotAuth-Webhook/1.0"),
        ("X-KotAuth-Event", "user.created"),
        ("X-KotAuth-Signature", f"sha256={mac(secret, webhook.body, 'sha256')}"),
    ]
    assert len(secret) == 64
    assert set(secret) <= set("0123456789abcdef")


def test_kotauth_formats_instants_as_in_its_responses(harness: Harness, receiver: Receiver) -> None:
    harness.admin("PATCH", "/sandboxes/kotauth", {"assumptions": {"fraction_digits": "as needed"}})
    add(harness, "kotauth", receiver)
    trigger_event(harness, "kotauth")
    assert receiver.received[0].json["timestamp"] == "2026-03-01T12:00:00Z"


def test_kotauth_announces_a_disabled_user_as_updated_and_no_revoked_session(
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
    assert [webhook.json["event"] for webhook in receiver.received] == ["user.created", "user.updated"]


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
    created = add(harness, "kasko", receiver, version="test")
    trigger_event(harness, "kasko")
    (webhook,) = receiver.received
    event = harness.admin("GET", "/sandboxes/kasko/events").json[0]
    (delivery,) = harness.admin("GET", "/sandboxes/kasko/deliveries").json
    assert webhook.json == event["data"]
    assert list(webhook.json) == [
        "id", "livemode", "policy_id", "product_id", "first_name", "last_name", "email", "policy_created_date",
        "start_date", "end_date", "gross_premium", "premium_tax", "metadata", "assets", "_links",
    ]  # fmt: skip
    assert vendor_headers(webhook) == [
        ("Content-Type", "application/json"),
        ("X-KASKO-Event", "policy.created"),
        ("X-KASKO-Delivery", delivery["id"]),
        ("X-KASKO-Signature", f"sha1={mac(created['secret'], webhook.body, 'sha1')}"),
    ]
    assert len(delivery["id"]) == 32
    assert set(delivery["id"]) <= set("0123456789abcdef")


def test_kasko_sends_to_an_endpoint_only_events_of_its_mode(harness: Harness, receiver: Receiver) -> None:
    add(harness, "kasko", receiver, version="live")
    trigger_event(harness, "kasko")
    assert receiver.received == []
    refused = harness.admin("POST", "/sandboxes/kasko/webhooks", {"url": receiver.url(), "version": "tset"})
    assert (refused.status_code, "did you mean 'test'?" in refused.json["detail"]) == (422, True)


@pytest.mark.parametrize(("version", "version_members"), [("v1", {"api_version": "1.0"}), ("v2", {"version": "V2"})])
def test_kota_sends_an_envelope_of_the_endpoints_version(
    harness: Harness, receiver: Receiver, version: str, version_members: dict[str, str]
) -> None:
    secret = add(harness, "kota", receiver, version=version)["secret"]
    created = send_request(harness, "POST", "/employers", "kota", EMPLOYER)
    harness.deliver_due("kota")
    (webhook,) = receiver.received
    body = webhook.json
    thin = {
        "id": created["id"],
        "metadata": {"ref": "e-1"},
        "resource_type": "employer",
        "object": "employer_event",
    }
    at = "2026-03-01T12:00:00Z"
    assert list(body) == ["id", "type", "platform_id", "data", "created_at", "created", "object", *version_members]
    assert body == {
        "id": body["id"],
        "type": "employer.created",
        "platform_id": created["platform_id"],
        "data": created if version == "v1" else thin,
        "created_at": at,
        "created": at,
        "object": "event",
        **version_members,
    }
    assert vendor_headers(webhook) == [
        ("Content-Type", "application/json"),
        ("x-kota-webhook-signature", timed([secret], webhook.body)),
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


def test_kota_keeps_the_time_of_an_event_across_retries(harness: Harness, receiver: Receiver) -> None:
    receiver.response_statuses = [500] * 9
    add(harness, "kota", receiver)
    trigger_event(harness, "kota")
    harness.advance("1s", "kota")
    harness.advance("1h", "kota")
    first = [webhook for webhook in receiver.received if webhook.json["type"] == "employer.created"]
    assert len(first) == 3
    assert len({webhook.body for webhook in first}) == 1
    stamps = [webhook.headers["x-kota-webhook-signature"].partition(",")[0] for webhook in first]
    assert stamps == [f"t={NOW}", f"t={NOW + 60}", f"t={NOW + 660}"]


@pytest.mark.parametrize("name", PROVIDERS_WITH_WEBHOOKS)
@pytest.mark.parametrize("delays", [[], ["7s"], ["1s", "2s", "3s", "4s"]])
def test_the_schedule_of_each_provider_can_be_changed(
    harness: Harness, receiver: Receiver, name: str, delays: list[str]
) -> None:
    receiver.response_statuses = [500] * 99
    changed = harness.admin("PATCH", f"/sandboxes/{name}", {"assumptions": {"webhook_retries": delays}})
    assert changed.status_code == 200, changed.text
    add(harness, name, receiver)
    trigger_event(harness, name)
    harness.advance("1d", name)
    first = harness.admin("GET", f"/sandboxes/{name}/deliveries").json[0]
    assert (len(first["attempts"]), first["state"]) == (len(delays) + 1, "failed")


@pytest.mark.parametrize("name", PROVIDERS_WITH_WEBHOOKS)
def test_the_timeout_of_each_provider_can_be_changed(harness: Harness, receiver: Receiver, name: str) -> None:
    sandbox = harness.engine.sandboxes[name]
    timeouts: list[float] = []
    send = sandbox.sender.send

    def spy(url: str, headers: list[tuple[str, str]], body: bytes, seconds: float) -> Any:
        timeouts.append(seconds)
        return send(url, headers, body, seconds)

    sandbox.sender.send = spy  # type: ignore[method-assign]
    add(harness, name, receiver)
    harness.admin("PATCH", f"/sandboxes/{name}", {"assumptions": {"webhook_timeout": "1500ms"}})
    trigger_event(harness, name)
    assert timeouts[0] == 1.5

"""Tests that the example client handles what Kotauth's documentation describes: one behaviour per test."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from conftest import Receiver
from kotauth_client import KeyRejected, Kotauth, Refused, read_webhook

from mockserver.testing.client import Sandbox

pytestmark = pytest.mark.testmode("kotauth")
ADA = ("ada", "ada@acme.test", "Ada Lovelace", "Correct-Horse-7")


@pytest.fixture
def client(testmode: Sandbox) -> Kotauth:
    return Kotauth(testmode.base_url, testmode.key, backoff=0.001)


@pytest.mark.parametrize("fidelity", ["documented", "observed"])
def test_every_user_is_listed_once_with_pages_and_without(testmode: Sandbox, client: Kotauth, fidelity: str) -> None:
    testmode.configure(assumptions={"fidelity": fidelity})
    seen = [user["id"] for user in client.users(page=3)]
    assert sorted(map(str, seen)) == sorted(record["id"] for record in testmode.records("users"))


def test_an_expired_key_raises_an_error_without_a_retry(testmode: Sandbox) -> None:
    client = Kotauth(testmode.base_url, testmode.mint_key(scopes=["users:read"], expires_in="1h")["secret"])
    assert client.user_named("nobody") is None
    testmode.clock.advance("1h")
    testmode.requests.clear()
    with pytest.raises(KeyRejected, match="invalid, expired, or has been revoked"):
        client.user_named("nobody")
    assert testmode.requests.verify(status=401, count=1) == 1


def test_a_key_without_the_write_scope_raises_an_error_with_kotauths_text(testmode: Sandbox) -> None:
    reader = Kotauth(testmode.base_url, testmode.mint_key(scopes=["users:read"])["secret"])
    with pytest.raises(Refused, match="does not have the 'users:write' permission"):
        reader.create_user(*ADA)


def test_the_client_retries_a_429_after_retry_after(testmode: Sandbox, client: Kotauth) -> None:
    testmode.faults.add("rate_limited", retry_after=1, trigger={"times": 1})
    assert client.create_user(*ADA)["username"] == "ada"
    refused, done = testmode.requests.list()
    assert (refused["status"], done["status"]) == (429, 201)
    assert datetime.fromisoformat(done["at"]) - datetime.fromisoformat(refused["at"]) >= timedelta(seconds=1)


@pytest.mark.parametrize("fault", ["lost_response", "reset", "empty", "malformed_json"])
def test_a_user_is_created_once_if_the_request_or_the_response_is_lost(
    testmode: Sandbox, client: Kotauth, fault: str
) -> None:
    testmode.faults.add(fault, match={"method": "POST"}, trigger={"times": 1})
    created = client.create_user(*ADA)
    assert [user["id"] for user in client.users(search="ada")] == [created["id"]]


def test_an_existing_user_with_another_email_is_a_conflict(testmode: Sandbox, client: Kotauth) -> None:
    client.create_user("ada", "another@acme.test", "Ada Byron", "Correct-Horse-7")
    testmode.faults.add("reset", match={"method": "POST"}, trigger={"times": 1})
    with pytest.raises(Refused, match="already taken"):
        client.create_user(*ADA)


def test_an_attribute_may_have_any_key(client: Kotauth) -> None:
    user = client.create_user(*ADA)["id"]
    for key in ("billing/plan", "50 % off?", "größe"):
        client.set_attribute(user, key, "yes")
    assert client.attributes(user) == {"billing/plan": "yes", "50 % off?": "yes", "größe": "yes"}


def test_a_webhook_is_read(testmode: Sandbox, client: Kotauth, receiver: Receiver) -> None:
    secret = testmode.webhooks.add(receiver.url, ["user.created"])["secret"]
    created = client.create_user(*ADA)
    testmode.clock.advance("0s")  # delivers what is due before it returns
    ((headers, body),) = receiver.received
    event = read_webhook(headers, body, secret)
    assert (event["event"], str(event["data"]["userId"])) == ("user.created", str(created["id"]))


@pytest.mark.parametrize("fault", ["bad_signature", "wrong_secret", "truncated_webhook"])
def test_a_forged_webhook_is_refused(testmode: Sandbox, client: Kotauth, receiver: Receiver, fault: str) -> None:
    secret = testmode.webhooks.add(receiver.url)["secret"]
    testmode.faults.add(fault)
    client.create_user(*ADA)
    testmode.clock.advance("0s")
    headers, body = receiver.received[0]
    with pytest.raises(ValueError, match="signature"):
        read_webhook(headers, body, secret)


def test_a_duplicate_webhook_has_the_same_bytes(testmode: Sandbox, client: Kotauth, receiver: Receiver) -> None:
    testmode.webhooks.add(receiver.url, ["user.created"])
    testmode.faults.add("duplicate_webhook")
    client.create_user(*ADA)
    testmode.clock.advance("0s")
    assert len(receiver.received) == 2
    assert len({body for _, body in receiver.received}) == 1

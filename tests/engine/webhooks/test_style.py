"""Webhook styles, with the standard one as the example."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from mockserver.engine import InvalidSignature, Randomness, ReceivedWebhook, Record
from mockserver.engine.core.clock import SECOND
from mockserver.engine.core.webhook_style import SigningInput
from mockserver.engine.webhooks.style import render_body, standard_webhooks, to_unix_seconds
from tests.support.acme import ACME_WITH_WEBHOOKS
from tests.support.harness import NOON, make_harness

STYLE = standard_webhooks(("note.created",))
EVENT = {"id": "evt_1", "type": "note.created", "created_at": NOON, "data": {"text": "ü", "n": 1.5}}
SECRET = STYLE.generate_secret(Randomness("1"), "webhook-secret:we_1:1")


def endpoint(*events: str, enabled: bool = True, version: str = "") -> Record:
    return {"events": list(events), "enabled": enabled, "version": version}


@pytest.mark.parametrize(
    ("target", "type", "version", "expected"),
    [
        (endpoint("*"), "note.created", "", True),
        (endpoint("note.created"), "note.created", "", True),
        (endpoint("note.changed", "note.created"), "note.created", "", True),
        (endpoint("note.changed"), "note.created", "", False),
        (endpoint("note"), "note.created", "", False),
        (endpoint("*", enabled=False), "note.created", "", False),
        (endpoint("*", version="v2"), "note.created", "v1", False),
        (endpoint("*", version="v2"), "note.created", "v2", True),
    ],
)
def test_an_enabled_endpoint_is_subscribed_to_its_types_in_its_version(
    target: Record, type: str, version: str, expected: bool
) -> None:
    assert STYLE.is_subscribed(target, type, version) is expected


def test_a_standard_webhook_has_type_timestamp_data_and_three_headers() -> None:
    sandbox = make_harness(ACME_WITH_WEBHOOKS).sandbox
    body = render_body(STYLE, sandbox, EVENT)
    at = "2026-03-01T12:00:00.000000Z"
    assert body == f'{{"type":"note.created","timestamp":"{at}","data":{{"text":"ü","n":1.5}}}}'.encode()
    headers = dict(STYLE.headers(sandbox, SigningInput(EVENT, "del_1", to_unix_seconds(NOON), body, (SECRET,))))
    assert list(headers) == ["Content-Type", "webhook-id", "webhook-timestamp", "webhook-signature"]
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("evt_1", str(NOON // SECOND))
    lower = {name.lower(): value for name, value in headers.items()}
    STYLE.verify(ReceivedWebhook(lower, body, (SECRET,), NOON // SECOND))
    with pytest.raises(InvalidSignature):
        STYLE.verify(ReceivedWebhook(lower, body, (SECRET,), NOON // SECOND + 301))


@pytest.mark.parametrize("nth", range(20))
def test_a_standard_secret_is_the_base64_of_twenty_four_bytes(nth: int) -> None:
    secret = STYLE.generate_secret(Randomness("1"), f"webhook-secret:we_{nth}:1")
    assert secret.startswith("whsec_")
    assert len(b64decode(secret.removeprefix("whsec_"), validate=True)) == 24
    assert Webhook(secret).sign("evt_1", datetime.fromtimestamp(1, UTC), "{}").startswith("v1,")


def test_ids_and_secrets_depend_on_the_seed() -> None:
    randomness = Randomness("1")
    assert STYLE.endpoint_id(randomness, 1) == STYLE.endpoint_id(Randomness("1"), 1)
    assert STYLE.endpoint_id(randomness, 1) != STYLE.endpoint_id(randomness, 2)
    assert STYLE.delivery_id(randomness, 1) != STYLE.delivery_id(Randomness("2"), 1)
    assert STYLE.generate_secret(randomness, "a") != STYLE.generate_secret(randomness, "b")

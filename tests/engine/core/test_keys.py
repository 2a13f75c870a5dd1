"""API keys: their states over time, and the addresses from which they are accepted."""

# ruff: noqa: RUF005 (tables in rows are shorter than one element to a line)
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.engine import SECOND, Key, normalize_cidr
from tests.support.harness import NOON, Harness

NEW_KEY = Key("key_1", "s3cret", created_at=0, active_at=100)
WORKING_STATES = {"active", "expiring", "lingering"}
OPTIONAL = st.none() | st.integers(0, 1000)


@pytest.mark.parametrize(
    ("key", "now", "state"),
    [
        (NEW_KEY, 0, "propagating"),
        (NEW_KEY, 99, "propagating"),
        (NEW_KEY, 100, "active"),
        (NEW_KEY, 101, "active"),
        (replace(NEW_KEY, expires_at=200), 99, "propagating"),
        (replace(NEW_KEY, expires_at=200), 100, "expiring"),
        (replace(NEW_KEY, expires_at=200), 199, "expiring"),
        (replace(NEW_KEY, expires_at=200), 200, "expired"),
        (replace(NEW_KEY, expires_at=200), 201, "expired"),
        (replace(NEW_KEY, revoked_at=200, dead_at=260), 199, "active"),
        (replace(NEW_KEY, revoked_at=200, dead_at=260), 200, "lingering"),
        (replace(NEW_KEY, revoked_at=200, dead_at=260), 259, "lingering"),
        (replace(NEW_KEY, revoked_at=200, dead_at=260), 260, "revoked"),
        (replace(NEW_KEY, revoked_at=200, dead_at=200), 199, "active"),
        (replace(NEW_KEY, revoked_at=200, dead_at=200), 200, "revoked"),
        (replace(NEW_KEY, revoked_at=50, dead_at=150), 99, "propagating"),
        (replace(NEW_KEY, revoked_at=50, dead_at=150), 100, "lingering"),
        (replace(NEW_KEY, revoked_at=50, dead_at=60), 60, "revoked"),
        (replace(NEW_KEY, revoked_at=150, dead_at=250, expires_at=200), 199, "lingering"),
        (replace(NEW_KEY, revoked_at=150, dead_at=250, expires_at=200), 200, "expired"),
        (replace(NEW_KEY, revoked_at=150, dead_at=250, expires_at=200), 250, "revoked"),
    ],
)
def test_the_state_of_a_key_changes_at_exact_instants(key: Key, now: int, state: str) -> None:
    assert key.state(now) == state


@given(active=st.integers(0, 1000), expires=OPTIONAL, revoked=OPTIONAL, lag=st.integers(0, 300))
@settings(max_examples=300, derandomize=True)
def test_a_key_is_activated_at_most_once_and_ends_at_most_once(
    active: int, expires: int | None, revoked: int | None, lag: int
) -> None:
    dead = None if revoked is None else revoked + lag
    key = replace(NEW_KEY, active_at=active, expires_at=expires, revoked_at=revoked, dead_at=dead)
    working = [key.state(now) in WORKING_STATES for now in range(1400)]
    changes = [
        (now, alive)
        for now, (before, alive) in enumerate(zip([False, *working], working, strict=False))
        if before != alive
    ]
    assert [alive for _, alive in changes] in ([], [True], [True, False])
    ends = min(end for end in (expires, dead, 1400) if end is not None)
    assert [now for now, _ in changes] == ([active] + [ends] * (ends < 1400) if active < ends else [])


@given(
    active=st.integers(0, 10**18),
    cidrs=st.lists(st.sampled_from(["10.0.0.0/8", "::/0"])),
    expires=OPTIONAL,
    revoked=OPTIONAL,
)
@settings(max_examples=100, derandomize=True)
def test_a_key_is_read_from_its_record_unchanged(
    active: int, cidrs: list[str], expires: int | None, revoked: int | None
) -> None:
    key = Key("k", "s", 0, active, "live", ("a", "b"), tuple(cidrs), expires, revoked, revoked)
    assert Key.from_record(key.to_record()) == key


@pytest.mark.parametrize(
    ("cidr", "address", "admitted"),
    [
        ("10.0.0.0/8", "10.0.0.0", True),
        ("10.0.0.0/8", "10.255.255.255", True),
        ("10.0.0.0/8", "9.255.255.255", False),
        ("10.0.0.0/8", "11.0.0.0", False),
        ("192.0.2.7/32", "192.0.2.7", True),
        ("192.0.2.7/32", "192.0.2.6", False),
        ("192.0.2.7/32", "192.0.2.8", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("0.0.0.0/0", "255.255.255.255", True),
        ("0.0.0.0/0", "::ffff:8.8.8.8", True),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("::/0", "2001:db8::1", True),
        ("::/0", "10.0.0.1", False),
        ("2001:db8::/32", "2001:db8:ffff::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("2001:db8::1/128", "2001:db8::1", True),
        ("2001:db8::1/128", "2001:db8::2", False),
        ("2001:DB8:0:0::1/128", "2001:db8::1", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "::ffff:a01:203", True),
        ("10.0.0.0/8", "::ffff:11.1.2.3", False),
        ("::ffff:10.0.0.0/104", "10.1.2.3", True),
        ("::ffff:10.0.0.0/104", "::ffff:10.1.2.3", True),
        ("::ffff:10.0.0.0/104", "11.1.2.3", False),
        ("::ffff:0:0/96", "255.255.255.255", True),
        ("::ffff:0:0/96", "::1", False),
        ("::ffff:255.255.255.255/128", "255.255.255.255", True),
        ("::ffff:255.255.255.255/128", "255.255.255.254", False),
        ("::/1", "10.1.2.3", False),
        ("::ffff:10.0.0.0/95", "::1", False),
        ("10.0.0.0/8", "", False),
        ("10.0.0.0/8", "localhost", False),
        ("10.0.0.0/8", "010.0.0.1", False),
        ("10.0.0.0/8", "10.0.0.1:80", False),
        ("0.0.0.0/0", "0", False),
    ],
)
def test_a_key_is_accepted_only_from_its_address_ranges(cidr: str, address: str, admitted: bool) -> None:
    assert replace(NEW_KEY, cidrs=(normalize_cidr(cidr),)).allows_address(address) is admitted


def test_a_key_without_ranges_is_accepted_from_any_address() -> None:
    assert all(NEW_KEY.allows_address(address) for address in ("10.0.0.1", "::1", "unix"))


def test_one_of_several_ranges_is_enough() -> None:
    key = replace(NEW_KEY, cidrs=("10.0.0.0/8", "2001:db8::/32"))
    assert [key.allows_address(address) for address in ("10.1.1.1", "2001:db8::5", "192.0.2.1")] == [True, True, False]


@pytest.mark.parametrize(
    "cidr",
    ["", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "10.0.0.0/8/8", "256.0.0.0/8", "2001:db8::/129", "::g/64", "all"]
    + ["10.0.0.1-10.0.0.9", "10.0.0.0/x", "١٠.0.0.0/8"],
)
def test_an_invalid_range_is_refused_with_its_value(harness: Harness, cidr: str) -> None:
    response = harness.admin("POST", "/sandboxes/smartepi/keys", {"cidrs": ["10.0.0.0/8", cidr]})
    assert response.status_code == 422
    assert f"cidrs[1]: {cidr!r} is not an address range" in response.json["detail"]
    assert len(harness.sandbox.keys) == 1


def create_key(harness: Harness, **body: Any) -> Any:
    response = harness.admin("POST", f"/sandboxes/{harness.sandbox.id}/keys", body)
    assert response.status_code == 201, response.text
    return response.json


def status(harness: Harness, key: str) -> int:
    return harness.request("GET", "/v1/notes", key=key).status_code


def test_a_key_activates_to_the_microsecond(acme: Harness) -> None:
    key = create_key(acme, activates_in="60s")
    assert key["state"] == "propagating"
    acme.advance("59999.999ms")
    assert status(acme, key["secret"]) == 403
    acme.advance("0.001ms")
    assert status(acme, key["secret"]) == 200


def test_a_key_expires_to_the_microsecond(acme: Harness) -> None:
    key = create_key(acme, expires_in="60s")
    acme.advance("59999.999ms")
    assert status(acme, key["secret"]) == 200
    acme.advance("0.001ms")
    assert status(acme, key["secret"]) == 401


def test_a_revoked_key_lingers_to_the_microsecond(acme: Harness) -> None:
    secret = acme.key()
    revoked = acme.admin("DELETE", "/sandboxes/acme/keys/key_1", {"lingers": "60s"}).json
    assert revoked["state"] == "lingering"
    acme.advance("59999.999ms")
    assert status(acme, secret) == 200
    acme.advance("0.001ms")
    assert status(acme, secret) == 401


def test_revoking_twice_does_not_extend_the_grace_period(acme: Harness) -> None:
    for _ in range(2):
        acme.admin("DELETE", "/sandboxes/acme/keys/key_1", {"lingers": "60s"})
        acme.advance("30s")
    assert status(acme, acme.key()) == 401


def test_a_key_with_a_scheduled_revocation_can_be_revoked_now(acme: Harness) -> None:
    key = create_key(acme, revokes_in="1h")
    assert acme.admin("DELETE", f"/sandboxes/acme/keys/{key['id']}").json["state"] == "revoked"
    assert status(acme, key["secret"]) == 401


def test_a_scheduled_revocation_takes_effect_at_its_instant(acme: Harness) -> None:
    key = create_key(acme, revokes_in="1h")
    acme.advance("3599999.999ms")
    assert status(acme, key["secret"]) == 200
    acme.advance("0.001ms")
    assert status(acme, key["secret"]) == 401


@pytest.mark.parametrize("field", ["activates_in", "expires_in", "revokes_in"])
@pytest.mark.parametrize("length", ["2932896d", 10**30, "0s"])
def test_extreme_durations_of_a_key_do_no_harm(acme: Harness, field: str, length: object) -> None:
    response = acme.admin("POST", "/sandboxes/acme/keys", {field: length})
    assert response.status_code in (201, 422)
    assert acme.admin("GET", "/sandboxes/acme").status_code == 200
    assert status(acme, acme.key()) == 200


def test_a_key_is_found_by_id_and_by_secret(acme: Harness) -> None:
    key = create_key(acme)
    assert acme.admin("DELETE", f"/sandboxes/acme/keys/{key['secret']}").json["id"] == key["id"]


def test_revoking_an_unknown_key_is_refused_with_the_nearest(acme: Harness) -> None:
    response = acme.admin("DELETE", "/sandboxes/acme/keys/key_2")
    assert (response.status_code, response.json["detail"]) == (404, "there is no key 'key_2'; did you mean 'key_1'?")


@pytest.mark.parametrize(
    ("body", "word"),
    [({"mode": "tset"}, "did you mean 'test'"), ({"scopes": ["notes:raed"]}, "did you mean 'notes:read'")],
)
def test_an_unknown_mode_or_scope_is_refused_with_the_nearest(acme: Harness, body: dict[str, Any], word: str) -> None:
    response = acme.admin("POST", "/sandboxes/acme/keys", body)
    assert response.status_code == 422
    assert word in response.json["detail"]


def test_a_thousand_keys_all_differ_and_one_more_is_refused(acme: Harness) -> None:
    with acme.sandbox.transaction() as space:
        secrets = {acme.sandbox.keyring.write_key(space, NOON).secret for _ in range(999)}
    assert len(secrets) == 999
    response = acme.admin("POST", "/sandboxes/acme/keys", {})
    assert response.status_code == 422
    assert "at most 1000 keys" in response.json["detail"]


def test_the_propagation_and_the_lifetime_of_new_keys_are_settings(acme: Harness) -> None:
    acme.admin("PATCH", "/sandboxes/acme", {"assumptions": {"key_propagation": "5s", "key_lifetime": "10s"}})
    secret = create_key(acme)["secret"]
    seen = []
    for _ in range(4):
        seen.append(status(acme, secret))
        acme.advance("4s")
    assert seen == [403, 403, 200, 401]
    assert acme.sandbox.now() == NOON + 16 * SECOND


@pytest.mark.parametrize(("given", "normalized"), [("10.1.2.3/8", "10.0.0.0/8"), ("2001:db8::9/32", "2001:db8::/32")])
def test_host_bits_of_a_range_are_ignored_also_after_an_import(acme: Harness, given: str, normalized: str) -> None:
    key = create_key(acme, cidrs=[given])
    assert key["cidrs"] == [normalized]
    inside, outside = ("10.200.0.1", "11.1.2.3") if "." in given else ("2001:db8:ffff::1", "2001:db9::1")
    state = acme.admin("GET", "/sandboxes/acme/state").json
    for record in state["collections"]["_keys"]:
        record["cidrs"] = [given] if record["cidrs"] else []
    assert acme.admin("PUT", "/sandboxes/acme/state", state).status_code == 200
    imported = acme.sandbox.keys[key["secret"]]
    assert (imported.allows_address(inside), imported.allows_address(outside)) == (True, False)


def test_revoking_one_key_does_not_change_the_others(acme: Harness) -> None:
    first, second = create_key(acme), create_key(acme)
    before = {secret: key for secret, key in acme.sandbox.keys.items() if secret != first["secret"]}
    acme.admin("DELETE", f"/sandboxes/acme/keys/{first['id']}")
    assert {secret: key for secret, key in acme.sandbox.keys.items() if secret != first["secret"]} == before
    assert [status(acme, each) for each in (first["secret"], second["secret"], acme.key())] == [401, 200, 200]


def test_a_key_is_not_affected_by_the_reset_of_another_sandbox(acme: Harness) -> None:
    other = acme.engine.create("acme", "other")
    secret = next(iter(other.keys))
    acme.engine.reset("acme")
    assert status(acme, secret) == 200
    acme.engine.delete("other")
    assert (status(acme, secret), status(acme, acme.key())) == (401, 200)

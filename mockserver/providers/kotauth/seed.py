"""Generates the seed data of a Kotauth workspace."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from mockserver.engine import SECOND, Progress, Randomness, State

FIRST_CREATED_AT = 1_767_603_600 * SECOND
"""2026-01-05T09:00:00Z; each record is created one minute after the previous one."""
_MINUTE = 60 * SECOND
_SESSION_LIFETIME = 3_650 * 86_400 * SECOND
"""Ten years, so that the seeded sessions stay active when the clock is moved."""
SIZES: dict[str, dict[str, int]] = {
    "small": {
        "applications": 3,
        "roles": 5,
        "users": 10,
        "groups": 4,
        "user_roles": 6,
        "group_members": 5,
        "user_attributes": 4,
        "claim_mappers": 2,
        "sessions": 4,
        "audit_events": 10,
    },
}
SIZES["medium"] = {name: number * 20 for name, number in SIZES["small"].items()} | {"claim_mappers": 10}
SIZES["large"] = {name: number * 200 for name, number in SIZES["small"].items()} | {"claim_mappers": 20}
_ROLES = ("admin", "user", "billing-admin", "viewer", "api-consumer")
_GROUPS = ("Engineering", "Operations", "Support", "Finance")
_APPS = (("kotauth-portal", "public"), ("acme-dashboard", "confidential"), ("acme-mobile", "public"))
_ATTRIBUTE_KEYS = ("plan", "department", "employee_id", "locale_hint")
_ATTRIBUTE_VALUES = ("enterprise", "engineering", "E-4217", "en-US")
_AUDIT_TYPES = ("LOGIN_SUCCESS", "TOKEN_ISSUED", "LOGIN_FAILED", "TOKEN_REFRESHED", "USER_PASSWORD_CHANGED")


class _RecordContext:
    """The input of a record builder: the number of the record, an rng for it, and the records generated before it."""

    def __init__(self, randomness: Randomness, collection: str, nth: int, state: State) -> None:
        self.nth = nth
        self.rng = randomness.stream(f"seed:{collection}", nth)
        self.state = state

    def random_record(self, collection: str) -> dict[str, Any]:
        chosen: dict[str, Any] = self.rng.choice(self.state[collection])
        return chosen

    def record_in_turn(self, collection: str) -> dict[str, Any]:
        """Returns the record whose turn it is; links built from two collections in turn are all different."""
        records = self.state[collection]
        return records[(self.nth - 1) % len(records)]

    def cycle_word(self, words: tuple[str, ...]) -> str:
        """Returns the words in turn; from the second cycle on, a number makes them unique: `admin-2`."""
        word, cycle = words[(self.nth - 1) % len(words)], (self.nth - 1) // len(words)
        return f"{word}-{cycle + 1}" if cycle else word


def generate(randomness: Randomness, size: str, progress: Progress) -> State:
    """Returns the records of a small (about 50), medium (about 1,000) or large (about 10,000) workspace."""
    counts = SIZES[size]
    total, state = sum(counts.values()), State()
    for collection, number in counts.items():
        records = state[collection] = []
        for nth in range(1, number + 1):
            record = {
                "id": str(nth),
                **_RECORD_BUILDERS[collection](_RecordContext(randomness, collection, nth, state)),
            }
            if collection not in _UNDATED_COLLECTIONS:
                record["_created"] = FIRST_CREATED_AT + sum(map(len, state.values())) * _MINUTE
            records.append(_with_expiry(record) if collection == "sessions" else record)
        progress(sum(map(len, state.values())), total)
    state["sequences"] = [
        {"id": name, "value": len(state[name])} for name in counts if name not in _UNDATED_COLLECTIONS
    ]
    return state


_UNDATED_COLLECTIONS = ("user_roles", "group_members", "user_attributes", "claim_mappers")

_fakers: list[Any] = []


def _person(context: _RecordContext) -> str:
    # Faker takes as long to import as Flask, and prewritten data needs none, so it is imported only when needed.
    if not _fakers:
        from faker import Faker

        _fakers.append(Faker("en_US", use_weighting=False))
    _fakers[0].seed_instance(context.rng.getrandbits(64))
    return f"{_fakers[0].first_name()} {_fakers[0].last_name()}"


def _application(context: _RecordContext) -> dict[str, Any]:
    client_id = context.cycle_word(tuple(name for name, _ in _APPS))
    _, access_type = _APPS[(context.nth - 1) % len(_APPS)]
    uris = [f"https://{client_id}.acme.test/callback"]
    return {
        "clientId": client_id,
        "name": client_id.replace("-", " ").title(),
        "description": None if context.nth % 2 else f"Application {context.nth}",
        "accessType": access_type,
        "enabled": True,
        # None marks the built-in portal, whose URI depends on the address of the workspace.
        "redirectUris": None if context.nth == 1 else uris,
    }


def _role(context: _RecordContext) -> dict[str, Any]:
    is_client_role = context.nth % 5 == 0
    return {
        "name": context.cycle_word(_ROLES),
        "description": None if context.nth % 2 else f"Role {context.nth}",
        "scope": "CLIENT" if is_client_role else "TENANT",
        "clientId": int(context.random_record("applications")["id"]) if is_client_role else None,
    }


def _user(context: _RecordContext) -> dict[str, Any]:
    name = _person(context)
    username = f"{_ascii(name)}.{context.nth}"
    return {
        "username": username,
        "email": f"{username}@acme.test",
        "fullName": name,
        "emailVerified": context.nth % 7 != 0,
        "enabled": context.nth % 10 != 9,
        "mfaEnabled": context.nth % 4 == 0,
        "requiredActions": [],
    }


def _group(context: _RecordContext) -> dict[str, Any]:
    # Every second group is a child of the one before it.
    parent = None if context.nth % 2 else context.nth - 1
    return {"name": context.cycle_word(_GROUPS), "description": None, "parentGroupId": parent}


def _user_role(context: _RecordContext) -> dict[str, Any]:
    user, role = int(context.record_in_turn("users")["id"]), int(context.record_in_turn("roles")["id"])
    return {"id": f"{user}/{role}", "userId": user, "roleId": role}


def _member(context: _RecordContext) -> dict[str, Any]:
    group, user = int(context.record_in_turn("groups")["id"]), int(context.record_in_turn("users")["id"])
    return {"id": f"{group}/{user}", "groupId": group, "userId": user}


def _attribute(context: _RecordContext) -> dict[str, Any]:
    user, index = int(context.record_in_turn("users")["id"]), context.nth % len(_ATTRIBUTE_KEYS)
    return {
        "id": f"{user}/{_ATTRIBUTE_KEYS[index]}",
        "userId": user,
        "key": _ATTRIBUTE_KEYS[index],
        "value": _ATTRIBUTE_VALUES[index],
    }


def _mapper(context: _RecordContext) -> dict[str, Any]:
    key = context.cycle_word(_ATTRIBUTE_KEYS)
    flags = {"includeInAccess": True, "includeInId": context.nth % 2 == 0}
    return {"id": key, "claimName": f"acme_{key.replace('-', '_')}", **flags}


def _session(context: _RecordContext) -> dict[str, Any]:
    app = context.random_record("applications")
    without_user = context.nth % 4 == 0
    if without_user:
        # Only a confidential application gets a token without a user; the second one is confidential.
        app = context.state["applications"][1]
    return {
        "userId": None if without_user else int(context.random_record("users")["id"]),
        "clientId": int(app["id"]),
        "scopes": "openid" if without_user else "openid profile email",
        "ipAddress": None if without_user else f"203.0.113.{1 + context.rng.randrange(254)}",
    }


def _with_expiry(session: dict[str, Any]) -> dict[str, Any]:
    created = session["_created"]
    ends = {"_access_ends": created + _SESSION_LIFETIME, "_refresh_ends": created + _SESSION_LIFETIME + 86_400 * SECOND}
    return {**session, **ends, "_revoked": None}


def _event(context: _RecordContext) -> dict[str, Any]:
    type, user = _AUDIT_TYPES[(context.nth - 1) % len(_AUDIT_TYPES)], context.random_record("users")
    failed = type == "LOGIN_FAILED"
    details = {"username": user["username"], "reason": "invalid_credentials"} if failed else {}
    return {
        "eventType": type,
        "userId": None if failed else int(user["id"]),
        "clientId": None if failed else int(context.random_record("applications")["id"]),
        "ipAddress": f"198.51.100.{1 + context.rng.randrange(254)}",
        "details": details,
    }


_RECORD_BUILDERS: dict[str, Callable[[_RecordContext], dict[str, Any]]] = {
    "applications": _application,
    "roles": _role,
    "users": _user,
    "groups": _group,
    "user_roles": _user_role,
    "group_members": _member,
    "user_attributes": _attribute,
    "claim_mappers": _mapper,
    "sessions": _session,
    "audit_events": _event,
}


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join(re.sub("[^a-z]", "", word) for word in plain.split())

"""The stage that executes a request with an idempotency key once, and then returns its stored reply."""

from __future__ import annotations

from base64 import b64decode, b64encode
from functools import partial
from hashlib import sha256
from typing import Any

from pydantic_core import from_json

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.encoding import as_json
from mockserver.engine.core.idempotency_policy import IdempotencyPolicy
from mockserver.engine.core.problem import Problem
from mockserver.engine.core.reply import Reply
from mockserver.storage.base import Record, Space

COLLECTION = "_idempotency"
MAX_IDEMPOTENCY_RECORDS = 50_000
"""The largest number of stored replies per sandbox; beyond it the oldest are deleted."""


def idempotency(call: Call, proceed: Proceed) -> Reply:
    """Returns the stored reply of a request that has been executed; refuses a request whose key is in flight."""
    policy = call.sandbox.provider.idempotency
    if policy is None or call.method not in policy.methods or policy.header not in call.headers:
        return proceed(call)
    record_id = _record_id(call, policy)
    fingerprint = _fingerprint(call, policy)
    with call.sandbox.transaction(durable=False) as space:
        # Claim before reading, because the first request's record is durable only when its claim is released.
        if not space.claim(record_id):
            raise Problem("idempotency_in_flight", "A request with this idempotency key is being processed")
        stored = space.get(COLLECTION, record_id)
        if stored and call.now < stored["expires"]:
            space.release(record_id)
            return _replay(call, policy, stored, fingerprint)
    call.before_commit.append(partial(_store_reply, policy, record_id, fingerprint))
    try:
        return proceed(call)
    finally:
        call.sandbox.release_claim(record_id, call.epoch)


def _record_id(call: Call, policy: IdempotencyPolicy) -> str:
    value = call.headers[policy.header].strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if not 1 <= len(value) <= policy.max_length or not value.isascii() or not value.isprintable():
        raise Problem(
            "idempotency_key_invalid", f"{policy.header} must have 1 to {policy.max_length} printable characters"
        )
    owner = call.key.id if policy.per_key and call.key else ""
    return sha256(f"{owner}\0{value}".encode()).hexdigest()


def _fingerprint(call: Call, policy: IdempotencyPolicy) -> str:
    digest = sha256(f"{call.method}\0{call.path}\0{sorted(call.query)}\0".encode("utf-8", "surrogatepass"))
    digest.update(_canonical(call.data) if policy.compares_canonical_json else call.data)
    return digest.hexdigest()


def _canonical(data: bytes) -> bytes:
    try:
        return as_json(from_json(data, allow_inf_nan=False), sort=True)
    except ValueError:
        return data


def _replay(call: Call, policy: IdempotencyPolicy, stored: Record, fingerprint: str) -> Reply:
    if stored["fingerprint"] != fingerprint:
        raise Problem("idempotency_mismatch", "This idempotency key was used with another request")
    call.note("replayed")
    headers = [(name, value) for name, value in stored["headers"]]
    if policy.replay_header:
        headers.append(policy.replay_header)
    return Reply(stored["status"], headers, b64decode(stored["body"]))


def _store_reply(
    policy: IdempotencyPolicy, record_id: str, fingerprint: str, space: Space, call: Call, reply: Reply
) -> None:
    record: dict[str, Any] = {
        "id": record_id,
        "expires": call.now + policy.lifetime,
        "fingerprint": fingerprint,
        "status": reply.status,
        "headers": [list(pair) for pair in reply.headers],
        "body": b64encode(reply.body).decode(),
    }
    space.drop(COLLECTION, record_id)
    space.append(COLLECTION, record, max_records=MAX_IDEMPOTENCY_RECORDS)

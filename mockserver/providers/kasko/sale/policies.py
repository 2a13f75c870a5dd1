"""Operations that show, change, cancel and reactivate a policy."""

from __future__ import annotations

from email.utils import formatdate

from mockserver.engine import SECOND, Call, Operation, Problem, Record, Reply
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.products import catalog as products
from mockserver.providers.kasko.products.pricing import format_midnight
from mockserver.providers.kasko.products.rules import RuleViolation, read_date
from mockserver.providers.kasko.sale import records, tokens
from mockserver.providers.kasko.sale.offers import check_email, validate_policy_data
from mockserver.providers.kasko.sale.records import POLICIES
from mockserver.providers.kasko.wire import preconditions
from mockserver.providers.kasko.wire.dialect import JSON, bad_request, not_found
from mockserver.providers.kasko.wire.models import Changes, Replacement
from mockserver.providers.kasko.wire.negotiate import require_known_version

REQUIRED_FIELDS = ("first_name", "last_name", "email", "data")
"""Fields that PUT requires, unless it cancels the policy."""


def _get_or_404(call: Call) -> Record:
    require_known_version(call)
    record = records.get_policy_or_404(call)
    if record["policy_status"] is None:
        assumption, is_paid = assumptions_of(call).unissued_policy, record["offer_status"] == "accepted"
        # Before the policy is issued, only GET can return it: by assumption never, if the offer is paid, or always.
        if call.method != "GET" or assumption == "404" or (assumption == "pending" and not is_paid):
            raise not_found("Policy")
    return record


def _render(call: Call, record: Record) -> Reply:
    reply = call.sandbox.provider.dialect.render_record(call, records.render_policy(call, record))
    reply.headers.append(("ETag", preconditions.make_entity_tag(call.sandbox.randomness, record)))
    reply.headers.append(("Last-Modified", formatdate(record["updated_at"] // SECOND, usegmt=True)))
    return reply


def _save_change(call: Call, record: Record, *, publish: bool = True) -> Reply:
    """Stores a changed policy under a new version, emits its event if ``publish``, and returns the policy or a 204."""
    stored = {**record, "version": record["version"] + 1, "updated_at": call.now, "base": records.get_base_url(call)}
    call.space.put(POLICIES, stored)
    if publish:
        records.publish_update(call, stored)
    reply = _render(call, stored)
    if assumptions_of(call).change_answer == "200":
        return reply
    return Reply(204, [header for header in reply.headers if header != JSON])


def _show(call: Call) -> Reply:
    return _render(call, _get_or_404(call))


def _patch(call: Call) -> Reply:
    record = _get_or_404(call)
    body: Changes = call.body
    if assumptions_of(call).patch_preconditions == "checked":
        preconditions.check_preconditions(call, record, required=False)
    _check_not_cancelled(call, record)
    return _apply_changes(call, record, body)


def _put(call: Call) -> Reply:
    record = _get_or_404(call)
    body: Replacement = call.body
    preconditions.check_preconditions(call, record, required=assumptions_of(call).preconditions == "required")
    _check_not_cancelled(call, record)
    if body.status is not None:
        return _cancel(call, record, body)
    for name in REQUIRED_FIELDS:
        if getattr(body, name) is None:
            raise bad_request(f"{name}: field required.")
    return _apply_changes(call, record, body)


def _check_not_cancelled(call: Call, record: Record) -> None:
    if record["policy_status"] == "cancelled":
        cancelled_change_status = int(assumptions_of(call).cancelled_change)
        raise Problem("cancelled", "The policy is cancelled", status=cancelled_change_status)


def _apply_changes(call: Call, record: Record, body: Changes) -> Reply:
    fields = body.model_dump(include={"first_name", "last_name", "email"}, exclude_none=True)
    changed = {**record, **fields}
    if body.email is not None:
        check_email(call, body.email)
    product = products.get_product(call, record["quote"]["item"])
    if body.quote_token is not None:
        quote = tokens.decode_quote(call, body.quote_token)
        if quote["item"] != record["quote"]["item"]:
            raise bad_request("The quote token is one of another product.")
        changed["quote"] = records.snapshot_quote(quote)
    if body.data is not None:
        rule_set = product.patch_rules() if call.method == "PATCH" else product.policy
        changed["data"] = validate_policy_data(call, product, rule_set, body.data)
    return _save_change(call, changed)


def _cancel(call: Call, record: Record, body: Replacement) -> Reply:
    if body.status != "cancelled":
        raise bad_request('status must be "cancelled".')
    if body.cancellation_reason is None:
        raise bad_request("cancellation_reason: field required.")
    if body.termination_date is not None:
        _check_termination_date(call, record, body.termination_date)
    publishes_cancellation = assumptions_of(call).cancellation_event
    changed = {
        **record,
        "policy_status": "cancelled",
        "cancellation_reason": body.cancellation_reason,
        "cancelled_by": call.key.id if call.key else None,
        "cancelled_at": records.format_with_offset(call.now),
        "termination_date": body.termination_date,
    }
    return _save_change(call, changed, publish=publishes_cancellation)


def _check_termination_date(call: Call, record: Record, date: str) -> None:
    try:
        format_midnight(read_date(date), products.get_product(call, record["quote"]["item"]))
    except (RuleViolation, OverflowError):
        raise bad_request("termination_date must be a date such as 2031-05-01.") from None


def _reactivate(call: Call) -> Reply:
    record = _get_or_404(call)
    if record["policy_status"] != "cancelled":
        cancelled_change_status = int(assumptions_of(call).cancelled_change)
        raise Problem("not_cancelled", "The policy is not cancelled", status=cancelled_change_status)
    cleared = dict.fromkeys(("cancellation_reason", "cancelled_by", "cancelled_at", "termination_date"))
    changed = {**record, **cleared, "policy_status": "paid"}
    publishes_cancellation = assumptions_of(call).cancellation_event
    return _save_change(call, changed, publish=publishes_cancellation)


_CHANGE_REFUSALS = (400, 401, 403, 404, 405, 409, 412, 413)
OPERATIONS = (
    Operation("get_policy", "GET", "/policies/{id}", _show, "Show a policy", refusals=(401, 403, 404, 405)),
    Operation(
        "update_policy", "PATCH", "/policies/{id}", _patch, "Change a policy", body=Changes, refusals=_CHANGE_REFUSALS
    ),
    Operation(
        "replace_policy",
        "PUT",
        "/policies/{id}",
        _put,
        "Change a policy as a whole, or cancel it",
        body=Replacement,
        refusals=_CHANGE_REFUSALS,
    ),
    Operation(
        "reactivate_policy",
        "POST",
        "/policies/{id}/reactivate",
        _reactivate,
        "Undo a cancellation",
        refusals=(400, 401, 403, 404, 405, 409),
    ),
)

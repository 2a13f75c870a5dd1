"""The older operations: they create leads and media, attach files to policies, and list policies by creation time."""

from __future__ import annotations

import re
from email import message_from_bytes
from typing import Any

from mockserver.engine import Call, Operation, Record, Reply, parse_instant
from mockserver.providers.kasko.assumptions import assumptions_of
from mockserver.providers.kasko.sale import records
from mockserver.providers.kasko.sale.records import POLICIES
from mockserver.providers.kasko.wire.auth import HEX, is_livemode
from mockserver.providers.kasko.wire.dialect import bad_request, not_found, render_with_status, wrong_mode
from mockserver.providers.kasko.wire.models import Attached, NewLead, NewMedia, PeriodQuery

LEADS, MEDIA = "leads", "media"
_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)


def _create_record(call: Call, collection: str, prefix: str, fields: dict[str, Any]) -> Record:
    id = prefix + call.sandbox.randomness.text(collection, call.nth(collection), 28, HEX)
    record = {**fields, "id": id, "_live": is_livemode(call), "_created": call.now}
    call.space.put(collection, record)
    return record


def _get_or_404(call: Call, collection: str, id: str, noun: str) -> Record:
    record = call.space.get(collection, id)
    if record is None:
        raise not_found(noun)
    if record["_live"] != is_livemode(call):
        raise wrong_mode(call, noun)
    return record


def _render(call: Call, record: Record, collection: str) -> dict[str, Any]:
    fields = {name: value for name, value in record.items() if not name.startswith("_") and name != "id"}
    link = {"_self": {"href": f"{records.get_base_url(call)}/{collection}/{record['id']}"}}
    return {"id": record["id"], **fields, "created_at": records.format_with_offset(record["_created"]), "_links": link}


def _render_created(call: Call, record: Record, collection: str) -> dict[str, Any]:
    fields = _render(call, record, collection)
    return fields if assumptions_of(call).new_record == "whole" else {name: fields[name] for name in ("id", "_links")}


def _create_lead(call: Call) -> Reply:
    # Records keep internal members under names with "_", so a client's members with such names are dropped.
    fields = {name: value for name, value in call.body.model_dump(exclude_none=True).items() if name[:1] != "_"}
    lead = _create_record(call, LEADS, "lead_", fields)
    return render_with_status(call, _render_created(call, lead, LEADS), assumptions_of(call).lead_status)


def _show_lead(call: Call) -> Reply:
    lead = _get_or_404(call, LEADS, call.args["id"], "Lead")
    return call.sandbox.provider.dialect.render_record(call, _render(call, lead, LEADS))


def _create_media(call: Call) -> Reply:
    media = _create_record(call, MEDIA, "med_", {**call.body.model_dump(), "uploaded": False})
    return render_with_status(call, _render_created(call, media, MEDIA), assumptions_of(call).media_status)


def _upload(call: Call) -> Reply:
    media = _get_or_404(call, MEDIA, call.args["id"], "Media")
    content = _read_file(call)
    if len(content) != media["file_size"]:
        raise bad_request(f"The file has {len(content)} bytes, {media['file_size']} were announced.")
    uploaded = {**media, "uploaded": True}
    call.space.put(MEDIA, uploaded)
    return render_with_status(call, _render(call, uploaded, MEDIA), assumptions_of(call).upload_status)


def _read_file(call: Call) -> bytes:
    """Returns the content of the form field `file`. Raises Problem if the body has none."""
    content_type = call.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise bad_request("Content-Type must be multipart/form-data.")
    header = f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "surrogateescape")
    for part in message_from_bytes(header + call.data).walk():
        content = part.get_payload(decode=True)
        if part.get_param("name", header="content-disposition") == "file" and isinstance(content, bytes):
            return content
    raise bad_request("file: field required.")


def _attach(call: Call) -> Reply:
    policy = records.get_policy_or_404(call)
    media = _get_or_404(call, MEDIA, call.body.id, "Media")
    fields = {name: media[name] for name in ("id", "designation", "name", "mime_type", "file_size")}
    others = [other for other in policy["media"] if other["id"] != fields["id"]]
    changes = {"version": policy["version"] + 1, "updated_at": call.now, "base": records.get_base_url(call)}
    changed = {**policy, "media": [*others, fields], **changes}
    call.space.put(POLICIES, changed)
    assumptions = assumptions_of(call)
    if assumptions.media_event:
        records.publish_update(call, changed)
    rendered = fields if assumptions.attached_answer == "media" else records.render_policy(call, changed)
    return render_with_status(call, rendered, assumptions.attached_status)


def _list_by_period(call: Call) -> Reply:
    """Lists the policies issued from ``start_date`` to ``end_date``, both included."""
    period = call.query_parameters
    assert isinstance(period, PeriodQuery)
    start, end = _parse_time("start_date", period.start_date), _parse_time("end_date", period.end_date)
    live = is_livemode(call)
    policies = [
        records.render_policy(call, record)
        for _, record in call.space.scan(POLICIES)
        if record["live"] == live and record["policy_status"] and start <= record["issued_at"] <= end
    ]
    return call.sandbox.provider.dialect.render_list(call, policies, None)


def _parse_time(name: str, text: str) -> int:
    try:
        if _TIME.fullmatch(text):
            return parse_instant(text)
    except ValueError:
        pass
    raise bad_request(f"{name} must be written as YYYY-MM-DD HH:MM:SS.")


_READ_REFUSALS, _WRITE_REFUSALS = (401, 403, 404, 405), (400, 401, 403, 404, 405, 413)
OPERATIONS = (
    Operation("create_lead", "POST", "/leads", _create_lead, "Create a lead", NewLead, status=201,
              refusals=_WRITE_REFUSALS),
    Operation("get_lead", "GET", "/leads/{id}", _show_lead, "Show a lead", refusals=_READ_REFUSALS),
    Operation("create_media", "POST", "/media", _create_media, "Announce a file", NewMedia, status=201,
              refusals=_WRITE_REFUSALS),
    Operation("upload_media", "POST", "/media/{id}/content", _upload, "Upload a file", refusals=_WRITE_REFUSALS),
    Operation(
        "attach_media", "POST", "/policies/{id}/media", _attach, "Attach a file to a policy", Attached, status=201,
        refusals=_WRITE_REFUSALS,
    ),
    Operation(
        "list_indexed_policies", "GET", "/indexed_policies", _list_by_period,
        "List policies by the time of their creation",
        query=PeriodQuery, refusals=(400, 401, 403, 404, 405),
    ),
)  # fmt: skip

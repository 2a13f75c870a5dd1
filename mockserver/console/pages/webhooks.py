"""Webhooks: shows and changes endpoints, shows and retries deliveries, and tests faults."""

from __future__ import annotations

from typing import Any

from mockserver.console.page import Page, PageRequest, Redirect, sandbox_page, sandbox_url

PAGE_SIZE = 50
"""Maximum number of listed deliveries."""


def show(request: PageRequest) -> Page:
    sandbox = request.call_sandbox("GET", "")
    deliveries = request.call_sandbox("GET", "/deliveries", limit=PAGE_SIZE)
    kinds = request.api("GET", "/faults")["kinds"]
    return sandbox_page(
        request,
        "webhooks",
        "webhooks.html",
        endpoints=request.call_sandbox("GET", "/webhooks"),
        deliveries=[_with_time_span(each, sandbox["clock"]["now"]) for each in reversed(deliveries)],
        provider=_provider(request),
        webhook_faults=[kind for kind in kinds if kind["on"] == "webhooks"],
        opened=request.args.get("delivery"),
    )


def _provider(request: PageRequest) -> Any:
    return request.api("GET", "/providers/{provider}", provider=request.call_sandbox("GET", "")["provider"])


def _with_time_span(delivery: Any, now: str) -> dict[str, Any]:
    """Adds the period of the timeline: from the creation of the event to the latest of now, its attempts and due."""
    instants = [attempt["at"] for attempt in delivery["attempts"]] + ([delivery["due"]] if delivery["due"] else [])
    start = delivery["event"]["created_at"]
    return {**delivery, "start": start, "end": max([start, now, *instants])}


def _redirect(request: PageRequest, notice: str) -> Redirect:
    return Redirect(sandbox_url(request.args["sandbox"], "webhooks"), notice)


def create(request: PageRequest) -> Redirect:
    events = request.form.get("events", "").replace(",", " ").split()
    body = {"url": request.form.get("url", "").strip(), **({"events": events} if events else {})}
    request.call_sandbox("POST", "/webhooks", body)
    return _redirect(request, "endpoint_registered")


def test(request: PageRequest) -> Redirect:
    """Sends the vendor's test event to an endpoint."""
    request.call_sandbox("POST", "/webhooks/{endpoint}/test")
    return _redirect(request, "test_sent")


def toggle(request: PageRequest) -> Redirect:
    """Enables or disables an endpoint."""
    endpoint = request.call_sandbox("GET", "/webhooks/{endpoint}")
    request.call_sandbox("PATCH", "/webhooks/{endpoint}", {"enabled": not endpoint["enabled"]})
    return _redirect(request, "endpoint_changed")


def rotate(request: PageRequest) -> Redirect:
    request.call_sandbox("POST", "/webhooks/{endpoint}/rotate", {"overlap": request.form.get("overlap") or "0s"})
    return _redirect(request, "endpoint_changed")


def delete(request: PageRequest) -> Redirect:
    request.call_sandbox("DELETE", "/webhooks/{endpoint}")
    return _redirect(request, "endpoint_deleted")


def test_fault(request: PageRequest) -> Redirect:
    """Creates a fault for the next delivery to an endpoint; sends a test event immediately if the vendor has one."""
    rule = {
        "match": {"endpoint": request.args["endpoint"]},
        "trigger": {"times": 1},
        "fault": {"kind": request.form.get("kind", "")},
    }
    request.call_sandbox("POST", "/faults", rule)
    if _provider(request)["test_event"] is None:
        return _redirect(request, "fault_waits")
    request.call_sandbox("POST", "/webhooks/{endpoint}/test")
    return _redirect(request, "test_sent_with_fault")


def retry(request: PageRequest) -> Redirect:
    request.call_sandbox("POST", "/deliveries/{delivery}/retry")
    return _redirect(request, "retried")

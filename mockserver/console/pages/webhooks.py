"""Webhooks: who is told, what was sent and when, tried again, and spoiled on purpose."""

from __future__ import annotations

from typing import Any

from mockserver.console.page import Page, PageRequest, Redirect, sandbox_page, sandbox_url

PAGE_SIZE = 50
"""So many deliveries are listed."""


def show(request: PageRequest) -> Page:
    """The endpoints, and the newest deliveries with every attempt."""
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
        forgeries=[kind for kind in kinds if kind["on"] == "webhooks"],
        opened=request.args.get("delivery"),
    )


def _provider(request: PageRequest) -> Any:
    return request.api("GET", "/providers/{provider}", provider=request.call_sandbox("GET", "")["provider"])


def _with_time_span(delivery: Any, now: str) -> dict[str, Any]:
    """A delivery with the stretch of time its line is drawn over: from the event to what is last known or awaited."""
    instants = [attempt["at"] for attempt in delivery["attempts"]] + ([delivery["due"]] if delivery["due"] else [])
    began = delivery["event"]["created_at"]
    return {**delivery, "began": began, "ended": max([began, now, *instants])}


def _redirect(request: PageRequest, done: str) -> Redirect:
    return Redirect(sandbox_url(request.args["sandbox"], "webhooks"), done)


def create(request: PageRequest) -> Redirect:
    """Register an endpoint."""
    events = request.form.get("events", "").replace(",", " ").split()
    body = {"url": request.form.get("url", "").strip(), **({"events": events} if events else {})}
    request.call_sandbox("POST", "/webhooks", body)
    return _redirect(request, "endpoint")


def test(request: PageRequest) -> Redirect:
    """Send an endpoint the vendor's test event."""
    request.call_sandbox("POST", "/webhooks/{endpoint}/test")
    return _redirect(request, "sent")


def toggle(request: PageRequest) -> Redirect:
    """Switch an endpoint off, or on again."""
    shown = request.call_sandbox("GET", "/webhooks/{endpoint}")
    request.call_sandbox("PATCH", "/webhooks/{endpoint}", {"enabled": not shown["enabled"]})
    return _redirect(request, "kept")


def rotate(request: PageRequest) -> Redirect:
    """Give an endpoint a new secret."""
    request.call_sandbox("POST", "/webhooks/{endpoint}/rotate", {"overlap": request.form.get("overlap") or "0s"})
    return _redirect(request, "kept")


def delete(request: PageRequest) -> Redirect:
    """Tell an endpoint nothing any more."""
    request.call_sandbox("DELETE", "/webhooks/{endpoint}")
    return _redirect(request, "removed")


def forge(request: PageRequest) -> Redirect:
    """Spoil the next delivery to an endpoint, and send it one where the vendor has a test event."""
    rule = {
        "match": {"endpoint": request.args["endpoint"]},
        "trigger": {"times": 1},
        "fault": {"kind": request.form.get("kind", "")},
    }
    request.call_sandbox("POST", "/faults", rule)
    if _provider(request)["test_event"] is None:
        return _redirect(request, "armed")
    request.call_sandbox("POST", "/webhooks/{endpoint}/test")
    return _redirect(request, "forged")


def retry(request: PageRequest) -> Redirect:
    """Try a delivery once more, now."""
    request.call_sandbox("POST", "/deliveries/{delivery}/retry")
    return _redirect(request, "retried")

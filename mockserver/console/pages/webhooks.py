"""Webhooks: who is told, what was sent and when, tried again, and spoiled on purpose."""

from __future__ import annotations

from typing import Any

from mockserver.console.page import Sent, Shown, Visit, at, of_sandbox

SHOWN = 50
"""So many deliveries are listed."""


def show(visit: Visit) -> Shown:
    """The endpoints, and the newest deliveries with every attempt."""
    sandbox = visit.ask("GET", "")
    deliveries = visit.ask("GET", "/deliveries", limit=SHOWN)
    kinds = visit.api("GET", "/faults")["kinds"]
    return of_sandbox(
        visit,
        "webhooks",
        "webhooks.html",
        endpoints=visit.ask("GET", "/webhooks"),
        deliveries=[_drawn(each, sandbox["clock"]["now"]) for each in reversed(deliveries)],
        provider=_provider(visit),
        forgeries=[kind for kind in kinds if kind["on"] == "webhooks"],
        opened=visit.args.get("delivery"),
    )


def _provider(visit: Visit) -> Any:
    return visit.api("GET", "/providers/{provider}", provider=visit.ask("GET", "")["provider"])


def _drawn(delivery: Any, now: str) -> dict[str, Any]:
    """A delivery with the stretch of time its line is drawn over: from the event to what is last known or awaited."""
    instants = [attempt["at"] for attempt in delivery["attempts"]] + ([delivery["due"]] if delivery["due"] else [])
    began = delivery["event"]["created_at"]
    return {**delivery, "began": began, "ended": max([began, now, *instants])}


def _done(visit: Visit, done: str) -> Sent:
    return Sent(at(visit.args["sandbox"], "webhooks"), done)


def create(visit: Visit) -> Sent:
    """Register an endpoint."""
    events = visit.form.get("events", "").replace(",", " ").split()
    body = {"url": visit.form.get("url", "").strip(), **({"events": events} if events else {})}
    visit.ask("POST", "/webhooks", body)
    return _done(visit, "endpoint")


def test(visit: Visit) -> Sent:
    """Send an endpoint the vendor's test event."""
    visit.ask("POST", "/webhooks/{endpoint}/test")
    return _done(visit, "sent")


def turn(visit: Visit) -> Sent:
    """Switch an endpoint off, or on again."""
    shown = visit.ask("GET", "/webhooks/{endpoint}")
    visit.ask("PATCH", "/webhooks/{endpoint}", {"enabled": not shown["enabled"]})
    return _done(visit, "kept")


def rotate(visit: Visit) -> Sent:
    """Give an endpoint a new secret."""
    visit.ask("POST", "/webhooks/{endpoint}/rotate", {"overlap": visit.form.get("overlap") or "0s"})
    return _done(visit, "kept")


def delete(visit: Visit) -> Sent:
    """Tell an endpoint nothing any more."""
    visit.ask("DELETE", "/webhooks/{endpoint}")
    return _done(visit, "removed")


def forge(visit: Visit) -> Sent:
    """Spoil the next delivery to an endpoint, and send it one where the vendor has a test event."""
    rule = {
        "match": {"endpoint": visit.args["endpoint"]},
        "trigger": {"times": 1},
        "fault": {"kind": visit.form.get("kind", "")},
    }
    visit.ask("POST", "/faults", rule)
    if _provider(visit)["test_event"] is None:
        return _done(visit, "armed")
    visit.ask("POST", "/webhooks/{endpoint}/test")
    return _done(visit, "forged")


def retry(visit: Visit) -> Sent:
    """Try a delivery once more, now."""
    visit.ask("POST", "/deliveries/{delivery}/retry")
    return _done(visit, "retried")

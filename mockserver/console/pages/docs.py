"""An API in Swagger UI: a provider's, or the admin API."""

from __future__ import annotations

from mockserver.admin.api import PREFIX
from mockserver.console.page import Shown, Visit


def show(visit: Visit) -> Shown:
    """The operations of the provider that is named, or of the admin API."""
    if "provider" not in visit.args:
        return Shown("docs.html", {"name": "The admin API", "document": f"{PREFIX}/openapi.json"})
    provider = visit.api("GET", "/providers/{provider}", None, {}, **visit.args)
    document = f"{PREFIX}/providers/{provider['name']}/openapi.json"
    return Shown("docs.html", {"name": provider["title"], "document": document})

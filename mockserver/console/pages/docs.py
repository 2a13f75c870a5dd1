"""API documentation: shows Swagger UI for a provider or for the admin API."""

from __future__ import annotations

from mockserver.admin.api import ADMIN_PREFIX
from mockserver.console.page import Page, PageRequest


def show(request: PageRequest) -> Page:
    """Returns Swagger UI for the provider in the path; without one, for the admin API."""
    if "provider" not in request.args:
        return Page("docs.html", {"name": "The admin API", "document": f"{ADMIN_PREFIX}/openapi.json"})
    provider = request.api("GET", "/providers/{provider}", None, {}, **request.args)
    document = f"{ADMIN_PREFIX}/providers/{provider['name']}/openapi.json"
    return Page("docs.html", {"name": provider["title"], "document": document})

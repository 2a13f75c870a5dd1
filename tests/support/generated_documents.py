"""Generates parts of the documents from the code; a test fails when a document has an outdated part.

``python -m tests.support.generated_documents`` writes them.

A part begins with ``<!-- generated: name -->`` and ends with ``<!-- end -->``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mockserver.admin import views
from mockserver.admin.api import ADMIN_PREFIX, ROUTES
from mockserver.admin.bounds import BOUNDS
from mockserver.app import fixtures_folder, known_providers
from mockserver.engine import Fault, FaultRule, describe, format_duration, load_scenarios
from mockserver.openapi.document.extensions import EXTENSION_PREFIX as EXTENSION_PREFIX
from mockserver.openapi.document.extensions import EXTENSIONS
from mockserver.openapi.serving.assumptions import OpenApiAssumptions
from mockserver.settings import ServerSettings
from tests.support.paths import ROOT

DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_PART = re.compile(r"(<!-- generated: ([a-z0-9 ._/-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    titles = list(head)
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for row in rows:
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |")
    return "\n".join(lines) + "\n"


def operations(provider: str) -> str:
    declared = known_providers()[provider]
    rows = [
        (f"`{op.method}`", f"`/{provider}{op.path}`", op.summary, op.status, ", ".join(map(str, op.refusals)))
        for op in declared.operations
        if op.available_if is None
    ]
    return table(("method", "path", "what it does", "status", "refusals"), rows)


def assumptions(provider: str) -> str:
    rows = [
        (f"`{each['name']}`", f"`{each['type']}`", f"`{_value(each['default'])}`", each["sentence"], each["evidence"])
        for each in views.render_provider(known_providers()[provider])["assumptions"]
    ]
    return table(("setting", "type", "default", "what it decides", "evidence"), rows)


def simulations(provider: str) -> str:
    rows = [
        (f"`{each['name']}`", each["sentence"], ", ".join(f"`{name}`" for name in each["parameters"]))
        for each in views.render_provider(known_providers()[provider])["simulations"]
    ]
    return table(("simulation", "what happens", "parameters"), rows)


def faults(on: str) -> str:
    rows = []
    for kind, model in sorted(each for each in Fault.KINDS.items() if on == each[1].APPLIES_TO):
        parameters = model.model_json_schema()["properties"]
        fields = [
            f"`{name}` ({'required' if field.is_required() else _default(parameters[name])})"
            for name, field in model.model_fields.items()
            if name != "kind"
        ]
        rows.append((f"`{kind}`", (model.__doc__ or "").split("\n")[0], ", ".join(fields) or "–"))
    return table(("kind", "what it does", "parameters (default)"), rows)


def trigger() -> str:
    fields = FaultRule.model_fields["trigger"].annotation.model_fields  # type: ignore[union-attr]
    return table(
        ("trigger", "default", "meaning"),
        [(f"`{name}`", f"`{field.default}`", field.description or "") for name, field in fields.items()],
    )


def scenarios() -> str:
    rows = []
    for scenario in load_scenarios(fixtures_folder() / "scenarios").values():
        parameters = [f"`{name}={each.default}`: {each.sentence}" for name, each in scenario.parameters.items()]
        rows.append((f"`{scenario.name}`", scenario.sentence, "<br>".join(parameters) or "–"))
    return table(("scenario", "what happens", "parameters and defaults"), rows)


def routes() -> str:
    return table(
        ("method", "path", "what it does"),
        [(f"`{route.method}`", f"`{ADMIN_PREFIX}{route.path}`", route.summary) for route in ROUTES],
    )


def settings() -> str:
    rows = [
        (f"`TESTMODE_{name.upper()}`", f"`{_value(field.default)}`", field.description or "")
        for name, field in ServerSettings.model_fields.items()
    ]
    return table(("variable", "default", "meaning"), rows)


def bounds() -> str:
    known = (*BOUNDS, *(each for provider in known_providers().values() for each in provider.bounds))
    rows = [(f"`{each.name}`", f"{each.value(None):,.0f}", each.sentence, each.beyond) for each in known]
    return table(("bound", "value", "what it limits", "beyond it"), rows)


def file(name: str) -> str:
    """Returns a whole file, which the tests run, as a code block."""
    language = {".py": "python", ".mjs": "js"}[Path(name).suffix]
    return f"```{language}\n{(ROOT / name).read_text()}```\n"


def extensions() -> str:
    rows = [
        (f"`{EXTENSION_PREFIX}{each.name}`", ", ".join(each.levels), each.expected, each.sentence)
        for each in EXTENSIONS
    ]
    return table(("extension", "location", "value", "purpose"), rows)


def own_assumptions() -> str:
    rows = [
        (f"`{each['name']}`", f"`{each['type']}`", f"`{_value(each['default'])}`", each["sentence"], each["evidence"])
        for each in describe(OpenApiAssumptions)
    ]
    return table(("setting", "type", "default", "what it decides", "evidence"), rows)


GENERATORS: dict[str, Callable[..., str]] = {
    "operations": operations,
    "assumptions": assumptions,
    "simulations": simulations,
    "faults": faults,
    "trigger": trigger,
    "scenarios": scenarios,
    "routes": routes,
    "settings": settings,
    "bounds": bounds,
    "file": file,
    "extensions": extensions,
    "own-assumptions": own_assumptions,
}


def _value(value: Any) -> str:
    if value in ((), ""):
        return "none"
    return {True: "true", False: "false", None: "none"}.get(value, str(value)) if _plain(value) else str(value)


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _default(schema: Any) -> str:
    if "default" not in schema:
        return "none"  # The defaults without a value come from factories, and all are empty.
    # A duration is a number in the code and a text in JSON.
    is_duration = schema.get("type") == "string" and isinstance(schema["default"], int)
    return format_duration(schema["default"]) if is_duration else _value(schema["default"])


def fill_generated_parts(text: str) -> str:
    """Returns the document with its parts generated again."""

    def part(match: re.Match[str]) -> str:
        name, *arguments = match[2].split()
        return f"{match[1]}{GENERATORS[name](*arguments)}{match[3]}"

    return _PART.sub(part, text)


if __name__ == "__main__":
    for document in DOCUMENTS:
        document.write_text(fill_generated_parts(document.read_text()))

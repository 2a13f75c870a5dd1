"""Forms built from a schema, and the conversion of their values to JSON."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.console.forms import InvalidInput, build_fields, parse_form
from tests.support.harness import Harness


def form(**parameters: Any) -> dict[str, Any]:
    return {"parameters": parameters}


def nullable(**schema: Any) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}], "default": None}


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "integer"}, "7", 7),
        ({"type": "number"}, "0.5", 0.5),
        (nullable(type="integer"), "7", 7),
        ({"type": "string"}, "7", "7"),
        ({"type": "boolean"}, "true", True),
        ({"enum": [502, 503], "type": "integer"}, "503", 503),
        ({"enum": ["a", "b"]}, "b", "b"),
        (nullable(type="array", items={"type": "string"}), "GET, POST\nPUT", ["GET", "POST", "PUT"]),
        ({"type": "object"}, '{"X-Test": "1"}', {"X-Test": "1"}),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}, "12", 12),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}, "ana", "ana"),
        ({"default": None}, '{"a": 1}', {"a": 1}),
        ({"default": None}, "not JSON", "not JSON"),
    ],
)
def test_a_text_is_parsed_as_its_schema_says(schema: dict[str, Any], text: str, value: Any) -> None:
    assert parse_form("p.", form(it=schema), {"p.it": f" {text} "}) == {"it": value}


def test_an_empty_field_is_left_out() -> None:
    assert parse_form("p.", form(it={"type": "string"}, other={"type": "integer"}), {"p.it": "  "}) == {}


@pytest.mark.parametrize(
    ("schema", "text", "named"),
    [({"type": "integer"}, "many", "a number"), ({"type": "object"}, "{", "JSON")],
)
def test_an_invalid_text_is_refused_with_its_field(schema: dict[str, Any], text: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=rf"p\.it: .* is not {named}"):
        parse_form("p.", form(it=schema), {"p.it": text})


def test_a_field_has_the_bounds_default_and_description_of_its_schema() -> None:
    schema = {"type": "integer", "minimum": 1, "maximum": 9, "default": 3, "description": "How many."}
    (field,) = build_fields(
        "p.", {"parameters": {"max_count": schema}, "required": ["max_count"]}, {"p.max_count": "4"}
    )
    assert (field.name, field.label, field.kind, field.value) == ("p.max_count", "max count", "number", "4")
    assert (field.minimum, field.maximum, field.placeholder, field.hint) == (1, 9, "3", "How many.")
    assert field.required


def test_a_choice_has_an_empty_option_unless_it_is_required() -> None:
    optional_field, required_field = (
        build_fields("p.", {"parameters": {"it": {"enum": ["a", "b"]}}, "required": required})[0]
        for required in ([], ["it"])
    )
    assert (optional_field.options, required_field.options) == (("", "a", "b"), ("a", "b"))


def test_only_the_fields_of_the_chosen_model_are_read(harness: Harness) -> None:
    kinds = {kind["kind"]: kind for kind in harness.admin("GET", "/faults").json["kinds"]}
    names = [field.name for field in build_fields("f.", kinds["latency"])]
    assert names == ["f.distribution.type", "f.distribution.fixed.ms"]
    values = {"f.distribution.type": "uniform", "f.distribution.fixed.ms": "9", "f.distribution.uniform.min_ms": "1"}
    fields = {field.name: field for field in build_fields("f.", kinds["latency"], values)}
    assert list(fields) == [f"f.distribution.{name}" for name in ("type", "uniform.min_ms", "uniform.max_ms")]
    assert fields["f.distribution.uniform.max_ms"].required
    assert (fields["f.distribution.type"].has_dependents, fields["f.distribution.type"].value) == (True, "uniform")
    assert parse_form("f.", kinds["latency"], values) == {"distribution": {"type": "uniform", "min_ms": 1}}
    assert parse_form("f.", kinds["latency"], {}) == {}


def test_every_fault_kind_and_every_simulation_has_a_form(harness: Harness) -> None:
    forms = list(harness.admin("GET", "/faults").json["kinds"])
    for sandbox in harness.engine.sandboxes:
        forms += harness.admin("GET", f"/sandboxes/{sandbox}/simulations").json
    assert len(forms) > 40
    for each in forms:
        fields = build_fields("p.", each)
        assert len({field.name for field in fields}) == len(fields) >= len(each["parameters"])
        assert all(field.label and field.kind in ("choice", "number", "text", "lines", "json") for field in fields)

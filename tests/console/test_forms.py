"""Forms drawn from a schema, and what is written into them as JSON again."""

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
    ("schema", "written", "value"),
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
def test_what_is_written_is_read_as_its_schema_says(schema: dict[str, Any], written: str, value: Any) -> None:
    assert parse_form("p.", form(it=schema), {"p.it": f" {written} "}) == {"it": value}


def test_what_is_left_empty_is_left_out() -> None:
    assert parse_form("p.", form(it={"type": "string"}, other={"type": "integer"}), {"p.it": "  "}) == {}


@pytest.mark.parametrize(
    ("schema", "written", "named"),
    [({"type": "integer"}, "many", "a number"), ({"type": "object"}, "{", "JSON")],
)
def test_what_cannot_be_read_is_named(schema: dict[str, Any], written: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=rf"p\.it: .* is not {named}"):
        parse_form("p.", form(it=schema), {"p.it": written})


def test_a_field_shows_its_bounds_its_default_and_its_words() -> None:
    schema = {"type": "integer", "minimum": 1, "maximum": 9, "default": 3, "description": "How many."}
    (field,) = build_fields("p.", {"parameters": {"so_many": schema}, "required": ["so_many"]}, {"p.so_many": "4"})
    assert (field.name, field.label, field.kind, field.value) == ("p.so_many", "so many", "number", "4")
    assert (field.minimum, field.maximum, field.placeholder, field.hint) == (1, 9, "3", "How many.")
    assert field.required


def test_a_choice_may_be_left_open_unless_it_is_required() -> None:
    open_, fixed = (
        build_fields("p.", {"parameters": {"it": {"enum": ["a", "b"]}}, "required": wanted})[0]
        for wanted in ([], ["it"])
    )
    assert (open_.options, fixed.options) == (("", "a", "b"), ("a", "b"))


def test_of_several_models_only_the_chosen_ones_fields_are_read(harness: Harness) -> None:
    kinds = {kind["kind"]: kind for kind in harness.admin("GET", "/faults").json["kinds"]}
    drawn = [field.name for field in build_fields("f.", kinds["latency"])]
    assert drawn == ["f.distribution.type", "f.distribution.fixed.ms"]
    written = {"f.distribution.type": "uniform", "f.distribution.fixed.ms": "9", "f.distribution.uniform.min_ms": "1"}
    shown = {field.name: field for field in build_fields("f.", kinds["latency"], written)}
    assert list(shown) == [f"f.distribution.{name}" for name in ("type", "uniform.min_ms", "uniform.max_ms")]
    assert shown["f.distribution.uniform.max_ms"].required
    assert (shown["f.distribution.type"].has_dependents, shown["f.distribution.type"].value) == (True, "uniform")
    assert parse_form("f.", kinds["latency"], written) == {"distribution": {"type": "uniform", "min_ms": 1}}
    assert parse_form("f.", kinds["latency"], {}) == {}


def test_every_kind_of_fault_and_every_simulation_has_a_form(harness: Harness) -> None:
    forms = list(harness.admin("GET", "/faults").json["kinds"])
    for sandbox in harness.engine.sandboxes:
        forms += harness.admin("GET", f"/sandboxes/{sandbox}/simulations").json
    assert len(forms) > 40
    for each in forms:
        drawn = build_fields("p.", each)
        assert len({field.name for field in drawn}) == len(drawn) >= len(each["parameters"])
        assert all(field.label and field.kind in ("choice", "number", "text", "lines", "json") for field in drawn)

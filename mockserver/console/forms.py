"""Builds form fields from JSON Schema, and parses submitted forms back into JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from json import JSONDecodeError, dumps, loads
from typing import Any

Schema = Mapping[str, Any]
_NUMBERS = ("integer", "number")


class InvalidInput(Exception):
    """The submitted text of a field cannot be converted to the type in its schema."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form; ``name`` is its path in the JSON, for example ``fault.status``."""

    name: str
    label: str
    kind: str
    """The type of input: choice, number, text, lines or json."""
    options: tuple[str, ...] = ()
    value: str = ""
    placeholder: str = ""
    hint: str = ""
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    has_dependents: bool = False
    """Whether other fields of the form depend on this choice."""


def build_fields(prefix: str, form: Schema, values: Mapping[str, str] | None = None) -> list[Field]:
    """Returns the fields of a form, with the submitted ``values``.

    ``form`` has the JSON Schemas of the fields as ``parameters``, the ``required`` names, and ``$defs``.
    """
    required, written = form.get("required", ()), values or {}
    fields = [
        field
        for name, schema in form["parameters"].items()
        for field in _build_fields(f"{prefix}{name}", schema, form.get("$defs", {}), name in required, written)
    ]
    return [_with_value(field, written.get(field.name, field.value)) for field in fields]


def parse_form(prefix: str, form: Schema, written: Mapping[str, str]) -> dict[str, Any]:
    """Returns the submitted fields as JSON, without empty fields; raises InvalidInput."""
    parsed = {}
    for name, schema in form["parameters"].items():
        value = _parse_field(f"{prefix}{name}", schema, form.get("$defs", {}), written)
        if value is not None:
            parsed[name] = value
    return parsed


def _with_value(field: Field, value: str) -> Field:
    return Field(**{name: getattr(field, name) for name in Field.__slots__} | {"value": value})


def _build_fields(
    name: str, schema: Schema, defs: Schema, required: bool, written: Mapping[str, str]
) -> Iterator[Field]:
    variants = _union_variants(schema, defs)
    if variants:
        yield Field(f"{name}.type", _label(name), "choice", tuple(variants), required=required, has_dependents=True)
        chosen = resolve_choice(written, f"{name}.type", list(variants))
        for inner, each in variants[chosen]["properties"].items():
            if inner != "type":
                yield from _build_fields(
                    f"{name}.{chosen}.{inner}", each, defs, inner in variants[chosen]["required"], written
                )
        return
    plain = _resolve_schema(schema, defs)
    kind = _input_kind(plain)
    default = schema.get("default")
    yield Field(
        name,
        _label(name),
        kind,
        options=_options(plain, required),
        placeholder=_placeholder(plain, default, kind),
        hint=schema.get("description", ""),
        required=required,
        minimum=plain.get("minimum"),
        maximum=plain.get("maximum"),
    )


def _label(name: str) -> str:
    return name.rpartition(".")[2].replace("_", " ")


def _union_variants(schema: Schema, defs: Schema) -> dict[str, Schema]:
    """Returns the schemas of a discriminated union by the value of ``type``; empty for other schemas."""
    mapping = schema.get("discriminator", {}).get("mapping", {})
    return {name: defs[reference.rpartition("/")[2]] for name, reference in mapping.items()}


def _resolve_schema(schema: Schema, defs: Schema) -> Schema:
    """Returns the schema without null and with its reference resolved; alternatives become the type ``either``."""
    others = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(others) == 1:
        return _resolve_schema(others[0], defs)
    if "$ref" in schema:
        return {"type": "object", **defs.get(schema["$ref"].rpartition("/")[2], {})}
    return {**schema, "type": "either"} if others else schema


def _input_kind(schema: Schema) -> str:
    if "enum" in schema or schema.get("type") == "boolean":
        return "choice"
    if schema.get("type") in _NUMBERS:
        return "number"
    if schema.get("type") == "array" and schema.get("items", {}).get("type") == "string":
        return "lines"
    return "text" if schema.get("type") in ("string", "either") else "json"


def _options(schema: Schema, required: bool) -> tuple[str, ...]:
    known = ("true", "false") if schema.get("type") == "boolean" else tuple(map(str, schema.get("enum", ())))
    return known if required or not known else ("", *known)


def _placeholder(schema: Schema, default: Any, kind: str) -> str:
    if default not in (None, {}, []):
        return default if isinstance(default, str) else dumps(default)
    return {"json": "{…}"}.get(kind, ", ".join(map(str, schema.get("examples", ()))))


def _parse_field(name: str, schema: Schema, defs: Schema, written: Mapping[str, str]) -> Any:
    variants = _union_variants(schema, defs)
    if variants:
        chosen = written.get(f"{name}.type", "")
        if chosen not in variants:
            return None
        inner = {key: each for key, each in variants[chosen]["properties"].items() if key != "type"}
        return {"type": chosen, **parse_form(f"{name}.{chosen}.", {"parameters": inner, "$defs": defs}, written)}
    value = written.get(name, "").strip()
    return _convert(name, _resolve_schema(schema, defs), value) if value else None


def _convert(name: str, schema: Schema, value: str) -> Any:
    kind = _input_kind(schema)
    if kind == "lines":
        return [each.strip() for each in value.replace(",", "\n").splitlines() if each.strip()]
    if kind == "text":
        return int(value) if schema.get("type") == "either" and value.isascii() and value.isdigit() else value
    if kind == "choice" and value in map(str, schema.get("enum", ())):
        return next(each for each in schema["enum"] if str(each) == value)
    try:
        return loads(value)
    except JSONDecodeError:
        return _convert_other(name, schema, value)


def _convert_other(name: str, schema: Schema, value: str) -> Any:
    if "type" not in schema:
        return value  # A schema without a type accepts any text.
    expected = "a number" if schema["type"] in _NUMBERS else "JSON"
    raise InvalidInput(f"{name}: {value!r} is not {expected}")


def resolve_choice(values: Mapping[str, str], name: str, known: Sequence[str]) -> str:
    """Returns the submitted value if it is one of ``known``, else the first of them."""
    return values.get(name, "") if values.get(name, "") in known else known[0]

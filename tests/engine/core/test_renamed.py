"""Providers that use the names of version 0.1.0 still work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mockserver import engine
from mockserver.engine.core.renamed import EXPORTS
from tests.support.acme import ACME
from tests.support.harness import make_harness


class OldDialect:
    """The dialect of ACME with the method names of 0.1.0."""

    one, many = staticmethod(ACME.dialect.render_record), staticmethod(ACME.dialect.render_list)
    refuse, dress = staticmethod(ACME.dialect.render_problem), staticmethod(ACME.dialect.decorate)
    detail = "of its own"


@pytest.mark.parametrize("old", EXPORTS)
def test_an_export_has_its_old_name_too(old: str) -> None:
    assert getattr(engine, old) is getattr(engine, EXPORTS[old])


def test_an_unknown_export_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"mockserver\.engine.*'Parcle'"):
        _ = engine.Parcle


def test_a_dialect_with_the_old_method_names_renders_the_same() -> None:
    old: Any = OldDialect()
    renamed, today = make_harness(replace(ACME, dialect=old)), make_harness(ACME)
    for method, path in (("GET", "/v1/sectors"), ("GET", "/v1/sectors/none"), ("POST", "/v1/sectors")):
        was, now = renamed.request(method, path, json={}), today.request(method, path, json={})
        assert (was.status_code, was.json) == (now.status_code, now.json)
    dialect: Any = renamed.engine.get_provider("acme").dialect
    assert (dialect.one, dialect.detail) == (dialect.render_record, "of its own")

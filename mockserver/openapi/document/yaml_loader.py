"""A YAML loader for OpenAPI: only JSON's types; dates and all keys are strings."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def loader() -> Any:
    """Returns the loader class; created at the first use because YAML is an optional package."""
    import yaml  # type: ignore[import-untyped]

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """A safe loader without the type timestamp."""

    Loader.yaml_implicit_resolvers = {
        letter: [pair for pair in pairs if not pair[0].endswith(":timestamp")]
        for letter, pairs in base.yaml_implicit_resolvers.items()
    }
    Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    return Loader


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    loader.flatten_mapping(node)
    mapping: dict[str, Any] = {}
    for key, value in node.value:
        name = loader.construct_object(key, deep=True)
        # An unquoted key is its text: status 200 becomes "200", and `no` or `on` is not a boolean.
        mapping[name if isinstance(name, str) else str(key.value)] = loader.construct_object(value, deep=True)
    return mapping

"""A YAML loader for OpenAPI that creates only the types of JSON; dates and all keys become strings."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def loader() -> Any:
    """Returns the loader class; it is created at the first use, because YAML is an optional package."""
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
        # The text of an unquoted key is used: status 200 becomes "200", and `no` or `on` does not become a boolean.
        mapping[name if isinstance(name, str) else str(key.value)] = loader.construct_object(value, deep=True)
    return mapping

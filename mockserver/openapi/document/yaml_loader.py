"""YAML as OpenAPI means it: no objects but those of JSON, dates are strings, keys are strings."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def loader() -> Any:
    """The class that reads it; made when it is first needed."""
    import yaml  # type: ignore[import-untyped]

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """Safe, with JSON's types alone."""

    Loader.yaml_implicit_resolvers = {
        letter: [pair for pair in pairs if not pair[0].endswith(":timestamp")]
        for letter, pairs in base.yaml_implicit_resolvers.items()
    }
    Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    return Loader


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    loader.flatten_mapping(node)
    made: dict[str, Any] = {}
    for key, value in node.value:
        name = loader.construct_object(key, deep=True)
        # Status codes are written without quotes: 200 is the name "200", and `no` or `on` the word that is written.
        made[name if isinstance(name, str) else str(key.value)] = loader.construct_object(value, deep=True)
    return made

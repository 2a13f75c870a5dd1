"""Generates seed data: records of each resource, under existing parents."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from mockserver.engine import Problem, Progress, Randomness, State
from mockserver.openapi.generation.fake_values import FIRST_INSTANT, normalize_name
from mockserver.openapi.generation.generator import GenerationOptions
from mockserver.openapi.inference.resources import InferredResource, singularize
from mockserver.openapi.serving import records
from mockserver.openapi.serving.record_factory import RecordFactory
from mockserver.openapi.serving.spec_model import SpecModel

RECORDS_BY_SIZE = {"small": 3, "medium": 30, "large": 300}
"""Default number of records of a resource without parents, by size."""
_MAX_PARENTS = 6
"""Maximum number of parents that get child records in a small sandbox; it is 10 or 100 times larger for other sizes."""
_DAY_MICROSECONDS = 86_400_000_000
ParentPath = list[tuple[str, Any]]
"""The path parameters before a record's id, as pairs (name, value)."""


class Seeder:
    """Generates the seed data of one document."""

    def __init__(self, model: SpecModel) -> None:
        self._model, self._factory = model, RecordFactory(model)

    def generate(self, randomness: Randomness, size: str, progress: Progress) -> State:
        """Returns the records of every resource, parents first; ``size`` is small, medium or large."""
        state: State = {}
        resources = self._parents_first()
        for done, resource in enumerate(resources, 1):
            state[resource.name] = list(self._records(resource, state, randomness, size))
            progress(done, len(resources))
        state["_counters"] = [{"id": name, "value": len(generated)} for name, generated in state.items() if generated]
        return state

    def _parents_first(self) -> list[InferredResource]:
        """Returns the resources, each after its parents and after the resources that it refers to."""
        known, ordered = self._model.inferred.resources, dict[str, InferredResource]()

        def add(resource: InferredResource, above: tuple[str, ...]) -> None:
            for name in (*(parent.resource for parent in resource.parents), *resource.references.values()):
                if name is not None and name in known and name not in ordered and name not in above:
                    add(known[name], (*above, resource.name))
            ordered.setdefault(resource.name, resource)

        for resource in sorted(known.values(), key=lambda each: len(each.parents)):
            add(resource, ())
        return list(ordered.values())

    def _records(
        self, resource: InferredResource, state: State, randomness: Randomness, size: str
    ) -> Iterator[dict[str, Any]]:
        if resource.is_singleton:
            return
        factor = RECORDS_BY_SIZE[size] // RECORDS_BY_SIZE["small"]
        count = (RECORDS_BY_SIZE["small"] if resource.seed_count is None else resource.seed_count) * (
            1 if resource.parents else factor
        )
        nth, seen = 0, set()
        for parent_path in islice(self._parents(resource, state, randomness), _MAX_PARENTS * factor):
            for _ in range(count):
                nth += 1
                record = self._record(resource, state, parent_path, randomness, nth)
                if record["id"] not in seen:
                    seen.add(record["id"])
                    yield record

    def _record(
        self, resource: InferredResource, state: State, parent_path: ParentPath, randomness: Randomness, nth: int
    ) -> dict[str, Any]:
        purpose = f"seed:{resource.name}:{nth}"
        id = self._model.ids.make(resource, randomness, nth)
        now = FIRST_INSTANT + nth * _DAY_MICROSECONDS
        sent = self._generate(resource, randomness, purpose)
        self._set_references(resource, sent, state, randomness, purpose)
        for name in resource.unique:
            if isinstance(sent.get(name), str) and any(
                sent[name] == other["shown"].get(name) for other in state.get(resource.name, ())
            ):
                sent[name] = f"{sent[name]}-{nth}"
        attributes = self._factory.create(resource, sent, id, dict(parent_path), now, randomness)
        at = records.encode_parents([value for _, value in parent_path])
        return dict(records.build_record(resource, at, id, attributes, nth=nth, created=now, updated=now))

    def _generate(self, resource: InferredResource, randomness: Randomness, purpose: str) -> dict[str, Any]:
        try:
            record = self._model.values.make(resource.schema, randomness, purpose, varied=True)
        except Problem:
            # No valid record could be generated, so a later response completes this record or returns 501.
            record = self._model.values.generator.value(
                resource.schema, randomness.stream(purpose, 0), GenerationOptions(False)
            )
        return dict(record) if isinstance(record, dict) else {}

    def _set_references(
        self, resource: InferredResource, sent: dict[str, Any], state: State, randomness: Randomness, purpose: str
    ) -> None:
        """Sets every property that refers to another resource to the id of an existing record."""
        known = {
            normalize_name(singularize(name)) + "id": name
            for name, generated in state.items()
            if generated and not generated[0]["at"]
        }
        for name in list(sent):
            target = resource.references.get(name) or known.get(normalize_name(name))
            if not target or target == resource.name or not state.get(target):
                continue
            ids = [each["own"] for each in state[target]]
            id = randomness.stream(f"{purpose}:{name}", 0).choice(ids)
            changed = {**sent, name: [id] if isinstance(sent[name], list) else id}
            if self._model.values.is_valid(resource.schema, changed):
                sent[name] = changed[name]

    def _parents(self, resource: InferredResource, state: State, randomness: Randomness) -> Iterator[ParentPath]:
        """Yields every path of existing records under which the resource can have records."""
        paths: list[ParentPath] = [[]]
        for parent in resource.parents:
            if parent.resource is None:
                value = self._path_value(resource, parent.parameter, randomness)
                paths = [[*path, (parent.parameter, value)] for path in paths]
            else:
                paths = [
                    [*path, (parent.parameter, parent_record["own"])]
                    for path in paths
                    for parent_record in state.get(parent.resource, ())
                    if parent_record["at"] == records.encode_parents([value for _, value in path])
                ]
        yield from paths

    def _path_value(self, resource: InferredResource, name: str, randomness: Randomness) -> Any:
        """Returns the value of a path parameter that is no record's id; equal names have equal values."""
        for operation in self._model.operations.values():
            if operation.name not in resource.roles:
                continue
            for parameter in operation.parameters:
                if parameter.location == "path" and parameter.name == name:
                    if parameter.example is not None:
                        return parameter.example
                    return self._model.values.make(parameter.schema, randomness, f"parameter:{name}")
        return name

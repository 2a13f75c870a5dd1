"""Reads a document and infers its resources: the model from which operations are built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mockserver.openapi.document.document import Document, DocumentOperation
from mockserver.openapi.document.reader import read_document
from mockserver.openapi.generation.valid_values import ValidValues
from mockserver.openapi.inference.infer import infer
from mockserver.openapi.inference.resources import InferenceResult
from mockserver.openapi.serving.ids import IdGenerator
from mockserver.openapi.serving.list_queries import EnvelopeFiller
from mockserver.openapi.serving.paging import Paging
from mockserver.openapi.serving.paging import infer_paging as infer_paging


@dataclass(frozen=True)
class SpecModel:
    """A document with its inferred resources, and the generators of its ids and responses."""

    document: Document
    inferred: InferenceResult
    values: ValidValues
    ids: IdGenerator
    envelopes: EnvelopeFiller
    operations: dict[str, DocumentOperation]
    """By operation name."""
    paging: dict[str, Paging]
    """By operation name."""

    @classmethod
    def from_document(cls, document: Document) -> SpecModel:
        """Infers the resources of a document; raises BadDocument for an invalid ``x-testmode-role``."""
        return cls(
            document=document,
            inferred=infer(document),
            values=ValidValues(document),
            ids=IdGenerator(document.schemas, document.validators),
            envelopes=EnvelopeFiller(document.schemas),
            operations={each.name: each for each in document.operations},
            paging={each.name: infer_paging(each, _query_defaults(document, each)) for each in document.operations},
        )


def load_spec_model(file: Path) -> SpecModel:
    """Reads a document and infers its resources; raises BadDocument if it is invalid."""
    return SpecModel.from_document(read_document(file))


def _query_defaults(document: Document, operation: DocumentOperation) -> dict[str, object]:
    query = (each for each in operation.parameters if each.location == "query")
    return {each.name: document.schemas.flatten(each.schema).get("default") for each in query}

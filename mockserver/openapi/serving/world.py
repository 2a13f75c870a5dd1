"""Everything that is known of one document once it has been read: what its operations are made with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mockserver.openapi.document.document import Document, Endpoint
from mockserver.openapi.document.reading import read
from mockserver.openapi.generation.answers import Answers
from mockserver.openapi.inference.infer import infer
from mockserver.openapi.inference.resources import Inferred
from mockserver.openapi.serving.ids import Ids
from mockserver.openapi.serving.lists import Envelopes
from mockserver.openapi.serving.paging import Paging
from mockserver.openapi.serving.paging import infer as infer_paging


@dataclass(frozen=True)
class World:
    """A document, what was inferred of it, and what makes ids and answers for it."""

    document: Document
    inferred: Inferred
    answers: Answers
    ids: Ids
    envelopes: Envelopes
    endpoints: dict[str, Endpoint]
    paging: dict[str, Paging]

    @classmethod
    def of(cls, document: Document) -> World:
        """What a document comes to."""
        return cls(
            document=document,
            inferred=infer(document),
            answers=Answers(document),
            ids=Ids(document.schemas, document.validators),
            envelopes=Envelopes(document.schemas),
            endpoints={each.name: each for each in document.endpoints},
            paging={each.name: infer_paging(each, _defaults(document, each)) for each in document.endpoints},
        )


def world_of(file: Path) -> World:
    """What the document in a file comes to."""
    return World.of(read(file))


def _defaults(document: Document, endpoint: Endpoint) -> dict[str, object]:
    query = (each for each in endpoint.parameters if each.place == "query")
    return {each.name: document.schemas.flat(each.schema).get("default") for each in query}

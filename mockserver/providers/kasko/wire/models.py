"""Models of KASKO's bodies and queries."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from mockserver.engine import parse_body


def _parse_object(value: Any) -> Any:
    # Forms contain objects as JSON text, and PHP writes an empty object as an empty list.
    document = parse_body(value.encode()) if isinstance(value, str) else value
    return {} if document == [] else document


Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Object = Annotated[dict[str, Any], BeforeValidator(_parse_object)]


class Body(BaseModel):
    """A body whose undocumented fields are ignored; the pipeline refuses them under the setting ``unknown_fields``."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, defer_build=True)


class NewQuote(Body):
    """The request for a price."""

    item_id: Text
    integration_id: Text
    subscription_plan_id: Text
    data: Object
    integration_version_id: Text | None = None
    product_version_id: Text | None = None
    live_integration: str | bool | None = None
    live_product: str | bool | None = None
    key: str | None = None


class LegacyQuoteQuery(BaseModel):
    """The query of an older quote: v1 has variant_id, later touchpoint_id and item_id; v2 also has the plan."""

    data: str
    variant_id: str | None = None
    touchpoint_id: str | None = None
    item_id: str | None = None
    subscription_plan_id: str | None = None
    language: str | None = None


class NewOffer(Body):
    """The quote, and the customer who accepts it."""

    quote_token: str
    first_name: Name
    last_name: Name
    email: Name
    language: str | None = None
    data: Object = Field(default_factory=dict)
    metadata: Object = Field(default_factory=dict)
    distributor_traffic_source: str | None = None


class NewPayment(Body):
    """The payment of an offer."""

    token: str
    policy_id: str
    method: Text
    provider: Text
    card: Object | None = None
    metadata: Object = Field(default_factory=dict)
    key: str | None = None


class Changes(Body):
    """A partial change of a policy."""

    first_name: Name | None = None
    last_name: Name | None = None
    email: Name | None = None
    quote_token: str | None = None
    data: Object | None = None


class Replacement(Changes):
    """A full change of a policy, or with a status its cancellation."""

    status: str | None = None
    cancellation_reason: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    termination_date: str | None = None


class LanguageQuery(BaseModel):
    """The language of a dataset item."""

    language: str


class ItemQuery(LanguageQuery):
    """A page of a dataset's items; `fields`, `query` and `sort` are JSON."""

    fields: str
    limit: int | None = Field(default=None, ge=1, le=100)
    starting_after: str | None = None
    ending_before: str | None = None
    query: str | None = None
    sort: str | None = None


class ValueQuery(ItemQuery):
    """A page of distinct values; its cursors are ordinals."""


class NewLead(BaseModel):
    """A possible customer; the product determines the fields of a lead."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, defer_build=True)
    email: Name | None = None


class NewMedia(Body):
    """The announcement of a file."""

    designation: Name
    name: Name
    mime_type: Name
    file_size: int = Field(ge=0)


class Attached(Body):
    """The file to attach to a policy."""

    id: Text


class PeriodQuery(BaseModel):
    """The start and the end of a period, as `YYYY-MM-DD HH:MM:SS`."""

    start_date: str
    end_date: str

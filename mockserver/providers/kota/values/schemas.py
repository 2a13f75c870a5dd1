"""Defines the base class of request models, and the models of addresses."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from mockserver.providers.kota.values.fields import Country, NonBlankText, check_postal_code, check_state


class RequestModel(BaseModel):
    """The base of all request models; the pipeline handles unknown members (assumption ``unknown_fields``)."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False, defer_build=True)


class AddressModel(RequestModel):
    """An address; state and postal code are checked against the country."""

    # Declared first, because the validators of state and postal_code read it.
    country_code: Country
    line1: NonBlankText
    line2: str | None = None
    line3: str | None = None
    city: NonBlankText
    state: str | None = Field(default=None, validate_default=True)
    postal_code: NonBlankText

    @field_validator("state")
    @classmethod
    def _state(cls, value: str | None, info: ValidationInfo) -> str | None:
        return check_state(value, info.data.get("country_code", ""))

    @field_validator("postal_code")
    @classmethod
    def _postal_code(cls, value: str, info: ValidationInfo) -> str:
        country = info.data.get("country_code")
        return check_postal_code(value, country) if country else value


class AddressModelWithoutCountry(RequestModel):
    """An address in a request that changes a record; the country cannot change."""

    line1: NonBlankText
    line2: str | None = None
    line3: str | None = None
    city: NonBlankText
    state: str | None = None
    postal_code: NonBlankText

"""What Kotauth's simulations take."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)


class SignInParameters(_Parameters):
    """A sign-in; who and where may be left out."""

    user: int | str | None = Field(default=None, description="An id or a username.")
    application: str | None = Field(default=None, description="A client_id.")
    scopes: str = Field(default="openid profile email", max_length=500)
    ip: str = Field(default="203.0.113.5", max_length=45)


class FailSignInParameters(_Parameters):
    """A sign-in that fails; the name may be nobody's."""

    username: str = Field(default="nobody", max_length=255)
    reason: str = Field(default="invalid_credentials", max_length=100)
    ip: str = Field(default="198.51.100.42", max_length=45)


class SignOutParameters(_Parameters):
    """A session that ends."""

    session: int


class ApplicationSignInParameters(_Parameters):
    """A confidential application."""

    application: str
    scopes: str = Field(default="openid", max_length=500)


class RegisterApplicationParameters(_Parameters):
    """An application as the console takes it."""

    client_id: str = Field(pattern=r"^[a-z0-9-]{1,100}$")
    name: str = Field(min_length=1, max_length=100)
    description: str | None = Field(default=None, max_length=500)
    access_type: Literal["public", "confidential", "bearer_only"] = "public"
    redirect_uris: list[str] = Field(default_factory=list, max_length=50)


class EnableApplicationParameters(_Parameters):
    """An application there is, by its client_id."""

    application: str


class MakeClientRoleParameters(_Parameters):
    """A role of one application."""

    application: str
    name: str = Field(pattern=r"^[a-zA-Z0-9._-]{1,100}$")
    description: str | None = Field(default=None, max_length=500)


class UserParameters(_Parameters):
    """A user, by id or username."""

    user: int | str


class KotauthMakeKeyParameters(_Parameters):
    """A key made in the console; scopes nobody knows are dropped."""

    name: str = Field(default="key", min_length=1, max_length=128)
    scopes: list[str] | None = Field(default=None, max_length=100)
    expires_on: date | None = None


class KotauthRevokeKeyParameters(_Parameters):
    """A key revoked in the console."""

    key: str = Field(description="The key's id or secret.")

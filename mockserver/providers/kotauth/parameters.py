"""The models of the parameters of Kotauth's simulations."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)


class SignInParameters(_Parameters):
    user: int | str | None = Field(
        default=None, description="An id or a username; without one, the first enabled user."
    )
    application: str | None = Field(
        default=None, description="A client_id; without one, the first enabled application."
    )
    scopes: str = Field(default="openid profile email", max_length=500)
    ip: str = Field(default="203.0.113.5", max_length=45)


class FailSignInParameters(_Parameters):
    """The username need not exist."""

    username: str = Field(default="nobody", max_length=255)
    reason: str = Field(default="invalid_credentials", max_length=100)
    ip: str = Field(default="198.51.100.42", max_length=45)


class SignOutParameters(_Parameters):
    session: int


class ApplicationSignInParameters(_Parameters):
    application: str
    scopes: str = Field(default="openid", max_length=500)


class RegisterApplicationParameters(_Parameters):
    client_id: str = Field(pattern=r"^[a-z0-9-]{1,100}$")
    name: str = Field(min_length=1, max_length=100)
    description: str | None = Field(default=None, max_length=500)
    access_type: Literal["public", "confidential", "bearer_only"] = "public"
    redirect_uris: list[str] = Field(default_factory=list, max_length=50)


class EnableApplicationParameters(_Parameters):
    """``application`` is a client_id."""

    application: str


class MakeClientRoleParameters(_Parameters):
    application: str
    name: str = Field(pattern=r"^[a-zA-Z0-9._-]{1,100}$")
    description: str | None = Field(default=None, max_length=500)


class UserParameters(_Parameters):
    """``user`` is an id or a username."""

    user: int | str


class KotauthMakeKeyParameters(_Parameters):
    """Unknown scopes are dropped."""

    name: str = Field(default="key", min_length=1, max_length=128)
    scopes: list[str] | None = Field(default=None, max_length=100)
    expires_on: date | None = None


class KotauthRevokeKeyParameters(_Parameters):
    key: str = Field(description="The id or the secret of the key.")

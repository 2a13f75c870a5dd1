"""What Kotauth's bodies, queries and answers look like."""

# ruff: noqa: N815 (fields are called as they are on the wire)

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidatorFunctionWrapHandler, WrapValidator

_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)


def _parse_lenient_integer(value: Any, handler: ValidatorFunctionWrapHandler) -> int | None:  # noqa: ARG001
    text = str(value)
    number = int(text) if _INTEGER.fullmatch(text) else None
    return number if number is not None and -(2**31) <= number < 2**31 else None


LenientInteger = Annotated[int | None, WrapValidator(_parse_lenient_integer)]
"""A number in a query; one that cannot be read is as if it had not been sent."""


class Body(BaseModel):
    """A body: scalars are what they are called."""

    model_config = ConfigDict(strict=True, defer_build=True)


class OffsetQuery(BaseModel):
    """Which page of a list."""

    offset: LenientInteger = None
    limit: LenientInteger = None


class UserQuery(OffsetQuery):
    """Which users."""

    search: str | None = None


class AuditQuery(OffsetQuery):
    """Which audit events."""

    eventType: str | None = None
    userId: LenientInteger = None


class Meta(BaseModel):
    """Where a page of a list stands."""

    total: int
    offset: int
    limit: int


class User(BaseModel):
    """A user."""

    id: int
    username: str
    email: str
    fullName: str
    emailVerified: bool
    enabled: bool
    mfaEnabled: bool
    requiredActions: list[str] | None = None


class NewUser(Body):
    """A user to be made."""

    username: str
    email: str
    fullName: str
    password: str | None = None
    sendInvite: bool | None = None


class ChangedUser(Body):
    """What changes about a user."""

    email: str | None = None
    fullName: str | None = None


class Role(BaseModel):
    """A role of the workspace or of an application."""

    id: int
    name: str
    description: str | None
    scope: Literal["TENANT", "CLIENT"]
    tenantId: int


class NewRole(Body):
    """A role to be made."""

    name: str
    description: str | None = None
    scope: str | None = None


class ChangedRole(Body):
    """A role's new name and description."""

    name: str
    description: str | None = None


class Group(BaseModel):
    """A group of users, perhaps within another."""

    id: int
    name: str
    description: str | None
    parentGroupId: int | None
    tenantId: int


class NewGroup(Body):
    """A group to be made."""

    name: str
    description: str | None = None
    parentGroupId: int | None = None


class ChangedGroup(Body):
    """A group's new name and description."""

    name: str
    description: str | None = None


class Application(BaseModel):
    """An application: an OAuth client."""

    id: int
    clientId: str
    name: str
    description: str | None
    accessType: Literal["public", "confidential", "bearer_only"]
    enabled: bool
    redirectUris: list[str]


class ChangedApplication(Body):
    """What changes about an application."""

    name: str | None = None
    description: str | None = None
    accessType: str | None = None
    redirectUris: list[str] | None = None


class Session(BaseModel):
    """A sign-in that is still good."""

    id: int
    userId: int | None
    clientId: int | None
    scopes: str
    ipAddress: str | None
    createdAt: str
    expiresAt: str


class AuditEvent(BaseModel):
    """Something that happened in the workspace."""

    eventType: str
    userId: int | None
    clientId: int | None
    ipAddress: str | None
    createdAt: str
    details: dict[str, str]


class UserAttributes(BaseModel):
    """What is known of a user beside the fields every user has."""

    attributes: dict[str, str]


class NewValue(Body):
    """An attribute's value."""

    value: str


class ClaimMapper(BaseModel):
    """Which attribute goes into tokens, and as which claim."""

    attributeKey: str
    claimName: str
    includeInAccess: bool
    includeInId: bool


class ClaimMappers(BaseModel):
    """All claim mappers."""

    mappers: list[ClaimMapper]


class NewMapper(Body):
    """What a claim mapper becomes."""

    claimName: str
    includeInAccess: bool = True
    includeInId: bool = False

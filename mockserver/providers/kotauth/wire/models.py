"""Models of Kotauth's bodies, queries and responses."""

# ruff: noqa: N815 (fields have the names that the API uses)

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
"""An integer in a query; an unreadable value is ignored."""


class Body(BaseModel):
    """A body whose scalars are not converted to the types of the fields."""

    model_config = ConfigDict(strict=True, defer_build=True)


class OffsetQuery(BaseModel):
    offset: LenientInteger = None
    limit: LenientInteger = None


class UserQuery(OffsetQuery):
    search: str | None = None


class AuditQuery(OffsetQuery):
    eventType: str | None = None
    userId: LenientInteger = None


class Meta(BaseModel):
    """The position of a page in a list."""

    total: int
    offset: int
    limit: int


class User(BaseModel):
    """A user; lists omit ``requiredActions``."""

    id: int
    username: str
    email: str
    fullName: str
    emailVerified: bool
    enabled: bool
    mfaEnabled: bool
    requiredActions: list[str] | None = None


class NewUser(Body):
    """The fields of a new user."""

    username: str
    email: str
    fullName: str
    password: str | None = None
    sendInvite: bool | None = None


class ChangedUser(Body):
    """The fields of a user to change."""

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
    """The fields of a new role."""

    name: str
    description: str | None = None
    scope: str | None = None


class ChangedRole(Body):
    """The new name and description of a role."""

    name: str
    description: str | None = None


class Group(BaseModel):
    """A group of users, possibly with a parent group."""

    id: int
    name: str
    description: str | None
    parentGroupId: int | None
    tenantId: int


class NewGroup(Body):
    """The fields of a new group."""

    name: str
    description: str | None = None
    parentGroupId: int | None = None


class ChangedGroup(Body):
    """The new name and description of a group."""

    name: str
    description: str | None = None


class Application(BaseModel):
    """An application, which is an OAuth client."""

    id: int
    clientId: str
    name: str
    description: str | None
    accessType: Literal["public", "confidential", "bearer_only"]
    enabled: bool
    redirectUris: list[str]


class ChangedApplication(Body):
    """The fields of an application to change."""

    name: str | None = None
    description: str | None = None
    accessType: str | None = None
    redirectUris: list[str] | None = None


class Session(BaseModel):
    """An active session."""

    id: int
    userId: int | None
    clientId: int | None
    scopes: str
    ipAddress: str | None
    createdAt: str
    expiresAt: str


class AuditEvent(BaseModel):
    """An event in the audit log of the workspace."""

    eventType: str
    userId: int | None
    clientId: int | None
    ipAddress: str | None
    createdAt: str
    details: dict[str, str]


class UserAttributes(BaseModel):
    """The custom attributes of a user."""

    attributes: dict[str, str]


class NewValue(Body):
    """The new value of an attribute."""

    value: str


class ClaimMapper(BaseModel):
    """A mapping from an attribute to a claim in tokens."""

    attributeKey: str
    claimName: str
    includeInAccess: bool
    includeInId: bool


class ClaimMappers(BaseModel):
    """All claim mappers of the workspace."""

    mappers: list[ClaimMapper]


class NewMapper(Body):
    """The new fields of a claim mapper."""

    claimName: str
    includeInAccess: bool = True
    includeInId: bool = False

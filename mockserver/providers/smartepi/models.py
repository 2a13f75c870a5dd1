"""SmartEPI's records, bodies and queries; only fields that were seen in its documents."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model


def _whole(value: Any) -> Any:
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) < 19):
        raise ValueError("Input should be a whole number")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
Version = Annotated[int, Field(strict=True, ge=0)]
Text = Annotated[str, Field(min_length=1)]


class Shown(BaseModel):
    """A record as answers show it."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    id: str
    createdAt: int | str | None = None  # noqa: N815
    updatedAt: int | str | None = None  # noqa: N815


class Written(BaseModel):
    """A body; members nobody documents are left to the pipeline."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, defer_build=True)
    version: Version | None = Field(default=None, alias="_version", exclude=True)


class Row(BaseModel):
    """A row nested in a record; its further members are kept as they are sent."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, defer_build=True)
    id: Text | None = None


class Rule(BaseModel):
    """What the employees of a group may withdraw."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, defer_build=True)
    productId: Text  # noqa: N815


class NewNamed(Written):
    """A sector or a job role to be made."""

    name: Text


class NewCostCenter(NewNamed):
    """A cost center to be made."""

    code: Text | None = None


class NewGroup(NewNamed):
    """A group to be made."""

    rules: list[Rule] = Field(default_factory=list, max_length=1000)


class NewEmployee(NewNamed):
    """An employee to be made."""

    identification: Text | None = None
    email: Text | None = None
    costCenterId: Text | None = None  # noqa: N815
    costCenter2Id: Text | None = None  # noqa: N815
    jobRoleId: Text | None = None  # noqa: N815
    sectorId: Text | None = None  # noqa: N815
    groupId: Text | None = None  # noqa: N815


class NewProduct(NewNamed):
    """A product to be made, its sizes and certificates in the same transaction."""

    sizes: list[Row] = Field(default_factory=list, max_length=1000)
    certificates: list[Row] = Field(default_factory=list, max_length=1000)


def _partial(model: type[Written]) -> type[Written]:
    fields: dict[str, Any] = {
        name: (field.rebuild_annotation() | None, None)
        for name, field in model.model_fields.items()
        if name != "version"
    }
    name = model.__name__.replace("New", "Changed")
    return create_model(name, __base__=Written, __doc__="The fields to change; what is left out stays.", **fields)


ChangedNamed, ChangedCostCenter, ChangedGroup, ChangedEmployee, ChangedProduct = map(
    _partial, (NewNamed, NewCostCenter, NewGroup, NewEmployee, NewProduct)
)


def _shown(name: str, fields: dict[str, Any]) -> type[BaseModel]:
    return create_model(name, __base__=Shown, __doc__=f"{name} as answers show it.", **fields)


_Optional = (str | None, None)
Sector = _shown("Sector", {"name": (str, ...)})
JobRole = _shown("JobRole", {"name": (str, ...)})
CostCenter = _shown("CostCenter", {"name": (str, ...), "code": _Optional})
Group = _shown("Group", {"name": (str, ...), "rules": (list[Rule], ...)})
Employee = _shown(
    "Employee",
    {"name": (str, ...)} | {name: _Optional for name in NewEmployee.model_fields if name not in ("name", "version")},
)
Product = _shown("Product", {"name": (str, ...), "sizes": (list[Row], ...), "certificates": (list[Row], ...)})
AccessGroup = _shown("AccessGroup", {"name": (str, ...)})
_LINKED = {"employeeId": _Optional, "productId": _Optional, "quantity": (int | None, None)}
Withdrawal = _shown("Withdrawal", {"withdrawalStatus": (str, ...)} | _LINKED)
Return = _shown("Return", {"returnStatus": (str, ...)} | _LINKED)
Exchange = _shown("Exchange", {"exchangeStatus": (str, ...)} | _LINKED)


class Page(BaseModel):
    """Which part of a list."""

    limit: Whole = Field(default=20, ge=1, le=100)
    cursor: str | None = None


class NamedPage(Page):
    """Which part of a list, and what names begin with."""

    name: str | None = None


class CostCenterPage(NamedPage):
    """Which part of the cost centers."""

    code: str | None = None


class EmployeePage(NamedPage):
    """Which part of the employees."""

    sectorId: str | None = None  # noqa: N815
    costCenterId: str | None = None  # noqa: N815
    jobRoleId: str | None = None  # noqa: N815
    groupId: str | None = None  # noqa: N815


class TransactionPage(Page):
    """Which part of the transactions."""

    employeeId: str | None = None  # noqa: N815
    productId: str | None = None  # noqa: N815


class Removal(BaseModel):
    """The version that is believed to be deleted."""

    version: Whole | None = Field(default=None, alias="_version", ge=0)

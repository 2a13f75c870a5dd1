"""Models of SmartEPI's records, bodies and queries; they contain only the fields that its documents show."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model


def _parse_whole_number(value: Any) -> Any:
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) < 19):
        raise ValueError("Input should be a whole number")
    return value


WholeNumber = Annotated[int, BeforeValidator(_parse_whole_number)]
Version = Annotated[int, Field(strict=True, ge=0)]
Text = Annotated[str, Field(min_length=1)]


class ResourceModel(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)
    id: str
    createdAt: int | str | None = None  # noqa: N815
    updatedAt: int | str | None = None  # noqa: N815


class BodyModel(BaseModel):
    """A body whose undocumented members are ignored; the pipeline refuses them under the setting ``unknown_fields``."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, defer_build=True)
    version: Version | None = Field(default=None, alias="_version", exclude=True)


class Row(BaseModel):
    """A row nested in a record; further members are stored unchanged."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, defer_build=True)
    id: Text | None = None


class Rule(BaseModel):
    """A product that the employees of a group may withdraw; further members are stored unchanged."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False, defer_build=True)
    productId: Text  # noqa: N815


class NewNamed(BodyModel):
    """The fields of a new sector or job role."""

    name: Text


class NewCostCenter(NewNamed):
    """The fields of a new cost center."""

    code: Text | None = None


class NewGroup(NewNamed):
    """The fields of a new group."""

    rules: list[Rule] = Field(default_factory=list, max_length=1000)


class NewEmployee(NewNamed):
    """The fields of a new employee."""

    identification: Text | None = None
    email: Text | None = None
    costCenterId: Text | None = None  # noqa: N815
    costCenter2Id: Text | None = None  # noqa: N815
    jobRoleId: Text | None = None  # noqa: N815
    sectorId: Text | None = None  # noqa: N815
    groupId: Text | None = None  # noqa: N815


class NewProduct(NewNamed):
    """The fields of a new product; its sizes and certificates are created in the same transaction."""

    sizes: list[Row] = Field(default_factory=list, max_length=1000)
    certificates: list[Row] = Field(default_factory=list, max_length=1000)


def _update_model(model: type[BodyModel]) -> type[BodyModel]:
    fields: dict[str, Any] = {
        name: (field.rebuild_annotation() | None, None)
        for name, field in model.model_fields.items()
        if name != "version"
    }
    name = model.__name__.replace("New", "Changed")
    return create_model(
        name, __base__=BodyModel, __doc__="The fields to change; omitted fields stay unchanged.", **fields
    )


ChangedNamed, ChangedCostCenter, ChangedGroup, ChangedEmployee, ChangedProduct = map(
    _update_model, (NewNamed, NewCostCenter, NewGroup, NewEmployee, NewProduct)
)


def _response_model(name: str, fields: dict[str, Any]) -> type[BaseModel]:
    return create_model(name, __base__=ResourceModel, __doc__=f"{name} as responses contain it.", **fields)


_OPTIONAL_TEXT = (str | None, None)
Sector = _response_model("Sector", {"name": (str, ...)})
JobRole = _response_model("JobRole", {"name": (str, ...)})
CostCenter = _response_model("CostCenter", {"name": (str, ...), "code": _OPTIONAL_TEXT})
Group = _response_model("Group", {"name": (str, ...), "rules": (list[Rule], ...)})
Employee = _response_model(
    "Employee",
    {"name": (str, ...)}
    | {name: _OPTIONAL_TEXT for name in NewEmployee.model_fields if name not in ("name", "version")},
)
Product = _response_model("Product", {"name": (str, ...), "sizes": (list[Row], ...), "certificates": (list[Row], ...)})
AccessGroup = _response_model("AccessGroup", {"name": (str, ...)})
_LINK_FIELDS = {"employeeId": _OPTIONAL_TEXT, "productId": _OPTIONAL_TEXT, "quantity": (int | None, None)}
Withdrawal = _response_model("Withdrawal", {"withdrawalStatus": (str, ...)} | _LINK_FIELDS)
Return = _response_model("Return", {"returnStatus": (str, ...)} | _LINK_FIELDS)
Exchange = _response_model("Exchange", {"exchangeStatus": (str, ...)} | _LINK_FIELDS)


class CursorQuery(BaseModel):
    limit: WholeNumber = Field(default=20, ge=1, le=100)
    cursor: str | None = None


class NamedQuery(CursorQuery):
    name: str | None = None


class CostCenterQuery(NamedQuery):
    code: str | None = None


class EmployeeQuery(NamedQuery):
    sectorId: str | None = None  # noqa: N815
    costCenterId: str | None = None  # noqa: N815
    jobRoleId: str | None = None  # noqa: N815
    groupId: str | None = None  # noqa: N815


class TransactionQuery(CursorQuery):
    employeeId: str | None = None  # noqa: N815
    productId: str | None = None  # noqa: N815


class DeleteQuery(BaseModel):
    version: WholeNumber | None = Field(default=None, alias="_version", ge=0)

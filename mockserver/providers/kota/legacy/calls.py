"""Read operations on the older objects: an employer's quotes and policies, an employee's offers and policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mockserver.engine import Call, LazyModel, Operation, Problem, Reply
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.legacy.logic import EMPLOYEE_OFFER, EMPLOYEE_POLICY, EMPLOYER_POLICY, EMPLOYER_QUOTE
from mockserver.providers.kota.legacy.schemas import LegacyPoliciesQuery, LegacyQuotesQuery
from mockserver.providers.kota.values.kinds import KINDS
from mockserver.providers.kota.values.records import get_or_404, render_one
from mockserver.providers.kota.wire.lists import PageQuery, filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _make_list(owner: str, kind: str) -> Callable[[Call], Reply]:
    def perform(call: Call) -> Reply:
        # Documented: of the four lists, only the list of offers declares 404.
        if kind == EMPLOYEE_OFFER or assumptions_of(call).unknown_parent == "404":
            get_or_404(call, owner, f"{owner}_id")
        query: Any = call.query_parameters
        status = filter_values(getattr(query, "status", None))
        filters: Any = {f"{owner}_id": call.args[f"{owner}_id"], "status": status}
        return render_list(call, iter_records(call.space, KINDS[kind].collection, **filters))

    return perform


def _make_retrieve(owner: str, kind: str, parameter: str) -> Callable[[Call], Reply]:
    def perform(call: Call) -> Reply:
        record = get_or_404(call, kind, parameter)
        if record[f"{owner}_id"] != call.args[f"{owner}_id"]:
            raise Problem("not_found", f"No {KINDS[kind].display_name} of the {owner} has this id.")
        return render_one(call, record)

    return perform


class _LegacyObject(NamedTuple):
    """A kind of older object, and how its two operations are declared."""

    owner: str
    """The object that it belongs to: employer or employee."""
    singular: str
    plural: str
    """The last segment of the path of its list."""
    kind: str
    model: LazyModel
    list_query: type[PageQuery]


_OBJECTS = (
    _LegacyObject(
        "employer",
        "quote",
        "quotes",
        EMPLOYER_QUOTE,
        response_model("legacy", "EmployerHealthInsuranceQuoteResponse"),
        LegacyQuotesQuery,
    ),
    _LegacyObject(
        "employer",
        "policy",
        "policies",
        EMPLOYER_POLICY,
        response_model("legacy", "EmployerHealthInsurancePolicyResponse"),
        LegacyPoliciesQuery,
    ),
    _LegacyObject(
        "employee",
        "offer",
        "offers",
        EMPLOYEE_OFFER,
        response_model("legacy", "EmployeeHealthInsuranceOfferResponse"),
        PageQuery,
    ),
    _LegacyObject(
        "employee",
        "policy",
        "policies",
        EMPLOYEE_POLICY,
        response_model("legacy", "EmployeeHealthInsurancePolicyResponse"),
        LegacyPoliciesQuery,
    ),
)


def operations() -> Iterator[Operation]:
    for each in _OBJECTS:
        path = f"/{each.owner}s/{{{each.owner}_id}}/health_insurance/{each.plural}"
        parameter = f"{each.owner}_{each.singular}_id"
        yield define_operation(
            f"get_{each.owner}_health_insurance_{each.singular}",
            f"GET {path}/{{{parameter}}}",
            _make_retrieve(each.owner, each.kind, parameter),
            f"Get a health insurance {each.singular} of an {each.owner} (older API)",
            response=each.model,
        )
        yield define_operation(
            f"list_{each.owner}_health_insurance_{each.plural}",
            f"GET {path}",
            _make_list(each.owner, each.kind),
            f"List the health insurance {each.plural} of an {each.owner} (older API)",
            query=each.list_query,
            response=paged_response_model(each.model),
        )

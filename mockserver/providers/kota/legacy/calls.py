"""Read operations on the older objects: an employer's quotes and policies, an employee's offers and policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mockserver.engine import Call, LazyModel, Operation, Problem, Reply
from mockserver.providers.kota.assumptions import assumptions_of
from mockserver.providers.kota.legacy.logic import EMPLOYEE_OFFER, EMPLOYEE_POLICY, EMPLOYER_POLICY, EMPLOYER_QUOTE
from mockserver.providers.kota.legacy.schemas import LegacyPoliciesQuery, LegacyQuotesQuery
from mockserver.providers.kota.values.kinds import KINDS
from mockserver.providers.kota.values.records import get_or_404, render_one
from mockserver.providers.kota.wire.lists import PageQuery, filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model


def _listing(owner: str, kind: str) -> Callable[[Call], Reply]:
    def perform(call: Call) -> Reply:
        # Of these lists, only the list of offers declares 404.
        if kind == EMPLOYEE_OFFER or assumptions_of(call).unknown_parent == "404":
            get_or_404(call, owner, f"{owner}_id")
        query: Any = call.query_parameters
        wanted: Any = {f"{owner}_id": call.args[f"{owner}_id"], "status": filter_values(getattr(query, "status", None))}
        return render_list(call, iter_records(call.space, KINDS[kind].collection, **wanted))

    return perform


def _reading(owner: str, kind: str, parameter: str) -> Callable[[Call], Reply]:
    def perform(call: Call) -> Reply:
        record = get_or_404(call, kind, parameter)
        if record[f"{owner}_id"] != call.args[f"{owner}_id"]:
            raise Problem("not_found", f"No {KINDS[kind].display_name} of the {owner} has this id.")
        return render_one(call, record)

    return perform


_ROWS: tuple[tuple[str, str, str, str, LazyModel, type[PageQuery]], ...] = (
    (
        "employer",
        "quote",
        "quotes",
        EMPLOYER_QUOTE,
        response_model("legacy", "EmployerHealthInsuranceQuoteResponse"),
        LegacyQuotesQuery,
    ),
    (
        "employer",
        "policy",
        "policies",
        EMPLOYER_POLICY,
        response_model("legacy", "EmployerHealthInsurancePolicyResponse"),
        LegacyPoliciesQuery,
    ),
    (
        "employee",
        "offer",
        "offers",
        EMPLOYEE_OFFER,
        response_model("legacy", "EmployeeHealthInsuranceOfferResponse"),
        PageQuery,
    ),
    (
        "employee",
        "policy",
        "policies",
        EMPLOYEE_POLICY,
        response_model("legacy", "EmployeeHealthInsurancePolicyResponse"),
        LegacyPoliciesQuery,
    ),
)
"""Owner, path segment in singular and plural, kind, response model, query of the list."""


def operations() -> Iterator[Operation]:
    for owner, single, several, kind, model, query in _ROWS:
        path, parameter = f"/{owner}s/{{{owner}_id}}/health_insurance/{several}", f"{owner}_{single}_id"
        name = f"{owner}_health_insurance_{{}}"
        reading, listing = _reading(owner, kind, parameter), _listing(owner, kind)
        get_summary, list_summary = (
            f"Get a health insurance {single} of an {owner} (older API)",
            f"List the health insurance {several} of an {owner} (older API)",
        )
        yield define_operation(
            f"get_{name.format(single)}", f"GET {path}/{{{parameter}}}", reading, get_summary, response=model
        )
        yield define_operation(
            f"list_{name.format(several)}",
            f"GET {path}",
            listing,
            list_summary,
            query=query,
            response=paged_response_model(model),
        )

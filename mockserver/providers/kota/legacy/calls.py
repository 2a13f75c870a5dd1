"""The older health insurance objects, read: quotes and policies of employers, offers and policies of employees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mockserver.engine import Call, Later, Operation, Problem, Reply
from mockserver.providers.kota.assumptions import assume
from mockserver.providers.kota.legacy.logic import COVER, OFFER, POLICY, QUOTE
from mockserver.providers.kota.legacy.schemas import PoliciesPage, QuotesPage
from mockserver.providers.kota.values.kinds import KINDS
from mockserver.providers.kota.values.records import found, one
from mockserver.providers.kota.wire.lists import Page, chosen, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown


def _listing(owner: str, kind: str) -> Callable[[Call], Reply]:
    def perform(call: Call) -> Reply:
        # Only the list of offers declares that an employee may be unknown.
        if kind == OFFER or assume(call).unknown_parent == "404":
            found(call, owner, f"{owner}_id")
        query: Any = call.parameters
        wanted: Any = {f"{owner}_id": call.args[f"{owner}_id"], "status": chosen(getattr(query, "status", None))}
        return listed(call, walk(call.space, KINDS[kind].collection, **wanted))

    return perform


def _reading(owner: str, kind: str, parameter: str) -> Callable[[Call], Reply]:
    def perform(call: Call) -> Reply:
        record = found(call, kind, parameter)
        if record[f"{owner}_id"] != call.args[f"{owner}_id"]:
            raise Problem("not_found", f"No {KINDS[kind].words} of the {owner} has this id.")
        return one(call, record)

    return perform


_ROWS: tuple[tuple[str, str, str, str, Later, type[Page]], ...] = (
    ("employer", "quote", "quotes", QUOTE, shown("legacy", "EmployerHealthInsuranceQuoteResponse"), QuotesPage),
    ("employer", "policy", "policies", POLICY, shown("legacy", "EmployerHealthInsurancePolicyResponse"), PoliciesPage),
    ("employee", "offer", "offers", OFFER, shown("legacy", "EmployeeHealthInsuranceOfferResponse"), Page),
    ("employee", "policy", "policies", COVER, shown("legacy", "EmployeeHealthInsurancePolicyResponse"), PoliciesPage),
)
"""Whose, one of them, several of them, the kind, its model, the list's query."""


def operations() -> Iterator[Operation]:
    """The operations on the older health insurance objects."""
    for owner, single, several, kind, answer, query in _ROWS:
        path, parameter = f"/{owner}s/{{{owner}_id}}/health_insurance/{several}", f"{owner}_{single}_id"
        name = f"{owner}_health_insurance_{{}}"
        reading, listing = _reading(owner, kind, parameter), _listing(owner, kind)
        one_said, all_said = f"Get an {owner}'s older {single}", f"List an {owner}'s older {several}"
        yield row(f"get_{name.format(single)}", f"GET {path}/{{{parameter}}}", reading, one_said, answer=answer)
        yield row(f"list_{name.format(several)}", f"GET {path}", listing, all_said, query=query, answer=paged(answer))

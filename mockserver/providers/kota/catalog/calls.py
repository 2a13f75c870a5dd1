"""Providers and plans read: by country, by day, by premium, and with how many of a group could have a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.catalog import eligibility
from mockserver.providers.kota.catalog.logic import monthly_premium
from mockserver.providers.kota.catalog.schemas import Counted, PlansPage, ProvidersPage
from mockserver.providers.kota.values.records import found, kept, one, today
from mockserver.providers.kota.wire.lists import chosen, listed, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown

_COUNTS = ("eligible_count", "ineligible_count", "total_count")


def _list_providers(call: Call) -> Reply:
    query: Any = call.parameters
    country = query.country
    providers = walk(call.space, "providers", oldest_first=True)
    return listed(call, (each for each in providers if country is None or country in each["supported_countries"]))


def _retrieve_provider(call: Call) -> Reply:
    return one(call, found(call, "provider", "provider_id"))


def _list_plans(call: Call) -> Reply:
    query: Any = call.parameters
    day, counts = query.available_on or today(call), _counting(call)
    plans = walk(call.space, "plans", oldest_first=True, country=query.country, _provider_key=chosen(query.provider_id))
    available = [each for each in plans if each["available_from"] <= day <= (each["available_to"] or day)]
    if query.sort_by is not None:
        available.sort(key=_of_policyholder, reverse=query.sort_dir == "desc")
    return listed(call, available, lambda plan: {**plan, **counts(plan)})


def _of_policyholder(plan: Record) -> int:
    return monthly_premium(plan, ["policyholder"])


def _retrieve_plan(call: Call) -> Reply:
    counts, record = _counting(call), found(call, "plan", "plan_id")
    return one(call, {**record, **counts(record)})


def _counting(call: Call) -> Callable[[Record], dict[str, int | None]]:
    """Tells of a plan how many of the group that the query names could have it; of no group where it names none."""
    query: Any = call.parameters
    if query.group_id is None or query.start_date is None:
        return lambda _plan: dict.fromkeys(_COUNTS)
    if kept(call, "group", query.group_id) is None:
        raise Problem("not_found", "No group has this id.")
    members = walk(call.space, "group_employees", group_id=query.group_id)
    employees = [employee for each in members if (employee := kept(call, "employee", each["employee_id"]))]

    def counts(plan: Record) -> dict[str, int | None]:
        found = Counter(eligibility.judge(call, plan, each, query.start_date)[0] for each in employees)
        return dict(zip(_COUNTS, (found["eligible"], found["ineligible"], len(employees)), strict=True))

    return counts


def operations() -> Iterator[Operation]:
    """The operations on providers and plans."""
    provider, plan = shown("catalog", "ProviderResponse"), shown("catalog", "PlanResponse")
    yield row("list_plans", "GET /plans", _list_plans, "List plans", query=PlansPage, answer=paged(plan))
    yield row("get_plan", "GET /plans/{plan_id}", _retrieve_plan, "Get a plan", query=Counted, answer=plan)
    yield row(
        "list_providers",
        "GET /providers",
        _list_providers,
        "List providers",
        query=ProvidersPage,
        answer=paged(provider),
    )
    yield row("get_provider", "GET /providers/{provider_id}", _retrieve_provider, "Get a provider", answer=provider)

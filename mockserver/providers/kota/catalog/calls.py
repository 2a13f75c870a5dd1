"""Operations on providers and plans; plans can have counts of the eligible employees of a group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.catalog import eligibility
from mockserver.providers.kota.catalog.logic import monthly_premium
from mockserver.providers.kota.catalog.schemas import CountQuery, PlansQuery, ProvidersQuery
from mockserver.providers.kota.values.records import find_record, get_or_404, render_one, today
from mockserver.providers.kota.wire.lists import filter_values, iter_records, render_list
from mockserver.providers.kota.wire.operation import define_operation
from mockserver.providers.kota.wire.response_models import paged_response_model, response_model

_COUNTS = ("eligible_count", "ineligible_count", "total_count")


def _list_providers(call: Call) -> Reply:
    query: Any = call.query_parameters
    country = query.country
    providers = iter_records(call.space, "providers", oldest_first=True)
    return render_list(call, (each for each in providers if country is None or country in each["supported_countries"]))


def _retrieve_provider(call: Call) -> Reply:
    return render_one(call, get_or_404(call, "provider", "provider_id"))


def _list_plans(call: Call) -> Reply:
    query: Any = call.query_parameters
    day, counts = query.available_on or today(call), _eligibility_counter(call)
    plans = iter_records(
        call.space, "plans", oldest_first=True, country=query.country, _provider_key=filter_values(query.provider_id)
    )
    available = [each for each in plans if each["available_from"] <= day <= (each["available_to"] or day)]
    if query.sort_by is not None:
        available.sort(key=_policyholder_premium, reverse=query.sort_dir == "desc")
    return render_list(call, available, lambda plan: {**plan, **counts(plan)})


def _policyholder_premium(plan: Record) -> int:
    return monthly_premium(plan, ["policyholder"])


def _retrieve_plan(call: Call) -> Reply:
    counts, record = _eligibility_counter(call), get_or_404(call, "plan", "plan_id")
    return render_one(call, {**record, **counts(record)})


def _eligibility_counter(call: Call) -> Callable[[Record], dict[str, int | None]]:
    """Returns a function that counts a group's eligible employees for a plan.

    If the query names no group or no start date, all counts are None.
    """
    query: Any = call.query_parameters
    if query.group_id is None or query.start_date is None:
        return lambda _plan: dict.fromkeys(_COUNTS)
    if find_record(call, "group", query.group_id) is None:
        raise Problem("not_found", "No group has this id.")
    members = iter_records(call.space, "group_employees", group_id=query.group_id)
    employees = [employee for each in members if (employee := find_record(call, "employee", each["employee_id"]))]

    def counts(plan: Record) -> dict[str, int | None]:
        statuses = Counter(
            eligibility.evaluate_eligibility(call, plan, each, query.start_date)[0] for each in employees
        )
        return dict(zip(_COUNTS, (statuses["eligible"], statuses["ineligible"], len(employees)), strict=True))

    return counts


def operations() -> Iterator[Operation]:
    provider, plan = response_model("catalog", "ProviderResponse"), response_model("catalog", "PlanResponse")
    yield define_operation(
        "list_plans", "GET /plans", _list_plans, "List plans", query=PlansQuery, response=paged_response_model(plan)
    )
    yield define_operation(
        "get_plan", "GET /plans/{plan_id}", _retrieve_plan, "Get a plan", query=CountQuery, response=plan
    )
    yield define_operation(
        "list_providers",
        "GET /providers",
        _list_providers,
        "List providers",
        query=ProvidersQuery,
        response=paged_response_model(provider),
    )
    yield define_operation(
        "get_provider", "GET /providers/{provider_id}", _retrieve_provider, "Get a provider", response=provider
    )

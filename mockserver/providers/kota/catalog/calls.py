"""Providers and plans read: by country, by day, by premium, and with how many of a group could have a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict

from mockserver.engine import Call, Operation, Problem, Record, Reply
from mockserver.providers.kota.catalog import eligibility
from mockserver.providers.kota.catalog.logic import monthly_premium
from mockserver.providers.kota.catalog.tables import INSURERS
from mockserver.providers.kota.values.fields import Country, Day
from mockserver.providers.kota.values.records import found, kept, one, today
from mockserver.providers.kota.values.terms import GroupId
from mockserver.providers.kota.wire.lists import Page, chosen, listed, states, walk
from mockserver.providers.kota.wire.operation import row
from mockserver.providers.kota.wire.shown import paged, shown

_COUNTS = ("eligible_count", "ineligible_count", "total_count")


class ProvidersPage(Page):
    """The query of the list of providers."""

    country: Country | None = None


class Counted(BaseModel):
    """What a plan is counted for: the employees of a group, if their cover began on a day."""

    model_config = ConfigDict(extra="ignore", defer_build=True)
    group_id: GroupId | None = None
    start_date: Day | None = None


class PlansPage(Counted, Page):
    """The query of the list of plans."""

    type: Annotated[str | None, states("health_insurance")] = None
    provider_id: Annotated[str | None, states(*(insurer.key for insurer in INSURERS))] = None
    country: Country | None = None
    available_on: Day | None = None
    sort_by: Literal["premium"] | None = None
    sort_dir: Literal["asc", "desc"] | None = None


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
    provider, plan = shown("ProviderResponse"), shown("PlanResponse")
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

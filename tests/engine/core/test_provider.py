"""Provider values and their operations."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from mockserver.app import known_providers
from mockserver.engine import STAGES, Call, Operation, Provider, Reply, UnknownName, faults_stage, journal, locate
from tests.support.acme import ACME
from tests.support.harness import make_harness


def test_a_simulation_is_found_by_name_or_refused_with_the_nearest() -> None:
    smartepi = known_providers()["smartepi"]
    assert smartepi.get_simulation("record_return").name == "record_return"
    with pytest.raises(UnknownName, match="did you mean 'record_return'"):
        smartepi.get_simulation("record_retrun")


def test_a_provider_may_choose_its_stages() -> None:
    open_to_all = replace(ACME, name="open", stages=(journal, faults_stage, locate))
    harness = make_harness(open_to_all, scenarios={})
    assert harness.request("GET", "/v1/notes", key=None).status_code == 200
    (entry,) = harness.sandbox.journal.entries()
    assert [step.stage for step in entry.call.trace] == ["journal", "faults", "locate", "perform"]


def test_the_statuses_of_an_operation_are_its_status_and_refusals() -> None:
    def nothing(call: Call) -> Reply:
        return Reply(204)

    operation = Operation("op", "POST", "/x", nothing, "Do it", status=204, refusals=(401, 409))
    assert operation.statuses == {204, 401, 409}


@pytest.mark.parametrize("provider", known_providers().values(), ids=lambda provider: provider.name)
def test_no_two_operations_share_a_name_or_a_method_and_path(provider: object) -> None:
    operations = provider.operations  # type: ignore[attr-defined]
    assert len({op.name for op in operations}) == len(operations)
    assert len({(op.method, op.path) for op in operations}) == len(operations)


def test_a_provider_without_stages_has_the_default_ones() -> None:
    named = {field.name: getattr(ACME, field.name) for field in fields(Provider) if field.init}
    del named["stages"]
    assert Provider(**named).stages == STAGES

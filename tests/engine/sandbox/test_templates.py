"""What new sandboxes begin with: written, or generated once for many."""

from __future__ import annotations

from dataclasses import replace

from mockserver.engine import SECOND, Progress, Randomness, Settings, State
from mockserver.engine.sandbox.templates import Templates
from tests.support.acme import ACME
from tests.support.worlds import NOON


def quiet(done: int, total: int) -> None:
    """Nobody watches."""


def counting(made: list[str]) -> Templates:
    def generate(randomness: Randomness, size: str, progress: Progress) -> State:
        made.append(size)
        return {"notes": [{"id": randomness.text("note", 1, 8)}]}

    templates = Templates({("acme", "medium"): {"notes": [{"id": "written"}]}})
    provider = replace(ACME, generate=generate)
    fresh = templates.fresh
    templates.fresh = lambda _, *rest: fresh(provider, *rest)  # type: ignore[method-assign]
    return templates


def test_the_same_seed_and_size_are_generated_once() -> None:
    made: list[str] = []
    templates = counting(made)
    first, second = (templates.fresh(ACME, id, Settings(seed="7"), NOON, quiet) for id in ("a", "b"))
    assert made == ["small"]
    assert first["notes"] == second["notes"]
    assert templates.fresh(ACME, "c", Settings(seed="8"), NOON, quiet)["notes"] != first["notes"]
    assert made == ["small", "small"]


def test_a_written_data_set_is_used_for_the_seed_it_was_written_with() -> None:
    made: list[str] = []
    templates = counting(made)
    assert templates.fresh(ACME, "a", Settings(size="medium"), NOON, quiet)["notes"] == [{"id": "written"}]
    assert made == []
    templates.fresh(ACME, "a", Settings(size="medium", seed="2"), NOON, quiet)
    assert made == ["medium"]


def test_only_so_many_templates_are_remembered() -> None:
    made: list[str] = []
    templates = counting(made)
    for seed in [*range(10), 0]:
        templates.fresh(ACME, "a", Settings(seed=f"s{seed}"), NOON, quiet)
    assert len(made) == 11


def test_a_sandboxs_keys_are_its_own_and_good_from_the_beginning() -> None:
    templates = counting([])
    (one,), (other,) = (templates.fresh(ACME, id, Settings(seed="7"), NOON, quiet)["_keys"] for id in ("a", "b"))
    assert one["secret"] != other["secret"]
    assert one["active_at"] == 0


def test_counters_of_the_data_go_on_beside_the_sandboxs_own() -> None:
    provider = replace(ACME, generate=lambda *_: {"notes": [], "_counters": [{"id": "notes", "value": 7}]})
    state = Templates({}).fresh(provider, "a", Settings(), NOON, quiet)
    assert state["_counters"] == [{"id": "notes", "value": 7}, {"id": "keys", "value": 1}]


def test_lives_that_go_on_are_settled_once_a_day() -> None:
    days: list[int] = []

    def settle(state: State, now: int) -> State:
        days.append(now)
        return {"notes": [{"id": f"as-of-{now}"}]}

    provider = replace(ACME, generate=lambda *_: {"notes": []}, settle=settle)
    templates = Templates({})
    first, later = (templates.fresh(provider, "a", Settings(), NOON + add, quiet) for add in (0, 60))
    assert first["notes"] == later["notes"] == [{"id": f"as-of-{NOON}"}]
    tomorrow = NOON + 86_400 * SECOND
    assert templates.fresh(provider, "a", Settings(), tomorrow, quiet)["notes"] == [{"id": f"as-of-{tomorrow}"}]
    assert days == [NOON, tomorrow]


def test_a_sandbox_knows_since_when_it_is_there() -> None:
    identity, _ = Templates({}).fresh(ACME, "a", Settings(), NOON, quiet)["_sandbox"]
    assert identity == {"id": "identity", "provider": "acme", "began": NOON}

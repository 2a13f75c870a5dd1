"""What new sandboxes begin with: written, or generated once for many."""

from __future__ import annotations

from dataclasses import replace

from mockserver.engine import SECOND, Progress, Randomness, Settings, State
from mockserver.engine.sandbox.templates import Templates
from tests.support.acme import ACME
from tests.support.harness import NOON


def ignore_progress(done: int, total: int) -> None:
    """Nobody watches."""


def make_counting_templates(made: list[str]) -> Templates:
    def generate(randomness: Randomness, size: str, progress: Progress) -> State:
        made.append(size)
        return {"notes": [{"id": randomness.text("note", 1, 8)}]}

    templates = Templates({("acme", "medium"): {"notes": [{"id": "written"}]}})
    provider = replace(ACME, generate=generate)
    fresh = templates.build_state
    templates.build_state = lambda _, *rest: fresh(provider, *rest)  # type: ignore[method-assign]
    return templates


def test_the_same_seed_and_size_are_generated_once() -> None:
    made: list[str] = []
    templates = make_counting_templates(made)
    first, second = (templates.build_state(ACME, id, Settings(seed="7"), NOON, ignore_progress) for id in ("a", "b"))
    assert made == ["small"]
    assert first["notes"] == second["notes"]
    assert templates.build_state(ACME, "c", Settings(seed="8"), NOON, ignore_progress)["notes"] != first["notes"]
    assert made == ["small", "small"]


def test_a_written_data_set_is_used_for_the_seed_it_was_written_with() -> None:
    made: list[str] = []
    templates = make_counting_templates(made)
    assert templates.build_state(ACME, "a", Settings(size="medium"), NOON, ignore_progress)["notes"] == [
        {"id": "written"}
    ]
    assert made == []
    templates.build_state(ACME, "a", Settings(size="medium", seed="2"), NOON, ignore_progress)
    assert made == ["medium"]


def test_only_so_many_templates_are_remembered() -> None:
    made: list[str] = []
    templates = make_counting_templates(made)
    for seed in [*range(10), 0]:
        templates.build_state(ACME, "a", Settings(seed=f"s{seed}"), NOON, ignore_progress)
    assert len(made) == 11


def test_the_templates_that_are_remembered_are_the_last_eight() -> None:
    made: list[str] = []
    templates = make_counting_templates(made)
    for seed in [*range(8), *range(8)]:
        templates.build_state(ACME, "a", Settings(seed=f"s{seed}"), NOON, ignore_progress)
    assert len(made) == 8


def test_a_sandboxs_keys_are_its_own_and_good_from_the_beginning() -> None:
    templates = make_counting_templates([])
    (one,), (other,) = (
        templates.build_state(ACME, id, Settings(seed="7"), NOON, ignore_progress)["_keys"] for id in ("a", "b")
    )
    assert one["secret"] != other["secret"]
    assert (one["created_at"], one["active_at"]) == (0, 0)


def test_counters_of_the_data_go_on_beside_the_sandboxs_own() -> None:
    provider = replace(ACME, generate=lambda *_: {"notes": [], "_counters": [{"id": "notes", "value": 7}]})
    state = Templates({}).build_state(provider, "a", Settings(), NOON, ignore_progress)
    assert state["_counters"] == [{"id": "notes", "value": 7}, {"id": "keys", "value": 1}]


def test_lives_that_go_on_are_settled_once_a_day() -> None:
    days: list[int] = []

    def settle(state: State, now: int) -> State:
        days.append(now)
        return {"notes": [{"id": f"as-of-{now}"}]}

    provider = replace(ACME, generate=lambda *_: {"notes": []}, age_seed_data=settle)
    templates = Templates({})
    first, later = (templates.build_state(provider, "a", Settings(), NOON + add, ignore_progress) for add in (0, 60))
    assert first["notes"] == later["notes"] == [{"id": f"as-of-{NOON}"}]
    tomorrow = NOON + 86_400 * SECOND
    assert templates.build_state(provider, "a", Settings(), tomorrow, ignore_progress)["notes"] == [
        {"id": f"as-of-{tomorrow}"}
    ]
    assert days == [NOON, tomorrow]


def test_a_sandbox_knows_since_when_it_is_there() -> None:
    identity, _ = Templates({}).build_state(ACME, "a", Settings(), NOON, ignore_progress)["_sandbox"]
    assert identity == {"id": "identity", "provider": "acme", "began": NOON}

"""Templates: the initial state of sandboxes, bundled or generated and cached."""

from __future__ import annotations

from dataclasses import replace

from mockserver.engine import SECOND, Progress, Randomness, Settings, State
from mockserver.engine.sandbox.templates import Templates
from tests.support.acme import ACME
from tests.support.harness import NOON


def ignore_progress(done: int, total: int) -> None:
    """Ignores the progress of generation."""


def make_counting_templates(generated: list[str]) -> Templates:
    def generate(randomness: Randomness, size: str, progress: Progress) -> State:
        generated.append(size)
        return {"notes": [{"id": randomness.text("note", 1, 8)}]}

    templates = Templates({("acme", "medium"): {"notes": [{"id": "written"}]}})
    provider = replace(ACME, generate=generate)
    build_state = templates.build_state
    templates.build_state = lambda _, *rest: build_state(provider, *rest)  # type: ignore[method-assign]
    return templates


def test_the_same_seed_and_size_are_generated_once() -> None:
    generated: list[str] = []
    templates = make_counting_templates(generated)
    first, second = (templates.build_state(ACME, id, Settings(seed="7"), NOON, ignore_progress) for id in ("a", "b"))
    assert generated == ["small"]
    assert first["notes"] == second["notes"]
    assert templates.build_state(ACME, "c", Settings(seed="8"), NOON, ignore_progress)["notes"] != first["notes"]
    assert generated == ["small", "small"]


def test_a_bundled_data_set_is_used_only_for_its_seed() -> None:
    generated: list[str] = []
    templates = make_counting_templates(generated)
    assert templates.build_state(ACME, "a", Settings(size="medium"), NOON, ignore_progress)["notes"] == [
        {"id": "written"}
    ]
    assert generated == []
    templates.build_state(ACME, "a", Settings(size="medium", seed="2"), NOON, ignore_progress)
    assert generated == ["medium"]


def test_the_number_of_cached_templates_is_limited() -> None:
    generated: list[str] = []
    templates = make_counting_templates(generated)
    for seed in [*range(10), 0]:
        templates.build_state(ACME, "a", Settings(seed=f"s{seed}"), NOON, ignore_progress)
    assert len(generated) == 11


def test_eight_templates_are_cached() -> None:
    generated: list[str] = []
    templates = make_counting_templates(generated)
    for seed in [*range(8), *range(8)]:
        templates.build_state(ACME, "a", Settings(seed=f"s{seed}"), NOON, ignore_progress)
    assert len(generated) == 8


def test_each_sandbox_has_its_own_key_that_is_active_at_once() -> None:
    templates = make_counting_templates([])
    (one,), (other,) = (
        templates.build_state(ACME, id, Settings(seed="7"), NOON, ignore_progress)["_keys"] for id in ("a", "b")
    )
    assert one["secret"] != other["secret"]
    assert (one["created_at"], one["active_at"]) == (0, 0)


def test_counters_of_the_data_are_kept_with_those_of_the_sandbox() -> None:
    provider = replace(ACME, generate=lambda *_: {"notes": [], "_counters": [{"id": "notes", "value": 7}]})
    state = Templates({}).build_state(provider, "a", Settings(), NOON, ignore_progress)
    assert state["_counters"] == [{"id": "notes", "value": 7}, {"id": "keys", "value": 1}]


def test_seed_data_is_aged_once_a_day() -> None:
    days: list[int] = []

    def age_seed_data(state: State, now: int) -> State:
        days.append(now)
        return {"notes": [{"id": f"as-of-{now}"}]}

    provider = replace(ACME, generate=lambda *_: {"notes": []}, age_seed_data=age_seed_data)
    templates = Templates({})
    first, later = (templates.build_state(provider, "a", Settings(), NOON + add, ignore_progress) for add in (0, 60))
    assert first["notes"] == later["notes"] == [{"id": f"as-of-{NOON}"}]
    tomorrow = NOON + 86_400 * SECOND
    assert templates.build_state(provider, "a", Settings(), tomorrow, ignore_progress)["notes"] == [
        {"id": f"as-of-{tomorrow}"}
    ]
    assert days == [NOON, tomorrow]


def test_the_identity_has_the_time_of_creation() -> None:
    identity, _ = Templates({}).build_state(ACME, "a", Settings(), NOON, ignore_progress)["_sandbox"]
    assert identity == {"id": "identity", "provider": "acme", "began": NOON}

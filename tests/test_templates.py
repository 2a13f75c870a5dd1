"""What new sandboxes begin with: written, or generated once for many."""

from __future__ import annotations

from dataclasses import replace

from mockserver.engine import Progress, Randomness, Settings, State
from mockserver.engine.templates import Templates
from tests.acme import ACME
from tests.worlds import NOON


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

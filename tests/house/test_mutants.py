"""What changes the code to see whether a test notices: which changes there are, and what is told of them."""

from __future__ import annotations

import ast
from collections import Counter
from types import FunctionType

import pytest

from mockserver.engine.core.redaction import mask
from tests.support.paths import ROOT
from tests.support.suite.mutants.__main__ import MODULES, load_equivalent_mutants, report, select_modules
from tests.support.suite.mutants.changes import generate_mutants
from tests.support.suite.mutants.runner import MutationRun, install


def changes(source: str) -> list[str]:
    return [each.change for each in generate_mutants("mockserver/x.py", source, ast.parse(source))]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return a < b", ["return a < b -> return None", "a < b -> a <= b"]),
        ("return a >= 5", ["return a >= 5 -> return None", "a >= 5 -> a > 5", "5 -> 6"]),
        ("x = a == b and not c", ["a == b and (not c) -> a == b or not c", "a == b -> a != b", "not c -> c"]),
        ("x = a + b - c", ["a + b - c -> a + b + c", "a + b -> a - b"]),
        ("x = a is None", ["a is None -> a is not None"]),
        ("x = a in b < c", ["a in b < c -> a not in b < c", "a in b < c -> a in b <= c"]),
        ("x = [True, 1.5]", ["True -> False", "1.5 -> 2.5"]),
        ("a.drop(b)", ["a.drop(b) -> pass"]),
        ("a += b", ["a += b -> pass"]),
        ("raise ValueError(f'{1 + 1}')", ["raise ValueError(f'{1 + 1}') -> pass"]),
        ("if a: b = c", ["a -> not a"]),
        ("x = b if a else c", ["a -> not a"]),
        ("return None", []),
        ("'1 + 1'", []),
        ("x: Literal[1] = a", []),
        ("assert a < b", []),
        ("_log.warning('%d', 1)", []),
    ],
)
def test_what_stands_in_a_function_is_changed_one_place_at_a_time(body: str, expected: list[str]) -> None:
    assert changes(f"def f(a: Literal[1] = 2) -> Literal[3]:\n    {body}\n") == expected


def test_methods_and_constants_are_changed_and_what_else_is_done_at_import_is_not() -> None:
    source = "MOST = 5\nB = f(1)\n@g(2)\nclass C:\n    n: int = 3\n    def m(self):\n        return 4\n"
    assert changes(source) == ["5 -> 6", "return 4 -> return None", "4 -> 5"]


def test_a_change_is_put_and_taken_back() -> None:
    source = "def f(a):\n    return a < 1\n"
    tree = ast.parse(source)
    for each in list(generate_mutants("mockserver/x.py", source, tree)):
        each.put(True)
        assert ast.unparse(tree) != source.strip()
        each.put(False)
        assert ast.unparse(tree) == source.strip()


def test_whoever_has_a_function_has_the_mutants_code() -> None:
    source = "def f(a):\n    return a < 1\n\nclass C:\n    def g(self):\n        return 2\n"
    names: dict[str, FunctionType | type] = {}
    exec(compile(source, "x.py", "exec"), names)
    f, c = names["f"], names["C"]
    assert isinstance(f, FunctionType)
    assert isinstance(c, type)
    method = c.__dict__["g"]
    tree = ast.parse(source)
    boundary = next(each for each in generate_mutants("x.py", source, tree) if each.change == "a < 1 -> a <= 1")
    install(boundary, tree, "x.py", [f, method])
    assert (f(1), f(2), c().g()) == (True, False, 2)


def test_a_mutant_that_survives_is_told_with_its_place_and_its_change() -> None:
    run = MutationRun(["mockserver/engine/core/redaction.py"], "1", 0, 1)
    found = run.mutants["mockserver/engine/core/redaction.py"]
    (boundary,) = [each for each in found if each.change == "len(value) > 8 -> len(value) >= 8"]
    run.killed[boundary.module] = 3
    run.survived[boundary.module] = [boundary]
    told = report(run)
    line = mask.__code__.co_firstlineno + 2
    assert f"redaction.py:{line}: {boundary.source}    [len(value) > 8 -> len(value) >= 8]" in told
    assert "1 survived:" in told
    assert "75.0 %" in told


def test_the_same_seed_takes_the_same_mutants_in_the_same_order() -> None:
    def order(seed: str) -> list[str]:
        return [each.title for each in MutationRun(["mockserver/engine/core/keys.py"], seed, 0, 1).mutants.popitem()[1]]

    assert order("1") == order("1") != order("2")
    assert Counter(order("1")) == Counter(order("2"))


def test_every_mutant_that_is_called_equivalent_is_there_and_has_a_reason() -> None:
    listed = load_equivalent_mutants()
    there = set()
    for module in {module for module, _, _ in listed}:
        source = (ROOT / module).read_text("utf-8")
        there |= {(module, each.source, each.change) for each in generate_mutants(module, source, ast.parse(source))}
    assert set(listed) <= there
    assert all(len(reason.split()) > 3 for reason in listed.values())


def test_each_pattern_of_modules_is_one_of_the_source() -> None:
    assert all(select_modules((pattern,)) for pattern in MODULES)

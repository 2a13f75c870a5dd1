"""The mutation tests: which mutants are generated, how they are installed and reported."""

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
        ("x = zip(a, b, strict=True)", []),
    ],
)
def test_each_mutant_changes_one_place_in_a_function(body: str, expected: list[str]) -> None:
    assert changes(f"def f(a: Literal[1] = 2) -> Literal[3]:\n    {body}\n") == expected


def test_return_none_instead_of_false_is_no_mutant_in_a_function_that_returns_a_bool() -> None:
    source = "def f(a: int) -> bool:\n    if a:\n        return False\n    return True\n"
    assert changes(source) == ["a -> not a", "False -> True", "return True -> return None", "True -> False"]
    assert "return False -> return None" in changes(source.replace("bool", "bool | None"))


def test_only_methods_functions_and_constants_are_changed() -> None:
    source = "MOST = 5\nB = f(1)\n@g(2)\nclass C:\n    n: int = 3\n    def m(self):\n        return 4\n"
    assert changes(source) == ["5 -> 6", "return 4 -> return None", "4 -> 5"]


def test_a_change_is_applied_and_reverted() -> None:
    source = "def f(a):\n    return a < 1\n"
    tree = ast.parse(source)
    for each in list(generate_mutants("mockserver/x.py", source, tree)):
        each.put(True)
        assert ast.unparse(tree) != source.strip()
        each.put(False)
        assert ast.unparse(tree) == source.strip()


def test_installing_a_mutant_replaces_the_code_of_existing_functions() -> None:
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


def test_the_report_names_the_place_and_the_change_of_a_surviving_mutant() -> None:
    run = MutationRun(["mockserver/engine/core/redaction.py"], "1", 0, 1)
    mutants = run.mutants["mockserver/engine/core/redaction.py"]
    (boundary,) = [each for each in mutants if each.change == "len(value) > 8 -> len(value) >= 8"]
    run.killed[boundary.module] = 3
    run.survived[boundary.module] = [boundary]
    text = report(run)
    line = mask.__code__.co_firstlineno + 2
    assert f"redaction.py:{line}: {boundary.source}    [len(value) > 8 -> len(value) >= 8]" in text
    assert "1 survived:" in text
    assert "75.0 %" in text


def test_the_same_seed_takes_the_same_mutants_in_the_same_order() -> None:
    def order(seed: str) -> list[str]:
        return [each.title for each in MutationRun(["mockserver/engine/core/keys.py"], seed, 0, 1).mutants.popitem()[1]]

    assert order("1") == order("1") != order("2")
    assert Counter(order("1")) == Counter(order("2"))


def test_every_mutant_listed_as_equivalent_exists_and_has_a_reason() -> None:
    listed = load_equivalent_mutants()
    generated = set()
    for module in {module for module, _, _ in listed}:
        source = (ROOT / module).read_text("utf-8")
        generated |= {
            (module, each.source, each.change) for each in generate_mutants(module, source, ast.parse(source))
        }
    assert set(listed) <= generated
    assert all(len(reason.split()) > 3 for reason in listed.values())


def test_each_pattern_of_modules_matches_a_file() -> None:
    assert all(select_modules((pattern,)) for pattern in MODULES)

"""Generates the mutants of a module: each changes one node of the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

OPERATOR_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip
UNMUTATED_NODES = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)
"""Nodes that are not changed inside: messages, checks and imports."""


@dataclass(eq=False)
class Mutant:
    """One change of a module."""

    module: str
    line: int
    lines: range
    """The lines of the statement; the tests that run one of them reach the mutant."""
    source: str
    change: str
    put: Callable[[bool], None] = field(repr=False)
    """Applies the change to the tree (True), or reverts it (False)."""
    constant: str | None = None
    """The name of the module constant that it changes, if any."""

    @property
    def title(self) -> str:
        return f"{self.module}:{self.line}: {self.source}    [{self.change}]"


def replacements(node: ast.AST) -> Iterator[ast.AST]:
    """Yields the nodes that can replace a node."""
    match node:
        case ast.Compare(left, ops, comparators):
            for nth, op in enumerate(ops):
                swapped = [*ops[:nth], OPERATOR_SWAPS[type(op)](), *ops[nth + 1 :]]
                yield ast.Compare(left, swapped, comparators)  # type: ignore[arg-type]
        case ast.BoolOp(op, values):
            yield ast.BoolOp(OPERATOR_SWAPS[type(op)](), values)  # type: ignore[arg-type]
        case ast.BinOp(left, ast.Add() | ast.Sub() as op, right):
            yield ast.BinOp(left, OPERATOR_SWAPS[type(op)](), right)  # type: ignore[arg-type]
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield ast.Constant(value + 1)
        case ast.Return(ast.expr() as value) if ast.unparse(value) != "None":
            yield ast.Return(ast.Constant(None))
        case ast.Raise() | ast.AugAssign() | ast.Expr(ast.Call()):
            # A method without super() would have another closure, and its code could not be replaced.
            yield ast.Expr(ast.Name("__class__", ast.Load())) if "super()" in ast.unparse(node) else ast.Pass()
        case ast.If(test=test) | ast.IfExp(test=test) if not isinstance(test, ast.Compare | ast.UnaryOp):
            yield type(node)(**{**vars(node), "test": ast.UnaryOp(ast.Not(), test)})


def generate_mutants(module: str, source: str, tree: ast.Module) -> Iterator[Mutant]:
    text = source.splitlines()

    def within(node: ast.AST, lines: range, constant: str | None, is_bool: bool = False) -> Iterator[Mutant]:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "args") and not isinstance(node, ast.Call):
                continue
            siblings = value if isinstance(value, list) else [value]
            for nth, child in enumerate(siblings):
                if not isinstance(child, ast.AST) or is_logging(child) or is_strict(child):
                    continue
                inside = line_range(child) if isinstance(child, ast.stmt) else lines
                # In a function that returns a bool, None is equivalent to False.
                equivalent = is_bool and isinstance(child, ast.Return) and is_false(child.value)
                for other in () if equivalent else replacements(child):
                    yield mutant(node, name, nth if isinstance(value, list) else None, child, other, inside, constant)
                if not isinstance(child, UNMUTATED_NODES):
                    yield from within(child, inside, constant, returns_bool(child, is_bool))

    def mutant(
        node: ast.AST, name: str, nth: int | None, old: ast.AST, new: ast.AST, lines: range, constant: str | None
    ) -> Mutant:
        ast.fix_missing_locations(ast.copy_location(new, old))

        def put(changed: bool) -> None:
            if nth is None:
                setattr(node, name, new if changed else old)
            else:
                getattr(node, name)[nth] = new if changed else old

        line = old.lineno  # type: ignore[attr-defined]
        return Mutant(module, line, lines, text[line - 1].strip(), change(old, new), put, constant)

    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield from mutants_in_functions(statement, within)
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Constant):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            yield from within(statement, range(1, len(text) + 1), ast.unparse(target))


def mutants_in_functions(node: ast.FunctionDef | ast.ClassDef, within: Any) -> Iterator[Mutant]:
    """Yields the mutants in the body of a function, or of the methods of a class."""
    for each in node.body if isinstance(node, ast.ClassDef) else [node]:
        if isinstance(each, ast.FunctionDef):
            yield from within(each, line_range(each), None, returns_bool(each, False))
        elif isinstance(each, ast.ClassDef):
            yield from mutants_in_functions(each, within)


def returns_bool(node: ast.AST, outer: bool) -> bool:
    """Whether a ``return`` inside the node returns a bool; ``outer`` is the answer for the node's own function."""
    if isinstance(node, ast.FunctionDef):
        return isinstance(node.returns, ast.Name) and node.returns.id == "bool"
    return outer


def is_false(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def is_strict(node: ast.AST) -> bool:
    """Whether a node is the argument ``strict`` of zip, which changes nothing for arguments of equal length."""
    return isinstance(node, ast.keyword) and node.arg == "strict"


def is_logging(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and ast.unparse(node).startswith("_log.")


def line_range(statement: ast.stmt) -> range:
    """Returns the lines of a statement, or of the head of a compound statement."""
    body = getattr(statement, "body", None)
    return range(statement.lineno, body[0].lineno if body else (statement.end_lineno or statement.lineno) + 1)


def change(old: ast.AST, new: ast.AST) -> str:
    """Returns a change as text: the old and the new source, at most 100 characters each."""
    if isinstance(old, ast.If | ast.IfExp):
        old, new = old.test, new.test  # type: ignore[attr-defined]
    return " -> ".join(" ".join(ast.unparse(each).split())[:100] for each in (old, new))


def iter_code_objects(code: CodeType) -> Iterator[CodeType]:
    """Yields a code object and all code objects inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from iter_code_objects(constant)

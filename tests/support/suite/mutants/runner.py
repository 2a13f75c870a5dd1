"""Runs the tests that reach a mutant, each mutant in a separate process."""

from __future__ import annotations

import ast
import gc
import os
import pickle
import resource
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import chain, zip_longest
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter
from types import FrameType, FunctionType
from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.redis_server import shared_redis
from tests.support.suite.mutants.changes import Mutant, generate_mutants, iter_code_objects

TEST_FOLDERS = {"mockserver/storage/tinydb/": "tests/storage/", "mockserver/openapi/inference/": "tests/openapi/"}
"""The tests to run first for folders whose test files do not have the names of the modules."""
PINS = "tests/engine/test_bounds.py"
"""The tests of the values of constants: they run no line of a constant, so they run for each of them."""
MAX_TEST_SECONDS, MAX_SECONDS_PER_MUTANT, GRACE_SECONDS, MAX_TRACED_SECONDS_PER_FILE = 2.0, 8.0, 15.0, 40.0
"""Seconds: slower tests are not run; time for the tests of a mutant; extra time until it is killed; tracing."""
MAX_MEMORY_BYTES = 4 * 1024**3
"""The address space of a process that tests a mutant."""
CONTROL_MUTANTS = 8
"""The number of mutants whose tests are first run without a mutant."""
NOT_TRIED = 3
"""The exit code of a process that cannot install its mutant."""


def install(mutant: Mutant, tree: ast.Module, file: str, known: list[FunctionType]) -> bool:
    """Give every function of the module the code of the mutant; returns False where that is impossible."""
    before = {each: nth for nth, each in enumerate(iter_code_objects(compile(tree, file, "exec")))}
    mutant.put(True)
    compiled = compile(tree, file, "exec")
    mutant.put(False)
    if mutant.constant is not None:
        changed: dict[str, Any] = dict(vars(import_module(module_name(mutant.module))))
        original = changed[mutant.constant]
        exec(compiled, changed)
        for module in [
            each for each in sys.modules.values() if getattr(each, "__dict__", {}).get(mutant.constant) is original
        ]:
            setattr(module, mutant.constant, changed[mutant.constant])
        return True
    after = list(iter_code_objects(compiled))
    by_name = {(code.co_qualname, code.co_firstlineno): code for code in after}
    for function in known:
        nth = before.get(function.__code__, -1)
        matches = 0 <= nth < len(after) and after[nth].co_qualname == function.__code__.co_qualname
        code = after[nth] if matches else by_name.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if code is not None and code != function.__code__:
            if code.co_freevars != function.__code__.co_freevars:
                return False
            function.__code__ = code
    return True


def module_name(module: str) -> str:
    return module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@dataclass
class TraceResult:
    """The lines that a test runs, by module, and its duration."""

    seconds: float
    lines: dict[str, set[int]]


class MutationRun:
    """A pytest plugin that runs every test once, traced, and then the tests of each mutant."""

    def __init__(self, modules: list[str], seed: str, minutes: float, jobs: int) -> None:
        self.trees: dict[str, ast.Module] = {}
        self.mutants: dict[str, list[Mutant]] = {}
        for module in modules:
            source = (ROOT / module).read_text("utf-8")
            self.trees[module] = ast.parse(source)
            found = list(generate_mutants(module, source, self.trees[module]))
            Random(f"{seed}:{module}").shuffle(found)
            self.mutants[module] = found
        self.deadline, self.jobs = perf_counter() + minutes * 60, jobs
        self.killed: dict[str, int] = defaultdict(int)
        self.survived: dict[str, list[Mutant]] = defaultdict(list)
        self.files = {str(ROOT / module): module for module in modules}
        self.items: dict[str, pytest.Item] = {}
        self.traces: dict[str, TraceResult] = {}
        self.functions: dict[str, list[FunctionType]] = defaultdict(list)

    def pytest_configure(self) -> None:
        from hypothesis import settings

        settings.register_profile("mutants", database=None, deadline=None, derandomize=True, max_examples=25)
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for module in self.trees:
            import_module(module_name(module))
        gc.unfreeze()  # tests/conftest.py freezes objects, and get_objects() omits frozen ones.
        for each in gc.get_objects():
            if isinstance(each, FunctionType) and each.__code__.co_filename in self.files:
                self.functions[self.files[each.__code__.co_filename]].append(each)
        unknown = [module for module, found in self.mutants.items() if found and not self.functions[module]]
        if unknown:
            pytest.exit(f"no function of {', '.join(unknown)} was found, so its mutants cannot be installed", 1)
        session.items = [item for item in session.items if "redis" not in item.nodeid]
        shared_redis()  # Before the fork: otherwise each process starts its own server.
        self.items = {item.nodeid: item for item in session.items}
        with TemporaryDirectory() as directory:
            self._trace_tests(session, Path(directory))
            self._check_controls(session, Path(directory))
            self._try_all(session, Path(directory))
        return True

    def _trace_tests(self, session: pytest.Session, directory: Path) -> None:
        files = sorted({item.path for item in session.items})
        nths = {path: nth % self.jobs for nth, path in enumerate(files)}
        parts = [[item for item in session.items if nths[item.path] == nth] for nth in range(self.jobs)]
        running = [_fork(directory, self._trace_part, session, part, directory / f"{nth}.pickle")
                   for nth, part in enumerate(parts)]  # fmt: skip
        for nth, process in enumerate(running):
            process.join()
            self.traces |= pickle.loads((directory / f"{nth}.pickle").read_bytes())

    def _trace_part(self, session: pytest.Session, items: list[pytest.Item], output: Path) -> int:
        found: dict[str, TraceResult] = {}
        spent: dict[Path, float] = defaultdict(float)
        for item, following in zip_longest(items, items[1:]):
            if spent[item.path] > MAX_TRACED_SECONDS_PER_FILE:
                continue
            lines: dict[str, set[int]] = defaultdict(set)
            failed, began = session.testsfailed, perf_counter()
            with _Tracing(self.files, lines):
                item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            spent[item.path] += min(perf_counter() - began, MAX_TEST_SECONDS)
            if session.testsfailed == failed and (lines or item.nodeid.startswith(PINS)):
                found[item.nodeid] = TraceResult(perf_counter() - began, dict(lines))
        output.write_bytes(pickle.dumps(found))
        return 0

    def tests_reaching(self, mutant: Mutant) -> tuple[list[pytest.Item], float]:
        """Returns the tests that reach a mutant, its own file and folder first, then the fastest; and their seconds."""
        own_file = mutant.module.replace("mockserver/", "tests/", 1)
        own_file = own_file.replace(Path(own_file).name, f"test_{Path(own_file).name}")
        own_folder = f"{Path(own_file).parent}/"
        first_folder = next((tests for code, tests in TEST_FOLDERS.items() if mutant.module.startswith(code)), own_file)
        reach = [
            (
                0 if test.startswith((own_file, first_folder)) else 1 if test.startswith(own_folder) else 2,
                traced.seconds,
                test,
            )
            for test, traced in self.traces.items()
            if traced.seconds < MAX_TEST_SECONDS and not traced.lines.get(mutant.module, set()).isdisjoint(mutant.lines)
        ]
        if mutant.constant is not None:
            reach += [(0, 0.0, test) for test in self.traces if test.startswith(PINS)]
        selected: list[pytest.Item] = []
        spent = 0.0
        for _, seconds, test in sorted(reach):
            if spent + seconds < MAX_SECONDS_PER_MUTANT:
                selected.append(self.items[test])
                spent += seconds
        return selected, spent

    def _check_controls(self, session: pytest.Session, directory: Path) -> None:
        """Check that the tests of some mutants pass without a mutant."""
        controls = [mutant for found in self.mutants.values() for mutant in found[:1]][:CONTROL_MUTANTS]
        for mutant in controls:
            process = _fork(directory, self._run_tests, session, self.tests_reaching(mutant)[0])
            process.join()
            _kill_group(process.pid)
            if process.exitcode:
                pytest.exit(f"the tests of {mutant.module} fail without a mutant", 1)

    def _try_all(self, session: pytest.Session, directory: Path) -> None:
        waiting = [each for each in chain(*zip_longest(*self.mutants.values())) if each is not None]
        running: dict[int, tuple[Any, Mutant, float]] = {}
        while running or (waiting and perf_counter() < self.deadline):
            while waiting and len(running) < self.jobs and perf_counter() < self.deadline:
                mutant = waiting.pop(0)
                tests, seconds = self.tests_reaching(mutant)
                process = _fork(directory, self._try_mutant, session, mutant, tests)
                running[process.sentinel] = process, mutant, perf_counter() + seconds + GRACE_SECONDS
            for done in wait(list(running), timeout=0.5):
                process, mutant, _ = running.pop(done)  # type: ignore[arg-type]
                process.join()
                _kill_group(process.pid)
                if process.exitcode != NOT_TRIED:
                    self._record(mutant, process.exitcode != 0)
            for sentinel, (process, mutant, deadline) in list(running.items()):
                if perf_counter() > deadline:
                    del running[sentinel]
                    _kill_group(process.pid)
                    self._record(mutant, True)

    def _record(self, mutant: Mutant, killed: bool) -> None:
        if killed:
            self.killed[mutant.module] += 1
        else:
            self.survived[mutant.module].append(mutant)

    def _try_mutant(self, session: pytest.Session, mutant: Mutant, tests: list[pytest.Item]) -> int:
        # A mutant may loop and allocate without end; the limits also end it if this run is killed.
        cpu_seconds = int(MAX_SECONDS_PER_MUTANT + GRACE_SECONDS)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
        known = self.functions[mutant.module]
        if not install(mutant, self.trees[mutant.module], str(ROOT / mutant.module), known):
            return NOT_TRIED
        return self._run_tests(session, tests)

    def _run_tests(self, session: pytest.Session, tests: list[pytest.Item]) -> int:
        """Run tests until one fails; returns 1 if one failed."""
        for item, following in zip_longest(tests, tests[1:]):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return 1
        return 0


def _fork(directory: Path, run: Callable[..., int], *arguments: Any) -> Any:
    """Starts a process without output that runs a function and exits with its result."""

    def child() -> None:
        os.setsid()
        devnull = os.open(os.devnull, os.O_RDWR)
        for handle in (0, 1, 2):
            os.dup2(devnull, handle)
        temp_root = directory / str(os.getpid())
        temp_root.mkdir()
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(temp_root)
        code = 1
        try:
            code = run(*arguments)
        finally:
            os._exit(code)

    process = get_context("fork").Process(target=child)
    process.start()
    return process


def _kill_group(process: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


class _Tracing:
    """Records which lines of the modules all threads run inside the block."""

    def __init__(self, files: dict[str, str], lines: dict[str, set[int]]) -> None:
        self._files, self._lines = files, lines

    def __enter__(self) -> None:
        threading.settrace(self._trace_call)
        sys.settrace(self._trace_call)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def _trace_call(self, frame: FrameType, event: str, _: Any) -> Any:
        module = self._files.get(frame.f_code.co_filename)
        if module is None:
            return None
        reached = self._lines[module].add

        def note(frame: FrameType, event: str, _: Any) -> Any:
            reached(frame.f_lineno)
            return note

        return note

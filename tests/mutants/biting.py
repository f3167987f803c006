"""Takes a rule out of the engine and runs the test that must notice; every mutant in a process of its own.

    python biting.py                 all mutants: one line of JSON, by rule and what was removed
    python biting.py R-4.1 [TEST]    one rule; all failing tests of TEST (a file or a test) instead of its own

A mutant is a piece of source text put in the place of another. The functions that it changes get their new code while
everything stays imported, so that a mutant costs what its test costs.
"""

import contextlib
import importlib
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from hypothesis import Phase, settings

# Hypothesis is imported before pytest could look into it; nothing of it has to be shown in full.
REWRITTEN = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).parent))

from mutant import Mutant  # noqa: E402 - the registry lies beside this file
from protocol import MUTANTS  # noqa: E402 - likewise

import tallystick.wiring  # noqa: E402, F401 - imported once, for all mutants


class Survived(Exception):
    """The test passed although the rule was missing."""


def _codes(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const.co_qualname, const
            yield from _codes(const)


def _functions(module: ModuleType) -> dict[str, FunctionType]:
    found: dict[str, FunctionType] = {}
    for value in vars(module).values():
        if getattr(value, "__module__", "") != module.__name__:
            continue
        for each in (value, *(vars(value).values() if isinstance(value, type) else ())):
            plain = getattr(each, "fget", None) or getattr(each, "__wrapped__", None) or each
            if isinstance(plain, FunctionType):
                found[plain.__qualname__] = plain
    return found


def take_out(mutant: Mutant) -> None:
    """Take the rule out of this process. Raises ``ValueError`` where the source is not as the mutant expects it."""
    module = importlib.import_module(f"tallystick.{mutant.module}")
    source = Path(module.__file__ or "").read_text()
    if source.count(mutant.old) != 1:
        raise ValueError(f"{mutant.rule}: its text is {source.count(mutant.old)} times in {mutant.module}")
    before = dict(_codes(compile(source, "before", "exec")))
    after = dict(_codes(compile(source.replace(mutant.old, mutant.new), "after", "exec")))
    functions = _functions(module)
    changed = [n for n, code in after.items() if n in functions and not _is_alike(before.get(n), code)]
    if not changed:
        raise ValueError(f"{mutant.rule}: no function of {mutant.module} is changed by it")
    for name in changed:
        functions[name].__code__ = after[name]


def _is_alike(one: CodeType | None, two: CodeType) -> bool:
    """Whether two pieces of code do the same; lines and places do not count."""
    if one is None or one.co_code != two.co_code or one.co_names != two.co_names:
        return False
    pairs = zip(one.co_consts, two.co_consts, strict=False)
    return len(one.co_consts) == len(two.co_consts) and all(
        _is_alike(a, b) if isinstance(a, CodeType) and isinstance(b, CodeType) else repr(a) == repr(b) for a, b in pairs
    )


class _Failing:
    """Gathers the tests that failed while they ran; a test that cannot even be set up says nothing about a rule."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.passed = 0

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note one result."""
        if report.failed and report.when == "call":
            self.names.append(report.nodeid)
        self.passed += report.passed and report.when == "call"


def _run(mutant: Mutant, tests: Sequence[str], *, every: bool) -> dict[str, Any]:
    """Run tests without the rule, in this process; say which failed."""
    failing = _Failing()
    take_out(mutant)
    # That a law is broken is enough; how small the example can be made is not asked. The same examples each time:
    # a mutant that lives by luck would be a verdict on the day, not on the tests.
    settings.register_profile(
        "bite", derandomize=True, database=None, deadline=None, phases=(Phase.explicit, Phase.generate)
    )
    settings.load_profile("bite")
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "--timeout=100",
        "-W",
        REWRITTEN,
        *(() if every else ("-x",)),
    ]
    heard = io.StringIO()
    with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
        code = pytest.main([*options, *(str(TESTS / test) for test in tests)], plugins=[failing])
    said = "" if failing.names or failing.passed else heard.getvalue()[-2000:]
    return {"exit": int(code), "failed": failing.names, "passed": failing.passed, "said": said}


def bite(mutant: Mutant, tests: Sequence[str] = ()) -> dict[str, Any]:
    """Run the mutant's test (or others) without its rule, in a forked process; ``failed`` has those that noticed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            answer: dict[str, Any] = _run(mutant, tests or [mutant.test], every=bool(tests))
        except BaseException as error:  # noqa: BLE001 - whatever it was, the parent hears of it
            answer = {"failed": [], "passed": 0, "said": f"{type(error).__name__}: {error}"}
        with os.fdopen(writing, "w") as pipe:
            pipe.write(json.dumps(answer))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    result: dict[str, Any] = json.loads(told)
    return result


def main(arguments: Sequence[str]) -> int:
    """Let mutants be bitten; the exit code tells whether one survived."""
    rule, tests = (arguments[0] if arguments else ""), list(arguments[1:])
    results: dict[str, Any] = {}
    for mutant in MUTANTS:
        if rule in {"", mutant.rule, mutant.name}:
            results[mutant.name] = bite(mutant, tests)
    sys.stdout.write(json.dumps(results, indent=None if not rule else 1) + "\n")
    return any(not result["failed"] for result in results.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

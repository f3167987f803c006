"""Judges the slips of the core's decisions: which of them does no test of the pure core notice (T9)?

    python judging.py                     all modules of ``SURVEYED``: the scores, and who survived unexplained
    python judging.py merge contest       these modules

The tests are imported and collected once; each slip is then put into a forked process, where they run until one of them
fails. The examples of the laws are the same each time. The golden tables come last, because they were written by the
code: what only they notice is counted by itself.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings

# Hypothesis is imported before pytest could look into it; nothing of it has to be shown in full.
REWRITTEN: Final = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
TESTS: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).parent))

from mutating import Slip, slips  # noqa: E402 - it lies beside this file

SURVEYED: Final = (
    "merge", "record_merge", "contest", "text_lines", "sides", "reconcile", "pairing", "observation",
    "brake", "plan", "matching", "resolve", "window",
)  # fmt: skip
JUDGES: Final = (
    "test_record_merge_cells", "test_conflict_cells", "test_reconcile_cells", "test_merge_laws", "test_contest_laws",
    "test_reconcile_laws", "test_unread_laws", "test_answer_laws", "test_brake", "test_plan", "test_matching",
    "test_key_forms", "test_window_resolve_learn", "test_golden",
)  # fmt: skip
WRITTEN_BY_CODE: Final = "test_golden"
AT_ONCE: Final = 2
EXAMPLES: Final = 25
SECONDS: Final = 60  # a slip that makes a loop endless is noticed, too


@dataclass
class Verdicts:
    """What became of a module's slips."""

    by_laws: int = 0
    by_tables: int = 0
    survivors: list[Slip] = field(default_factory=list)


def put_in(slip: Slip) -> None:
    """Let the slip's function run with its code from now on, wherever it was imported to."""
    owner: Any = _module(slip.module)
    for name in slip.function.split("."):
        owner = vars(owner)[name] if not isinstance(owner, type) else owner.__dict__[name]
    plain = getattr(owner, "fget", None) or getattr(owner, "__func__", None) or owner
    plain.__code__ = slip.code


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"tallystick.core.{name}")


class Court:
    """Takes the place of pytest's own loop: judges slips with the collected tests, and tells of each module."""

    def __init__(self, modules: list[str], tell: Callable[[str, Verdicts], None]) -> None:
        self.modules = modules
        self.tell = tell
        self.verdicts: dict[str, Verdicts] = {}
        self.noticed: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
        self.reached: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.seconds: list[float] = []
        self.items: list[pytest.Item] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Judge all, some at once."""
        self.items = session.items
        self._rehearse()
        gc.freeze()
        for module in self.modules:
            verdicts = self.verdicts[module] = Verdicts()
            running: list[tuple[Slip, int, int]] = []
            for slip in slips(module, Path(_module(module).__file__ or "").read_text()):
                running.append((slip, *self._begin(slip)))
                if len(running) == AT_ONCE:
                    self._end(verdicts, *running.pop(0))
            for each in running:
                self._end(verdicts, *each)
            self.tell(module, verdicts)
        return True

    def _rehearse(self) -> None:
        """Run every test as it is: how long it takes, and which functions it comes to."""
        files = {_module(name).__file__: name for name in self.modules}
        for n, item in enumerate(self.items):

            def note(frame: FrameType, event: str, _: Any, n: int = n) -> None:
                if event == "call" and (module := files.get(frame.f_code.co_filename)):
                    self.reached[module, frame.f_code.co_qualname.partition(".<")[0]].add(n)

            started = time.perf_counter()
            sys.setprofile(note)
            try:
                failed = self._fails(item)
            finally:
                sys.setprofile(None)
            self.seconds.append(time.perf_counter() - started)
            if failed:
                raise SystemExit(f"{item.nodeid} fails although nothing was changed")

    def _order(self, slip: Slip) -> list[int]:
        """The tests that come to the function: who noticed most of its slips a second first, the tables last."""
        noticed, reached = self.noticed[slip.module, slip.function], self.reached[slip.module, slip.function]
        return sorted(
            reached,
            key=lambda n: (WRITTEN_BY_CODE in self.items[n].nodeid, -(noticed[n] + 0.1) / (self.seconds[n] + 0.01)),
        )

    def _begin(self, slip: Slip) -> tuple[int, int]:
        reading, writing = os.pipe()
        order = self._order(slip)
        child = os.fork()
        if child:
            os.close(writing)
            return child, reading
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(SECONDS)
        put_in(slip)
        found = next((n for n in order if self._fails(self.items[n])), None)
        os.write(writing, json.dumps(found).encode())
        os._exit(0)

    @staticmethod
    def _fails(item: pytest.Item) -> bool:
        """Run one test. Nobody wants to see how it failed, so pytest's own way of running it would cost too much."""
        item.session._setupstate.setup(item)
        try:
            item.runtest()
        except Exception:  # noqa: BLE001 - whatever is raised, the slip was noticed
            return True
        finally:
            item.session._setupstate.teardown_exact(None)
        return False

    def _end(self, verdicts: Verdicts, slip: Slip, child: int, reading: int) -> None:
        with os.fdopen(reading) as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
        at = json.loads(told) if told else -1
        if at is None:
            verdicts.survivors.append(slip)
            return
        self.noticed[slip.module, slip.function][at] += 1
        if at >= 0 and WRITTEN_BY_CODE in self.items[at].nodeid:
            verdicts.by_tables += 1
        else:
            verdicts.by_laws += 1


def judge(modules: list[str], tell: Callable[[str, Verdicts], None]) -> dict[str, Verdicts]:
    """Judge every slip of these modules of the core; tell of each module when it is done."""
    settings.register_profile(
        "slips", derandomize=True, database=None, deadline=None, max_examples=EXAMPLES,
        phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    settings.load_profile("slips")
    court = Court(modules, tell)
    wanted = [path for name in JUDGES if (path := TESTS / "core" / f"{name}.py").exists()]
    heard = io.StringIO()
    with contextlib.redirect_stdout(heard):
        pytest.main(
            ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", REWRITTEN, *map(str, wanted)], plugins=[court]
        )
    if len(court.verdicts) != len(modules):
        raise SystemExit(heard.getvalue())
    return court.verdicts


def report(module: str, found: Verdicts) -> None:
    """Print a module's score and its survivors."""
    noticed = found.by_laws + found.by_tables
    lines = [f"{module}: {noticed} of {noticed + len(found.survivors)}, {found.by_tables} by the golden tables alone"]
    lines += [f"   {slip.line}: {slip.name}" for slip in found.survivors]
    sys.__stdout__.write("\n".join(lines) + "\n")
    sys.__stdout__.flush()


def main(arguments: list[str]) -> int:
    """Print the scores and every survivor."""
    judge(arguments or list(SURVEYED), report)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

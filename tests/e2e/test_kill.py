"""``kill -9`` at every request: a real process dies, another goes on, and nobody can tell from the end.

The command runs in a process of its own against the twins in this one. The twin that gets the n-th request kills it,
either before doing anything (the request is lost) or after doing it and before answering (the answer is lost). What
both systems hold in the end, and what waits for a person, is what an undisturbed run leaves.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.twins_project import TwinsWorld, company, opened, partner

from tallystick.testing.twins.server import Answer, Request

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PROGRAM = [sys.executable, "-m", "tallystick.cli"]
DYING = [sys.executable, str(Path(__file__).with_name("dying_tally.py"))]
COMMIT_POINTS = 10
End = tuple[Any, ...]


class Killer:
    """Counts the requests of both twins and kills a process at one of them; ``at`` 0 only counts."""

    def __init__(self, at: int = 0, moment: str = "before") -> None:
        self.at = at
        self.moment = moment
        self.count = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.started = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, request: Request, moment: str) -> Answer | None:
        with self._lock:
            if moment == self.moment:
                self.count += 1
            dies = moment == self.moment and self.count == self.at
        if not dies:
            return None
        self.started.wait(60)
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(60)
        # Nobody hears it; before anything is done it also keeps the request from being done.
        return Answer(0, ending="reset")


@contextmanager
def watched(world: TwinsWorld, killer: Killer) -> Iterator[None]:
    """Let the killer stand at both systems."""
    world.crm.on_request = world.erp.on_request = killer
    try:
        yield
    finally:
        world.crm.on_request = world.erp.on_request = None


def run_and_kill(world: TwinsWorld, command: list[str], killer: Killer) -> int:
    """Run a command to its end, whichever that is; give the exit code (negative: killed)."""
    with watched(world, killer):
        killer.process = subprocess.Popen(
            [*PROGRAM, "--project", str(world.folder), "--quiet", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        killer.started.set()
        try:
            return killer.process.wait(120)
        finally:
            killer.process.kill()
            killer.process.wait()


def end_of(world: TwinsWorld) -> End:
    """Show what people would see in both systems and in the list of what waits."""
    questions, parked = world.waiting()
    return (
        world.left(),
        world.right(),
        sorted((q.kind, q.pair, q.subject, q.field) for q in questions),
        sorted((p.code, p.pair, p.side, p.record, p.field) for p in parked),
        [sorted(r["email"] for r in world.crm.rows(name)) for name in ("companies", "contacts")],
        sorted(p["email"] for p in world.erp.rows("partner")),
    )


def edits(world: TwinsWorld) -> None:
    """Leave every kind of work: creates, updates and deletions both ways, a conflict, values that cannot go."""
    world.edit_both()
    left, right = world.at(9)
    world.crm.change("companies", left, {"contactName": "Änne Sommer"})
    world.erp.change("partner", right, {"ansprechpartner": "Udo Öhler"})
    world.crm.change("companies", world.at(10)[0], {"name": "W" * 60, "phone": "+49 40 66969010"})
    world.crm.put("companies", company(26) | {"currency": "PLN"})


def strangers(world: TwinsWorld) -> None:
    """Leave two systems that never met: the project forgets everything, and some records are on one side only."""
    for file in (world.folder / ".tally").glob("state.db*"):
        file.unlink()
    new = world.crm.put("companies", company(21))
    world.crm.put("companies", company(26) | {"currency": "PLN"})
    world.crm.put("contacts", {"lastName": "Weiß", "email": "weiss@werk21.example", "companyId": new["id"]})
    world.erp.put("partner", partner(24))
    world.erp.put("partner", partner(25))
    world.crm.change("companies", world.at(9)[0], {"contactName": "Änne Sommer"})
    assert world.tally("--quiet", "plan") == 0


SCENES: dict[str, tuple[Callable[[TwinsWorld], None], list[str]]] = {
    "run": (edits, ["run", "--full"]),
    "apply": (strangers, ["apply"]),
}


def settled(world: TwinsWorld) -> End:
    """Go on until everything is decided; the end must stand still."""
    result = world.settle(3)
    assert not result.failures
    assert world.doubles() == []
    plan = world.plan().plan
    assert plan.is_empty, plan.operations
    return end_of(world)


def undisturbed(built: Path, folder: Path, scene: str) -> tuple[End, tuple[int, ...], int]:
    """Give the end, the creates and the number of requests of a run that nobody disturbs."""
    prepare, command = SCENES[scene]
    with opened(built, folder) as world:
        prepare(world)
        counting = Killer()
        assert run_and_kill(world, command, counting) == 0
        end = settled(world)
        return end, world.writes("POST"), counting.count


@pytest.mark.parametrize("scene", SCENES)
def test_killed_at_every_request(in_step: Path, fast_path: Path, tokens: None, scene: str) -> None:
    """For each of the K requests: die before it is done, die before it is answered; go on; end as if nothing was."""
    expected, creates, count = undisturbed(in_step, fast_path / "calm", scene)
    prepare, command = SCENES[scene]
    print(f"{scene}: {count} requests, killed before and after each")  # noqa: T201 - how many points there are is part of the proof
    assert count > 8
    for at in range(1, count + 1):
        for moment in ("before", "after"):
            with opened(in_step, fast_path / f"{at}-{moment}") as world:
                prepare(world)
                assert run_and_kill(world, command, Killer(at, moment)) == -signal.SIGKILL, (at, moment)
                assert settled(world) == expected, f"killed {moment} request {at}"
                assert world.writes("POST") == creates, f"killed {moment} request {at}"


@pytest.mark.parametrize("scene", SCENES)
def test_killed_around_its_own_transactions(in_step: Path, fast_path: Path, tokens: None, scene: str) -> None:
    """Die before or after transactions of the own state, spread over the run; go on; end as if nothing was."""
    expected, creates, _ = undisturbed(in_step, fast_path / "calm", scene)
    prepare, command = SCENES[scene]
    counted = fast_path / "count"

    def run_until(world: TwinsWorld, moment: str, at: int) -> int:
        arguments = [moment, str(at), str(counted), "--project", str(world.folder), "--quiet", *command]
        return subprocess.run(
            [*DYING, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False
        ).returncode

    with opened(in_step, fast_path / "counted") as world:
        prepare(world)
        assert run_until(world, "before", 0) == 0
    count = int(counted.read_text())
    points = sorted({1 + n * (count - 1) // (COMMIT_POINTS - 1) for n in range(COMMIT_POINTS)})
    print(f"{scene}: {count} transactions, killed at {points}")  # noqa: T201 - how many points there are is part of the proof
    for at in points:
        moment = ("before", "after")[at % 2]
        with opened(in_step, fast_path / f"{at}-{moment}") as world:
            prepare(world)
            assert run_until(world, moment, at) == -signal.SIGKILL, (at, moment)
            assert settled(world) == expected, f"killed {moment} transaction {at}"
            assert world.writes("POST") == creates, f"killed {moment} transaction {at}"

"""Kills real processes with SIGKILL while they sync, again and again, and holds the end against what people wanted.

    python kills.py --count 10000 --folder FOLDER [--postgres ADDRESS]

The children are forked from this process, which has everything imported, so that a death costs some milliseconds.
Half of them die at a drawn moment of their run, half at a drawn point: before or after a request to a system, before
or after a transaction of the own state, or between the work of a transaction and its COMMIT. A child of its own then
goes on undisturbed until nothing is left to do, and the judge looks. The report is one line of JSON.

The clock of all processes moves on after each death, so that nobody has to wait until nothing can be in flight.
"""

import argparse
import contextlib
import faulthandler
import gc
import json
import mmap
import os
import random  # noqa: TID251 - a test makes its own dice
import select
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from kill_world import IDEMS, KillWorld
from sqlalchemy import Engine, event, text

from tallystick.connectors import sql, sql_clock
from tallystick.connectors.sql_transport import SqlTransport
from tallystick.core.record import decode_fields
from tallystick.engine.effects import drive
from tallystick.engine.local import LocalBoundary
from tallystick.engine.run import Result, run
from tallystick.engine.session import Mode, Session
from tallystick.project.load import load_project
from tallystick.store.driver import Driver
from tallystick.store.scratch import Scratch
from tallystick.store.store import SqlStore, open_store
from tallystick.wiring import make_pairs, open_systems

RELEASED = frozenset({"first_contact", "deletes", "updates", "creates", "blanks", "duplicates", "shrink"})
ROUNDS_PER_WORLD = 12
FULL, MORE_EDITS = 0.3, 0.2  # shares of the runs that read everything, and that find new edits
WAYS = (10, 10, 3)  # to be killed at a moment, at a point, or not: then it is measured how long a run is
SKIP = 300.0  # seconds that pass after a death: nothing is in flight any more, and a lease has run out
QUIET_RUNS = 2
PATIENCE = 100.0  # seconds; a run takes a tenth of one

_skipped = mmap.mmap(-1, 8)  # shared by all processes


def clock() -> float:
    """Give the time that everybody in these worlds has."""
    [skipped] = struct.unpack("d", _skipped[:8])
    return float(time.time() + skipped)  # noqa: TID251 - the worlds run in real time, but for what is skipped


def pass_time(seconds: float) -> None:
    """Let time pass without waiting."""
    [skipped] = struct.unpack("d", _skipped[:8])
    _skipped[:8] = struct.pack("d", skipped + seconds)


def _database_clock() -> Any:
    return text(f"SELECT {clock()!r}")


# The databases must have the same time as everybody else.
sql.DatabaseClock = sql_clock.DatabaseClock = _database_clock
Driver.clock = lambda _driver, now: now


class Points:
    """Counts the points of a child's run where it may die; the number is seen by its parent, too."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 8)
        self.die_at = 0

    @property
    def count(self) -> int:
        """How many points were passed."""
        return int(struct.unpack("q", self._shared[:8])[0])

    def begin(self, die_at: int) -> None:
        """Count from zero; die at a point, or at none."""
        self.die_at, self._shared[:8] = die_at, struct.pack("q", 0)

    def __call__(self) -> None:
        count = self.count + 1
        self._shared[:8] = struct.pack("q", count)
        if count == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Pass a point before a call and one after it."""

        def pointed(*arguments: Any) -> Any:
            self()
            answer = work(*arguments)
            self()
            return answer

        return pointed


points = Points()


def stand_everywhere() -> None:
    """Put points around every request and every transaction of this process."""
    SqlTransport.answer = points.around(SqlTransport.answer)
    SqlStore.commit = points.around(SqlStore.commit)
    event.listen(Engine, "commit", lambda _: points())


def sync(world: KillWorld, loaded: Any, mode: Mode, *, full: bool, look: Callable[[Any], Any] | None = None) -> Any:
    """Run once, as ``tally run`` does; give the result, or what ``look`` sees of the state afterwards."""
    with contextlib.ExitStack() as closing:
        systems = open_systems(loaded, closing)
        store = open_store(world.state_url)
        closing.callback(store.close)
        boundary = LocalBoundary(
            {name: s.transport for name, s in systems.items()},
            store, clock=clock, sleep=pass_time, token=lambda: os.urandom(8).hex(),
        )  # fmt: skip
        session = Session(os.urandom(4).hex(), mode, lambda: Scratch(world.folder), released=RELEASED, full=full)
        closing.callback(session.close)
        pairs = make_pairs(loaded, systems)
        result = drive(run(session, pairs, alone=not world.url, patience=1e9), boundary)
        return result if look is None else look((store, result))


def _fork(work: Callable[[], Any]) -> tuple[int, int]:
    """Start a child; give its id and where its answer (JSON) can be read."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.close(reading)
    faulthandler.register(signal.SIGUSR1)
    try:
        os.write(writing, json.dumps(work()).encode())
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - whatever it was, the parent hears of it
        os.write(writing, json.dumps({"crash": f"{type(error).__name__}: {error}"}).encode())
        os._exit(1)


def _end_of(child: int, reading: int) -> Any:
    """Wait for a child; give its answer, or ``None`` if it was killed. One that hangs tells where it stands."""
    with os.fdopen(reading, "rb") as answers:
        if not select.select([answers], [], [], PATIENCE)[0]:
            os.kill(child, signal.SIGUSR1)  # to stderr, by faulthandler
            time.sleep(1)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise RuntimeError("a run hung; above is where it stood")
        answer = answers.read()
    _, status = os.waitpid(child, 0)
    return None if os.WIFSIGNALED(status) else json.loads(answer)


class Killing:
    """Plays rounds in one world after the other, and counts."""

    def __init__(self, folder: Path, addresses: Iterator[str], seed: int) -> None:
        self.folder, self.addresses, self.seed = folder, addresses, seed
        self.dice = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.wrongs: list[str] = []
        self.seconds, self.points = 0.1, 60

    def kill(self, count: int) -> None:
        """Kill so many children, in as many worlds as it takes."""
        while self.counts["kills"] < count and not self.wrongs:
            number = self.counts["worlds"]
            self.counts["worlds"] += 1
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                world = KillWorld(
                    Path(folder) / "p", next(self.addresses), IDEMS[number % len(IDEMS)], number % 2 == 0,
                    self.seed * 1000 + number, clock,
                )  # fmt: skip
                loaded = load_project(world.folder)
                for _ in range(ROUNDS_PER_WORLD):
                    if self.counts["kills"] >= count or self.wrongs:
                        break
                    self._play_round(world, loaded)

    def _play_round(self, world: KillWorld, loaded: Any) -> None:
        self.counts["rounds"] += 1
        world.begin_round()
        world.edit()
        wanted, ended = self.dice.randint(1, 12), 0
        while wanted and ended < QUIET_RUNS:
            if self._run_and_kill(world, loaded):
                wanted -= 1
                world.wait_for_the_dead()
            else:
                ended += 1
            pass_time(SKIP)
            if self.dice.random() < MORE_EDITS:
                world.edit()
        self._judge(world, _end_of(*_fork(lambda: self._settle(world, loaded))))

    def _run_and_kill(self, world: KillWorld, loaded: Any) -> bool:
        """Run a child that is to be killed; tell whether it was before it came to its end."""
        full, way = self.dice.random() < FULL, self.dice.choices(("moment", "point", "not"), WAYS)[0]
        points.begin(self.dice.randint(1, self.points) if way == "point" else 0)
        started = time.perf_counter()
        child, reading = _fork(lambda: _failures(sync(world, loaded, "run", full=full)))
        if way == "moment":
            time.sleep(self.dice.uniform(0, self.seconds))
            os.kill(child, signal.SIGKILL)
        answer = _end_of(child, reading)
        if answer is None:
            self.counts["kills"] += 1
            self.counts[f"kills at a {way}"] += 1
            return True
        self.counts["runs that came to their end"] += 1
        if way == "not":
            self.points = (3 * self.points + points.count) // 4
            self.seconds = 0.75 * self.seconds + 0.25 * (time.perf_counter() - started)
        if answer:
            self.wrongs.append(f"a run failed: {answer}")
        return False

    @staticmethod
    def _settle(world: KillWorld, loaded: Any) -> Any:
        """Go on undisturbed until nothing is left, and look at what the state says then."""
        points.begin(0)
        for _ in range(QUIET_RUNS):
            failures = _failures(sync(world, loaded, "run", full=True))
            if failures:
                return {"crash": str(failures)}
            pass_time(SKIP)
        again = sync(world, loaded, "run", full=True)
        plan = sync(world, loaded, "plan", full=True, look=lambda seen: _look(world, *seen))
        return plan | {"again": sum(n for done in again.done.values() for n in done.values())}

    def _judge(self, world: KillWorld, said: Any) -> None:
        found = world.wrongs()
        kept = set(said.pop("losers", ()))
        found += [f"the loser {loser} of {nr} is kept nowhere" for nr, loser in world.contested if loser not in kept]
        found += [f"{name}: {value}" for name, value in said.items() if value]
        place = f"world {self.counts['worlds'] - 1} ({world.idem}), round {self.counts['rounds']}"
        self.wrongs += [f"{place}: {wrong}" for wrong in found]
        pass_time(SKIP)


def _failures(result: Result) -> dict[str, str]:
    return {name: str(error) for name, error in result.failures.items()}


def _look(world: KillWorld, store: SqlStore, result: Result) -> dict[str, Any]:
    """Show what the state says at rest; all of it has to be empty, but the values that lost."""
    names = [nr for nr, _ in world.contested]

    def work(tx: Any) -> dict[str, Any]:
        rows = tx.ledger(limit=100_000)
        numbers = {row.binding for row in rows} if names else set()
        return {
            "open intents": [i.id for p in result.plan.pairs for i in tx.open_intents(p.pair)],
            "questions": [f"{q.kind} {q.subject} {q.field}" for q in tx.queue()],
            "parked": [f"{q.code} {q.record} {q.field}" for q in tx.quarantine()],
            "losers": [value for n in numbers for e in tx.journal(n) for value in decode_fields(e.value)],
        }

    seen: dict[str, Any] = store.look(work)
    broken = store.verify_ledger()
    operations = [f"{o.action} {o.reason} {o.side}" for o in result.plan.operations]
    return seen | {"broken trail": str(broken) if broken else "", "plan": operations}


def _addresses(server: str) -> Iterator[str]:
    """Give an empty database for each world on a server, dropping the one before; or files, without a server."""
    number = 0
    while True:
        number += 1
        if not server:
            yield ""
            continue
        import psycopg

        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "kills{number - 1}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "kills{number}" TEMPLATE template0')
        yield f"{server}/kills{number}"


def main() -> int:
    """Kill, and report; the exit code tells whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--postgres", default="", help="a server to keep state and systems on; files without it")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    stand_everywhere()
    gc.freeze()
    killing = Killing(asked.folder, _addresses(asked.postgres), asked.seed)
    started = time.perf_counter()
    killing.kill(asked.count)
    length = {"points of a run": killing.points, "seconds of a run": round(killing.seconds, 3)}
    report = (
        dict(killing.counts) | length | {"seconds": round(time.perf_counter() - started, 1), "wrong": killing.wrongs}
    )
    sys.stdout.write(json.dumps(report) + "\n")
    return bool(killing.wrongs)


if __name__ == "__main__":
    sys.exit(main())

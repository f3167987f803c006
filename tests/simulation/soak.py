"""A long search on all cores: seeds until the time is up, and a report of what they met."""

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from tests.simulation.known import KNOWN
from tests.simulation.play import Report, play

BATCH = 20
TWICE_EVERY = 100
KINDS = {
    "losses": ("I-3", "I-4", "F-5"),
    "doubles": ("I-5",),
    "false deletions": ("I-7", "I-18"),
    "resurrections": ("I-6",),
}


def play_batch(first: int) -> list[Report]:
    """Play some seeds; every hundredth twice, and its two traces must be equal to the byte (I-27)."""
    return [play_twice(seed) if seed % TWICE_EVERY == 0 else _play(seed) for seed in range(first, first + BATCH)]


def _play(seed: int, lines: list[str] | None = None) -> Report:
    return play(seed, trace=lines.append if lines is not None else None, forgiven=frozenset(KNOWN))


def play_twice(seed: int) -> Report:
    """Play a seed twice and compare."""
    first: list[str] = []
    second: list[str] = []
    report = _play(seed, first)
    _play(seed, second)
    if first != second and not report.law:
        report.law, report.story = "I-27", "the same seed had two traces"
    return report


def soak(first: int, seconds: float, jobs: int) -> dict[str, Any]:
    """Play seeds from ``first`` on until the time is up; give the sum of their reports."""
    begun = time.monotonic()
    total = Total()
    with ProcessPoolExecutor(jobs) as pool:
        running: set[Future[list[Report]]] = set()
        while running or time.monotonic() - begun < seconds:
            while len(running) < 2 * jobs and time.monotonic() - begun < seconds:
                running.add(pool.submit(play_batch, first))
                first += BATCH
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for batch in done:
                total.add(batch.result())
    return total.as_json(time.monotonic() - begun, jobs)


class Total:
    """The sum of many reports."""

    def __init__(self) -> None:
        self.seeds = 0
        self.counts: Counter[str] = Counter()
        self.hours = 0.0
        self.sums: dict[str, Counter[str]] = {name: Counter() for name in ("writes", "faults", "limits", "deeds")}
        self.found: list[Report] = []

    def add(self, reports: Iterable[Report]) -> None:
        """Add reports."""
        for report in reports:
            self.seeds += 1
            self.counts.update(steps=report.steps, requests=report.requests, runs=report.runs)
            self.hours += report.hours
            for name, counter in self.sums.items():
                counter.update(getattr(report, name))
            if report.law:
                self.found.append(report)

    def as_json(self, seconds: float, jobs: int) -> dict[str, Any]:
        """Give the report as JSON has it."""
        laws = Counter(r.law for r in self.found)
        limits = self.sums["limits"]
        return {
            "commit": commit(),
            "seeds": self.seeds,
            "steps": self.counts["steps"],
            "steps_per_second_and_core": round(self.counts["steps"] / seconds / jobs),
            "requests": self.counts["requests"],
            "runs": self.counts["runs"],
            "simulated_hours": round(self.hours, 1),
            "seconds": round(seconds, 1),
            **{kind: sum(laws[law] for law in chosen) for kind, chosen in KINDS.items()},
            "violations": dict(laws),
            "writes": dict(self.sums["writes"]),
            "deeds": dict(self.sums["deeds"]),
            "faults": dict(self.sums["faults"]),
            "limits": {k: n for k, n in sorted(limits.items()) if not k.startswith("known: ")},
            "known": {k.removeprefix("known: "): n for k, n in sorted(limits.items()) if k.startswith("known: ")},
            "found": [f"seed {r.seed}: {r.law} {r.story}" for r in sorted(self.found, key=lambda r: r.seed)],
        }


def commit() -> str:
    """The commit that is checked out: a seed means something only together with it."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()


def write_report(report: dict[str, Any], path: Path) -> None:
    """Write a report down."""
    path.write_text(json.dumps(report, indent=2) + "\n")

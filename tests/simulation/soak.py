"""A long search on all cores: seeds until the time is up, progress in lines, a report of what they met."""

import json
import subprocess
import sys
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
PROGRESS_SECONDS = 30.0
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
    report.is_repeated = True
    if first != second and not report.law:
        report.law, report.story = "I-27", "the same seed had two traces"
    return report


def soak(first: int, seconds: float, jobs: int) -> dict[str, Any]:
    """Play seeds from ``first`` on until the time is up; give the sum of their reports.

    A finding is told on the error stream at once, and how far the search is every half minute.
    """
    begun = told = time.monotonic()
    total = Total()
    with ProcessPoolExecutor(jobs) as pool:
        running: set[Future[list[Report]]] = set()
        while running or time.monotonic() - begun < seconds:
            while len(running) < 2 * jobs and time.monotonic() - begun < seconds:
                running.add(pool.submit(play_batch, first))
                first += BATCH
            done, running = wait(running, timeout=PROGRESS_SECONDS, return_when=FIRST_COMPLETED)
            for batch in done:
                reports = batch.result()
                total.add(reports)
                for report in reports:
                    if report.law:
                        _tell(describe(report))
            if time.monotonic() - told >= PROGRESS_SECONDS:
                told = time.monotonic()
                _tell(total.progress(told - begun))
    return total.as_json(time.monotonic() - begun, jobs)


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def describe(report: Report, asked: str = "") -> str:
    """Tell what a seed found, with the commit and the command that plays it again."""
    again = f"python -m tests.simulation --seed {report.seed} --trace{asked}"
    return f"seed {report.seed} at {commit()}: {report.law} {report.story}\n    {again}"


class Total:
    """The sum of many reports."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.hours = 0.0
        self.sums: dict[str, Counter[str]] = {
            name: Counter() for name in ("writes", "faults", "limits", "deeds", "kinds")
        }
        self.found: list[Report] = []

    def add(self, reports: Iterable[Report]) -> None:
        """Add reports."""
        for report in reports:
            self.counts.update(
                worlds=1, steps=report.steps, requests=report.requests, runs=report.runs, records=report.records,
                settled=report.is_settled, repeated=report.is_repeated,
            )  # fmt: skip
            self.hours += report.hours
            for name, counter in self.sums.items():
                counter.update(getattr(report, name))
            if report.law:
                self.found.append(report)

    def progress(self, seconds: float) -> str:
        """Say in one line how far it is."""
        worlds, steps, faults = self.counts["worlds"], self.counts["steps"], self.sums["faults"].total()
        return f"{seconds:6.0f} s: {worlds} worlds, {steps:,} steps, {faults:,} faults, {len(self.found)} findings"

    def as_json(self, seconds: float, jobs: int) -> dict[str, Any]:
        """Give the report as JSON has it."""
        laws = Counter(r.law for r in self.found)
        limits = self.sums["limits"]
        return {
            "commit": commit(),
            "worlds": self.counts["worlds"],
            "worlds settled with an empty second plan": self.counts["settled"],
            "worlds played twice with equal traces": self.counts["repeated"] - laws["I-27"],
            "steps": self.counts["steps"],
            "steps by kind": dict(self.sums["kinds"].most_common()),
            "steps per second and core": round(self.counts["steps"] / seconds / jobs),
            "seconds": round(seconds, 1),
            "faults": self.sums["faults"].total(),
            "faults by kind": dict(self.sums["faults"].most_common()),
            "runs": self.counts["runs"],
            "records": self.counts["records"],
            "simulated hours": round(self.hours, 1),
            **{kind: sum(laws[law] for law in chosen) for kind, chosen in KINDS.items()},
            "violations": dict(laws),
            "writes of the engine": dict(self.sums["writes"]),
            "deeds of people": dict(self.sums["deeds"]),
            "named limits met": {k: n for k, n in sorted(limits.items()) if not k.startswith("known: ")},
            "known defects met": {k[7:]: n for k, n in sorted(limits.items()) if k.startswith("known: ")},
            "found": [describe(r) for r in sorted(self.found, key=lambda r: r.seed)],
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
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

"""The workloads W1 to W4: Tallystick against the raw limit and the naive script, side by side in one run.

    python benchmarks/run.py [--records 100000] [--workload W1,W2,W3,W4,memory,mapping] [--rounds 3] [--out FOLDER]

CPU seconds of the whole process tree, each contender in a process of its own, start included; the contenders of a round
take turns and the figures are medians over the rounds. Targets are compared by checksum, plans by their counts. The
naive script does at most 10,000 records; its figure is scaled (start counted once), and marked with ~.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import project_files
from measure import HERE, Cost, checksum, measure, serving, set_version

NAIVE = 10_000
WORKLOADS = ("W1", "W2", "W3", "W4", "memory", "mapping")


@dataclass
class Figures:
    """What was measured of one workload: contender to its costs, the first contender being the limit."""

    title: str
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    checks: dict[str, set[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, who: str, cost: Cost, check: str = "") -> None:
        """Note one run and what its target held after it."""
        self.costs.setdefault(who, []).append(cost)
        if check:
            self.checks.setdefault(who, set()).add(check)

    @property
    def agrees(self) -> bool:
        """Whether all contenders left the same behind."""
        return len(set().union(*self.checks.values())) <= 1

    def rows(self) -> Iterator[dict[str, Any]]:
        """Give a row for each contender: medians, and the median of the ratios of each round to the limit."""
        limit = next(iter(self.costs.values()))
        for who, costs in self.costs.items():
            ratios = [c.cpu / base.cpu for c, base in zip(costs, limit, strict=True)]
            yield {
                "who": who,
                "cpu": round(statistics.median(c.cpu for c in costs), 3),
                "wall": round(statistics.median(c.wall for c in costs), 3),
                "ratio": round(statistics.median(ratios), 2),
                "peak": round(max(c.peak for c in costs), 1),
                "report": costs[-1].report,
            }


class Bench:
    """One run of the bench: a working folder, the number of records, the number of rounds."""

    def __init__(self, folder: Path, count: int, rounds: int) -> None:
        self._folder = folder
        self._count = count
        self._rounds = rounds
        self._made = 0

    @contextmanager
    def copied(self, origin: Path) -> Iterator[Path]:
        """Give a copy of a folder that is thrown away."""
        self._made += 1
        copy = self._folder / f"copy{self._made}"
        shutil.copytree(origin, copy)
        try:
            yield copy
        finally:
            shutil.rmtree(copy)

    def product(self, folder: Path, *arguments: str) -> Cost:
        """Let the product work on a project."""
        return measure("product.py", [str(folder), *arguments], {"ERP": f"sqlite:///{folder / 'erp.db'}"})

    def initial(self, port: str) -> Figures:
        """W1: everything is new."""
        figures = Figures(f"W1 initial load, {self._count:,} records, REST to SQLite")
        few = min(NAIVE, self._count)
        empty = self._folder / "empty"
        project_files.write_customers(empty, int(port))
        for _ in range(self._rounds):
            with self.copied(empty) as folder:
                cost = measure("limit.py", ["w1", str(folder), port])
                figures.add("limit", cost, checksum(folder / "erp.db"))
                head = checksum(folder / "erp.db", few)
            with self.copied(empty) as folder:
                cost = measure("kept.py", [str(folder), port])
                figures.add("limit with state", cost, checksum(folder / "erp.db"))
            with self.copied(empty) as folder:
                figures.add("tallystick", self.product(folder, "run"), checksum(folder / "erp.db"))
            with self.copied(empty) as folder:
                cost = measure("naive.py", [str(folder), port, str(few)])
                figures.add("~naive" if few < self._count else "naive", _scaled(cost, few, self._count))
                if checksum(folder / "erp.db") != head:
                    figures.notes.append("the naive script wrote other values than the limit")
        return figures

    def loaded(self, port: str) -> tuple[Path, Path]:
        """Make the state after W1, for the product and for the limit, aged so that nothing is fresh."""
        ours, limit = self._folder / "loaded", self._folder / "loaded-limit"
        for folder in (ours, limit):
            project_files.write_customers(folder, int(port))
        self.product(ours, "run")
        project_files.age_target(ours)
        self.product(ours, "run", "--full")
        self.product(ours, "run", "--full")
        measure("limit.py", ["w1", str(limit), port])
        measure("limit.py", ["remember", str(limit), port])
        return ours, limit

    def unchanged(self, port: str, ours: Path, limit: Path) -> list[Figures]:
        """W2: nothing changed since."""
        scan = Figures(f"W2 nothing changed, full scan of both sides, {self._count:,} records")
        since = Figures(f"W2 nothing changed, asked by time, {self._count:,} records")
        for _ in range(self._rounds):
            scan.add("limit, both sides", measure("limit.py", ["scan-both", str(limit), port]))
            with self.copied(ours) as folder:
                scan.add("tallystick", self.product(folder, "run", "--full"))
            scan.add("limit, source only", measure("limit.py", ["scan", str(limit), port]))
            since.add("limit", measure("limit.py", ["since", str(limit), port]))
            with self.copied(ours) as folder:
                since.add("tallystick", self.product(folder, "run"))
        return [scan, since]

    def followed(self, port: str, ours: Path, limit: Path) -> Figures:
        """W3: a day later."""
        figures = Figures(f"W3 0.9 % changed, 0.1 % new, 0.1 % deleted, full scan, {self._count:,} records")
        set_version(port, 1)
        for _ in range(self._rounds):
            with self.copied(limit) as folder:
                figures.add("limit", measure("limit.py", ["w3", str(folder), port]), checksum(folder / "erp.db"))
            with self.copied(ours) as folder:
                figures.add("tallystick", self.product(folder, "run", "--full"), checksum(folder / "erp.db"))
        set_version(port, 0)
        return figures

    def reconciled(self) -> Figures:
        """W4: both sides changed; plan only."""
        figures = Figures(f"W4 two-way reconcile, plan only, 1 % changed on each side, {self._count:,} pairs")
        origin = self._folder / "twins"
        project_files.write_twins(origin)
        project_files.fill_twins(origin, self._count)
        self.product(origin, "run")
        measure("limit.py", ["w4-remember", str(origin), "0"])
        project_files.edit_twins(origin, self._count)
        for _ in range(self._rounds):
            cost = measure("limit.py", ["w4", str(origin), "0"])
            figures.add("limit", cost, json.dumps(cost.report, sort_keys=True))
            cost = self.product(origin, "plan", "--full")
            planned = cost.report["planned"]
            counts = {
                "right": planned.get("right", {}).get("update", 0),
                "left": planned.get("left", {}).get("update", 0),
                "conflict": planned.get("both", {}).get("ask", 0),
            }
            figures.add("tallystick", cost, json.dumps(counts, sort_keys=True))
        return figures

    def grown(self, times: int) -> Figures:
        """Measure the peak memory of W1 and of the scan at one size and at a multiple of it."""
        figures = Figures(f"Peak memory at {self._count:,} and {times * self._count:,} records (CPU for comparison)")
        for count in (self._count, times * self._count):
            with serving(count) as port:
                folder = self._folder / f"grown{count}"
                project_files.write_customers(folder, int(port))
                figures.add(f"W1 at {count:,}", self.product(folder, "run"))
                figures.add(f"scan at {count:,}", self.product(folder, "run", "--full"))
                shutil.rmtree(folder)
        return figures


def _scaled(cost: Cost, few: int, count: int) -> Cost:
    start = float(cost.report["start_cpu"])
    times = count / few
    return Cost(start + (cost.cpu - start) * times, cost.wall * times, cost.peak, cost.report)


def print_table(figures: Figures) -> None:
    """Print one workload for people."""
    print(f"\n{figures.title}")
    print(f"  {'':<22}{'CPU s':>9}{'x limit':>9}{'wall s':>9}{'peak MiB':>10}")
    for row in figures.rows():
        print(f"  {row['who']:<22}{row['cpu']:>9.2f}{row['ratio']:>9.2f}{row['wall']:>9.2f}{row['peak']:>10.0f}")
    if figures.checks:
        print(f"  {'all left the same behind' if figures.agrees else f'THEY DIFFER: {figures.checks}'}")
    for note in figures.notes:
        print(f"  {note}")


def write_report(found: list[Figures], out: Path, arguments: argparse.Namespace) -> None:
    """Write everything as JSON."""
    out.mkdir(parents=True, exist_ok=True)
    report = [{"title": f.title, "rows": list(f.rows()), "agrees": f.agrees, "notes": f.notes} for f in found]
    path = out / "bench.json"
    path.write_text(json.dumps({"records": arguments.records, "rounds": arguments.rounds, "found": report}, indent=1))
    print(f"\n{path}")


def workloads(bench: Bench, chosen: set[str], count: int) -> Iterator[Figures]:
    """Go through the chosen workloads."""
    if chosen & {"W1", "W2", "W3"}:
        with serving(count) as port:
            if "W1" in chosen:
                yield bench.initial(port)
            if chosen & {"W2", "W3"}:
                ours, limit = bench.loaded(port)
                later: dict[str, Callable[[], list[Figures]]] = {
                    "W2": lambda: bench.unchanged(port, ours, limit),
                    "W3": lambda: [bench.followed(port, ours, limit)],
                }
                for name, work in later.items():
                    if name in chosen:
                        yield from work()
    if "W4" in chosen:
        yield bench.reconciled()
    if "memory" in chosen:
        yield bench.grown(4)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workload", default=",".join(WORKLOADS))
    parser.add_argument("--out", type=Path, default=HERE.parent / "build" / "bench")
    arguments = parser.parse_args()
    chosen = set(arguments.workload.split(","))
    if unknown := chosen - set(WORKLOADS):
        parser.error(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    found: list[Figures] = []
    with tempfile.TemporaryDirectory(prefix="tally-bench-") as folder:
        for figures in workloads(Bench(Path(folder), arguments.records, arguments.rounds), chosen, arguments.records):
            found.append(figures)
            print_table(figures)
    if "mapping" in chosen:
        print("\nThe mapping alone", flush=True)
        subprocess.run([sys.executable, str(HERE / "mapping.py")], check=True)
    if found:
        write_report(found, arguments.out, arguments)
    if not all(figures.agrees for figures in found):
        sys.exit("the contenders did not leave the same behind")


if __name__ == "__main__":
    main()
